"""A podcast feed, RSS or Atom, as values: its episodes, their sound and their published transcripts.

A feed is somebody else's text. It may define no entities (which is how a small one unpacks to gigabytes, and how one
reads local files), have no more than `MAX_ELEMENTS`, and only its http(s) addresses are kept. It may also be sloppy:
prefixes that nobody declared, HTML's entities, white space before the declaration.

Read with expat, for feedparser keeps one `podcast:transcript` and one `podcast:person` of those that an episode has.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from earwitness.errors import SourceError
from earwitness.source import EXTENSIONS, printable

MAX_ELEMENTS = 1_000_000
"""Ten thousand episodes have half of that or less; so many take some 400 MB of memory."""

ATOM = "http://www.w3.org/2005/atom"
PODCAST = "https://podcastindex.org/namespace/1.0"
PREFIXES: Mapping[str, str] = {
    ATOM: "atom",
    PODCAST: "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/rss/1.0/": "",
}
"""Namespace in lower case -> the prefix that its tags have here, whatever a feed calls it."""
ROOTS = ("rss", "rdf:RDF", "atom:feed")

_BASE = "xml:base"
_ADDRESSES = ("url", "href")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class TranscriptLink:
    """A transcript that a feed offers: media type in lower case without parameters, `rel` is `captions` or none."""

    url: str
    type: str
    language: str | None = None
    rel: str | None = None


@dataclass(frozen=True)
class Episode:
    """An episode as its feed tells of it; `guid` is what it is known by, `audio` the address of its sound."""

    title: str
    guid: str
    published: datetime | None = None
    audio: str | None = None
    transcripts: tuple[TranscriptLink, ...] = ()


@dataclass(frozen=True)
class Feed:
    title: str
    language: str | None
    episodes: tuple[Episode, ...]


def parse(content: bytes, *, name: str = "feed", url: str | None = None) -> Feed:
    """Reads a feed.

    Args:
        name: what errors call it.
        url: where it comes from; relative addresses are taken from there, and are left out where it is not known.

    Raises:
        SourceError: it is not a feed, is not well-formed, defines entities, or has more than `MAX_ELEMENTS`.

    >>> item = b"<item><title>Pilot</title><enclosure url='https://example.org/1.mp3' type='audio/mpeg'/></item>"
    >>> parse(b"<rss><channel><title>Show</title>" + item + b"</channel></rss>").episodes[0].audio
    'https://example.org/1.mp3'
    """
    root = _tree(content, name, url or "")
    if root.tag not in ROOTS:
        raise SourceError(f"{name}: not a podcast feed, it begins with <{printable(root.tag)[:40]}>; give RSS or Atom")
    about = next(root.iter("channel"), root)
    return Feed(
        title=_text(about, "title", "atom:title"),
        language=_text(about, "language", "dc:language") or root.get("xml:lang"),
        episodes=tuple(_episode(item) for tag in ("item", "atom:entry") for item in root.iter(tag)),
    )


def _episode(item: Element) -> Episode:
    audio = _audio(item)
    title = _text(item, "title", "atom:title")
    return Episode(
        title=title or (PurePosixPath(urlsplit(audio).path).stem if audio else ""),
        guid=_text(item, "guid", "atom:id") or audio or _text(item, "link"),
        published=_time(_text(item, "pubDate", "dc:date", "atom:published", "atom:updated")),
        audio=audio,
        transcripts=tuple(_transcripts(item)),
    )


def _audio(item: Element) -> str | None:
    """The enclosure that is sound, or at least has some."""
    links = [link for link in item if link.tag == "atom:link" and link.get("rel") == "enclosure"]
    found = [
        (rank, address)
        for link in [*(link for link in item if link.tag == "enclosure"), *links]
        if (address := _address(link)) and (rank := _rank(_media_type(link), address)) is not None
    ]
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def _rank(media_type: str, address: str) -> int | None:
    kind = media_type.partition("/")[0]
    if kind in ("audio", "video"):
        return ("audio", "video").index(kind)
    if PurePosixPath(urlsplit(address).path).suffix.lower() in EXTENSIONS:
        return 2
    return 3 if media_type in ("", "application/octet-stream") else None


def _transcripts(item: Element) -> Iterator[TranscriptLink]:
    for link in item:
        if link.tag == "podcast:transcript" and (address := _address(link)):
            yield TranscriptLink(address, _media_type(link), link.get("language") or None, link.get("rel") or None)


def _media_type(link: Element) -> str:
    return (link.get("type") or "").partition(";")[0].strip().lower()


def _address(link: Element) -> str | None:
    """The http(s) address of an element; none where it has another kind or, without a base, a relative one."""
    given = next((value for attribute in _ADDRESSES if (value := link.get(attribute))), "").strip()
    try:
        address = urljoin(link.get(_BASE, ""), given)
        parts = urlsplit(address)
    except ValueError:
        return None
    if not given or parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return _UNSAFE_IN_URL.sub(lambda character: quote(character[0]), address)


def _text(parent: Element, *tags: str) -> str:
    """The text of the first child that has one of these tags, in their order, and is not empty; on one line."""
    found = ("".join(child.itertext()) for tag in tags for child in parent if child.tag == tag)
    texts = (" ".join(printable(text).split()) for text in found)
    return next(filter(None, texts), "")


def _time(text: str) -> datetime | None:
    """A date as RFC 2822 or ISO 8601 write it; without a zone it is UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


