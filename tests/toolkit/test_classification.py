"""Windows over recordings, and events, by a classifier that tells how loud a window is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.audio import load
from earwitness.engines.base import SoundClassifier
from earwitness.errors import AudioError, OptionError
from earwitness.toolkit.classification import RELEASE, Timeline, events, listen
from earwitness.types import Audio, Event
from sounds import EPISODE, RATE, bursts


class Loudness:
    """Loud as far as samples are beyond 0.01, and else quiet; or, where labels do not exclude each other, also odd:
    as far as they are positive."""

    name = model = "loudness"
    sample_rate = RATE
    window_s = 1.0
    versions: Mapping[str, str] = {}

    def __init__(self, *, exclusive: bool = True) -> None:
        self.exclusive = exclusive
        self.labels: Sequence[str] = ("loud", "quiet") if exclusive else ("loud", "odd")
        self.heard: list[int] = []

    def identity(self) -> str:
        return self.name

    def classify(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        self.heard += map(len, windows)
        rows = [(float(np.mean(np.abs(window) > 0.01)), float(np.mean(window > 0))) for window in windows]
        return np.array([(loud, 1 - loud if self.exclusive else odd) for loud, odd in rows], np.float32)


def timeline(*rows: Sequence[float], exclusive: bool = False, step_s: float = 1.0) -> Timeline:
    edges = step_s * np.arange(len(rows) + 1)
    return Timeline(("a", "b"), exclusive, edges, np.array(rows, np.float32))


def spans(found: Sequence[Event]) -> list[tuple[str, float, float]]:
    return [(event.label, event.start, event.end) for event in found]


def test_a_short_clip_is_one_step_with_the_scores_of_the_classifier() -> None:
    samples = load(EPISODE).between(2.0, 2.9)
    found = listen(Audio(samples), Loudness())
    assert found.edges.tolist() == [0.0, len(samples) / RATE]
    assert np.array_equal(found.scores, Loudness().classify([samples]))
    assert [label.label for label in found.top(1)] == ["loud" if found.scores[0, 0] >= 0.5 else "quiet"]


@given(
    duration=st.integers(1, 5 * RATE),
    window=st.sampled_from([0.3, 1.0, 1.37]),
    share=st.sampled_from([0.1, 1 / 3, 0.5, 0.73, 1.0]),
)
@settings(deadline=None, max_examples=60)
def test_every_second_has_its_labels(duration: int, window: float, share: float) -> None:
    samples = np.random.default_rng(0).normal(0, 0.02, duration).astype(np.float32)
    classifier = Loudness()
    found = listen(Audio(samples), classifier, window_s=window, hop_s=share * window)
    assert found.edges[0] == 0
    assert found.duration == duration / RATE
    assert (np.diff(found.edges) > 0).all()
    assert found.scores.shape == (len(found.edges) - 1, 2)
    assert np.allclose(found.scores.sum(axis=1), 1, atol=1e-6)
    assert set(classifier.heard) == {min(duration, round(window * RATE))}
    steps = list(found.steps())
    assert (steps[0].start, [step.end for step in steps[:-1]]) == (0.0, [step.start for step in steps[1:]])


def test_the_score_of_a_step_is_the_mean_of_the_windows_that_it_lies_in() -> None:
    """By hand, sample by sample."""
    samples = load(EPISODE).between(0.0, 7.3)
    window, hop = 1.5, 0.6
    found = listen(Audio(samples), Loudness(), window_s=window, hop_s=hop)

    sums, counts = np.zeros((len(samples), 2)), np.zeros(len(samples))
    starts = [*np.arange(0, 7.3 - window, hop), 7.3 - window]
    for start in starts:
        first = round(start * RATE)
        sums[first : first + round(window * RATE)] += Loudness().classify([samples[first:][: round(window * RATE)]])[0]
        counts[first : first + round(window * RATE)] += 1
    for index, (first, last) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
        inside = slice(round(first * RATE), round(last * RATE))
        assert found.scores[index] == pytest.approx(sums[inside].sum(axis=0) / counts[inside].sum(), abs=1e-3)


@pytest.mark.parametrize("exclusive", [True, False])
def test_bursts_are_found_where_they_are(exclusive: bool) -> None:
    classifier = Loudness(exclusive=exclusive)
    places = [(3.0, 5.0), (9.4, 12.2)]
    found = events(Audio(bursts(15.0, *places)), classifier, window_s=0.5, hop_s=0.25)
    loud = [event for event in found if event.label == "loud"]
    assert [event.start for event in loud] == pytest.approx([start for start, _ in places], abs=0.26)
    assert [event.end for event in loud] == pytest.approx([end for _, end in places], abs=0.26)
    assert all(0.8 < event.score <= 1 for event in loud)
    if exclusive:
        assert [event.label for event in found] == ["quiet", "loud", "quiet", "loud", "quiet"]
        assert (found[0].start, found[-1].end) == (0.0, 15.0)
        assert all(before.end == after.start for before, after in pairwise(found))


def test_an_event_begins_at_the_threshold_and_ends_below_its_release() -> None:
    rising = timeline([0.36, 0], [0.5, 0], [0.36, 0], [0.34, 0], [0.4, 0])
    assert spans(rising.events(0.5)) == [("a", 0.0, 3.0)]
    assert rising.events(0.5)[0].score == pytest.approx((0.36 + 0.5 + 0.36) / 3)
    assert RELEASE * 0.5 == 0.35


def test_labels_that_exclude_each_other_never_overlap_and_others_may() -> None:
    rows = [[0.9, 0.1], [0.45, 0.55], [0.6, 0.4]]
    assert spans(timeline(*rows, exclusive=True).events()) == [("a", 0.0, 1.0), ("b", 1.0, 2.0), ("a", 2.0, 3.0)]
    assert spans(timeline(*rows).events()) == [("a", 0.0, 3.0), ("b", 1.0, 3.0)]


def test_without_a_threshold_every_second_has_its_event() -> None:
    rows = [[0.5, 0.5], [0.4, 0.6], [0.3, 0.7], [0.6, 0.4]]
    found = timeline(*rows, exclusive=True).events(threshold=0)
    assert spans(found) == [("a", 0.0, 1.0), ("b", 1.0, 3.0), ("a", 3.0, 4.0)]


def test_shorter_events_are_left_out() -> None:
    rows = [[0.9, 0.9], [0.9, 0.1], [0.1, 0.1], [0.1, 0.9]]
    assert spans(timeline(*rows, step_s=0.3).events(min_length_s=0.6)) == [("a", 0.0, 0.6)]


def test_the_whole_is_the_mean_over_time() -> None:
    uneven = Timeline(("a", "b"), False, np.array([0.0, 1.0, 4.0]), np.array([[1, 0.5], [0, 0.5]], np.float32))
    assert [(label.label, label.score) for label in uneven.top()] == [("b", 0.5), ("a", 0.25)]
    assert [label.label for label in uneven.top(1)] == ["b"]


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    def peak(minutes: int) -> int:
        path = tmp_path / f"{minutes}.raw"
        np.full(minutes * 60 * RATE, 0.1, np.float32).tofile(path)
        samples = np.memmap(path, np.float32, "r")
        tracemalloc.start()
        listen(Audio(samples), Loudness())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        path.unlink()
        return found

    assert peak(12) < 1.2 * peak(2)


@pytest.mark.parametrize(
    ("window", "hop"), [(0.0, None), (-1.0, None), (1.0, 2.0), (1.0, 0.0), (float("nan"), None), (float("inf"), 1.0)]
)
def test_windows_that_are_none_are_refused(window: float, hop: float | None) -> None:
    with pytest.raises(OptionError, match="windows of"):
        listen(Audio(bursts(3.0)), Loudness(), window_s=window, hop_s=hop)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(OptionError, match=r"sample_rate=classifier\.sample_rate"):
        listen(Audio(bursts(1.0), 8_000), Loudness())
    with pytest.raises(AudioError, match="empty audio"):
        listen(Audio(np.zeros(0, np.float32)), Loudness())
    for threshold, length in [(-0.1, 0.0), (1.1, 0.0), (float("nan"), 0.0), (0.5, -1.0), (0.5, float("nan"))]:
        with pytest.raises(OptionError, match="threshold"):
            timeline([1, 1]).events(threshold, length)
    with pytest.raises(OptionError, match="top 0"):
        timeline([1, 1]).top(0)


def test_progress_reaches_the_end() -> None:
    told: list[float] = []
    listen(Audio(bursts(30.0)), Loudness(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 30.0


def test_the_stand_in_is_a_classifier() -> None:
    classifier: SoundClassifier = Loudness()
    assert classifier.name == "loudness"
