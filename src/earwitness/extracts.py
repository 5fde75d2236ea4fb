"""Sentences as a summary could quote them: whole, cleaned up, and standing on their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from earwitness import cues
from earwitness.text import SENTENCE_END, Vocabulary, fold, plain, tokens
from earwitness.types import Segment

# In words: what is shorter says nothing, what is longer is not a summary.
_MIN_WORDS, _MIN_TERMS, _MAX_WORDS = 6, 3, 60
_GOOD_WORDS = (20, 40)
_MAX_PAIR_WORDS = 45
# What is this short and announces a topic says nothing else.
_SHORT_WORDS = 12
# What the form of a sentence is worth, beside its content.
_LEANING, _CONJOINED, _HEDGED, _FIRST_PERSON, _ADDRESSED, _ANNOUNCED = 0.4, 0.8, 0.6, 0.85, 0.5, 0.5
# Transcripts in which fewer segments end like a sentence are taken for unpunctuated.
_PUNCTUATED_SHARE = 0.3

_LEADING = re.compile(
    r"""^(?:(?:um+|uh+|erm?|hmm+|you\ know|i\ mean|well|now|okay|ok|oh|yeah|yes|no|actually|basically|honestly
        |of\ course|certainly|exactly)
        (?:,\s*|\s+(?=(?:i|we|the|a|an|in|on|at|you|they|he|she|it|this|that|there)\b)))+""",
    re.IGNORECASE | re.VERBOSE,
)
_CONJUNCTION = re.compile(r"^(?:and|but|so)\b,?\s+(?!far|yet|for|long|much|many|called)", re.IGNORECASE)
_INNER = re.compile(r"(?:,\s*|\s+|^)(?:um+|uh+|erm?)\b,?(?=\s|$)|,\s*(?:you know|i mean),(?=\s)", re.I)
# Up to three words said again: "in a in a sort of".
_REPEATED = re.compile(r"\b(\w+(?:\s+\w+){0,2})(?:,?\s+\1\b)+", re.I)
# "George, the battery ..."; but "George, who ..." and "George, a baker, ..." are about George.
_ADDRESSEE = re.compile(r"^((?:Dr\. )?[^\W\d_]+(?: [^\W\d_]+)?), (?=(\w+))")
_APPOSITION = re.compile(r"(?:who|whose|which|and|or)\b|(?:an?|the|my|our|your|his|her|their)\b[^,]{,40},")
_QUESTION_MARKS = ("?", "？", "؟")
_LEANS = re.compile(
    r"^(?:it|its|that|this|these|those|he|she|they|him|her|his|their|them|because|which|or|then|so|such|one|some|both|each"
    r"|it's|that's|he's|she's|they're|there|only|two|neither|nobody else|another|others|very|too)\b"
)
_I = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|myself)\b")
_YOU = re.compile(r"^(?:\w+ ){0,2}(?:you|your|you're|you've)\b")
_HEDGES = re.compile(r"\b(?:for example|for instance|in a way|i think|i guess|i don't know|maybe|kind of|sort of)\b")


@dataclass(frozen=True)
class Extract:
    """A sentence, or two of which the second leans on the first.

    `terms` are its folded content words; `worth` multiplies what its content is worth; what is not `usable` is a
    question, a courtesy or a fragment, and serves only where there is nothing better.
    """

    text: str
    evidence: tuple[int, ...]
    terms: tuple[str, ...]
    worth: float
    usable: bool
    previews: bool = False


@dataclass(frozen=True)
class _Sentence:
    text: str
    ids: tuple[int, ...]


def extracts(
    segments: Sequence[Segment], vocabulary: Vocabulary, named: Collection[str] = frozenset()
) -> list[Extract]:
    """One extract for each sentence, in order; a sentence that leans on the one before it brings that along.

    Args:
        named: the folded names of those who speak; where they are addressed, that is left out.
    """
    punctuated = sum(bool(SENTENCE_END.search(item.text)) for item in segments) >= _PUNCTUATED_SHARE * len(segments)
    english = vocabulary.language == "en"
    found: list[Extract] = []
    for _, turn in groupby(segments, key=lambda item: item.speaker):
        before: Extract | None = None
        for sentence in _sentences(list(turn), punctuated):
            text = _cleaned(sentence.text, english)
            if english:
                text = _unaddressed(text, named)
            single = _extract(text, sentence.ids, vocabulary)
            found.append((before and english and _joined(before, text, single, vocabulary)) or single)
            before = single
    return found


def _sentences(turn: Sequence[Segment], punctuated: bool) -> Iterator[_Sentence]:
    """Segments to sentences: those that were cut for their length are put together again."""
    held: list[Segment] = []
    for item in turn:
        held.append(item)
        if not punctuated or SENTENCE_END.search(item.text) or len(held) > 3:
            yield _Sentence(" ".join(part.text for part in held), tuple(part.id for part in held))
            held = []
    if held:
        yield _Sentence(" ".join(part.text for part in held), tuple(part.id for part in held))


def _extract(text: str, ids: tuple[int, ...], vocabulary: Vocabulary) -> Extract:
    terms = tuple(vocabulary.terms(text))
    words = len(plain(text).split())
    usable = _MIN_WORDS <= words <= _MAX_WORDS and len(set(terms)) >= _MIN_TERMS and not text.endswith(_QUESTION_MARKS)
    worth = min(1.0, words / _GOOD_WORDS[0], _GOOD_WORDS[1] / max(1, words))
    if vocabulary.language != "en":
        return Extract(text, ids, terms, worth, usable)
    said = plain(text)
    previews = bool(cues.PREVIEWS.search(said))
    usable = usable and not cues.ASKS.search(said) and (previews or not cues.COURTESY.search(said))
    announces = bool(cues.NEXT_TOPIC.search(said))
    usable = usable and not (announces and words <= _SHORT_WORDS)
    shown = _capital(_CONJUNCTION.sub("", text))
    faults = (
        (_LEANING, _LEANS.search(plain(shown))),
        (_CONJOINED, shown != text),
        (_HEDGED, _HEDGES.search(said)),
        (_FIRST_PERSON, _I.search(said)),
        (_ADDRESSED, _YOU.search(said)),
        (_ANNOUNCED, announces),
    )
    for factor, fault in faults:
        worth *= factor if fault else 1.0
    return Extract(shown, ids, terms, worth, usable, previews)


def _joined(before: Extract, text: str, single: Extract, vocabulary: Vocabulary) -> Extract | None:
    """Both as one extract, where the second leans on the first, and together they are not too long."""
    leans = single.text != text or _LEANS.search(plain(single.text))
    first = plain(before.text)
    unfit = (
        not before.terms or before.text.endswith(_QUESTION_MARKS) or _LEANS.search(first) or cues.COURTESY.search(first)
    )
    both = f"{before.text} {text}"
    if not leans or unfit or not single.usable or len(plain(both).split()) > _MAX_PAIR_WORDS:
        return None
    joined = _extract(both, before.evidence + single.evidence, vocabulary)
    return joined if joined.usable else None


def _cleaned(text: str, english: bool) -> str:
    """Without what people say before they know what to say; with a capital and a full stop.

    The words that remain are the speaker's own.
    """
    if english:
        # Once more, as words are said again within what is said again.
        text = _REPEATED.sub(r"\1", _REPEATED.sub(r"\1", _INNER.sub("", text)))
        text = _LEADING.sub("", text.strip(" ,"))
    text = text.strip(" ,;:–—-") or text
    if not SENTENCE_END.search(text):
        text += "."
    return _capital(text)


def _unaddressed(text: str, named: Collection[str]) -> str:
    """Without the name of the one whom a sentence is said to.

    >>> _unaddressed("George, the battery is empty.", {"georg"}), _unaddressed("George, a baker, left.", {"georg"})
    ('The battery is empty.', 'George, a baker, left.')
    """
    match = _ADDRESSEE.match(text)
    if not match or _APPOSITION.match(text[match.end() :]):
        return text
    *name, next_word = (fold(word, "en") for word in (*tokens(match[1]), match[2].lower()))
    is_said_to = all(word in named or word == "dr" for word in name) and next_word not in named
    return _capital(text[match.end() :]) if is_said_to else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
