from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from earwitness.errors import StorageError
from earwitness.library.migrations import MIGRATIONS
from earwitness.library.store import APPLICATION_ID, Library


def schema(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as database:
        return database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def test_a_new_library_has_all_tables_and_says_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "library.sqlite"
    with Library(path) as library, library.transaction() as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert database.execute("PRAGMA secure_delete").fetchone() == (1,)
        assert database.execute("PRAGMA busy_timeout").fetchone() == (10_000,)
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    tables = {
        "voices",
        "voice_prints",
        "episodes",
        "speakers",
        "passages",
        "found",
        "corrections",
        "shows",
        "jobs",
        "sounds",
        "requests",
        "media",
        "api_keys",
    }
    assert tables < {name for name, _ in schema(path)}


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_older_library_is_brought_to_the_same_tables(tmp_path: Path, version: int) -> None:
    blank, older = tmp_path / "blank.sqlite", tmp_path / "older.sqlite"
    Library(blank).close()
    Library(older, migrations=MIGRATIONS[:version]).close()
    Library(older).close()
    assert schema(older) == schema(blank)


def test_a_step_goes_on_from_where_the_library_was_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library, library.transaction() as database:
        database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
    more = (*MIGRATIONS, ("ALTER TABLE voices ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
    for _ in range(2):
        with Library(path, migrations=more) as library, library.transaction() as database:
            assert database.execute("SELECT name, note FROM voices").fetchall() == [("Ada", "none")]
    with pytest.raises(StorageError, match="made by a newer earwitness"):
        Library(path)


def test_a_step_that_fails_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    before = schema(path)
    with pytest.raises(StorageError, match="cannot be used"):
        Library(path, migrations=(*MIGRATIONS, ("CREATE TABLE more (id)", "CREATE TABLE voices (id)")))
    assert schema(path) == before
    Library(path).close()


def test_an_error_in_a_transaction_undoes_all_of_it(tmp_path: Path) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        with suppress(ZeroDivisionError), library.transaction() as database:
            database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
            _ = 1 / 0
        with library.transaction(writes=False) as database:
            assert database.execute("SELECT count(*) FROM voices").fetchone() == (0,)


def test_one_that_reads_does_not_wait_for_one_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as one, Library(path, busy_timeout_s=0) as other, one.transaction() as database:
        database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
        with other.transaction(writes=False) as reading:
            assert reading.execute("SELECT count(*) FROM voices").fetchone() == (0,)
        with pytest.raises(StorageError, match=r"library\.sqlite: another process is using the library"):
            other.transaction().__enter__()


def _open(path: str) -> None:
    Library(Path(path)).close()


def test_processes_that_make_the_library_at_once_wait_for_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "library.sqlite"
    processes = [context.Process(target=_open, args=(str(path),)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]


@pytest.mark.parametrize("content", [b"This is a letter, not a database. " * 40, b"RIFF"])
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.sqlite"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"letter\.sqlite: no library, or a damaged one") as caught:
        Library(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(StorageError, match="damaged"), Library(path) as library, library.transaction() as database:
        database.execute("SELECT * FROM voices").fetchall()


def test_a_library_whose_damage_cannot_even_be_quoted_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    content = path.read_bytes()
    assert b"CREATE TABLE voices" in content
    path.write_bytes(content.replace(b"CREATE TABLE voices", b"CREATE \xa0ABLE voices"))
    with pytest.raises(StorageError, match="no library, or a damaged one"):
        Library(path)


def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "photos.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE photos (id)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="a database of another program"):
        Library(path)
    assert path.read_bytes() == before


def test_a_place_where_nothing_can_be_kept_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "library.sqlite"):
        with pytest.raises(StorageError, match=r"the library cannot be opened .* with --library"):
            Library(path)


@pytest.mark.skipif(os.name == "nt", reason="permissions of files are POSIX's")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library, library.transaction() as database:
        database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "library.sqlite-wal" in modes


def test_opening_a_library_again_gives_up_no_lock_of_the_first_connection(tmp_path: Path) -> None:
    """Else another process, which then takes itself for the last one, removes the log that is being written."""
    path = tmp_path / "library.sqlite"
    shared_range = (
        "fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000000 + 2)"  # SQLite's, see its os_unix.c
    )
    probe = f"import fcntl; file = open({str(path)!r}, 'r+b'); {shared_range}"
    with Library(path) as first:
        with first.transaction(writes=False) as database:
            database.execute("SELECT count(*) FROM voices").fetchone()
        assert subprocess.run([sys.executable, "-c", probe], capture_output=True).returncode == 1
        Library(path).close()
        assert subprocess.run([sys.executable, "-c", probe], capture_output=True).returncode == 1
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True).returncode == 0
