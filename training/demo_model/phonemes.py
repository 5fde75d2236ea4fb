"""What the encoder first learns to hear: which phoneme sounds in each 20 ms, as the synthesiser itself tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.espeak import PAUSE

if TYPE_CHECKING:
    from corpus import Sentence

FRAMES_A_STEP = 2
"""Mel frames to one step of the encoder, whose second convolution takes every other one."""


def plain(name: str) -> str:
    """A phoneme's name without its marks of stress and length; all pauses have one name.

    >>> plain("'oU"), plain("i:"), plain("_:")
    ('oU', 'i', '_')
    """
    return PAUSE if name.startswith(PAUSE) else name.lstrip("',%=|").rstrip(":;|") or PAUSE


class Phonemes:
    """The phonemes of some sentences and their numbers; the pause is 0."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        heard = {name for sentence in sentences for name, _ in sentence.phonemes}
        self.names = (PAUSE, *sorted(heard - {PAUSE}))
        self._number = {name: number for number, name in enumerate(self.names)}

    def of(self, sentence: Sentence) -> np.ndarray:
        """The number of the phoneme in each mel frame: shape (frames,), int64."""
        numbers = np.zeros(sentence.mel.shape[1], np.int64)
        for name, frame in sentence.phonemes:  # each lasts until the next begins
            numbers[frame:] = self._number[name]
        return numbers
