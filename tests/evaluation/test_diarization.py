"""DER and JER: pyannote.metrics' numbers on the same turns, and constructed truths."""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.util import load_rttm
from pyannote.metrics import diarization as pyannote

from earwitness.errors import OptionError
from earwitness.evaluation import diarization
from earwitness.evaluation.diarization import diarization_error_rate, jaccard_error_rate, turns_of
from earwitness.exports import rttm
from earwitness.types import Turn
from factories import make_transcript

Turns = Sequence[Turn]

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"collar_s": 0.5},
    {"skip_overlap": True},
    {"collar_s": 0.25, "skip_overlap": True},
    {"duration": 20.0},
    {"duration": 60.0, "collar_s": 0.5, "skip_overlap": True},
)
MEETING = (
    Turn(0.5, 6.0, "Ann"),
    Turn(5.0, 9.25, "Bob"),  # over Ann
    Turn(9.25, 12.0, "Ann"),
    Turn(12.5, 19.0, "Cem"),
    Turn(13.0, 13.8, "Ann"),  # over Cem
    Turn(21.0, 30.0, "Bob"),
    Turn(24.0, 26.0, "Bob"),  # over himself
    Turn(24.5, 27.0, "Cem"),  # over both
)
OTHERS = (Turn(0.0, 8.0, "x"), Turn(8.0, 16.0, "y"), Turn(15.0, 28.0, "z"), Turn(27.0, 34.0, "x"))


def annotation(turns: Turns) -> Annotation:
    made = Annotation()
    for number, turn in enumerate(turns):
        if turn.speaker is not None:
            made[Segment(turn.start, turn.end), number] = turn.speaker
    return made


def check_against_pyannote(
    reference: Turns,
    hypothesis: Turns,
    *,
    collar_s: float = 0.0,
    skip_overlap: bool = False,
    duration: float | None = None,
) -> None:
    options: dict[str, Any] = {"collar_s": collar_s, "skip_overlap": skip_overlap, "duration": duration}
    truth, guess = annotation(reference), annotation(hypothesis)
    uem = None if duration is None else Timeline([Segment(0.0, duration)])
    metric = pyannote.DiarizationErrorRate(collar=collar_s, skip_overlap=skip_overlap)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'uem' was approximated")
        expected = metric(truth, guess, uem=uem, detailed=True)
        jaccard = pyannote.JaccardErrorRate(collar=collar_s, skip_overlap=skip_overlap)(truth, guess, uem=uem)
        counts = pyannote.DiarizationSpeakerCountError()(truth, guess, uem=uem)
    found = diarization_error_rate(reference, hypothesis, **options)
    assert {
        "total": found.total_s,
        "correct": found.correct_s,
        "missed detection": found.missed_s,
        "false alarm": found.false_alarm_s,
        "confusion": found.confusion_s,
        "diarization error rate": found.rate,
    } == pytest.approx(expected, abs=1e-9)
    assert abs(found.speaker_count_error) == counts
    by_speaker = jaccard_error_rate(reference, hypothesis, **options)
    if by_speaker.speakers or by_speaker.rate:  # where nobody speaks on either side, pyannote's JER is 1 and ours 0
        assert by_speaker.rate == pytest.approx(jaccard, abs=1e-9)


def made_hypotheses(reference: Turns, other: Turns) -> dict[str, Turns]:
    labels = sorted({turn.speaker or "" for turn in reference})
    merged = dict(zip(labels, [labels[0], *labels], strict=False))
    return {
        "itself": reference,
        "renamed": [replace(turn, speaker=f"S{labels.index(turn.speaker or '')}") for turn in reference],
        "shifted": [replace(turn, start=turn.start + 0.3, end=turn.end + 0.3) for turn in reference],
        "two speakers as one": [replace(turn, speaker=merged[turn.speaker or ""]) for turn in reference],
        "all as one": [replace(turn, speaker="S") for turn in reference],
        "cut in half": [
            half
            for turn in reference
            for half in (
                replace(turn, end=(turn.start + turn.end) / 2),
                replace(turn, start=(turn.start + turn.end) / 2, speaker="new"),
            )
        ],
        "every second turn": reference[::2],
        "another recording": other,
        "nobody": [],
    }


@pytest.fixture(params=[diarization.MANY_TURNS, 0], ids=["as they are", "grouped"])
def many_turns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """From how many turns on they are grouped."""
    many: int = request.param
    monkeypatch.setattr(diarization, "MANY_TURNS", many)
    return many


