from __future__ import annotations

import json

import pytest

from earwitness.types import Coverage, Segment, Summary, SummarySentence, Turn, Word
from earwitness.values import from_plain, to_plain

TURNS = (
    Turn(0.0, 1.5, "SPEAKER_00", 0, (0, 1), Summary((SummarySentence("Yes.", (1,), 0.5),))),
    Turn(1.5, 2.0, None),
)


def test_values_come_back_from_json_as_they_went() -> None:
    assert from_plain(tuple[Turn, ...], json.loads(json.dumps(to_plain(TURNS)))) == TURNS


def test_nested_values_keep_their_types() -> None:
    segment = Segment(3, 0.0, 1.0, "Hi.", "A", (Word(" Hi.", 0.0, 1.0, 0.9, "A", 1.0),), -0.25, 0.01)
    assert from_plain(Segment, to_plain(segment)) == segment


def test_whole_numbers_are_read_where_times_are_meant() -> None:
    assert from_plain(Coverage, {"start": 0, "end": 2, "kind": "silence"}) == Coverage(0.0, 2.0, "silence")


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert from_plain(Turn, {"start": 0.0, "end": 1.0, "speaker": "A", "mood": "glad"}) == Turn(0.0, 1.0, "A")


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "zero", "end": 1.0, "kind": "silence"},
        {"start": 0.0, "end": 1.0, "kind": "noises"},
        {"start": 0.0},
        ["a list"],
        None,
    ],
)
def test_what_does_not_fit_is_refused(wrong: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_plain(Coverage, wrong)
