"""Timelines: every speaker in a lane, in the colour of whom they stand for, and where both sides differ."""

from __future__ import annotations

import random
import re

from earwitness.evaluation.report.timelines import CELLS, LANES, ROW_S, differences, timeline
from earwitness.evaluation.results import DiarizationErrorRate
from earwitness.types import Turn
from evaluations import make_file, speech_errors
from pages import Page

MAPPING = {"S1": "Ann", "S2": "Bob"}


def found(**changes: object) -> DiarizationErrorRate:
    return speech_errors(0.0, 0.0, 60.0, **{"mapping": MAPPING, **changes})


def drawn(reference: list[Turn], hypothesis: list[Turn], duration_s: float = 100.0) -> str:
    file = make_file(
        "a.wav", reference_turns=tuple(reference), hypothesis_turns=tuple(hypothesis), duration_s=duration_s
    )
    source = timeline(file, found())
    Page(source.encode())
    return source


def lanes(source: str) -> list[tuple[str, str, str]]:
    """Class, name and path of each speaker's lane."""
    return re.findall(r'<div class="lane (\w+)">.*?<bdi>(.*?)</bdi>.*?<svg[^>]*>(?:<path d="(.*?)"/>)?</svg>', source)


def test_speakers_of_the_transcript_have_the_colour_of_those_they_stand_for() -> None:
    reference = [Turn(0, 50, "Ann"), Turn(50, 80, "Bob")]
    hypothesis = [Turn(50, 100, "S2"), Turn(0, 40, "S1"), Turn(40, 50, "S3")]
    assert lanes(drawn(reference, hypothesis)) == [
        ("v0", "Ann", "M0 0h1000v1H0z"),
        ("v1", "Bob", "M1000 0h600v1H1000z"),
        ("v1", "S2 = Bob", "M1000 0h1000v1H1000z"),
        ("v0", "S1 = Ann", "M0 0h800v1H0z"),
        ("unknown", "S3 = nobody", "M800 0h200v1H800z"),
    ]


def test_every_kind_of_difference_is_shown_where_it_is() -> None:
    reference = [Turn(0, 10, "Ann"), Turn(10, 20, "Bob"), Turn(15, 20, "Ann")]
    hypothesis = [Turn(2, 12, "S1"), Turn(12, 22, "S2")]
    told = differences(reference, hypothesis, found())
    assert told == {"confusion": [(10, 12)], "deletion": [(0, 2), (15, 20)], "insertion": [(20, 22)]}
    source = drawn(reference, hypothesis)
    assert f'class="confusion" d="M{10 * CELLS // 100} 0h{2 * CELLS // 100}v1' in source


def test_what_the_rate_leaves_out_is_no_difference() -> None:
    reference, hypothesis = [Turn(0, 10, "Ann"), Turn(5, 10, "Bob")], [Turn(0.5, 10, "S1")]
    assert differences(reference, hypothesis, found())["deletion"] == [(0, 0.5), (5, 10)]
    assert differences(reference, hypothesis, found(skip_overlap=True))["deletion"] == [(0, 0.5)]
    assert differences(reference, hypothesis, found(collar_s=1.0))["deletion"] == [(5.5, 9.5)]


def test_differences_add_up_to_the_rates_of_a_random_conversation() -> None:
    """Where one speaks at a time on either side, the spans' lengths are the seconds of missed speech and so on."""
    draw = random.Random(3)
    at, reference, hypothesis = 0.0, [], []
    for _ in range(300):
        length, speaker = draw.uniform(0.5, 9), draw.choice(["Ann", "Bob"])
        reference.append(Turn(at, at + length, speaker))
        if draw.random() < 0.9:
            label = draw.choice(["S1", "S2"]) if draw.random() < 0.2 else {"Ann": "S1", "Bob": "S2"}[speaker]
            hypothesis.append(Turn(at, at + length * draw.uniform(0.5, 1), label))
        at += length + draw.uniform(0, 2)
    told = differences(reference, hypothesis, found())
    seconds = {kind: sum(end - start for start, end in spans) for kind, spans in told.items()}
    said, heard = (sum(turn.end - turn.start for turn in side) for side in (reference, hypothesis))
    partner = {turn.start: turn.speaker for turn in reference}
    wrong = sum(turn.end - turn.start for turn in hypothesis if MAPPING[turn.speaker or ""] != partner[turn.start])
    assert abs(seconds["confusion"] - wrong) < 1e-6
    assert abs(seconds["deletion"] - (said - heard)) < 1e-6
    assert seconds["insertion"] == 0


def test_hours_are_cut_into_rows_and_thousands_of_turns_stay_small() -> None:
    turns = [Turn(i * 1.2, i * 1.2 + 0.01, f"S{1 + i % 2}") for i in range(9000)]
    source = drawn(turns, turns, duration_s=3 * 3600)
    assert source.count('<div class="row">') == 3 * 3600 / ROW_S
    assert len(source) < 600_000
    assert ">2:30:00</text>" in source


def test_many_speakers_share_a_lane() -> None:
    turns = [Turn(i, i + 1, f"P{i:02}") for i in range(30)]
    names = [name for _, name, _ in lanes(drawn(turns, []))]
    assert len(names) == LANES
    assert names[-1] == f"{30 - LANES + 1} others"


def test_nobody_on_one_side_is_said() -> None:
    assert '<p class="side">transcript</p><p class="side">nobody</p>' in drawn([Turn(0, 1, "Ann")], [])
