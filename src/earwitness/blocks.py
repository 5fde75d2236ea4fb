"""Sound that comes in blocks: made of numbers that make sense, and brought to 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from earwitness.errors import OptionError
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATES_HZ = (1_000, 768_000)
MAX_AMPLITUDE = 1e6
"""As for files: larger values are damage."""


def sane(block: FloatArray) -> tuple[FloatArray, int]:
    """A block as float32 (n,), with silence for what is no sensible number, and how many samples that was.

    >>> sane(np.array([0.5, np.nan]))
    (array([0.5, 0. ], dtype=float32), 1)

    Raises:
        OptionError: it is not mono.
    """
    block = np.asarray(block)
    if block.ndim != 1:
        raise OptionError(f"a block of shape {block.shape}: give mono sound of shape (n,), one channel")
    block = block.astype(np.float32)
    bad = ~(np.abs(block) < MAX_AMPLITUDE)  # also true of NaN
    return np.where(bad, np.float32(0), block), int(bad.sum())


def at_16_khz(blocks: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    """Blocks of mono sound, float32 (n,), one after another, resampled (by FFmpeg) as one recording.

    >>> sum(len(block) for block in at_16_khz([np.zeros(4800, np.float32)] * 10, 48_000))
    16000

    Raises:
        OptionError: a sample rate that is none.
    """
    if not RATES_HZ[0] <= sample_rate <= RATES_HZ[1]:
        raise OptionError(f"sample rate {sample_rate} Hz: give one from {RATES_HZ[0]} to {RATES_HZ[1]}")
    return iter(blocks) if sample_rate == SAMPLE_RATE_HZ else _resampled(blocks, sample_rate)


def _resampled(blocks: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    import av

    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    for block in blocks:
        if len(block):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32)[None], "flt", "mono")
            frame.sample_rate = sample_rate
            yield from (one.to_ndarray()[0] for one in resampler.resample(frame))
    yield from (one.to_ndarray()[0] for one in resampler.resample(None))
