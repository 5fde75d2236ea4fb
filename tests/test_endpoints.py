from __future__ import annotations

import numpy as np
import pytest

from earwitness.endpoints import MEMORY_S, Endpoints
from earwitness.options import RegionOptions
from earwitness.regions import regions_of

FRAME_S = 0.032


def noisy(seed: int, frames: int) -> np.ndarray:
    """Bursts of speech, sure and unsure, with pauses of every length."""
    random = np.random.default_rng(seed)
    spoken = np.cumsum(random.random(frames) < random.choice([0.02, 0.1, 0.3])) % 2
    values = spoken * random.choice([0.45, 0.6, 0.9]) + random.normal(0, 0.15, frames)
    return np.clip(values, 0, 1).astype(np.float32)


@pytest.mark.parametrize("seed", range(200))
def test_regions_are_those_of_the_whole_recording_however_it_comes(seed: int) -> None:
    random = np.random.default_rng(seed)
    options = RegionOptions(
        pad_s=float(random.choice([0.0, 0.2, 0.5])),
        min_silence_s=float(random.choice([0.1, 0.4, 1.0])),
        min_speech_s=float(random.choice([0.0, 0.1, 0.3])),
    )
    probabilities = noisy(seed, int(random.integers(1, 600)))
    duration = len(probabilities) * FRAME_S - float(random.choice([0.0, 0.01]))
    ends, found, at = Endpoints(FRAME_S, options), [], 0
    while at < len(probabilities):
        step = int(random.integers(1, 40))
        undecided = ends.undecided_from
        ended = ends.feed(probabilities[at : at + step])
        assert all(region.start >= undecided - 1e-9 for region in ended)
        found += ended
        at += step
    found += ends.finish(duration, probabilities[:0])
    expected = regions_of(probabilities, FRAME_S, duration, options)
    assert tuple(found) == expected  # to the last bit
    assert [one.probability for one in found] == pytest.approx([one.probability for one in expected], abs=1e-4)


def test_a_region_is_told_as_soon_as_nothing_can_join_it() -> None:
    ends = Endpoints(FRAME_S, RegionOptions())
    ends.feed(np.full(60, 0.9, np.float32))
    assert ends.going_on is not None
    assert ends.going_on.end == pytest.approx(60 * FRAME_S)
    silent = 0
    while not ends.feed(np.zeros(1, np.float32)):
        silent += 1
    assert silent * FRAME_S < 0.4 <= (silent + 1) * FRAME_S
    assert ends.going_on is None


def test_hours_of_silence_or_talk_take_no_memory() -> None:
    ends = Endpoints(FRAME_S, RegionOptions())
    talk = np.repeat(np.array([0.0, 0.9, 0.0], np.float32), 30)
    for _ in range(500):
        ends.feed(talk)
        assert len(ends._tail) * FRAME_S < 2 * len(talk) * FRAME_S + MEMORY_S
    for _ in range(100):
        ends.feed(np.zeros(300, np.float32))
    assert len(ends._tail) < 400
