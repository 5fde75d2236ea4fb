"""Frames to train on: 40 mel bands, log pitch and periodicity every 10 ms, and the engine's cepstra made of the bands.

The engine sees cepstra; noise and rooms, though, are easily added to the bands that cepstra are made of.
"""

from __future__ import annotations

import numpy as np

from earwitness.engines.cepstra import BANDS, CEPSTRA, LIFTER, mel_bands
from earwitness.engines.mfcc_lda import pitch


def cosines() -> np.ndarray:
    """Matrix (40, 25) that makes cepstra of bands, as Kaldi does: a discrete cosine transform, liftered.

    >>> from earwitness.engines.cepstra import cepstra
    >>> samples = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    >>> bool(np.abs(mel_bands(samples) @ cosines() - cepstra(samples)).max() < 1e-3)
    True
    """
    order = np.arange(CEPSTRA + 1)
    matrix = np.sqrt(2 / BANDS) * np.cos(np.pi / BANDS * (np.arange(BANDS)[:, None] + 0.5) * order)
    matrix[:, 0] = np.sqrt(1 / BANDS)
    return (matrix * (1 + LIFTER / 2 * np.sin(np.pi * order / LIFTER))).astype(np.float32)


def frames(samples: np.ndarray) -> np.ndarray:
    """Shape (n, 42): bands, log pitch, periodicity. Samples are float32 at 16 kHz."""
    power, (hertz, correlation) = mel_bands(samples), pitch(samples)
    count = min(len(power), len(hertz))
    return np.concatenate([power[:count], np.log(hertz)[:count, None], correlation[:count, None]], axis=1)
