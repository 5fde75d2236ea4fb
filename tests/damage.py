"""A transcript of six minutes and three speakers, and the same with damage whose extent is known exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from earwitness.types import Segment, Speaker, Transcript, Word
from factories import make_transcript

SPEAKERS = {"A": "Ann", "B": "Bob", "C": "Cem"}
LINES = 99
WORDS_A_LINE = 10
LINE_S = 2.95
"""How long a line lasts: ten words that begin 0.3 s apart, the last of 0.25 s. A pause of 0.7 s follows."""
DROPPED_MINUTE = (120.0, 180.0)
SWAPPED_SPAN = (200.0, 300.0)
REPLACED_PLACE = 4
"""The word of every line that is another one: a tenth of all words."""


def truth() -> Transcript:
    """99 lines of ten words, in which no word comes twice; the speakers take turns."""
    words = _words()
    lines = [(tuple(SPEAKERS)[i % 3], " ".join(next(words) for _ in range(WORDS_A_LINE))) for i in range(LINES)]
    return make_transcript(lines, names=SPEAKERS, chapters=(), evidence=(), name="episode.wav")


@dataclass(frozen=True)
class Damage:
    """A damaged copy of `truth()`, and how many lines were dropped and swapped in it."""

    transcript: Transcript
    dropped_lines: int
    swapped_lines: int

    @property
    def kept_lines(self) -> int:
        return LINES - self.dropped_lines


def damaged() -> Damage:
    """One word in ten is another, Ann and Bob are swapped for a while, and a minute is gone."""
    whole = truth()
    dropped = [segment.id for segment in whole.segments if _inside(segment, DROPPED_MINUTE)]
    swapped = [
        segment.id for segment in whole.segments if _inside(segment, SWAPPED_SPAN) and segment.speaker in ("A", "B")
    ]
    segments = [
        _relabelled(segment, _other) if segment.id in swapped else segment
        for segment in map(_with_another_word, whole.segments)
        if segment.id not in dropped
    ]
    return Damage(replace(whole, segments=tuple(segments), turns=()), len(dropped), len(swapped))


def renamed() -> Transcript:
    """`truth()` with the names of Ann and Bob exchanged throughout; who speaks with whom is right."""
    whole = truth()
    names = {**SPEAKERS, "A": "Bob", "B": "Ann"}
    return replace(whole, speakers=tuple(Speaker(s.id, names[s.id], s.seconds) for s in whole.speakers))


def wrong(word: str) -> str:
    """The word that stands where this one should."""
    return f"wrong{word}"


def _words() -> Iterator[str]:
    """Words that no normaliser knows, each different from all others: babada, babade, ..."""
    syllables = [consonant + vowel for consonant, vowel in product("bdfglmnprtvz", "aeiou")]
    return ("".join(parts) for parts in product(syllables[:6], syllables, syllables))


def _inside(segment: Segment, span: tuple[float, float]) -> bool:
    return span[0] <= segment.start and segment.end <= span[1]


def _with_another_word(segment: Segment) -> Segment:
    words = list(segment.words)
    right = words[REPLACED_PLACE]
    words[REPLACED_PLACE] = replace(right, word=f" {wrong(right.word.strip())}")
    return _said(segment, words)


def _relabelled(segment: Segment, other: Callable[[str | None], str | None]) -> Segment:
    words = [replace(word, speaker=other(word.speaker)) for word in segment.words]
    return replace(_said(segment, words), speaker=other(segment.speaker))


def _other(speaker: str | None) -> str | None:
    return {"A": "B", "B": "A"}.get(speaker or "", speaker)


def _said(segment: Segment, words: list[Word]) -> Segment:
    return replace(segment, words=tuple(words), text="".join(word.word for word in words).strip())
