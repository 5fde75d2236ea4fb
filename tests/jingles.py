"""Jingles, music and noise that tests make for themselves, and recordings in which jingles lie at known times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sounds import RATE, speech

LEVEL = 0.1


@cache
def tune(seconds: float, seed: int) -> np.ndarray:
    """Chords of plucked notes with a drum now and then, at `LEVEL` (RMS)."""
    rng = np.random.default_rng(seed)
    made = np.zeros(round(seconds * RATE) + 2 * RATE)
    begin = 0.0
    while begin < seconds:
        at = round(begin * RATE)
        for _ in range(rng.integers(1, 4)):
            note = _note(440 * 2 ** (rng.integers(-21, 15) / 12), rng)
            made[at : at + len(note)] += note
        if rng.random() < 0.4:
            made[at : at + 1600] += 1.5 * rng.standard_normal(1600) * np.exp(-np.arange(1600) / 270)
        begin += rng.choice([0.15, 0.2, 0.3, 0.45])
    return level(made[: round(seconds * RATE)])


def _note(hertz: float, rng: np.random.Generator) -> np.ndarray:
    times = np.arange(round(0.8 * RATE)) / RATE
    slope = rng.uniform(0.8, 2)
    waves = [
        np.sin(2 * np.pi * hertz * harmonic * times + rng.uniform(0, 6)) / harmonic**slope
        for harmonic in range(1, 7)
        if harmonic * hertz < RATE / 2
    ]
    return sum(waves) * np.exp(-times * rng.uniform(3, 8)) * np.minimum(times / 0.01, 1)


def noise(seconds: float, seed: int) -> np.ndarray:
    """Pink noise at `LEVEL`."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    return level(np.fft.irfft(spectrum / np.sqrt(1 + np.arange(len(spectrum))), count))


def level(samples: np.ndarray, rms: float = LEVEL) -> np.ndarray:
    return samples * (rms / np.sqrt(np.mean(samples**2)))


BACKGROUNDS = {
    "speech": lambda seconds, seed: level(speech(seconds, 30 * seed)),
    "noise": noise,
    "music": lambda seconds, seed: tune(seconds, 1000 + seed),
}


@cache
def background(kind: str, seconds: float, seed: int) -> np.ndarray:
    return BACKGROUNDS[kind](seconds, seed)


@dataclass(frozen=True)
class Show:
    """A recording, and where which jingle begins in it, in seconds."""

    samples: np.ndarray
    planted: tuple[tuple[int, float], ...]


def show(
    kind: str, jingles: list[np.ndarray], seconds: float, seed: int, gain_db: float = 0.0, *, mixed: bool = False
) -> Show:
    """A background in which each jingle is heard twice, so many dB louder than it: in its place, or with it."""
    samples = background(kind, seconds, seed).copy()
    rng = np.random.default_rng(seed)
    room = seconds / (2 * len(jingles))
    planted = []
    for slot, number in enumerate(rng.permutation([*range(len(jingles))] * 2)):
        jingle = jingles[number] * 10 ** (gain_db / 20)
        first = round((slot * room + rng.uniform(0, room - len(jingle) / RATE)) * RATE)
        samples[first : first + len(jingle)] *= mixed
        samples[first : first + len(jingle)] += jingle
        planted.append((int(number), first / RATE))
    return Show(samples, tuple(planted))


def write_mp3(path: Path, samples: np.ndarray, bit_rate: int) -> Path:
    """A mono MP3 at `RATE`, by PyAV."""
    import av

    with av.open(str(path), "w", format="mp3") as file:
        stream = file.add_stream("mp3", rate=RATE, layout="mono", bit_rate=bit_rate)
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[np.newaxis], "fltp", "mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return path
