"""A recording of one speaker to what that speaker says in one go, without the silence around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earwitness import audio
from earwitness.evaluation.datasets import Item
from earwitness.exports.rttm import RUN_PAUSE_S
from earwitness.types import Seconds
from earwitness.units import to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

TURN_S = (2.0, 10.0)
"""Recordings without a text are cut into turns of this length, more or less, at their quietest points."""
SLACK_S = 0.6

FRAME_S = 0.02
ABOVE_NOISE = 10**0.8
"""Speech is what has, over a frame, 8 dB more energy than the recording's quietest `PAUSE_FRAMES`, ..."""
PAUSE_FRAMES = 10
SPEECH_SHARES = (1e-3, 10**-1.8)
"""... but at least 30 dB less than its loudest frame, and at most 18 dB less."""
SILENT = 1e-8
"""Mean square below which a recording is silent: -80 dB of full scale."""
MARGIN_S = 0.05
"""So much of the recording is heard before and after a turn, fading: soft sounds at its ends are not cut off."""


@dataclass(frozen=True, eq=False)
class Piece:
    """What somebody says in one go.

    The first `before` and the last `after` of the samples are not speech; `runs` are the first and last samples of what
    is, parted by longer pauses, counted from where the speech begins.
    """

    reader: str
    text: str
    samples: FloatArray
    before: int
    after: int
    runs: tuple[tuple[int, int], ...]

    @property
    def speech(self) -> FloatArray:
        return self.samples[self.before : len(self.samples) - self.after]


def pieces(
    reader: str, items: Sequence[Item], rng: np.random.Generator, turn_s: tuple[Seconds, Seconds] = TURN_S
) -> Iterator[Piece]:
    """All that somebody says; a recording is decoded when it is its turn, and silent ones are passed over.

    Those without a text are cut into turns of `turn_s`.
    """
    for item in items:
        samples = np.asarray(audio.load(item.recording).samples)
        energy = _energy(samples)
        least = _least(energy)
        spans = [(0, len(samples))] if item.truth.text else _cuts(energy, least, turn_s, rng)
        for start, stop in spans:
            loud = start + np.flatnonzero(energy[start:stop] > least)
            if len(loud):
                first, last = int(loud[0]), int(loud[-1]) + 1
                before, after = (min(to_samples(MARGIN_S), room) for room in (first - start, stop - last))
                heard = samples[first - before : last + after]
                yield Piece(reader, item.truth.text or "", heard, before, after, _runs(loud - first))


def _energy(samples: FloatArray) -> FloatArray:
    """The mean square over a frame about every sample."""
    from scipy.ndimage import uniform_filter1d

    energy: FloatArray = uniform_filter1d(samples**2, to_samples(FRAME_S), mode="constant")
    return np.maximum(energy, np.float32(0))


def _least(energy: FloatArray) -> float:
    """The least energy that speech has in a recording."""
    frames = energy[:: to_samples(FRAME_S)]
    size = min(PAUSE_FRAMES, len(frames))
    noise = float(np.convolve(frames, np.full(size, 1 / size), mode="valid").min())
    low, high = (share * float(energy.max()) for share in SPEECH_SHARES)
    return max(SILENT, min(high, max(low, ABOVE_NOISE * noise)))


def _runs(loud: IntArray) -> tuple[tuple[int, int], ...]:
    """From where to where there are loud samples, given as their indices, with no longer pause between them."""
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > to_samples(RUN_PAUSE_S)) + 1)
    return tuple((int(part[0]), int(part[-1]) + 1) for part in parts)


def _cuts(
    energy: FloatArray, least: float, turn_s: tuple[Seconds, Seconds], rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """The speech in a recording as spans to be turns, cut at quiet points; a short rest goes with the last."""
    loud = np.flatnonzero(energy > least)
    shortest, slack = to_samples(turn_s[0]), to_samples(SLACK_S)
    start, end = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)
    while start < end:
        cut = start + to_samples(rng.uniform(*turn_s))
        low = max(start + shortest // 2, cut - slack)
        cut = end if cut + slack > end - shortest else low + int(energy[low : cut + slack].argmin())
        yield start, cut
        start = cut
