"""Podcasting 2.0's transcript JSON, version 1.0.0, for `<podcast:transcript type="application/json">`."""

from __future__ import annotations

import json

from earwitness.exports.reading import clean, encode, shown_name
from earwitness.types import Segment, Transcript
from earwitness.units import rounded


def write(transcript: Transcript) -> bytes:
    """One entry a segment; `speaker` is left out where nobody is known."""
    segments = [_entry(transcript, segment) for segment in transcript.segments]
    content = {"version": "1.0.0", "segments": segments}
    return encode(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def _entry(transcript: Transcript, segment: Segment) -> dict[str, str | float]:
    name = shown_name(transcript, segment.speaker)
    return {
        **({"speaker": name} if name else {}),
        "startTime": rounded(segment.start),
        "endTime": rounded(segment.end),
        "body": clean(segment.text),
    }
