"""Spoiled windows and their targets, side by side as the network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from corpus import Sentence
from phonemes import FRAMES_A_STEP, Phonemes
from racket import racket
from spoiler import Spoiler
from targets import Target, Targets
from windows import Windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SILENT, PROMPTED = 0.08, 0.2
"""How often there is no speech, and how often text from before the window."""
SOUNDING = 0.7
"""How often sounds that nobody says are in a window without speech."""
MAX_TOKENS = 446
NO_LABEL = -100
"""What torch's cross entropy passes over."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows and targets: `mel` (windows, 80, frames), float32, scaled as Whisper's; the others int64.

    `phonemes` (windows, frames // 2) has that of each step of the encoder. `tokens` and `labels` have the shape
    (windows, length): label k is the token that follows token k, or -100 where there is nothing to learn. `said`
    (windows, length, 2) has the encoder's steps in which label k is said, first and after the last; the same number
    twice where there are none.
    """

    mel: np.ndarray
    phonemes: np.ndarray
    tokens: np.ndarray
    labels: np.ndarray
    said: np.ndarray


class Batches:
    """Makes batches of sentences."""

    def __init__(self, sentences: Sequence[Sentence], phonemes: Phonemes, tokenizer: Tokenizer) -> None:
        self._sentences = sentences
        self._windows = Windows(sentences, phonemes, racket())
        self._spoiler, self._targets = Spoiler(), Targets(tokenizer)

    def batch(self, count: int, frames: int, seed: Sequence[int]) -> Batch:
        """So many windows of so many frames; the same for the same seed, whatever was asked for before."""
        r, rng = Random(repr(tuple(seed))), np.random.default_rng(seed)
        windows = []
        while len(windows) < count:
            silent = r.random() < SILENT
            fill = r.uniform(0, 0.6) ** 2 * (r.random() < SOUNDING) if silent else r.choice([1, 1, r.uniform(0.3, 1)])
            window = self._windows.compose(r, frames, fill, spoken=not silent)
            if silent or window.segments:
                windows.append(window)
        tokens, labels, said = self._aligned([self._targets.of(window, self._before(r), r) for window in windows])
        mel = np.stack([self._spoiler.spoil(window.mel, window.end, r, rng) for window in windows])
        return Batch(mel, np.stack([window.phonemes[::FRAMES_A_STEP] for window in windows]), tokens, labels, said)

    def _before(self, r: Random) -> list[str]:
        return [r.choice(self._sentences).text for _ in range(r.randint(1, 2))] if r.random() < PROMPTED else []

    def _aligned(self, targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tokens, labels, and where those are said; rows filled up with ends of text that carry no label."""
        length = min(max(len(target.tokens) for target in targets), MAX_TOKENS) - 1
        tokens = np.full((len(targets), length), self._targets.end)
        labels = np.full((len(targets), length), NO_LABEL)
        said = np.zeros((len(targets), length, 2), np.int64)
        for row, target in enumerate(targets):
            inputs, nexts = target.tokens[:-1][:length], target.tokens[1:][:length]
            if nexts[0] == self._targets.silent:  # what would follow does not matter
                nexts = nexts[:1]
            tokens[row, : len(inputs)] = inputs
            labels[row, target.given : len(nexts)] = nexts[target.given :]
            said[row, : len(nexts)] = target.said[1 : len(nexts) + 1]
        return tokens, labels, said
