"""Plain text to read: `[M:SS] Name: text`, a blank line between paragraphs."""

from __future__ import annotations

from earwitness.exports.reading import Paragraph, encode, paragraphs
from earwitness.types import Transcript
from earwitness.units import short_clock


def write(transcript: Transcript) -> bytes:
    """One paragraph a turn; a very long turn is broken, and each part carries its time and the name again."""
    return encode("\n".join(map(_line, paragraphs(transcript))))


def _line(paragraph: Paragraph) -> str:
    name = f"{paragraph.name}: " if paragraph.name else ""
    return f"[{short_clock(paragraph.start)}] {name}{paragraph.text}".rstrip() + "\n"
