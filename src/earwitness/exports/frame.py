"""What every page is built with: its frame, its policy, text that stays text, speakers' colours, an axis of time.

`base.css` beside this file holds the colours, light and dark, and the elements that all pages have.
"""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources import files
from string import Template

from earwitness.exports.reading import clean, encode
from earwitness.types import Seconds
from earwitness.units import short_clock

VOICES = 8
"""Colours for speakers; with more of them, colours come again. Names always stand beside them."""

_TICK_STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MAX_TICKS = 6


def page(package: str, name: str, *, allowed: str = "", **content: str) -> bytes:
    """The page that `name`.html, .css and .js of a package make; all it may load is what is inside it.

    Args:
        package: where the three files are.
        allowed: further directives of the content security policy.
        content: HTML for the places of `name`.html; its text is escaped already.
    """
    style = f"{_part(__package__, 'base.css')}\n{_part(package, f'{name}.css')}"
    return framed(_part(package, f"{name}.html"), style, _part(package, f"{name}.js"), allowed=allowed, **content)


def framed(frame: str, style: str, script: str, *, allowed: str = "", **content: str) -> bytes:
    """A page of a frame with places, a style and a script, which are all that it may load; else as `page`."""
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )
    return encode(Template(frame).substitute(content, policy=policy, style=style, script=script))


def escape(text: str) -> str:
    """Text for a page: on one line, its markup shown.

    >>> escape("<b> is\\nbold")
    '&lt;b&gt; is bold'
    """
    return html.escape(clean(text))


def count(number: int, thing: str) -> str:
    """A number of things.

    >>> count(1, "word"), count(1200, "word")
    ('1 word', '1,200 words')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def ticks(start: Seconds, end: Seconds) -> str:
    """SVG text for an axis of time; the last tenth stays free, so that no time is cut off."""
    total = end - start
    step = next((step for step in _TICK_STEPS_S if total / step <= _MAX_TICKS), _TICK_STEPS_S[-1])
    first = -(-int(start) // step) * step
    return "".join(
        f'<text x="{100 * (at - start) / total:.2f}%" y="1em">{short_clock(at)}</text>'
        for at in range(first, int(end) + 1, step)
        if start <= at <= start + 0.9 * total
    )


def _part(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _hash(content: str) -> str:
    """A source expression of Content Security Policy level 2."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
