"""Probabilities and times of words: constructed truths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.errors import OptionError
from earwitness.evaluation.reliability import calibration, expected_calibration_error, word_times
from earwitness.evaluation.results import Bin, WordTimes
from earwitness.types import Word


def heard(*words: tuple[str, float]) -> list[Word]:
    """Words with their probabilities, 0.5 s apart."""
    return [
        Word(f" {word}", place * 0.5, place * 0.5 + 0.4, probability) for place, (word, probability) in enumerate(words)
    ]


def numbered(count: int) -> list[Word]:
    return [Word(f" word{place}", float(place), place + 0.5, 0.9) for place in range(count)]


def test_every_word_is_in_the_bin_of_its_probability() -> None:
    words = heard(
        ("The", 1.0), ("old,", 0.99), ("bridge", 0.9), ("was", 0.89), ("bulk", 0.31), ("here", 0.3), ("uh", 0.0)
    )
    found = calibration("the old bridge was built here", words)
    assert [(bin_.low, bin_.high) for bin_ in found] == [(place / 10, (place + 1) / 10) for place in range(10)]
    assert {place: (bin_.words, bin_.correct) for place, bin_ in enumerate(found) if bin_.words} == {
        0: (1, 0), 3: (2, 1), 8: (1, 1), 9: (3, 3)
    }  # fmt: skip
    assert found[9].probability == pytest.approx((1.0 + 0.99 + 0.9) / 3)
    assert found[5].probability == 0.0


def test_bounds_belong_to_the_bin_above() -> None:
    for bins in (3, 7, 10, 20):
        for place in range(bins):
            (number,) = [i for i, bin_ in enumerate(calibration("a", heard(("a", place / bins)), bins)) if bin_.words]
            assert number == place


def test_probabilities_beyond_their_range_are_in_the_outer_bins() -> None:
    found = calibration("a b", heard(("a", 1.0001), ("b", -0.2)), bins=2)
    assert [(bin_.words, bin_.probability) for bin_ in found] == [(1, 0.0), (1, 1.0)]


def test_a_dropped_word_makes_no_other_wrong() -> None:
    found = calibration("one two three four five", heard(("one", 0.9), ("three", 0.9), ("four", 0.9), ("six", 0.9)), 1)
    assert (found[0].words, found[0].correct) == (4, 3)


def test_punctuation_is_no_word() -> None:
    (found,) = calibration("Well - yes.", heard(("Well", 0.9), ("–", 0.2), ("yes!", 0.9)), 1)
    assert (found.words, found.correct) == (2, 2)


def test_words_without_spaces_are_right_where_all_their_characters_are() -> None:
    # "The weather is nice today"; the recogniser parts the words as it likes and gets one character wrong.
    found = calibration("今天天气很好。", heard(("今天", 0.9), ("天气", 0.9), ("很", 0.9), ("坏。", 0.2)), 2)
    assert [(bin_.words, bin_.correct) for bin_ in found] == [(1, 0), (3, 3)]


def test_other_scripts_are_compared_like_latin() -> None:
    found = calibration("Это старый мост.", heard(("это", 0.9), ("Старый", 0.9), ("мост", 0.9)), 1)
    assert found[0].correct == 3


def test_empty_sides_have_empty_bins_or_nothing_right() -> None:
    assert all(bin_ == Bin(bin_.low, bin_.high, 0, 0.0, 0) for bin_ in calibration("a b", []))
    (found,) = calibration("", heard(("a", 0.8)), 1)
    assert (found.words, found.correct) == (1, 0)


def test_no_bins_are_refused() -> None:
    with pytest.raises(OptionError, match="0 bins; give 1 or more"):
        calibration("a", [], bins=0)


def test_the_calibration_error_weighs_bins_by_their_words() -> None:
    bins = [Bin(0.0, 0.5, 10, 0.25, 5), Bin(0.5, 1.0, 30, 0.9, 24)]
    assert expected_calibration_error(bins) == pytest.approx((10 * 0.25 + 30 * 0.1) / 40)
    assert expected_calibration_error([]) == 0.0
    assert expected_calibration_error([Bin(0.9, 1.0, 8, 1.0, 8)]) == 0.0


def test_probabilities_that_tell_the_truth_have_no_calibration_error() -> None:
    words = numbered(100)
    said = " ".join(word.word for word in words[:80])
    assert expected_calibration_error(calibration(said, [replace(word, probability=0.8) for word in words])) < 1e-12
    assert expected_calibration_error(
        calibration(said, [replace(word, probability=1.0) for word in words])
    ) == pytest.approx(0.2)


def test_times_are_those_of_words_that_are_right() -> None:
    said = numbered(101)
    found = [replace(word, start=word.start + place / 1000, end=word.end - 0.02) for place, word in enumerate(said)]
    found[7] = replace(found[7], word=" else", start=100.0)
    assert word_times(said, found[:7] + found[8:]).words == 100
    times = word_times(said, found)
    assert times.words == 100
    # The differences are 0, 1, ... 100 ms without 7 ms; numpy's percentiles interpolate.
    assert times.start_median_s == pytest.approx(0.0505)
    assert times.start_p95_s == pytest.approx(0.09505)
    assert (times.end_median_s, times.end_p95_s) == (pytest.approx(0.02), pytest.approx(0.02))


def test_early_and_late_are_both_off() -> None:
    said = numbered(4)
    found = [replace(word, start=word.start + off) for word, off in zip(said, (-0.1, 0.1, -0.1, 0.1), strict=True)]
    assert word_times(said, found).start_median_s == pytest.approx(0.1)


def test_without_words_there_are_no_times() -> None:
    nothing = WordTimes(0, 0.0, 0.0, 0.0, 0.0)
    assert word_times([], []) == word_times(numbered(3), []) == word_times([], numbered(3)) == nothing
