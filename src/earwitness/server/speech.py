"""Text to sound as OpenAI's audio API gives it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines import espeak, on_torch, speecht5, vits
from earwitness.errors import ExtraError, OptionError
from earwitness.options import PretrainedOptions, SpeechOptions
from earwitness.server.problems import ParameterError, UnknownModelError
from earwitness.toolkit import encoding, synthesis

if TYPE_CHECKING:
    from earwitness.engines.base import Synthesizer
    from earwitness.types import FloatArray

MOST_CHARACTERS = 4096
BUILT_IN = "espeak"
MODELS = {
    **dict.fromkeys(("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", BUILT_IN), (BUILT_IN, "")),
    **dict.fromkeys(("speecht5", speecht5.MODEL), ("speecht5", "")),
    **dict.fromkeys(("vits", vits.MODEL), ("vits", "")),
}
"""Names by which callers ask -> the engine, and its model where that is not the engine's own."""
_MMS = re.compile(r"facebook/mms-tts-[a-z]{3}(-script_[a-z]+)?(-dialect_[a-z]+)?")
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


@dataclass(frozen=True)
class Asked:
    """A text that is to be spoken; `shape` is a key of `TYPES`."""

    text: str
    options: SpeechOptions
    shape: str

    @property
    def is_neural(self) -> bool:
        """Whether a network speaks, which takes seconds to load, and memory."""
        return self.options.engine != BUILT_IN


def options_of(model: str, voice: str, speed: float, pretrained: PretrainedOptions) -> SpeechOptions:
    """How a model and a voice of OpenAI's API are had here; voices never name files of this machine.

    Args:
        model: one of `MODELS`, or any of MMS-TTS by its hub id.
        voice: one of `VOICES`; for espeak-ng also a voice of its own, for vits the number of a speaker.
        speed: as in `SpeechOptions`.
        pretrained: how networks are had and run.

    Raises:
        UnknownModelError: there is no such model, or what it needs is not installed.
        ParameterError: no such voice.
    """
    engine, name = MODELS.get(model, ("vits", model) if _MMS.fullmatch(model) else ("", ""))
    if not engine:
        raise UnknownModelError(f"The model {model[:80]!r} does not exist; GET /v1/models lists those that do")
    try:
        if engine == BUILT_IN:
            return SpeechOptions(engine, voice=_espeak_voice(voice), speed=speed)
        on_torch.installed(f"The model {model!r}", "tts-1")
    except ExtraError as error:
        raise UnknownModelError(str(error)) from error
    is_number = engine == "vits" and voice.isdecimal()
    if voice not in VOICES and not is_number:
        more = ", or the number of a speaker" if engine == "vits" else ""
        raise ParameterError("voice", f"{voice[:40]!r} is none of {', '.join(VOICES)}{more}")
    # The voices of speecht5 are made up, each by a seed of its own; those of vits are its own.
    seed = [*VOICES].index(voice) if engine == "speecht5" else 0
    return SpeechOptions(engine, name, voice if is_number else "", speed, seed, pretrained=pretrained)


def spoken(asked: Asked, engine: Synthesizer | None = None) -> bytes:
    """A text as a sound file, by an engine that is there already or is made for it.

    Raises:
        OptionError: no such voice.
        ScriptError: there is nothing to say.
        ModelError: what speaks cannot be had.
    """
    engine = engine or synthesis.synthesizer(asked.options)
    blocks = synthesis.blocks(asked.text, asked.options, engine=engine)
    if asked.shape == "pcm":
        return b"".join(_pcm(blocks, engine.sample_rate))
    file = io.BytesIO()
    encoding.encode(blocks, engine.sample_rate, file, encoding.FORMS[f".{asked.shape}"])
    return file.getvalue()


def _espeak_voice(voice: str) -> str:
    own = VOICES.get(voice, voice)
    try:
        espeak.require_voice(own)
    except OptionError as error:
        raise ParameterError("voice", str(error)) from error
    return own


def _pcm(blocks: Iterator[FloatArray], sample_rate: int) -> Iterator[bytes]:
    import soxr

    for block in blocks:
        resampled = soxr.resample(block, sample_rate, PCM_RATE_HZ)
        yield np.rint(np.clip(resampled, -1, 1) * 32_767).astype("<i2").tobytes()
