"""Leases: what one process is at, no other begins.

A lease is held until a time that a thread of its holder keeps putting off, so that it ends when the holder dies: at
once where that is seen, else after `LEASE_S`. It saves work and guards no data. A process that was suspended for longer
comes back to find another at its work, and both write the same results, whole, under the same names: work is done
twice, and nothing is damaged. So it is where clocks differ by more than a lease: times are those of `time.time`, since
that is the only clock that processes on several machines share.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from earwitness.errors import StorageError
from earwitness.processes import holder, is_gone
from earwitness.types import Seconds

LEASE_S: Seconds = 30.0
"""How long a holder that nobody sees die keeps others waiting."""
BEATS = 3
"""So often a lease is put off before it would end."""
POLL_S: Seconds = 0.2
BUSY_TIMEOUT_S: Seconds = 10.0

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_TABLE = "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, held_until REAL NOT NULL)"


def has_ended(held_by: str, held_until: float, lease_s: Seconds = LEASE_S) -> bool:
    """Whether a lease has run out or its holder is gone; one from far ahead was made before a clock was set back.

    >>> now = time.time()
    >>> [has_ended("x-1-1", now + left) for left in (-1, 20, 3600)]
    [True, False, True]
    """
    return not 0 <= held_until - time.time() <= 2 * lease_s or is_gone(held_by)


@contextmanager
def beating(beat: Callable[[], object], lease_s: Seconds = LEASE_S) -> Iterator[None]:
    """Calls `beat` some times a lease, in a thread, for as long as the block lasts.

    What fails is tried again at the next beat: if all fail the lease ends, and work may be done twice.
    """
    ended = Event()

    def keep_on() -> None:
        while not ended.wait(lease_s / BEATS):
            with suppress(StorageError):
                beat()

    thread = Thread(target=keep_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Leases:
    """The leases in one file, for all processes that open it; each lease is called as you like.

    SQLite, without a write-ahead log, since that needs memory which machines that share a folder do not share; and
    without waiting for the disk, which takes longer than some stages. What a power cut damages is made anew.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Leases(Path(folder) / "leases").held("the words of a.mp3"):
    ...     pass  # nobody else is at them now
    """

    def __init__(self, path: Path, *, lease_s: Seconds = LEASE_S, remedy: str = "make room there") -> None:
        self._path, self._lease_s, self._remedy = path, lease_s, remedy

    @contextmanager
    def held(self, name: str, waiting: Callable[[], object] | None = None) -> Iterator[None]:
        """Waits until nobody else holds this lease, also in this process, and holds it for the block.

        Args:
            waiting: called again and again while another holds it; may raise, to give up.

        Raises:
            StorageError: the file cannot be written.
        """
        while not self._take(name):
            if waiting:
                waiting()
            time.sleep(POLL_S)
        try:
            with beating(lambda: self._put_off(name), self._lease_s):
                yield
        finally:
            with suppress(StorageError):  # it ends by itself
                self._give_back(name)

    def _take(self, name: str) -> bool:
        try:
            with self._transaction() as database:
                for known, by, until in database.execute("SELECT name, holder, held_until FROM leases").fetchall():
                    if has_ended(by, until, self._lease_s):
                        database.execute("DELETE FROM leases WHERE name = ?", (known,))
                row = (name, holder(), time.time() + self._lease_s)
                return database.execute("INSERT OR IGNORE INTO leases VALUES (?, ?, ?)", row).rowcount == 1
        except StorageError as problem:
            if not str(getattr(problem.__cause__, "sqlite_errorname", "")).startswith(_DAMAGED):
                raise
            self._path.unlink(missing_ok=True)
            return False

    def _put_off(self, name: str) -> None:
        with self._transaction() as database:
            row = (time.time() + self._lease_s, name, holder())
            database.execute("UPDATE leases SET held_until = ? WHERE name = ? AND holder = ?", row)

    def _give_back(self, name: str) -> None:
        with self._transaction() as database:
            database.execute("DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder()))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection each time: threads cannot share one, and nothing is open in between."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                database.execute("PRAGMA synchronous = OFF")
                database.execute("BEGIN IMMEDIATE")
                database.execute(_TABLE)
                yield database
                database.execute("COMMIT")
            finally:
                database.close()  # what was begun and not committed is undone
        except (OSError, sqlite3.DatabaseError) as error:
            told = getattr(error, "strerror", None) or error
            raise StorageError(f"{self._path}: who is at work cannot be noted ({told}); {self._remedy}") from error
