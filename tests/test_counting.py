"""Which cut into voices is best: constructed points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from earwitness.counting import best_partition, eigen_gaps, silhouette


def voices(count: int, each: int = 40) -> tuple[Any, Any]:
    """Points about orthogonal means, and who each belongs to."""
    rng = np.random.default_rng(count)
    labels = np.repeat(np.arange(count), each)
    return 5 * np.eye(16)[labels] + rng.normal(size=(len(labels), 16)), labels


def cosines(points: Any) -> Any:
    unit = points - points.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_the_widest_gap_is_at_the_number_of_voices(count: int) -> None:
    points, _ = voices(count)
    assert int(eigen_gaps(cosines(points), 10).argmax()) + 1 == count


def test_the_silhouette_of_vectors_whose_distances_are_known() -> None:
    """Two pairs at right angles: to one's own 0, to the others the root of two, so 1; mixed up, -0.5 by hand."""
    likeness = np.kron(np.eye(2), np.ones((2, 2)))
    assert silhouette(likeness, np.array([0, 0, 1, 1])) == pytest.approx(1.0)
    assert silhouette(likeness, np.array([0, 1, 0, 1])) == pytest.approx(-0.5)


def test_a_point_alone_in_its_voice_counts_nothing() -> None:
    likeness = np.kron(np.eye(2), np.ones((2, 2)))
    likeness = likeness[:3, :3]
    assert silhouette(likeness, np.array([0, 0, 1])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_true_cut_beats_one_that_joins_and_one_that_splits(count: int) -> None:
    points, labels = voices(count)
    split = np.where((labels == 0) & (np.arange(len(labels)) % 2 == 0), count, labels)
    cuts = {count: labels, count + 1: split}
    if count > 2:
        cuts[count - 1] = np.maximum(0, labels - 1)
    assert best_partition(points.astype(np.float32), cuts) == count
