"""XML to a feed: RSS and Atom, with the tags of iTunes, Media RSS and Podcasting 2.0.

Only http(s) addresses are kept, texts are made printable, and numbers that are none are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from earwitness.errors import SourceError
from earwitness.feeds.elements import (
    address_of,
    first_address,
    linked,
    moment,
    number,
    own_text,
    raw_texts,
    seconds,
    text_of,
    whole,
)
from earwitness.feeds.notes import is_html, lines, plain
from earwitness.feeds.values import ChaptersLink, Enclosure, Episode, Feed, TranscriptLink
from earwitness.feeds.xml import tree
from earwitness.source import EXTENSIONS, printable
from earwitness.types import Person

ROOTS = ("rss", "rdf:RDF", "atom:feed")
ITEMS = ("item", "atom:entry")
EPISODE_TYPES = ("full", "trailer", "bonus")
FEED_TYPES = ("episodic", "serial")
DEFAULT_ROLE, DEFAULT_GROUP = "host", "cast"
"""What `podcast:person` says where it does not."""

_YES, _NO = ("yes", "true", "explicit"), ("no", "false", "clean")
_DESCRIPTIONS = ("description", "itunes:summary", "atom:summary", "atom:subtitle", "media:description")
_FULL_TEXTS = ("content:encoded", "atom:content")
_NAMED_ADDRESS = re.compile(r"\S+@\S+\s+\((.+)\)|(.+?)\s+[(<]\S+@\S+[)>]")


def parse(content: bytes, *, name: str = "feed", url: str | None = None) -> Feed:
    """Reads a feed.

    Args:
        name: what errors call it.
        url: where it comes from; relative addresses are taken from there, and are left out where it is not known.

    Raises:
        SourceError: it is not a feed, is not well-formed, defines entities, or has too many elements.

    >>> item = b"<item><title>Pilot</title><enclosure url='https://example.org/1.mp3' type='audio/mpeg'/></item>"
    >>> parse(b"<rss><channel><title>Show</title>" + item + b"</channel></rss>").episodes[0].audio
    'https://example.org/1.mp3'
    """
    root = tree(content, name, url or "")
    require_feed(root, name)
    about = next(root.iter("channel"), root)
    moved = next(root.iter("newLocation"), None)
    return Feed(
        title=text_of(about, "title", "atom:title"),
        language=text_of(about, "language", "dc:language") or root.get("xml:lang"),
        episodes=tuple(_episode(item) for item in items(root)),
        description=_description(about),
        link=_web_page(about),
        image=_image(about),
        published=moment(text_of(about, "pubDate", "dc:date", "atom:updated", "lastBuildDate")),
        author=_author(about),
        owner=_owner(about),
        categories=tuple(_categories(about)),
        explicit=_explicit(about),
        type=_one_of(FEED_TYPES, text_of(about, "itunes:type")),
        generator=text_of(about, "generator", "atom:generator"),
        funding=first_address(about, "podcast:funding"),
        people=tuple(_people(about)),
        new_url=first_address(about, "itunes:new-feed-url") or (address_of(moved) if moved is not None else None),
        next=linked(about, "next"),
        first=linked(about, "first"),
    )


def require_feed(root: Element, name: str) -> None:
    """Raises `SourceError` where a document is no feed."""
    if root.tag not in ROOTS:
        raise SourceError(f"{name}: not a podcast feed, it begins with <{printable(root.tag)[:40]}>; give RSS or Atom")


def items(root: Element) -> Iterator[Element]:
    """The elements of a feed's episodes."""
    for tag in ITEMS:
        yield from root.iter(tag)


def guid_of(item: Element) -> str:
    """What an episode is known by: its guid, or its sound's address where there is none, or its page's."""
    return text_of(item, "guid", "atom:id") or _audio(item) or text_of(item, "link")


def _episode(item: Element) -> Episode:
    audio = _audio(item)
    title = text_of(item, "title", "atom:title", "media:title")
    return Episode(
        title=title or (PurePosixPath(urlsplit(audio).path).stem if audio else ""),
        guid=guid_of(item),
        published=moment(text_of(item, "pubDate", "dc:date", "atom:published", "atom:updated")),
        audio=audio,
        transcripts=tuple(_transcripts(item)),
        enclosures=tuple(file for file, _ in _enclosures(item)),
        integrity=_integrity(item, audio),
        chapters=next(_chapters(item), None),
        link=_web_page(item),
        description=_description(item),
        description_html=_html(item),
        subtitle=text_of(item, "itunes:subtitle"),
        image=_image(item),
        duration_s=seconds(text_of(item, "itunes:duration")),
        season=whole(number(text_of(item, "podcast:season"))) or whole(number(text_of(item, "itunes:season"))),
        number=number(text_of(item, "podcast:episode")) or number(text_of(item, "itunes:episode")),
        type=_one_of(EPISODE_TYPES, text_of(item, "itunes:episodeType")),
        explicit=_explicit(item),
        author=_author(item),
        people=tuple(_people(item)),
    )


# Files


def _enclosures(item: Element) -> Iterator[tuple[Enclosure, str]]:
    """An item's files, each with its medium where that is said beside the type; first those that RSS and Atom know."""
    groups = [media for media in item if media.tag == "media:group"]
    found = [
        *(link for link in item if link.tag == "enclosure"),
        *(link for link in item if link.tag == "atom:link" and link.get("rel") == "enclosure"),
        *(media for parent in (item, *groups) for media in parent if media.tag == "media:content"),
    ]
    for link in found:
        if address := address_of(link):
            size = whole(number(link.get("length") or link.get("fileSize") or ""))
            yield Enclosure(address, _media_type(link), size), link.get("medium") or ""


