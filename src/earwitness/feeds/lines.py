"""The lines of Podcasting 2.0 that a feed's item gets for what we made of its episode: values, to XML and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from earwitness.feeds.xml import PODCAST, tree

TAGS = ("transcript", "chapters", "person")


@dataclass(frozen=True)
class Line:
    """An element of the podcast namespace, without children: `podcast:transcript` and so on."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def url(self) -> str:
        return dict(self.attributes).get("url", "")

    @property
    def file(self) -> str:
        """The name of the file that it links to.

        >>> Line("transcript", (("url", "https://example.org/show/one%20two.vtt?v=1"),)).file
        'one two.vtt'
        """
        return file_of(self.url)

    def at(self, url: str) -> Line:
        """The line that links to the same file somewhere else."""
        moved = tuple((name, placed(self.file, url) if name == "url" else value) for name, value in self.attributes)
        return replace(self, attributes=moved)

    def xml(self, prefix: str = "podcast") -> str:
        """The line as it stands in a feed.

        >>> Line("person", (("role", "guest"),), "Ada & Bob").xml()
        '<podcast:person role="guest">Ada &amp; Bob</podcast:person>'
        """
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes)
        if not self.text:
            return f"<{prefix}:{self.tag}{attributes}/>"
        return f"<{prefix}:{self.tag}{attributes}>{escape(self.text)}</{prefix}:{self.tag}>"


def placed(file: str, url: str) -> str:
    """The address of a file that is published under a URL; without one its name, as a relative address.

    >>> placed("Ada & Bob.vtt", "https://example.org/show"), placed("one.vtt", "")
    ('https://example.org/show/Ada%20%26%20Bob.vtt', 'one.vtt')
    """
    name = quote(file, errors="replace")
    return f"{url.rstrip('/')}/{name}" if url else name


def file_of(url: str) -> str:
    """The last part of an address, as a file's name."""
    try:
        return unquote(PurePosixPath(urlsplit(url).path).name)
    except ValueError:
        return ""


def write(lines: Sequence[Line]) -> bytes:
    """Lines to paste into an item."""
    return "".join(f"{line.xml()}\n" for line in lines).encode(errors="replace")


def read(content: bytes, name: str) -> tuple[Line, ...]:
    """What `write` wrote.

    Raises:
        SourceError: it is not well-formed, or has entities.
    """
    root = tree(b'<item xmlns:podcast="' + PODCAST.encode() + b'">' + content + b"</item>", name, "")
    return tuple(
        Line(
            element.tag.removeprefix("podcast:"),
            tuple((name, value) for name, value in element.attrib.items() if ":" not in name),
            (element.text or "").strip(),
        )
        for element in root
        if element.tag in [f"podcast:{tag}" for tag in TAGS]
    )
