"""A long recording in portions, each of which can be heard anywhere; together they say what the whole would.

A portion carries the sound of its windows, and what a window says hangs neither on its neighbours nor on what is heard
in the same batch. What the portions say goes into the memo of `words.recognize`, which then has nothing left to hear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earwitness.engines.base import Recognizer
from earwitness.hearings import BATCHES_UNDER_WAY
from earwitness.mapped import release
from earwitness.options import WordOptions
from earwitness.regions import pack
from earwitness.repair import Heard
from earwitness.types import Audio, Region, Seconds
from earwitness.units import to_samples
from earwitness.windows import Window, length, name_of
from earwitness.words import Memo, hear, spoken

if TYPE_CHECKING:
    from earwitness.types import FloatArray

LANGUAGE = "language"
"""The name under which the memo of `words.recognize` has the language that most of the recording is in."""


@dataclass(frozen=True, eq=False)
class Excerpt(Audio):
    """A part of a recording, asked for by the times of the whole; `first` is the number of its first sample there.

    >>> import numpy as np
    >>> part = Excerpt(np.ones(16000, np.float32), first=32000)  # the third second
    >>> len(part.between(2.5, 9.0))
    8000
    """

    first: int = 0

    def between(self, start: Seconds, end: Seconds) -> FloatArray:
        begin, finish = (max(0, to_samples(time, self.sample_rate) - self.first) for time in (start, end))
        return self.samples[begin:finish]


@dataclass(frozen=True, eq=False)
class Portion:
    """Some windows of a recording, with their sound; `language` is that of the recording."""

    number: int
    audio: Excerpt
    windows: tuple[Window, ...]
    language: str

    @property
    def speech_s(self) -> Seconds:
        return sum(map(length, self.windows))

    @property
    def names(self) -> tuple[str, ...]:
        """Those under which the memo of `words.recognize` looks for what the windows say."""
        return tuple(map(name_of, self.windows))


class Known:
    """A memo that knows some results beforehand, and asks another for the rest."""

    def __init__(self, known: Mapping[str, Any], memo: Memo) -> None:
        self._known, self._memo = known, memo

    def get(self, name: str, kind: Any) -> Any:
        return self._known[name] if name in self._known else self._memo.get(name, kind)

    def put(self, name: str, value: Any) -> None:
        self._memo.put(name, value)


def portions(
    audio: Callable[[], Audio],
    regions: tuple[Region, ...],
    recognizer: Recognizer,
    options: WordOptions,
    memo: Memo,
    long_s: Seconds,
) -> Iterator[Portion]:
    """What is still to be heard of a recording: as many windows at a time as are heard together.

    Args:
        audio: gives the recording, where it is needed.
        memo: what is known already.
        long_s: less speech than this is not worth dividing, and there are no portions.
    """
    windows = pack(regions, recognizer.window_s)
    unheard = {window for window in windows if memo.get(name_of(window), Heard) is None}
    if sum(map(length, unheard)) < long_s:
        return
    language = spoken(audio(), windows, recognizer, options, memo)
    size = BATCHES_UNDER_WAY * options.batch_size
    for number, first in enumerate(range(0, len(windows), size)):
        todo = tuple(window for window in windows[first : first + size] if window in unheard)
        if todo:
            yield Portion(number, _excerpt(audio(), todo[0][0].start, todo[-1][-1].end), todo, language)
    release(audio().samples)


def _excerpt(audio: Audio, start: Seconds, end: Seconds) -> Excerpt:
    return Excerpt(audio.between(start, end), audio.sample_rate, first=max(0, to_samples(start, audio.sample_rate)))


def said(portion: Portion, recognizer: Recognizer, options: WordOptions) -> dict[str, Any]:
    """What a portion says, by the names that the memo of `words.recognize` looks for."""
    heard = hear(portion.audio, portion.windows, recognizer, options, portion.language)
    return {LANGUAGE: portion.language, **{name_of(window): one for window, one in heard}}
