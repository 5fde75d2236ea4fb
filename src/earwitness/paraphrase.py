"""A claim in the words of those whom it is about: for what nobody said, words of theirs that mean the same.

Whole sentences tell too little: one in which a single noun is wrong is as near to what was said as a faithful one in
other words. So each word is looked at, by itself and in its place: words of one kind, like bees and wasps, are near
each other by themselves, but put in each other's place they change what a sentence says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from earwitness.clauses import Clause
from earwitness.contradictions import words_of
from earwitness.meanings import Meanings
from earwitness.sayings import Saying, key, keys
from earwitness.text import Vocabulary, fold

# Cosines that two words must reach by themselves, and the words around one of them with either in its place.
# docs/summaries.md tells how often that is right.
_WORD, _PLACE = 0.5, 0.86
# So many words before and after: among many words, one would count for little.
_AROUND = 3
# So many words are tried in a place, the likest first.
_TRIED = 5


def in_their_words(
    claims: Sequence[Clause],
    needed: Sequence[Sequence[str]],
    heard: Sequence[Saying],
    meanings: Meanings,
    vocabulary: Vocabulary,
) -> tuple[list[Clause], list[list[str]]]:
    """Both, with what means the same in place of what nobody said, where somebody said that; also in what is counted.

    Args:
        claims: the clauses of a sentence.
        needed: the content words that each must have, folded.
        heard: what may support them.

    Raises:
        ModelError: the engine of `meanings` cannot be loaded or run.
    """
    said = words_of(heard)
    offered = _offered(heard, vocabulary)
    phrases = list(offered)

    def replaced(claim: Clause, term: str) -> str:
        folded = [fold(word, vocabulary.language) for word in claim.words]
        if keys(term.split("-")) <= said or key(term) in said or term not in folded or not phrases:
            return term
        place = folded.index(term)
        likeness = (meanings.of([claim.words[place]]) @ meanings.of(phrases).T)[0]
        likest = sorted(range(len(phrases)), key=lambda number: -likeness[number])[:_TRIED]
        tried = [phrases[number] for number in likest if likeness[number] >= _WORD]
        if not tried:
            return term
        contexts = meanings.of([_in_place(claim, place, word) for word in (claim.words[place], *tried)])
        fits = contexts[1:] @ contexts[0]
        best = int(fits.argmax())
        return offered[tried[best]] if fits[best] >= _PLACE else term

    told = [[replaced(claim, term) for term in terms] for claim, terms in zip(claims, needed, strict=True)]
    counting = [
        _counting(claim, dict(zip(terms, meant, strict=True)))
        for claim, terms, meant in zip(claims, needed, told, strict=True)
    ]
    return counting, told


def _counting(claim: Clause, meant: Mapping[str, str]) -> Clause:
    """A claim whose numbers count what is meant."""
    numbers = (replace(n, counts=frozenset(meant.get(term, term) for term in n.counts)) for n in claim.numbers)
    return replace(claim, numbers=tuple(numbers))


def _offered(heard: Sequence[Saying], vocabulary: Vocabulary) -> dict[str, str]:
    """Content words that were said, and pairs of words with one, each with the folded word that it stands for."""
    found: dict[str, str] = {}
    for said in heard:
        words = said.clause.words
        for phrase in (*((word,) for word in words), *pairwise(words)):
            content = [term for word in phrase for term in vocabulary.terms(word)]
            if content and "," not in phrase:
                found.setdefault(" ".join(phrase), content[-1])
    return found


def _in_place(claim: Clause, place: int, word: str) -> str:
    """The words around a place of a claim, with `word` in it."""
    before, after = claim.words[max(0, place - _AROUND) : place], claim.words[place + 1 : place + 1 + _AROUND]
    return " ".join((*before, word, *after))
