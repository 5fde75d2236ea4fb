"""Which extracts say most: centrality within a chapter, and a choice in which nothing is said twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earwitness.extracts import Extract
from earwitness.text import TermMatrix, Vocabulary
from earwitness.types import Chapter

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

# The chance of a random jump in the walk over sentences, and its length: it converges by far within so many steps.
_JUMP, _STEPS = 0.15, 30
# Relevance against novelty.
_RELEVANCE = 0.7
# A sentence is worth more for each word of its chapter's title, up to two, and at the beginning of the chapter.
_TITLE, _FIRST = 1.4, 1.15


@dataclass(frozen=True)
class Ranked:
    """An extract, what it is worth within its chapter, and its place in the episode."""

    extract: Extract
    score: float
    place: int
    chapter: int


def rank(found: Sequence[Extract], chapters: Sequence[Chapter], vocabulary: Vocabulary) -> list[Ranked]:
    """Every extract with what it is worth within its chapter (continuous LexRank, Erkan and Radev 2004), in order."""
    chapter_of = {number: place for place, chapter in enumerate(chapters) for number in chapter.segments}
    members: list[list[tuple[int, Extract]]] = [[] for _ in chapters]
    for place, extract in enumerate(found):
        members[chapter_of[extract.evidence[-1]]].append((place, extract))
    titles = [set(vocabulary.terms(chapter.title)) for chapter in chapters]
    ranked = []
    for number, (title, placed) in enumerate(zip(titles, members, strict=True)):
        central = centrality([extract.terms for _, extract in placed])
        for rank, ((place, extract), centre) in enumerate(zip(placed, central, strict=True)):
            terms = set(extract.terms)
            score = extract.worth * float(centre) * _TITLE ** min(2, len(title & terms)) * (_FIRST if rank < 3 else 1.0)
            if number == 0 and extract.previews:
                # What says what comes is the better, the more of it comes.
                score *= (1 + sum(bool(later & terms) for later in titles[1:])) ** 2
            ranked.append(Ranked(extract, score, place, number))
    return ranked


def centrality(documents: Sequence[Sequence[str]]) -> Numbers:
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


def pick(items: Sequence[Ranked], count: int, chosen: Sequence[Ranked] = ()) -> list[Ranked]:
    """The best `count` of a few sentences, beside those already chosen.

    Maximal marginal relevance (Carbonell and Goldstein 1998). What is not usable is taken only where there is nothing
    else.
    """
    pool = [item for item in items if item.extract.usable]
    if not pool:
        # Even a chapter of nothing but thanks has a summary: its fullest sentence.
        return sorted(items, key=lambda item: -len(item.extract.terms))[:1]
    picked: list[Ranked] = []
    best = max(item.score for item in pool)
    while pool and len(picked) < count:
        taken = [set(other.extract.terms) for other in (*chosen, *picked)]

        def gain(item: Ranked, taken: Sequence[set[str]] = taken) -> float:
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
