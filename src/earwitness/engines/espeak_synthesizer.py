"""espeak-ng as an engine that speaks: small, quick, in over a hundred languages, and audibly a machine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from earwitness.engines import espeak
from earwitness.errors import OptionError
from earwitness.options import SpeechOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE_WPM = 165
"""Words a minute at a speed of 1: an unhurried speaker."""
MOST_CHARACTERS = 1000
"""Said in one go; its events have to be collected before there is any sound."""


class Espeak:
    """espeak-ng with one of its voices, and at its own rate: 22,050 Hz."""

    name = "espeak"

    def __init__(self, options: SpeechOptions, timbre: FloatArray | None = None) -> None:
        if options.model or options.vocoder:
            raise OptionError("--engine espeak has no other model; choose one of its voices with --voice")
        if timbre is not None:
            raise OptionError("--engine espeak cannot sound like somebody; choose one of its voices with --voice")
        self.model = options.voice or espeak.DEFAULT_VOICE
        self.language = espeak.require_voice(self.model)
        self.speeds = espeak.RATES_WPM[0] / RATE_WPM, espeak.RATES_WPM[1] / RATE_WPM

    @property
    def sample_rate(self) -> int:
        return espeak.own_rate()

    @property
    def versions(self) -> Mapping[str, str]:
        return {"espeakng-loader": espeak.package_version()}

    def identity(self) -> str:
        return f"{self.name}:{self.model}:{espeak.package_version()}"

    def fits(self, text: str) -> bool:
        return len(text) <= MOST_CHARACTERS

    def missing(self, text: str) -> Collection[str]:
        # It names the letters of scripts that its voice does not read.
        return ()

    def speak(self, text: str, speed: float = 1.0) -> FloatArray:
        samples, _ = espeak.sound(text, self.model, rate_wpm=round(speed * RATE_WPM))
        return samples
