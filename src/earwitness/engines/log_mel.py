"""The log-mel spectrogram that every Whisper hears, in numpy and block by block.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2; the bands are those of
Slaney, "Auditory Toolbox", 1998. Equal to faster-whisper's and openai-whisper's to the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from earwitness.frames import blocks, samples_of
from earwitness.mapped import release, room
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FFT, HOP = 400, 160
"""Samples at 16 kHz: frames of 25 ms, one every 10 ms."""
MELS = (80, 128)
"""Bands that there are models for; the second is large-v3's and turbo's."""
FLOOR = 1e-10
RANGE = 8.0
"""Power below the floor, and what lies further below the loudest (80 dB, in log10), is lifted to there."""
LINEAR_HZ, HZ_PER_MEL, LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27
"""Slaney's scale is linear below 1 kHz, and 27 steps above it are a factor of 6.4."""


def log_mel(
    samples: FloatArray, mels: int = 80, *, scratch: Path | None = None, report: Callable[[int], None] | None = None
) -> FloatArray:
    """(log10 of the power in mel bands + 4) / 4, at most 2 below the loudest.

    Args:
        samples: at 16 kHz, finite.
        mels: 80 or 128 for the models that there are.
        scratch: a folder; the result lies there in a file without a name, instead of in memory.
        report: called with the samples done so far.

    Returns:
        float32, shape (mels, samples // 160); frame k is centred on sample 160 k.

    >>> log_mel(np.zeros(16_000, np.float32)).shape
    (80, 100)
    """
    frames = len(samples) // HOP
    found = room((mels, frames), scratch)
    loudest = np.float32(-np.inf)
    for part in blocks(frames):
        power = _filters(mels) @ _power(samples_of(samples, part, FFT, HOP, "reflect"))
        found[:, part] = np.log10(np.maximum(power, np.float32(FLOOR)))
        loudest = np.maximum(loudest, found[:, part].max())
        _seen(samples, found)
        if report:
            report(part.stop * HOP)
    for part in blocks(frames):
        found[:, part] = (np.maximum(found[:, part], loudest - np.float32(RANGE)) + np.float32(4)) / np.float32(4)
        _seen(found)
    return found


def mel_frequencies_hz(mels: int) -> FloatArray:
    """Where each band is most sensitive: float32, shape (mels,), hertz.

    >>> mel_frequencies_hz(80)[[0, 1, 79]].round(1)
    array([  37.2,   74.5, 7698.6], dtype=float32)
    """
    centres: FloatArray = _edges_hz(mels)[1:-1].astype(np.float32)
    return centres


def _seen(*arrays: FloatArray) -> None:
    for array in arrays:
        release(array)


def _power(samples: FloatArray) -> FloatArray:
    """That of each frame, shape (201, frames)."""
    hann = np.hanning(FFT + 1)[:-1].astype(np.float32)
    frames = sliding_window_view(samples, FFT)[::HOP] * hann
    power: FloatArray = np.abs(np.fft.rfft(frames).astype(np.complex64).T) ** 2
    return power


@cache
def _filters(mels: int) -> Any:
    """The weight of each bin of the spectrum in each band: triangles of equal area, (mels, 201).

    Sparse, and not only because they are mostly zeros: a full product is computed by threads of its own, in an order
    that depends on their number and on the length of the block.
    """
    from scipy.sparse import csr_array

    edges, bins = _edges_hz(mels), np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE_HZ)
    widths = np.diff(edges)[:, None]
    rising = (bins - edges[:-2, None]) / widths[:-1]
    falling = (edges[2:, None] - bins) / widths[1:]
    heights = 2 / (edges[2:] - edges[:-2])
    return csr_array((np.maximum(0, np.minimum(rising, falling)) * heights[:, None]).astype(np.float32))


def _edges_hz(mels: int) -> Any:
    """Where each band begins, is highest and ends, evenly spaced on the mel scale up to 8 kHz."""
    linear = LINEAR_HZ / HZ_PER_MEL
    highest = linear + np.log(SAMPLE_RATE_HZ / 2 / LINEAR_HZ) / LOG_STEP
    places = np.linspace(0, highest, mels + 2)
    return np.where(places < linear, places * HZ_PER_MEL, LINEAR_HZ * np.exp(LOG_STEP * (places - linear)))
