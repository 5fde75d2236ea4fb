"""Where speech ends, while it is still going on: the regions of `earwitness.regions`, each as soon as it is sure.

A region is sure once it has been silent for so long that nothing can join it any more; what comes out is what
`regions.detect` finds in the whole recording, but for the cuts of regions that are longer than `max_region_s`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from earwitness.options import RegionOptions
from earwitness.regions import padded, regions_of
from earwitness.types import Region, Seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MEMORY_S = 2.0
"""So much of a silence is looked at again; all pauses that a region may have in it are shorter."""


class Endpoints:
    """Probabilities of speech in, regions out.

    >>> ends = Endpoints(0.1, RegionOptions(pad_s=0.0))
    >>> ends.feed(np.array([0.1, 0.9, 0.9, 0.1], np.float32)), ends.going_on
    ((), Region(start=0.1, end=0.4))
    >>> ends.feed(np.zeros(3, np.float32)), ends.going_on
    ((Region(start=0.1, end=0.30000000000000004),), None)
    """

    def __init__(self, frame_s: Seconds, options: RegionOptions) -> None:
        """`frame_s` is the detector's."""
        self._frame_s, self._options = frame_s, options
        self._silence_s = max(options.min_silence_s, 2 * options.pad_s)
        self._memory = round((MEMORY_S + self._silence_s + options.min_speech_s) / frame_s)
        self._tail = np.zeros(0, np.float32)
        """Probabilities from frame `_first` on: those of the last region that was given out, which may have a share in
        the padding of the next one, and of all after it."""
        self._first = 0
        self._given = 0
        """Regions at the beginning of the tail that were given out."""
        self.going_on: Region | None = None
        """The region that has not ended; it may still turn out to be too short to be one. Its end is now."""

    @property
    def now(self) -> Seconds:
        return (self._first + len(self._tail)) * self._frame_s

    @property
    def undecided_from(self) -> Seconds:
        """Before this nobody speaks in a region that has not been given out."""
        start = self.going_on.start if self.going_on else self._growing_from
        return max(0.0, min(start, self._growing_from - self._options.pad_s))

    def feed(self, probabilities: FloatArray) -> tuple[Region, ...]:
        """The regions that have ended, in order of time; shape (frames,)."""
        self._tail = np.concatenate([self._tail, probabilities])
        bare = self._bursts(self.now, self._options.min_speech_s)
        found = padded(bare, self.now, self._options.pad_s)
        ended = len(found)
        if bare and self._growing_from - bare[-1].end < self._silence_s:
            ended -= 1
        self.going_on = replace(found[-1], end=self.now) if ended < len(found) else None
        result = found[self._given : ended]
        if result:
            self._forget(self._frame(bare[ended - 1].start), given=1)
        elif not self.going_on and self._running - (self._frame(bare[-1].end) if bare else 0) > self._memory:
            self._forget(self._running - self._memory, given=0)
        return result

    def finish(self, duration: Seconds, probabilities: FloatArray) -> tuple[Region, ...]:
        """The regions that are left at the end of the recording; its last frame may reach beyond that."""
        self._tail = np.concatenate([self._tail, probabilities])
        bare = self._bursts(duration, self._options.min_speech_s)
        found = padded(bare, duration, self._options.pad_s)[self._given :]
        self.going_on, self._given = None, self._given + len(found)
        return found

    @property
    def _running(self) -> int:
        """The first frame of the tail from which on all may be speech; that after the last, where there is none."""
        below = np.flatnonzero(self._tail < self._options.release)
        return int(below[-1]) + 1 if len(below) else 0

    @property
    def _growing_from(self) -> Seconds:
        """Where the last burst of speech begins, however short, that more may join; where none may, the next."""
        running = (self._first + self._running) * self._frame_s
        bursts = self._bursts(self.now, 0.0)
        growing = bursts and running - bursts[-1].end < self._options.min_silence_s
        return bursts[-1].start if growing else running

    def _bursts(self, duration: Seconds, shortest_s: Seconds) -> list[Region]:
        """The regions of the tail without their padding, by the very arithmetic of `regions_of`."""
        every = replace(self._options, pad_s=0.0, min_speech_s=0.0)
        found = []
        for one in regions_of(self._tail, self._frame_s, math.inf, every):
            first, last = (round(time / self._frame_s) + self._first for time in (one.start, one.end))
            found.append(replace(one, start=first * self._frame_s, end=min(last * self._frame_s, duration)))
        return [burst for burst in found if burst.duration >= shortest_s]

    def _frame(self, time: Seconds) -> int:
        """The frame of the tail that begins at this time."""
        return round(time / self._frame_s) - self._first

    def _forget(self, frames: int, *, given: int) -> None:
        """Leaves frames out at the beginning of the tail; `given` are the regions in the rest that were given out."""
        self._tail, self._first, self._given = self._tail[frames:], self._first + frames, given
