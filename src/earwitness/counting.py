"""How many voices there are: which partition of a stretch of talk into voices is the best.

Measures that fail in different ways are added. The eigen-gap asks how many loosely joined parts the graph of nearest
neighbours has; noise and telephones hardly disturb it, but it likes to split a voice that has two manners. The
silhouette asks how much nearer each point is to its own voice than to the next; it does not split, but joins. Neither
can say "one". The evidence asks of the two voices that are most alike how much more probable they are as one; it
counts against a partition that has such a pair, and against the one before a partition that has none.

von Luxburg, "A tutorial on spectral clustering", 2007; Rousseeuw, "Silhouettes", 1987; Ioffe, "Probabilistic linear
discriminant analysis", 2006.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

NEIGHBOURS_SHARE = 1 / 8
"""A point's neighbours in the graph, as a share of all points: fewer than a voice has that matters."""
FEWEST_NEIGHBOURS = 10

VOICES = 0.43
"""How much voices vary, in spreads: a variance a dimension."""
SPAN_WORTH, SATURATION_SPANS = 0.5, 10.0
"""Spans overlap, and somebody who talks on says it in the same mood: a span is half a new one at first, and any number
of them are no more than five."""

ONE = 0.435
"""What "one voice", which has neither gap nor silhouette, has in their place."""
SPLIT, JOINED = -0.12, -0.43
"""Evidence from which on two voices are likely to be one split, and up to which they are surely two."""
SPLIT_SLOPE, JOINED_SLOPE, SOFTNESS = 2.3, 1.94, 0.15
"""What evidence beyond these costs, beside the two other measures, and within how much of it this begins. These, and
`VOICES`, are what chose best in some thousand joined talks, clean, in noise and over telephones."""


def best_partition(points: FloatArray, partitions: Mapping[int, IntArray]) -> int:
    """The number of voices, among those of `partitions` but the greatest, that fits the points best.

    The greatest serves to see whether the one before it leaves a voice out; it is chosen only where it is alone.

    >>> import numpy as np
    >>> voices = np.eye(3, 8, dtype=np.float32) * 9
    >>> points = np.random.default_rng(0).normal(size=(60, 8)) + np.repeat(voices, 20, axis=0)
    >>> cuts = {1: [0, 0, 0, 0], 2: [0, 0, 1, 1], 3: [0, 0, 1, 2], 4: [0, 1, 2, 3]}
    >>> thirds = np.repeat([0, 0, 1, 2], [10, 10, 20, 20])
    >>> best_partition(points, {1: 0 * thirds, 2: np.minimum(thirds, 1), 3: thirds, 4: np.repeat(range(4), 15)})
    3

    Args:
        points: shape (n, d), in spreads; the cost grows with the cube of n, and is 0.2 s at 750.
        partitions: by number of voices, the voice of each point, 0 to that number less 1: shape (n,).
    """
    likeness = _cosines(points)
    gaps = eigen_gaps(likeness, min(max(partitions), len(points) - 1))
    alike = {
        count: closest(means_of(points, labels), np.bincount(labels))
        for count, labels in partitions.items()
        if count > 1
    }

    def merit(count: int) -> float:
        joined = sum(_beyond(JOINED - alike[more]) for more in alike if more > count)
        if count == 1:
            return ONE - JOINED_SLOPE * joined
        fit = float(gaps[count - 1]) + silhouette(likeness, partitions[count])
        return fit - SPLIT_SLOPE * _beyond(alike[count] - SPLIT) - JOINED_SLOPE * joined

    return max(sorted(partitions)[: max(1, len(partitions) - 1)], key=merit)


def _beyond(evidence: float) -> float:
    """Nothing for evidence far below 0, all of it for evidence far above: a softplus."""
    return float(SOFTNESS * np.logaddexp(0, evidence / SOFTNESS))


def _cosines(points: FloatArray) -> Any:
    """Of each two points, seen from the middle of all: shape (n, n)."""
    unit = points - points.mean(axis=0)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def means_of(points: FloatArray, labels: IntArray) -> FloatArray:
    """The mean point of each voice, 0 to the last: shape (voices, d)."""
    means: FloatArray = np.array([points[labels == label].mean(axis=0) for label in range(int(labels.max()) + 1)])
    return means


def closest(means: FloatArray, sizes: Any = None) -> float:
    """The greatest evidence that two of these voices, of two or more, are one.

    Args:
        means: in spreads, shape (voices, d).
        sizes: spans of each; so many that more would say no more, where it is not given.
    """
    sizes = np.full(len(means), np.inf) if sizes is None else sizes
    return max(float(evidence(means, sizes, label)[:label].max()) for label in range(1, len(means)))


def evidence(means: FloatArray, sizes: Any, index: int) -> Any:
    """How much more probable two groups of spans are as one voice than as two: natural logarithms a dimension.

    Voices are normal with variance `VOICES`, about a point that is the recording's and not known; a group's mean varies
    by 1 over what its spans are worth.

    >>> import numpy as np
    >>> evidence(np.array([[3.0], [3.0], [-3.0]]), np.array([20, 20, 20]), 0).round(1).tolist()[1:]
    [0.4, -17.2]

    Args:
        means: of the groups, in spreads: shape (groups, d).
        sizes: spans in each group.
        index: the group that all are compared to.

    Returns:
        Shape (groups,); that of the group itself means nothing.
    """
    doubts = (1 / np.asarray(sizes, float) + 1 / SATURATION_SPANS) / SPAN_WORTH
    one = doubts + doubts[index]
    two = one + 2 * VOICES
    distances = ((means - means[index]) ** 2).mean(axis=1)
    return (np.log(two / one) - distances * (1 / one - 1 / two)) / 2


def eigen_gaps(likeness: FloatArray, most: int) -> Any:
    """Of 1 to `most` voices, how much the graph resists a further cut: shape (most,).

    The gap for k is that between the k-th and the next eigenvalue of the normalised Laplacian.

    Args:
        likeness: cosines of the points, shape (n, n).
        most: below n.
    """
    near = min(len(likeness), max(FEWEST_NEIGHBOURS, int(len(likeness) * NEIGHBOURS_SHARE)))
    affinity = np.maximum(0.0, likeness).astype(np.float64)
    affinity *= affinity >= np.partition(affinity, -near, axis=1)[:, -near, None]
    affinity = (affinity + affinity.T) / 2
    scale = 1 / np.sqrt(affinity.sum(axis=1) + 1e-9)
    values = np.linalg.eigvalsh(np.eye(len(affinity)) - affinity * scale * scale[:, None])
    return np.diff(values[: most + 1])


def silhouette(likeness: FloatArray, labels: IntArray) -> float:
    """The mean silhouette of unit vectors under Euclidean distance, -1 to 1; a point alone in its voice counts 0.

    Args:
        likeness: cosines of the points, shape (n, n).
        labels: the voice of each point, of at least two voices, 0 to their number less 1: shape (n,).
    """
    distances = np.sqrt(np.maximum(0.0, 2 - 2 * likeness))
    np.fill_diagonal(distances, 0.0)
    sizes = np.bincount(labels)
    row = np.arange(len(labels))
    totals = distances @ np.eye(len(sizes))[labels]
    own = totals[row, labels] / np.maximum(1, sizes[labels] - 1)
    others = totals / np.maximum(sizes, 1)
    others[row, labels] = np.inf
    nearest = others.min(axis=1)
    values = (nearest - own) / np.maximum(np.maximum(own, nearest), 1e-12)
    return float(np.where(sizes[labels] > 1, values, 0.0).mean())
