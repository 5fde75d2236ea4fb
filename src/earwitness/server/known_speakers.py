"""Speakers whom a caller of OpenAI's API knows: names, and a few seconds of each as a data URL."""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness import engines
from earwitness.audio import load
from earwitness.library.voices import checked_name
from earwitness.server.problems import ParameterError
from earwitness.types import Transcript, Turn
from earwitness.voices import Print, proposals, voice_prints

MOST = 4
"""So many may be named, as in OpenAI's reference."""
REFERENCES = "known_speaker_references[]"
_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,(.*)", re.DOTALL)


@dataclass(frozen=True)
class KnownSpeaker:
    """Who somebody is, and a file in which only they speak."""

    name: str
    content: bytes


def parsed(names: Sequence[str], references: Sequence[str]) -> Sequence[KnownSpeaker]:
    """
    Raises:
        ParameterError: as many names as references are needed, four at most; a reference is a data URL in base64.
    """
    if len(names) != len(references) or len(names) > MOST:
        raise ParameterError("known_speaker_names[]", f"give as many as known_speaker_references[], {MOST} at most")
    return [KnownSpeaker(checked_name(name), _decoded(one)) for name, one in zip(names, references, strict=True)]


def found(known: Sequence[KnownSpeaker], transcript: Transcript, recording: Path) -> Mapping[str, str]:
    """Speaker's label -> who of those known it probably is.

    Raises:
        AudioError: a reference is no audio.
        ParameterError: it is too short.
    """
    embedder = engines.print_embedder()
    prints: dict[str, Print] = {}
    for one in known:
        with tempfile.NamedTemporaryFile() as file:
            file.write(one.content)
            file.flush()
            audio = load(file.name)
        own = voice_prints(audio, [Turn(0.0, audio.duration, one.name)], embedder)
        if one.name not in own:
            raise ParameterError(REFERENCES, f"that of {one.name} is too short; give 3 seconds or more")
        prints |= own
    heard = voice_prints(load(recording), transcript.turns, embedder)
    return {label: proposal.name for label, proposal in proposals(heard, prints).items()}


def _decoded(url: str) -> bytes:
    match = _DATA_URL.fullmatch(url)
    try:
        if match is None:
            raise ValueError
        return base64.b64decode(match[1], validate=True)
    except (ValueError, binascii.Error):
        raise ParameterError(REFERENCES, "give data URLs, as data:audio/wav;base64,...") from None
