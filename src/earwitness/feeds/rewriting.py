"""A feed with our lines in its items: every other byte of it stays as it is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from xml.etree.ElementTree import Element

from earwitness.feeds.elements import own_text
from earwitness.feeds.lines import Line, file_of
from earwitness.feeds.reading import guid_of, items, require_feed
from earwitness.feeds.xml import PODCAST, PREFIXES, Span, tree

_TAG = re.compile(rb"""<(?:"[^"]*"|'[^']*'|[^>"'])*>""")
_ROOT_NAME = re.compile(rb"<[^\s/>]+")
_INDENT = re.compile(rb"\r?\n[ \t]*\Z")
_DECLARED_UTF_16 = re.compile(r"""(<\?xml[^>]*encoding=["'])utf-16(?:le|be)?""", re.IGNORECASE)
_PREFIXES = ("podcast", "podcast20", "podcast2")

Edit = tuple[int, int, bytes]
"""From where to where, and what comes there instead."""


def rewritten(
    content: bytes, lines: Mapping[str, Sequence[Line]], *, name: str = "feed", url: str | None = None
) -> bytes:
    """The feed with these lines in the items that have their guids.

    A line that links to a file of the same name takes the place of the old one. People whom an item names already, and
    chapters that it has from elsewhere, stay as they are, and ours are left out; so are people where they are no others
    than those of the show, for an item that names nobody has these.

    Args:
        content: of the feed; in UTF-16 it becomes UTF-8.
        lines: guid -> lines.
        name: what errors call it.
        url: where it comes from, as of `parse`.

    Raises:
        SourceError: it is no feed, or cannot be read.

    >>> feed = b"<rss><channel><item><guid>1</guid></item></channel></rss>"
    >>> rewritten(feed, {"1": [Line("person", (), "Ada")]}).decode()  # doctest: +ELLIPSIS
    '<rss xmlns:podcast="https://...1.0"><channel><item><guid>1</guid><podcast:person>Ada</podcast:person></item>...'
    """
    content = _in_utf_8(content)
    spans: dict[Element, Span] = {}
    root = tree(content, name, url or "", spans)
    require_feed(root, name)
    edits: list[Edit] = []
    to_declare = ""
    of_show = _people(next(root.iter("channel"), root))
    for item in items(root):
        if ours := _needed(lines.get(guid_of(item), ()), _people(item), of_show):
            prefix = _prefix(spans[item].namespaces)
            to_declare = to_declare or ("" if prefix else _free_prefix(spans[item].namespaces))
            edits += _edits(content, item, spans, ours, prefix or to_declare)
    if to_declare:
        at = spans[root].start + len(_matched(_ROOT_NAME, content, spans[root].start))
        edits.append((at, at, f' xmlns:{to_declare}="{PODCAST}"'.encode()))
    return b"".join(_applied(content, edits))


def _edits(
    content: bytes, item: Element, spans: Mapping[Element, Span], lines: Sequence[Line], prefix: str
) -> Iterator[Edit]:
    """What becomes of an item: new lines stand where old ones do, or at its end, as far in as its other children."""
    placed: list[Line] = []
    has_chapters = False
    for child in item:
        line = next((line for line in lines if line.url and _is_same(line, child)), None)
        if line:
            new = b"" if line in placed else _encoded(line.xml(prefix))
            yield spans[child].start, _end(content, spans[child]), new
            placed.append(line)
        elif child.tag == "podcast:chapters":
            has_chapters = True
    end = spans[item].end
    closing = _INDENT.search(content[:end])
    first = _INDENT.search(content[: spans[item[0]].start])
    indent = first[0] if closing and first else b""
    added = (line for line in lines if line not in placed and not (has_chapters and line.tag == "chapters"))
    at = closing.start() if closing else end
    yield at, at, b"".join(indent + _encoded(line.xml(prefix)) for line in added)


def _needed(lines: Sequence[Line], of_item: Set[str], of_show: Set[str]) -> list[Line]:
    """The lines without the people who are named already."""
    people = {line.text.casefold() for line in lines if line.tag == "person"}
    known = people if not of_item and people <= of_show else of_item
    return [line for line in lines if not (line.tag == "person" and line.text.casefold() in known)]


def _people(parent: Element) -> frozenset[str]:
    return frozenset(own_text(child).casefold() for child in parent if child.tag == "podcast:person")


def _is_same(line: Line, old: Element) -> bool:
    return old.tag == f"podcast:{line.tag}" and file_of(old.get("url", "")) == line.file


def _end(content: bytes, span: Span) -> int:
    """Where an element ends: behind its end tag, or its only one."""
    tag = _matched(_TAG, content, span.start)
    return span.start + len(tag) if tag.endswith(b"/>") else span.end + len(_matched(_TAG, content, span.end))


def _matched(pattern: re.Pattern[bytes], content: bytes, at: int) -> bytes:
    found = pattern.match(content, at)
    assert found  # the parser has seen a tag there
    return found[0]


def _prefix(namespaces: Mapping[str, str]) -> str:
    """What a feed calls the podcast namespace, if it has it."""
    return next((prefix for prefix, uri in namespaces.items() if prefix and PREFIXES.get(uri) == "podcast"), "")


def _free_prefix(namespaces: Mapping[str, str]) -> str:
    return next(prefix for prefix in _PREFIXES if prefix not in namespaces)


def _in_utf_8(content: bytes) -> bytes:
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content
    return _DECLARED_UTF_16.sub(r"\1utf-8", content.decode("utf-16", "replace"), count=1).encode()


def _encoded(text: str) -> bytes:
    """Text as bytes that mean it in whatever encoding the feed has: all that are read begin with ASCII."""
    return text.encode("ascii", "xmlcharrefreplace")


def _applied(content: bytes, edits: Iterable[Edit]) -> Iterator[bytes]:
    at = 0
    for start, end, new in sorted(edits):
        yield content[at:start]
        yield new
        at = end
    yield content[at:]
