"""Instruments made here: what a note of each sounds like, float64 (n,) at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from earwitness.units import SAMPLE_RATE_HZ, to_samples

Note = Callable[[float, int], np.ndarray]
"""A pitch in hertz and a length in samples to sound; it may ring on for longer."""


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """As often near the low end as near the high one, in proportion."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@dataclass(frozen=True)
class Envelope:
    """How a note swells, falls to a share of its loudness, and ends; in seconds."""

    attack_s: float
    decay_s: float
    sustain: float
    release_s: float

    def over(self, held: int) -> np.ndarray:
        time = np.arange(held + to_samples(self.release_s)) / SAMPLE_RATE_HZ
        shape = self.sustain + (1 - self.sustain) * np.exp(-time / self.decay_s)
        ending = np.clip((len(time) - np.arange(len(time))) / max(1, len(time) - held), 0, 1)
        return np.minimum(1, time / self.attack_s) * shape * ending


def _envelope(rng: np.random.Generator) -> Envelope:
    """One that is struck or plucked, or one that is held."""
    if rng.random() < 0.5:
        return Envelope(between(rng, 0.001, 0.01), between(rng, 0.08, 1.5), 0.0, between(rng, 0.02, 0.8))
    return Envelope(between(rng, 0.01, 0.4), between(rng, 0.2, 2), rng.uniform(0.5, 1), between(rng, 0.03, 0.6))


def partials(rng: np.random.Generator) -> Note:
    """Sines in whole or nearly whole proportions: organs, pianos, reeds, brass, bells, strings with vibrato."""
    count = int(rng.integers(1, 16))
    slope, odd = rng.uniform(0.3, 2.2), rng.random() < 0.2
    loudness = np.arange(1, count + 1) ** -slope * rng.uniform(0.2, 1, count)
    loudness[1::2] *= 0.1 if odd else 1
    stretch = rng.choice([0.0, between(rng, 1e-4, 2e-3)])
    bell = 1 + (rng.random(count) * 0.6 if rng.random() < 0.12 else np.zeros(count))
    shape = _envelope(rng)
    vibrato_hz, depth = rng.uniform(4, 7), rng.choice([0.0, rng.uniform(0.001, 0.012)])
    choir = int(rng.choice([1, 1, 2, 3]))
    breath = rng.choice([0.0, 0.0, rng.uniform(0.005, 0.05)])

    def note(hertz: float, held: int) -> np.ndarray:
        envelope = shape.over(held)
        time = np.arange(len(envelope)) / SAMPLE_RATE_HZ
        sound = breath * rng.standard_normal(len(time))
        for _ in range(choir):
            tuned = hertz * (1 + (rng.normal(0, 0.003) if choir > 1 else 0))
            phase = (
                2 * np.pi * tuned * (time + depth / (2 * np.pi * vibrato_hz) * np.sin(2 * np.pi * vibrato_hz * time))
            )
            for number in range(count):
                ratio = (number + 1) * bell[number] * np.sqrt(1 + stretch * (number + 1) ** 2)
                if ratio * tuned < 7800:
                    # Higher partials of what is struck fade sooner.
                    fading = np.exp(-time * number * 0.7) if shape.sustain == 0 else 1.0
                    sound = sound + loudness[number] * fading * np.sin(ratio * phase + rng.uniform(0, 6.28))
        return sound * envelope

    return note


def waveform(rng: np.random.Generator) -> Note:
    """A synthesiser's saw, square or triangle through a low pass: chip tunes, leads, basses."""
    kind, duty = rng.choice(["saw", "square", "triangle"]), rng.uniform(0.1, 0.5)
    shape, voices = _envelope(rng), int(rng.choice([1, 2, 3, 6]))
    cutoff_hz = between(rng, 400, 7500)

    def note(hertz: float, held: int) -> np.ndarray:
        envelope = shape.over(held)
        sound = np.zeros(len(envelope))
        for _ in range(voices):
            tuned = hertz * (1 + (rng.normal(0, 0.004) if voices > 1 else 0))
            phase = (np.arange(len(sound)) * tuned / SAMPLE_RATE_HZ + rng.random()) % 1
            waves = {"saw": 2 * phase - 1, "square": np.where(phase < duty, 1.0, -1.0)}
            sound += waves.get(kind, 4 * np.abs(phase - 0.5) - 1)
        return sosfilt(butter(2, cutoff_hz, fs=SAMPLE_RATE_HZ, output="sos"), sound * envelope)

    return note