@pytest.mark.usefixtures("many_turns")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", made_hypotheses(MEETING, OTHERS))
def test_a_constructed_meeting_scores_as_with_pyannote(name: str, options: dict[str, Any]) -> None:
    hypothesis = made_hypotheses(MEETING, OTHERS)[name]
    check_against_pyannote(MEETING, hypothesis, **options)
    check_against_pyannote(hypothesis, MEETING, **options)


def test_every_rttm_scores_as_with_pyannote(data: Path, many_turns: int) -> None:
    paths = sorted((data / "diarization").glob("*.rttm"))
    recordings = [
        [Turn(span.start, span.end, label) for span, _, label in found.itertracks(yield_label=True)]
        for path in paths
        for found in load_rttm(path).values()
    ]
    assert recordings
    for number, reference in enumerate(recordings):
        hypotheses = made_hypotheses(reference, recordings[number - 1])
        if many_turns == 0:
            del hypotheses["cut in half"]  # two mappings are equally good, and rounding decides which is taken
        for hypothesis in hypotheses.values():
            for options in OPTIONS:
                check_against_pyannote(reference, hypothesis, **options)


# Whole seconds, too, so that turns abut and speakers tie; sums of these fractions are exact, so that ties stay ties.
times = st.one_of(st.integers(0, 20).map(float), st.integers(0, 20 * 1024).map(lambda steps: steps / 1024))
turns = st.lists(
    st.builds(lambda start, length, name: Turn(start, start + length, name), times, times, st.sampled_from("ABC")),
    max_size=8,
)


@pytest.mark.usefixtures("many_turns")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reference=turns, hypothesis=turns, options=st.sampled_from(OPTIONS))
def test_any_turns_score_as_with_pyannote(reference: Turns, hypothesis: Turns, options: dict[str, Any]) -> None:
    check_against_pyannote(reference, hypothesis, **options)


@pytest.mark.usefixtures("many_turns")
def test_the_parts_and_the_mapping_are_those_of_a_known_case() -> None:
    reference = [Turn(0.0, 10.0, "Ann"), Turn(10.0, 20.0, "Bob"), Turn(30.0, 34.0, "Ann")]
    hypothesis = [Turn(1.0, 12.0, "S2"), Turn(12.0, 20.0, "S1"), Turn(22.0, 25.0, "S1")]
    found = diarization_error_rate(reference, hypothesis)
    assert (found.total_s, found.correct_s) == (24.0, 17.0)
    assert (found.missed_s, found.false_alarm_s, found.confusion_s) == (5.0, 3.0, 2.0)
    assert found.rate == 10 / 24
    assert found.mapping == {"S1": "Bob", "S2": "Ann"}
    assert (found.reference_speakers, found.hypothesis_speakers, found.speaker_count_error) == (2, 2, 0)


@pytest.mark.usefixtures("many_turns")
def test_the_collar_is_half_on_either_side() -> None:
    reference, hypothesis = [Turn(10.0, 20.0, "Ann")], [Turn(9.0, 20.0, "S1")]
    assert diarization_error_rate(reference, hypothesis, collar_s=1.0).false_alarm_s == 0.5
    assert diarization_error_rate(reference, hypothesis, collar_s=2.0).false_alarm_s == 0.0
    assert diarization_error_rate(reference, hypothesis, collar_s=2.0).total_s == 8.0


@pytest.mark.usefixtures("many_turns")
def test_turns_without_a_speaker_or_a_length_do_not_count() -> None:
    reference = [Turn(0.0, 10.0, "Ann")]
    idle = [
        Turn(2.0, 2.0, "Zoe"),
        Turn(3.0, 3.0 + 1e-9, "Zac"),
        Turn(8.0, 7.0, "Yan"),
        Turn(20.0, 30.0, None),
        Turn(math.nan, 30.0, "Xu"),
    ]
    found = diarization_error_rate([*reference, *idle], [Turn(0.0, 10.0, "S1"), *idle], collar_s=0.5)
    assert (found.rate, found.total_s, found.reference_speakers, found.hypothesis_speakers) == (0.0, 9.5, 1, 1)
    assert found.mapping == {"S1": "Ann"}


def test_speakers_are_counted_whatever_the_collar_takes_away() -> None:
    reference = [Turn(0.0, 10.0, "Ann"), Turn(10.0, 10.2, "Bob")]
    found = diarization_error_rate(reference, [Turn(0.0, 10.2, "S1")], collar_s=0.5)
    assert (found.reference_speakers, found.speaker_count_error, found.rate) == (2, -1, 0.0)