def _audio(item: Element) -> str | None:
    """The enclosure that is sound, or at least has some; or one that stands for it."""
    found = [
        (rank, file.url)
        for file, medium in _enclosures(item)
        if (rank := _rank(file.type or f"{medium}/", file.url)) is not None
    ]
    if not found:
        alternates = (link for link in item if link.tag == "podcast:alternateEnclosure")
        found = [
            (rank, url)
            for link in alternates
            for url in _sources(link)
            if (rank := _rank(_media_type(link), url)) is not None
        ]
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def _rank(media_type: str, address: str) -> int | None:
    kind = media_type.partition("/")[0]
    if kind in ("audio", "video"):
        return ("audio", "video").index(kind)
    if PurePosixPath(urlsplit(address).path).suffix.lower() in EXTENSIONS:
        return 2
    return 3 if media_type in ("", "/", "application/octet-stream") else None


def _sources(alternate: Element) -> list[str]:
    return [url for link in alternate if link.tag == "podcast:source" and (url := address_of(link))]


def _integrity(item: Element, audio: str | None) -> str | None:
    """The hash that an alternate enclosure has for the sound that we take."""
    for alternate in item:
        if alternate.tag != "podcast:alternateEnclosure" or not audio:
            continue
        if audio in _sources(alternate) or alternate.get("default") == "true":
            for known in alternate:
                if known.tag == "podcast:integrity" and known.get("type") == "sri":
                    return printable(known.get("value") or "").strip() or None
    return None


def _transcripts(item: Element) -> Iterator[TranscriptLink]:
    for link in item:
        if link.tag == "podcast:transcript" and (address := address_of(link)):
            yield TranscriptLink(address, _media_type(link), link.get("language") or None, link.get("rel") or None)


def _chapters(item: Element) -> Iterator[ChaptersLink]:
    for link in item:
        if link.tag == "podcast:chapters" and (address := address_of(link)):
            yield ChaptersLink(address, _media_type(link))


def _media_type(link: Element) -> str:
    return (link.get("type") or "").partition(";")[0].strip().lower()


# People


def _people(parent: Element) -> Iterator[Person]:
    for person in parent:
        name = own_text(person)
        if person.tag == "podcast:person" and name:
            yield Person(
                name,
                role=_words(person.get("role")) or DEFAULT_ROLE,
                group=_words(person.get("group")) or DEFAULT_GROUP,
                href=address_of(person),
                img=address_of(person, "img"),
            )


def _words(attribute: str | None) -> str:
    return " ".join(printable(attribute or "").split()).lower()


def _author(parent: Element) -> str:
    """A name, where there is one beside the e-mail address that RSS wants."""
    within = [text_of(author, "atom:name") for author in parent if author.tag == "atom:author"]
    found = text_of(parent, "itunes:author", "author", "dc:creator", "managingEditor") or next(iter(within), "")
    named = _NAMED_ADDRESS.fullmatch(found)
    return (named[1] or named[2]) if named else found


def _owner(parent: Element) -> tuple[str, str]:
    owners = (owner for owner in parent if owner.tag == "itunes:owner")
    return next(((text_of(owner, "itunes:name"), text_of(owner, "itunes:email")) for owner in owners), ("", ""))


# Texts and addresses


def _web_page(parent: Element) -> str | None:
    """The page about it: its link, or its guid where that is one."""
    permalinks = (guid for guid in parent if guid.tag == "guid" and guid.get("isPermaLink", "true") == "true")
    return (
        first_address(parent, "link")
        or linked(parent, "alternate")
        or next(filter(None, map(address_of, permalinks)), None)
    )


def _image(parent: Element) -> str | None:
    groups = (parent, *(group for group in parent if group.tag == "media:group"))
    thumbnails = (first_address(group, "media:thumbnail") for group in groups)
    nested = (first_address(image, "url") for image in parent if image.tag == "image")
    return (
        first_address(parent, "itunes:image")
        or next(filter(None, thumbnails), None)
        or next(filter(None, nested), None)
        or first_address(parent, "atom:logo", "atom:icon")
    )


def _html(parent: Element) -> str:
    return next(filter(is_html, raw_texts(parent, (*_FULL_TEXTS, *_DESCRIPTIONS))), "")


def _description(parent: Element) -> str:
    """A text that is meant as plain text, or the plain text of one that is not."""
    texts = (text for text in raw_texts(parent, (*_DESCRIPTIONS, *_FULL_TEXTS)) if not is_html(text))
    return next((told for text in texts if (told := lines(text))), "") or plain(_html(parent))


def _categories(parent: Element, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each innermost category, with those that it is in."""
    for category in parent:
        name = " ".join(printable(category.get("text") or "").split())
        if category.tag == "itunes:category" and name:
            inner = list(_categories(category, (*above, name))) if len(above) < 8 else []
            yield from inner or [(*above, name)]


def _explicit(parent: Element) -> bool | None:
    said = text_of(parent, "itunes:explicit").lower()
    return True if said in _YES else False if said in _NO else None


def _one_of(known: tuple[str, ...], said: str) -> str | None:
    return said.lower() if said.lower() in known else None
