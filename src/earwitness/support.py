"""What a sentence of a summary rests on, and how well: which segments say it, and whether they say just that.

The measure is lexical, needs no model, and serves extracts and generated text alike. It heeds what makers of summaries
get wrong most: words, names and numbers that nobody said, names and numbers that were said of something else, and
denials that came or went. Where a model of sentences is there, words that nobody said may stand for others that mean
the same; names, numbers and denials are asked for as before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from earwitness.clauses import Clause
from earwitness.contradictions import fault, share, turned, words_of
from earwitness.meanings import Meanings
from earwitness.paraphrase import in_their_words
from earwitness.sayings import SOMEBODY, Saying, Sayings, key, keys, people_of, signs
from earwitness.text import Vocabulary, fold
from earwitness.types import Segment, Summary, SummarySentence

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SUPPORTED = 0.67
"""A sentence with less support is marked; docs/summaries.md tells how often that is right."""

# A clause is looked for in so many neighbouring segments at once.
_REACH = 5
# What a missing word costs: a noun, and a word that is said so many segments before or after.
_NOUN, _NEARBY, _BEFORE, _AFTER = 2.0, 0.5, 6, 2
# What is left of the support where a name is nobody's, or is somebody else's.
_NEW_NAME, _MOVED_NAME = 0.3, 0.4
# Of what is said of anybody, this share must be said of, or by, the one who is named.
_BOUND, _BOUND_SPEAKER = 0.7, 0.6
# Evidence: so many segments at most, and each must add so much of the sentence; what common words are worth.
_MOST_EVIDENCE, _LEAST_GAIN, _NEIGHBOUR, _COMMON = 4, 0.12, 1.15, 0.3
# By meaning, what is this much of the best is evidence, too.
_AS_MEANT = 0.7

# How summaries speak of talk; nobody needs to have said these words.
_FRAME = frozenset(
    """say says said tell tells told think thinks thought believe believes believed ask asks asked
    wonder wonders wondered
    speaker speakers host hosts guest guests episode podcast conversation discussion interview topic topics
    describe describes described explain explains explained discuss discusses discussed mention mentions mentioned
    note notes noted argue argues argued state states stated recall recalls recalled remark remarks remarked
    report reports reported suggest suggests suggested add adds added emphasize emphasizes emphasized stress stresses
    stressed conclude concludes concluded claim claims claimed introduce introduces introduced highlight highlights
    highlighted according chapter talk talks
    interview interviews interviewed speak speaks spoke chat chats chatted welcome welcomes welcomed join joins joined
    story stories account researcher researchers turn turns turned""".split()
)
_TO_WHOM = frozenset(("with", "to"))
_BESIDE = frozenset(("and", ",", "the", "also", "then"))
# A sentence with one of these may gather what was said far apart.
_ABOUT = frozenset(
    "about discuss discusses discussed cover covers covered include includes topics range ranges".split()
)


class Witness:
    """The segments of a transcript, to be asked what supports a sentence.

    Args:
        segments: of the whole transcript, in order.
        language: ISO 639-1; denials and spelt numbers are known for a few languages, the rest serves any.
        names: speaker labels and the names to show for them; a sentence may say "Anna" of what Anna says of herself.
        vocabulary: that of the transcript, where there is one already.
        meanings: for sentences that words alone do not bear out; none leaves these unsupported.

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
        meanings: Meanings | None = None,
    ) -> None:
        self.language = language
        self._meanings = meanings
        self._sayings = Sayings(segments, language, names or {}, vocabulary)
        self._place = {item.id: place for place, item in enumerate(segments)}
        self.named = self._sayings.named
        """The folded names of those who speak."""

    def support(self, sentence: str, cited: Iterable[int]) -> float:
        """How well the segments with the ids `cited` support a sentence: 0 (not at all) to 1.

        Each clause is looked for in a few neighbouring segments at a time: its words must be there, its names and
        numbers with what is said of them, and it must deny only what they deny. An unknown id is no evidence.

        Raises:
            ModelError: the model of sentences cannot be loaded or run.
        """
        return self._heard(sentence, cited)[0]

    def _heard(self, sentence: str, cited: Iterable[int]) -> tuple[float, bool]:
        """The support, and whether some of the segments contradict the sentence."""
        places = sorted({self._place[number] for number in cited if number in self._place})
        if self._sayings.quote(sentence, places):
            return 1.0, False
        claims, needed = self._claims(sentence)
        windows = self._windows(places)
        if not claims or not windows:
            return 0.0, False
        if any(_ABOUT & set(claim.words) for claim in claims):
            windows.append([said for window in windows for said in window])
        share, left = self._borne_out(claims, needed, windows)
        if self._meanings and share * left < SUPPORTED:
            heard = _different(windows)
            meant = in_their_words(claims, needed, heard, self._meanings, self._sayings.reader.vocabulary)
            share, left = max((share, left), self._borne_out(*meant, windows), key=math.prod)
        return round(share * left, 4), left < 1

    def _borne_out(
        self, claims: Sequence[Clause], needed: Sequence[Sequence[str]], windows: Sequence[Sequence[Saying]]
    ) -> tuple[float, float]:
        """The share of what a sentence claims that some windows say, and what contradictions leave of it; 0 to 1."""
        shares, faults = [], [self._whose(number, claims, needed, windows) for number in range(len(claims))]
        for claim, terms in zip(claims, needed, strict=True):
            also = min(1, len(claim.names) + len(claim.numbers))
            held = [self._held(terms, window, claim.nouns, also) for window in windows]
            shares.append(max(held))
            near = [window for window, share in zip(windows, held, strict=True) if share >= 0.8 * max(held)]
            # "About the bridge" says nothing of it that could be wrong.
            if claims[0].words[0] != "about":
                faults.append(max(fault(claim, terms, window) for window in near))
        counts = [len(terms) for terms in needed]
        held_in_all = sum(share * count for share, count in zip(shares, counts, strict=True))
        mean = held_in_all / sum(counts) if any(counts) else 1.0
        least = min((share for share, count in zip(shares, counts, strict=True) if count > 1), default=mean)
        return (mean + least) / 2, min(faults)

    def evidence_of(self, sentence: str, among: Iterable[int] | None = None) -> tuple[int, ...]:
        """The ids of the segments that a sentence rests on most likely, in order; none where no word is shared.

        Segments are taken one by one, each for what it adds of the sentence's words. Names and numbers count double,
        rare words more than common ones, and a neighbour of a segment already taken a little more.

        Args:
            among: the segments that whoever made the sentence had read; none for all.
        """
        allowed = None if among is None else {self._place[number] for number in among if number in self._place}
        claims = self._sayings.claims(sentence)
        weights = self._weights(claims)
        total = sum(weights.values())
        holds: defaultdict[int, set[str]] = defaultdict(set)
        for word in weights:
            for place in self._sayings.heard.get(word, ()):
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
        for name in sorted(missing & keys(name for claim in claims for name in claim.names)):
            # A name of everywhere is worth little, but somebody must have it.
            heard = [place for place, words in holds.items() if name in words]
            if heard and taken:
                taken.append(min(heard, key=lambda place: abs(place - taken[0])))
                missing -= holds.pop(taken[-1])
        return tuple(self._sayings.segments[place].id for place in sorted(taken))

    def cited(self, text: str, among: Iterable[int] | None = None) -> SummarySentence:
        """A sentence that somebody made, with its evidence and support.

        Raises:
            ModelError: the model of sentences cannot be loaded or run.
        """
        evidence = self.evidence_of(text, among)
        support, contradicted = self._heard(text, evidence)
        if self._meanings and support < SUPPORTED and not contradicted:
            meant = self._meant_by(text, among)
            # What the words point to must not contradict it, either.
            by_meaning = min(self.support(text, meant), self.support(text, {*meant, *evidence}))
            if by_meaning > support:
                return SummarySentence(text, self._no_more_than(meant, text, by_meaning), by_meaning)
        return SummarySentence(text, evidence, support)

    def _meant_by(self, text: str, among: Iterable[int] | None) -> tuple[int, ...]:
        """The ids of the segments that are nearest to a sentence in what they mean, in order.

        Names are left out: those who speak seldom say their own.
        """
        assert self._meanings
        segments = self._sayings.segments
        allowed = (
            range(len(segments)) if among is None else sorted(self._place[n] for n in set(among) & set(self._place))
        )
        if not allowed:
            return ()
        likeness = self._rows[list(allowed)] @ self._meanings.of([self._without_names(text)])[0]
        likest = sorted(zip(allowed, likeness, strict=True), key=lambda pair: -pair[1])[:_MOST_EVIDENCE]
        return tuple(sorted(segments[place].id for place, like in likest if like >= _AS_MEANT * likest[0][1]))

    def _without_names(self, text: str) -> str:
        claims = self._sayings.claims(text)
        return " ".join(
            word for claim in claims for word in claim.words if fold(word, self.language) not in claim.names
        )

    def _no_more_than(self, cited: tuple[int, ...], text: str, support: float) -> tuple[int, ...]:
        """Those of the cited segments without which a sentence would have less support."""
        for number in cited:
            others = tuple(other for other in cited if other != number)
            if others and self.support(text, others) >= support:
                cited = others
        return cited

    @cached_property
    def _rows(self) -> FloatArray:
        """What each segment means."""
        assert self._meanings
        return self._meanings.rows([item.text for item in self._sayings.segments])

    def sentence(self, text: str, evidence: Sequence[int]) -> SummarySentence:
        """A sentence whose evidence is known, with its support."""
        return SummarySentence(text, tuple(evidence), self.support(text, evidence))

    def _claims(self, sentence: str) -> tuple[list[Clause], list[list[str]]]:
        """The clauses of a sentence, and the words that somebody must have said for each."""
        claims = self._sayings.claims(sentence)
        needed = [self._needed(claim) for claim in claims]
        if not any(needed) and not any(claim.names or claim.numbers for claim in claims):
            needed = [[fold(word, self.language) for word in claim.words] for claim in claims]
        for number in range(1, len(claims)):
            # "Nobody knew where it was": what says nothing by itself denies what follows.
            if claims[number - 1].denies and not needed[number - 1]:
                claims[number] = replace(claims[number], denies=True)
        return claims, needed

    def _needed(self, claim: Clause) -> list[str]:
        """The content words that somebody must have said; names are asked for by themselves."""
        frame = _FRAME if self.language == "en" else frozenset()
        words = [word for word in claim.words if word not in frame and not (frame and word.endswith("ly"))]
        said = [term for word in words for term in self._sayings.reader.vocabulary.terms(word)]
        return [term for term in said if term not in claim.names]

    def _held(self, terms: Sequence[str], window: Sequence[Saying], nouns: Collection[str], also: int) -> float:
        """How many of the terms a window says, 0 to 1; `also` are what else the claim has, names and numbers.

        A noun that is missing counts more: who retells something finds words of their own for what is done, not for
        what it is done with. One that is said shortly before or after may stand for a pronoun, and counts less.
        """
        words = words_of(window)
        missing = [term for term in terms if not keys(term.split("-")) <= words and key(term) not in words]
        lost = sum(_NEARBY if self._is_said_near(term, window) else _NOUN if term in nouns else 1.0 for term in missing)
        return 1 - lost / (len(terms) - len(missing) + also + lost) if missing else 1.0

    def _is_said_near(self, term: str, window: Sequence[Saying]) -> bool:
        first, last = window[0].place - _BEFORE, window[-1].place + _AFTER
        return any(first <= place <= last for place in self._sayings.heard.get(key(term), ()))

    def _windows(self, places: Sequence[int]) -> list[list[Saying]]:
        """The clauses of neighbouring segments together: each with those after it, within reach."""
        windows = [
            [said for place in places if first <= place < first + _REACH for said in self._sayings.of_segment[place]]
            for first in places
        ]
        return [window for window in windows if window]

    def _whose(
        self,
        number: int,
        claims: Sequence[Clause],
        needed: Sequence[Sequence[str]],
        windows: Sequence[Sequence[Saying]],
    ) -> float:
        """Whether what a claim says of each name is said of that one, or by that one where the claim says so."""
        claim = claims[number]
        # A clause of nothing but names goes with the next one, or the one before.
        around = (*needed[number : number + 2], *needed[max(0, number - 1) : number])
        own = next(filter(None, around), [])
        everything = _different(windows)
        factor = turned(claim, everything)
        for name in people_of(claim, self.language):
            if not all(self._is_known(word, everything) for word in name):
                return _NEW_NAME
            if not self._sayings.joined >= frozenset(pairwise(name)) and not claim.places & set(name):
                return _NEW_NAME
            if _is_addressed(claim, name[0], self.language):
                continue
            who = frozenset(name) if self._sayings.named & set(name) else frozenset((*name, SOMEBODY))
            reports = _reports(claim, name[-1], self.language)
            others = [] if _FRAME & set(claim.words) else [other for other in claim.names if other not in name]
            context = [term for each in needed for term in each] if reports else [*own, *others]
            if reports:
                groups = [[said for said in window if who & said.speaker or said.concerns(who)] for window in windows]
                anybody = max(share(context, window) for window in windows)
            else:
                beside = bool(claim.places & who)
                groups = [_about(who, window, beside) for window in windows]
                anybody = max(share(context, [said]) for said in everything)
            told = max(share(context, group) for group in groups)
            if told < (_BOUND_SPEAKER if reports else _BOUND) * anybody:
                factor = min(factor, _MOVED_NAME)
        return factor

    def _is_known(self, name: str, heard: Collection[Saying]) -> bool:
        """Whether the evidence has somebody of that name, or somebody who may be."""
        may_be = {name}
        if name not in self._sayings.named and key(name) in self._sayings.heard:
            may_be.add(SOMEBODY)
        return any(may_be & said.speaker or said.concerns(may_be) for said in heard)

    def _weights(self, claims: Sequence[Clause]) -> dict[str, float]:
        """What each key of a sentence is worth as a sign of where it was said."""
        weights: dict[str, float] = {}
        for claim in claims:
            weights |= dict.fromkeys(keys(fold(word, self.language) for word in claim.words), _COMMON)
            weights |= dict.fromkeys(keys(self._needed(claim)), 1.0)
            weights |= dict.fromkeys(keys(claim.names) | signs(claim), 2.0)
        count = len(self._sayings.segments)
        return {
            key: weight * math.log1p(count / (1 + len(self._sayings.heard.get(key, ()))))
            for key, weight in weights.items()
            if key in self._sayings.heard or weight > _COMMON
        }


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


