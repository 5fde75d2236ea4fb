"""How good a summary is: against one that people wrote (ROUGE), and against the transcript that it sums up."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from earwitness.evaluation.extras import require
from earwitness.evaluation.normalise import normaliser
from earwitness.evaluation.results import Overlap, Rouge, SummaryQuality
from earwitness.exports import reading
from earwitness.text import Vocabulary, fold, tokens
from earwitness.types import Seconds, Segment, Summary, Transcript

SUPPORTED_SHARE = 0.8
"""So much of a sentence's content words must be in its evidence: a summary may say a thing in a word of its own."""
PARTS = 10
"""The recording is divided into so many parts for `reach`."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_PAUSE = re.compile(r"[^\w\s]+\s|\n")
# As English uses them, these are as often no numbers.
_SELDOM_NUMBERS = frozenset(("first", "o", "oh", "one", "ones", "second", "seconds"))
_UNSPACED = frozenset(("CJK", "HIRAGANA", "KATAKANA", "KHMER", "LAO", "MYANMAR", "THAI"))


def rouge(reference: str, hypothesis: str) -> Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004) by rouge-score, without stemming; all 0 where a side has no words.

    Plain English gives rouge-score's own numbers to the last digit. Its tokenizer drops every letter beyond a to z,
    though; this one keeps all scripts, and takes each character for a word where words are written without spaces.

    >>> found = rouge("The bridge was built in 1871.", "The old bridge was built.")
    >>> found.rouge1.precision, round(found.rouge1.recall, 3), round(found.rougeL.f1, 3)
    (0.8, 0.667, 0.727)
    >>> rouge("Мост старый.", "Старый мост.").rouge1.f1, rouge("古い橋", "新しい橋").rouge1.precision
    (1.0, 0.5)

    Raises:
        ExtraError: rouge-score is not installed.
    """
    scorer = require("rouge_score.rouge_scorer").RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=_Tokenizer())
    scores = scorer.score(reference, hypothesis)
    return Rouge(**{name: _overlap(score) for name, score in scores.items()})


def summary_quality(transcript: Transcript) -> SummaryQuality:
    """A transcript's summary, that of the whole recording, against the transcript's own text.

    Coverage, density and compression are those of the greedy fragments of Grusky et al. (2018): for each place of the
    summary the longest stretch that the transcript has, too; words in lower case, without punctuation. Without a
    summary they are 0.

    A sentence is supported where the segments that it cites say every number in it and at least `SUPPORTED_SHARE` of
    its content words, inflections aside. Numbers may be spelt out on one side and be figures on the other where the
    language is English. That finds what is invented, changed or cited from elsewhere; it does not find words of the
    evidence put together to say something else.

    >>> from factories import make_transcript
    >>> found = summary_quality(make_transcript())
    >>> found.sentences, found.supported, found.coverage, found.reach
    (2, 2, 1.0, 0.6)

    Raises:
        ExtraError: whisper-normalizer, which reads spelt numbers, is not installed.
    """
    summary = transcript.summary or Summary()
    said, short = _words(transcript.text), _words(summary.text)
    fragments = _fragments(short, said)
    vocabulary = Vocabulary.of([segment.text for segment in transcript.segments], transcript.language)
    cited = reading.evidence(transcript, summary)
    supported = [_is_supported(sentence.text, _text(segments), vocabulary) for sentence, segments in cited]
    return SummaryQuality(
        sentences=len(cited),
        supported=sum(supported),
        coverage=sum(fragments) / max(1, len(short)),
        density=sum(length**2 for length in fragments) / max(1, len(short)),
        compression=len(said) / len(short) if short else 0.0,
        reach=_reach([segment for _, segments in cited for segment in segments], transcript.duration),
    )


class _Tokenizer:
    """As rouge-score wants it."""

    def tokenize(self, text: str) -> list[str]:
        return _words(text)


def _overlap(score: Any) -> Overlap:
    return Overlap(float(score.precision), float(score.recall), float(score.fmeasure))


def _words(text: str) -> list[str]:
    """Runs of letters, marks and figures in lower case; single characters where a script has no spaces."""
    return "".join(map(_spaced, unicodedata.normalize("NFKC", text).lower())).split()


@lru_cache(maxsize=4096)
def _spaced(character: str) -> str:
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    script = unicodedata.name(character, "").partition(" ")[0]
    return f" {character} " if script in _UNSPACED else character


def _fragments(summary: Sequence[str], text: Sequence[str]) -> list[int]:
    """Lengths of the fragments that a summary shares with a text: algorithm 1 of Grusky et al. (2018).

    As published, the search goes on behind each match, so that a longer one that begins inside it is not seen.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(text):
        places[word].append(place)
    lengths: list[int] = []
    at = 0
    while at < len(summary):
        longest = searched = 0
        for place in places.get(summary[at], ()):
            if place >= searched:
                length = _common(summary, at, text, place)
                longest, searched = max(longest, length), place + length
        if longest:
            lengths.append(longest)
        at += max(1, longest)
    return lengths


def _common(summary: Sequence[str], at: int, text: Sequence[str], place: int) -> int:
    length = 0
    while at + length < len(summary) and place + length < len(text) and summary[at + length] == text[place + length]:
        length += 1
    return length


def _text(segments: Sequence[Segment]) -> str:
    return "\n".join(segment.text for segment in segments)


def _is_supported(sentence: str, evidence: str, vocabulary: Vocabulary) -> bool:
    if not evidence.strip() or not _numbers_are_in(sentence, evidence, vocabulary.language):
        return False
    said = {fold(token, vocabulary.language) for token in tokens(evidence)}
    terms = vocabulary.terms(sentence) or [fold(token, vocabulary.language) for token in tokens(sentence)]
    return sum(term in said for term in terms) >= SUPPORTED_SHARE * len(terms)


def _numbers_are_in(sentence: str, evidence: str, language: str) -> bool:
    """Whether the evidence has the sentence's numbers, as they are written or, in English, as figures."""
    if language != "en":
        return _figures(sentence) <= _figures(evidence)
    _, figured = normaliser("english", language)
    if _figures(sentence) <= _figures(evidence) and _spelt(sentence, figured) <= _spelt(evidence, figured):
        return True
    uncertain = {figure for word in tokens(sentence) if word in _SELDOM_NUMBERS for figure in _figures(figured(word))}
    return _figures(figured(sentence)) - uncertain <= _figures(figured(evidence))


def _spelt(text: str, figured: Callable[[str], str]) -> set[tuple[str, ...]]:
    """Numbers in words: runs of words that can be figures; `eighteen seventy one` is one run."""

    def is_spelt(word: str) -> bool:
        return not word[0].isdigit() and bool(_figures(figured(word)))

    found: set[tuple[str, ...]] = set()
    for phrase in _PAUSE.split(text):
        for is_number, run in groupby(tokens(phrase), key=is_spelt):
            words = tuple(run)
            if is_number and not _SELDOM_NUMBERS.issuperset(words):
                found.add(words)
    return found


def _figures(text: str) -> set[str]:
    return {figure.replace(",", "") for figure in _NUMBER.findall(unicodedata.normalize("NFKC", text))}


def _reach(segments: Sequence[Segment], duration: Seconds) -> float:
    """The share of the recording's equal parts that one of the segments touches."""
    part_s = duration / PARTS
    touched = {
        part
        for part in range(PARTS)
        for segment in segments
        if segment.start < (part + 1) * part_s and segment.end > part * part_s
    }
    return len(touched) / PARTS
