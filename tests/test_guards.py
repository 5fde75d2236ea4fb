"""What people say stays, what only a recogniser says is found: constructed words with known times."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.engines.base import Recognized
from earwitness.guards import HOLE_S, doubts_of, holes, is_silence, loops, without_loops
from earwitness.types import Region, Word


def said(text: str, start: float, end: float) -> tuple[Word, ...]:
    words = text.split()
    step = (end - start) / len(words)
    return tuple(Word(f" {word}", start + i * step, start + (i + 1) * step, 0.9) for i, word in enumerate(words))


@pytest.mark.parametrize(
    "words",
    [
        said("no, no, no, no I said", 0.0, 2.0),
        said("No, no, no, no, no, no, no!", 0.0, 1.6),
        said("I don't know, " * 4, 0.0, 3.0),
        said("ha " * 12, 0.0, 2.4),
        said("bye bye. Bye, bye. Okay, bye!", 0.0, 2.0),
        said("the cat and the dog and the cow and the hen and the pig", 0.0, 4.0),
    ],
)
def test_what_people_repeat_stays(words: tuple[Word, ...]) -> None:
    assert without_loops(words) == words
    assert doubts_of(Recognized(words), 10.0) == ()


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (said("no " * 30, 5.0, 5.5), 1),
        (said("so we go " * 4, 5.0, 5.6), 3),
        (said("and so " * 20, 0.0, 12.0), 2),
        (said("Thank you for watching. " * 6, 0.0, 20.0), 4),
        (said("la " * 25, 0.0, 12.0), 1),
    ],
)
def test_what_nobody_repeats_is_said_once(words: tuple[Word, ...], kept: int) -> None:
    around = (*said("it begins here", 0.0, 1.0), *words, *said("and ends", 25.0, 26.0))
    assert without_loops(around) == (*around[: 3 + kept], *around[-2:])
    assert "loop" in doubts_of(Recognized(around), 30.0)


def test_repetitions_that_no_sound_is_left_for_are_a_loop() -> None:
    """As Whisper aligns them: some take all the time there is, and the others next to none."""
    suitcase = [" suitcase", " in", " the"] * 4
    lasting = [0.01, 0.01, 0.01, 0.14, 0.01, 0.01, 0.5, 0.01, 0.56, 0.2, 0.22, 0.3]
    ends = list(accumulate(lasting, initial=83.65))
    words = tuple(Word(text, *times, 0.8) for text, times in zip(suitcase, pairwise(ends), strict=True))
    assert without_loops(words) == words[:3]
    wheel = [Word(" wheel,", at, at + length, 0.9) for at, length in ((0, 0.3), (0.3, 0.2), (0.5, 0.04), (0.54, 0.01))]
    assert without_loops(wheel) == (wheel[0],)
    once = [Word(" no,", at, at + length, 0.9) for at, length in ((0, 0.3), (0.3, 0.2), (0.5, 0.04), (0.6, 0.3))]
    assert without_loops(once) == tuple(once)  # a single one may be badly aligned


def test_punctuation_does_not_hide_a_loop() -> None:
    assert len(without_loops(said("Thank you. Thank you, thank you! " * 5, 0.0, 20.0))) == 2


def test_words_without_time_are_a_loop_too() -> None:
    assert len(without_loops([Word(" so", 1.0, 1.0, 0.9)] * 5)) == 1


@given(st.lists(st.sampled_from(["no", "yes", "so", "it", "is"]), max_size=40), st.floats(0.01, 1.0))
def test_cutting_loops_keeps_order_and_leaves_none(texts: list[str], pace: float) -> None:
    words = [Word(f" {text}", at * pace, (at + 1) * pace, 0.9) for at, text in enumerate(texts)]
    kept = without_loops(words)
    assert [word for word in words if word in kept] == list(kept)
    for first, size, repeats in loops(words):
        phrase = texts[first : first + size]
        assert texts[first : first + size * repeats] == phrase * repeats


def test_more_text_than_time_is_found() -> None:
    sentence = "Thank you very much for watching this video to the end."
    assert doubts_of(Recognized(said(sentence, 0.0, 0.5)), 0.5) == ("crowded",)
    assert doubts_of(Recognized(said(sentence, 0.0, 2.5)), 2.5) == ()
    assert doubts_of(Recognized(said("Okay then.", 0.0, 0.3)), 0.3) == ()


def test_unsure_text_is_found() -> None:
    assert doubts_of(Recognized(said("who knows", 0.0, 1.0), avg_logprob=-1.1), 1.0) == ("unsure",)
    assert doubts_of(Recognized((), avg_logprob=-1.1), 1.0) == ()


def test_silence_is_what_the_recogniser_takes_for_it_without_being_sure_of_words() -> None:
    assert is_silence(Recognized((), avg_logprob=-1.5, no_speech_prob=0.9))
    assert not is_silence(Recognized((), avg_logprob=-0.2, no_speech_prob=0.9))
    assert not is_silence(Recognized((), avg_logprob=-1.5, no_speech_prob=0.3))


def test_holes_lie_in_speech_only() -> None:
    words = [*said("one two", 1.0, 2.0), *said("three", 5.0, 5.4), Word(" four", 12.0, 15.0, 0.9)]
    assert holes([Region(0.8, 5.6), Region(7.0, 8.0), Region(12.0, 15.2)], words) == (
        Region(2.0, 5.0), Region(7.0, 8.0), Region(12.0, 15.0),
    )  # fmt: skip


def test_a_hole_reaches_over_the_seam_of_a_region_that_was_cut() -> None:
    words = [*said("one two", 0.0, 8.5), *said("three four", 11.5, 20.0)]
    assert holes([Region(0.0, 10.0), Region(10.0, 20.0)], words) == (
        Region(0.0, 4.25), Region(4.25, 8.5), Region(8.5, 11.5), Region(11.5, 15.75), Region(15.75, 20.0),
    )  # fmt: skip


@given(
    st.lists(st.tuples(st.floats(0.01, 5), st.floats(0.5, 30)), max_size=6),
    st.lists(st.floats(0, 150), max_size=40),
)
def test_every_hole_is_speech_without_the_beginning_of_a_word(
    steps: list[tuple[float, float]], starts: list[float]
) -> None:
    regions, time = [], 0.0
    for pause, length in steps:
        regions.append(Region(time + pause, time + pause + length))
        time += pause + length
    words = [Word(" x", start, start + 0.3, 0.9) for start in sorted(starts)]
    for hole in holes(regions, words):
        assert any(region.start <= hole.start < hole.end <= region.end for region in regions)
        assert not any(hole.start + 0.3 < word.start < hole.end for word in words)
        assert hole.duration > HOLE_S or hole in regions
