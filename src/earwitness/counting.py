"""How many voices there are: which partition of a stretch of talk into voices is the best.

Two measures that fail in different ways are added. The eigen-gap asks how many loosely joined parts the graph of
nearest neighbours has; noise and telephones hardly disturb it, but it likes to split a voice that has two manners.
The silhouette asks how much nearer each point is to its own voice than to the next; it does not split, but joins.
Neither can say "one": that is left to whoever calls.

von Luxburg, "A tutorial on spectral clustering", 2007; Rousseeuw, "Silhouettes", 1987.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

SILHOUETTE_WEIGHT = 0.9
"""What the silhouette counts beside the eigen-gap; from a regression over joined talk, rounded."""
NEIGHBOURS_SHARE = 1 / 8
"""A point's neighbours in the graph, as a share of all points: fewer than a voice has that matters."""
FEWEST_NEIGHBOURS = 10


def best_partition(points: FloatArray, partitions: Mapping[int, IntArray]) -> int:
    """The number of voices, among those of `partitions`, that fits the points best.

    >>> import numpy as np
    >>> voices = np.eye(3, 8, dtype=np.float32) * 9
    >>> points = np.random.default_rng(0).normal(size=(60, 8)) + np.repeat(voices, 20, axis=0)
    >>> two, three = np.repeat([0, 1, 1], 20), np.repeat([0, 1, 2], 20)
    >>> best_partition(points, {2: two, 3: three})
    3

    Args:
        points: shape (n, d); the cost grows with the cube of n, and is 0.2 s at 750.
        partitions: by number of voices, 2 or more, the voice of each point, 0 to that number less 1: shape (n,).
    """
    unit = points - points.mean(axis=0)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    likeness = unit @ unit.T
    gaps = eigen_gaps(likeness, max(partitions))
    return max(partitions, key=lambda k: gaps[k - 1] + SILHOUETTE_WEIGHT * silhouette(likeness, partitions[k]))


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
