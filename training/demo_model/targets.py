"""What the decoder shall write of a window, in Whisper's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from windows import Segment

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TIMED = 0.5
FRAMES_A_TIME = 2
"""Whisper's times are 20 ms apart."""
LAST_TIME = 1500


class Targets:
    """Writes targets with a tokenizer's pieces and special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        token = tokenizer.token_to_id
        self._start, self.end = token("<|startoftranscript|>"), token("<|endoftext|>")
        self.silent = token("<|nospeech|>")
        self._untimed, self._previous = token("<|notimestamps|>"), token("<|startofprev|>")
        self._time_zero = token("<|0.00|>")

    def of(self, segments: Sequence[Segment], before: Sequence[str], r: Random) -> tuple[list[int], int]:
        """Tokens, with times or without, and how many of them (the text before) are given and not learned."""
        if not segments:
            return [self._start, self.silent, self.end], 0
        ids = [self._start]
        if r.random() < TIMED:
            for segment in segments:
                ids += [self._time(segment.start), *self._pieces(segment.text), self._time(segment.end)]
        else:
            ids += [self._untimed, *(piece for segment in segments for piece in self._pieces(segment.text))]
        given = [self._previous, *(piece for text in before for piece in self._pieces(text))] if before else []
        return [*given, *ids, self.end], len(given)

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(f" {text}").ids
        return ids

    def _time(self, frame: int) -> int:
        return int(self._time_zero + min(LAST_TIME, round(frame / FRAMES_A_TIME)))
