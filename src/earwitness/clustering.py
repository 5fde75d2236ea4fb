"""Points to voices: how many there are, and where their means lie.

Up to five minutes of speech are cut into every plausible number of voices, by Ward's method and a few rounds of
k-means, and `earwitness.counting` says which cut is best, unless even two voices are too alike to be two.

Longer talk is clustered in batches of five minutes by Ward's method; then the nearest clusters of a batch are joined,
by a distance that stops growing with their size, until the nearest two are two voices; then those of all batches in
the same way. Cost and memory grow with the number of points, not with its square. That way is also taken in short
talk to look for a voice that says little, which no measure of the whole talk would miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.counting import best_partition

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
SEPARATE_IN_BATCH, SEPARATE = 20.0, 32.0
"""From this `_score` on two clusters of long talk are two voices: first within a batch, then in all of it."""
SURELY_TWO = 27.0
"""In short talk only from this `_score` on two halves are two voices; of 15 readers alone 11 to 27, of pairs 25 up."""
SURELY_ONE = 9.0
"""Up to this `_score` two voices of a cut are one, and that cut is no candidate."""
SURELY_RARE = 27.0
"""From this `_score` on clusters that the best cut has not are voices after all."""
MOST_VOICES = 10
"""Unasked, short talk is cut into no more voices."""
ASKED_SPANS, UNASKED_SPANS = 4, 7
"""Spans a voice must have on average where the number is given and where not: 1.6 and 2.8 s of talk."""
ROUNDS = 4
"""Of k-means after Ward's method: later ones hardly move anything."""
LOWER_QUARTER = 0.25
NEARBY = 6.2
"""The spread of a voice over the lower quarter of half the squared differences of spans a quarter of a window apart.

They have three quarters of their sound in common, so that 4 would do for the median; measured on joined talk."""
OFFSET = 0.1
"""How far a recording's mean point may lie from the origin, in spreads; what is beyond is its channel."""


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
    if len(points) <= BATCH_SPANS:
        groups = _short_talk(scaled, directions, fewest, most)
    else:
        groups = _long_talk(scaled, directions, fewest, most, SEPARATE)
    return np.array([points[members].mean(axis=0) for members in groups], np.float32)


def _short_talk(scaled: FloatArray, directions: FloatArray, fewest: int, most: int) -> list[IntArray]:
    """The voices of at most `BATCH_SPANS` points: their members."""
    fewest = max(1, min(fewest, len(scaled) // ASKED_SPANS))
    likely = max(fewest, min(most, MOST_VOICES, len(scaled) // UNASKED_SPANS))
    cuts = _cuts(scaled, range(max(2, fewest), likely + 1))
    if not cuts:
        return [np.arange(len(scaled))]
    if fewest == most:
        return _members(cuts[fewest]) if fewest in cuts else [np.arange(len(scaled))]
    apart = {count: _alikest(scaled, directions, labels) for count, labels in cuts.items()}
    plausible = {count: cuts[count] for count in cuts if count <= max(2, fewest) or apart[count] > SURELY_ONE}
    best = _members(plausible[best_partition(scaled, plausible)])
    if fewest < 2 and apart.get(2, 0.0) <= SURELY_TWO:
        best = [np.arange(len(scaled))]
    rare = _long_talk(scaled, directions, fewest, most, SURELY_RARE)
    return rare if len(rare) > len(best) else best


def _alikest(scaled: FloatArray, directions: FloatArray, labels: IntArray) -> float:
    """The least `_score` of two voices of a cut."""
    return min(_pair_score(scaled, directions, one, other) for one, other in combinations(_members(labels), 2))


def _cuts(points: FloatArray, counts: range) -> dict[int, IntArray]:
    """By number of voices, the voice of each point; numbers that cannot be had are left out."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if not counts:
        return {}
    tree, cuts = linkage(points, "ward"), {}
    for count in counts:
        labels = fcluster(tree, count, "maxclust") - 1
        for _ in range(ROUNDS):
            means = np.array([points[labels == label].mean(axis=0) for label in range(int(labels.max()) + 1)])
            labels = ((points[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
            labels = np.unique(labels, return_inverse=True)[1]
        if int(labels.max()) + 1 == count:
            cuts[count] = labels
    return cuts


def _members(labels: IntArray) -> list[IntArray]:
    return [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]


def _long_talk(points: FloatArray, directions: FloatArray, fewest: int, most: int, separate: float) -> list[IntArray]:
    """The voices of any number of points: their members. Two are voices from the `_score` `separate` on."""
    clusters = max(FIRST_CLUSTERS, fewest)
    groups: list[IntArray] = []
    for begin in range(0, len(points), BATCH_SPANS):
        batch = directions[begin : begin + BATCH_SPANS]
        limit = min(clusters, max(fewest, len(batch) // MIN_SPANS), len(batch))
        parts = [begin + members for members in _ward(batch, limit)]
        groups += _merge(points, directions, parts, fewest, clusters, min(separate, SEPARATE_IN_BATCH))
    return _merge(points, directions, groups, fewest, most, separate)


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


def _merge(
    points: Any, directions: Any, groups: Sequence[IntArray], fewest: int, most: int, separate: float
) -> list[IntArray]:
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
            if len(members) <= most and _pair_score(points, directions, members[one], members[other]) > separate:
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


def _pair_score(points: Any, directions: Any, here: IntArray, there: IntArray) -> float:
    """`_score` of two groups."""
    means = np.array([points[here].mean(axis=0), points[there].mean(axis=0)])
    distance = float(_distances(means, np.array([len(here), len(there)], float), 0)[1])
    likeness = _cosine(directions[here].mean(axis=0), directions[there].mean(axis=0))
    return _score(distance, _separation(points[here], points[there]), likeness)


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
