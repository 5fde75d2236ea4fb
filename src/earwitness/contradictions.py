"""What contradicts a claim though its words were said: a number, a denial, an opposite or an order that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from earwitness.clauses import CONTRASTS, Clause, Number
from earwitness.sayings import Saying, key, keys

# What is left of the support for each of these faults.
_NEW_NUMBER, _MOVED_NUMBER, _DENIAL, _OPPOSITE, _TURNED = 0.3, 0.4, 0.4, 0.4, 0.4

_OPPOSITES = {
    one: other
    for pair in """more/less most/least before/after rose/fell rise/fall rises/falls
        risen/fallen grew/shrank up/down open/close opened/closed
        open/closed bought/sold buy/sell won/lost win/lose always/never above/below cheap/expensive early/late
        increase/decrease increased/decreased first/last better/worse best/worst old/new young/old large/small big/small
        high/low higher/lower strong/weak hot/cold long/short easy/hard easy/difficult safe/dangerous began/ended
        begin/end started/stopped start/stop came/left true/false right/wrong good/bad without/with full/empty
        many/few inside/outside north/south east/west possible/impossible success/failure succeeded/failed
        allowed/forbidden accepted/rejected love/hate loved/hated like/dislike""".split()
    for one, other in (pair.split("/"), pair.split("/")[::-1])
}


def fault(claim: Clause, terms: Sequence[str], window: Sequence[Saying]) -> float:
    """What a wrong number, denial, opposite or contrast leaves of the support, 0 to 1; 1 where nothing is wrong.

    Args:
        terms: the content words that the claim needs, folded.
        window: what is said where most of them are.
    """
    nearest = _nearest(terms, window)
    words = {word for said in window for word in said.clause.words}
    close = {word for said in nearest for word in said.clause.words}
    numbers = [number for said in window for number in said.clause.numbers]
    heard = words_of(window)
    faults = [_number_fault(number, numbers, heard) for number in claim.numbers]
    faults += [_TURNED for said in window if _are_exchanged(claim.numbers, said.clause.numbers)]
    denials = {(said.clause.denies, said.clause.without) for said in nearest}
    if terms and not claim.contrasts and (claim.denies, claim.without) not in denials:
        faults.append(_DENIAL)
    faults += [_TURNED for said in window if claim.contrasts and _prefers_other(claim, said.clause)]
    faults += [_OPPOSITE for word in claim.words if word not in words and _OPPOSITES.get(word) in close]
    return min(faults, default=1.0)


def _nearest(terms: Sequence[str], window: Sequence[Saying]) -> list[Saying]:
    """The clauses that share most with a claim."""
    shares = [share(terms, [said]) for said in window]
    return [said for said, share in zip(window, shares, strict=True) if share >= 0.75 * max(shares)]


def _number_fault(number: Number, heard: Sequence[Number], words: Collection[str]) -> float:
    """Whether somebody said the number, and of what it is said to count."""
    same = [other for other in heard if other.values & number.values]
    if not same:
        return _NEW_NUMBER
    if not number.counts or any(other.counts & number.counts for other in same):
        return 1.0
    counted = any(other.counts & number.counts for other in heard)
    return _MOVED_NUMBER if counted or not keys(number.counts) & set(words) else 1.0


def _are_exchanged(claimed: Sequence[Number], heard: Sequence[Number]) -> bool:
    """ "Nine of two" where it was "two of nine"."""
    for first, second in pairwise(claimed):
        places = [
            [place for place, other in enumerate(heard) if other.values & number.values] for number in (first, second)
        ]
        if first.counts & second.counts and all(places) and min(places[0]) > max(places[1]):
            return True
    return False


def _prefers_other(claim: Clause, heard: Clause) -> bool:
    """ "Iron instead of copper" where it was "copper instead of iron"."""
    pivot = next(place for place, word in enumerate(claim.words) if word in CONTRASTS)
    place_of = {word: place for place, word in enumerate(heard.words)}
    chosen = [place_of[word] for word in claim.words[max(0, pivot - 4) : pivot] if word in place_of]
    other = [place_of[word] for word in claim.words[pivot + 1 : pivot + 6] if word in place_of]
    return bool(chosen and other) and chosen[-1] > other[-1]


def turned(claim: Clause, heard: Collection[Saying]) -> float:
    """What is left of the support where two names do to each other what the evidence has the other way round."""
    people = [name for name in claim.names if name not in claim.places]
    if len(people) < 2 or claim.listed:
        return 1.0
    first, second = people[:2]
    both = [said.clause for said in heard if {first, second} <= set(said.clause.names)]
    changed = [
        (clause.names.index(first) > clause.names.index(second)) == (clause.passive == claim.passive)
        for clause in both
        if not clause.listed
    ]
    return _TURNED if changed and all(changed) else 1.0


def share(terms: Sequence[str], window: Iterable[Saying]) -> float:
    """How many of the terms are among the words of some clauses, or whom these are about; 0 to 1."""
    words = words_of(window)
    return sum(key(term) in words for term in terms) / len(terms) if terms else 1.0


def words_of(window: Iterable[Saying]) -> frozenset[str]:
    """The keys of all that is said in some clauses, and of whom these are about."""
    return frozenset[str]().union(*(said.words | keys(said.about) for said in window))
