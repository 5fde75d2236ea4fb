"""Plain text to read: `[M:SS] Name: text`, a blank line between paragraphs; `[music M:SS-M:SS]` where there is some."""

from __future__ import annotations

from earwitness.exports.reading import Paragraph, encode, last_events, paragraphs, told
from earwitness.types import Transcript
from earwitness.units import short_clock


def write(transcript: Transcript) -> bytes:
    """One paragraph a turn; a very long turn is broken, and each part carries its time and the name again."""
    blocks = [block for paragraph in paragraphs(transcript) for block in _blocks(paragraph)]
    return encode("\n".join([*blocks, *(told(event) + "\n" for event in last_events(transcript))]))


def _blocks(paragraph: Paragraph) -> list[str]:
    return [*(told(event) + "\n" for event in paragraph.events), _line(paragraph)]


def _line(paragraph: Paragraph) -> str:
    name = f"{paragraph.name}: " if paragraph.name else ""
    return f"[{short_clock(paragraph.start)}] {name}{paragraph.text}".rstrip() + "\n"