@pytest.mark.usefixtures("many_turns")
def test_what_lies_beyond_the_recording_does_not_count() -> None:
    hypothesis = [Turn(0.0, 10.0, "S1"), Turn(10.0, 15.0, "S2")]
    found = diarization_error_rate([Turn(0.0, 10.0, "Ann")], hypothesis, duration=10.0)
    assert (found.false_alarm_s, found.hypothesis_speakers) == (0.0, 1)
    assert diarization_error_rate([Turn(0.0, 10.0, "Ann")], hypothesis).false_alarm_s == 5.0


@pytest.mark.usefixtures("many_turns")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_empty_sides_say_so_without_a_warning(options: dict[str, Any]) -> None:
    reference = [Turn(0.0, 10.0, "Ann")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert diarization_error_rate([], [], **options).rate == 0.0
        assert jaccard_error_rate([], [], **options).rate == 0.0
        assert diarization_error_rate([], reference, **options).rate == 1.0
        assert jaccard_error_rate([], reference, **options).rate == 1.0
        assert diarization_error_rate(reference, [], **options).rate == 1.0
        assert jaccard_error_rate(reference, [], **options).rate == 1.0


@pytest.mark.usefixtures("many_turns")
def test_the_jaccard_error_rate_weighs_speakers_alike() -> None:
    reference = [Turn(0.0, 90.0, "Ann"), Turn(90.0, 100.0, "Bob")]
    found = jaccard_error_rate(reference, [Turn(0.0, 95.0, "S1"), Turn(95.0, 105.0, "S2")])
    assert found.rate == pytest.approx((5 / 95 + 10 / 15) / 2)
    assert (found.error_s, found.speakers) == (15.0, 2)


@pytest.mark.usefixtures("many_turns")
def test_an_unmatched_speaker_is_wholly_wrong() -> None:
    reference = [Turn(0.0, 10.0, "Ann"), Turn(10.0, 14.0, "Bob")]
    found = jaccard_error_rate(reference, [Turn(0.0, 10.0, "S1")])
    assert (found.rate, found.error_s, found.speakers) == (0.5, 4.0, 2)


@pytest.mark.parametrize("collar_s", [-0.5, math.nan])
def test_an_impossible_collar_is_refused(collar_s: float) -> None:
    for measure in (diarization_error_rate, jaccard_error_rate):
        with pytest.raises(OptionError, match=r"a collar cannot be .* s; give 0 or more"):
            measure([], [], collar_s=collar_s)


def conversation(turns: int, seed: int) -> list[Turn]:
    """Four people for 1.35 s a turn; about every third turn begins over the one before."""
    chance = random.Random(seed)
    starts = [number * 1.35 + chance.random() for number in range(turns)]
    return [Turn(start, start + chance.uniform(0.3, 2.5), chance.choice("ABCD")) for start in starts]


def test_many_turns_score_as_with_pyannote() -> None:
    reference, hypothesis = conversation(600, 1), conversation(600, 2)
    assert len(reference) + len(hypothesis) > diarization.MANY_TURNS
    check_against_pyannote(reference, hypothesis, collar_s=0.5)


def test_three_hours_of_eight_thousand_turns_take_seconds() -> None:
    # pyannote.metrics takes half a minute when it gets these turns one by one.
    sides = conversation(8000, 1), conversation(8000, 2)
    began = time.perf_counter()
    found = diarization_error_rate(*sides, collar_s=0.5)
    jaccard_error_rate(*sides, collar_s=0.5)
    assert time.perf_counter() - began < 10
    assert found.total_s > 3600


def test_turns_of_a_transcript_are_the_lines_of_its_rttm(tmp_path: Path) -> None:
    lines = [("A", "One two three."), ("B", "Four."), (None, "Who?"), ("A", "Five six."), ("B", "Seven.")]
    transcript = make_transcript(lines, names={"A": "Ann Lee", "B": "Bob"})
    path = tmp_path / "episode.rttm"
    path.write_bytes(rttm.write(transcript))
    (written,) = load_rttm(path).values()
    tracks = sorted((span.start, span.end, label) for span, _, label in written.itertracks(yield_label=True))
    turns = turns_of(transcript)
    assert len(turns) == 4
    written_as = {"A": "Ann_Lee", "B": "Bob"}
    assert [(turn.start, turn.end, written_as[str(turn.speaker)]) for turn in turns] == [
        (pytest.approx(start), pytest.approx(end), label) for start, end, label in tracks
    ]
