"""What is said: speech regions to words with times in the source file.

Windows are filled with regions, recognised many at a time, and checked; what fails is heard again
(`earwitness.repair`), and what is still wrong after that is said in a warning, never kept in silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from earwitness.engines.base import Recognized, Recognizer
from earwitness.onsets import from_their_sound
from earwitness.options import WordOptions
from earwitness.regions import pack
from earwitness.repair import REASONS, Heard, Listener, settled
from earwitness.types import Audio, Passage, Progress, Region, Seconds, Word
from earwitness.units import short_clock
from earwitness.windows import Window, length, name_of, samples_of

LANGUAGE_WINDOWS = 4
"""So many, from all over the recording, vote on its language: the first may be a jingle."""
SURE_LANGUAGE = 0.8
MIN_LANGUAGE_S = 3.0
"""A window that is so probably in another language than the recording, and so long, is heard in that one."""


class Memo(Protocol):
    """Remembers what windows said, so that nothing is heard twice."""

    def get(self, name: str, kind: Any) -> Any:
        """What was put under `name`, or none."""
        ...

    def put(self, name: str, value: Any) -> None: ...


@dataclass(frozen=True)
class Recognition:
    """What a recording said; `language` is that of most speech, `repaired` are the spans heard a second time."""

    language: str
    words: tuple[Word, ...] = ()
    passages: tuple[Passage, ...] = ()
    warnings: tuple[str, ...] = ()
    repaired: tuple[Region, ...] = ()


def recognize(
    audio: Audio,
    regions: Sequence[Region],
    recognizer: Recognizer,
    options: WordOptions | None = None,
    *,
    memo: Memo | None = None,
    progress: Progress | None = None,
) -> Recognition:
    """The words of all `regions`, in order; each lies inside its region."""
    options = options or WordOptions()
    given = options.language if options.language not in (None, "auto") else None
    ignored = tuple(_ignored(recognizer, options))
    if not regions:
        return Recognition(given or "und", warnings=ignored)
    windows = pack(regions, recognizer.window_s)
    language = given or _language(audio, windows, recognizer, memo)
    listener = Listener(audio, recognizer, replace(options, language=language))
    total = sum(map(length, windows))
    done: dict[Window, Heard] = {}
    if memo is not None:
        done = {window: known for window in windows if (known := memo.get(name_of(window), Heard)) is not None}
    todo = [window for window in windows if window not in done]
    for start in range(0, len(todo), options.batch_size):
        if progress:
            progress("words", sum(map(length, done)), total)
        batch = todo[start : start + options.batch_size]
        for window, heard in zip(batch, _hear(listener, batch, fixed_language=given is not None), strict=True):
            done[window] = heard
            if memo is not None:
                memo.put(name_of(window), heard)
    if progress:
        progress("words", total, total)
    found = [done[window] for window in windows]
    return Recognition(
        "en" if options.task == "translate" else given or _most_spoken(windows, found, language),
        from_their_sound(audio, regions, [word for heard in found for word in heard.words]),
        tuple(heard.passage for heard in found if heard.words),
        (*ignored, *_warnings(found)),
        tuple(region for heard in found for region in heard.repaired),
    )


def _ignored(recognizer: Recognizer, options: WordOptions) -> Iterator[str]:
    given = {"hotwords": options.hotwords, "initial_prompt": options.initial_prompt}
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value and name in recognizer.ignores]
    if names:
        yield f"{' and '.join(names)} changed nothing: {recognizer.name} cannot be told what to expect"


def _language(audio: Audio, windows: Sequence[Window], recognizer: Recognizer, memo: Memo | None) -> str:
    known: str | None = memo.get("language", str) if memo is not None else None
    if known is None:
        chosen = windows[:: max(1, len(windows) // LANGUAGE_WINDOWS)][:LANGUAGE_WINDOWS]
        known = recognizer.detect_language([samples_of(audio, window) for window in chosen])
        if memo is not None:
            memo.put("language", known)
    return known


def _hear(listener: Listener, windows: Sequence[Window], *, fixed_language: bool) -> list[Heard]:
    """All windows in the recording's language, and again those that are surely in another one."""
    results = listener.hear(windows)
    listeners = [listener] * len(windows)
    if not fixed_language:
        for language, places in _strangers(windows, results, listener.options.language).items():
            other = replace(listener, options=replace(listener.options, language=language))
            for place, result in zip(places, other.hear([windows[place] for place in places]), strict=True):
                results[place], listeners[place] = result, other
    return [settled(*heard) for heard in zip(listeners, windows, results, strict=True)]


def _strangers(windows: Sequence[Window], results: Sequence[Recognized], common: str | None) -> dict[str, list[int]]:
    """The places of windows that are surely in another language, by that language."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, (window, result) in enumerate(zip(windows, results, strict=True)):
        language, probability = max(result.languages.items(), key=lambda known: known[1], default=("", 0.0))
        if language != common and probability >= SURE_LANGUAGE and length(window) >= MIN_LANGUAGE_S:
            found[language].append(place)
    return found


def _most_spoken(windows: Sequence[Window], found: Sequence[Heard], voted: str) -> str:
    """The language of the most speech that has words; what the vote said where there are none."""
    seconds: dict[str, Seconds] = {voted: 0.0}
    for window, heard in zip(windows, found, strict=True):
        if heard.words:
            seconds[heard.language] = seconds.get(heard.language, 0.0) + length(window)
    return max(seconds, key=lambda language: seconds[language])


def _warnings(found: Sequence[Heard]) -> Iterator[str]:
    """A line for each kind of doubt, with all its times."""
    for reason, said in REASONS.items():
        times = [short_clock(doubt.start) for heard in found for doubt in heard.doubts if doubt.reason == reason]
        if times:
            yield f"{', '.join(dict.fromkeys(times))}: {said}"
