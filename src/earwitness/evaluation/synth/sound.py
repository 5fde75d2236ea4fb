"""What a recording does to voices, and what it has beside them: rooms, telephone lines, noise, music, levels.

Samples are float32, shape (n,), mono at 16 kHz. Nothing here moves speech in time: a truth made before stays true.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from earwitness.extras import require
from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

TELEPHONE_RATE_HZ = 8000
TELEPHONE_BAND_HZ = (300.0, 3400.0)
"""ITU-T G.711 and G.712."""
_FILTER_ORDER = 4

FALL_60_DB = np.log(1e6) / 2
"""Amplitude falls by 60 dB where its natural logarithm falls by this."""
ROOM_M3, MICROPHONE_M, CRITICAL = 60.0, 0.5, 0.057
"""A living room, a microphone near the mouth, and the constant of the critical distance, in SI units."""
FIRST_ECHO_S = 0.005

CHORD_S = 2.4
CHORD_FADE_S = 0.8
"""Chords fade into one another."""
PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 5, 4), (5, 3, 0, 4), (0, 4, 5, 3), (0, 2, 3, 4))
"""Degrees of the major scale on which the chords stand, from 0."""
MAJOR = (0, 2, 4, 5, 7, 9, 11)
KEYS_HZ = (130.81, 146.83, 164.81, 174.61, 196.00)
PARTIALS = (1.0, 0.35, 0.15, 0.05)
PLUCKS, PLUCK_LOUDNESS, PLUCK_S, PLUCK_ATTACK_S = 8, 0.8, 0.25, 0.005
"""Broken notes in each chord, an octave above it, and how soon they fade."""


def factor(level_db: float) -> float:
    """Decibels to what amplitudes are multiplied by.

    >>> factor(-20.0)
    0.1
    """
    return float(10 ** (level_db / 20))


def impulse_response(decay_s: Seconds, rng: np.random.Generator) -> FloatArray:
    """A room's answer to a click: the click at sample 0, then noise that falls by 60 dB in `decay_s` (its RT60).

    Direct sound and reverberation have the same energy at the critical distance, 0.057 sqrt(volume / RT60) metres for
    a voice that speaks all around (Kuttruff, Room Acoustics); the microphone stays where it is.
    """
    time = np.arange(to_samples(decay_s)) / SAMPLE_RATE_HZ
    response = rng.standard_normal(len(time)) * np.exp(-FALL_60_DB / decay_s * time)
    response[: to_samples(FIRST_ECHO_S)] = 0
    energy = MICROPHONE_M**2 * decay_s / (CRITICAL**2 * ROOM_M3)
    response *= np.sqrt(energy / max(float(np.sum(response**2)), 1e-12))
    response[0] = 1
    return np.asarray(response, np.float32)


def reverberated(samples: FloatArray, response: FloatArray) -> FloatArray:
    """The samples heard in a room; longer than before by its answer."""
    signal = require("scipy.signal", "tts")
    return np.asarray(signal.oaconvolve(samples, response), np.float32) if len(samples) else samples


def telephone(samples: FloatArray) -> FloatArray:
    """The samples as a telephone line lets them through: 300 to 3400 Hz, sampled at 8 kHz on the way.

    The filter runs forwards and backwards (Butterworth, order 4 each way), so that it delays nothing.
    """
    signal, soxr = require("scipy.signal", "tts"), require("soxr", "tts")
    narrow = soxr.resample(samples, SAMPLE_RATE_HZ, TELEPHONE_RATE_HZ)
    if not len(narrow):
        return np.zeros_like(samples)
    band = signal.butter(_FILTER_ORDER, TELEPHONE_BAND_HZ, "bandpass", fs=TELEPHONE_RATE_HZ, output="sos")
    heard = signal.sosfiltfilt(band, narrow, padtype=None)
    wide = np.asarray(soxr.resample(heard.astype(np.float32), TELEPHONE_RATE_HZ, SAMPLE_RATE_HZ), np.float32)
    return np.pad(wide[: len(samples)], (0, max(0, len(samples) - len(wide))))


def music(rng: np.random.Generator) -> FloatArray:
    """Soft chords and broken notes in a major key: 19 s that can be played round and round, RMS 1."""
    key_hz, progression = rng.choice(KEYS_HZ), PROGRESSIONS[rng.integers(len(PROGRESSIONS))] * 2
    chord = to_samples(CHORD_S)
    loop = np.zeros(len(progression) * chord)
    for index, degree in enumerate(progression):
        notes_hz = [key_hz * 2 ** (_semitones(degree + step) / 12) for step in (0, 2, 4)]
        sound = _pad(notes_hz, chord)
        for start in range(0, chord, chord // PLUCKS):
            sound[start:] += _pluck(2 * rng.choice(notes_hz), len(sound) - start)
        loop[(index * chord + np.arange(len(sound))) % len(loop)] += sound
    return np.asarray(loop / np.sqrt(np.mean(loop**2)), np.float32)


def _semitones(degree: int) -> int:
    octave, step = divmod(degree, len(MAJOR))
    return 12 * octave + MAJOR[step]


def _pad(notes_hz: Sequence[float], length: int) -> npt.NDArray[np.float64]:
    """A chord that swells, and fades after `length` samples."""
    fade = to_samples(CHORD_FADE_S)
    time = np.arange(length + fade)
    tones = np.sum([_tone(note_hz, len(time)) for note_hz in notes_hz], axis=0)
    return np.asarray(tones * np.minimum(1, np.minimum(time, len(time) - time) / fade))


def _pluck(note_hz: float, length: int) -> npt.NDArray[np.float64]:
    time = np.arange(length) / SAMPLE_RATE_HZ
    return PLUCK_LOUDNESS * _tone(note_hz, length) * np.exp(-time / PLUCK_S) * np.minimum(1, time / PLUCK_ATTACK_S)


def _tone(note_hz: float, length: int) -> npt.NDArray[np.float64]:
    angle = 2 * np.pi * note_hz / SAMPLE_RATE_HZ * np.arange(length)
    return np.asarray(sum(loudness * np.sin(n * angle) for n, loudness in enumerate(PARTIALS, 1)))


class Level:
    """A factor that changes over time: it goes to each new value in a straight line, `ramp` samples long."""

    def __init__(self, ramp: int) -> None:
        self._ramp = ramp
        self._times, self._values = [0], [0.0]

    def change(self, sample: int, value: float) -> None:
        """From `sample` on to another value; changes come in the order of time."""
        now = float(np.interp(sample, self._times, self._values))
        known = bisect_left(self._times, sample)
        self._times[known:] = [sample, sample + self._ramp]
        self._values[known:] = [now, value]

    def over(self, start: int, count: int) -> FloatArray:
        """The factors of `count` samples from `start` on."""
        return np.interp(np.arange(start, start + count), self._times, self._values).astype(np.float32)
