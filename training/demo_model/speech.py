"""Sentences as training hears them: spoken by espeak-ng, without the silence around them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from earwitness.engines.espeak import Speech, speak
from earwitness.units import SAMPLE_RATE_HZ

VOICES = (
    "en-us", "en-us+m1", "en-us+m3", "en-us+m7", "en-us+f2", "en-us+f4", "en+f1", "en+m4", "en-gb-scotland+m2",
    "en-gb-x-rp+f3", "en-us-nyc+m6", "en+f5", "en-us+Andrea", "en-us+Michael", "en-us+linda", "en+m8",
)  # fmt: skip
RATES_WPM, PITCHES, PITCH_RANGES = (140, 195), (30, 70), (35, 65)
AUDIBLE = 0.01
MARGIN_BEFORE, MARGIN_AFTER = 320, 480
"""Samples kept before the first sound and after the last."""


def say(text: str, voice: str, r: Random) -> Speech:
    """The text at some rate and pitch, from a little before its first sound to a little after its last."""
    speech = speak(text, voice, rate_wpm=r.randint(*RATES_WPM), pitch=r.randint(*PITCHES),
                   pitch_range=r.randint(*PITCH_RANGES))  # fmt: skip
    loud = np.flatnonzero(np.abs(speech.samples) > AUDIBLE)
    if not len(loud):
        return Speech(np.zeros(0, np.float32), ())
    first, last = max(0, loud[0] - MARGIN_BEFORE), min(len(speech.samples), loud[-1] + MARGIN_AFTER)
    shift = first / SAMPLE_RATE_HZ
    return Speech(
        speech.samples[first:last],
        tuple(replace(word, start=max(0.0, word.start - shift), end=word.end - shift) for word in speech.words),
        tuple(replace(sound, start=max(0.0, sound.start - shift), end=sound.end - shift) for sound in speech.phonemes),
    )
