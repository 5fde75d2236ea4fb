"""Whisper's TSV: `start`, `end` (whole milliseconds) and `text`, one line a segment."""

from __future__ import annotations

from earwitness.exports.reading import clean, encode
from earwitness.types import Transcript
from earwitness.units import to_milliseconds


def write(transcript: Transcript) -> bytes:
    """Unquoted, as Whisper writes it: tabs and line breaks within a text become spaces."""
    rows = ["start\tend\ttext"]
    rows += [
        f"{to_milliseconds(segment.start)}\t{to_milliseconds(segment.end)}\t{clean(segment.text)}"
        for segment in transcript.segments
    ]
    return encode("".join(f"{row}\n" for row in rows))
