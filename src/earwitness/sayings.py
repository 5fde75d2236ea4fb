"""Who says what of whom: the clauses of a transcript, each with its speaker and those it is about."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise

from earwitness.clauses import Clause, ClauseReader, names_in
from earwitness.text import Vocabulary, fold, tokens
from earwitness.types import Segment

SOMEBODY = "?"
"""Stands for the name of a speaker whom nobody has named."""

_KEY = 6
_NUMBERED = re.compile(r"^(\w+) (\d+)$")
_NUMBERED_WORD = re.compile(r"^\w+-\d+$")
_I_AM = re.compile(r"\b(?:I am|I'm|I’m|[Mm]y name is|[Tt]his is) ([^\W\d_]+)")
_GUEST_IS = re.compile(
    r"\b(?:[Mm]y guest (?:today )?is|[Jj]oining (?:me|us) is|[Ww]ith (?:me|us) is|(?:talk|speak)ing (?:to|with)) "
    r"(?:Dr\.? )?([^\W\d_]+)"
)


@dataclass(frozen=True)
class Saying:
    """A clause of the segment at `place`; its words are keys, those who say it and whom it is about folded names."""

    place: int
    clause: Clause
    words: frozenset[str]
    about: frozenset[str]
    speaker: frozenset[str]

    def concerns(self, who: Collection[str]) -> bool:
        """Whether the clause is about one of some names, or has it as a word."""
        return not self.about.isdisjoint(who) or not self.words.isdisjoint(keys(who))


class Sayings:
    """All that is said in a transcript, clause by clause.

    Args:
        names: speaker labels and the names to show for them. Those by which speakers introduce themselves and each
            other are found in the text.
    """

    def __init__(
        self, segments: Sequence[Segment], language: str, names: Mapping[str, str], vocabulary: Vocabulary | None
    ) -> None:
        texts = [item.text for item in segments]
        self.language = language
        self.segments = list(segments)
        self.shown = {label: name for label, name in names.items() if name}
        known = names_in(texts) | {word for name in self.shown.values() for word in tokens(one_word(name))}
        self.reader = ClauseReader(
            vocabulary or Vocabulary.of(texts, language),
            frozenset(fold(word, language) for word in known),
            frozenset(fold(word, language) for text in texts for word in _lower(text)) if known else frozenset(),
        )
        self._called = self._speakers(known)
        self.named = frozenset[str]().union(*self._called.values())
        """The folded names of speakers."""
        self.of_segment = self._read()
        """The sayings of each segment, by its place in the transcript."""
        self.heard: defaultdict[str, list[int]] = defaultdict(list)
        """Key -> the places of the segments that say it, or are about it."""
        for place, here in enumerate(self.of_segment):
            for word in {word for said in here for word in said.words | keys(said.about)}:
                self.heard[word].append(place)
        people = (people_of(said.clause, language) for here in self.of_segment for said in here)
        shown = (tuple(fold(word, language) for word in tokens(name)) for name in self.shown.values())
        self.joined = frozenset(pair for name in chain(chain.from_iterable(people), shown) for pair in pairwise(name))
        """Names that stand beside each other, as first and last names do."""

    def claims(self, sentence: str) -> list[Clause]:
        """The clauses of a sentence about the transcript."""
        for name in sorted(self.shown.values(), key=len, reverse=True):
            sentence = sentence.replace(name, one_word(name))
        return self.reader.clauses(sentence, claims=True)

    def quote(self, sentence: str, places: Sequence[int]) -> bool:
        """Whether segments say a sentence word for word from where they begin, but for words that say nothing."""
        words = tokens(sentence)
        at = 0
        for word in (word for place in places for word in tokens(self.segments[place].text)):
            if at == len(words):
                break
            if word == words[at]:
                at += 1
            elif self.reader.tells(word) and word not in words[max(0, at - 3) : at]:  # "the storm storm"
                return False
        return bool(words) and at == len(words)

    def _speakers(self, known: Collection[str]) -> dict[str | None, frozenset[str]]:
        """Speaker label -> folded names: those to show, and those by which people call themselves and each other."""
        called: defaultdict[str | None, set[str]] = defaultdict(set)
        for label, name in self.shown.items():
            called[label].update(fold(word, self.language) for word in tokens(one_word(name)))
        votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        turns = [list(turn) for _, turn in groupby(self.segments, key=lambda item: item.speaker)]
        for number, turn in enumerate(turns):
            after = turns[number + 1][0].speaker if number + 1 < len(turns) else None
            for item in turn:
                for pattern, whom in ((_I_AM, item.speaker), (_GUEST_IS, after)):
                    for match in pattern.finditer(item.text):
                        if whom and match[1].lower() in known:
                            votes[match[1].lower()][whom] += 1
        for name, counts in votes.items():
            ((label, most),) = counts.most_common(1)
            if 2 * most > counts.total():
                called[label].add(fold(name, self.language))
        return {label: frozenset(names) for label, names in called.items()}

    def _read(self) -> list[list[Saying]]:
        read: list[list[Saying]] = []
        turns = [list(turn) for _, turn in groupby(self.segments, key=lambda item: item.speaker)]
        for number, turn in enumerate(turns):
            own = self._names_of(turn[0].speaker)
            other = turns[number + 1 : number + 2] or turns[max(0, number - 1) : number]
            theirs = self._names_of(other[0][0].speaker) if other else frozenset()
            before = frozenset[str](), frozenset[str]()
            for item in turn:
                here = []
                for clause in self.reader.clauses(item.text):
                    before = _about_whom(clause, before, own, theirs)
                    words = keys(fold(word, self.language) for word in clause.words) | signs(clause)
                    here.append(Saying(len(read), clause, words, before[1], own))
                read.append(here)
        return read

    def _names_of(self, speaker: str | None) -> frozenset[str]:
        """What a speaker is called; somebody, where nobody has named them."""
        names = self._called.get(speaker, frozenset())
        return names | {SOMEBODY} if all(_NUMBERED_WORD.match(name) for name in names) else names


def _about_whom(
    clause: Clause, before: tuple[frozenset[str], frozenset[str]], own: frozenset[str], theirs: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The names in a clause, with those that it has from the clause before; and all whom it is about."""
    named = frozenset(clause.names)
    if clause.relative:  # "I talk with Anna, who ...": it is about her
        named |= before[0] or before[1]
    elif clause.third_person or not (named or clause.opens):
        named |= before[1]
    about = named
    if clause.second_person:
        about |= theirs
    if clause.first_person or not about:
        about |= own
    return named, about


def _lower(text: str) -> Iterable[str]:
    return (token for word in text.split() if word[:1].islower() for token in tokens(word))


def people_of(clause: Clause, language: str) -> list[tuple[str, ...]]:
    """The names of a clause, words that stand together as one."""
    words = [fold(word, language) for word in clause.words]
    return [tuple(run) for is_name, run in groupby(words, key=clause.names.__contains__) if is_name]


def key(term: str) -> str:
    """What inflected and derived forms of a word share: the first letters of its folded form."""
    return term[:_KEY]


def keys(terms: Iterable[str]) -> frozenset[str]:
    """The keys of several folded words."""
    return frozenset(map(key, terms))


def signs(clause: Clause) -> frozenset[str]:
    """Numbers and denials as keys."""
    values = {f"#{value}" for number in clause.numbers for value in number.values}
    return frozenset(values | ({"#not"} if clause.denies else set()))


def one_word(name: str) -> str:
    """A name that ends in a number as a word of its own.

    >>> one_word("Speaker 1"), one_word("Ada Lovelace")
    ('Speaker-1', 'Ada Lovelace')
    """
    return _NUMBERED.sub(r"\1-\2", name)
