"""Words to speakers on constructed truths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise, product
from typing import Any

import numpy as np
import pytest

from earwitness import attribution
from earwitness.attribution import assign, overlaps
from earwitness.engines.base import Stretch
from earwitness.types import Overlap, Turn, Word


def said(text: str, *starts: float) -> list[Word]:
    """Words of 0.4 s half a second apart, or at the given starts."""
    words = text.split()
    times = starts or [0.5 * index for index in range(len(words))]
    return [Word(f" {word}", start, start + 0.4, 1.0) for word, start in zip(words, times, strict=True)]


def speakers(words: Sequence[Word]) -> str:
    return "".join(word.speaker or "-" for word in words)


def probabilities(words: Sequence[Word]) -> list[float]:
    return [word.speaker_probability or 0.0 for word in words]


def test_a_word_belongs_to_who_speaks_longest_in_it() -> None:
    words = assign(said("one two three"), [Turn(0, 0.55, "A"), Turn(0.55, 5, "B")])
    assert speakers(words) == "ABB"


def test_a_word_in_nobodys_time_goes_to_the_nearest_turn() -> None:
    words = assign(said("one two three", 0, 2.0, 3.5), [Turn(0, 1, "A"), Turn(3, 5, "B")])
    assert speakers(words) == "ABB"
    assert probabilities(words)[1] < 0.7


def test_the_nearest_turn_has_a_word_however_far_it_is() -> None:
    words = said("one two", 100, 900)
    assert speakers(assign(words, [Turn(0, 1, "A"), Turn(1200, 1205, "B")])) == "AB"


@pytest.mark.parametrize(("change", "expected"), [(0.9, "AAAABB"), (1.4, "AAAABB"), (1.9, "AAAABB"), (2.4, "AAAABB")])
def test_a_change_moves_to_the_end_of_the_sentence(change: float, expected: str) -> None:
    words = said("We sail at dawn. Do you?")
    assert speakers(assign(words, [Turn(0, change, "A"), Turn(change, 9, "B")])) == expected


def test_a_change_far_from_the_end_of_a_sentence_stays() -> None:
    words = said("We sail at dawn with all hands on deck and nothing to eat. Do you?")
    assert speakers(assign(words, [Turn(0, 1.9, "A"), Turn(1.9, 20, "B")])) == "AAAA" + "B" * 11


def test_without_punctuation_a_change_moves_to_the_pause() -> None:
    words = said("we sail at dawn do you", 0, 0.5, 1.0, 1.5, 2.4, 2.9)
    assert speakers(assign(words, [Turn(0, 1.45, "A"), Turn(1.45, 9, "B")])) == "AAAABB"


def test_one_word_between_two_of_another_keeps_its_speaker() -> None:
    words = said("We sail at dawn. Yes. And then we rest.")
    turns = [Turn(0, 1.95, "A"), Turn(1.95, 2.45, "B"), Turn(2.45, 9, "A")]
    assert speakers(assign(words, turns)) == "AAAABAAAA"


def test_words_without_turns_stay_as_they_are() -> None:
    words = said("one two")
    assert assign(words, []) == tuple(words)
    assert assign([], [Turn(0, 1, "A")]) == ()


def test_probabilities_fall_towards_a_change_that_nothing_marks() -> None:
    words = assign(said("a b c d e f g h"), [Turn(0, 2.2, "A"), Turn(2.2, 9, "B")])
    assert speakers(words) in ("AAAABBBB", "AAAAABBB")
    chances = probabilities(words)
    assert chances[4] == min(chances) < 0.7
    assert [chances[0], chances[-1]] == pytest.approx([1, 1])
    assert chances[:5] == sorted(chances[:5], reverse=True)
    assert chances[4:] == sorted(chances[4:])


def test_the_end_of_a_sentence_makes_a_change_sure() -> None:
    turns = [Turn(0, 1.95, "A"), Turn(1.95, 9, "B")]
    plain, marked = assign(said("a b c d e f g h"), turns), assign(said("a b c d. e f g h"), turns)
    assert speakers(plain) == speakers(marked) == "AAAABBBB"
    assert min(probabilities(marked)) > min(probabilities(plain))
    assert min(probabilities(marked)) > 0.99


def test_a_sentence_outweighs_a_pause() -> None:
    """At the end of a region recognisers squeeze in what is the first word of the next."""
    words = said("We sail at dawn. Do you go", 0, 0.5, 1.0, 1.5, 1.95, 2.9, 3.4)
    assert speakers(assign(words, [Turn(0, 2.35, "A"), Turn(2.6, 9, "B")])) == "AAAABBB"


@pytest.mark.parametrize("given", ["turns", "overlapping"])
def test_where_two_speak_a_word_is_doubtful(given: str) -> None:
    alone = [Turn(0, 3.1, "A"), Turn(3.1, 9, "B")]
    both = [Turn(0, 3.1, "A"), Turn(0.98, 1.42, "B"), Turn(3.1, 9, "B")]
    words = said("we sail at dawn do you not")
    found = assign(words, both) if given == "turns" else assign(words, alone, both)
    assert speakers(found) == "AAAAAAB"
    assert probabilities(found)[2] == pytest.approx(0.5, abs=0.1)
    assert probabilities(found)[1] > 0.9


def by_stretches(words: Sequence[Word], *stretches: Stretch) -> tuple[Word, ...]:
    turns = [Turn(stretch.start, stretch.end, stretch.speaker) for stretch in stretches]
    return assign(words, turns, stretches=stretches)


def test_a_word_that_begins_in_the_pause_belongs_to_whose_speech_is_in_it() -> None:
    """Recognisers that leave no gaps give the pause to the word after it."""
    words = [
        Word(" one", 0, 0.5, 1),
        Word(" two", 0.5, 1.0, 1),
        Word(" three", 1.0, 2.0, 1),
        Word(" four", 2.0, 2.4, 1),
    ]
    found = by_stretches(words, Stretch(0, 1.0, {"A": 1.0}), Stretch(1.8, 3, {"B": 1.0}))
    assert speakers(found) == "AABB"
    assert min(probabilities(found)) > 0.7


def test_a_doubtful_stretch_makes_doubtful_words() -> None:
    sure, unsure = Stretch(0, 4, {"A": 1.0}), Stretch(4, 6, {"A": 0.4, "B": 0.6})
    found = by_stretches(said("one two three four.", 0, 1, 4.2, 5), sure, unsure)
    assert probabilities(found)[0] > 0.95
    assert probabilities(found)[2] < 0.8


def test_a_word_in_the_pause_goes_to_the_nearer_side_unless_a_sentence_says_otherwise() -> None:
    stretches = Stretch(0, 2, {"A": 1.0}), Stretch(3, 9, {"B": 1.0})
    assert speakers(by_stretches(said("we sail you do", 0.5, 1.5, 2.05, 3.5), *stretches)) == "AAAB"
    assert speakers(by_stretches(said("we sail. You do", 0.5, 1.5, 2.05, 3.5), *stretches)) == "AABB"


def exhaustive(chances: Any, costs: Any) -> Any:
    """The probabilities by their definition: all places of all changes."""
    first = chances.argmax(axis=1)
    changes = np.flatnonzero(np.diff(first)) + 1
    runs = first[[0, *changes]]
    reach = range(-attribution.REACH_WORDS, attribution.REACH_WORDS + 1)
    result, total = np.zeros(chances.shape), 0.0
    for moves in product(reach, repeat=len(changes)):
        bounds = [0, *(changes + moves), len(chances)]
        if any(one >= other for one, other in pairwise(bounds)):
            continue
        path = np.repeat(runs, np.diff(bounds))
        weight = np.exp(np.log(chances[range(len(path)), path]).sum() - costs[bounds[1:-1]].sum())
        result[range(len(path)), path] += weight
        total += weight
    return result / total


@pytest.mark.parametrize("seed", range(5))
def test_probabilities_are_sums_over_all_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owners = np.repeat(rng.permutation(3), rng.integers(1, 5, 3))
    chances = rng.dirichlet([1, 1, 1], len(owners)) + 0.8 * np.eye(3)[owners]
    chances /= chances.sum(axis=1, keepdims=True)
    costs = rng.uniform(0, 3, len(chances))
    _, found = attribution._resolved(chances, costs)
    assert found == pytest.approx(exhaustive(chances, costs), abs=1e-9)


def test_nobody_loses_a_turn_and_nothing_changes_far_from_one() -> None:
    rng = np.random.default_rng(5)
    starts = np.cumsum(rng.uniform(0.3, 0.6, 2000))
    words = [Word(rng.choice([" yes", " no."]), float(start), float(start) + 0.3, 1.0) for start in starts]
    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(1.0, 8.0, 400))])
    turns = [Turn(float(a), float(b), "ABC"[i % 3]) for i, (a, b) in enumerate(pairwise(edges)) if a < starts[-1] - 2]
    assert "".join(name for name, _ in groupby(speakers(assign(words, turns)))) == "".join(
        turn.speaker or "" for turn in turns
    )


def test_overlaps_name_all_who_speak_at_once() -> None:
    turns = [Turn(0, 5, "A"), Turn(4, 9, "B"), Turn(4.5, 6, "C"), Turn(5, 5.5, "A"), Turn(8.95, 12, "A")]
    assert overlaps(turns) == (
        Overlap(4, 4.5, ("A", "B")),
        Overlap(4.5, 5.5, ("A", "B", "C")),
        Overlap(5.5, 6, ("B", "C")),
    )
    assert overlaps([Turn(0, 5, "A"), Turn(5, 6, "B"), Turn(5.5, 7, "B"), Turn(5.5, 6, None)]) == ()
    assert overlaps([]) == ()
