"""How far two divisions of one recording into chapters differ: Pk and WindowDiff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from earwitness.evaluation.results import ChapterScore
from earwitness.types import Chapter, Seconds

STEP_S = 1.0
"""Chapters are compared on a grid of so many seconds."""


def chapter_score(reference: Sequence[Chapter], hypothesis: Sequence[Chapter], duration: Seconds) -> ChapterScore:
    """Pk and WindowDiff of a recording's chapters, on a grid of `STEP_S`.

    >>> truth = [Chapter(0, 0.0, 60.0, "One", ()), Chapter(1, 60.0, 120.0, "Two", ())]
    >>> chapter_score(truth, truth, 120.0).pk
    0.0
    """
    size = max(1, round(duration / STEP_S))
    sides = [[round(chapter.start / STEP_S) for chapter in chapters[1:]] for chapters in (reference, hypothesis)]
    pk, difference = compare(sides[0], sides[1], size)
    return ChapterScore(pk, difference, len(reference), len(hypothesis), size)


def compare(reference: Iterable[int], hypothesis: Iterable[int], size: int) -> tuple[float, float]:
    """Pk (Beeferman et al. 1999) and WindowDiff (Pevzner and Hearst 2002) of two divisions of `size` places.

    Both look through a window of half the reference's mean length: Pk counts where only one side has a boundary in it,
    WindowDiff where they have different numbers. 0 is perfect; without any idea Pk is about 0.5.

    Args:
        reference, hypothesis: the places with which parts begin, from 1 to `size` - 1; others are no boundaries.

    >>> compare([10, 20], [10, 20], 30), compare([10], [], 24)
    ((0.0, 0.0), (0.3157894736842105, 0.3157894736842105))
    """
    counts = []
    marks = [np.zeros(size, dtype=np.int64) for _ in range(2)]
    for mark, starts in zip(marks, (reference, hypothesis), strict=True):
        mark[sorted({start - 1 for start in starts if 0 < start < size})] = 1
    parts = int(marks[0].sum()) + 1
    window = max(1, min(round(size / parts / 2), size))
    for mark in marks:
        before = np.concatenate([[0], np.cumsum(mark)])
        counts.append(before[window:] - before[:-window])
    crossed = (counts[0] > 0) != (counts[1] > 0)
    return float(np.mean(crossed)), float(np.mean(counts[0] != counts[1]))
