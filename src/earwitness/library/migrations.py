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
    # What has been transcribed. The transcript is the transcript JSON, compressed; the other tables are to find it by.
    (
        """
        CREATE TABLE episodes (
            id INTEGER PRIMARY KEY,
            recording TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            title TEXT NOT NULL,
            show TEXT,
            published TEXT,
            language TEXT NOT NULL,
            seconds REAL NOT NULL,
            words INTEGER NOT NULL,
            added TEXT NOT NULL,
            transcript BLOB NOT NULL
        )
        """,
        """
        CREATE TABLE speakers (
            episode INTEGER NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
            label TEXT NOT NULL,
            name TEXT NOT NULL COLLATE NOCASE,
            seconds REAL NOT NULL,
            PRIMARY KEY (episode, label)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX speakers_by_name ON speakers (name)",
        # What a search finds: what somebody says in a stretch of up to a minute, the title of a chapter, and so on.
        # `times` are those of its words; `filters` are words that nobody says, for who and when.
        """
        CREATE TABLE passages (
            id INTEGER PRIMARY KEY,
            episode INTEGER NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            speaker TEXT,
            start REAL NOT NULL,
            text TEXT NOT NULL,
            filters TEXT NOT NULL,
            times BLOB NOT NULL
        )
        """,
        "CREATE INDEX passages_by_episode ON passages (episode)",
        # Marks that belong to a letter (as in Thai and Hindi) are part of a word.
        """
        CREATE VIRTUAL TABLE found USING fts5 (
            text, filters, content = 'passages', content_rowid = 'id', prefix = '2 3',
            tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
        )
        """,
        """
        CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
            INSERT INTO found (rowid, text, filters) VALUES (new.id, new.text, new.filters);
        END
        """,
        """
        CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
            INSERT INTO found (found, rowid, text, filters) VALUES ('delete', old.id, old.text, old.filters);
        END
        """,
        # What passages mean to an engine: `passages` are their ids, `vectors` a row for each.
        """
        CREATE TABLE meanings (
            episode INTEGER NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
            embedder TEXT NOT NULL,
            passages BLOB NOT NULL,
            vectors BLOB NOT NULL,
            PRIMARY KEY (episode, embedder)
        )
        """,
    ),
    # What people have set right, anchored to the time of the recording, so that it outlives the transcript.
    (
        """
        CREATE TABLE corrections (
            id INTEGER PRIMARY KEY,
            recording TEXT NOT NULL,
            kind TEXT NOT NULL,
            start REAL NOT NULL,
            end REAL NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            spans TEXT NOT NULL,
            created TEXT NOT NULL
        )
        """,
        "CREATE INDEX corrections_by_recording ON corrections (recording, start)",
    ),
    # Feeds as they were last read.
    (
        """
        CREATE TABLE shows (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,
            title TEXT NOT NULL,
            etag TEXT,
            modified TEXT,
            content BLOB
        )
        """,
    ),
    # Work to be done, and who is at it.
    (
        """
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            work TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
            holder TEXT,
            held_until REAL,
            attempts INTEGER NOT NULL DEFAULT 0,
            reason TEXT,
            created TEXT NOT NULL,
            changed TEXT NOT NULL
        )
        """,
        "CREATE INDEX jobs_by_state ON jobs (state, id)",
    ),
    # How recordings sound to an engine: a row of `dimensions` numbers (float16) a window, which begin every `hop_s`.
    (
        """
        CREATE TABLE sounds (
            id INTEGER PRIMARY KEY,
            recording TEXT NOT NULL,
            embedder TEXT NOT NULL,
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            seconds REAL NOT NULL,
            window_s REAL NOT NULL,
            hop_s REAL NOT NULL,
            dimensions INTEGER NOT NULL,
            vectors BLOB NOT NULL,
            UNIQUE (embedder, recording)
        )
        """,
    ),
    # What was asked of the server: each is a job of the queue. `idempotency` is whoever asked and their key, hashed,
    # and `asked` what they asked for.
    (
        """
        CREATE TABLE requests (
            id TEXT PRIMARY KEY,
            job TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            origin TEXT NOT NULL,
            idempotency TEXT UNIQUE,
            asked TEXT NOT NULL,
            episode INTEGER,
            created TEXT NOT NULL
        )
        """,
        # The recordings that the server keeps, by their sha256: `type` is what a browser is told.
        """
        CREATE TABLE media (
            recording TEXT PRIMARY KEY,
            type TEXT NOT NULL,
            bytes INTEGER NOT NULL
        )
        """,
        # Who may use the server: of a key, only its hash.
        """
        CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            hash TEXT NOT NULL UNIQUE,
            created TEXT NOT NULL
        )
        """,
    ),
)
