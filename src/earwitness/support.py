"""What a sentence of a summary rests on, and how well: which segments say it, and whether they say just that.

The measure is lexical, needs no model, and serves extracts and generated text alike. It heeds what makers of summaries
get wrong most: words, names and numbers that nobody said, names and numbers that were said of something else, and
denials that came or went.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, groupby, pairwise

from earwitness.clauses import CONTRASTS, Clause, ClauseReader, Number, names_in
from earwitness.text import Vocabulary, fold, tokens
from earwitness.types import Segment, Summary, SummarySentence

SUPPORTED = 0.6
"""A sentence with less support is marked: see docs/summaries.md for how often that is right."""

# A clause is looked for in so many neighbouring segments at once.
_REACH = 5
# What is left of the support for each of these faults.
_NEW_NAME, _MOVED_NAME, _TURNED = 0.3, 0.4, 0.4
_NEW_NUMBER, _MOVED_NUMBER, _DENIAL, _OPPOSITE = 0.3, 0.4, 0.4, 0.4
# Of what is said of anybody, this share must be said of, or by, the one who is named.
_BOUND, _BOUND_SPEAKER = 0.7, 0.5
# Evidence: so many segments at most, and each must add so much of the sentence.
_MOST_EVIDENCE, _LEAST_GAIN, _NEIGHBOUR = 4, 0.12, 1.15

# How summaries speak of talk; nobody needs to have said these words.
_FRAME = frozenset(
    """say says said tell tells told think thinks thought believe believes believed ask asks asked
    wonder wonders wondered
    speaker speakers host hosts guest guests episode podcast conversation discussion interview topic topics
    describe describes described explain explains explained discuss discusses discussed mention mentions mentioned
    note notes noted argue argues argued state states stated recall recalls recalled remark remarks remarked
    report reports reported suggest suggests suggested add adds added emphasize emphasizes emphasized stress stresses
    stressed conclude concludes concluded claim claims claimed introduce introduces introduced highlight highlights
    highlighted point points pointed according chapter recording segment section talk talks""".split()
)
# A sentence with one of these may gather what was said far apart.
_ABOUT = frozenset(
    "about discuss discusses discussed cover covers covered include includes topics range ranges".split()
)
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
_KEY = 6
_NUMBERED = re.compile(r"^(\w+) (\d+)$")
_NUMBERED_WORD = re.compile(r"^\w+-\d+$")
# Stands for the name of a speaker whom nobody has named.
_SOMEBODY = "?"
_I_AM = re.compile(r"\b(?:I am|I'm|I’m|[Mm]y name is|[Tt]his is) ([^\W\d_]+)")
_GUEST_IS = re.compile(
    r"\b(?:[Mm]y guest (?:today )?is|[Jj]oining (?:me|us) is|[Ww]ith (?:me|us) is|(?:talk|speak)ing (?:to|with)) "
    r"(?:Dr\.? )?([^\W\d_]+)"
)


@dataclass(frozen=True)
class _Said:
    """A clause of a segment, with who says it and who it is about, as far as that can be told; words as keys."""

    clause: Clause
    words: frozenset[str]
    about: frozenset[str]
    speaker: frozenset[str]


class Witness:
    """The segments of a transcript, to be asked what supports a sentence.

    Args:
        segments: of the whole transcript, in order.
        language: ISO 639-1; denials and spelt numbers are known for a few languages, the rest serves any.
        names: speaker labels and the names to show for them; a sentence may say "Anna" of what Anna says of herself.
        vocabulary: that of the transcript, where there is one already.

    >>> said = [Segment(0, 0.0, 3.0, "We closed the old bridge in May.", "A", ())]
    >>> witness = Witness(said, "en", {"A": "Anna"})
    >>> witness.support("Anna says that the old bridge was closed in May.", [0])
    1.0
    >>> witness.support("Anna says that the old tower was closed in June.", [0]) < SUPPORTED
    True
    >>> witness.evidence_of("In May they closed the bridge.")
    (0,)
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        language: str,
        names: Mapping[str, str] | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        texts = [item.text for item in segments]
        self.language = language
        self._segments = list(segments)
        self._place = {item.id: place for place, item in enumerate(segments)}
        self._shown = {label: name for label, name in (names or {}).items() if name}
        known = names_in(texts) | {word for name in self._shown.values() for word in tokens(_one_word(name))}
        self._reader = ClauseReader(
            vocabulary or Vocabulary.of(texts, language),
            frozenset(fold(word, language) for word in known),
            frozenset(fold(word, language) for text in texts for word in tokens(text)),
        )
        self._called = self._speakers(known)
        self._named = frozenset().union(*self._called.values())
        self._said: list[list[_Said]] = self._read()
        people = (_people(said.clause, language) for clauses in self._said for said in clauses)
        shown = (tuple(fold(word, language) for word in tokens(name)) for name in self._shown.values())
        self._joined = frozenset(pair for name in chain(chain.from_iterable(people), shown) for pair in pairwise(name))
        self._heard: defaultdict[str, list[int]] = defaultdict(list)
        for place, clauses in enumerate(self._said):
            for word in {word for said in clauses for word in (said.words | _keys(said.about))}:
                self._heard[word].append(place)

    def support(self, sentence: str, cited: Iterable[int]) -> float:
        """How well the segments with the ids `cited` support a sentence: 0 (not at all) to 1.

        Each clause is looked for in a few neighbouring segments at a time: its words must be there, its names and
        numbers with what is said of them, and it must deny only what they deny. An unknown id is no evidence.
        """
        windows = self._windows(cited)
        if not windows:
            return 0.0
        claims = self._claims(sentence)
        if any(_ABOUT & set(claim.words) for claim in claims):
            windows.append([said for window in windows for said in window])
        needed = [_needed(claim, self.language) for claim in claims]
        shares, faults = [], [1.0]
        for claim, terms in zip(claims, needed, strict=True):
            held = [_share(terms, window, claim.nouns) for window in windows]
            best = max(held)
            near = [window for window, share in zip(windows, held, strict=True) if share >= 0.8 * best]
            shares.append(best)
            faults += [max(_fault(claim, terms, window) for window in near), self._whose(claim, terms, needed, windows)]
        counts = [len(terms) for terms in needed]
        total = sum(counts)
        mean = sum(share * count for share, count in zip(shares, counts, strict=True)) / total if total else 1.0
        least = min((share for share, count in zip(shares, counts, strict=True) if count > 1), default=mean)
        return round((mean + least) / 2 * min(faults), 4)

    def evidence_of(self, sentence: str, among: Iterable[int] | None = None) -> tuple[int, ...]:
        """The ids of the segments that a sentence rests on most likely, in order; none where no word is shared.

        Segments are taken one by one, each for what it adds of the sentence's words. Names and numbers count double,
        rare words more than common ones, and a neighbour of a segment already taken a little more.

        Args:
            among: the segments that whoever made the sentence had read; none for all.
        """
        allowed = None if among is None else {self._place[number] for number in among if number in self._place}
        weights = self._weights(self._claims(sentence))
        total = sum(weights.values())
        holds: defaultdict[int, set[str]] = defaultdict(set)
        for word in weights:
            for place in self._heard.get(word, ()):
                if allowed is None or place in allowed:
                    holds[place].add(word)
        taken: list[int] = []
        missing = set(weights)
        while holds and len(taken) < _MOST_EVIDENCE:

            def gain(place: int, taken: Sequence[int] = taken, missing: Collection[str] = missing) -> float:
                near = any(abs(place - other) < _REACH for other in taken)
                return sum(weights[word] for word in holds[place] & set(missing)) * (_NEIGHBOUR if near else 1.0)

            best = max(holds, key=lambda place: (gain(place), -place))
            if gain(best) <= (_LEAST_GAIN * total if taken else 0.0):
                break
            taken.append(best)
            missing -= holds.pop(best)
        return tuple(self._segments[place].id for place in sorted(taken))

    def cited(self, text: str, among: Iterable[int] | None = None) -> SummarySentence:
        """A sentence that somebody made, with its evidence and support."""
        evidence = self.evidence_of(text, among)
        return SummarySentence(text, evidence, self.support(text, evidence))

    def _claims(self, sentence: str) -> list[Clause]:
        for name in sorted(self._shown.values(), key=len, reverse=True):
            sentence = sentence.replace(name, _one_word(name))
        return self._reader.clauses(sentence, claims=True)

    def _windows(self, cited: Iterable[int]) -> list[list[_Said]]:
        """The clauses of neighbouring segments together: each cited one with those after it, within reach."""
        places = sorted({self._place[number] for number in cited if number in self._place})
        return [
            [said for place in places if first <= place < first + _REACH for said in self._said[place]]
            for first in places
        ]

    def _whose(
        self, claim: Clause, terms: Sequence[str], needed: Sequence[Sequence[str]], windows: Sequence[Sequence[_Said]]
    ) -> float:
        """Whether what is claimed of each name is said of that one, or by that one where the claim says so."""
        everything = list({id(said): said for window in windows for said in window}.values())
        factor = _TURNED if _is_turned(claim, everything) else 1.0
        for name in _people(claim, self.language):
            if not all(self._is_known(word, everything) for word in name):
                return _NEW_NAME
            if not self._joined >= frozenset(pairwise(name)) and not claim.places & set(name):
                return _NEW_NAME
            who = frozenset(name) if self._named & set(name) else frozenset((*name, _SOMEBODY))
            reports = _reports(claim, name[-1], self.language)
            context = [term for each in needed for term in each] if reports else terms
            if reports:
                groups = [[said for said in window if who & (said.speaker | said.about)] for window in windows]
                anybody = max(_share(context, window) for window in windows)
            else:
                beside = bool(claim.places & who)
                groups = [_about(who, window, beside) for window in windows]
                anybody = max(_share(context, [said]) for said in everything)
            told = max(_share(context, group) for group in groups)
            if context and told < (_BOUND_SPEAKER if reports else _BOUND) * anybody:
                factor = min(factor, _MOVED_NAME)
        return factor

    def _is_known(self, name: str, heard: Collection[_Said]) -> bool:
        """Whether the evidence has somebody of that name, or somebody who may be."""
        may_be = {name} if name in self._named else {name, _SOMEBODY} if self._heard.get(_key(name)) else {name}
        return any(may_be & (said.about | said.speaker) for said in heard)

    def _weights(self, claims: Sequence[Clause]) -> dict[str, float]:
        """What each key of a sentence is worth as a sign of where it was said."""
        frame = _frame(self.language)
        keys = {key for claim in claims for term in claim.terms if term not in frame for key in _keys([term])}
        special = {key for claim in claims for name in claim.names for key in _keys([name])}
        special |= {sign for claim in claims for sign in _signs(claim)}
        count = len(self._segments)
        return {
            key: (2.0 if key in special else 1.0) * math.log1p(count / (1 + len(self._heard.get(key, ()))))
            for key in keys | special
        }

    def _speakers(self, known: Collection[str]) -> dict[str | None, frozenset[str]]:
        """Speaker label -> folded names: those to show, and those by which people call themselves and each other."""
        called: defaultdict[str | None, set[str]] = defaultdict(set)
        for label, name in self._shown.items():
            called[label].update(fold(word, self.language) for word in tokens(_one_word(name)))
        votes: dict[str, Counter[str]] = {}
        turns = [list(turn) for _, turn in groupby(self._segments, key=lambda item: item.speaker)]
        for number, turn in enumerate(turns):
            after = turns[number + 1][0].speaker if number + 1 < len(turns) else None
            for item in turn:
                for pattern, whom in ((_I_AM, item.speaker), (_GUEST_IS, after)):
                    for match in pattern.finditer(item.text):
                        if whom and match[1].lower() in known:
                            votes.setdefault(match[1].lower(), Counter())[whom] += 1
        for name, counts in votes.items():
            ((label, most),) = counts.most_common(1)
            if 2 * most > counts.total():
                called[label].add(fold(name, self.language))
        return {label: frozenset(names) for label, names in called.items()}

    def _read(self) -> list[list[_Said]]:
        read: list[list[_Said]] = []
        turns = [list(turn) for _, turn in groupby(self._segments, key=lambda item: item.speaker)]
        for number, turn in enumerate(turns):
            own = self._names_of(turn[0].speaker)
            other = turns[number + 1 : number + 2] or turns[max(0, number - 1) : number]
            theirs = self._names_of(other[0][0].speaker) if other else frozenset()
            before: frozenset[str] = frozenset()
            for item in turn:
                here = []
                for clause in self._reader.clauses(item.text):
                    about, before = _about_whom(clause, before, own, theirs)
                    words = _keys(fold(word, self.language) for word in clause.words)
                    here.append(_Said(clause, words | _signs(clause), about, own))
                read.append(here)
        return read

    def _names_of(self, speaker: str | None) -> frozenset[str]:
        """What a speaker is called; somebody, where nobody has named them."""
        names = self._called.get(speaker, frozenset())
        return names | {_SOMEBODY} if all(_NUMBERED_WORD.match(name) for name in names) else names


