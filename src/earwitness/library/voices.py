"""The voices that the user has named: a print a speaker and recording, kept here and nowhere else.

A print is the typical embedding of what somebody says in one recording. Those of one name are averaged where voices
are compared; each stays apart in the store, so that naming a speaker anew, merging and forgetting are exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection

import numpy as np

from earwitness.errors import OptionError
from earwitness.library.store import Library
from earwitness.types import Seconds
from earwitness.voices import Print, mean_print

MAX_NAME_CHARACTERS = 200
_JOINER = re.compile(r"(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
"""Zero-width joiners and non-joiners where scripts have a use for them: not beside Latin letters."""

_STORED = np.dtype("<f4")


@dataclass(frozen=True)
class Voice:
    """A named voice: how long it was heard for its prints, in how many recordings, by which embedders, and since when.

    `created` is an ISO 8601 time in UTC.
    """

    name: str
    seconds: Seconds
    episodes: int
    embedders: tuple[str, ...]
    created: str


def remember(library: Library, name: str, found: Print, *, embedder: str, recording: str, speaker: str) -> None:
    """Keeps the print of a speaker of a recording under a name.

    The same speaker of the same recording is kept once: a new name takes the print from the old one, and a name that
    has no print left is gone.

    Args:
        library: where to.
        name: as people write it; upper and lower case are the same name.
        found: the print.
        embedder: the `identity()` of the engine that made it.
        recording: its sha256.
        speaker: the label in the transcript.

    Raises:
        OptionError: the name is empty, too long or not printable.
        StorageError: it cannot be kept.
    """
    name = checked_name(name)
    with library.transaction() as database:
        database.execute("INSERT OR IGNORE INTO voices (name, created) VALUES (?, ?)", (name, _now()))
        database.execute(
            """
            INSERT INTO voice_prints (voice, embedder, recording, speaker, embedding, seconds)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (embedder, recording, speaker) DO UPDATE
            SET voice = excluded.voice, embedding = excluded.embedding, seconds = excluded.seconds
            """,
            (
                _id(database, name),
                embedder,
                recording,
                speaker,
                found.embedding.astype(_STORED).tobytes(),
                found.seconds,
            ),
        )
        database.execute("DELETE FROM voices WHERE id NOT IN (SELECT voice FROM voice_prints)")


def voices(library: Library) -> tuple[Voice, ...]:
    """All named voices, by name. A recording heard by several embedders counts once."""
    with library.transaction(writes=False) as database:
        rows = database.execute(
            """
            SELECT voices.name, sum(heard.seconds), count(DISTINCT heard.recording),
                   (SELECT group_concat(DISTINCT embedder) FROM voice_prints WHERE voice = voices.id), voices.created
            FROM voices JOIN (
                SELECT voice, recording, speaker, max(seconds) AS seconds FROM voice_prints
                GROUP BY voice, recording, speaker
            ) AS heard ON heard.voice = voices.id
            GROUP BY voices.id ORDER BY voices.name
            """
        ).fetchall()
    return tuple(
        Voice(name, seconds, episodes, tuple(sorted(embedders.split(","))), created)
        for name, seconds, episodes, embedders, created in rows
    )


def prints(library: Library, embedder: str) -> dict[str, Print]:
    """Name -> its mean print, of the voices that this embedder has heard; by name."""
    with library.transaction(writes=False) as database:
        rows = database.execute(
            """
            SELECT name, embedding, seconds FROM voice_prints JOIN voices ON voices.id = voice
            WHERE embedder = ? ORDER BY name, voice_prints.id
            """,
            (embedder,),
        ).fetchall()
    found: dict[str, list[Print]] = {}
    for name, embedding, seconds in rows:
        found.setdefault(name, []).append(Print(np.frombuffer(embedding, _STORED).astype(np.float32), seconds))
    return {name: mean_print(items) for name, items in found.items()}


def merge(library: Library, name: str, into: str) -> None:
    """Gives the prints of one name to another: they are the same voice. The first name is gone.

    Raises:
        OptionError: there is no voice of either name, or they are one.
    """
    with library.transaction() as database:
        source, target = _id(database, name), _id(database, into)
        if source == target:
            raise OptionError(f"{name!r} and {into!r} are the same voice; give two names")
        database.execute("UPDATE voice_prints SET voice = ? WHERE voice = ?", (target, source))
        database.execute("DELETE FROM voices WHERE id = ?", (source,))


def forget(library: Library, name: str) -> int:
    """Removes a voice and all its prints, from the file too; returns how many prints there were.

    Raises:
        OptionError: there is no such voice.
        StorageError: another process has the library open, so that the log cannot be emptied.
    """
    with library.transaction() as database:
        voice = _id(database, name)
        count = int(database.execute("SELECT count(*) FROM voice_prints WHERE voice = ?", (voice,)).fetchone()[0])
        database.execute("DELETE FROM voices WHERE id = ?", (voice,))
    library.scrub()
    return count


def checked_name(name: str) -> str:
    """A name on one line.

    >>> checked_name("  Ada  Lovelace ")
    'Ada Lovelace'

    Letters of Persian or Sinhala names, say, are kept apart or joined by characters that show nothing themselves.

    >>> checked_name("علی\u200cرضا") == "علی\u200cرضا"
    True

    Raises:
        OptionError: it is empty, too long or not printable.
    """
    name = " ".join(name.split())
    if not name or not _JOINER.sub("", name).isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise OptionError(f"{name[:40]!r} cannot be a name; give 1 to {MAX_NAME_CHARACTERS} printable characters")
    return name


def _id(database: Connection, name: str) -> int:
    row = database.execute("SELECT id FROM voices WHERE name = ?", (" ".join(name.split()),)).fetchone()
    if row is None:
        known = [repr(found) for (found,) in database.execute("SELECT name FROM voices ORDER BY name LIMIT 10")]
        raise OptionError(f"no voice is called {name!r}; there are {', '.join(known) or 'none yet'}")
    return int(row[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
