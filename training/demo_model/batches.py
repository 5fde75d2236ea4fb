"""Spoiled windows and their targets, side by side as the network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from corpus import Sentence
from phonemes import FRAMES_A_STEP, Phonemes
from spoiler import Spoiler
from targets import Targets
from windows import Windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SILENT, PROMPTED = 0.04, 0.2
"""How often there is no speech, and how often text from before the window."""
MAX_TOKENS = 446
NO_LABEL = -100
"""What torch's cross entropy passes over."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows and targets: `mel` (windows, 80, frames), float32, scaled as Whisper's; the others int64.

    `phonemes` (windows, frames // 2) has that of each step of the encoder. `tokens` and `labels` have the shape
    (windows, length): label k is the token that follows token k, or -100 where there is nothing to learn.
    """

    mel: np.ndarray
    phonemes: np.ndarray
    tokens: np.ndarray
    labels: np.ndarray


class Batches:
    """Makes batches of sentences."""

    def __init__(self, sentences: Sequence[Sentence], phonemes: Phonemes, tokenizer: Tokenizer) -> None:
        self._sentences = sentences
        self._windows, self._spoiler, self._targets = Windows(sentences, phonemes), Spoiler(), Targets(tokenizer)

    def batch(self, count: int, frames: int, seed: Sequence[int]) -> Batch:
        """So many windows of so many frames; the same for the same seed, whatever was asked for before."""
        r, rng = Random(repr(tuple(seed))), np.random.default_rng(seed)
        windows = []
        while len(windows) < count:
            silent = r.random() < SILENT
            window = self._windows.compose(r, frames, 0.0 if silent else r.choice([1.0, 1.0, r.uniform(0.3, 1)]))
            if silent or window.segments:
                windows.append(window)
        targets = [self._targets.of(window.segments, self._before(r), r) for window in windows]
        tokens, labels = self._aligned(targets)
        mel = np.stack([self._spoiler.spoil(window.mel, window.end, r, rng) for window in windows])
        return Batch(mel, np.stack([window.phonemes[::FRAMES_A_STEP] for window in windows]), tokens, labels)

    def _before(self, r: Random) -> list[str]:
        return [r.choice(self._sentences).text for _ in range(r.randint(1, 2))] if r.random() < PROMPTED else []

    def _aligned(self, targets: Sequence[tuple[list[int], int]]) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and labels; each row filled up with ends of text that carry no label."""
        length = min(max(len(ids) for ids, _ in targets), MAX_TOKENS) - 1
        tokens = np.full((len(targets), length), self._targets.end)
        labels = np.full((len(targets), length), NO_LABEL)
        for row, (ids, given) in enumerate(targets):
            inputs, nexts = ids[:-1][:length], ids[1:][:length]
            if nexts[0] == self._targets.silent:  # what would follow does not matter
                nexts = nexts[:1]
            tokens[row, : len(inputs)] = inputs
            labels[row, given : len(nexts)] = nexts[given:]
        return tokens, labels
