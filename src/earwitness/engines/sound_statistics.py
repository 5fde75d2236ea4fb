"""What the built-in sound classifier knows of a window of sound: some hundred numbers, whatever its level and length.

Three kinds of them. Cepstra (the colour of the sound): their means, their deviations and how much they change. The fine
structure of the spectrum, its peaks without its slope: how far it stands out and how well it agrees with itself a
moment later, over six lags and in two bands; tones of instruments stay where they are, voices glide, noise draws new
peaks each time. The level: how it comes and goes, and whether its onsets keep a beat.

Scheirer and Slaney, "Construction and evaluation of a robust multifeature speech/music discriminator", 1997, for
statistics of this kind; Logan, "Mel frequency cepstral coefficients for music modeling", 2000, for the cepstra.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FRAME, HOP = 1024, 512
"""64 ms of sound at 16 kHz every 32 ms."""
BANDS = 32
LOWEST_HZ, HIGHEST_HZ = 50.0, 7600.0
CEPSTRA = 13
FLOOR_DB = 70.0
"""What is softer than the loudest band by this does not count."""
SLOPE_BINS = 15
"""What is left of a spectrum without its mean over so many bins (234 Hz) is its fine structure."""
DEPTH = (-1.5, 3.0)
"""Peaks and troughs are bounded (nepers)."""
LAGS = (1, 2, 4, 8, 16, 31)
"""From a frame to the one after and to the one a second later."""
PEAKY_BANDS = (slice(4, 96), slice(96, 384))
"""Of the spectrum: 62 Hz to 1.5 kHz and from there to 6 kHz."""
QUANTILES = (10, 50, 90)
BEATS = slice(6, 32)
"""Lags at which a beat is looked for: 0.2 to 1 s."""


def statistics(samples: FloatArray) -> FloatArray:
    """The numbers of one window, float32 (SIZE,), finite.

    Args:
        samples: float32 (n,) at 16 kHz, of any length; short ones are taken with silence after them.

    >>> statistics(np.zeros(16_000, np.float32)).shape == (SIZE,)
    True
    """
    if len(samples) < FRAME:
        samples = np.pad(samples, (0, FRAME - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP] * _window()
    magnitudes = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32)
    bands = _decibels(magnitudes**2 @ _mel_bands())
    fine = [_fine_structure(magnitudes[:, band]) for band in PEAKY_BANDS]
    parts = [_colour(bands), *(_peaks(*structure) for structure in fine), _level(magnitudes, bands)]
    return np.concatenate(parts, dtype=np.float32)


def _decibels(power: FloatArray) -> FloatArray:
    """Against the loudest of all, down to the floor: 0 to `FLOOR_DB`."""
    levels = 10 * np.log10(power + 1e-12)
    return np.asarray(np.maximum(levels - levels.max() + FLOOR_DB, 0), np.float32)


def _colour(bands: FloatArray) -> FloatArray:
    """Means of the cepstra but the first, deviations of all of them, and of their changes from frame to frame."""
    cepstra = bands @ _cosines()
    changes = np.diff(cepstra, axis=0) if len(cepstra) > 1 else np.zeros_like(cepstra)
    return np.concatenate([cepstra.mean(axis=0)[1:], cepstra.std(axis=0), np.abs(changes).mean(axis=0)])


def _fine_structure(magnitudes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The spectra's peaks without their slope, each of length one, and their lengths before (nepers)."""
    levels = np.log(magnitudes + 1e-6 * float(magnitudes.max()) + 1e-9)
    sums = np.cumsum(np.pad(levels, ((0, 0), (SLOPE_BINS // 2 + 1, SLOPE_BINS // 2)), "edge"), axis=1)
    fine = np.clip(levels - (sums[:, SLOPE_BINS:] - sums[:, :-SLOPE_BINS]) / SLOPE_BINS, *DEPTH)
    fine -= fine.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(fine, axis=1)
    return fine / np.maximum(lengths, 1e-9)[:, None], lengths / np.sqrt(fine.shape[1])


def _peaks(fine: FloatArray, relief: FloatArray) -> FloatArray:
    """How far peaks stand out, and how like each other spectra are over each lag: 0 where the window is too short."""
    alike = [_quantiles(np.einsum("tb,tb->t", fine[:-lag], fine[lag:])) for lag in LAGS]
    return np.concatenate([_quantiles(relief), *alike])


def _quantiles(values: FloatArray) -> FloatArray:
    """As `np.percentile` gives them, in a tenth of its time; zeros where there are no values."""
    if not len(values):
        return np.zeros(len(QUANTILES), np.float32)
    places = np.array(QUANTILES) / 100 * (len(values) - 1)
    return np.asarray(np.interp(places, np.arange(len(values)), np.sort(values)), np.float32)


def _level(magnitudes: FloatArray, bands: FloatArray) -> FloatArray:
    """Deviation of the level, how often it is low, onsets, their beat, flatness and brightness."""
    level = _decibels((magnitudes**2).sum(1, keepdims=True))[:, 0]
    rises = np.maximum(np.diff(bands, axis=0), 0).mean(axis=1) if len(bands) > 1 else np.zeros(1, np.float32)
    flatness = np.log(magnitudes + 1e-9).mean(1) - np.log(magnitudes.mean(1) + 1e-9)
    bright = bands @ np.linspace(0, 1, BANDS, dtype=np.float32) / np.maximum(bands.sum(1), 1e-9)
    low = level < level.mean() - 5
    row = [level.std(), low.mean(), rises.mean(), rises.std(), np.percentile(rises, 90), _beat(rises)]
    row += [flatness.mean(), flatness.std(), bright.mean(), bright.std(), np.abs(np.diff(level)).sum() / len(level)]
    return np.asarray(row, np.float32)


def _beat(rises: FloatArray) -> float:
    """How well onsets agree with those one beat later, at the best of the lags: a correlation."""
    if len(rises) < 2 * BEATS.stop:
        return 0.0
    centred = rises - rises.mean()
    power = float(centred @ centred) + 1e-6
    return max(float(centred[:-lag] @ centred[lag:]) / power for lag in range(BEATS.start, BEATS.stop))


@cache
def _window() -> FloatArray:
    return np.hanning(FRAME).astype(np.float32)


@cache
def _mel_bands() -> FloatArray:
    """Triangles on the mel scale, shape (bins, bands)."""
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    bins = _mel(np.arange(FRAME // 2 + 1) * SAMPLE_RATE_HZ / FRAME)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(np.minimum(rising, falling), 0), np.float32)


def _mel(hertz: Any) -> Any:
    return 1127 * np.log1p(hertz / 700)


@cache
def _cosines() -> FloatArray:
    """Of the discrete cosine transform, orthonormal, shape (bands, cepstra)."""
    places = (np.arange(BANDS) + 0.5)[:, None] * np.arange(CEPSTRA) * np.pi / BANDS
    lengths = np.sqrt(2 / BANDS) * np.where(np.arange(CEPSTRA), 1, np.sqrt(0.5))
    return np.asarray(np.cos(places) * lengths, np.float32)


SIZE = 3 * CEPSTRA - 1 + len(PEAKY_BANDS) * len(QUANTILES) * (1 + len(LAGS)) + 11
