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

VOICES, CHANNELS = 3.0, 3.0
"""How much voices vary, and what one recording does to all of them, in spreads: variances a dimension."""
SPAN_WORTH, SATURATION_SPANS = 0.5, 10.0
"""Spans overlap, and somebody who talks on says it in the same mood: a span is half a new one at first, and any number
of them are no more than five."""

ONE = 0.32
"""What "one voice", which has neither gap nor silhouette, has in their place."""
JOINED = -0.7
"""Evidence up to which two voices are surely two."""
EVIDENCE_WEIGHT, EVIDENCE_SCALE = 0.12, 0.31
"""What evidence counts beside the two other measures, and how much of it counts so much. These four are from a
multinomial regression over joined talk, clean and through bad channels, rounded."""


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
    alike = {count: closest(points, labels) for count, labels in partitions.items() if count > 1}

    def merit(count: int) -> float:
        more = sum(_penalty(JOINED - alike[cut]) for cut in alike if cut > count)
        if count == 1:
            return ONE - more
        return float(gaps[count - 1]) + silhouette(likeness, partitions[count]) - _penalty(alike[count]) - more

    return max(sorted(partitions)[: max(1, len(partitions) - 1)], key=merit)


def _penalty(evidence: float) -> float:
    """Nothing for evidence far below 0; far above, it grows as the evidence does: a softplus."""
    return float(EVIDENCE_WEIGHT * np.logaddexp(0, evidence / EVIDENCE_SCALE))


def _cosines(points: FloatArray) -> Any:
    """Of each two points, seen from the middle of all: shape (n, n)."""
    unit = points - points.mean(axis=0)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def closest(points: FloatArray, labels: IntArray) -> float:
    """The greatest evidence that two voices of a partition, of two or more, are one."""
    sizes = np.bincount(labels)
    means = np.array([points[labels == label].mean(axis=0) for label in range(len(sizes))])
    return max(float(evidence(means, sizes, label)[:label].max()) for label in range(1, len(sizes)))


def evidence(means: FloatArray, sizes: Any, index: int) -> Any:
    """How much more probable two groups of spans are as one voice than as two: natural logarithms a dimension.

    Voices are normal about the origin with variance `VOICES`, in a recording that moves all of them by a variance of
    `CHANNELS`; a group's mean varies by 1 over what its spans are worth.

    >>> import numpy as np
    >>> evidence(np.array([[3.0], [3.0], [-3.0]]), np.array([20, 20, 20]), 0).round(1).tolist()[1:]
    [1.3, -26.2]

    Args:
        means: of the groups, in spreads: shape (groups, d).
        sizes: spans in each group.
        index: the group that all are compared to.

    Returns:
        Shape (groups,); that of the group itself means nothing.
    """
    variances = VOICES + CHANNELS + (1 / np.asarray(sizes, float) + 1 / SATURATION_SPANS) / SPAN_WORTH
    squares, products = (means**2).mean(axis=1), (means @ means[index]) / means.shape[1]

    def likelihood(common: float) -> Any:
        rest = variances * variances[index] - common**2
        distance = variances[index] * squares - 2 * common * products + variances * squares[index]
        return -(np.log(rest) + distance / rest) / 2

    return likelihood(VOICES + CHANNELS) - likelihood(CHANNELS)


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
