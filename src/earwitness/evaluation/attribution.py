"""Whether words are given to those who said them: cpWER, and the accuracy of the speakers word by word."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import numpy.typing as npt

from earwitness.evaluation.error_rates import aligned, word_error_rate
from earwitness.evaluation.normalise import guess_language, simple
from earwitness.evaluation.normalise import normaliser as rules_of
from earwitness.evaluation.results import SpeakerAccuracy, SpeakerWordErrorRate
from earwitness.evaluation.truth import Utterance
from earwitness.extras import require
from earwitness.types import Seconds, Word

EQUAL_GAP_S = 5.0
"""Equal words that lie further apart are different ones, where phrases recur; the usual collar of tcpWER."""
SUBSTITUTION_GAP_S = 0.5
"""A word that was heard as another one is where that one is, up to what the times of words are off."""

Label = str | None


def speaker_word_error_rate(
    reference: Sequence[Utterance],
    hypothesis: Sequence[Utterance],
    *,
    normaliser: str = "auto",
    language: str | None = None,
) -> SpeakerWordErrorRate:
    """cpWER, the number of meeteval.wer.cpwer after the normaliser (Watanabe et al., CHiME-6, 2020).

    Each speaker's utterances are joined in the order of their starts, in the given order where one of them has none,
    and the speakers of both sides are matched one to one so that errors are least; among equals the match with most
    labels in common is taken. Utterances without a speaker are together one more speaker, whom `mapping` leaves out.
    Hits and kinds of errors are those of jiwer's alignment; meeteval's may be another one with as many errors.

    Args:
        normaliser: auto, english, basic or none; see `normalise`.
        language: a code such as en; where it is none, the reference's script tells what auto needs to know.

    >>> said = [Utterance("good morning", "Ann"), Utterance("hello", "Bob"), Utterance("how are you", "Ann")]
    >>> heard = [Utterance("Good morning.", "S1"), Utterance("Hello. How", "S2"), Utterance("are you?", "S1")]
    >>> found = speaker_word_error_rate(said, heard)
    >>> found.errors, found.rate, dict(found.mapping)
    (2, 0.3333333333333333, {'S1': 'Ann', 'S2': 'Bob'})

    Raises:
        OptionError: no rule set is called `normaliser`.
        ExtraError: jiwer, which brings rapidfuzz, is not installed.
    """
    language = language or guess_language(" ".join(said.text for said in reference))
    rules, normalised = rules_of(normaliser, language)
    truth, guess = _streams(reference, normalised), _streams(hypothesis, normalised)
    pairs = _matched(_spared_errors(list(truth.values()), list(guess.values())), list(truth), list(guess))
    paired, partners = {label for label, _ in pairs}, {label for _, label in pairs}
    sides = [
        *((truth[label], guess[partner]) for label, partner in pairs),
        *((text, "") for label, text in truth.items() if label not in paired),
        *(("", text) for label, text in guess.items() if label not in partners),
    ]
    rates = [word_error_rate(*texts, normaliser="none") for texts in sides]
    return SpeakerWordErrorRate(
        normaliser=rules,
        hits=sum(rate.hits for rate in rates),
        substitutions=sum(rate.substitutions for rate in rates),
        deletions=sum(rate.deletions for rate in rates),
        insertions=sum(rate.insertions for rate in rates),
        mapping=_named(pairs),
    )


def speaker_accuracy(
    reference: Sequence[Word], hypothesis: Sequence[Word], *, near_s: Seconds = 1.0
) -> SpeakerAccuracy:
    """How many words have the right speaker: 1 - WDER (El Shafey et al. 2019), in all and near changes of speaker.

    Both sides are aligned by their text in the order of time, and labels are matched one to one so that most words are
    right. Text alone pairs words of different people where phrases recur and where several speak at once, so time has
    a say: equal words count if they are at most `EQUAL_GAP_S` apart, and a word heard as another one if it is at most
    `SUBSTITUTION_GAP_S` from it and nobody else speaks over the reference's word. The time by which the two sides are
    shifted against each other as a whole (the median over equal words) is taken out first.

    Args:
        reference: words without a speaker do not count.
        hypothesis: words without a speaker are wrong.
        near_s: a reference word is near a change of speaker if it lies within so many seconds of the end of the last
            word before the change, or of the start of the first one after it.

    >>> said = [Word(" yes", 0.0, 0.5, 1, "Ann"), Word(" no", 0.6, 1.0, 1, "Bob"), Word(" well", 3.0, 3.5, 1, "Bob")]
    >>> heard = [Word(" Yes,", 0.0, 0.5, 1, "S1"), Word(" no.", 0.6, 1.0, 1, "S1"), Word(" Well", 3.0, 3.5, 1, "S2")]
    >>> found = speaker_accuracy(said, heard)
    >>> found.correct, found.words, found.near_correct, found.near_words, dict(found.mapping)
    (2, 3, 1, 2, {'S1': 'Ann', 'S2': 'Bob'})

    Raises:
        ExtraError: jiwer, which brings rapidfuzz, is not installed.
    """
    pairs = aligned_words(reference, hypothesis)
    shift_s = median([pair.hypothesis.start - pair.reference.start for pair in pairs if pair.equal] or [0.0])
    overlapped, changes = _overlapped(reference), _changes(reference)
    counted = [
        pair
        for pair in pairs
        if pair.reference.speaker is not None
        and pair.gap_s(shift_s) <= (EQUAL_GAP_S if pair.equal else SUBSTITUTION_GAP_S)
        and (pair.equal or pair.reference not in overlapped)
    ]
    mapping = _agreement([(pair.reference.speaker, pair.hypothesis.speaker) for pair in counted])
    right = [(pair.hypothesis.speaker, pair.reference.speaker) in mapping.items() for pair in counted]
    near = [_is_near(pair.reference, changes, near_s) for pair in counted]
    labels = {word.speaker for word in reference}
    return SpeakerAccuracy(
        words=len(counted),
        correct=sum(right),
        near_words=sum(near),
        near_correct=sum(is_right and is_near for is_right, is_near in zip(right, near, strict=True)),
        near_s=near_s,
        mapping=mapping,
        renamed={label: partner for label, partner in mapping.items() if label in labels and label != partner},
    )


@dataclass(frozen=True)
class WordPair:
    """A reference word, and the hypothesis word that an alignment has in its place."""

    reference: Word
    hypothesis: Word

    @property
    def equal(self) -> bool:
        return simple(self.reference.word) == simple(self.hypothesis.word)

    def gap_s(self, shift_s: Seconds) -> Seconds:
        """The time between the two, were the hypothesis earlier by `shift_s`; negative where they overlap."""
        start, end = self.hypothesis.start - shift_s, self.hypothesis.end - shift_s
        return max(self.reference.start, start) - min(self.reference.end, end)


def aligned_words(reference: Sequence[Word], hypothesis: Sequence[Word]) -> list[WordPair]:
    """Words that stand for one another, equal or not, in a least-cost alignment of both sides in the order of time.

    Words are compared by `normalise.simple`; what is only punctuation is no word.

    >>> said = [Word(" one", 0.0, 0.4, 1), Word(" two", 0.5, 0.9, 1)]
    >>> [pair.hypothesis.word for pair in aligned_words(said, [Word(" Two!", 0.5, 0.9, 1)])]
    [' Two!']
    """
    truth, guess = _in_time(reference), _in_time(hypothesis)
    places = aligned([simple(word.word) for word in truth], [simple(word.word) for word in guess])
    return [WordPair(truth[i], guess[j]) for i, j in places if i is not None and j is not None]


def _streams(utterances: Sequence[Utterance], normalised: Callable[[str], str]) -> dict[Label, str]:
    """Label -> all that a speaker says, sorted by label; speakers without a word are left out."""
    said: defaultdict[Label, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        said[utterance.speaker].append(utterance)
    texts = {label: normalised(" ".join(part.text for part in _in_order(said[label]))) for label in said}
    return {label: texts[label] for label in sorted(texts, key=lambda label: (label is None, label)) if texts[label]}


def _in_order(utterances: Sequence[Utterance]) -> list[Utterance]:
    timed = [(part.start, number) for number, part in enumerate(utterances) if part.start is not None]
    if len(timed) < len(utterances):
        return list(utterances)
    return [utterances[number] for _, number in sorted(timed)]


def _spared_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> npt.NDArray[np.int64]:
    """How many errors it spares to match two speakers instead of leaving both alone: shape (reference, hypothesis)."""
    distance = require("rapidfuzz.distance.Levenshtein").distance
    number: dict[str, int] = {}
    truth, guess = (
        [[number.setdefault(word, len(number)) for word in text.split()] for text in side]
        for side in (reference, hypothesis)
    )
    spared = [[len(one) + len(other) - distance(one, other) for other in guess] for one in truth]
    return np.array(spared, dtype=np.int64).reshape(len(truth), len(guess))


def _agreement(labels: Sequence[tuple[Label, Label]]) -> dict[str, str]:
    """Hypothesis label -> reference label, so that most of the pairs of (reference, hypothesis) labels agree."""
    counts = Counter(labels)
    known = sorted({label for label, _ in labels if label is not None})
    said = sorted({label for _, label in labels if label is not None})
    gains = np.array([[counts[label, other] for other in said] for label in known], dtype=np.int64)
    pairs = _matched(gains.reshape(len(known), len(said)), known, said)
    return _named([pair for pair in pairs if counts[pair]])


def _matched(
    gains: npt.NDArray[np.int64], reference: Sequence[Label], hypothesis: Sequence[Label]
) -> list[tuple[Label, Label]]:
    """The one-to-one pairs of labels that gain most; among equals, those with most labels in common."""
    from scipy.optimize import linear_sum_assignment

    same = np.array([[label == other for other in hypothesis] for label in reference], dtype=np.int64)
    scale = 1 + max(gains.shape, default=0)
    rows, columns = linear_sum_assignment(gains * scale + same.reshape(gains.shape), maximize=True)
    return [(reference[row], hypothesis[column]) for row, column in zip(rows, columns, strict=True)]


def _named(pairs: Sequence[tuple[Label, Label]]) -> dict[str, str]:
    return {other: label for label, other in pairs if label is not None and other is not None}


def _in_time(words: Sequence[Word]) -> list[Word]:
    return sorted((word for word in words if simple(word.word)), key=lambda word: (word.start, word.end))


def _overlapped(words: Sequence[Word]) -> set[Word]:
    """Words that somebody else speaks over."""
    ordered = _in_time(words)
    found: set[Word] = set()
    for number, word in enumerate(ordered):
        for later in ordered[number + 1 :]:
            if later.start >= word.end:
                break
            if later.speaker != word.speaker:
                found |= {word, later}
    return found


def _changes(words: Sequence[Word]) -> list[Seconds]:
    """When one speaker's last word ends and when another's first begins, sorted."""
    known = [word for word in _in_time(words) if word.speaker is not None]
    changes = [(before.end, after.start) for before, after in pairwise(known) if before.speaker != after.speaker]
    return sorted(time for change in changes for time in change)


def _is_near(word: Word, changes: Sequence[Seconds], near_s: Seconds) -> bool:
    place = bisect_left(changes, word.start - near_s)
    return place < len(changes) and changes[place] <= word.end + near_s
