"""Where words after a pause begin: at their sound, not in the silence before it.

Cross-attention has the first word of a window begin with the window, and a detector's region begins a little before
its speech, so that without this every first word would come a fifth of a second early.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from earwitness.mapped import release
from earwitness.types import Audio, Region, Seconds, Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray

STEP_S = 0.01
NEAR_S = 0.06
"""A word that begins so near to the start of its region is its first sound."""
LATEST_S = 0.4
"""A word that begins even later than this after its region is not moved all the way: something was heard there."""
DROP_DB = 25.0
"""What is softer than the loudest moment of a word by more than this is no part of it; so is no noise or music that
speech stands out from less."""


def from_their_sound(audio: Audio, regions: Sequence[Region], words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, of which those at the start of a region begin where they are heard; both in order of time.

    >>> silence, tone = np.zeros(3200, np.float32), np.ones(8000, np.float32)
    >>> audio = Audio(np.concatenate([silence, tone]))
    >>> from_their_sound(audio, [Region(0.0, 0.7)], [Word(" Yes.", 0.0, 0.6, 0.9)])[0].start
    0.2
    """
    moved = tuple(_moved(audio, regions, words))
    release(audio.samples)
    return moved


def _moved(audio: Audio, regions: Sequence[Region], words: Sequence[Word]) -> Iterator[Word]:
    starts = [region.start for region in regions]
    for word, after in zip_longest(words, words[1:]):
        region = bisect_right(starts, word.start) - 1
        if region >= 0 and word.start - starts[region] < NEAR_S:
            end = min(word.end, after.start) if after else word.end
            word = replace(word, start=word.start + _silence(audio.between(word.start, end), audio.sample_rate))
        yield word


def _silence(samples: FloatArray, sample_rate: int) -> Seconds:
    """How long it takes until something is heard; less than all of the samples."""
    step = round(STEP_S * sample_rate)
    count = len(samples) // step
    if count < 2:
        return 0.0
    power = (samples[: count * step].reshape(count, step) ** 2).mean(axis=1)
    first = int(np.flatnonzero(power >= power.max() * 10 ** (-DROP_DB / 10))[0])
    return min(first * STEP_S, LATEST_S)
