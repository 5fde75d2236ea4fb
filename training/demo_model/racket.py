"""Short sounds that nobody says: knocks, barks, coughs, laughs, squeaks, as far as noise and pulses make them."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.signal import lfilter

from earwitness.units import SAMPLE_RATE_HZ, to_samples
from mel import log_power

COUNT = 600
SECONDS, PITCH_HZ, GLIDE = (0.05, 0.9), (70.0, 1200.0), (0.5, 1.8)
RESONANCES, RESONANCE_HZ, BANDWIDTH_HZ = (1, 4), (150.0, 6000.0), (50.0, 2000.0)
ATTACK_S, DECAY_S = (0.001, 0.15), (0.02, 0.5)
TIMES, REPEATED = (2, 6), 0.3
"""How often the sound comes in a row, where it does: clocks, laughter."""
LOUDNESS = (0.01, 0.3)


@cache
def racket() -> list[np.ndarray]:
    """The log power of all of them; the same ones each time."""
    return [log_power(_sound(np.random.default_rng([1, number]))).astype(np.float32) for number in range(COUNT)]


def _sound(rng: np.random.Generator) -> np.ndarray:
    """Pulses and noise through resonances, that swell and fade, once or some times."""
    length = to_samples(rng.uniform(*SECONDS))
    time = np.arange(length) / SAMPLE_RATE_HZ
    shape = np.minimum(1, time / rng.uniform(*ATTACK_S)) * np.exp(-time / _between(rng, DECAY_S))
    sound = _resonating(_source(length, rng), rng) * shape
    if rng.random() < REPEATED:
        gap = np.zeros(to_samples(rng.uniform(0.03, 0.4)))
        times = [np.concatenate([sound * rng.uniform(0.5, 1), gap]) for _ in range(rng.integers(*TIMES))]
        sound = np.concatenate(times)
    return (sound / np.abs(sound).max() * _between(rng, LOUDNESS)).astype(np.float32)


def _source(length: int, rng: np.random.Generator) -> np.ndarray:
    """Noise, or pulses of a pitch that glides, or something of both."""
    glide = np.linspace(1, rng.uniform(*GLIDE), length)
    phase = np.cumsum(_between(rng, PITCH_HZ) * glide / SAMPLE_RATE_HZ)
    pulses = np.diff(np.floor(phase), prepend=-1)
    share = rng.choice([0.0, 1.0, rng.random()])
    return share * pulses / pulses.std() + (1 - share) * rng.standard_normal(length)


def _resonating(source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A source through a few resonances side by side (two poles each)."""
    heard = 0.02 * source
    for _ in range(rng.integers(*RESONANCES, endpoint=True)):
        radius = np.exp(-np.pi * _between(rng, BANDWIDTH_HZ) / SAMPLE_RATE_HZ)
        angle = 2 * np.pi * _between(rng, RESONANCE_HZ) / SAMPLE_RATE_HZ
        heard = heard + (1 - radius) * lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], source)
    return heard


def _between(rng: np.random.Generator, span: tuple[float, float]) -> float:
    """As often near the low end as near the high one, in proportion."""
    return float(np.exp(rng.uniform(*np.log(span))))