def modulated(rng: np.random.Generator) -> Note:
    """One sine that moves the phase of another (Chowning, 1973): electric pianos, bells, brass."""
    ratio, index = float(rng.choice([0.5, 1, 1, 2, 3, 1.41, 3.5])), between(rng, 0.3, 6)
    shape, fading_s = _envelope(rng), between(rng, 0.1, 2)

    def note(hertz: float, held: int) -> np.ndarray:
        envelope = shape.over(held)
        time = np.arange(len(envelope)) / SAMPLE_RATE_HZ
        moved = index * np.exp(-time / fading_s) * np.sin(2 * np.pi * ratio * hertz * time)
        return envelope * np.sin(2 * np.pi * hertz * time + moved)

    return note


def string(rng: np.random.Generator) -> Note:
    """A plucked one (Karplus and Strong, 1983): guitars, harps, basses; overdriven perhaps."""
    loss, soft, drive = rng.uniform(0.985, 0.999), rng.uniform(0.2, 0.9), rng.choice([0.0, 0.0, rng.uniform(2, 20)])

    def note(hertz: float, held: int) -> np.ndarray:
        period = max(2, round(SAMPLE_RATE_HZ / hertz - 0.5))
        length = held + to_samples(0.3)
        burst = np.zeros(length)
        burst[:period] = lfilter([soft], [1, soft - 1], rng.uniform(-1, 1, period))[: len(burst[:period])]
        back = np.zeros(period + 2)
        back[0], back[period], back[period + 1] = 1, -loss / 2, -loss / 2
        sound = lfilter([1.0], back, burst)
        sound = np.tanh(drive * sound) / 2 if drive else sound
        return sound * np.clip((length - np.arange(length)) / to_samples(0.2), 0, 1)

    return note


def singer(rng: np.random.Generator) -> Note:
    """Pulses with vibrato through the resonances of vowels: humming, choirs, a voice that sings ah."""
    size = rng.uniform(0.85, 1.2)
    vibrato_hz, depth = rng.uniform(4.5, 6.5), rng.uniform(0.004, 0.02)
    vowels = ((700, 1150, 2500), (300, 2200, 2900), (350, 800, 2500), (500, 1800, 2500), (450, 900, 2600))
    shape = Envelope(rng.uniform(0.03, 0.15), 1.0, 0.9, 0.1)

    def note(hertz: float, held: int) -> np.ndarray:
        envelope = shape.over(held)
        time = np.arange(len(envelope)) / SAMPLE_RATE_HZ
        glide = 1 - 0.06 * np.exp(-time / 0.06)
        pitch = hertz * glide * (1 + depth * np.sin(2 * np.pi * vibrato_hz * time))
        phase = np.cumsum(pitch) / SAMPLE_RATE_HZ
        source = np.diff(np.floor(phase), prepend=0.0) + 0.01 * rng.standard_normal(len(time))
        sound = np.zeros(len(time))
        for formant_hz, width_hz in zip(vowels[rng.integers(len(vowels))], (80, 100, 150), strict=True):
            radius, angle = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ), 2 * np.pi * formant_hz * size / SAMPLE_RATE_HZ
            sound += (1 - radius) * lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], source)
        return 3 * sound * envelope

    return note


INSTRUMENTS = (partials, partials, partials, waveform, modulated, string, string, singer)


def drum(kind: str, rng: np.random.Generator) -> np.ndarray:
    """One stroke of a kick, snare, hat, tom or shaker, each time a little different."""
    time = np.arange(to_samples(0.4)) / SAMPLE_RATE_HZ
    noise = rng.standard_normal(len(time))
    if kind in ("kick", "tom"):
        base = rng.uniform(40, 60) if kind == "kick" else rng.uniform(80, 200)
        sweep = base * time + base * rng.uniform(1, 3) * 0.03 * (1 - np.exp(-time / 0.03))
        return np.sin(2 * np.pi * sweep) * np.exp(-time / rng.uniform(0.06, 0.2)) + 0.05 * noise * np.exp(-time / 0.01)
    if kind == "snare":
        body = 0.5 * np.sin(2 * np.pi * rng.uniform(160, 240) * time) * np.exp(-time / 0.06)
        return body + 0.5 * noise * np.exp(-time / rng.uniform(0.04, 0.15))
    high = sosfilt(butter(2, rng.uniform(3000, 6500), "high", fs=SAMPLE_RATE_HZ, output="sos"), noise)
    return 0.4 * high * np.exp(-time / (rng.uniform(0.01, 0.06) if kind == "hat" else rng.uniform(0.05, 0.2)))
