"""Notes of episodes: HTML of somebody else's to plain text."""

from __future__ import annotations

import html
import re

from earwitness.source import printable

MAX_CHARACTERS = 200_000
"""What comes after is not read; the longest notes have some ten thousand."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_PART = re.compile(r"<[^<>]*>|[^<]+|<")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z0-9]+)")
_SILENT = ("script", "style")
_INLINE = frozenset("a abbr b bdi bdo cite code em font i mark q s small span strong sub sup u".split())


def is_html(text: str) -> bool:
    """Whether a text has tags.

    >>> is_html("<p>One</p>"), is_html("1 < 2 > 0")
    (True, False)
    """
    return bool(_TAG.search(text))


def plain(markup: str) -> str:
    """The text of HTML, a line for each of its blocks; scripts and styles say nothing.

    >>> plain("<p>Bread &amp; <b>wine</b></p><ul><li>One<li>Two</ul><script>alert(1)</script>")
    'Bread & wine\\nOne\\nTwo'
    """
    kept: list[str] = []
    silent = ""
    for part in _PART.findall(markup[:MAX_CHARACTERS]):
        tag = _TAG_NAME.match(part)
        name = tag[2].lower() if tag else ""
        if silent:
            silent = "" if tag and tag[1] and name == silent else silent
        elif name in _SILENT and tag and not tag[1]:
            silent = name
        elif tag:
            kept.append("" if name in _INLINE else "\n")
        elif not part.startswith("<!"):
            kept.append(html.unescape(part.replace("\n", " ")))
    return lines("".join(kept))


def lines(text: str) -> str:
    """Text with its line breaks, each line printable and without runs of white space, none of them empty.

    >>> lines(" one   two\\n\\n three ")
    'one two\\nthree'
    """
    cleaned = (" ".join(printable(line).split()) for line in text[:MAX_CHARACTERS].splitlines())
    return "\n".join(filter(None, cleaned))
