"""Pk and WindowDiff against nltk's."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from nltk.metrics.segmentation import pk, windowdiff

from earwitness.evaluation.scoring import score
from earwitness.evaluation.segmentation import chapter_score, compare
from earwitness.evaluation.truth import of_transcript
from earwitness.types import Chapter
from factories import make_transcript


def marked(starts: set[int], size: int) -> str:
    """As nltk wants it: a 1 on the last place of each part but the last."""
    return "".join("1" if place + 1 in starts else "0" for place in range(size))


def test_they_are_nltks() -> None:
    draw = random.Random(3)
    for _ in range(200):
        size = draw.randint(4, 80)
        truth, found = ({draw.randrange(1, size) for _ in range(draw.randint(0, 6))} for _ in range(2))
        window = max(1, round(size / (len(truth) + 1) / 2))
        sides = marked(truth, size), marked(found, size)
        assert compare(truth, found, size) == pytest.approx((pk(*sides, k=window), windowdiff(*sides, k=window)))


def test_chapters_are_compared_by_their_times() -> None:
    truth = (Chapter(0, 0.0, 300.0, "", ()), Chapter(1, 300.0, 600.0, "", ()))
    found = chapter_score(truth, truth[:1], 600.0)
    assert (found.reference, found.hypothesis, found.places) == (2, 1, 600)
    assert found.pk == found.window_diff == pytest.approx(150 / 451)
    near = chapter_score(truth, (truth[0], replace(truth[1], start=310.0)), 600.0)
    assert near.pk == pytest.approx(20 / 451)


def test_only_references_with_chapters_are_compared() -> None:
    told = of_transcript(make_transcript())
    found = score(told, told).chapters
    assert found
    assert (found.pk, found.window_diff, found.reference) == (0.0, 0.0, 2)
    single = of_transcript(make_transcript(chapters=((0, "All"),)))
    assert score(single, told).chapters is None
    assert score(replace(told, chapters=None), told).chapters is None
