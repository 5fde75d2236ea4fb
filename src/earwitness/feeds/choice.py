"""Which episodes of a feed are asked for, what their outputs are called, and what is known of them beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from earwitness.feeds.hints import hotwords, people_of, speakers
from earwitness.feeds.values import Episode, Feed
from earwitness.source import Expected, Reference
from earwitness.stems import MAX_STEM_BYTES, MAX_STEM_CHARACTERS, safe_stem, stem_key
from earwitness.types import EpisodeInfo

_NO_DATE = datetime.min.replace(tzinfo=UTC)
_MARK_CHARACTERS = 8


@dataclass(frozen=True)
class Wish:
    """Of which episodes: the `limit` newest of those published `since` whose title has all words of `match`."""

    limit: int | None = None
    since: datetime | None = None
    match: str = ""


def wanted(feed: Feed, wish: Wish) -> tuple[Episode, ...]:
    """The episodes with sound that are wished for, the newest first, each guid once; undated ones come last.

    >>> titles = ("On bread", "On wine", "Bread again")
    >>> items = tuple(Episode(title, title, audio="https://example.org/1") for title in titles)
    >>> [episode.title for episode in wanted(Feed("Show", None, items), Wish(match="BREAD"))]
    ['On bread', 'Bread again']
    """
    words = wish.match.casefold().split()
    found: dict[str, Episode] = {}
    for episode in feed.episodes:
        named = all(word in episode.title.casefold() for word in words)
        late_enough = wish.since is None or (episode.published is not None and episode.published >= wish.since)
        if episode.audio and named and late_enough:
            found.setdefault(episode.guid, episode)
    newest_first = sorted(found.values(), key=lambda episode: episode.published or _NO_DATE, reverse=True)
    return tuple(newest_first[: wish.limit])


def stems(feed: Feed) -> dict[str, str]:
    """Guid -> what the outputs are called: date and title, and part of a hash where an earlier episode is called so.

    They depend neither on the order of the feed nor on which episodes are wished for, and stay when newer ones come.

    >>> feed = Feed("Show", None, (Episode("AC/DC: live?", "1"), Episode("Pilot", "2"), Episode("pilot", "3")))
    >>> list(stems(feed).values())
    ['AC_DC_ live_', 'Pilot', 'pilot 4e074085']
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for episode in sorted(feed.episodes, key=lambda episode: (episode.published or _NO_DATE, episode.guid)):
        day = f"{episode.published:%Y-%m-%d} " if episode.published else ""
        stem = safe_stem(day + episode.title)
        if episode.guid not in found:
            found[episode.guid] = stem if stem_key(stem) not in taken else _marked(stem, episode.guid)
            taken.add(stem_key(stem))
    return found


def reference(
    feed: Feed, episode: Episode, stem: str, small: Collection[str] = (), corrected: Collection[str] = ()
) -> Reference:
    """An episode to transcribe, with what its feed says of it; `small` and `corrected` as of `hints.hotwords`."""
    assert episode.audio
    fewest, most = speakers(feed, episode)
    expected = hotwords(feed, episode, small, corrected)
    return Reference(
        episode.audio,
        "url",
        stem,
        stem,
        about=about(feed, episode),
        expected=Expected(episode.size_bytes, episode.integrity, expected, fewest, most),
    )


def about(feed: Feed, episode: Episode) -> EpisodeInfo:
    """What a transcript keeps of its feed."""
    return EpisodeInfo(
        show=feed.title,
        title=episode.title,
        guid=episode.guid,
        published=episode.published.isoformat() if episode.published else None,
        link=episode.link,
        season=episode.season,
        number=episode.number,
        people=people_of(feed, episode),
    )


def _marked(stem: str, guid: str) -> str:
    mark = f" {hashlib.sha256(guid.encode(errors='surrogatepass')).hexdigest()[:_MARK_CHARACTERS]}"
    return safe_stem(stem, MAX_STEM_CHARACTERS - len(mark), MAX_STEM_BYTES - len(mark)) + mark
