"""Windows of recordings as the classifier may meet them: coloured, in a room, over a line, over noise, soft."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from instruments import between
from noises import coloured
from recordings import Recording
from scipy.signal import butter, fftconvolve, resample, sosfilt

from earwitness.engines.sound_net import SILENT_DB, level_db
from earwitness.engines.sound_statistics import statistics
from earwitness.units import SAMPLE_RATE_HZ, to_samples

WINDOW_S = 3.0
SHORTEST_S = 0.4
WHOLE = 0.7
"""How often a window is of full length."""


def windows(samples: np.ndarray) -> Iterator[np.ndarray]:
    """One after the other, each of full length but the last; none that is as good as silent."""
    size = to_samples(WINDOW_S)
    for start in range(0, len(samples), size):
        window = samples[start : start + size]
        if len(window) >= to_samples(SHORTEST_S) and level_db(window) > SILENT_DB + 5:
            yield window


def heard(recording: Recording, times: int, rng: np.random.Generator) -> np.ndarray:
    """Statistics of every window as it is and `times` windows spoiled: shape (n, SIZE)."""
    rows = [statistics(window) for window in windows(recording.samples)]
    for _ in range(times):
        seconds = WINDOW_S if rng.random() < WHOLE else rng.uniform(SHORTEST_S, WINDOW_S)
        size = min(len(recording.samples), to_samples(seconds))
        start = int(rng.integers(len(recording.samples) - size + 1))
        window = recording.samples[start : start + size]
        if level_db(window) > SILENT_DB + 5:
            rows.append(statistics(spoiled(window, recording.label, rng)))
    return np.array(rows)


def spoiled(samples: np.ndarray, label: str, rng: np.random.Generator) -> np.ndarray:
    sound = samples.astype(np.float64)
    if label == "noise" and rng.random() < 0.4:
        sound = resample(sound, int(len(sound) * rng.uniform(0.8, 1.25)))
    if rng.random() < 0.25:
        sound = _room(sound, rng)
    sound = _equalised(sound, rng)
    if rng.random() < 0.15:
        sound = sosfilt(butter(4, [300, 3400], "band", fs=SAMPLE_RATE_HZ, output="sos"), sound)
    if rng.random() < 0.35:
        floor = coloured(len(sound), rng) * np.sqrt(np.mean(sound**2))
        sound = sound + floor * 10 ** (-rng.uniform(8, 45) / 20)
    sound *= between(rng, 0.003, 0.3) / (np.sqrt(np.mean(sound**2)) + 1e-9)
    return (np.round(np.clip(sound, -1, 1) * 32767) / 32768).astype(np.float32)


def _room(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    decay_s = between(rng, 0.15, 2.0)
    time = np.arange(to_samples(decay_s)) / SAMPLE_RATE_HZ
    answer = rng.standard_normal(len(time)) * np.exp(-6.9 * time / decay_s) * rng.uniform(0.01, 0.12)
    answer[0] = 1
    return fftconvolve(sound, answer)[: len(sound)]


def _equalised(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tilt and some bumps, as microphones, codecs and mixing desks give."""
    frequencies = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 30.0)
    gain = (frequencies / 1000) ** rng.normal(0, 0.25)
    for _ in range(rng.integers(0, 3)):
        gain *= np.exp(rng.normal(0, 0.6) * np.exp(-((np.log(frequencies / between(rng, 80, 7000)) / 0.5) ** 2)))
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))
