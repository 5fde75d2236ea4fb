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
    alone = [engine.recognize([window.copy()], options)[0] for window in windows]
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


def encode_once(engine: Any, windows: Sequence[Any], options: WordOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very same samples are encoded once, whatever is asked of them, and what was kept of them says the same."""
    encoded: list[int] = []
    encode = engine._encode
    monkeypatch.setattr(engine, "_encode", lambda asked: encoded.append(len(asked)) or encode(asked))
    held = [window.copy() for window in windows]
    engine.languages(held)
    assert sum(encoded) == len(held)
    first = engine.recognize(held, options)
    engine.recognize(held[1:], options, temperature=0.4)
    assert sum(encoded) == len(held)
    known = len(engine._encodings)
    del held[0]
    assert len(engine._encodings) == known - 1
    mixed = engine.recognize([windows[0].copy(), *held], options)
    assert sum(encoded) == len(windows) + 1
    assert [result.words for result in mixed] == [result.words for result in first]
