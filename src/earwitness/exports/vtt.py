"""WebVTT subtitles (W3C), with a voice for each speaker."""

from __future__ import annotations

from earwitness.exports.cards import Card, cards
from earwitness.exports.reading import encode, shown_name
from earwitness.types import Transcript
from earwitness.units import MILLISECONDS_PER_SECOND, clock

LINE_COLUMNS = 42
"""What broadcasters and streaming services allow for Latin scripts."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(transcript: Transcript) -> bytes:
    """Every card says whose voice it is, where that is known."""
    made = cards(transcript, LINE_COLUMNS, named=False)
    return encode("WEBVTT\n" + "".join(f"\n{_times(card)}\n{_text(transcript, card)}\n" for card in made))


def _times(card: Card) -> str:
    return f"{clock(card.start_ms / MILLISECONDS_PER_SECOND)} --> {clock(card.end_ms / MILLISECONDS_PER_SECOND)}"


def _text(transcript: Transcript, card: Card) -> str:
    name = shown_name(transcript, card.speaker)
    voice = f"<v {name.translate(_ESCAPES)}>" if name else ""
    return voice + "\n".join(line.translate(_ESCAPES) for line in card.lines)
