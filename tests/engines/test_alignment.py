from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.engines.alignment import cheapest_path, first_frames


def every_path(rows: int, columns: int) -> list[list[tuple[int, int]]]:
    """All ways from (0, 0) to the last cell."""
    if (rows, columns) == (1, 1):
        return [[(0, 0)]]
    before = [(rows - 1, columns - 1), (rows - 1, columns), (rows, columns - 1)]
    return [
        [*path, (rows - 1, columns - 1)] for smaller in before if min(smaller) >= 1 for path in every_path(*smaller)
    ]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_no_path_is_cheaper(rows: int, columns: int, seed: int) -> None:
    cost = np.random.default_rng(seed).normal(size=(rows, columns))
    found = [(int(row), int(column)) for row, column in cheapest_path(cost).T]
    paths = every_path(rows, columns)
    assert found in paths
    assert sum(cost[cell] for cell in found) == pytest.approx(min(sum(cost[c] for c in path) for path in paths))


def test_a_path_takes_one_step_at_a_time() -> None:
    path = cheapest_path(np.random.default_rng(1).normal(size=(60, 900)))
    steps = {(int(b[0] - a[0]), int(b[1] - a[1])) for a, b in pairwise(path.T)}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert path[:, 0].tolist() == [0, 0]
    assert path[:, -1].tolist() == [59, 899]


@pytest.mark.parametrize("skip", [0, 2])
def test_tokens_begin_where_the_heads_look(skip: int) -> None:
    begins = np.array([0, 12, 40, 75])
    weights = np.full((3, skip + 4, 100), 1e-3)
    for token, (begin, end) in enumerate(pairwise([*begins.tolist(), 100])):
        weights[:, skip + token, begin:end] = 1.0
    noisy = weights * np.random.default_rng(0).uniform(0.5, 1.5, weights.shape)
    assert first_frames(noisy, skip) == pytest.approx(begins, abs=2)


def test_fewer_frames_than_the_filter_is_wide() -> None:
    assert first_frames(np.full((1, 2, 2), 0.5), 0).tolist() == [0, 1]
