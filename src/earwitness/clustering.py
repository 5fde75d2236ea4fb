"""Points to voices: how many there are, and where their means lie.

Up to five minutes of speech are cut into every plausible number of voices, by Ward's method and a few rounds of
k-means, and `earwitness.counting` says which cut is best.

Longer talk is first cut into small groups, five minutes at a time; the most alike of these are joined until few are
left, and some of each stand for all: fewer of a small group, so that a cough is no voice, but more than its share, so
that no voice is lost for saying little. Cost and memory grow with the number of points, not with its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.counting import best_partition, evidence, means_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray, Seconds

    IntArray = npt.NDArray[np.intp]

BATCH_SPANS = 750
"""Clustered by Ward's method at a time: its cost grows with their square."""
GROUPS_OF_BATCH, GROUPS = 12, 32
"""Into how many groups a batch of long talk is cut, and how many are left of those of all batches."""
SHARE_POWER = 0.5
"""Of a group's size, as which its share of those that stand for all grows: between a head each and a vote each."""
MIN_SPANS = 3
"""A smaller cluster (2.4 s of talk at most) is an outlier, and no voice of its own unless that is asked for."""
MOST_VOICES = 10
"""No more are found unasked."""
ASKED_SPANS, UNASKED_SPANS = 4, 7
"""Spans a voice must have on average where the number is given and where not: 1.6 and 2.8 s of talk."""
ROUNDS = 4
"""Of k-means after Ward's method: later ones hardly move anything."""
LOWER_QUARTER = 0.25
NEARBY = 6.2
"""The spread of a voice over the lower quarter of half the squared differences of spans a quarter of a window apart.

They have three quarters of their sound in common, so that 4 would do for the median; measured on joined talk."""


def spread_of(points: FloatArray, starts: Any, window_s: Seconds) -> float:
    """Variance a dimension of one voice, from how much spans that follow each other differ.

    Of spans that just do not overlap, half the typical squared difference; few of those pairs straddle a change of
    voices, unless turns are short. So the lower quarter of those of spans that mostly overlap is the other measure,
    and the smaller counts.
    """
    apart = _squares(points, starts, window_s)
    near = _squares(points, starts, window_s / 4)
    if len(apart) < 5:
        return float(max(points.var(axis=0).mean(), 1e-12))
    spread = float(np.median(apart)) / 2
    if len(near) >= 5:
        spread = min(spread, NEARBY * float(np.quantile(np.asarray(near), LOWER_QUARTER)) / 2)
    return float(max(spread, 1e-6 * float(np.mean(points**2)), 1e-12))


def _squares(points: FloatArray, starts: Any, lag_s: Seconds) -> Any:
    """Mean squared differences a dimension of spans whose starts are about `lag_s` apart."""
    later = np.searchsorted(starts, starts + 0.97 * lag_s)
    known = later < len(starts)
    known[known] = starts[later[known]] - starts[known] < 1.15 * lag_s
    return ((points[later[known]] - points[known]) ** 2).mean(axis=1)


def voices_of(points: FloatArray, spread: float, fewest: int, most: int) -> FloatArray:
    """The mean point of each voice: shape (voices, d).

    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(90, 8)) + np.repeat(9 * np.eye(3, 8), 30, axis=0)
    >>> voices_of(points.astype(np.float32), 1.0, fewest=1, most=20).shape
    (3, 8)

    Args:
        points: shape (n, d), n at least 1, in order of time.
        spread: the variance a dimension of one voice, from `spread_of`.
        fewest: no fewer voices than this, as far as there are points.
        most: no more voices than this; the same as `fewest` where the number is known.
    """
    scaled = points / np.sqrt(spread)
    if len(points) <= BATCH_SPANS:
        labels = _cut(scaled, fewest, most)
    else:
        shown = scaled[_representatives(scaled)]
        labels = _refined(scaled, means_of(shown, _cut(shown, fewest, most)))
    return means_of(points, labels).astype(np.float32)


