"""Whether the numbers that words carry can be trusted: their probabilities, and their times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earwitness.errors import OptionError
from earwitness.evaluation.attribution import aligned_words
from earwitness.evaluation.error_rates import aligned
from earwitness.evaluation.normalise import guess_language, simple
from earwitness.evaluation.results import Bin, WordTimes
from earwitness.text import UNSPACED_LANGUAGES
from earwitness.types import Seconds, Word


def calibration(reference_text: str, hypothesis: Sequence[Word], bins: int = 10) -> tuple[Bin, ...]:
    """How many words are right among those that are said to be so probable, in bins of equal width from 0 to 1.

    A word is right where an alignment of both texts finds an equal one (`normalise.simple`) in its place; in a text
    written without spaces, where it finds all of its characters. Numbers and contractions that are written otherwise
    on the two sides count as wrong, so that there are somewhat more errors than in a WER with Whisper's rules.

    Args:
        hypothesis: words in the order in which they are said.

    Returns:
        `bins` bins, the last of which holds 1, too; one without words has the probability 0.

    >>> heard = [Word(" the", 0.0, 0.1, 0.95), Word(" old", 0.1, 0.2, 0.6), Word(" fridge", 0.2, 0.5, 0.55)]
    >>> [(found.low, found.words, found.correct) for found in calibration("The old bridge.", heard) if found.words]
    [(0.5, 1, 0), (0.6, 1, 1), (0.9, 1, 1)]

    Raises:
        OptionError: fewer than one bin.
        ExtraError: jiwer, which brings rapidfuzz, is not installed.
    """
    if bins < 1:
        raise OptionError(f"probabilities cannot be put into {bins} bins; give 1 or more")
    words = [word for word in hypothesis if simple(word.word)]
    right = _right(reference_text, [word.word for word in words])
    probabilities = np.clip([word.probability for word in words], 0.0, 1.0)
    edges = np.arange(bins + 1) / bins
    bin_of = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    sums = np.bincount(bin_of, probabilities, minlength=bins)
    correct = np.bincount(bin_of, right, minlength=bins)
    return tuple(
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            words=int(counts[number]),
            probability=float(sums[number] / max(1, counts[number])),
            correct=int(correct[number]),
        )
        for number in range(bins)
    )


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The mean difference between share of right words and mean probability, over words (Naeini et al. 2015).

    Between 0 and 1; 0 where there are no words.

    >>> expected_calibration_error([Bin(0.5, 1.0, 10, 0.9, 7)])
    0.2
    """
    words = sum(found.words for found in bins)
    return sum(abs(found.correct - found.words * found.probability) for found in bins) / max(1, words)


def word_times(reference: Sequence[Word], hypothesis: Sequence[Word]) -> WordTimes:
    """How far off the starts and ends of words are: median and 95th percentile, in seconds, over words that are right.

    The words of both sides are aligned by their text in the order of time. Without a word that is right all is 0.

    >>> said = [Word(" one", 0.0, 0.4, 1), Word(" two", 0.5, 0.9, 1)]
    >>> found = word_times(said, [Word(" one", 0.25, 0.4, 1), Word(" too", 9.0, 9.9, 1)])
    >>> found.words, found.start_median_s, found.end_p95_s
    (1, 0.25, 0.0)

    Raises:
        ExtraError: jiwer, which brings rapidfuzz, is not installed.
    """
    pairs = [pair for pair in aligned_words(reference, hypothesis) if pair.equal]
    starts = _spread([pair.reference.start - pair.hypothesis.start for pair in pairs])
    ends = _spread([pair.reference.end - pair.hypothesis.end for pair in pairs])
    return WordTimes(len(pairs), *starts, *ends)


def _right(reference_text: str, words: Sequence[str]) -> list[bool]:
    """Whether each word is right."""
    characters = guess_language(reference_text) in UNSPACED_LANGUAGES
    parts = [list(simple(word)) if characters else [simple(word)] for word in words]
    heard = [part for word in parts for part in word]
    said = [simple(word) for word in reference_text.split()]
    truth = [character for word in said for character in word] if characters else [word for word in said if word]
    hits = {j for i, j in aligned(truth, heard) if i is not None and j is not None and truth[i] == heard[j]}
    ends = np.cumsum([len(word) for word in parts]).tolist()
    return [all(place in hits for place in range(end - len(word), end)) for word, end in zip(parts, ends, strict=True)]


def _spread(differences_s: Sequence[Seconds]) -> tuple[Seconds, Seconds]:
    if not differences_s:
        return 0.0, 0.0
    median_s, p95_s = np.percentile(np.abs(differences_s), (50, 95))
    return float(median_s), float(p95_s)
