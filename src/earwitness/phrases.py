"""Key phrases: what a text would be filed under, in words that it uses itself."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from earwitness.clauses import names_in
from earwitness.text import Vocabulary, fold

MAX_WORDS = 3
"""Longer runs of content words are cut: people name things in one to three words."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Only these join words to phrases; any other mark between two words ends one.
_GAP = re.compile(r"\s*")
# Han and katakana write the content words of Chinese and Japanese; hiragana mostly the grammar.
_IDEOGRAPHS = re.compile(r"[\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff]+")
_IDEOGRAPHS_IN_WORD = (2, 5)
_GRAMMAR_IDEOGRAPHS = re.compile(r"[的了是在我你他她它们這这那不和就也有很都说説人一]")

_DETERMINERS = frozenset(
    "the a an this that these those my your his her its our their some any every each another no".split()
)
_PREPOSITIONS = frozenset("of in on at with for from about".split())
_BEFORE_VERBS = frozenset(
    """i you he she it we they who to not never can could will would shall should may might must do does did don't
    doesn't didn't can't won't wouldn't couldn't i'll you'll he'll she'll we'll they'll i'd you'd he'd she'd we'd
    they'd let's always also has have had is are was were be been nobody everybody and""".split()
)
_AFTER_VERBS = _DETERMINERS | frozenset("up out off down away back it them him us me you".split())
_MODIFIERS = frozenset(
    """old new small large young whole hot cold warm dark early late high low heavy wooden strong safe main real full
    short oldest largest newest best deep dry wet slow quick fast older younger newer larger smaller quiet white red
    black green afraid busy difficult expensive cheap common famous modern dead distant fresh""".split()
)
_VERB_ENDING = re.compile(r"..(?:ed|ly)$")
_MAYBE_VERB_ENDING = re.compile(r"..ing$")

_Key: TypeAlias = tuple[str, ...]

_AND = {"en": " and ", "de": " und ", "es": " y ", "fr": " et ", "it": " e ", "nl": " en ", "pt": " e "}
_LENGTH_WORTH = (0.0, 1.0, 1.7, 1.9)
_OPENING_SENTENCES, _OPENING_WORTH = 3, 1.8
_SMOOTHING = 0.5
_NAME_WORTH = 1.3
_SECOND_SHARE = 0.45
_FIRST_WORDS, _FIRST_CHARACTERS = 6, 48


@dataclass(frozen=True)
class Mention:
    """One use of a phrase: its folded words, and the words as they would be written in the middle of a sentence."""

    key: _Key
    text: str
    definite: bool
    """Whether "the" went before it."""


