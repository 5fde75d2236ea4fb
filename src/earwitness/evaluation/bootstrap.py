"""How sure a total is: percentile bootstrap over recordings, alone and paired.

A total is a pooled rate: the errors of all recordings by the units of all recordings, so that a long one counts for
more. Recordings are drawn with replacement, whole, because errors within one are not independent of each other
(Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
CONFIDENCE = 0.95
BLOCK_DRAWS = 2**20
"""So many recordings are drawn at a time; a large dataset would otherwise take gigabytes."""

Floats = npt.NDArray[np.float64]
Counts = Sequence[tuple[float, float]]
"""Errors and units of each recording."""


class Spread(NamedTuple):
    """A pooled rate and its interval."""

    value: float
    low: float
    high: float


class Change(NamedTuple):
    """Two pooled rates, the interval of new less old, and how likely so much is by chance (two-sided)."""

    old: float
    new: float
    low: float
    high: float
    p_value: float


def interval(
    counts: Counts, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Spread | None:
    """The pooled rate of recordings, and between what it lies.

    A single recording says nothing of how recordings differ: its interval has no width.

    Args:
        counts: errors and units of each recording; none may be negative.
        confidence: the share of resamples inside the interval.

    Returns:
        None where there are no units to err in.

    >>> interval([(1, 10), (3, 10)])
    Spread(value=0.2, low=0.1, high=0.3)
    """
    sums = np.asarray(counts, np.float64).reshape(-1, 2)
    if sums[:, 1].sum() <= 0:
        return None
    value = float(_rates(sums.sum(axis=0)))
    drawn = np.concatenate([_rates(block) for block in _resampled(sums, resamples, seed)])
    return Spread(value, *_ends(drawn, confidence))


def paired(
    old: Counts, new: Counts, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Change | None:
    """Two runs over the same recordings, which are drawn in pairs.

    `p_value` is twice the share of resamples on the less likely side of no change, so that it falls under
    1 - `confidence` where the interval leaves 0 out. It is never less than 2 ** (1 - recordings), the least that
    swapping the two runs' results, recording by recording, could show: where five recordings all got better that can
    still be chance, though every resample of them is better, too. Of some ten recordings of unlike length it is still
    too sure: where nothing differs it falls under 0.05 in a tenth of cases; of forty, in one of seventeen.

    Args:
        old, new: errors and units of each recording, in the same order.

    Returns:
        None where one of them has no units.

    >>> paired([(1, 10)] * 8, [(3, 10)] * 8)
    Change(old=0.1, new=0.3, low=0.2, high=0.2, p_value=0.0078125)

    Raises:
        ValueError: they have different lengths.
    """
    if len(old) != len(new):
        raise ValueError(f"{len(old)} and {len(new)} recordings cannot be paired")
    sums = np.hstack([np.asarray(side, np.float64).reshape(-1, 2) for side in (old, new)])
    if min(sums[:, 1].sum(), sums[:, 3].sum()) <= 0:
        return None
    before, after = (float(_rates(side.sum(axis=0))) for side in (sums[:, :2], sums[:, 2:]))
    blocks = _resampled(sums, resamples, seed)
    drawn = np.concatenate([_rates(block[:, 2:]) - _rates(block[:, :2]) for block in blocks])
    drawn = np.round(drawn[np.isfinite(drawn)], 12)  # equal rates of other sums differ in the last bit
    fewer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p_value = min(1.0, 2 * (fewer + 1) / (len(drawn) + 1))
    return Change(before, after, *_ends(drawn, confidence), max(p_value, 2.0 ** (1 - len(old))))


def _resampled(sums: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Column sums of resamples of the rows of `sums` (n, k), in blocks of shape (some, k), `resamples` in all."""
    generator = np.random.default_rng(seed)
    size = max(1, BLOCK_DRAWS // len(sums))
    for done in range(0, resamples, size):
        drawn = generator.integers(len(sums), size=(min(size, resamples - done), len(sums)))
        yield np.stack([column[drawn].sum(axis=1) for column in sums.T], axis=1)


def _rates(sums: Floats) -> Floats:
    """Errors by units, shape (..., 2) -> (...); not a number where a resample drew no units."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(sums[..., 1] > 0, sums[..., 0] / sums[..., 1], np.nan))


def _ends(drawn: Floats, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return round(float(low), 12), round(float(high), 12)
