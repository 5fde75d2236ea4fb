"""Segments to summaries made of sentences that were said, each with the ids of the segments it rests on."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from earwitness.extracts import Extract, extracts
from earwitness.options import SummaryOptions
from earwitness.phrases import keywords
from earwitness.support import judged
from earwitness.text import TermMatrix, Vocabulary
from earwitness.types import Chapter, Seconds, Segment, Speaker, Summary, SummarySentence, Transcript, Turn

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

Summed = TypeVar("Summed", Chapter, Turn, Speaker)

EPISODE_SENTENCES = (3, 6)
"""An episode's summary has one sentence for each chapter, but at least and at most so many."""
CHAPTER_SENTENCES = (1, 3)
TURN_SENTENCES = (1, 2)
KEYWORDS = (5, 12)

# There is a sentence for so much speech, and a key phrase.
_SENTENCE_S = 30.0
_KEYWORD_S = 20.0

# The chance of a random jump in the walk over sentences, and its length: it converges by far within so many steps.
_JUMP, _STEPS = 0.15, 30
# Relevance against novelty.
_RELEVANCE = 0.7
# A sentence is worth more for each word of its chapter's title, up to two, and at the beginning of the chapter.
_TITLE, _FIRST = 1.4, 1.15
# A first or last chapter of less than this share of the average is an opening or a closing, not a topic.
_MINOR_SHARE = 0.7


@dataclass(frozen=True)
class Summarized:
    """An episode's summary, key phrases and line of description; its chapters, turns and speakers with summaries."""

    summary: Summary
    keywords: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    turns: tuple[Turn, ...]
    speakers: tuple[Speaker, ...] = ()
    description: SummarySentence | None = None

    def onto(self, transcript: Transcript, unsupported: str) -> Transcript:
        """The transcript with all of it; sentences that their evidence does not support as `unsupported` has it.

        Args:
            unsupported: mark, drop or keep, as in `SummaryOptions`.
        """

        def judge(span: Summed) -> Summed:
            return dataclasses.replace(span, summary=judged(span.summary, unsupported)) if span.summary else span

        line = judged(Summary((self.description,) if self.description else ()), unsupported).sentences
        return dataclasses.replace(
            transcript,
            summary=judged(self.summary, unsupported),
            description=line[0] if line else None,
            keywords=self.keywords,
            chapters=tuple(map(judge, self.chapters)),
            turns=tuple(map(judge, self.turns)),
            speakers=tuple(map(judge, self.speakers)) or transcript.speakers,
        )


@dataclass(frozen=True)
class _Ranked:
    """An extract, what it is worth within its chapter, and its place in the episode."""

    extract: Extract
    score: float
    place: int
    chapter: int


def summarize(
    segments: Sequence[Segment],
    chapters: Sequence[Chapter],
    turns: Sequence[Turn],
    options: SummaryOptions,
    language: str,
    speakers: Sequence[Speaker] = (),
) -> Summarized:
    """Picks the sentences that say most of the episode, of each chapter and of each long turn.

    Sentences are ranked by centrality (continuous LexRank, Erkan and Radev 2004) over TF-IDF vectors, and picked for
    relevance and novelty (maximal marginal relevance, Carbonell and Goldstein 1998). Questions, courtesies and
    fragments are passed over; a sentence that leans on the one before it ("It was ...") is taken together with that.
    The episode's sentences come from as many chapters as there is room for. A sentence's text is the speaker's own,
    cleaned of fillers, without a name: the evidence tells who said it and when. Memory grows with the text only.

    Args:
        chapters: every segment in exactly one.
        turns: every segment in exactly one.
        options: turns of `long_turn_s` or less are their own summary and get none.
        language: ISO 639-1; what to pass over is known for English, the rest serves any language.
    """
    texts = [item.text for item in segments]
    vocabulary = Vocabulary.of(texts, language)
    ranked = _rank_by_chapter(extracts(segments, vocabulary), chapters, vocabulary)
    said = {item.id: frozenset(vocabulary.terms(item.text)) for item in segments}

    def summary(chosen: Sequence[_Ranked]) -> Summary:
        in_order = sorted(chosen, key=lambda item: item.place)
        return Summary(tuple(_cited(item.extract, said) for item in in_order))

    turn_of = {number: turn.id for turn in turns for number in turn.segments}
    in_turn: defaultdict[int, list[_Ranked]] = defaultdict(list)
    in_chapter: defaultdict[int, list[_Ranked]] = defaultdict(list)
    for item in ranked:
        in_turn[turn_of[item.extract.evidence[0]]].append(item)
        in_chapter[item.chapter].append(item)
    duration = segments[-1].end - segments[0].start if segments else 0.0
    return Summarized(
        summary(_pick_for_episode(ranked, chapters)),
        tuple(keywords(texts, vocabulary, _fitting(duration / _KEYWORD_S, KEYWORDS))),
        tuple(
            dataclasses.replace(
                chapter, summary=summary(_pick(in_chapter[number], _sentences(chapter, CHAPTER_SENTENCES)))
            )
            for number, chapter in enumerate(chapters)
        ),
        tuple(
            dataclasses.replace(turn, summary=summary(_pick(in_turn[turn.id], _sentences(turn, TURN_SENTENCES))))
            if turn.end - turn.start > options.long_turn_s
            else turn
            for turn in turns
        ),
    )


