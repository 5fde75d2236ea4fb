"""The sound of a stream, as long as somebody may ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from earwitness.types import Audio, Region, Seconds
from earwitness.units import to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

PIECE_S = 1.0
"""Sound is forgotten in pieces of at most this length."""


@dataclass(frozen=True, eq=False)
class Recent(Audio):
    """An `Audio` that is asked for by the times of the stream, and grows at its end.

    >>> sound = Recent()
    >>> sound.append(np.ones(32000, np.float32))
    >>> sound.keep([Region(1.5, 1.6)], 2.0)
    >>> sound.seconds, len(sound.between(1.5, 9.0)), len(sound.between(0.0, 1.0))
    (2.0, 8000, 0)
    """

    samples: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    """None: all are in pieces."""
    _pieces: list[tuple[int, FloatArray]] = field(default_factory=list)
    """The first sample of each, and its sound, in order of time."""

    @property
    def seconds(self) -> Seconds:
        """How much was heard so far."""
        return to_seconds(self._end)

    @property
    def _end(self) -> int:
        return self._pieces[-1][0] + len(self._pieces[-1][1]) if self._pieces else 0

    def append(self, block: FloatArray) -> None:
        """Adds what was heard next: float32 (n,) at 16 kHz."""
        step = to_samples(PIECE_S)
        for first in range(0, len(block), step):
            self._pieces.append((self._end, block[first : first + step]))

    def keep(self, spans: Sequence[Region], after: Seconds) -> None:
        """Forgets what lies in none of the spans and not after this time either."""
        wanted = [(to_samples(span.start), to_samples(span.end)) for span in spans]
        wanted.append((to_samples(after), self._end))
        last = len(self._pieces) - 1  # tells how much was heard
        self._pieces[:] = [
            piece
            for number, piece in enumerate(self._pieces)
            if number == last or any(start < piece[0] + len(piece[1]) and piece[0] < end for start, end in wanted)
        ]

    def between(self, start: Seconds, end: Seconds) -> FloatArray:
        """The samples of a span, as far as they are there still."""
        begin, finish = max(0, to_samples(start)), max(0, to_samples(end))
        parts = [samples[max(0, begin - first) : max(0, finish - first)] for first, samples in self._pieces]
        return np.concatenate([np.zeros(0, np.float32), *parts])
