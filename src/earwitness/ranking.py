"""Which extracts say most: centrality within a chapter, and a choice in which nothing is said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from earwitness.extracts import Extract
from earwitness.meanings import Meanings
from earwitness.text import TermMatrix, Vocabulary
from earwitness.types import Chapter

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    Numbers = npt.NDArray[np.float64]

# The chance of a random jump in the walk over sentences, and its length: it converges by far within so many steps.
_JUMP, _STEPS = 0.15, 30
# Relevance against novelty.
_RELEVANCE = 0.7
# A sentence is worth more for each word of its chapter's title, up to two, and at the beginning of the chapter.
_TITLE, _FIRST = 1.4, 1.15
# What a sentence is worth grows with how much it has of what its chapter comes back to: its square.
_RETURNS = 2.0


@dataclass(frozen=True)
class Ranked:
    """An extract, what it is worth within its chapter, its place in the episode; its meaning where a model tells."""

    extract: Extract
    score: float
    place: int
    chapter: int
    meaning: FloatArray | None = field(default=None, compare=False, repr=False)


def rank(
    found: Sequence[Extract], chapters: Sequence[Chapter], vocabulary: Vocabulary, meanings: Meanings | None = None
) -> list[Ranked]:
    """Every extract with what it is worth within its chapter (continuous LexRank, Erkan and Radev 2004), in order.

    Raises:
        ModelError: the engine of `meanings` cannot be loaded or run.
    """
    rows = meanings.rows([extract.text for extract in found]) if meanings else None
    chapter_of = {number: place for place, chapter in enumerate(chapters) for number in chapter.segments}
    members: list[list[tuple[int, Extract]]] = [[] for _ in chapters]
    for place, extract in enumerate(found):
        members[chapter_of[extract.evidence[-1]]].append((place, extract))
    titles = [set(vocabulary.terms(chapter.title)) for chapter in chapters]
    ranked = []
    for number, (title, placed) in enumerate(zip(titles, members, strict=True)):
        own = None if rows is None else rows[[place for place, _ in placed]]
        central = centrality([extract.terms for _, extract in placed], own)
        covered = _covered([set(extract.terms) for _, extract in placed])
        for rank, ((place, extract), centre, share) in enumerate(zip(placed, central, covered, strict=True)):
            terms = set(extract.terms)
            score = (
                extract.worth
                * share**_RETURNS
                * float(centre)
                * _TITLE ** min(2, len(title & terms))
                * (_FIRST if rank < 3 else 1.0)
            )
            if number == 0 and extract.previews:
                # What says what comes is the better, the more of it comes.
                score *= (1 + sum(bool(later & terms) for later in titles[1:])) ** 2
            ranked.append(Ranked(extract, score, place, number, None if rows is None else rows[place]))
    return ranked


def _covered(documents: Sequence[set[str]]) -> list[float]:
    """How many terms that come back each document has, against the one that has most of them: 0 to 1."""
    counts = Counter(term for document in documents for term in document)
    returning = [1 + sum(counts[term] > 1 for term in document) for document in documents]
    return [count / max(returning) for count in returning]


def centrality(documents: Sequence[Sequence[str]], meanings: FloatArray | None = None) -> Numbers:
    """How central each document is among all: shape (n,), mean 1.

    LexRank's walk over the graph of cosines, computed through the term matrix instead of the n x n one; with
    `meanings`, rows of length 1, over the mean of both graphs.
    """
    matrix = TermMatrix.of(documents)
    # A chapter has some hundred sentences: this takes a few megabytes.
    alike = None if meanings is None else np.maximum(meanings @ meanings.T, 0.0)
    # Without the edge from each sentence to itself, which would keep the outsiders in the race.
    if alike is not None:
        np.fill_diagonal(alike, 0.0)

    def spread(weights: Numbers) -> Numbers:
        words = np.maximum(matrix.times(matrix.sum_rows(weights)) - weights, 0.0)
        return words if alike is None else (words + alike @ weights.astype(np.float32)) / 2

    rank = np.ones(len(documents))
    degrees = np.maximum(spread(rank), 1e-9)
    for _ in range(_STEPS):
        rank = _JUMP + (1 - _JUMP) * spread(rank / degrees)
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
        taken = [*chosen, *picked]

        def gain(item: Ranked, taken: Sequence[Ranked] = taken) -> float:
            known = max((_likeness(item, other) for other in taken), default=0.0)
            return _RELEVANCE * item.score / best - (1 - _RELEVANCE) * known

        choice = max(pool, key=gain)
        picked.append(choice)
        # Nothing is said twice: a sentence that came along with another one is not taken again by itself.
        pool = [item for item in pool if not set(item.extract.evidence) & set(choice.extract.evidence)]
    return picked


def _likeness(one: Ranked, other: Ranked) -> float:
    """Cosine of two sets of terms, 0 to 1; where their meanings are known, the mean of both cosines."""
    terms, others = set(one.extract.terms), set(other.extract.terms)
    words = float(len(terms & others) / np.sqrt(max(1, len(terms) * len(others))))
    if one.meaning is None or other.meaning is None:
        return words
    return (words + max(0.0, float(one.meaning @ other.meaning))) / 2
