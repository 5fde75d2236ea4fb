"""The phases of learning: first to hear phonemes, then to write, in windows of growing length."""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOW_FRAMES = 3000
"""Whisper's windows of 30 s."""
WARM_UP_STEPS = 50


@dataclass(frozen=True)
class Phase:
    """So many steps of so many windows of so many frames; the learning rate falls from `first` to `last`.

    `hearing` is what the loss of the phonemes counts; without `writing` there is no text to write.
    """

    name: str
    steps: int
    windows: int
    frames: int
    first: float
    last: float
    hearing: float = 0.0
    writing: bool = True

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 1: a short rise, then half a wave of the cosine.

        >>> phase = Phase("", 100, 1, 1, 1e-3, 1e-4)
        >>> phase.rate(1) < phase.rate(50) > phase.rate(100)
        True
        """
        falling = self.last + (self.first - self.last) * 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return min(1.0, step / WARM_UP_STEPS) * falling

    @property
    def frames_a_step(self) -> int:
        return self.windows * self.frames


PHASES = (
    Phase("phonemes", 500, 32, 330, 1e-3, 8e-4, hearing=1.0, writing=False),
    Phase("4 s", 600, 32, 400, 1e-3, 8e-4, hearing=0.3),
    Phase("6 s", 900, 32, 600, 1e-3, 5e-4),
    Phase("15 s", 450, 16, 1500, 6e-4, 3e-4),
    Phase("30 s", 450, 10, WINDOW_FRAMES, 4e-4, 1e-5),
    Phase("15 s again", 170, 16, 1500, 5e-4, 1e-5),
    Phase("30 s again", 320, 10, WINDOW_FRAMES, 3e-4, 1e-6),
    Phase("15 s at last", 300, 16, 1500, 6e-4, 4e-4),
    Phase("30 s at last", 1100, 10, WINDOW_FRAMES, 4e-4, 1e-6),
)
