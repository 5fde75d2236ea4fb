"""Text to what is said in one go, and the pauses between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from earwitness.abstracts import sentences
from earwitness.types import Seconds

CLAUSE_PAUSE_S = 0.12
SENTENCE_PAUSE_S = 0.3
PARAGRAPH_PAUSE_S = 0.7

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_CLAUSE_END = re.compile(r"[,;:،、，；：–—-][\"'”’)]*\s+|[、，；：]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Utterance:
    """What is said in one go, and the silence after it; none after the last."""

    text: str
    pause_s: Seconds


def utterances(text: str, language: str, fits: Callable[[str], bool]) -> list[Utterance]:
    """A text as sentences; those that do not fit are cut in two, at the end of a clause, or else of a word.

    Args:
        text: blank lines end a paragraph, other line breaks are spaces; what has no letter or digit is left out.
        language: ISO 639-1, by which sentences are found.
        fits: whether a text can be said in one go.

    >>> for one in utterances("On bees\\n\\nDr. Berg keeps bees, and honey. Why?", "en", lambda text: len(text) < 25):
    ...     print(one)
    Utterance(text='On bees', pause_s=0.7)
    Utterance(text='Dr. Berg keeps bees,', pause_s=0.12)
    Utterance(text='and honey.', pause_s=0.3)
    Utterance(text='Why?', pause_s=0.0)
    """
    made: list[Utterance] = []
    for paragraph in _PARAGRAPH_END.split(text):
        for sentence in sentences(paragraph, language):
            *parts, last = _parts(sentence, fits)
            made += [Utterance(part, CLAUSE_PAUSE_S) for part in parts]
            made.append(Utterance(last, SENTENCE_PAUSE_S))
        if made:
            made[-1] = Utterance(made[-1].text, PARAGRAPH_PAUSE_S)
    if made:
        made[-1] = Utterance(made[-1].text, 0.0)
    return made


def _parts(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    if len(text) < 2 or fits(text):
        yield text
        return
    cut = _middle(text)
    for part in (text[:cut].strip(), text[cut:].strip()):
        if part:
            yield from _parts(part, fits)


def _middle(text: str) -> int:
    """Where the second half begins: after a clause's end in the middle half of the text, or the nearest space."""
    middle, quarter = len(text) // 2, len(text) // 4
    for mark in (_CLAUSE_END, _SPACE):
        ends = [found.end() for found in mark.finditer(text)]
        near = [end for end in ends if middle - quarter <= end <= middle + quarter]
        if near:
            return min(near, key=lambda end: abs(end - middle))
    return middle
