"""What holds of every recogniser that hears windows in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from earwitness.engines.base import Recognizer
from earwitness.options import WordOptions


def say_the_same_alone(engine: Recognizer, windows: Sequence[Any], options: WordOptions) -> None:
    """A batch says what its windows say alone, with the same scores."""
    together = engine.recognize(windows, options)
    alone = [engine.recognize([window], options)[0] for window in windows]
    assert [[word.word for word in result.words] for result in together] == [
        [word.word for word in result.words] for result in alone
    ]
    scores = [result.avg_logprob for result in alone]
    assert [result.avg_logprob for result in together] == pytest.approx(scores, abs=1e-3)


def keep_words_in_order(engine: Recognizer, windows: Sequence[Any], options: WordOptions) -> None:
    """Words lie in their window, one after another."""
    for window, result in zip(windows, engine.recognize(windows, options), strict=True):
        times = [time for word in result.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert all(0 <= time <= len(window) / 16_000 + 0.02 for time in times)
        assert all(0 <= word.probability <= 1 for word in result.words)