# XML


def _tree(content: bytes, name: str, base: str) -> Element:
    reader = _Reader(name, base)
    try:
        reader.parser.Parse(content.removeprefix(codecs.BOM_UTF8).lstrip(), True)
        return reader.builder.close()
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)} in line {error.lineno}"
        raise SourceError(f"{name}: not a feed, or a damaged one ({reason}); give RSS or Atom") from error
    except (ValueError, LookupError) as error:
        raise SourceError(f"{name}: in an encoding that is not read ({error}); convert it to UTF-8") from error


class _Reader:
    """Builds the tree: tags with the prefixes of `PREFIXES`, elements with addresses with the base they are from."""

    def __init__(self, name: str, base: str) -> None:
        self.name = name
        self.builder = TreeBuilder()
        self.elements = 0
        self.scopes: list[tuple[dict[str, str], str]] = [({}, base)]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.builder.data
        # As if there were a definition elsewhere: HTML's entities are then skipped and told of, not an error.
        self.parser.UseForeignDTD(True)
        self.parser.ExternalEntityRefHandler = lambda *_: 1
        self.parser.SkippedEntityHandler = self._skipped
        self.parser.EntityDeclHandler = self._refuse_entity

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise SourceError(f"{self.name}: more than {MAX_ELEMENTS} elements; give a shorter feed")
        namespaces, base = self.scopes[-1]
        declared = {key[6:]: uri.strip().lower() for key, uri in attributes.items() if f"{key}:".startswith("xmlns:")}
        if declared:
            namespaces = {**namespaces, **declared}
        if _BASE in attributes:
            base = _joined(base, attributes[_BASE])
        self.scopes.append((namespaces, base))
        if any(key in attributes for key in _ADDRESSES):
            attributes[_BASE] = base
        self.builder.start(_canonical(tag, namespaces), attributes)

    def _end(self, tag: str) -> None:
        namespaces, _ = self.scopes.pop()
        self.builder.end(_canonical(tag, namespaces))

    def _skipped(self, entity: str, is_parameter: bool) -> None:
        if not is_parameter:
            self.builder.data(html.unescape(f"&{entity};"))

    def _refuse_entity(self, *_: Any) -> None:
        raise SourceError(f"{self.name}: defines entities, which no feed needs and attacks do; it is not read")


def _canonical(tag: str, namespaces: Mapping[str, str]) -> str:
    prefix, _, local = tag.rpartition(":")
    known = PREFIXES.get(namespaces.get(prefix, ""))
    if known is None:
        return tag
    return f"{known}:{local}" if known else local


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference.strip())
    except ValueError:
        return base
