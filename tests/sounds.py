"""Recordings that tests make for themselves."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np

from earwitness.audio import load
from earwitness.types import Audio

RATE = 16_000
EPISODE = Path(__file__).parents[1] / "examples" / "episode.flac"


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """A 16-bit mono WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def speech(seconds: float, start: float = 0.0) -> np.ndarray:
    """A part of the episode that ships with the project."""
    return _episode().between(start, start + seconds)


@cache
def _episode() -> Audio:
    return load(EPISODE)


def bursts(seconds: float, *spans: tuple[float, float], seed: int = 0) -> np.ndarray:
    """Silence with noise in the given spans of seconds."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    noise = np.random.default_rng(seed)
    for start, end in spans:
        first, last = round(start * RATE), round(end * RATE)
        samples[first:last] = 0.1 * noise.standard_normal(last - first)
    return samples