def judged(summary: Summary, unsupported: str) -> Summary:
    """A summary as the option `unsupported` wants it: weak sentences marked, dropped, or kept as they are.

    >>> weak = Summary((SummarySentence("Nobody said so.", (), 0.1),))
    >>> judged(weak, "mark").sentences[0].unsupported, judged(weak, "drop").sentences
    (True, ())
    """
    if unsupported == "drop":
        kept = tuple(sentence for sentence in summary.sentences if sentence.support >= SUPPORTED)
        return replace(summary, sentences=kept)
    marks = unsupported == "mark"
    return replace(
        summary,
        sentences=tuple(
            replace(sentence, unsupported=marks and sentence.support < SUPPORTED) for sentence in summary.sentences
        ),
    )


def _needed(claim: Clause, language: str) -> list[str]:
    """The content words that somebody must have said; names are asked for by themselves."""
    frame = _frame(language)
    return [term for term in claim.terms if term not in frame and term not in claim.names]


def _share(terms: Sequence[str], window: Iterable[_Said], nouns: Collection[str] = ()) -> float:
    """How many of the terms are among the words of some clauses, 0 to 1.

    A missing noun counts double: who retells something finds words of their own for what is done, not for with what.
    """
    if not terms:
        return 1.0
    words = frozenset().union(*(said.words for said in window))
    missing = [term for term in terms if _key(term) not in words]
    lost = sum(2 if term in nouns else 1 for term in missing)
    return 1 - lost / (len(terms) - len(missing) + lost)


