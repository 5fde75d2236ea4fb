"""Sound that comes in blocks at some rate, to 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from earwitness.errors import OptionError
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATES_HZ = (1_000, 768_000)


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
