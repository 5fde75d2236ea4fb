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

SOUNDS = 0.08
"""How often something that nobody says stands between two sentences."""
PARTS = 0.2
"""How often a part of a sentence stands for the whole: real windows are cut in pauses, not at full stops."""
SPEAKERS = (1, 1, 2, 3)
PAUSES_FRAMES = ((2, 20), (10, 60), (20, 150), (100, 1200))
PAUSE_WEIGHTS = (10, 10, 10, 1)


@dataclass(frozen=True)
class Segment:
    """A sentence in a window, and the frames it fills; `words` has the first character and the first frame of each."""

    start: int
    end: int
    text: str
    words: tuple[tuple[int, int], ...] = ()


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

    def __init__(self, sentences: Sequence[Sentence], phonemes: Phonemes, sounds: Sequence[np.ndarray] = ()) -> None:
        self._phonemes, self._sounds = phonemes, sounds
        self._by_voice: dict[int, list[Sentence]] = defaultdict(list)
        for sentence in sentences:
            self._by_voice[sentence.voice].append(sentence)

    def compose(self, r: Random, frames: int, fill: float, *, spoken: bool = True) -> Window:
        """Sentences of one to three voices, as many as fit into the share `fill` of the frames, or sounds alone."""
        mel, phonemes = np.full((BANDS, frames), FLOOR, np.float32), np.zeros(frames, np.int64)
        segments: list[Segment] = []
        at = r.choice([0, 0, r.randint(5, 40), r.randint(0, min(150, frames // 6))])
        voices = r.sample(list(self._by_voice), min(r.choice(SPEAKERS), len(self._by_voice)))
        while at < frames * fill:
            part = self._part(r, r.choice(self._by_voice[r.choice(voices)])) if spoken else None
            if self._sounds and (part is None or r.random() < SOUNDS):
                part = _Part("", r.choice(self._sounds))
            end = at + part.mel.shape[1] if part else frames
            if part is None or end > frames * fill:
                break
            mel[:, at:end], phonemes[at:end] = part.mel, part.phonemes
            if part.text:
                words = tuple((character, at + frame) for character, frame in part.words)
                segments.append(Segment(at, end, part.text, words))
            at = end + r.choices([r.randint(*span) for span in PAUSES_FRAMES], PAUSE_WEIGHTS)[0]
        return Window(mel, phonemes, tuple(segments), min(at, frames))

    def _part(self, r: Random, sentence: Sentence) -> _Part:
        """A sentence, or its beginning or end up to a word."""
        whole = _Part(sentence.text, sentence.mel, self._phonemes.of(sentence), sentence.words)
        if len(sentence.words) > 4 and r.random() < PARTS:
            cut = r.randint(1, len(sentence.words) - 2)
            return whole.after(cut) if r.random() < 0.5 else whole.before(cut)
        return whole


@dataclass(frozen=True, eq=False)
class _Part:
    """What is put into a window: the sound of a text, or of nothing that is said."""

    text: str
    mel: np.ndarray
    phonemes: np.ndarray | int = 0
    words: tuple[tuple[int, int], ...] = ()

    def before(self, cut: int) -> _Part:
        """The words before the word number `cut`."""
        character, frame = self.words[cut]
        return _Part(self.text[:character].rstrip(), self.mel[:, :frame], self.phonemes[:frame], self.words[:cut])

    def after(self, cut: int) -> _Part:
        """The word number `cut`, and those after it."""
        character, frame = self.words[cut]
        words = tuple((one - character, when - frame) for one, when in self.words[cut:])
        return _Part(self.text[character:], self.mel[:, frame:], self.phonemes[frame:], words)
