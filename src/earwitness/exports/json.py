"""The transcript JSON, schema `earwitness.transcript/1`: a superset of Whisper's and whisperX's, so theirs read it.

`transcript.schema.json` beside this file is its JSON Schema (2020-12).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earwitness.errors import TranscriptError
from earwitness.exports.reading import encode
from earwitness.files import read_json
from earwitness.types import Transcript


def write(transcript: Transcript) -> bytes:
    """`Transcript.to_dict`, laid out so that every word, speaker and span has a line of its own.

    Raises:
        ValueError, OverflowError: a number is not finite, which JSON cannot say.
    """
    return encode(_layout(transcript.to_dict()) + "\n")


def read(path: Path) -> Transcript:
    """The transcript in a file that `write` made.

    Raises:
        TranscriptError: there is no such file, or it holds something else.
    """
    content = read_json(path, "give a STEM.json of ours")
    try:
        return Transcript.from_dict(content)
    except (TranscriptError, OverflowError) as error:
        raise TranscriptError(f"{path}: {error}") from error


def _layout(value: Any, indent: str = "") -> str:
    """JSON in which a list or object that holds no other is one line: a word takes one line rather than eight."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if not any(isinstance(item, dict | list) for item in items):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    deeper = indent + "  "
    laid = [_layout(item, deeper) for item in items]
    if isinstance(value, dict):
        laid = [f"{json.dumps(key, ensure_ascii=False)}: {item}" for key, item in zip(value, laid, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(laid) + f"\n{indent}{closing}"
