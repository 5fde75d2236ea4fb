"""When each token was said, from what the decoder looked at while it wrote it.

Some of Whisper's cross-attention heads follow the sound. The path of least cost through their weights, by dynamic time
warping, says at which frame each token begins. CTranslate2 does this by itself; the engines that do not come here.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, and the word timestamps of
openai-whisper: weights normalised over the tokens, smoothed by a median over seven frames, and averaged over the heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MEDIAN_FRAMES = 7


def first_frames(weights: FloatArray, skip: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The frame at which each token begins.

    Args:
        weights: shape (heads, tokens, frames), probabilities over the frames.
        skip: so many tokens at the start belong to no sound; they count in the normalisation only.

    Returns:
        Shape (tokens - skip,), ascending.

    >>> diagonal = np.eye(3).repeat(10, axis=1)[None] + 0.01
    >>> first_frames(diagonal, 0)
    array([ 0, 10, 20])
    """
    from scipy.ndimage import median_filter

    centred = weights - weights.mean(axis=1, keepdims=True)
    # A frame that no token looks at more than another says nothing; it must not say "not a number".
    spread = np.maximum(weights.std(axis=1, keepdims=True), 1e-12)
    smooth = median_filter(centred / spread, (1, 1, MEDIAN_FRAMES), mode="mirror")
    tokens, frames = cheapest_path(-smooth.mean(axis=0)[skip:])
    first: np.ndarray[tuple[int], np.dtype[np.int64]] = frames[np.searchsorted(tokens, np.arange(tokens[-1] + 1))]
    return first


def cheapest_path(cost: FloatArray) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Dynamic time warping: rows and columns of the path of least cost from the first corner to the last.

    Args:
        cost: shape (rows, columns); a step goes to the next row, the next column, or both.

    >>> cheapest_path(np.array([[0.0, 0.0, 9.0], [9.0, 9.0, 0.0]])).tolist()
    [[0, 0, 1], [0, 1, 2]]
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row in range(rows):
        # The best way to (row, j) comes from above at some k <= j and then runs along the row, which adds
        # run[j] - run[k - 1]; so the least of (from above at k) - run[k - 1] serves all j at once.
        run = np.cumsum(cost[row], dtype=np.float64)
        above = np.minimum(total[row, :-1], total[row, 1:])
        total[row + 1, 1:] = np.minimum.accumulate(above - np.concatenate([[0.0], run[:-1]])) + run
    path = [(rows, columns)]
    while (at := path[-1]) != (1, 1):
        row, column = at
        path.append(min((row - 1, column - 1), (row - 1, column), (row, column - 1), key=lambda cell: total[cell]))
    return np.array(path[::-1]).T - 1
