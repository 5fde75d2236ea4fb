"""Sentences to clauses, each with what it claims: its content words, names, numbers, and whether it denies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from earwitness.figures import numbers_in
from earwitness.text import Vocabulary, fold, tokens

_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’-][^\W_]+)*")
_MARK = re.compile(r"[,;:.!?()\"“”–—،、，。；：…]")
_SENTENCE_MARK = re.compile(r"[.!?。…]")
_JOINTS = {
    "en": frozenset("and but while who which that because when where if although though so or after before".split()),
    "de": frozenset("und aber während dass weil wenn wo obwohl oder".split()),
    "es": frozenset("y e pero mientras que porque cuando donde si aunque o".split()),
    "fr": frozenset("et mais qui que où si ou".split()),
    "it": frozenset("e ma che perché quando dove se o".split()),
    "nl": frozenset("en maar terwijl dat omdat als waar of".split()),
    "pt": frozenset("e mas que porque quando onde se ou".split()),
}
_DENIALS = {
    "en": frozenset(
        """not never nobody none nothing neither nor nowhere cannot no hardly can't won't don't doesn't didn't isn't
        aren't wasn't weren't hasn't haven't hadn't couldn't wouldn't shouldn't mustn't ain't unable refuse refuses
        refused fail fails failed deny denies denied lack lacks lacked""".split()
    ),
    "de": frozenset("nicht kein keine keinen keiner keinem nie niemals niemand nichts".split()),
    "es": frozenset("no nunca nadie nada ningún ninguna jamás tampoco".split()),
    "fr": frozenset("pas jamais personne rien aucun aucune".split()),
    "it": frozenset("non mai nessuno niente nulla".split()),
    "nl": frozenset("niet geen nooit niemand niets".split()),
    "pt": frozenset("não nunca ninguém nada jamais nenhum nenhuma".split()),
}
_INTERJECTIONS = frozenset("yes no yeah well oh okay ok right of course sure exactly indeed um uh".split())
CONTRASTS = frozenset(("instead", "rather"))
_VERBS = frozenset(
    """is was has had will can could would did does and also says said took gave made told went wrote found kept built
    bought sold won lost left became began came got met saw grew knew thought spoke taught drew ran flew
    broke""".split()
)
_SECOND_PERSON = frozenset("you you're you've you'd you'll your yours".split())
_FIRST_PERSON = frozenset("i i'm i've i'd i'll my me we we're we've our us".split())
_THIRD_PERSON = frozenset("he she they it his her their its him them who he's she's they're".split())
# What stands before a noun, and what makes a name that of a place or time.
_BEFORE_NOUNS = frozenset(
    "the a an this that these those my your his her its our their some any every each another no of".split()
)
_BEFORE_PLACES = frozenset("in from to at on near since until during around into towards through of by".split())
_UNCOUNTED = _BEFORE_NOUNS | _BEFORE_PLACES | {",", "and"}
_RELATIVES = frozenset(("who", "which"))
_SYMMETRIC = frozenset(("and", "or", "with"))
# A clause of fewer content words joins its neighbour.
_MIN_TERMS = 2


@dataclass(frozen=True)
class Number:
    """What a number may be read as, and the folded words that follow it: what it counts is among them."""

    values: frozenset[str]
    counts: frozenset[str]


@dataclass(frozen=True)
class Clause:
    """A part of a sentence that makes one claim: words in lower case, commas between them; the rest is folded.

    `names` are in order, as they occur; `places` are those that follow a preposition. `nouns` are the terms that must
    be nouns. `opens` tells whether a sentence begins here.
    """

    words: tuple[str, ...]
    terms: tuple[str, ...]
    names: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    numbers: tuple[Number, ...] = ()
    denies: bool = False
    without: bool = False
    contrasts: bool = False
    first_person: bool = False
    second_person: bool = False
    third_person: bool = False
    relative: bool = False
    passive: bool = False
    listed: bool = False
    opens: bool = False


class ClauseReader:
    """Reads the clauses of one transcript and of what is said about it.

    Args:
        names: the folded words that the transcript writes as names.
        words: those that it writes without a capital, folded. In a text about the transcript, other words with a
            capital are names, too.
    """

    def __init__(self, vocabulary: Vocabulary, names: frozenset[str], words: frozenset[str]) -> None:
        self.vocabulary, self.words = vocabulary, words
        self.language = vocabulary.language
        self.names = names
        self._joints = _JOINTS.get(self.language, frozenset())
        self._denials = _DENIALS.get(self.language, frozenset())

    def clauses(self, text: str, *, claims: bool = False) -> list[Clause]:
        """The clauses of a text, in order.

        Args:
            claims: whether the text is about the transcript: words with a capital are then names even where those of
                the transcript are others.
        """
        pieces = [piece for piece in self._pieces(text) if not _INTERJECTIONS.issuperset(map(str.lower, piece[0]))]
        merged: list[tuple[list[str], bool]] = []
        for words, opens in pieces:
            goes_on = merged and not opens and words[0].lower() not in _RELATIVES
            if goes_on and min(self._weight(merged[-1][0]), self._weight(words)) < _MIN_TERMS:
                merged[-1] = [*merged[-1][0], ",", *words], merged[-1][1]
            else:
                merged.append((words, opens))
        return [self._clause(words, opens, claims) for words, opens in merged]

    def tells(self, word: str) -> bool:
        """Whether a word in lower case changes what is said: content, or a denial."""
        return word in self._denials or self.vocabulary.is_content(word)

    def _pieces(self, text: str) -> list[tuple[list[str], bool]]:
        """Words between marks and joints, and whether each piece begins a sentence."""
        found: list[tuple[list[str], bool]] = []
        piece: list[str] = []
        opens, end = True, 0
        for match in _WORD.finditer(text):
            between = text[end : match.start()]
            word, end = match.group().replace("’", "'"), match.end()
            # The full stop of "Dr. Okafor" ends no sentence.
            ends = bool(_SENTENCE_MARK.search(between)) and not (piece and len(piece[-1]) < 3 and "." in between)
            if piece and (_MARK.search(between) or word.lower() in self._joints):
                found.append((piece, opens))
                piece, opens = [], ends
            piece += [word] if word.isascii() else _split_unspaced(word)
        return [*found, (piece, opens)] if piece else found

    def _weight(self, words: Sequence[str]) -> int:
        return len(self.vocabulary.terms(" ".join(words)))

    def _clause(self, words: Sequence[str], opens: bool, claims: bool) -> Clause:
        lower = [word.lower() for word in words]
        names = [fold(word, self.language) for word in self._names(words, opens, claims)]
        said = set(lower)
        return Clause(
            words=tuple(lower),
            terms=tuple(self.vocabulary.terms(" ".join(words))),
            names=tuple(names),
            places=frozenset(names) & self._after(lower, _BEFORE_PLACES),
            nouns=self._after(lower, _BEFORE_NOUNS) if self.language == "en" else frozenset(),
            numbers=tuple(
                Number(values, self._counted(lower[place : place + 2]))
                for place, values in numbers_in(lower, self.language)
            ),
            denies=bool(said & self._denials),
            without="without" in said,
            contrasts=bool(said & CONTRASTS),
            first_person=bool(said & _FIRST_PERSON),
            second_person=bool(said & _SECOND_PERSON),
            third_person=bool(said & _THIRD_PERSON),
            relative=lower[0] in _RELATIVES,
            passive="by" in said,
            listed=len(names) > 1 and bool(said & _SYMMETRIC),
            opens=opens,
        )

    def _names(self, words: Sequence[str], opens: bool, claims: bool) -> list[str]:
        found = []
        for place, word in enumerate(words):
            lower = word.lower()
            first = opens and not place
            if (
                fold(lower, self.language) in self.names
                or (word == "May" and not first)
                or (claims and word[0].isupper() and self._is_new_name(lower, words[place + 1 : place + 2], first))
            ):
                found.append(lower)
        return found

    def _is_new_name(self, lower: str, after: Sequence[str], first: bool) -> bool:
        """Whether a word with a capital is a name; the first of a sentence only if a verb follows it."""
        if self.language == "de":
            return False  # German writes every noun with a capital
        if fold(lower, self.language) in self.words or not self.vocabulary.is_content(lower):
            return False
        if first and self.language != "en":
            return False
        return not first or any(word in _VERBS or word.endswith("ed") for word in after)

    def _after(self, words: Sequence[str], heralds: frozenset[str]) -> frozenset[str]:
        """The folded words that directly follow one of some others."""
        return frozenset(fold(word, self.language) for before, word in pairwise(words) if before in heralds)

    def _counted(self, words: Sequence[str]) -> frozenset[str]:
        return frozenset(fold(word, self.language) for word in words if word not in _UNCOUNTED)


def _split_unspaced(word: str) -> list[str]:
    """What a script without spaces writes as one word in the tokens of retrieval, other words as they are."""
    found = tokens(word)
    return found if len(found) > 1 and "-" not in word else [word]


def names_in(texts: Sequence[str]) -> frozenset[str]:
    """The words, in lower case, that a transcript writes with a capital inside sentences more often than without.

    >>> sorted(names_in(["We met Anna in Oslo.", "Then Anna left the city.", "The City of London."]))
    ['anna', 'london', 'oslo']
    """
    capital: Counter[str] = Counter()
    lower: Counter[str] = Counter()
    for text in texts:
        end = 0
        for number, match in enumerate(_WORD.finditer(text)):
            if number and not _SENTENCE_MARK.search(text[end : match.start()]):
                word = match.group().replace("’", "'")
                (capital if word[0].isupper() else lower)[word.lower().removesuffix("'s")] += 1
            end = match.end()
    return frozenset(
        word for word in capital if capital[word] > lower[word] and len(word) > 1 and not word.startswith("i'")
    )
