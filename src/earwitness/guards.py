"""What is suspicious about recognised words, and speech that got none.

Whisper repeats itself, writes text that nobody could say in the time, guesses, and skips; each leaves marks that can
be seen in its words, their times and its scores.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from earwitness.engines.base import Recognized
from earwitness.types import Region, Seconds, Word

LOOP_COMPRESSION_RATIO = 2.4
UNSURE_LOGPROB = -1.0
SILENT_NO_SPEECH_PROB = 0.6
"""Whisper's own thresholds (Radford et al. 2022, section 4.5)."""
DOUBTFUL_SPEECH = 0.7
DOUBTFUL_WORDS = 0.6
"""Where detector and recogniser are less sure than that, both, nobody need have spoken. Of 29 regions in recordings of
sneezes, dogs, saws and music 25 are below the first, and of 421 in recordings of talk one in ten."""
HOLE_S = 2.5
"""So much speech without the beginning of a word is a hole: people pause inside a region, but not that long."""
LOOP_REPEATS, LOOP_PHRASE_WORDS = 3, 8
"""Repeating is looked at from so many times on, of a phrase of up to so many words."""
LOOP_WORDS = 20
"""People say "no, no, no, no" and "I don't know" four times over, but no more words than this of it."""
RUSHED_REPEATS, RUSHED_SHARE = 2, 0.25
"""In a loop so many of the repetitions, and this share of them, have next to no time: there is no sound they are in."""
FASTEST_WORDS_PER_S = 10.0
FASTEST_CHARACTERS_PER_S = 30.0
"""Nobody speaks faster: the quickest talkers say some eight words and 25 letters a second for a short while."""
FEW_CHARACTERS = 15
"""A short word in a region that the detector cut too tightly proves nothing."""

Loop: TypeAlias = tuple[int, int, int]
"""The first word, the words of the phrase, and how often it comes."""


def doubts_of(result: Recognized, duration: Seconds) -> tuple[str, ...]:
    """What is suspicious about a window's text: `loop`, `crowded` (too much for the time), `unsure`.

    >>> said = tuple(Word(" so", at / 60, (at + 1) / 60, 0.99) for at in range(30))
    >>> doubts_of(Recognized(said), 10.0)
    ('loop',)
    """
    doubts = []
    if result.compression_ratio > LOOP_COMPRESSION_RATIO or any(loops(result.words)):
        doubts.append("loop")
    if _characters(result.words) > FEW_CHARACTERS + FASTEST_CHARACTERS_PER_S * duration:
        doubts.append("crowded")
    if result.words and result.avg_logprob < UNSURE_LOGPROB:
        doubts.append("unsure")
    return tuple(doubts)


def is_silence(result: Recognized) -> bool:
    """Whether the recogniser takes the window for silence, whatever words it made of it: Whisper's own rule."""
    return result.no_speech_prob > SILENT_NO_SPEECH_PROB and result.avg_logprob < UNSURE_LOGPROB


def is_unlikely(region: Region, words: Sequence[Word]) -> bool:
    """Whether neither the detector is sure that somebody speaks in a region nor the recogniser of these words in it.

    >>> cough = Region(3.0, 3.6, probability=0.55)
    >>> is_unlikely(cough, [Word(" You", 3.1, 3.4, 0.41)]), is_unlikely(cough, [Word(" Yes.", 3.1, 3.4, 0.97)])
    (True, False)
    """
    return bool(words) and region.probability < DOUBTFUL_SPEECH and not are_sure(words)


def are_sure(words: Sequence[Word]) -> bool:
    """Whether the recogniser is sure of these words, on the average."""
    return sum(word.probability for word in words) >= DOUBTFUL_WORDS * len(words)


def loops(words: Sequence[Word]) -> Iterator[Loop]:
    """Phrases that come again and again as no person says them: too fast, or too often.

    >>> said = [Word(" no,", at * 0.3, at * 0.3 + 0.25, 0.9) for at in range(5)]
    >>> list(loops(said)), list(loops(said * 8))
    ([], [(0, 1, 40)])
    """
    texts = [plain(word) for word in words]
    at = 0
    while at < len(words):
        size, repeats = _repeated(texts, at)
        run = words[at : at + size * repeats]
        if repeats >= LOOP_REPEATS and _is_inhuman(run, size):
            yield at, size, repeats
        at += len(run) if repeats >= LOOP_REPEATS else 1


def without_loops(words: Sequence[Word]) -> tuple[Word, ...]:
    """Words with every loop said once."""
    kept: list[Word] = []
    at = 0
    for first, size, repeats in loops(words):
        kept += words[at : first + size]
        at = first + size * repeats
    return (*kept, *words[at:])


def _repeated(texts: Sequence[str], at: int) -> tuple[int, int]:
    """The shortest phrase from a word on that comes `LOOP_REPEATS` times in a row, and how often it does."""
    for size in range(1, LOOP_PHRASE_WORDS + 1):
        phrase, repeats = texts[at : at + size], 1
        while texts[at + repeats * size : at + (repeats + 1) * size] == phrase:
            repeats += 1
        if repeats >= LOOP_REPEATS:
            return size, repeats
    return 1, 1


def _is_inhuman(run: Sequence[Word], size: int) -> bool:
    rushed = sum(_is_rushed(run[at : at + size]) for at in range(0, len(run), size))
    return (
        len(run) > LOOP_WORDS
        or _is_rushed(run)
        or (rushed >= RUSHED_REPEATS and rushed * size >= RUSHED_SHARE * len(run))
    )


def _is_rushed(words: Sequence[Word]) -> bool:
    """Whether nobody can say these words in their time."""
    seconds = max(word.end for word in words) - words[0].start
    return len(words) > FASTEST_WORDS_PER_S * seconds or _characters(words) > FASTEST_CHARACTERS_PER_S * seconds


def plain(word: Word) -> str:
    """What two words must share to be the same one: letters and digits, whatever their case."""
    return "".join(character for character in word.word.casefold() if character.isalnum()) or word.word.strip()


def _characters(words: Sequence[Word]) -> int:
    return sum(len(word.word.strip()) for word in words)


def holes(regions: Sequence[Region], words: Sequence[Word]) -> tuple[Region, ...]:
    """Speech without words: whole regions, and more than `HOLE_S` between the words of one.

    Cross-attention draws a word out over speech that was skipped, so the time of a very long word is a hole, too.
    Regions that abut are taken as one. Both arguments in order of time.

    >>> holes([Region(0, 1), Region(2, 9)], [Word(" Yes.", 2.2, 2.6, 0.9)])
    (Region(start=0, end=1), Region(start=2.6, end=9))
    """
    starts = [word.start for word in words]
    found = []
    for region in _joined(regions):
        inside = words[bisect_left(starts, region.start) : bisect_left(starts, region.end)]
        if not inside:
            found.append(region)
            continue
        edges = [region.start, *(edge for word in inside for edge in (word.start, word.end)), region.end]
        found += [replace(region, start=start, end=end) for start, end in pairwise(edges) if end - start > HOLE_S]
    return tuple(found)


def _joined(regions: Sequence[Region]) -> Iterator[Region]:
    waiting: Region | None = None
    for region in regions:
        if waiting and region.start <= waiting.end:
            sure = max(waiting.probability, region.probability)
            waiting = Region(waiting.start, max(waiting.end, region.end), sure)
            continue
        if waiting:
            yield waiting
        waiting = region
    if waiting:
        yield waiting
