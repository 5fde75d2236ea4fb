"""How good a summary is: against one that people wrote (ROUGE), and against the transcript that it sums up."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from earwitness.evaluation.results import Overlap, Rouge, SummaryQuality
from earwitness.extras import require
from earwitness.support import SUPPORTED, Witness
from earwitness.types import Seconds, Segment, Summary, Transcript

PARTS = 10
"""The recording is divided into so many parts for `reach`."""

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

    A sentence is supported where the segments that it cites bear it out (`earwitness.support`), whatever support the
    transcript itself claims for it.

    >>> from factories import make_transcript
    >>> found = summary_quality(make_transcript())
    >>> found.sentences, found.supported, found.coverage, found.reach
    (2, 2, 1.0, 0.6)
    """
    summary = transcript.summary or Summary()
    said, short = _words(transcript.text), _words(summary.text)
    fragments = _fragments(short, said)
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    witness = Witness(transcript.segments, transcript.language, names)
    supports = [witness.support(sentence.text, sentence.evidence) for sentence in summary.sentences]
    segments = {segment.id: segment for segment in transcript.segments}
    cited = [segments[id_] for sentence in summary.sentences for id_ in sentence.evidence if id_ in segments]
    return SummaryQuality(
        sentences=len(supports),
        supported=sum(support >= SUPPORTED for support in supports),
        coverage=sum(fragments) / max(1, len(short)),
        density=sum(length**2 for length in fragments) / max(1, len(short)),
        compression=len(said) / len(short) if short else 0.0,
        reach=_reach(cited, transcript.duration),
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
