"""Feeds that were read, and what became of their episodes, so that nothing is fetched or transcribed twice."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

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


def states(library: Library, show_id: int) -> dict[str, str | None]:
    """Guid -> why the episode was set aside, or none where it is done; others are not in it."""
    with library.transaction(writes=False) as database:
        rows = database.execute(
            "SELECT guid, problem FROM feed_episodes WHERE show = ? AND (done IS NOT NULL OR problem IS NOT NULL)",
            (show_id,),
        ).fetchall()
    return dict(rows)


def done(library: Library, show_id: int, guid: str, episode: int | None = None) -> None:
    """Notes that an episode is transcribed and its outputs are written.

    Args:
        episode: which one of the library it is, where it is kept there. It stays done when it is removed from there.
    """
    _note(library, show_id, guid, episode, done=datetime.now(UTC).isoformat(timespec="seconds"))


def set_aside(library: Library, show_id: int, guid: str, problem: str) -> None:
    """Notes that an episode failed, and why."""
    _note(library, show_id, guid, None, problem=problem)


def _note(
    library: Library, show_id: int, guid: str, episode: int | None, done: str | None = None, problem: str | None = None
) -> None:
    with library.transaction() as database:
        database.execute(
            """
            INSERT INTO feed_episodes (show, guid, episode, done, problem) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (show, guid) DO UPDATE
            SET episode = excluded.episode, done = excluded.done, problem = excluded.problem
            """,
            (show_id, guid, episode, done, problem),
        )
