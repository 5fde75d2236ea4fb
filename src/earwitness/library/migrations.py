"""The library's tables, as the steps that led to them.

Append only: a database tells in `user_version` how many of these it has been through, and goes through the rest when
it is opened. A step that has been released is never changed.
"""

from __future__ import annotations

Migration = tuple[str, ...]
"""The statements of a step."""

MIGRATIONS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE voices (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            created TEXT NOT NULL
        )
        """,
        # A speaker of a recording is one voice only; a voice may have several labels in it, split by a diarizer.
        """
        CREATE TABLE voice_prints (
            id INTEGER PRIMARY KEY,
            voice INTEGER NOT NULL REFERENCES voices (id) ON DELETE CASCADE,
            embedder TEXT NOT NULL,
            recording TEXT NOT NULL,
            speaker TEXT NOT NULL,
            embedding BLOB NOT NULL,
            seconds REAL NOT NULL,
            UNIQUE (embedder, recording, speaker)
        )
        """,
        "CREATE INDEX voice_prints_by_voice ON voice_prints (voice)",
    ),
)
