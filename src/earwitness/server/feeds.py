"""The episodes of a feed as requests: each once, however often the feed is handed in."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.feeds import parse
from earwitness.feeds.choice import Wish, reference, stems, wanted
from earwitness.feeds.fetching import fetch, identity, shown
from earwitness.feeds.hints import small_print
from earwitness.library import corrections, shows
from earwitness.library.store import Library
from earwitness.options import SourceOptions
from earwitness.server.requests import Request, Work, ask


def ask_for(library: Library, url: str, wish: Wish, options: SourceOptions) -> Sequence[Request]:
    """Puts the episodes of a feed that are wished for into the queue; those asked for before are found again.

    Raises:
        SourceError: the feed cannot be had, or is none.
        StorageError: the library cannot be written.
    """
    key = identity(url)
    known = shows.show(library, key)
    fetched = fetch(url, options, known.fetched if known else None)
    feed = parse(fetched.content, name=shown(url), url=url)
    shows.remember(library, key, feed.title, fetched)
    called, small, names = stems(feed), small_print(feed), corrections.hotwords(library, feed.title)
    return [
        ask(
            library,
            Work(reference(feed, one, called[one.guid], small, names), {}),
            "feed",
            content=one.guid,
            idempotency=f"feed\0{key}\0{one.guid}",
        )
        for one in wanted(feed, wish)
    ]
