"""What is said: speech regions to words with times in the source file.

Windows are filled with regions, recognised many at a time, and checked. A window that loops, leaves speech without
words or is unsure of itself is heard again in halves and then at other temperatures; what is still wrong after that is
said in a warning, never kept in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from earwitness.engines.base import Recognized, Recognizer
from earwitness.mapped import release
from earwitness.options import WordOptions
from earwitness.regions import pack, quietest
from earwitness.types import Audio, Passage, Progress, Region, Seconds, Word
from earwitness.units import short_clock

if TYPE_CHECKING:
    from earwitness.types import FloatArray

Window = tuple[Region, ...]

LOOP_COMPRESSION_RATIO = 2.4
UNSURE_LOGPROB = -1.0
SILENT_NO_SPEECH_PROB = 0.6
"""Whisper's own thresholds (Radford et al. 2022, section 4.5)."""
HOLE_S = 2.5
"""So much speech without the beginning of a word is a hole: people pause inside a region, but not that long."""
LANGUAGE_WINDOWS = 4
"""So many, from all over the recording, vote on its language: the first may be a jingle."""
MIN_HALF_S = 3.0
MAX_HALVINGS = 2
MIN_WORD_S = 0.01
LOOP_REPEATS = 4
LOOP_WORDS = 8


class Memo(Protocol):
    """Remembers what windows said, so that nothing is heard twice."""

    def get(self, name: str, kind: Any) -> Any:
        """What was put under `name`, or none."""
        ...

    def put(self, name: str, value: Any) -> None: ...


@dataclass(frozen=True)
class Heard:
    """What one window said, in seconds of the source file."""

    words: tuple[Word, ...]
    passage: Passage
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognition:
    """What a recording said."""

    language: str
    words: tuple[Word, ...] = ()
    passages: tuple[Passage, ...] = ()
    warnings: tuple[str, ...] = ()


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
    language = options.language if options.language not in (None, "auto") else None
    if not regions:
        return Recognition(language or "und")
    windows = pack(regions, recognizer.window_s)
    language = language or _language(audio, windows, recognizer, memo)
    options = replace(options, language=language)
    total = sum(_length(window) for window in windows)
    done: dict[Window, Heard] = {}
    if memo is not None:
        done = {window: known for window in windows if (known := memo.get(_name(window), Heard)) is not None}
    todo = [window for window in windows if window not in done]
    for start in range(0, len(todo), options.batch_size):
        if progress:
            progress("words", sum(_length(window) for window in done), total)
        batch = todo[start : start + options.batch_size]
        for window, heard in zip(batch, _hear(audio, batch, recognizer, options), strict=True):
            done[window] = heard
            if memo is not None:
                memo.put(_name(window), heard)
    if progress:
        progress("words", total, total)
    found = [done[window] for window in windows]
    return Recognition(
        "en" if options.task == "translate" else language,
        tuple(word for heard in found for word in heard.words),
        tuple(heard.passage for heard in found if heard.words),
        tuple(warning for heard in found for warning in heard.warnings),
    )


