"""Text to sound as OpenAI's audio API gives it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from earwitness.errors import OptionError
from earwitness.options import SpeechOptions
from earwitness.toolkit import encoding, synthesis

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MOST_CHARACTERS = 4096
VOICES = {
    "alloy": "en-us",
    "ash": "en-us+m3",
    "ballad": "en-gb+m7",
    "cedar": "en-us+m2",
    "coral": "en-us+f3",
    "echo": "en-us+m1",
    "fable": "en-gb",
    "marin": "en-us+f1",
    "nova": "en-us+f2",
    "onyx": "en-us+m4",
    "sage": "en-us+f5",
    "shimmer": "en-us+f4",
    "verse": "en-gb+m5",
}
"""The voices of OpenAI, by which its clients ask, and those of espeak-ng for them; others are espeak-ng's own."""
TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
PCM_RATE_HZ = 24_000
"""Of `pcm`: 16 bits, little-endian, one channel."""


def spoken(text: str, voice: str, shape: str, speed: float) -> bytes:
    """A text as a sound file; `shape` is a key of `TYPES`.

    Raises:
        OptionError: no such voice or shape, a speed out of its range.
        ScriptError: there is nothing to say.
        ExtraError: the extra `tts` is not installed.
    """
    if shape not in TYPES:
        raise OptionError(f"response_format: {shape[:40]!r} is none of {', '.join(TYPES)}")
    options = SpeechOptions(voice=VOICES.get(voice, voice), speed=speed)
    engine = synthesis.synthesizer(options)
    blocks = synthesis.blocks(text, options, engine=engine)
    if shape == "pcm":
        return b"".join(_pcm(blocks, engine.sample_rate))
    file = io.BytesIO()
    encoding.encode(blocks, engine.sample_rate, file, encoding.FORMS[f".{shape}"])
    return file.getvalue()


def _pcm(blocks: Iterator[FloatArray], sample_rate: int) -> Iterator[bytes]:
    import soxr

    for block in blocks:
        resampled = soxr.resample(block, sample_rate, PCM_RATE_HZ)
        yield np.rint(np.clip(resampled, -1, 1) * 32_767).astype("<i2").tobytes()
