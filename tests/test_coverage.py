"""The ledger: constructed words, regions and sounds, and what must have become of every second."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from earwitness.coverage import Speech, coverage, speech_of, total
from earwitness.types import Coverage, Region, Word


def ledger(duration: float, regions: list[Region], words: list[Word]) -> list[tuple[float, float, str]]:
    return [(span.start, span.end, span.kind) for span in coverage(duration, regions, words)]


def test_a_hole_within_a_region_is_dropped() -> None:
    words = [Word(" a", 1.0, 3.0, 1.0), Word(" b", 5.5, 6.0, 1.0), Word(" c", 9.5, 10.0, 1.0)]
    assert ledger(12.0, [Region(0.8, 10.2)], words) == [
        (0.0, 0.8, "silence"),
        (0.8, 6.0, "transcribed"),
        (6.0, 9.5, "dropped"),
        (9.5, 10.2, "transcribed"),
        (10.2, 12.0, "silence"),
    ]


def test_a_hole_across_the_seam_of_two_regions_is_dropped() -> None:
    words = [Word(" a", 1.0, 8.0, 1.0), Word(" b", 12.0, 19.9, 1.0)]
    assert ledger(20.0, [Region(1.0, 10.0), Region(10.0, 20.0)], words)[1:] == [
        (1.0, 8.0, "transcribed"),
        (8.0, 12.0, "dropped"),
        (12.0, 20.0, "transcribed"),
    ]


def test_a_region_without_words_is_dropped_and_words_outside_regions_are_transcribed() -> None:
    words = [Word(" a", 7.0, 8.0, 1.0)]
    assert ledger(8.0, [Region(1.0, 2.0)], words) == [
        (0.0, 1.0, "silence"),
        (1.0, 2.0, "dropped"),
        (2.0, 7.0, "silence"),
        (7.0, 8.0, "transcribed"),
    ]


def test_an_empty_file_and_a_silent_one() -> None:
    assert coverage(0.0, [], []) == ()
    assert ledger(3.25, [], []) == [(0.0, 3.25, "silence")]


@given(
    st.floats(0.5, 60),
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 8)), max_size=8),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0, 2)), max_size=20),
)
def test_the_ledger_accounts_for_every_second(
    duration: float, steps: list[tuple[float, float]], drawn: list[tuple[float, float]]
) -> None:
    regions, time = [], 0.0
    for pause, length in steps:
        regions.append(Region(time + pause, time + pause + length))
        time += pause + length
    words = [Word(" x", start, start + length, 1.0) for start, length in sorted(drawn)]
    spans = coverage(duration, regions, words)
    assert (spans[0].start, spans[-1].end) == (0.0, duration)
    assert all(a.end == b.start and a.kind != b.kind for a, b in pairwise(spans))
    assert all(span.start < span.end for span in spans)
    for word in words:
        for span in spans:
            shared = min(word.end, span.end) - max(word.start, span.start)
            assert shared <= 0.0011 or span.kind == "transcribed"


def test_repaired_speech_and_sounds_have_their_kinds() -> None:
    words = [Word(" a", 1.0, 2.0, 1.0), Word(" b", 2.2, 3.0, 1.0), Word(" c", 8.0, 9.0, 1.0)]
    spans = coverage(
        12.0,
        [Region(0.8, 3.2), Region(4.0, 5.0), Region(7.8, 9.2)],
        words,
        repaired=[Region(7.8, 9.2), Region(4.0, 5.0)],
        sounds=[Coverage(0.0, 0.5, "noise"), Coverage(3.2, 4.0, "music"), Coverage(9.5, 12.0, "music")],
    )
    assert [(span.start, span.end, span.kind) for span in spans] == [
        (0.0, 0.5, "noise"), (0.5, 0.8, "silence"), (0.8, 3.2, "transcribed"), (3.2, 4.0, "music"),
        (4.0, 5.0, "dropped"), (5.0, 7.8, "silence"), (7.8, 9.2, "repaired"), (9.2, 9.5, "silence"),
        (9.5, 12.0, "music"),
    ]  # fmt: skip
    speech = speech_of(spans)
    assert (speech.heard_s, speech.transcribed_s, speech.repaired_s, speech.lost_s) == (4.8, 2.4, 1.4, 1.0)
    assert total([speech, speech]) == Speech(4.8, 2.8, 2.0)
    assert str(total([])) == "0.0 s of speech heard: 0.0 s transcribed, 0.0 s repaired, 0.0 s lost"
