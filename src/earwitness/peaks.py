"""The shape of a recording, to draw: the lowest and the highest sample of each short stretch.

Written as the JSON of the BBC's audiowaveform, which players read.
Source: https://github.com/bbc/audiowaveform, `doc/DataFormat.md`, version 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.mapped import release
from earwitness.types import Audio

if TYPE_CHECKING:
    from earwitness.types import FloatArray

PEAKS_PER_S = 20
OUTLINE_PAIRS = 3000
_BLOCK = 2048
_FULL_SCALE = 127


Peaks = Mapping[str, Any]


def of(audio: Audio) -> Peaks:
    """The peaks of a recording, 20 pairs a second, as 8-bit numbers of -128 to 127.

    Returns:
        `sample_rate` in hertz, `samples_per_pixel`, `length` (pairs), and `data`: low, high, low, high, ...

    >>> of(Audio(np.array([0.0, 0.5, -1.0] * 400, np.float32)))["data"]
    [-127, 64, -127, 64]
    """
    step = audio.sample_rate // PEAKS_PER_S
    found: list[FloatArray] = []
    for first in range(0, len(audio.samples), step * _BLOCK):
        block = audio.samples[first : first + step * _BLOCK]
        starts = np.arange(0, len(block), step)
        found.append(np.stack([np.minimum.reduceat(block, starts), np.maximum.reduceat(block, starts)], axis=1))
        release(audio.samples)
    pairs = np.concatenate(found) if found else np.zeros((0, 2), np.float32)
    data = np.rint(np.clip(pairs, -1, 1) * _FULL_SCALE).astype(int).ravel().tolist()
    return {
        "version": 2, "channels": 1, "sample_rate": audio.sample_rate, "samples_per_pixel": step, "bits": 8,
        "length": len(pairs), "data": data,
    }  # fmt: skip


def outline(peaks: Peaks) -> Peaks:
    """The same as at most `OUTLINE_PAIRS` pairs, as many as a picture of the whole can show: some 25 KB of JSON.

    >>> outline({"samples_per_pixel": 800, "length": 6000, "data": [-1, 2, -3, 1] * 3000})["data"][:4]
    [-3, 2, -3, 2]
    """
    factor = -(-peaks["length"] // OUTLINE_PAIRS)
    if factor <= 1:
        return peaks
    pairs = np.array(peaks["data"]).reshape(-1, 2)
    starts = np.arange(0, len(pairs), factor)
    both = (np.minimum.reduceat(pairs[:, 0], starts), np.maximum.reduceat(pairs[:, 1], starts))
    return {
        **peaks,
        "samples_per_pixel": factor * peaks["samples_per_pixel"],
        "length": len(starts),
        "data": np.stack(both, axis=1).ravel().tolist(),
    }
