"""What the decoder shall write of a window, in Whisper's tokens, and where in the window each is said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from phonemes import FRAMES_A_STEP
from windows import Segment, Window

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TIMED = 0.5
FRAMES_A_TIME = 2
"""Whisper's times are 20 ms apart."""
LAST_TIME = 1500
MARK_STEPS = 3
"""Where no pause is, a punctuation mark sounds as long as this: it only takes the place after a word."""

MARKS = " .,!?;:"
SPACE = "Ġ"
"""How byte-level pieces write it."""
NOWHERE = (0, 0)


@dataclass(frozen=True)
class Target:
    """Tokens, of which the first `given` (the text before) are not learned.

    `said` has the encoder's steps in which each token is said, first and after the last; (0, 0) where there are none.
    """

    tokens: list[int]
    said: list[tuple[int, int]]
    given: int = 0


class Targets:
    """Writes targets with a tokenizer's pieces and special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        token = tokenizer.token_to_id
        self._start, self.end = token("<|startoftranscript|>"), token("<|endoftext|>")
        self.silent = token("<|nospeech|>")
        self._untimed, self._previous = token("<|notimestamps|>"), token("<|startofprev|>")
        self._time_zero = token("<|0.00|>")

    def of(self, window: Window, before: Sequence[str], r: Random) -> Target:
        """The text of a window, with times or without."""
        if not window.segments:
            return Target([self._start, self.silent, self.end], [NOWHERE] * 3)
        given = [piece for text in before for piece in self._tokenizer.encode(f" {text}").ids]
        head = [self._previous, *given] if before else []
        timed = r.random() < TIMED
        tokens = [(token, NOWHERE) for token in (*head, self._start, *(() if timed else (self._untimed,)))]
        for segment, after in zip(window.segments, (*window.segments[1:], None), strict=True):
            pieces = self._pieces(
                segment, window.phonemes, after.start if after else segment.end + FRAMES_A_STEP * MARK_STEPS
            )
            times = [(self._time(frame), NOWHERE) for frame in (segment.start, segment.end)]
            tokens += [times[0], *pieces, times[1]] if timed else pieces
        last = window.segments[-1].end // FRAMES_A_STEP
        tokens.append((self.end, (last, min(last + MARK_STEPS, len(window.phonemes) // FRAMES_A_STEP))))
        ids, said = zip(*tokens, strict=True)
        return Target(list(ids), list(said), len(head))

    def _pieces(self, segment: Segment, phonemes: np.ndarray, after: int) -> list[tuple[int, tuple[int, int]]]:
        """The pieces of a text and the steps of each: a part of its word, or what is between two words."""
        found = self._tokenizer.encode(f" {segment.text}")
        firsts = [*(character for character, _ in segment.words), len(segment.text)]
        frames = [*(frame for _, frame in segment.words), after]
        pieces = []
        for token, (first, end) in zip(found.ids, found.offsets, strict=True):
            at = first - 1 + found.tokens[len(pieces)].startswith(SPACE)  # in the text without the space before it
            word = bisect_right(firsts, at) - 1
            if not 0 <= word < len(segment.words):
                pieces.append((token, NOWHERE))
                continue
            start, begin = firsts[word], frames[word]
            letters = len(segment.text[start : firsts[word + 1]].rstrip(MARKS))
            quiet = _quiet(phonemes, begin, min(frames[word + 1], segment.end))
            span = (min(quiet, frames[word + 1] - FRAMES_A_STEP * MARK_STEPS), frames[word + 1])
            if at < start + letters:
                shares = ((at - start) / letters, min(1.0, (end - 1 - start) / letters))
                span = (round(begin + shares[0] * (quiet - begin)), round(begin + shares[1] * (quiet - begin)))
            pieces.append((token, _steps(*span, len(phonemes))))
        return pieces

    def _time(self, frame: int) -> int:
        return int(self._time_zero + min(LAST_TIME, round(frame / FRAMES_A_TIME)))


def _quiet(phonemes: np.ndarray, start: int, end: int) -> int:
    """Where between two frames the pause before the second begins."""
    loud = np.flatnonzero(phonemes[start:end])
    return start + int(loud[-1]) + 1 if len(loud) else end


def _steps(start: int, end: int, frames: int) -> tuple[int, int]:
    """Frames as steps of the encoder, at least one, inside the window."""
    first = min(round(start / FRAMES_A_STEP), frames // FRAMES_A_STEP - 1)
    return first, max(first + 1, min(round(end / FRAMES_A_STEP), frames // FRAMES_A_STEP))
