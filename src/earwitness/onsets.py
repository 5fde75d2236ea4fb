"""Where words after a pause begin: at their sound, not in the silence before it.

Cross-attention has the first word of a window begin with the window, and a detector's region begins a little before
its speech, so that without this every first word would come a fifth of a second early.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from earwitness.mapped import release
from earwitness.types import Audio, Region, Seconds, Word

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
    for word in words:
        region = bisect_right(starts, word.start) - 1
        if region >= 0 and word.start - starts[region] < NEAR_S:
            word = replace(word, start=_onset(audio, word))
        yield word


def _onset(audio: Audio, word: Word) -> Seconds:
    samples = audio.between(word.start, word.end)
    step = round(STEP_S * audio.sample_rate)
    count = len(samples) // step
    if count < 2:
        return word.start
    power = (samples[: count * step].reshape(count, step) ** 2).mean(axis=1)
    first = int(np.flatnonzero(power >= power.max() * 10 ** (-DROP_DB / 10))[0])
    return round(word.start + min(first * STEP_S, LATEST_S), 6)