def _cut(points: FloatArray, fewest: int, most: int) -> IntArray:
    """The voice of each of at most `BATCH_SPANS` points."""
    fewest = max(1, min(fewest, len(points) // ASKED_SPANS))
    if fewest < most:
        most = max(fewest, min(most, MOST_VOICES, len(points) // UNASKED_SPANS))
    if len(points) < 2 or most == 1:
        return np.zeros(len(points), np.intp)
    tree = _tree(points)
    cuts = _cuts(points, tree, range(fewest, most + 1 + (fewest < most)))
    enough = [count for count, labels in cuts.items() if count == fewest or np.bincount(labels).min() >= MIN_SPANS]
    if len(enough) == 1:
        return cuts[enough[0]]
    return cuts[best_partition(points, {count: cuts[count] for count in enough})]


def _tree(points: FloatArray) -> Any:
    """By Ward's method, of two points or more."""
    from scipy.cluster.hierarchy import linkage

    return linkage(points, "ward")


def _branches(tree: Any, count: int) -> IntArray:
    """The branch of each point when the tree is cut into at most `count`."""
    from scipy.cluster.hierarchy import fcluster

    branches: IntArray = fcluster(tree, count, "maxclust").astype(np.intp) - 1
    return branches


def _cuts(points: FloatArray, tree: Any, counts: range) -> dict[int, IntArray]:
    """By number of voices, the voice of each point; numbers that cannot be had are left out, but for the least."""
    cuts = {}
    for count in counts:
        labels = _refined(points, means_of(points, _branches(tree, count)))
        found = int(labels.max()) + 1
        if found == count or count == counts[0]:
            cuts[found] = labels
    return cuts


def _refined(points: FloatArray, means: FloatArray) -> IntArray:
    """The voice of each point after `ROUNDS` of k-means from these means; a voice may die out."""
    for _ in range(ROUNDS):
        nearest = ((means**2).sum(axis=1) - 2 * points @ means.T).argmin(axis=1)
        labels: IntArray = np.unique(nearest, return_inverse=True)[1]
        means = means_of(points, labels)
    return labels


def _representatives(points: FloatArray) -> IntArray:
    """Indices of some `BATCH_SPANS` points, of every group of them `MIN_SPANS` or more as far as it has them."""
    groups: list[IntArray] = []
    for begin in range(0, len(points), BATCH_SPANS):
        batch = points[begin : begin + BATCH_SPANS]
        labels = _branches(_tree(batch), GROUPS_OF_BATCH) if len(batch) > 1 else np.zeros(1, np.intp)
        groups += [begin + np.flatnonzero(labels == label) for label in np.unique(labels)]
    groups = _few(points, groups)
    worth = np.array([len(group) for group in groups]) ** SHARE_POWER
    shares = np.maximum(MIN_SPANS, BATCH_SPANS * worth / worth.sum()).astype(np.intp)
    chosen = [
        group[np.linspace(0, len(group) - 1, min(share, len(group))).astype(np.intp)]
        for group, share in zip(groups, shares, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def _few(points: FloatArray, groups: list[IntArray]) -> list[IntArray]:
    """Joins the groups that are most alike until `GROUPS` are left."""
    means = np.array([points[group].mean(axis=0) for group in groups])
    sizes = np.array([len(group) for group in groups], float)
    alike = np.array([evidence(means, sizes, index) for index in range(len(groups))])
    np.fill_diagonal(alike, -np.inf)
    while len(groups) > GROUPS:
        keep, drop = sorted(int(index) for index in np.unravel_index(alike.argmax(), alike.shape))
        groups[keep] = np.concatenate([groups[keep], groups.pop(drop)])
        means[keep] = (means[keep] * sizes[keep] + means[drop] * sizes[drop]) / (sizes[keep] + sizes[drop])
        sizes[keep] += sizes[drop]
        means, sizes = np.delete(means, drop, axis=0), np.delete(sizes, drop)
        alike = np.delete(np.delete(alike, drop, axis=0), drop, axis=1)
        alike[keep] = alike[:, keep] = evidence(means, sizes, keep)
        alike[keep, keep] = -np.inf
    return groups
