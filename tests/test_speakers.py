"""Speakers on constructed truths, and on the example episode."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness import engines
from earwitness.audio import load
from earwitness.engines.base import Diarization
from earwitness.evaluation.diarization import diarization_error_rate
from earwitness.exports import json
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio, Region, Turn

DIMENSIONS = 16
Truth = Sequence[tuple[float, float, int]]


class Voices:
    """An embedder that knows who speaks: a span's point is the mean of its speakers' points, by their shares."""

    name = "stand-in"
    window_s = 1.6

    def __init__(self, truth: Truth, *, noise: float = 0.5, channel: float = 0.0) -> None:
        rng = np.random.default_rng(7)
        self.truth, self.noise, self.channel = truth, noise, channel
        # Orthogonal, so that all voices are equally far from each other.
        basis = np.linalg.qr(rng.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
        self.points = 4 * basis[: 1 + max(voice for *_, voice in truth)]

    def embed(self, samples: Any, spans: Sequence[Region]) -> Any:
        result = np.zeros((len(spans), DIMENSIONS), np.float32)
        for row, span in enumerate(spans):
            shares = np.zeros(len(self.points))
            for start, end, voice in self.truth:
                shares[voice] += max(0.0, min(end, span.end) - max(start, span.start))
            own = np.random.default_rng(round(span.start * 1000)).normal(size=DIMENSIONS)
            result[row] = shares @ self.points / max(shares.sum(), 1e-9) + self.noise * own + self.channel
        return result


def silence(seconds: float) -> Audio:
    return Audio(np.zeros(round(seconds * 16_000), np.float32))


def talk(voices: Sequence[int], turn_s: float = 6.0, pause_s: float = 0.6) -> tuple[Truth, list[Region]]:
    """Turns of equal length with pauses, each a region."""
    starts = [index * (turn_s + pause_s) for index in range(len(voices))]
    truth = [(start, start + turn_s, voice) for start, voice in zip(starts, voices, strict=True)]
    return truth, [Region(start, end) for start, end, _ in truth]


def heard(truth: Truth, regions: Sequence[Region], **options: Any) -> tuple[Turn, ...]:
    return diarize(silence(regions[-1].end + 1), regions, Voices(truth), SpeakerOptions(**options)).turns


def test_two_voices_that_take_turns() -> None:
    truth, regions = talk([0, 1] * 5)
    turns = heard(truth, regions)
    assert [turn.speaker for turn in turns] == ["SPEAKER_00", "SPEAKER_01"] * 5
    edges = [edge for turn in turns for edge in (turn.start, turn.end)]
    assert edges == pytest.approx([edge for start, end, _ in truth for edge in (start, end)], abs=1e-3)
    assert [turn.id for turn in turns] == list(range(10))


def test_a_change_within_a_region_is_found_to_a_fifth_of_a_second() -> None:
    truth = [(0.0, 7.3, 0), (7.3, 15.0, 1), (15.0, 21.7, 0)]
    turns = heard(truth, [Region(0, 21.7)])
    assert [turn.speaker for turn in turns] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert [turn.end for turn in turns] == pytest.approx([7.3, 15.0, 21.7], abs=0.2)


def test_a_change_moves_to_the_pause_beside_it() -> None:
    truth = [(0.0, 7.0, 0), (7.0, 14.0, 1)]
    samples = np.random.default_rng(0).normal(0, 0.1, 14 * 16_000).astype(np.float32)
    samples[round(7.14 * 16_000) : round(7.22 * 16_000)] = 0
    turns = diarize(Audio(samples), [Region(0, 14)], Voices(truth)).turns
    assert [turns[0].end, turns[1].start] == pytest.approx([7.14, 7.22], abs=0.025)


@pytest.mark.parametrize("minutes", [0.2, 2, 30])
def test_one_voice_is_one_speaker(minutes: float) -> None:
    truth, regions = talk([0] * round(minutes * 60 / 6.6))
    assert {turn.speaker for turn in heard(truth, regions)} == {"SPEAKER_00"}


@pytest.mark.parametrize("voices", [2, 3, 5, 8])
def test_the_number_of_voices_is_found(voices: int) -> None:
    truth, regions = talk([index % voices for index in range(6 * voices)])
    turns = heard(truth, regions)
    assert [turn.speaker for turn in turns] == [f"SPEAKER_{voice:02d}" for *_, voice in truth]


def test_a_voice_that_speaks_a_tenth_of_the_time_is_a_voice() -> None:
    truth, regions = talk([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], turn_s=8)
    turns = heard(truth, regions)
    assert {(turn.start, turn.end) for turn in turns if turn.speaker == "SPEAKER_01"} == {
        (start, end) for start, end, voice in truth if voice == 1
    }


def test_a_channel_that_moves_every_point_changes_nothing() -> None:
    truth, regions = talk([0, 1, 2] * 4)
    embedder = Voices(truth, channel=5.0)
    assert diarize(silence(90), regions, embedder).turns == heard(truth, regions)


def test_the_count_is_what_is_asked_for() -> None:
    truth, regions = talk([0, 1, 2, 3] * 3)
    assert len({turn.speaker for turn in heard(truth, regions, speakers=2)}) == 2
    assert len({turn.speaker for turn in heard(truth, regions, max_speakers=3)}) == 3
    assert len({turn.speaker for turn in heard(truth, regions, min_speakers=5, max_speakers=6)}) >= 4
    assert len({turn.speaker for turn in heard(truth, regions, min_speakers=2)}) == 4


def test_batches_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, regions = talk([0, 1, 2, 1] * 10)
    whole = heard(truth, regions)
    monkeypatch.setattr("earwitness.clustering.BATCH_SPANS", 40)
    monkeypatch.setattr("earwitness.speakers.BATCH_SPANS", 50)
    assert heard(truth, regions) == whole


def test_names_follow_the_first_appearance() -> None:
    truth, regions = talk([3, 0, 2, 3, 1, 0, 2, 1] * 2)
    names = [turn.speaker for turn in heard(truth, regions)]
    assert list(dict.fromkeys(names)) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02", "SPEAKER_03"]


def test_hardly_any_speech() -> None:
    embedder = Voices([(0, 10, 0)])
    assert diarize(silence(5), [], embedder) == Diarization()
    assert diarize(silence(5), [Region(1.0, 1.3)], embedder).turns == (Turn(1.0, 1.3, "SPEAKER_00"),)
    assert len(diarize(silence(5), [Region(1.0, 1.3)], embedder, SpeakerOptions(speakers=3)).turns) == 1
    assert diarize(silence(9), [Region(0, 0.05), Region(4, 4.02)], embedder).turns[-1].end == 4.02


def test_turns_are_in_order_and_inside_the_regions() -> None:
    truth, regions = talk([0, 1, 0, 2], turn_s=3.33, pause_s=0.8)
    turns = heard(truth, regions)
    assert all(one.end <= other.start for one, other in pairwise(turns))
    assert all(any(r.start <= t.start and t.end <= r.end for r in regions) for t in turns)


def test_progress_ends_with_the_speech() -> None:
    seen: list[tuple[str, float, float]] = []
    truth, regions = talk([0, 1] * 4)
    diarize(silence(60), regions, Voices(truth), progress=lambda *report: seen.append(report))
    stage, done, total = seen[-1]
    assert (stage, done) == ("speakers", total)
    assert total == pytest.approx(regions[-1].end, abs=0.01)


def test_the_demo_episode_has_every_turn_right() -> None:
    episode = Path(__file__).parents[1] / "examples" / "episode.flac"
    truth = json.read(episode.with_suffix(".json")).turns
    audio = load(episode)
    turns = diarize(audio, detect(audio, engines.detector()), engines.embedder()).turns
    found = diarization_error_rate(truth, turns)
    assert found.speaker_count_error == 0
    assert found.confusion_s / found.total_s < 0.01