def _rank_by_chapter(found: Sequence[Extract], chapters: Sequence[Chapter], vocabulary: Vocabulary) -> list[_Ranked]:
    chapter_of = {number: place for place, chapter in enumerate(chapters) for number in chapter.segments}
    members: list[list[tuple[int, Extract]]] = [[] for _ in chapters]
    for place, extract in enumerate(found):
        members[chapter_of[extract.evidence[-1]]].append((place, extract))
    titles = [set(vocabulary.terms(chapter.title)) for chapter in chapters]
    ranked = []
    for number, (title, placed) in enumerate(zip(titles, members, strict=True)):
        central = _centrality([extract.terms for _, extract in placed])
        for rank, ((place, extract), centre) in enumerate(zip(placed, central, strict=True)):
            terms = set(extract.terms)
            score = extract.worth * float(centre) * _TITLE ** min(2, len(title & terms)) * (_FIRST if rank < 3 else 1.0)
            if number == 0 and extract.previews:
                # What says what comes is the better, the more of it comes.
                score *= (1 + sum(bool(later & terms) for later in titles[1:])) ** 2
            ranked.append(_Ranked(extract, score, place, number))
    return ranked


def _centrality(documents: Sequence[Sequence[str]]) -> Numbers:
    """How central each document is among all: shape (n,), mean 1.

    LexRank's walk over the graph of cosines, computed through the term matrix instead of the n x n one.
    """
    matrix = TermMatrix.of(documents)
    ones = np.ones(len(documents))
    # Without the edge from each sentence to itself, which would keep the outsiders in the race.
    degrees = np.maximum(matrix.times(matrix.sum_rows(ones)) - 1, 1e-9)
    rank = ones
    for _ in range(_STEPS):
        spread = rank / degrees
        rank = _JUMP + (1 - _JUMP) * np.maximum(matrix.times(matrix.sum_rows(spread)) - spread, 0.0)
    return rank


def _pick(items: Sequence[_Ranked], count: int, chosen: Sequence[_Ranked] = ()) -> list[_Ranked]:
    """The best `count` of a few sentences by maximal marginal relevance, beside those already chosen."""
    pool = [item for item in items if item.extract.usable]
    if not pool:
        # Even a chapter of nothing but thanks has a summary: its fullest sentence.
        return sorted(items, key=lambda item: -len(item.extract.terms))[:1]
    picked: list[_Ranked] = []
    best = max(item.score for item in pool)
    while pool and len(picked) < count:
        taken = [set(other.extract.terms) for other in (*chosen, *picked)]

        def gain(item: _Ranked, taken: Sequence[set[str]] = taken) -> float:
            known = max((_likeness(set(item.extract.terms), other) for other in taken), default=0.0)
            return _RELEVANCE * item.score / best - (1 - _RELEVANCE) * known

        choice = max(pool, key=gain)
        picked.append(choice)
        # Nothing is said twice: a sentence that came along with another one is not taken again by itself.
        pool = [item for item in pool if not set(item.extract.evidence) & set(choice.extract.evidence)]
    return picked


def _likeness(one: set[str], other: set[str]) -> float:
    """Cosine of two sets of terms, 0 to 1."""
    return float(len(one & other) / np.sqrt(max(1, len(one) * len(other))))


def _pick_for_episode(ranked: Sequence[_Ranked], chapters: Sequence[Chapter]) -> list[_Ranked]:
    """What the show says of itself at its beginning, then the best of each chapter, the longest first."""
    usable = [item for item in ranked if item.extract.usable]
    if not usable:
        return _pick(ranked, 1)
    chosen = _pick([item for item in usable if item.chapter == 0 and item.extract.previews], 1)
    average = (chapters[-1].end - chapters[0].start) / len(chapters)
    told = {item.chapter for item in chosen}
    topics = sorted({item.chapter for item in usable} - told, key=lambda number: -_length(chapters[number]))
    edges = {number for number in (0, len(chapters) - 1) if _length(chapters[number]) < _MINOR_SHARE * average}
    topics = [number for number in topics if number not in edges]
    count = _fitting(len(chosen) + len(topics), EPISODE_SENTENCES)
    for number in topics[: count - len(chosen)]:
        chosen += _pick([item for item in usable if item.chapter == number], 1, chosen)
    spent = {number for item in chosen for number in item.extract.evidence}
    rest = [item for item in usable if not spent & set(item.extract.evidence)]
    return chosen + _pick(rest, count - len(chosen), chosen)


def _cited(extract: Extract, said: dict[int, frozenset[str]]) -> SummarySentence:
    """With the share of its content words that the evidence says; a sentence without any supports itself."""
    evidence = frozenset(term for number in extract.evidence for term in said[number])
    supported = sum(term in evidence for term in extract.terms)
    return SummarySentence(extract.text, extract.evidence, supported / len(extract.terms) if extract.terms else 1.0)


def _sentences(span: Chapter | Turn, bounds: tuple[int, int]) -> int:
    return _fitting(_length(span) / _SENTENCE_S, bounds)


def _length(span: Chapter | Turn) -> Seconds:
    return span.end - span.start


def _fitting(count: float, bounds: tuple[int, int]) -> int:
    return min(max(round(count), bounds[0]), bounds[1])
