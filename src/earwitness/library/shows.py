"""Feeds as they were last read, so that one that has not changed is not fetched again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from earwitness.download import Version
from earwitness.feeds.fetching import Fetched
from earwitness.library.store import Library


@dataclass(frozen=True)
class Show:
    """A feed in the library, as it was last read."""

    id: int
    url: str
    title: str
    fetched: Fetched


def show(library: Library, url: str) -> Show | None:
    """The feed with this address, if it was ever read."""
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT id, title, etag, modified, content FROM shows WHERE url = ?", (url,)).fetchone()
    if row is None:
        return None
    number, title, etag, modified, content = row
    try:
        fetched = Fetched(zlib.decompress(content), Version(etag, modified))
    except (zlib.error, TypeError):
        fetched = Fetched(b"")
    return Show(number, url, title, fetched)


def remember(library: Library, url: str, title: str, fetched: Fetched) -> int:
    """Keeps a feed as it was read now; returns the show's id.

    Raises:
        StorageError: it cannot be kept.
    """
    with library.transaction() as database:
        database.execute(
            """
            INSERT INTO shows (url, title, etag, modified, content) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (url) DO UPDATE
            SET title = excluded.title, etag = excluded.etag, modified = excluded.modified, content = excluded.content
            """,
            (url, title, fetched.version.etag, fetched.version.modified, zlib.compress(fetched.content)),
        )
        return int(database.execute("SELECT id FROM shows WHERE url = ?", (url,)).fetchone()[0])


def job_key(show_id: int, guid: str) -> str:
    """What an episode of a feed is called in the queue, which knows what became of it.

    >>> job_key(3, "https://example.org/1")
    'show 3: https://example.org/1'
    """
    return f"show {show_id}: {guid}"
