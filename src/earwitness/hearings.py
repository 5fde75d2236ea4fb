"""Windows are heard in full batches, whoever wants them heard, and in whichever way.

To hear a window is a plan: it asks for something, looks at the answer, and asks again where it is not content. Many
plans are under way at a time, and what they ask for is heard together: windows for the first time, and those of
several that failed at another temperature.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from earwitness.engines.base import Recognized, Recognizer
from earwitness.options import WordOptions
from earwitness.types import Audio
from earwitness.windows import Window, samples_of

if TYPE_CHECKING:
    from earwitness.types import FloatArray

T = TypeVar("T")

BATCHES_UNDER_WAY = 2
"""So many batches of plans at most; a run that is killed hears them again."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A window that is to be heard, once or more often.

    Its samples are read once, so that an engine knows them again and need not compute again what it has.
    """

    audio: Audio
    window: Window

    @cached_property
    def samples(self) -> FloatArray:
        return samples_of(self.audio, self.window)


@dataclass(frozen=True)
class Way:
    """How something is heard; without options, only its language is asked for."""

    options: WordOptions | None
    temperature: float = 0.0


@dataclass(frozen=True)
class Ask:
    """A wish that a piece be heard. The answer is a `Recognized`, or the probability of each language."""

    piece: Piece
    way: Way


Plan: TypeAlias = Generator[Sequence[Ask], Sequence[Any], T]
"""Yields wishes, one at least, is sent the answers to them in their order, and returns what it makes of them."""


def hear(pieces: Sequence[Piece], options: WordOptions, temperature: float = 0.0) -> Plan[Sequence[Recognized]]:
    """All pieces in one way."""
    return (yield [Ask(piece, Way(options, temperature)) for piece in pieces]) if pieces else ()


def tell_languages(pieces: Sequence[Piece]) -> Plan[Sequence[Mapping[str, float]]]:
    """The probabilities of the languages that the pieces may be in."""
    return (yield [Ask(piece, Way(None)) for piece in pieces]) if pieces else ()


def carried_out(plans: Iterable[Plan[T]], recognizer: Recognizer, batch_size: int) -> Iterator[tuple[int, T]]:
    """Carries plans out; yields what each comes to, with its number, as soon as that is known.

    They are begun in their order, and none before it is needed to fill a batch.
    """
    desk: _Desk[T] = _Desk(recognizer, batch_size)
    for number, plan in enumerate(plans):
        yield from desk.begin(_UnderWay(number, plan))
        while way := desk.due():
            yield from desk.answer(way)
    while way := desk.fullest():
        yield from desk.answer(way)


@dataclass(eq=False)
class _UnderWay(Generic[T]):
    number: int
    plan: Plan[T]
    answers: list[Any] = field(default_factory=list)
    missing: int = 0


class _Desk(Generic[T]):
    """Where wishes wait until there are enough of one kind."""

    def __init__(self, recognizer: Recognizer, batch_size: int) -> None:
        self._recognizer, self._batch_size = recognizer, batch_size
        self._waiting: dict[Way, list[tuple[_UnderWay[T], int, Piece]]] = {}
        self._under_way = 0

    def begin(self, one: _UnderWay[T]) -> Iterator[tuple[int, T]]:
        self._under_way += 1
        yield from self._go_on(one, None)

    def fullest(self) -> Way | None:
        """The way in which most pieces wait to be heard, if any do."""
        return max(self._waiting, key=lambda way: len(self._waiting[way]), default=None)

    def due(self) -> Way | None:
        """A way in which a batch of pieces waits to be heard, or many plans would have to wait for one."""
        way = self.fullest()
        full = way is not None and len(self._waiting[way]) >= self._batch_size
        return way if full or self._under_way >= BATCHES_UNDER_WAY * self._batch_size else None

    def answer(self, way: Way) -> Iterator[tuple[int, T]]:
        """Hears a batch in this way, those who have waited longest."""
        waiting = self._waiting.pop(way)
        batch, rest = waiting[: self._batch_size], waiting[self._batch_size :]
        if rest:
            self._waiting[way] = rest
        for (one, place, _), answer in zip(batch, self._heard(way, [piece for _, _, piece in batch]), strict=True):
            one.answers[place] = answer
            one.missing -= 1
            if not one.missing:
                yield from self._go_on(one, one.answers)

    def _heard(self, way: Way, pieces: Sequence[Piece]) -> Sequence[Any]:
        samples = [piece.samples for piece in pieces]
        if way.options is None:
            return self._recognizer.languages(samples)
        return self._recognizer.recognize(samples, way.options, temperature=way.temperature)

    def _go_on(self, one: _UnderWay[T], answers: Any) -> Iterator[tuple[int, T]]:
        """Sends a plan its answers; what it wishes next waits, and where that is nothing it has come to its end."""
        try:
            asks = one.plan.send(answers)
        except StopIteration as end:
            self._under_way -= 1
            yield one.number, end.value
            return
        one.answers, one.missing = [None] * len(asks), len(asks)
        for place, ask in enumerate(asks):
            self._waiting.setdefault(ask.way, []).append((one, place, ask.piece))
