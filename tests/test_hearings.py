"""Plans of several windows are carried out together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from earwitness.engines.base import Recognized
from earwitness.engines.fake import Fake
from earwitness.hearings import BATCHES_UNDER_WAY, Ask, Piece, Plan, Way, carried_out, hear, tell_languages
from earwitness.options import WordOptions
from earwitness.types import Audio, Region, Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE = 16_000
NUMBERED = Audio(np.repeat(np.arange(60, dtype=np.float32), RATE))
"""Every second of it has its number for a value."""
PLAIN = WordOptions(language="en")


def second(number: int) -> Piece:
    return Piece(NUMBERED, (Region(number, number + 1),))


class Listening(Fake):
    """Says the number of each window, and keeps what it was given: the numbers, and the temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[list[int], float]] = []

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        numbers = [int(window[0]) for window in windows]
        self.batches.append((numbers, temperature))
        return [Recognized((Word(f" {number}", 0.0, 1.0, 0.9),)) for number in numbers]

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        return [{f"l{int(window[0])}": 1.0} for window in windows]


def said(number: int, again: Sequence[int] = ()) -> Plan[str]:
    """Hears a second, and a second time if it is one of those."""
    (result,) = yield from hear([second(number)], PLAIN)
    if number in again:
        (result,) = yield from hear([second(number)], PLAIN, 0.4)
    return result.words[0].word


def test_each_plan_gets_its_own_answers() -> None:
    found = dict(carried_out((said(number, again=(1, 2, 5)) for number in range(7)), Listening(), 2))
    assert found == {number: f" {number}" for number in range(7)}


def test_what_is_heard_again_is_heard_together() -> None:
    engine = Listening()
    plans = (said(number, again=(1, 3, 6)) for number in range(8))
    assert [number for number, _ in carried_out(plans, engine, 4)] == [0, 2, 4, 5, 7, 1, 3, 6]
    assert engine.batches == [([0, 1, 2, 3], 0.0), ([4, 5, 6, 7], 0.0), ([1, 3, 6], 0.4)]


def test_no_plan_is_begun_before_its_turn_and_few_wait() -> None:
    """All fail, and each is heard again in a way of its own, so that nothing makes a batch."""
    begun, open_at_once, ended = 0, 0, 0

    def lonely(number: int) -> Plan[int]:
        nonlocal begun
        begun += 1
        yield from hear([second(number)], PLAIN, 0.01 * number)
        return number

    for _ in carried_out((lonely(number) for number in range(30)), Listening(), 3):
        open_at_once = max(open_at_once, begun - ended)
        ended += 1
    assert (begun, ended) == (30, 30)
    assert open_at_once == BATCHES_UNDER_WAY * 3


def test_more_than_a_batch_is_heard_in_batches_and_answered_in_order() -> None:
    def many() -> Plan[list[str]]:
        results = yield from hear([second(number) for number in range(7)], PLAIN)
        nothing = yield from hear([], PLAIN)
        languages = yield from tell_languages([second(9), second(8)])
        assert not nothing
        return [*(result.words[0].word for result in results), *(code for known in languages for code in known)]

    engine = Listening()
    assert list(carried_out([many()], engine, 3)) == [(0, [*(f" {number}" for number in range(7)), "l9", "l8"])]
    assert [len(numbers) for numbers, _ in engine.batches] == [3, 3, 1]


def test_samples_are_read_once_and_go_with_their_piece() -> None:
    given: list[int] = []

    class Remembering(Fake):
        def recognize(
            self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
        ) -> list[Recognized]:
            given.extend(id(window) for window in windows)
            return super().recognize(windows, options, temperature=temperature)

    def twice(piece: Piece) -> Plan[None]:
        for temperature in (0.0, 0.2, 0.4):
            yield [Ask(piece, Way(PLAIN, temperature))]

    list(carried_out([twice(second(3))], Remembering(), 8))
    assert len(given) == 3
    assert len(set(given)) == 1


def test_what_an_engine_raises_is_raised() -> None:
    def fail(window: FloatArray, temperature: float) -> Recognized:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(carried_out([said(1)], Fake(hear=fail), 8))
