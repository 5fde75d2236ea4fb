"""The library's database: opened, brought up to date, and its errors said in one line.

SQLite with a write-ahead log, so that readers do not wait for a writer, and with secure delete, so that what is
deleted is overwritten.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from earwitness.errors import StorageError
from earwitness.library.migrations import MIGRATIONS, Migration
from earwitness.types import Seconds

APPLICATION_ID = int.from_bytes(b"earw")
"""Marks a database as ours in its header, so that another program's is never changed."""
BUSY_TIMEOUT_S: Seconds = 10.0
"""How long a command waits for another one that writes."""
FILE_NAME = "library.sqlite"

_DAMAGED = "no library, or a damaged one ({}); restore it from a backup, or name another with --library"


def default_path() -> Path:
    """The library in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("earwitness") / FILE_NAME


class Library:
    """An open library; close it, or use it in a `with`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "a.sqlite") as library:
    ...     with library.transaction() as database:
    ...         database.execute("SELECT count(*) FROM voices").fetchone()
    (0,)
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        busy_timeout_s: Seconds = BUSY_TIMEOUT_S,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        """Opens the library at `path`, by default the user's; makes it where there is none, readable by its owner only.

        Raises:
            StorageError: it cannot be opened or made, another process holds it, it is damaged, another program's, or
                of a newer earwitness.
        """
        self.path = path or default_path()
        _make_private(self.path)
        with _explained(self.path):
            # Transactions are begun where they are meant: no level of isolation is implied.
            self._database = sqlite3.connect(self.path, timeout=busy_timeout_s, isolation_level=None)
            try:
                self._prepare(migrations)
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[sqlite3.Connection]:
        """All that is done in the block, or nothing of it where it raises.

        One that does not write sees the library as it was when it began, and waits for nobody.

        Raises:
            StorageError: the database is held by another process or damaged, the disk is full, and so on.
        """
        with _explained(self.path):
            self._database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                yield self._database
            except BaseException:
                self._database.rollback()
                raise
            self._database.commit()

    def scrub(self) -> None:
        """Leaves nothing in the files of what was deleted: neither in free pages nor in the log.

        Raises:
            StorageError: another process reads or writes, so that the log cannot be emptied.
        """
        with _explained(self.path):
            self._database.execute("VACUUM")
            busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(
                f"{self.path}: deleted, but traces stay in its log while another process reads the library; they go "
                "when that ends"
            )

    def _prepare(self, migrations: Sequence[Migration]) -> None:
        self._database.execute("PRAGMA secure_delete = ON")
        self._database.execute("PRAGMA foreign_keys = ON")
        if self._number("application_id") != APPLICATION_ID or self._number("user_version") != len(migrations):
            with self.transaction() as database:  # another process may be at it too: one waits for the other
                self._migrate(database, migrations)
        self._database.execute("PRAGMA journal_mode = WAL")

    def _migrate(self, database: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if self._number("application_id") != (APPLICATION_ID if tables else 0):
            raise StorageError(f"{self.path}: a database of another program; name another file with --library")
        version = self._number("user_version")
        if version > len(migrations):
            raise StorageError(
                f"{self.path}: made by a newer earwitness; upgrade this one, or name another with --library"
            )
        for migration in migrations[version:]:
            for statement in migration:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {len(migrations)}")

    def _number(self, pragma: str) -> int:
        return int(self._database.execute(f"PRAGMA {pragma}").fetchone()[0])


def _make_private(path: Path) -> None:
    """Makes the file and its folder where they are missing, for their owner only: voices are nobody else's business.

    SQLite gives its log the permissions of the file. One that is there is not even opened: to close a file gives up all
    locks that the process has on it, those of its other connections too, and another process might then remove the log
    that they are writing (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder")
        if not path.exists():
            with suppress(FileExistsError):  # another was quicker
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StorageError(
            f"{path}: the library cannot be opened ({error.strerror}); name another file with --library"
        ) from error


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StorageError(f"{path}: {_explanation(error)}") from error
    except UnicodeDecodeError as error:  # what SQLite says of a damaged database may quote it
        raise StorageError(f"{path}: {_DAMAGED.format(error.reason)}") from error


def _explanation(error: sqlite3.DatabaseError) -> str:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process is using the library; try again when it has finished"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _DAMAGED.format(error)
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; make room there"
    return f"the library cannot be used ({error}); check the file's permissions, or name another with --library"
