from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earwitness.errors import OptionError
from earwitness.evaluation.comparison import compare
from earwitness.evaluation.results import Comparison, Difference, Scores, SpeakerAccuracy
from evaluations import make_evaluation, make_file, of_files, speech_errors, word_errors

COUNT = 30


def difference(comparison: Comparison, measure: str) -> Difference:
    (found,) = [found for found in comparison.differences if found.measure == measure]
    return found


def drawn(rate: float, seed: int) -> dict[str, tuple[int, int]]:
    generator = np.random.default_rng(seed)
    return {f"{index:02d}": (int(generator.binomial(100, rate)), 100) for index in range(COUNT)}


def test_a_true_difference_is_found_with_its_size() -> None:
    found = difference(compare(make_evaluation(drawn(0.2, 1)), make_evaluation(drawn(0.15, 2))), "wer")
    assert found.low < -0.05 < found.high < 0
    assert found.p_value < 0.01
    assert found.files == COUNT


def test_none_is_found_where_there_is_none() -> None:
    """Twenty pairs of runs that differ by chance alone: about one of them may seem to differ."""
    seeming = 0
    for seed in range(20):
        old, new = make_evaluation(drawn(0.2, 100 + seed)), make_evaluation(drawn(0.2, 200 + seed))
        seeming += difference(compare(old, new), "wer").p_value < 0.05
    assert seeming <= 4


def test_an_evaluation_does_not_differ_from_itself() -> None:
    evaluation = make_evaluation(drawn(0.2, 1))
    for found in compare(evaluation, evaluation).differences:
        assert (found.new - found.old, found.p_value, found.better, found.worse) == (0, 1, (), ())


def test_recordings_that_changed_most_come_first() -> None:
    """By what they add to the total: the one-word recording whose rate fell by all is the least of three."""
    old = make_evaluation({"short": (1, 1), "long": (50, 500), "middle": (10, 100), "up": (1, 50), "same": (2, 20)})
    new = make_evaluation({"short": (0, 1), "long": (30, 500), "middle": (5, 100), "up": (4, 50), "same": (2, 20)})
    found = difference(compare(old, new), "wer")
    assert found.better == ("long", "middle", "short")
    assert found.worse == ("up",)
    assert (found.old, found.new) == (64 / 671, 41 / 671)


def test_more_is_better_for_accuracies() -> None:
    old, new = (
        of_files(make_file("a", scores=Scores(speaker_accuracy=SpeakerAccuracy(100, correct, 10, 5, 1.0))))
        for correct in (80, 90)
    )
    found = difference(compare(old, new), "speaker_accuracy")
    assert found.better == ("a",)
    assert found.worse == ()
    assert found.new > found.old


def test_only_recordings_that_both_scored_are_compared_and_the_others_are_named() -> None:
    old = of_files(
        make_file("both", word_errors(1, 10)), make_file("gone", word_errors(9, 10)),
        make_file("failed now", word_errors(9, 10)), make_file("failed then", error="failed then: no audio"),
    )  # fmt: skip
    new = of_files(
        make_file("both", word_errors(2, 10)), make_file("failed now", error="failed now: no audio"),
        make_file("failed then", word_errors(9, 10)), make_file("added", word_errors(9, 10)),
    )  # fmt: skip
    comparison = compare(old, new)
    assert comparison.only_old == ("gone", "failed now")
    assert comparison.only_new == ("failed then", "added")
    assert (difference(comparison, "wer").old, difference(comparison, "wer").new) == (0.1, 0.2)


def test_a_measure_takes_the_recordings_that_have_it() -> None:
    voices = Scores(diarization=speech_errors(2.0, 0.0, 10.0))
    old = of_files(make_file("a", word_errors(1, 10)), make_file("b", scores=voices))
    comparison = compare(old, old)
    assert difference(comparison, "wer").files == 1
    assert difference(comparison, "der").files == 1
    assert "cpwer" not in [found.measure for found in comparison.differences]


def test_other_rules_are_refused() -> None:
    old = of_files(make_file("a", word_errors(1, 10)))
    new = of_files(make_file("a", word_errors(1, 10, "whisper-basic")))
    with pytest.raises(OptionError, match="normaliser whisper-basic now and with the normaliser whisper-english then"):
        compare(old, new)
    old = of_files(make_file("a", scores=Scores(diarization=speech_errors(1.0, 0.0, 9.0))))
    new = of_files(make_file("a", scores=Scores(diarization=speech_errors(1.0, 0.0, 9.0, collar_s=0.5))))
    with pytest.raises(OptionError, match=r"a collar of 0\.5 s"):
        compare(old, new)


def test_without_a_common_recording_there_is_nothing_to_compare() -> None:
    with pytest.raises(OptionError, match="no recording in common"):
        compare(make_evaluation({"a": (1, 2)}), make_evaluation({"b": (1, 2)}))


def test_the_sides_are_named_by_name_and_time() -> None:
    old = make_evaluation({"a": (1, 2)}, name="meetings", made="2025-12-31")
    comparison = compare(old, replace(old, made="2026-02-03"))
    assert (comparison.old, comparison.new) == ("meetings, 2025-12-31", "meetings, 2026-02-03")
