"""Windows to learn from: sentences with pauses between them, joined in the mel domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from corpus import Sentence
from mel import BANDS, FLOOR
from phonemes import Phonemes

PARTS = 0.2
"""How often a part of a sentence stands for the whole: real windows are cut in pauses, not at full stops."""
SPEAKERS = (1, 1, 2, 3)
PAUSES_FRAMES = ((2, 20), (10, 60), (20, 150), (100, 1200))
PAUSE_WEIGHTS = (10, 10, 10, 1)


@dataclass(frozen=True)
class Segment:
    """A sentence in a window, and the frames it fills."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, eq=False)
class Window:
    """`mel` has shape (80, frames), float32, log power; `phonemes` has the number of that in each frame, int64.

    After the frame `end` there is nothing, not even a pause.
    """

    mel: np.ndarray
    phonemes: np.ndarray
    segments: tuple[Segment, ...]
    end: int


class Windows:
    """Composes windows of sentences."""

    def __init__(self, sentences: Sequence[Sentence], phonemes: Phonemes) -> None:
        self._phonemes = phonemes
        self._by_voice: dict[int, list[Sentence]] = defaultdict(list)
        for sentence in sentences:
            self._by_voice[sentence.voice].append(sentence)

    def compose(self, r: Random, frames: int, fill: float) -> Window:
        """Sentences of one to three voices, as many as fit into the share `fill` of the frames."""
        mel, phonemes = np.full((BANDS, frames), FLOOR, np.float32), np.zeros(frames, np.int64)
        segments: list[Segment] = []
        at = r.choice([0, 0, r.randint(5, 40), r.randint(0, min(150, frames // 6))])
        voices = r.sample(list(self._by_voice), min(r.choice(SPEAKERS), len(self._by_voice)))
        while at < frames * fill:
            text, part, sounds = self._part(r, r.choice(self._by_voice[r.choice(voices)]))
            end = at + part.shape[1]
            if end > frames * fill:
                break
            mel[:, at:end], phonemes[at:end] = part, sounds
            segments.append(Segment(at, end, text))
            at = end + r.choices([r.randint(*span) for span in PAUSES_FRAMES], PAUSE_WEIGHTS)[0]
        return Window(mel, phonemes, tuple(segments), min(at, frames))

    def _part(self, r: Random, sentence: Sentence) -> tuple[str, np.ndarray, np.ndarray]:
        """Text, mel and phonemes of a sentence, or of its beginning or end up to a word."""
        text, mel, phonemes = sentence.text, sentence.mel, self._phonemes.of(sentence)
        if len(sentence.words) > 4 and r.random() < PARTS:
            character, frame = sentence.words[r.randint(1, len(sentence.words) - 2)]
            if r.random() < 0.5:
                return text[character:], mel[:, frame:], phonemes[frame:]
            return text[:character].rstrip(), mel[:, :frame], phonemes[:frame]
        return text, mel, phonemes