def _different(windows: Iterable[Iterable[Saying]]) -> list[Saying]:
    """All clauses of some windows, which may overlap."""
    return list({id(said): said for window in windows for said in window}.values())


def _reports(claim: Clause, name: str, language: str) -> bool:
    """Whether a claim gives the name as that of somebody who says the rest."""
    words = [fold(word, language) for word in claim.words]
    for place, word in enumerate(words):
        if word == name and name not in claim.places:
            after = (
                said
                for said, key in zip(claim.words[place + 1 :], words[place + 1 :], strict=True)
                if said not in _BESIDE and key not in claim.names
            )
            if next(after, "") in _FRAME or claim.words[max(0, place - 2) : place] == ("according", "to"):
                return True
    return False


def _is_addressed(claim: Clause, name: str, language: str) -> bool:
    """Whether the name is of somebody who is talked to: "Anna speaks with Tom about ...", "Anna interviews Tom"."""
    place = next(place for place, word in enumerate(claim.words) if fold(word, language) == name)
    before = claim.words[:place]
    spoke = max((at for at, word in enumerate(before) if word in _FRAME - {"according"}), default=place)
    between = before[spoke + 1 :]
    return spoke < place and not {",", "that"} & set(between) and (not between or between[0] in _TO_WHOM)


def _about(who: frozenset[str], window: Sequence[Saying], beside: bool) -> list[Saying]:
    """The clause that is most about somebody; for a place or time, with those of the same speaker about no other."""
    found = [said for said in window if said.concerns(who)]
    if not beside:
        return found
    speakers = {said.speaker for said in found}
    return [said for said in window if said in found or (said.speaker in speakers and said.about <= said.speaker)]
