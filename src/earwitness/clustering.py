"""Points to voices: how many there are, and where their means lie.

Points are clustered in batches of five minutes by Ward's method; then the nearest clusters of a batch are joined, by
a distance that stops growing with their size, until the nearest two are two voices; then those of all batches in the
same way. Cost and memory grow with the number of points, not with its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray, Seconds

    IntArray = npt.NDArray[np.intp]

BATCH_SPANS = 750
"""Clustered by Ward's method at a time: its cost grows with their square."""
FIRST_CLUSTERS = 10
"""How many clusters a batch is reduced to before the careful part, and so the most voices that are found unasked."""
MIN_SPANS = 3
"""A smaller cluster (2.4 s of talk at most) is an outlier, and no voice of its own unless that is asked for."""
SATURATION_SPANS = 15.0
"""Spans of one voice are not independent: any number of them tells as much of it as this many."""
SEPARATE = 14.0
"""From this `_score` on two clusters are two voices; here too many and too few were found about equally often."""
OFFSET = 0.75
"""How far a recording's mean point may lie from the origin, in spreads; what is beyond is its channel."""


def spread_of(points: FloatArray, starts: Any, window_s: Seconds) -> float:
    """Variance a dimension of one voice: half the typical squared difference of spans that just do not overlap.

    Few of those pairs straddle a change of voices, so the median is that of one voice, whoever speaks.
    """
    later = np.searchsorted(starts, starts + 0.97 * window_s)
    known = later < len(starts)
    known[known] = starts[later[known]] - starts[known] < 1.15 * window_s
    if known.sum() < 5:
        return float(max(points.var(axis=0).mean(), 1e-12))
    squares = ((points[later[known]] - points[known]) ** 2).mean(axis=1)
    return float(max(np.median(squares) / 2, 1e-6 * np.mean(points**2), 1e-12))


def voices_of(points: FloatArray, spread: float, fewest: int, most: int) -> FloatArray:
    """The mean point of each voice: shape (voices, d).

    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(90, 8)) + np.repeat([[0], [6], [12]], 30, axis=0)
    >>> voices_of(points.astype(np.float32), 1.0, fewest=1, most=20).shape
    (3, 8)

    Args:
        points: shape (n, d), n at least 1, in order of time.
        spread: the variance a dimension of one voice, from `spread_of`.
        fewest: no fewer voices than this, as far as there are points.
        most: no more voices than this; the same as `fewest` where the number is known.
    """
    scaled, directions = points / np.sqrt(spread), _directions(points, spread)
    clusters = max(FIRST_CLUSTERS, fewest)
    groups: list[IntArray] = []
    for begin in range(0, len(points), BATCH_SPANS):
        batch = directions[begin : begin + BATCH_SPANS]
        limit = min(clusters, max(fewest, len(batch) // MIN_SPANS), len(batch))
        groups += _merge(scaled, directions, [begin + members for members in _ward(batch, limit)], fewest, clusters)
    merged = _merge(scaled, directions, groups, fewest, most)
    return np.array([points[members].mean(axis=0) for members in merged], np.float32)


def _directions(points: FloatArray, spread: float) -> FloatArray:
    """Unit vectors from the origin that a recording through the ideal channel would have.

    The recording's mean is partly its voices and partly its channel. Taking it off whole would hide a voice that
    speaks most of the time, so only what no mixture of voices explains is taken off.
    """
    mean = points.mean(axis=0)
    size, plausible = float(np.linalg.norm(mean)), float(np.sqrt(OFFSET * spread * points.shape[1]))
    centred = points - mean * max(0.0, 1 - plausible / max(size, 1e-12))
    directions: FloatArray = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return directions


def _ward(points: FloatArray, count: int) -> list[IntArray]:
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(points) < 2 or count < 2:
        return [np.arange(len(points))]
    labels = fcluster(linkage(points, "ward"), count, "maxclust")
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _merge(points: Any, directions: Any, groups: Sequence[IntArray], fewest: int, most: int) -> list[IntArray]:
    """Joins the nearest groups until they are few enough and each two are different voices.

    Distance is Ward's with saturating sizes: the squared difference of the means, in spreads, over what it would be
    by chance if a group were no surer of its mean than `SATURATION_SPANS` spans are.
    """
    members = list(groups)
    means = np.array([points[group].mean(axis=0) for group in members])
    sizes = np.array([len(group) for group in members], float)
    distances = np.array([_distances(means, sizes, index) for index in range(len(members))])
    while len(members) > fewest:
        small = np.flatnonzero(sizes < MIN_SPANS)
        if len(small):
            one = int(small[sizes[small].argmin()])
            other = int(distances[one].argmin())
        else:
            one, other = (int(index) for index in np.unravel_index(distances.argmin(), distances.shape))
            here, there = members[one], members[other]
            separation = _separation(points[here], points[there])
            likeness = _cosine(directions[here].mean(axis=0), directions[there].mean(axis=0))
            if len(members) <= most and _score(distances[one, other], separation, likeness) > SEPARATE:
                break
        keep, drop = min(one, other), max(one, other)
        members[keep] = np.concatenate([members[keep], members.pop(drop)])
        means[keep] = (means[keep] * sizes[keep] + means[drop] * sizes[drop]) / (sizes[keep] + sizes[drop])
        sizes[keep] += sizes[drop]
        means, sizes = np.delete(means, drop, axis=0), np.delete(sizes, drop)
        distances = np.delete(np.delete(distances, drop, axis=0), drop, axis=1)
        distances[keep] = distances[:, keep] = _distances(means, sizes, keep)
    return members


def _distances(means: Any, sizes: Any, index: int) -> Any:
    known = sizes / (1 + sizes / SATURATION_SPANS)
    weight = known * known[index] / (known + known[index])
    distances = ((means - means[index]) ** 2).mean(axis=1) * weight
    distances[index] = np.inf
    return distances


def _separation(one: Any, other: Any) -> float:
    """How little lies between two groups: d' of signal detection, along the line that joins their means.

    One voice cut in two has much in between.
    """
    line = one.mean(axis=0) - other.mean(axis=0)
    length = max(float(np.linalg.norm(line)), 1e-9)
    variances = [float((group @ (line / length)).var()) for group in (one, other)]
    return length / max(1e-2, float(np.sqrt(np.mean(variances))))


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


def _score(distance: float, separation: float, likeness: float) -> float:
    """How sure it is that two groups are two voices.

    Each sees what the others miss: distance, what recording and channel do to the voices; separation, a voice that
    changes its manner little by little; the cosine, one that changes it at once, since it stays the same voice among
    all voices. The form is a logistic regression's over joined talk, rounded.
    """
    return float(distance * separation**0.5 * np.exp(-likeness))
