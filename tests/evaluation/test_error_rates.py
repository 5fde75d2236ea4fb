"""Error rates: jiwer's numbers, and constructed truths."""

from __future__ import annotations

import random
import time

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.evaluation.error_rates import aligned, character_error_rate, word_error_rate
from earwitness.evaluation.normalise import normaliser
from earwitness.evaluation.results import ErrorRate

WORDS = ("the", "The", "quick", "colour", "color", "twenty", "one", "won't", "uh", "Mr.", "fox,", "$5", "it's", "5.")
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def counts(rate: ErrorRate) -> tuple[int, int, int, int]:
    return rate.hits, rate.substitutions, rate.deletions, rate.insertions


@pytest.mark.parametrize("name", ["english", "basic", "none"])
@settings(max_examples=150, deadline=None)
@given(reference=texts, hypothesis=texts)
def test_rates_are_jiwers_to_the_last_digit(name: str, reference: str, hypothesis: str) -> None:
    _, normalised = normaliser(name, "en")
    words = jiwer.process_words(normalised(reference), normalised(hypothesis))
    characters = jiwer.process_characters(normalised(reference), normalised(hypothesis))
    wer = word_error_rate(reference, hypothesis, normaliser=name, language="en")
    cer = character_error_rate(reference, hypothesis, normaliser=name, language="en")
    assert (wer.rate, *counts(wer)) == (
        words.wer, words.hits, words.substitutions, words.deletions, words.insertions
    )  # fmt: skip
    assert (cer.rate, *counts(cer)) == (
        characters.cer, characters.hits, characters.substitutions, characters.deletions, characters.insertions
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("The quick brown fox.", "the quick brown fox", (4, 0, 0, 0)),
        ("The quick brown fox.", "the quick red fox", (3, 1, 0, 0)),
        ("The quick brown fox.", "the quick fox", (3, 0, 1, 0)),
        ("The quick brown fox.", "the quick little brown fox", (4, 0, 0, 1)),
        ("They paid twenty dollars.", "they paid $20", (3, 0, 0, 0)),
        ("I will not.", "Uh, I won't!", (3, 0, 0, 0)),
        ("", "hello world", (0, 0, 0, 2)),
        ("hello world", "", (0, 0, 2, 0)),
        ("", "", (0, 0, 0, 0)),
        ("a b\nc", "a\tb  c", (3, 0, 0, 0)),
    ],
)
def test_counts_of_words(reference: str, hypothesis: str, expected: tuple[int, int, int, int]) -> None:
    rate = word_error_rate(reference, hypothesis)
    assert counts(rate) == expected
    assert rate.unit == "word"
    assert rate.normaliser == "whisper-english"


def test_an_empty_reference_gives_the_number_of_insertions() -> None:
    assert word_error_rate("", "hello new world").rate == 3 == jiwer.wer("", "hello new world")
    assert character_error_rate("", "abc").rate == 3


@pytest.mark.parametrize(
    ("reference", "hypothesis", "language", "words", "characters"),
    [
        ("今天天气很好。", "今天天很好", "zh", (5, 0, 1, 0), (5, 0, 1, 0)),
        ("今日はいい天気", "今日は良い天気", None, (6, 1, 0, 0), (6, 1, 0, 0)),
        ("Это старый мост.", "Это новый мост", None, (2, 1, 0, 0), (11, 3, 1, 0)),
        ("مرحبا بالعالم", "مرحبا", "ar", (1, 0, 1, 0), (5, 0, 8, 0)),
    ],
)
def test_other_scripts(
    reference: str, hypothesis: str, language: str | None, words: tuple[int, ...], characters: tuple[int, ...]
) -> None:
    rate = word_error_rate(reference, hypothesis, language=language)
    assert (rate.normaliser, counts(rate)) == ("whisper-basic", words)
    assert counts(character_error_rate(reference, hypothesis, language=language)) == characters


def test_steps_spell_both_texts() -> None:
    rate = word_error_rate("we saw the old bridge", "we saw an old new bridge today", steps=True)
    assert [step.reference for step in rate.steps if step.reference] == "we saw the old bridge".split()
    assert [step.hypothesis for step in rate.steps if step.hypothesis] == "we saw an old new bridge today".split()
    kinds = [step.kind for step in rate.steps]
    assert kinds == ["hit", "hit", "substitution", "hit", "insertion", "hit", "insertion"]
    assert (rate.substitutions, rate.insertions) == (kinds.count("substitution"), kinds.count("insertion"))
    assert word_error_rate("a", "a").steps == ()


@settings(max_examples=100, deadline=None)
@given(reference=st.lists(st.sampled_from("abc"), max_size=9), hypothesis=st.lists(st.sampled_from("abc"), max_size=9))
def test_an_alignment_is_in_order_and_costs_least(reference: list[str], hypothesis: list[str]) -> None:
    pairs = aligned(reference, hypothesis)
    assert [place for place, _ in pairs if place is not None] == list(range(len(reference)))
    assert [other for _, other in pairs if other is not None] == list(range(len(hypothesis)))
    cost = sum(place is None or other is None or reference[place] != hypothesis[other] for place, other in pairs)
    assert cost == _distance(reference, hypothesis)


def _distance(reference: list[str], hypothesis: list[str]) -> int:
    """Levenshtein distance as the textbook has it."""
    row = list(range(len(hypothesis) + 1))
    for place, token in enumerate(reference, 1):
        before, row = row, [place]
        for other, candidate in enumerate(hypothesis, 1):
            row.append(min(before[other] + 1, row[-1] + 1, before[other - 1] + (token != candidate)))
    return row[-1]


def test_three_hours_of_talk_take_seconds() -> None:
    chance = random.Random(0)
    words = [f"w{chance.randrange(3000)}" for _ in range(30_000)]
    damaged = [word if chance.random() > 0.1 else "x" for word in words]
    began = time.process_time()
    rate = word_error_rate(" ".join(words), " ".join(damaged), normaliser="none")
    assert rate.substitutions == damaged.count("x")
    assert len(aligned(words, damaged)) == 30_000
    assert time.process_time() - began < 20
