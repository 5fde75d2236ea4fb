"""Who is speaking, told as soon as they pause: each stretch of speech goes to the nearest voice so far, or a new one.

Nothing is taken back, so it errs more than `earwitness.speakers`, which knows the whole recording.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from earwitness.counting import evidence
from earwitness.engines.base import VoiceEmbedder
from earwitness.options import SpeakerOptions
from earwitness.types import Region, Seconds
from earwitness.units import to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

HOP_S = 0.4
"""Between the starts of two spans."""
KNOWN_PAIRS = 750
"""So many of the latest pairs of spans tell how much a voice varies: five minutes of speech."""
FEWEST_PAIRS, USUAL_SPREAD = 5, 1.0
"""With fewer, it is taken for the variance a dimension that the built-in embedder is made for."""
NEW = 0.0
"""Evidence of being one with the nearest voice below which a voice is new: then it is likelier to be two."""
SHORTEST_S = 1.2
"""Shorter speech says too little to be a new voice."""


class OnlineSpeakers:
    """The voices of a recording so far."""

    def __init__(self, embedder: VoiceEmbedder, options: SpeakerOptions) -> None:
        self._embedder, self._options = embedder, options
        self._squares: list[float] = []
        """Half the mean squared differences of spans that follow each other: in one voice, its variance a dimension."""
        self._means: list[FloatArray] = []
        self._sizes: list[int] = []

    def speaker(self, samples: FloatArray) -> str:
        """The label of whoever says this: SPEAKER_00, SPEAKER_01, ... in order of first appearance.

        Args:
            samples: one stretch of speech without a pause, float32 (n,) at 16 kHz.
        """
        duration = to_seconds(len(samples))
        spans = list(_spans(duration, self._embedder.window_s))
        points = self._embedder.embed(samples, spans)
        self._remember(spans, points)
        number = self._nearest(points, may_be_new=duration >= SHORTEST_S)
        self._add(number, points)
        return f"SPEAKER_{number:02d}"

    def _remember(self, spans: list[Region], points: FloatArray) -> None:
        starts = np.array([span.start for span in spans])
        later = np.searchsorted(starts, starts + self._embedder.window_s - 1e-6)
        pairs = [(points[other], point) for other, point in zip(later, points, strict=True) if other < len(points)]
        self._squares += [float(((one - other) ** 2).mean()) / 2 for one, other in pairs]
        self._squares = self._squares[-KNOWN_PAIRS:]

    @property
    def _spread(self) -> float:
        return max(1e-12, statistics.median(self._squares)) if len(self._squares) >= FEWEST_PAIRS else USUAL_SPREAD

    def _nearest(self, points: FloatArray, *, may_be_new: bool) -> int:
        if not self._means:
            return 0
        means = np.stack([*self._means, points.mean(axis=0)]) / np.sqrt(self._spread)
        found = evidence(means, np.array([*self._sizes, len(points)]), len(self._means))[:-1]
        most = self._options.speakers or self._options.max_speakers
        if may_be_new and found.max() < NEW and len(self._means) < most:
            return len(self._means)
        return int(found.argmax())

    def _add(self, number: int, points: FloatArray) -> None:
        if number == len(self._means):
            self._means.append(points.mean(axis=0))
            self._sizes.append(len(points))
            return
        size = self._sizes[number] + len(points)
        self._means[number] += (points.mean(axis=0) - self._means[number]) * len(points) / size
        self._sizes[number] = size


def _spans(duration: Seconds, window_s: Seconds) -> Iterator[Region]:
    """Spans of `window_s` evenly over the speech; all of it, where it is shorter."""
    count = max(1, int(np.ceil((duration - window_s) / HOP_S)) + 1)
    for start in np.linspace(0.0, max(0.0, duration - window_s), count):
        yield Region(float(start), float(min(duration, start + window_s)))