def _fault(claim: Clause, terms: Sequence[str], window: Sequence[_Said]) -> float:
    """What a wrong number, denial or opposite leaves of the support; 1 where there is none."""
    nearest = _nearest(terms, window)
    words = {word for said in window for word in said.clause.words}
    close = {word for said in nearest for word in said.clause.words}
    numbers = [number for said in window for number in said.clause.numbers]
    heard = frozenset().union(*(said.words for said in window))
    faults = [_number_fault(number, numbers, heard) for number in claim.numbers]
    faults += [_TURNED for said in window if _are_exchanged(claim.numbers, said.clause.numbers)]
    denials = {(said.clause.denies, said.clause.without) for said in nearest}
    if terms and not claim.contrasts and (claim.denies, claim.without) not in denials:
        faults.append(_DENIAL)
    faults += [_TURNED for said in window if claim.contrasts and _prefers_other(claim, said.clause)]
    faults += [_OPPOSITE for word in claim.words if word not in words and _OPPOSITES.get(word) in close]
    return min(faults, default=1.0)


def _nearest(terms: Sequence[str], window: Sequence[_Said]) -> list[_Said]:
    """The clauses that share most with a claim; all where a single word would decide."""
    if len(terms) < 2:
        return list(window)
    shares = [_share(terms, [said]) for said in window]
    return [said for said, share in zip(window, shares, strict=True) if share >= 0.75 * max(shares)]


