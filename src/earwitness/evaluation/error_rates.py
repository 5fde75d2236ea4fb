"""Word and character error rate: the numbers of jiwer, after the normaliser.

A rate is (substitutions + deletions + insertions) / reference length over a least-cost alignment (Levenshtein). Three
cases that formulas leave open:

Without a reference there is nothing to divide by, and the rate is the number of insertions, as jiwer has it:

>>> word_error_rate("", "hello world").rate, word_error_rate("", "").rate
(2.0, 0.0)

Without a hypothesis everything is deleted:

>>> rate = word_error_rate("hello world", "")
>>> rate.rate, rate.deletions
(1.0, 2)

In languages that are written without spaces (zh, yue, ja, th, lo, my) the basic rules take each character for a word,
as Whisper's paper does; the character error rate then leaves the spaces out, which carry no meaning there:

>>> word_error_rate("今天很好。", "今天不好", language="zh").rate
0.25
>>> character_error_rate("今天很好。", "今天不好", language="zh").rate
0.25

Other scripts are scored like Latin:

>>> word_error_rate("Это старый мост.", "это новый мост", language="ru").substitutions
1
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from earwitness.evaluation.normalise import by_characters, guess_language
from earwitness.evaluation.normalise import normaliser as rules_of
from earwitness.evaluation.results import ErrorRate, Step, Unit
from earwitness.extras import require


def word_error_rate(
    reference: str, hypothesis: str, *, normaliser: str = "auto", language: str | None = None, steps: bool = False
) -> ErrorRate:
    """WER with its counts: `jiwer.process_words` of both texts after the normaliser.

    Args:
        normaliser: auto, english, basic or none; see `normalise`.
        language: a code such as en; where it is none, the reference's script tells what auto needs to know.
        steps: whether the result shall hold the alignment.

    >>> rate = word_error_rate("The quick brown fox.", "um, the quick red fox jumps", steps=True)
    >>> rate.rate, rate.hits, rate.substitutions, rate.deletions, rate.insertions
    (0.5, 3, 1, 0, 1)
    >>> [step.kind for step in rate.steps]
    ['hit', 'hit', 'substitution', 'hit', 'insertion']

    Raises:
        OptionError: no rule set is called `normaliser`.
        ExtraError: jiwer is not installed.
    """
    language = language or guess_language(reference)
    rules, normalised = rules_of(normaliser, language)
    output = require("jiwer").process_words(normalised(reference), normalised(hypothesis))
    return _counted("word", rules, output, steps)


def character_error_rate(
    reference: str, hypothesis: str, *, normaliser: str = "auto", language: str | None = None, steps: bool = False
) -> ErrorRate:
    """CER with its counts: `jiwer.process_characters` of both texts after the normaliser; spaces count.

    Arguments and errors are those of `word_error_rate`.

    >>> character_error_rate("a bridge", "the bridge").errors
    3
    """
    language = language or guess_language(reference)
    rules, normalised = rules_of(normaliser, language)
    texts = [normalised(reference), normalised(hypothesis)]
    if by_characters(rules, language):
        texts = [text.replace(" ", "") for text in texts]
    return _counted("character", rules, require("jiwer").process_characters(*texts), steps)


def aligned(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """A least-cost alignment of two sequences of tokens, as pairs of places, none for what has no partner.

    It is the one that jiwer counts by.

    >>> aligned(["a", "b", "c"], ["a", "x", "c", "d"])
    [(0, 0), (1, 1), (2, 2), (None, 3)]

    Raises:
        ExtraError: jiwer, which brings rapidfuzz, is not installed.
    """
    number: dict[str, int] = {}
    sides = [[number.setdefault(token, len(number)) for token in side] for side in (reference, hypothesis)]
    operations = require("rapidfuzz.distance.Levenshtein").opcodes(*sides)
    return [pair for _, *places in operations for pair in _pairs(*places)]


def _pairs(start: int, end: int, other_start: int, other_end: int) -> zip_longest[tuple[int | None, int | None]]:
    """Places of an operation's ranges; they are of one length, or one of them is empty."""
    return zip_longest(range(start, end), range(other_start, other_end))


def _counted(unit: Unit, rules: str, output: Any, steps: bool) -> ErrorRate:
    """The result of what jiwer says."""
    counts = output.hits, output.substitutions, output.deletions, output.insertions
    return ErrorRate(unit, rules, *counts, steps=_steps(output) if steps else ())


def _steps(output: Any) -> tuple[Step, ...]:
    (reference,), (hypothesis,), (chunks,) = output.references, output.hypotheses, output.alignments
    return tuple(
        _step(None if place is None else reference[place], None if other is None else hypothesis[other])
        for chunk in chunks
        for place, other in _pairs(chunk.ref_start_idx, chunk.ref_end_idx, chunk.hyp_start_idx, chunk.hyp_end_idx)
    )


def _step(reference: str | None, hypothesis: str | None) -> Step:
    if reference is None:
        return Step("insertion", None, hypothesis)
    if hypothesis is None:
        return Step("deletion", reference, None)
    return Step("hit" if reference == hypothesis else "substitution", reference, hypothesis)
