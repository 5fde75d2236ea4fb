"""What texts mean, as directions: those that say the like point the like way, whatever words they use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.base import SentenceEmbedder

if TYPE_CHECKING:
    from earwitness.types import FloatArray

# What these have in common is no meaning: many models put all texts into a narrow cone (Ethayarajh 2019), each model
# into one of its own width. Less their mean (Mu and Viswanath 2018), the cosine of unrelated texts is about 0.
_UNRELATED = (
    "The dentist moved to another town last year.", "We sang the old song twice.", "Butter is cheaper in summer.",
    "She won the election by a few votes.", "The telescope shows the rings of Saturn.",
    "He swam across the lake before breakfast.", "Our carpet came from a small workshop.",
    "Patience is what a gardener needs most.", "The trains were late again on Monday.",
    "They voted against the new law.", "A virus spreads faster in cold rooms.", "I never learned to play chess.",
)  # fmt: skip
_KEPT = 10_000
"""So many short texts are remembered: words and pairs of words come up again and again."""


class Meanings:
    """An engine's embeddings, on a scale that is about the same for all engines; each text is asked for once."""

    def __init__(self, engine: SentenceEmbedder) -> None:
        self._engine = engine
        self._known: dict[str, FloatArray] = {}

    def of(self, texts: Sequence[str]) -> FloatArray:
        """A row of length 1 for each text, shape (n, d); the product of two is 1 for one meaning, 0 for none shared.

        Raises:
            ModelError: the engine cannot be loaded or run.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > _KEPT:
            self._known, new = {}, list(dict.fromkeys(texts))
        self._known.update(zip(new, self.rows(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def rows(self, texts: Sequence[str]) -> FloatArray:
        """As `of`, and nothing is remembered."""
        if not texts:
            return np.zeros((0, self._common.size), np.float32)
        apart = self._engine.embed(texts) - self._common
        unit: FloatArray = apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-12)
        return unit

    @cached_property
    def _common(self) -> FloatArray:
        mean: FloatArray = self._engine.embed(_UNRELATED).mean(axis=0)
        return mean