def _number_fault(number: Number, heard: Sequence[Number], words: Collection[str]) -> float:
    """Whether somebody said the number, and of what it is said to count."""
    same = [other for other in heard if other.values & number.values]
    if not same:
        return _NEW_NUMBER
    if not number.counts or any(other.counts & number.counts for other in same):
        return 1.0
    counted = any(other.counts & number.counts for other in heard)
    return _MOVED_NUMBER if counted or not _keys(number.counts) & set(words) else 1.0


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


def _reports(claim: Clause, name: str, language: str) -> bool:
    """Whether a claim gives the name as that of somebody who says the rest."""
    places = [place for place, word in enumerate(claim.words) if fold(word, language) == name]
    return any(
        _FRAME & set(claim.words[place + 1 : place + 5])
        or claim.words[max(0, place - 2) : place] == ("according", "to")
        for place in places
    )


def _about_whom(
    clause: Clause, before: frozenset[str], own: frozenset[str], theirs: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a clause is about, and those that a pronoun after it would mean."""
    names = frozenset(clause.names)
    if clause.third_person or not (names or clause.opens):
        names |= before
    # "I talk with Anna, who ...": what follows is about her.
    meant = frozenset(clause.names) or names
    if clause.second_person:
        names |= theirs
    if clause.first_person or not names:
        names |= own
    return names, meant or names


def _about(who: frozenset[str], window: Sequence[_Said], beside: bool) -> list[_Said]:
    """The clause that is most about somebody; for a place or time, with those of the same speaker about no other."""
    found = [said for said in window if who & said.about]
    if not beside:
        return found
    speakers = {said.speaker for said in found}
    return [said for said in window if said in found or (said.speaker in speakers and said.about <= said.speaker)]


def _people(claim: Clause, language: str) -> list[tuple[str, ...]]:
    """The names of a claim, words that stand together as one."""
    words = [fold(word, language) for word in claim.words]
    return [tuple(run) for is_name, run in groupby(words, key=claim.names.__contains__) if is_name]


def _is_turned(claim: Clause, heard: Collection[_Said]) -> bool:
    """Whether two names do to each other what the evidence has the other way round."""
    if len(claim.names) < 2 or claim.listed:
        return False
    first, second = claim.names[:2]
    both = [said.clause for said in heard if {first, second} <= set(said.clause.names)]
    turned = [
        (clause.names.index(first) > clause.names.index(second)) == (clause.passive == claim.passive)
        for clause in both
        if not clause.listed
    ]
    return bool(turned) and all(turned)


@cache
def _frame(language: str) -> frozenset[str]:
    return frozenset(fold(word, language) for word in _FRAME) if language == "en" else frozenset()


def _key(term: str) -> str:
    """What inflected and derived forms of a word share: the first letters of its folded form."""
    return term[:_KEY]


def _keys(terms: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_key, terms))


def _signs(clause: Clause) -> frozenset[str]:
    """Numbers and denials as keys."""
    values = {f"#{value}" for number in clause.numbers for value in number.values}
    return frozenset(values | ({"#not"} if clause.denies else set()))


def _one_word(name: str) -> str:
    """ "Speaker 1" as a word of its own."""
    return _NUMBERED.sub(r"\1-\2", name)
