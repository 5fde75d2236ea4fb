"""A recogniser that hears what it is told, for tests and for trying a pipeline out.

>>> import numpy as np
>>> from earwitness.engines.fake import Fake
>>> [word.word for word in Fake().recognize([np.ones(16_000, np.float32)], WordOptions())[0].words]
[' one', ' two']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from earwitness.engines.base import Recognized
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Word
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

Hear = Callable[["FloatArray", float], Recognized]
COUNT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten.")
WORD_S = 0.5


class Fake:
    """Counts to ten, two words a second, or whatever `hear(window, temperature)` returns.

    `heard` counts the windows it was given, so that a test can tell whether anything was recognised again.
    """

    name = "fake"
    window_s = 30.0
    temperatures = (0.2, 0.4)
    ignores = ()
    versions: Mapping[str, str] = {}

    def __init__(
        self,
        options: ModelOptions | None = None,
        *,
        hear: Hear | None = None,
        language: str = "en",
        model: str = "fake",
    ) -> None:
        self.model = model
        self.notice: str | None = "the fake engine counts to ten, whatever is said" if hear is None else None
        self.heard = 0
        self._hear, self._language = hear or counting, language

    def identity(self) -> str:
        return f"{self.name}:{self.model}"

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        return [{self._language: 1.0} for _ in windows]

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        self.heard += len(windows)
        return [self._hear(window, temperature) for window in windows]

    def token_ids(self, text: str) -> Sequence[int]:
        return ()


def counting(window: FloatArray, temperature: float = 0.0) -> Recognized:
    """A word every half second, counting to ten."""
    times = [WORD_S * index for index in range(int(len(window) / SAMPLE_RATE_HZ / WORD_S))]
    words = zip(cycle(COUNT), times, strict=False)
    return Recognized(tuple(Word(f" {text}", start, start + WORD_S * 0.8, 0.9) for text, start in words))
