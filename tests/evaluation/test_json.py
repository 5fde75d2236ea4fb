from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.errors import TranscriptError
from earwitness.evaluation.json import SCHEMA, read, write
from earwitness.evaluation.results import (
    Bin,
    Evaluation,
    Overlap,
    Rouge,
    Scores,
    SpeakerAccuracy,
    Step,
    SummaryQuality,
    WordTimes,
)
from earwitness.types import Turn
from evaluations import make_file, of_files, speech_errors, word_errors


def full() -> Evaluation:
    steps = (Step("hit", "a", "a"), Step("deletion", "b", None), Step("insertion", None, "<c>&\u2028"))
    scores = Scores(
        words=replace(word_errors(1, 3), steps=steps),
        diarization=speech_errors(1 / 3, 0.1 + 0.2, 7.0, mapping={"A": "Ann"}),
        speaker_accuracy=SpeakerAccuracy(9, 8, 2, 1, 1.0, {"A": "Ann"}, {"Bob": "Ann"}),
        word_times=WordTimes(5, 0.01, 0.02, 0.03, 0.04),
        calibration=(Bin(0.0, 0.5, 3, 0.4, 1), Bin(0.5, 1.0, 6, 0.9, 6)),
        rouge=Rouge(Overlap(1.0, 0.5, 2 / 3), Overlap(0.0, 0.0, 0.0), Overlap(1.0, 0.5, 2 / 3)),
        summary=SummaryQuality(3, 2, 0.9, 5.5, 12.0, 0.7),
    )
    return of_files(
        make_file(
            "ä.mp3", scores=scores, reference_turns=(Turn(0.0, 1.234, "Ann"), Turn(1.0, 2.0, None)),
            hypothesis_turns=(Turn(0.1, 2.0, "A"),), dropped_s=0.5, warnings=("0:12: some speech has no words",),
        ),
        make_file("gone.mp3", error="gone.mp3: no such file; check the path"),
    )  # fmt: skip


@pytest.mark.parametrize("evaluation", [full(), of_files()])
def test_the_round_trip_is_exact(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_bytes(write(evaluation))
    assert read(tmp_path / "e.json") == evaluation


def test_the_schema_comes_first_and_each_recording_has_a_line() -> None:
    lines = write(full()).decode().splitlines()
    assert lines[1] == f'"schema": "{SCHEMA}",'
    assert [line.partition(",")[0] for line in lines if line.startswith('{"file"')] == [
        '{"file": "ä.mp3"',
        '{"file": "gone.mp3"',
    ]
    (turn,) = json.loads(write(full()))["files"][0]["hypothesis_turns"]
    assert turn == {"start": 0.1, "end": 2.0, "speaker": "A"}


def test_numbers_that_json_cannot_say_are_never_written() -> None:
    broken = of_files(make_file("a", word_errors(1, 3), elapsed_s=math.nan))
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(broken)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not JSON"),
        (b"[]", "its schema is not"),
        (b'{"schema": "earwitness.transcript/1"}', "its schema is not"),
        (b'{"schema": "earwitness.evaluation/1"}', "is not an evaluation"),
        (write(full()).replace(b'"files": [', b'"files": [3, '), "is not an evaluation: 3"),
        (write(full()).replace(b"0.9, ", b"NaN, ", 1), "NaN is not a finite number"),
        (write(full()).replace(b"0.9, ", b"1e999, ", 1), "1e999 is not a finite number"),
        (b"\xff\xfe\x00", "is not JSON"),
    ],
)
def test_other_files_are_refused_in_one_line(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(TranscriptError, match=problem) as raised:
        read(tmp_path / "other.json")
    assert "other.json" in str(raised.value)
    assert str(raised.value).endswith("give the evaluation.json of an earlier `earwitness evaluate`")
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match=r"none\.json"):
        read(tmp_path / "none.json")
