"""How recordings sound to an engine, kept so that each is heard only once: an index for the search by sound.

A recording is known by its sha256, so that it may be moved and renamed. Rows are float16: that changes a cosine by less
than 0.001. An hour takes 1.4 MB from the engine that ships with earwitness, and 0.7 MB from CLAP.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import OptionError
from earwitness.library.store import Library
from earwitness.types import Seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

_STORED = np.dtype("<f2")
_COLUMNS = "recording, name, path, seconds, window_s, hop_s, dimensions, vectors"


@dataclass(frozen=True, eq=False)
class IndexedSound:
    """A recording (its sha256) as rows of length 1, float32 (n, d): windows of `window_s` seconds, one every `hop_s`.

    `name` is safe to show; `path` is the file or address where it was seen last.
    """

    recording: str
    name: str
    path: str
    seconds: Seconds
    window_s: Seconds
    hop_s: Seconds
    vectors: FloatArray


def keep(library: Library, sound: IndexedSound, embedder: str) -> None:
    """Keeps what an embedder (its `identity()`) made of a recording, in place of what was there.

    So goes what it made of another recording that lay at the same path.

    Raises:
        StorageError: it cannot be kept.
    """
    vectors = sound.vectors.astype(_STORED)
    with library.transaction() as database:
        _displace(database, sound.recording, embedder, sound.path)
        database.execute(
            f"INSERT OR REPLACE INTO sounds (embedder, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                embedder, sound.recording, sound.name, sound.path, sound.seconds, sound.window_s, sound.hop_s,
                vectors.shape[1], vectors.tobytes(),
            ),
        )  # fmt: skip


def is_kept(library: Library, recording: str, embedder: str, *, name: str, path: str) -> bool:
    """Whether a recording is in the index; if so, it is called `name` and lies at `path` from now on.

    Raises:
        StorageError: the library cannot be read or written.
    """
    key = (recording, embedder)
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT name, path FROM sounds WHERE recording = ? AND embedder = ?", key).fetchone()
    if row is not None and row != (name, path):
        with library.transaction() as database:
            _displace(database, recording, embedder, path)
            database.execute(
                "UPDATE sounds SET name = ?, path = ? WHERE recording = ? AND embedder = ?", (name, path, *key)
            )
    return row is not None


def indexed(library: Library, embedder: str, recordings: Collection[str] | None = None) -> Iterator[IndexedSound]:
    """What an embedder made of some recordings, or of all, one after the other, in the order in which they came.

    Raises:
        StorageError: the library cannot be read, or what is in it is damaged.
    """
    with library.transaction(writes=False) as database:
        keys = database.execute("SELECT id, recording FROM sounds WHERE embedder = ? ORDER BY id", (embedder,))
        numbers = [number for number, recording in keys if recordings is None or recording in recordings]
        for number in numbers:
            sql = f"SELECT {_COLUMNS} FROM sounds WHERE id = ?"  # noqa: S608
            yield _sound(database.execute(sql, (number,)).fetchone())


def forget(library: Library, said: str) -> str | None:
    """Removes a recording from the index, from the file too, whoever heard it.

    Args:
        library: where it is.
        said: the name of its file, or the beginning of its sha256, four digits at least.

    Returns:
        Its name, or none where there is no such recording.

    Raises:
        OptionError: several are called so.
        StorageError: it cannot be removed.
    """
    with library.transaction() as database:
        rows = database.execute(
            """
            SELECT DISTINCT recording, name FROM sounds
            WHERE lower(name) = lower(:said) OR (length(:said) > 3 AND substr(recording, 1, length(:said)) = :said)
            """,
            {"said": said.strip()},
        ).fetchall()
        if len({recording for recording, _ in rows}) > 1:
            shown = ", ".join(recording[:8] for recording, _ in rows)
            raise OptionError(f"{len(rows)} recordings are called {said!r}; give the beginning of a sha256: {shown}")
        database.executemany("DELETE FROM sounds WHERE recording = ?", [(recording,) for recording, _ in rows])
    if not rows:
        return None
    library.scrub()
    return str(rows[0][1])


def _displace(database: Connection, recording: str, embedder: str, path: str) -> None:
    database.execute(
        "DELETE FROM sounds WHERE path = ? AND embedder = ? AND recording <> ?", (path, embedder, recording)
    )


def _sound(row: tuple[Any, ...]) -> IndexedSound:
    recording, name, path, seconds, window_s, hop_s, dimensions, content = row
    vectors = np.frombuffer(content, _STORED).reshape(-1, dimensions).astype(np.float32)
    return IndexedSound(recording, name, path, seconds, window_s, hop_s, vectors)