class PhraseFinder:
    """Finds noun-like phrases by the company that words keep; learns the company from a whole transcript.

    A run of content words is a candidate (Rose et al. 2010, RAKE). Where the language is English, words that mostly
    stand where verbs stand are left out of runs.
    """

    def __init__(self, texts: Sequence[str], vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        noun: Counter[str] = Counter()
        verb: Counter[str] = Counter()
        for text in texts:
            words = [match.group() for match in _WORD.finditer(text)]
            for number, word in enumerate(words):
                before = words[number - 1].lower() if number else ""
                after = words[number + 1].lower() if number + 1 < len(words) else ""
                key = self._fold(word)
                noun[key] += before in _DETERMINERS or before in _PREPOSITIONS or after in ("of", "is")
                verb[key] += before in _BEFORE_VERBS or (after in _DETERMINERS and before not in _DETERMINERS)
        self.names = names_in(texts)
        self._verbs = frozenset(key for key in verb if verb[key] > noun[key])

    def mentions(self, text: str) -> list[Mention]:
        """Every run of one to three content words within a phrase, the shorter runs inside longer ones too."""
        found = [mention for run, before in self._runs(text) for mention in self._within(run, before)]
        for match in _IDEOGRAPHS.finditer(text):
            found.extend(_ideograph_mentions(match.group()))
        return found

    def _fold(self, word: str) -> str:
        return fold(word.lower().replace("’", "'"), self.vocabulary.language)

    def _runs(self, text: str) -> Iterator[tuple[list[str], str]]:
        """Runs of content words, each with the word before it."""
        run: list[str] = []
        before = last = ""
        end = 0
        for match in _WORD.finditer(text):
            word = match.group()
            plain = word.lower().replace("’", "'")
            content = self.vocabulary.is_content(plain) and not _IDEOGRAPHS.search(word) and not self._is_verb(plain)
            apart = not _GAP.fullmatch(text[end : match.start()])
            if run and (apart or not content or len(run) == MAX_WORDS):
                # "the bees end up", "the storm broke the mast": the run's last word is a verb.
                if len(run) > 1 and not apart and plain in _AFTER_VERBS and self.vocabulary.language == "en":
                    run.pop()
                yield run, before
                run = []
            if content:
                if not run:
                    before = "" if apart else last
                run.append(word if plain in self.names else plain)
            last, end = plain, match.end()
        if run:
            yield run, before

    def _parts_name(self, run: Sequence[str], last: int) -> bool:
        """Whether a run that is cut before its word `last` is cut inside a name."""
        return last < len(run) and not run[last - 1].islower() and not run[last].islower()

    def _is_verb(self, plain: str) -> bool:
        if self.vocabulary.language != "en" or plain in self.names or plain in _MODIFIERS:
            return False
        likely = self._fold(plain) in self._verbs
        return likely or bool(_VERB_ENDING.search(plain))

    def _within(self, run: Sequence[str], before: str) -> Iterator[Mention]:
        for first in range(len(run)):
            for last in range(first + 1, len(run) + 1):
                words = run[first:last]
                # Of "Colonel Rick Husband" only the last name is also used alone.
                if words[-1] in _MODIFIERS or _lacks_noun(words) or self._parts_name(run, last):
                    continue
                shown = [*words[:-1], re.sub(r"['’]s$", "", words[-1])]
                yield Mention(
                    tuple(self._fold(word) for word in shown), " ".join(shown), before == "the" and first == 0
                )


def _lacks_noun(words: Sequence[str]) -> bool:
    return len(words) == 1 and bool(_MAYBE_VERB_ENDING.search(words[0]))


def _ideograph_mentions(run: str) -> Iterator[Mention]:
    """The run itself where it has the length of a word; the pieces of that length where it is longer."""
    sizes = (len(run),) if len(run) <= _IDEOGRAPHS_IN_WORD[1] else range(_IDEOGRAPHS_IN_WORD[0], _IDEOGRAPHS_IN_WORD[1])
    for size in sizes:
        for first in range(len(run) - size + 1):
            piece = run[first : first + size]
            if len(piece) >= _IDEOGRAPHS_IN_WORD[0] and not _GRAMMAR_IDEOGRAPHS.search(piece):
                yield Mention((piece,), piece, definite=False)


def titles(chapters: Sequence[Sequence[str]], vocabulary: Vocabulary) -> list[str]:
    """A title for each chapter, given as its sentences: the one or two phrases that most set it apart.

    A phrase counts for how often the chapter says it, how much of all its uses are here, and whether the chapter
    begins with it. Where nothing is characteristic, the first words stand in.
    """
    finder = PhraseFinder([text for texts in chapters for text in texts], vocabulary)
    mentioned = [[finder.mentions(text) for text in texts] for texts in chapters]
    everywhere = Counter(mention.key for chapter in mentioned for mentions in chapter for mention in mentions)
    sizes = [max(1, sum(len(mentions) for mentions in chapter)) for chapter in mentioned]
    names = []
    for texts, chapter, size in zip(chapters, mentioned, sizes, strict=True):
        share = size / sum(sizes)
        scores = _title_scores(chapter, everywhere, share)
        names.append(_title(scores, chapter, vocabulary.language) or _first_words(texts))
    return names


def _title_scores(chapter: Sequence[Sequence[Mention]], everywhere: Counter[_Key], share: float) -> dict[_Key, float]:
    here = Counter(mention.key for mentions in chapter for mention in mentions)
    opening = {mention.key for mentions in chapter[:_OPENING_SENTENCES] for mention in mentions}
    scores = {}
    for key, count in here.items():
        distinct = math.log(1 + count / (everywhere[key] * share + _SMOOTHING))
        scores[key] = count * distinct * _LENGTH_WORTH[len(key)] * (_OPENING_WORTH if key in opening else 1.0)
    return scores


def _title(scores: dict[_Key, float], chapter: Sequence[Sequence[Mention]], language: str) -> str:
    chosen: list[_Key] = []
    for key in sorted(scores, key=lambda key: (-scores[key], key)):
        if len(chosen) == 2 or (chosen and scores[key] < _SECOND_SHARE * scores[chosen[0]]):
            break
        fuller = _fuller(key, chapter)
        if not any(_alike(fuller, other) for other in chosen):
            chosen.append(fuller)
    uses = [[mention for mentions in chapter for mention in mentions if mention.key == key] for key in chosen]
    shown = [Counter(mention.text for mention in mentions).most_common(1)[0][0] for mentions in uses]
    if language == "en":
        definite = [4 * sum(mention.definite for mention in mentions) >= len(mentions) for mentions in uses]
        # "The boat and storm" reads badly: where one is definite, so is the other, unless it is a plural or a name.
        alike = [
            flag or (any(definite) and text.islower() and text[-1] != "s")
            for flag, text in zip(definite, shown, strict=True)
        ]
        shown = [f"the {text}" if flag else text for flag, text in zip(alike, shown, strict=True)]
    joined = _AND.get(language, ", ").join(shown)
    return joined[:1].upper() + joined[1:]


def _fuller(key: _Key, chapter: Sequence[Sequence[Mention]]) -> _Key:
    """The longer phrase by which the chapter introduces what it later calls by a single word, if any."""
    if len(key) > 1:
        return key
    opening = [use.key for mentions in chapter[:_OPENING_SENTENCES] for use in mentions if use.definite]
    return max((other for other in opening if key[0] in other), key=len, default=key)


def _alike(key: _Key, other: _Key) -> bool:
    return bool(set(key) & set(other)) or key[0] in other[0] or other[0] in key[0]


def _first_words(texts: Sequence[str]) -> str:
    words = " ".join(texts).split()[:_FIRST_WORDS]
    start = " ".join(words).rstrip(".,;:!?。、")[:_FIRST_CHARACTERS]
    return start[:1].upper() + start[1:]


def keywords(texts: Sequence[str], vocabulary: Vocabulary, most: int) -> list[str]:
    """The phrases that a text, given as its sentences, says most; the longest form of each, best first.

    >>> said = ["The old harbor was closed.", "We need the old harbor.", "A boat came.", "The boat left the harbor."]
    >>> keywords(said, Vocabulary.of(said, "en"), 2)
    ['old harbor', 'boat']
    """
    finder = PhraseFinder(texts, vocabulary)
    uses = [mention for text in texts for mention in finder.mentions(text)]
    counts = Counter(mention.key for mention in uses)
    shown: defaultdict[_Key, Counter[str]] = defaultdict(Counter)
    for mention in uses:
        shown[mention.key][mention.text] += 1
    names = {mention.key for mention in uses if not mention.text.islower()}

    def worth(key: _Key) -> tuple[float, _Key]:
        # A longer phrase said once may be an accident of two words.
        length = _LENGTH_WORTH[len(key)] if counts[key] > 1 or len(key) == 1 else 1.0
        return -counts[key] * length * (_NAME_WORTH if key in names else 1.0), key

    fuller = {part: key for key in counts if len(key) > 1 for part in key if counts[key] >= max(2, 0.4 * counts[part,])}
    chosen: list[_Key] = []
    for key in sorted(counts, key=worth):
        if len(chosen) == most:
            break
        key = fuller.get(key[0], key) if len(key) == 1 else key
        if not any(_alike(key, other) for other in chosen):
            chosen.append(key)
    return [shown[key].most_common(1)[0][0] for key in chosen]
