"""What the recogniser hears at a time: windows filled with regions, and the way from its times back to the file's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from earwitness.mapped import release
from earwitness.regions import quietest
from earwitness.text import UNSPACED_LANGUAGES
from earwitness.types import Audio, Region, Seconds, Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray

Window: TypeAlias = tuple[Region, ...]

MIN_HALF_S = 3.0
MIN_WORD_S = 0.01


def samples_of(audio: Audio, window: Window) -> FloatArray:
    """The sound of a window, its regions without the pauses between them."""
    samples = np.concatenate([audio.between(region.start, region.end) for region in window])
    release(audio.samples)
    return samples


def length(window: Window) -> Seconds:
    """How much speech there is in a window."""
    return sum(region.duration for region in window)


def name_of(window: Window) -> str:
    """What a window's result is kept under."""
    return "+".join(f"{region.start:.3f}-{region.end:.3f}" for region in window)


def halves(audio: Audio, window: Window) -> tuple[Window, Window] | None:
    """A window in two, between regions or else where its middle third is quietest; none where it is short."""
    if length(window) < 2 * MIN_HALF_S:
        return None
    if len(window) > 1:
        lengths = list(accumulate(region.duration for region in window))
        cut = min(range(1, len(window)), key=lambda index: abs(lengths[index - 1] - lengths[-1] / 2))
        return window[:cut], window[cut:]
    (region,) = window
    margin = max(MIN_HALF_S, region.duration / 3)
    middle = quietest(audio, region.start + margin, region.end - margin)
    return (replace(region, end=middle),), (replace(region, start=middle),)


def in_file(window: Window, words: Sequence[Word]) -> tuple[Word, ...]:
    """Words whose times count from the start of a window, moved to where its regions lie in the file.

    A word that reaches over a seam belongs to the region that holds more of it, and is cut to that region.

    >>> in_file((Region(10, 12), Region(20, 22)), [Word(" yes", 2.1, 2.5, 0.9)])
    (Word(word=' yes', start=20.1, end=20.5, probability=0.9, speaker=None, speaker_probability=None),)
    """
    seams = [0.0, *accumulate(region.duration for region in window)]
    placed, index = [], 0
    for word in words:
        middle = (word.start + word.end) / 2
        # The start decides, unless it is but a breath before the seam: a word's end is drawn out over pauses.
        while index + 1 < len(window) and word.start >= seams[index + 1] - min(0.1, middle - word.start):
            index += 1
        region = window[index]
        shift = region.start - seams[index]
        start = min(max(round(word.start + shift, 6), region.start), region.end - MIN_WORD_S)
        end = min(max(round(word.end + shift, 6), start + MIN_WORD_S), region.end)
        placed.append(replace(word, start=start, end=end))
    return tuple(placed)


def whole_words(words: Sequence[Word]) -> tuple[Word, ...]:
    """Words that a tokenizer has cut at a digit or a symbol made whole: "£", "5" and "%" are no words of their own.

    >>> pieces = [Word(" 3", 0.0, 0.2, 1.0), Word(".5", 0.2, 0.5, 0.8), Word("%", 0.5, 0.7, 0.9)]
    >>> whole_words(pieces)
    (Word(word=' 3.5%', start=0.0, end=0.7, probability=0.8, speaker=None, speaker_probability=None),)
    """
    joined: list[Word] = []
    for word in words:
        if joined and _belong_together(joined[-1].word, word.word):
            last = joined.pop()
            probability = min(last.probability, word.probability)
            word = replace(last, word=last.word + word.word, end=word.end, probability=probability)
        joined.append(word)
    return tuple(joined)


def parted(words: Sequence[Word], language: str) -> tuple[Word, ...]:
    """Words that can stand after others: the first with a space before it, where the language has spaces.

    >>> [word.word for word in parted([Word("So", 0.0, 0.2, 1.0), Word(" what?", 0.2, 0.5, 0.8)], "en")]
    [' So', ' what?']
    """
    if not words or words[0].word[:1].isspace() or language in UNSPACED_LANGUAGES:
        return tuple(words)
    return (replace(words[0], word=f" {words[0].word}"), *words[1:])


def _belong_together(before: str, after: str) -> bool:
    """Whether no space parts them and one is no letter at the seam; scripts without spaces stay as they are."""
    seam = before[-1:] + after[:1]
    if len(seam) < 2 or any(character.isspace() for character in seam):
        return False
    return not seam.isalpha() and not any(character.isalpha() and not character.isascii() for character in seam)
