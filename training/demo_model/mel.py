"""Sound as the windows are composed of it: the logarithm of the power in Whisper's mel bands."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

BANDS = 80
FRAMES_PER_SECOND = 100
FRAME, HOP = 400, 160
FLOOR = -10.0
"""log10 of the smallest power that Whisper's front end lets through."""
RANGE = 8.0
"""It lifts what lies further than this below the loudest to there."""


def log_power(samples: np.ndarray) -> np.ndarray:
    """Log10 of the power in Whisper's mel bands, before its scaling: shape (80, samples // 160), float16.

    Frame k is centred on sample 160 k.
    """
    hann = np.hanning(FRAME + 1)[:-1].astype(np.float32)
    frames = sliding_window_view(np.pad(samples, FRAME // 2, "reflect"), FRAME)[::HOP][: len(samples) // HOP]
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    return np.log10(np.maximum(_filters() @ power.T, 10**FLOOR)).astype(np.float16)


@cache
def _filters() -> np.ndarray:
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor().mel_filters


def scaled(mel: np.ndarray) -> np.ndarray:
    """What Whisper's front end makes of log power: float32."""
    mel = np.maximum(mel, FLOOR)
    return ((np.maximum(mel, mel.max() - RANGE) + 4) / 4).astype(np.float32)
