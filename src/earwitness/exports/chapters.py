"""Podcasting 2.0's chapters JSON, version 1.2.0 (`application/json+chapters`)."""

from __future__ import annotations

import json

from earwitness.exports.reading import clean, encode
from earwitness.types import Transcript
from earwitness.units import rounded


def write(transcript: Transcript) -> bytes:
    """One entry a chapter, times in seconds."""
    chapters = [
        {"startTime": rounded(chapter.start), "endTime": rounded(chapter.end), "title": clean(chapter.title)}
        for chapter in transcript.chapters
    ]
    content = {"version": "1.2.0", "chapters": chapters}
    return encode(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