def _language(audio: Audio, windows: Sequence[Window], recognizer: Recognizer, memo: Memo | None) -> str:
    known: str | None = memo.get("language", str) if memo is not None else None
    if known is None:
        chosen = windows[:: max(1, len(windows) // LANGUAGE_WINDOWS)][:LANGUAGE_WINDOWS]
        known = recognizer.detect_language([_samples(audio, window) for window in chosen])
        if memo is not None:
            memo.put("language", known)
    return known


def _hear(audio: Audio, windows: Sequence[Window], recognizer: Recognizer, options: WordOptions) -> list[Heard]:
    results = recognizer.recognize([_samples(audio, window) for window in windows], options)
    return [
        _settled(audio, window, result, recognizer, options, MAX_HALVINGS)
        for window, result in zip(windows, results, strict=True)
    ]


def _settled(
    audio: Audio, window: Window, result: Recognized, recognizer: Recognizer, options: WordOptions, halvings: int
) -> Heard:
    """The result, or a better one where the first fails the checks."""
    result = _spoken(result)
    best, doubts = _placed(window, result), doubts_of(result, _length(window))
    if not doubts or not recognizer.temperatures:
        return best
    if halvings and (halves := _halves(audio, window)):
        parts = [
            _settled(audio, half, part, recognizer, options, halvings - 1)
            for half, part in zip(
                halves, recognizer.recognize([_samples(audio, half) for half in halves], options), strict=True
            )
        ]
        joined = _joined(parts)
        if "loop" in doubts or len(joined.words) > len(best.words) or not joined.warnings:
            return joined
    for temperature in recognizer.temperatures:
        again = _spoken(recognizer.recognize([_samples(audio, window)], options, temperature=temperature)[0])
        if not doubts_of(again, _length(window)):
            return _placed(window, again)
    if "loop" in doubts:
        best = replace(best, words=without_loops(best.words))
    at = short_clock(window[0].start)
    reasons = {"loop": "repeated text was cut", "unsure": "the text is unsure", "hole": "some speech has no words"}
    return replace(best, warnings=tuple(f"{at}: {reasons[doubt]}" for doubt in doubts))


def _spoken(result: Recognized) -> Recognized:
    """Without the words that Whisper makes of silence."""
    silent = result.no_speech_prob > SILENT_NO_SPEECH_PROB and result.avg_logprob < UNSURE_LOGPROB
    return replace(result, words=()) if silent else result


def doubts_of(result: Recognized, duration: Seconds) -> tuple[str, ...]:
    """What is suspicious about a window's result: `loop`, `unsure`, `hole`.

    >>> doubts_of(Recognized((Word(" Hello.", 0.0, 0.5, 0.9),)), 10.0)
    ('hole',)
    """
    doubts = []
    if result.compression_ratio > LOOP_COMPRESSION_RATIO:
        doubts.append("loop")
    if result.words and result.avg_logprob < UNSURE_LOGPROB:
        doubts.append("unsure")
    edges = [0.0, *(time for word in result.words for time in (word.start, word.end)), duration]
    # Cross-attention draws a word out over speech that was skipped, so a very long word is a hole, too.
    if any(after - before > HOLE_S for before, after in pairwise(edges)):
        doubts.append("hole")
    return tuple(doubts)


def _halves(audio: Audio, window: Window) -> tuple[Window, Window] | None:
    """A window in two, between regions where it has several, else at its quietest point."""
    if _length(window) < 2 * MIN_HALF_S:
        return None
    if len(window) > 1:
        lengths = list(accumulate(region.duration for region in window))
        cut = min(range(1, len(window)), key=lambda index: abs(lengths[index - 1] - lengths[-1] / 2))
        return window[:cut], window[cut:]
    (region,) = window
    middle = quietest(audio, region.start + MIN_HALF_S, region.end - MIN_HALF_S)
    return (Region(region.start, middle),), (Region(middle, region.end),)


def without_loops(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Words with every phrase that comes four or more times in a row kept once.

    >>> said = [Word(" no", at, at + 1, 0.9) for at in range(6)]
    >>> without_loops((*said, Word(" stop", 6, 7, 0.9)))[-1].word, len(without_loops((*said,)))
    (' stop', 1)
    """
    texts = [word.word.strip().casefold() for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        for size in range(1, LOOP_WORDS + 1):
            phrase, repeats = texts[at : at + size], 1
            while texts[at + repeats * size : at + (repeats + 1) * size] == phrase:
                repeats += 1
            if repeats >= LOOP_REPEATS:
                kept += words[at : at + size]
                at += repeats * size
                break
        else:
            kept.append(words[at])
            at += 1
    return tuple(kept)


def _placed(window: Window, result: Recognized) -> Heard:
    passage = Passage(window[0].start, window[-1].end, result.avg_logprob, result.no_speech_prob)
    return Heard(in_file(window, result.words), passage)


def in_file(window: Window, words: Sequence[Word]) -> tuple[Word, ...]:
    """Words whose times count from the start of a window, moved to where its regions lie in the file.

    A word that reaches over a seam belongs to the region that holds more of it, and is cut to that region.

    >>> in_file((Region(10, 12), Region(20, 22)), [Word(" yes", 2.1, 2.5, 0.9)])
    (Word(word=' yes', start=20.1, end=20.5, probability=0.9, speaker=None, speaker_probability=None),)
    """
    seams = [0.0, *accumulate(region.duration for region in window)]
    placed, index = [], 0
    for word in words:
        middle = (word.start + word.end) / 2
        # The start decides, unless it is but a breath before the seam: a word's end is drawn out over pauses.
        while index + 1 < len(window) and word.start >= seams[index + 1] - min(0.1, middle - word.start):
            index += 1
        region = window[index]
        shift = region.start - seams[index]
        start = min(max(word.start + shift, region.start), region.end - MIN_WORD_S)
        end = min(max(word.end + shift, start + MIN_WORD_S), region.end)
        placed.append(replace(word, start=round(start, 6), end=round(end, 6)))
    return tuple(placed)


def _joined(parts: Sequence[Heard]) -> Heard:
    lengths = [max(part.passage.end - part.passage.start, MIN_WORD_S) for part in parts]
    passage = Passage(
        parts[0].passage.start,
        parts[-1].passage.end,
        float(np.average([part.passage.avg_logprob for part in parts], weights=lengths)),
        float(np.average([part.passage.no_speech_prob for part in parts], weights=lengths)),
    )
    words = tuple(word for part in parts for word in part.words)
    return Heard(words, passage, tuple(warning for part in parts for warning in part.warnings))


def _samples(audio: Audio, window: Window) -> FloatArray:
    samples = np.concatenate([audio.between(region.start, region.end) for region in window])
    release(audio.samples)
    return samples


def _length(window: Window) -> Seconds:
    return sum(region.duration for region in window)


def _name(window: Window) -> str:
    return "+".join(f"{region.start:.3f}-{region.end:.3f}" for region in window)
