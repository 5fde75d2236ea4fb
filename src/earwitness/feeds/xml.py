"""The XML of a feed to a tree of elements, however sloppy it is and whatever it is up to.

A feed is somebody else's text. It may define no entities (which is how a small one unpacks to gigabytes, and how one
reads local files) and have no more than `MAX_ELEMENTS`. It may also be sloppy: prefixes that nobody declared, HTML's
entities, white space before the declaration.

Read with expat, for feedparser keeps one `podcast:transcript` and one `podcast:person` of those that an episode has.
"""

from __future__ import annotations

import codecs
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from earwitness.errors import SourceError

MAX_ELEMENTS = 1_000_000
"""Ten thousand episodes have half of that or less; so many take some 400 MB of memory."""

ATOM = "http://www.w3.org/2005/atom"
PODCAST = "https://podcastindex.org/namespace/1.0"
PREFIXES: Mapping[str, str] = {
    ATOM: "atom",
    PODCAST: "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/rss/1.0/": "",
}
"""Namespace in lower case -> the prefix that its tags have here, whatever a feed calls it."""

BASE = "xml:base"
"""On every element that may hold an address: where relative ones are taken from."""
ADDRESSES = ("url", "href", "uri", "img")
"""Attributes that are addresses."""
_ADDRESS_TAGS = frozenset(
    ("link", "url", "guid", "atom:icon", "atom:logo", "newLocation", "itunes:new-feed-url", "media:player")
)
"""Elements whose text is an address."""


@dataclass
class Span:
    """Where an element stands in the bytes of a feed, and which prefixes mean what there.

    `start` is where its tag begins, `end` where its end tag does; an empty one, `<item/>`, has no end tag.
    """

    start: int
    end: int
    namespaces: Mapping[str, str]


def tree(content: bytes, name: str, base: str, spans: dict[Element, Span] | None = None) -> Element:
    """The root of a document.

    Args:
        name: what errors call it.
        base: where it is from, or "".
        spans: is filled with the place of every element, where it is given.

    Raises:
        SourceError: it is not well-formed, defines entities, or has more than `MAX_ELEMENTS`.
    """
    stripped = content.removeprefix(codecs.BOM_UTF8).lstrip()
    reader = _Reader(name, base, spans, len(content) - len(stripped))
    try:
        reader.parser.Parse(stripped, True)
        return reader.builder.close()
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)} in line {error.lineno}"
        raise SourceError(f"{name}: not a feed, or a damaged one ({reason}); give RSS or Atom") from error
    except (ValueError, LookupError) as error:
        raise SourceError(f"{name}: in an encoding that is not read ({error}); convert it to UTF-8") from error


class _Reader:
    """Builds the tree: tags with the prefixes of `PREFIXES`, elements with addresses with the base they are from."""

    def __init__(self, name: str, base: str, spans: dict[Element, Span] | None, offset: int) -> None:
        self.name, self.spans, self.offset = name, spans, offset
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
        if BASE in attributes:
            base = _joined(base, attributes[BASE])
        self.scopes.append((namespaces, base))
        name = _canonical(tag, namespaces)
        if name in _ADDRESS_TAGS or any(key in attributes for key in ADDRESSES):
            attributes[BASE] = base
        element = self.builder.start(name, attributes)
        if self.spans is not None:
            self.spans[element] = Span(self._at(), 0, namespaces)

    def _end(self, tag: str) -> None:
        namespaces, _ = self.scopes.pop()
        element = self.builder.end(_canonical(tag, namespaces))
        if self.spans is not None:
            self.spans[element].end = self._at()

    def _at(self) -> int:
        return self.parser.CurrentByteIndex + self.offset

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
