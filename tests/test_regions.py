from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.options import RegionOptions
from earwitness.regions import detect, pack, quietest, regions_of, split
from earwitness.types import Audio, Region

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE = 16_000
PLAIN = RegionOptions(pad_s=0.0, min_silence_s=0.0, min_speech_s=0.0)


class Known:
    """A detector that knows where speech is."""

    name = "known"
    frame_s = 0.1

    def __init__(self, probabilities: list[float]) -> None:
        self._probabilities = np.array(probabilities, np.float32)
        self.seconds = 0.0

    def probabilities(self, blocks: Iterable[FloatArray]) -> FloatArray:
        self.seconds = sum(len(block) for block in blocks) / RATE
        return self._probabilities


def spans(regions: Iterable[Region]) -> list[tuple[float, float]]:
    return [(round(region.start, 3), round(region.end, 3)) for region in regions]


def test_a_region_needs_the_threshold_once_and_lasts_until_the_release() -> None:
    probabilities = np.array([0.4, 0.6, 0.4, 0.1, 0.4, 0.4, 0.1], np.float32)
    assert spans(regions_of(probabilities, 0.1, 0.7, PLAIN)) == [(0.0, 0.3)]


def test_short_pauses_are_bridged_and_bursts_dropped() -> None:
    probabilities = np.array([0.9, 0.1, 0.9, 0.9, 0, 0, 0, 0, 0, 0.9], np.float32)
    options = RegionOptions(pad_s=0.0, min_silence_s=0.3, min_speech_s=0.2)
    assert spans(regions_of(probabilities, 0.1, 1.0, options)) == [(0.0, 0.4)]


def test_padding_stays_in_the_file_and_neighbours_meet_halfway() -> None:
    probabilities = np.array([0.9, 0.9, 0, 0, 0.9, 0.9], np.float32)
    options = RegionOptions(pad_s=0.3, min_silence_s=0.1)
    assert spans(regions_of(probabilities, 0.1, 0.6, options)) == [(0.0, 0.3), (0.3, 0.6)]


def test_no_frames_no_regions() -> None:
    assert regions_of(np.zeros(0, np.float32), 0.1, 0.0, PLAIN) == ()


@given(st.lists(st.floats(0, 1, width=32), max_size=200))
def test_regions_are_sorted_disjoint_and_cover_every_frame_of_speech(values: list[float]) -> None:
    probabilities = np.array(values, np.float32)
    found = regions_of(probabilities, 0.1, len(values) * 0.1, RegionOptions(min_speech_s=0.0))
    edges = [time for region in found for time in (region.start, region.end)]
    assert edges == sorted(edges)
    for index in np.flatnonzero(probabilities >= 0.5):
        assert any(region.start <= index * 0.1 + 1e-6 and (index + 1) * 0.1 - 1e-6 <= region.end for region in found)


def test_the_detector_hears_every_sample_once_in_blocks() -> None:
    detector = Known([0.9] * 1500)
    detect(Audio(np.zeros(150 * RATE, np.float32)), detector, RegionOptions())
    assert detector.seconds == 150.0


def test_long_regions_are_cut_at_the_quietest_point() -> None:
    samples = np.ones(50 * RATE, np.float32)
    samples[22 * RATE : 22 * RATE + 1600] = 0.0
    pieces = split(Audio(samples), Region(0.0, 50.0), 29.0)
    assert len(pieces) == 2
    assert pieces[0].end == pieces[1].start == pytest.approx(22.05, abs=0.03)


@given(st.floats(29.1, 400), st.floats(1, 29))
def test_pieces_abut_and_keep_the_limit(duration: float, limit: float) -> None:
    audio = Audio(np.random.default_rng(0).standard_normal(401 * 100).astype(np.float32), sample_rate=100)
    pieces = split(audio, Region(0.0, duration), limit)
    assert pieces[0].start == 0.0
    assert pieces[-1].end == duration
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(0 < piece.duration <= limit + 1e-6 for piece in pieces)


def test_quietest_stays_within_its_bounds() -> None:
    audio = Audio(np.ones(RATE, np.float32))
    assert quietest(audio, 0.5, 0.5) == 0.5
    assert 0.2 <= quietest(audio, 0.2, 0.8) <= 0.8


def test_packing_keeps_order_and_fills_windows() -> None:
    regions = [Region(at, at + 7.0) for at in range(0, 100, 10)]
    windows = pack(regions, 30.0)
    assert [region for window in windows for region in window] == regions
    assert [len(window) for window in windows] == [4, 4, 2]
    assert [len(window) for window in pack(regions, 0.0)] == [1] * 10
