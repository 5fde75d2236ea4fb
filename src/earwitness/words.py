"""What is said: speech regions to words with times in the source file.

Windows are filled with regions, recognised many at a time (`earwitness.hearings`), and checked; what fails is heard
again (`earwitness.repair`), and what is still wrong after that is said in a warning, never kept in silence.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

from earwitness.engines.base import Recognizer
from earwitness.hearings import Piece, Plan, carried_out, tell_languages
from earwitness.onsets import from_their_sound
from earwitness.options import WordOptions
from earwitness.regions import pack
from earwitness.repair import REASONS, Heard, Listener, joined, settled
from earwitness.types import Audio, Passage, Progress, Region, Seconds, Word
from earwitness.units import short_clock
from earwitness.windows import Window, length, name_of, samples_of

LANGUAGE_WINDOWS = 4
"""So many, from all over the recording, vote on its language: the first may be a jingle."""
SURE_LANGUAGE = 0.8
MIN_LANGUAGE_S = 3.0
"""What is so probably in another language than the recording, and so long, is heard in that one."""


Said: TypeAlias = Callable[[Sequence[Word]], None]
"""Called with words of a recording that will be in its transcript, in their order; their times may still change."""


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


def spelled(words: Sequence[Word]) -> str:
    """The words as they were written, one after the other.

    >>> spelled([Word(" Yes,", 0.0, 0.4, 0.9), Word(" sir.", 0.5, 0.8, 0.9)])
    ' Yes, sir.'
    """
    return "".join(word.word for word in words)


def recognize(
    audio: Audio,
    regions: Sequence[Region],
    recognizer: Recognizer,
    options: WordOptions | None = None,
    *,
    memo: Memo | None = None,
    progress: Progress | None = None,
    said: Said | None = None,
) -> Recognition:
    """The words of all `regions`, in order; each lies inside its region.

    `said` is called with the words of every window as soon as they and those of all windows before are known.
    """
    options = options or WordOptions()
    given = _given(options)
    ignored = tuple(_ignored(recognizer, options))
    if not regions:
        return Recognition(given or "und", warnings=ignored)
    windows = pack(regions, recognizer.window_s)
    language = spoken(audio, windows, recognizer, options, memo)
    total = sum(map(length, windows))
    done: dict[Window, Heard] = {}
    if memo is not None:
        done = {window: known for window in windows if (known := memo.get(name_of(window), Heard)) is not None}
    todo = [window for window in windows if window not in done]
    untold = deque(windows)

    def tell() -> None:
        while said and untold and untold[0] in done:
            said(done[untold.popleft()].words)
        if progress:
            progress("words", sum(map(length, done)), total)

    tell()
    for window, heard in hear(audio, todo, recognizer, options, language):
        done[window] = heard
        if memo is not None:
            memo.put(name_of(window), heard)
        tell()
    found = [done[window] for window in windows]
    return Recognition(
        "en" if options.task == "translate" else given or _most_spoken(windows, found, language),
        from_their_sound(audio, regions, [word for heard in found for word in heard.words]),
        tuple(heard.passage for heard in found if heard.words),
        (*ignored, *_warnings(found)),
        tuple(region for heard in found for region in heard.repaired),
    )


def spoken(
    audio: Audio, windows: Sequence[Window], recognizer: Recognizer, options: WordOptions, memo: Memo | None = None
) -> str:
    """The language that was given, or else the one that most of some windows from all over the recording are in."""
    return _given(options) or _language(audio, windows, recognizer, memo)


def hear(
    audio: Audio, windows: Sequence[Window], recognizer: Recognizer, options: WordOptions, language: str
) -> Iterator[tuple[Window, Heard]]:
    """Windows of a recording in this language and what each says, as soon as that is known, in any order."""
    listener = Listener(audio, replace(options, language=language), recognizer.temperatures)
    one = settled if _given(options) else _in_its_languages
    plans = (one(listener, listener.piece(*window)) for window in windows)
    return ((windows[number], heard) for number, heard in carried_out(plans, recognizer, options.batch_size))


def _given(options: WordOptions) -> str | None:
    return options.language if options.language != "auto" else None


def _ignored(recognizer: Recognizer, options: WordOptions) -> Iterator[str]:
    given = {"hotwords": options.hotwords, "initial_prompt": options.initial_prompt}
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value and name in recognizer.ignores]
    if names:
        yield f"{' and '.join(names)} changed nothing: {recognizer.name} cannot be told what to expect"


def _language(audio: Audio, windows: Sequence[Window], recognizer: Recognizer, memo: Memo | None) -> str:
    known: str | None = memo.get("language", str) if memo is not None else None
    if known is None:
        chosen = windows[:: max(1, len(windows) // LANGUAGE_WINDOWS)][:LANGUAGE_WINDOWS]
        told = recognizer.languages([samples_of(audio, window) for window in chosen])
        known = Counter(max(chances, key=lambda code: chances[code]) for chances in told).most_common(1)[0][0]
        if memo is not None:
            memo.put("language", known)
    return known


def _in_its_languages(listener: Listener, piece: Piece) -> Plan[Heard]:
    """What a window says whose language was not given: each part of it is heard in its own."""
    parts = yield from _by_language(listener, piece)
    heard = []
    for language, part in parts:
        heard.append((yield from settled(listener.speaking(language), part)))
    return joined(heard)


def _by_language(listener: Listener, piece: Piece) -> Plan[list[tuple[str, Piece]]]:
    """The parts of a window, each with its language.

    Regions are asked only where the window as a whole is not surely in the recording's language. One that is too short
    to tell, or not sure, goes with those before it.
    """
    common, (chances,) = listener.options.language or "", (yield from tell_languages([piece]))
    whole = _sure(chances) if length(piece.window) >= MIN_LANGUAGE_S else None
    asked: list[Piece] = []
    if whole != common and len(piece.window) > 1:
        asked = [listener.piece(region) for region in piece.window if region.duration >= MIN_LANGUAGE_S]
    told = yield from tell_languages(asked)
    sure = {part.window: language for part, own in zip(asked, told, strict=True) if (language := _sure(own))}
    language = whole or next(iter(sure.values()), common)
    speaks = [language := sure.get((region,), language) for region in piece.window]
    if len(set(speaks)) == 1:
        return [(language, piece)]
    groups = groupby(zip(speaks, piece.window, strict=True), key=itemgetter(0))
    return [(spoken, listener.piece(*(region for _, region in group))) for spoken, group in groups]


def _sure(chances: Mapping[str, float]) -> str | None:
    """The language that is surely spoken, if one is."""
    language, probability = max(chances.items(), key=lambda known: known[1])
    return language if probability >= SURE_LANGUAGE else None


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
