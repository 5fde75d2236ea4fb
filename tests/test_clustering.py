"""Points to voices: constructed points whose number of voices is known."""

from __future__ import annotations

from collections.abc import Sequence
from time import process_time
from typing import Any

import numpy as np
import pytest

from earwitness.clustering import spread_of, voices_of

DIMENSIONS = 32
WINDOW_S, HOP_S = 1.6, 0.2
FRAMES = round(WINDOW_S / HOP_S)


def spoken(turns: Sequence[tuple[int, float]], seed: int = 0) -> tuple[Any, Any]:
    """Points and starts of spans over turns (voice, seconds) without pauses, variance 1 a dimension within a voice.

    A span is the mean of what its frames say, as it is of real embedders: spans that overlap share their noise.
    """
    rng = np.random.default_rng(seed)
    means = 1.8 * rng.normal(size=(12, DIMENSIONS))
    frames = np.concatenate([np.repeat(means[voice][None], round(length / HOP_S), axis=0) for voice, length in turns])
    frames = frames + np.sqrt(FRAMES) * rng.normal(size=frames.shape)
    sums = np.cumsum(np.concatenate([np.zeros((1, DIMENSIONS)), frames]), axis=0)
    points = (sums[FRAMES:] - sums[:-FRAMES]) / FRAMES
    return points.astype(np.float32), HOP_S * np.arange(len(points))


def count(turns: Sequence[tuple[int, float]], fewest: int = 1, most: int = 20) -> int:
    points, starts = spoken(turns)
    return len(voices_of(points[::2], spread_of(points, starts, WINDOW_S), fewest, most))


@pytest.mark.parametrize("turn_s", [2.0, 5.0, 30.0])
def test_the_spread_is_that_of_one_voice_however_short_the_turns(turn_s: float) -> None:
    """To a factor of two; that of spans 1.6 s apart is four times as large where turns last 2 s."""
    points, starts = spoken([(index % 3, turn_s) for index in range(round(240 / turn_s))])
    assert 0.5 < spread_of(points, starts, WINDOW_S) < 2


def test_short_turns_do_not_hide_the_voices() -> None:
    assert count([(index % 4, 2.0) for index in range(60)]) == 4


@pytest.mark.parametrize("voices", [2, 3, 5, 8])
def test_the_number_of_voices(voices: int) -> None:
    assert count([(index % voices, 5.0) for index in range(6 * voices)]) == voices


@pytest.mark.parametrize("minutes", [1, 4, 30])
def test_one_voice(minutes: int) -> None:
    assert count([(0, 60.0)] * minutes) == 1


@pytest.mark.parametrize("minutes", [4, 20])
def test_a_voice_that_says_little_is_neither_lost_nor_made_two(minutes: int) -> None:
    turns = [(0, 10.0), (1, 10.0)] * (3 * minutes)
    assert count(turns) == 2
    assert count([*turns[:7], (2, 12.0), *turns[7:]]) == 3


def test_long_talk_of_many_voices() -> None:
    assert count([(index % 6, 6.0) for index in range(200)]) == 6


def test_the_number_that_is_asked_for() -> None:
    turns = [(index % 3, 5.0) for index in range(24)]
    assert [count(turns, asked, asked) for asked in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 5]
    assert count(turns, most=2) == 2
    assert count(turns, fewest=4) >= 4


def test_the_cost_grows_with_the_length() -> None:
    """Eight times the points take no more than twice eight times as long; all pairs at once would take 64 times."""

    def cost_s(minutes: int) -> float:
        points, starts = spoken([(index % 3, 6.0) for index in range(10 * minutes)])
        times = []
        for _ in range(3):
            began = process_time()
            voices_of(points[::2], spread_of(points, starts, WINDOW_S), 1, 20)
            times.append(process_time() - began)
        return min(times)

    assert cost_s(480) / cost_s(60) <= 16  # other work on the machine shows even in processor time
