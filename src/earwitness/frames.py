"""The overlapping frames of a long recording, a block of them at a time, as spectral analysis wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from earwitness.types import FloatArray

Padding: TypeAlias = Literal["constant", "edge", "reflect"]
"""What is taken for sound before the first sample and after the last: silence, that sample, or the sound mirrored."""

BLOCK_FRAMES = 2048
"""Some ten megabytes of spectrum."""


def blocks(frames: int, block_frames: int = BLOCK_FRAMES) -> Iterator[slice]:
    """So many frames in blocks.

    >>> list(blocks(5000))
    [slice(0, 2048, None), slice(2048, 4096, None), slice(4096, 5000, None)]
    """
    for first in range(0, frames, block_frames):
        yield slice(first, min(first + block_frames, frames))


def samples_of(samples: FloatArray, frames: slice, length: int, hop: int, padding: Padding) -> FloatArray:
    """The samples that some frames are made of, those outside of the recording made up.

    Args:
        frames: some of those that are centred on the samples 0, hop, 2 hop and so on.
        length: of a frame, in samples; even.
        hop: in samples.

    Returns:
        float32, shape (length + hop * (count - 1),): a view where all of them are in the recording.

    >>> sound = np.arange(1, 6, dtype=np.float32)
    >>> samples_of(sound, slice(0, 3), 4, 2, "reflect")
    array([3., 2., 1., 2., 3., 4., 5., 4.], dtype=float32)
    """
    start, end = frames.start * hop - length // 2, (frames.stop - 1) * hop + length // 2
    if start >= 0 and end <= len(samples):
        return samples[start:end]
    wanted = np.arange(start, end)
    if padding == "reflect":
        period = max(1, 2 * (len(samples) - 1))
        wanted %= period
        mirrored: FloatArray = samples[np.minimum(wanted, period - wanted)]
        return mirrored
    found: FloatArray = samples[np.clip(wanted, 0, len(samples) - 1)]
    if padding == "constant":
        found[(wanted < 0) | (wanted >= len(samples))] = 0
    return found
