"""Sentences as training hears them: spoken by espeak-ng, without the silence around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from earwitness.engines.espeak import SpokenWord, speak
from earwitness.units import SAMPLE_RATE_HZ as SAMPLE_RATE

VOICES = (
    "en-us", "en-us+m1", "en-us+m3", "en-us+m7", "en-us+f2", "en-us+f4", "en+f1", "en+m4", "en-gb-scotland+m2",
    "en-gb-x-rp+f3", "en-us-nyc+m6", "en+f5", "en-us+Andrea", "en-us+Michael", "en-us+linda", "en+m8",
)  # fmt: skip
AUDIBLE = 0.01
MARGIN_BEFORE, MARGIN_AFTER = 320, 480


def say(
    text: str, voice: str, rate_wpm: int = 165, pitch: int = 50, pitch_range: int = 50
) -> tuple[np.ndarray, list[SpokenWord]]:
    """Samples (float32, 16 kHz) from a little before the first sound to a little after the last, and the words."""
    speech = speak(text, voice, rate_wpm=rate_wpm, pitch=pitch, pitch_range=pitch_range)
    loud = np.flatnonzero(np.abs(speech.samples) > AUDIBLE)
    if not len(loud):
        return np.zeros(0, np.float32), []
    first, last = max(0, loud[0] - MARGIN_BEFORE), min(len(speech.samples), loud[-1] + MARGIN_AFTER)
    shift = first / SAMPLE_RATE
    words = [replace(word, start=max(0.0, word.start - shift), end=word.end - shift) for word in speech.words]
    return speech.samples[first:last], words
