"""A podcast feed whose episodes have a `podcast:transcript`: its address, or the feed as a file.

Published transcripts are what the show's listeners get, not what a laboratory would write: many are edited or were made
by a machine, and captions keep times only roughly. They tell how far two transcripts differ, and where.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from earwitness import feeds, source
from earwitness.errors import EarwitnessError
from earwitness.evaluation import truth
from earwitness.evaluation.datasets.base import Access, Item
from earwitness.evaluation.truth import Truth
from earwitness.feeds import Episode, Feed, TranscriptLink
from earwitness.feeds.fetching import MAX_WAIT_S, fetch, is_address, shown
from earwitness.source import printable

SUFFIXES = (".xml", ".rss", ".atom")
BEGINNINGS = (b"<rss", b"<feed", b"<?xml", b"<rdf:RDF")

MAX_TRANSCRIPT_BYTES = 32 * 2**20

TYPES: Mapping[str, str] = {
    "application/json": ".json",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/srt": ".srt",
    "text/srt": ".srt",
    "text/html": ".html",
    "text/plain": ".txt",
}
"""Media type -> what such a file is called; the types that tell speakers and times best come first."""


def accepts(place: str) -> bool:
    if is_address(place):
        return True
    path = Path(place)
    return path.is_file() and (path.suffix.lower() in SUFFIXES or _begins_like_one(path))


def _begins_like_one(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(512).removeprefix(codecs.BOM_UTF8).lstrip().startswith(BEGINNINGS)
    except OSError:
        return False


def dataset(place: str, access: Access) -> tuple[str, Iterator[Item]]:
    content = fetch(place, access.options).content
    feed = feeds.parse(content, name=shown(place), url=place if is_address(place) else None)
    return feed.title or shown(place), _items(feed, access)


def _items(feed: Feed, access: Access) -> Iterator[Item]:
    """Every episode that has both sound and a transcript; its name is its title, with the guid where others have it."""
    titles = Counter(printable(episode.title) for episode in feed.episodes)
    silent = mute = 0
    for episode in feed.episodes:
        link = best(episode, feed.language)
        if not episode.audio:
            silent += 1
        elif not link:
            mute += 1
        else:
            name = printable(episode.title)
            yield _item(name if name and titles[name] == 1 else f"{name} [{episode.guid}]", episode, link, feed, access)
    if silent or mute:
        access.say(f"{feed.title}: {silent} episodes without sound and {mute} without a transcript are left out")


def best(episode: Episode, language: str | None = None) -> TranscriptLink | None:
    """The transcript to compare with: in the language that is spoken, and of the type that tells most."""

    def rank(link: TranscriptLink) -> tuple[bool, int]:
        return (bool(link.language) and _tongue(link.language) != spoken, list(TYPES).index(link.type))

    spoken = _tongue(language)
    return min((link for link in episode.transcripts if link.type in TYPES), key=rank, default=None)


def _tongue(language: str | None) -> str:
    return (language or "").replace("_", "-").partition("-")[0].lower()


def _item(name: str, episode: Episode, link: TranscriptLink, feed: Feed, access: Access) -> Item:
    assert episode.audio
    item = Item(
        name, printable(feed.title), episode.audio, Truth(name), notes=f"the show's own transcript, {link.type}"
    )
    try:
        path = _fetched(link.url, access, MAX_TRANSCRIPT_BYTES)
        named = path.rename(path.with_name(path.name + TYPES[link.type]))
        found = truth.read(named)
        named.unlink()
    except EarwitnessError as error:
        return replace(item, error=f"{name}: its transcript: {error}")
    language = _tongue(link.language or feed.language) or found.language
    return replace(item, truth=replace(found, name=name, language=language))


def _fetched(url: str, access: Access, max_bytes: int) -> Path:
    limits = replace(
        access.options,
        max_download_bytes=min(max_bytes, access.options.max_download_bytes),
        max_download_s=min(MAX_WAIT_S, access.options.max_download_s),
    )
    return source.fetch(source.find([url])[0], limits, access.scratch).path
