"""Second hearings: what fails the guards is heard again, and so is speech that got no words.

A window that loops, or has more text than can be said, is heard without the prompt, in halves, and at other
temperatures; one that is unsure without the prompt and at other temperatures. The best hearing is kept and, if it is
still suspicious, marked. Speech without words is then heard on its own; what comes out is spliced in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earwitness.engines.base import Recognized
from earwitness.guards import (
    DOUBTFUL_SPEECH,
    HOLE_S,
    SILENT_NO_SPEECH_PROB,
    are_sure,
    doubts_of,
    holes,
    is_silence,
    is_unlikely,
    plain,
    without_loops,
)  # fmt: skip
from earwitness.hearings import Piece, Plan, hear
from earwitness.options import WordOptions
from earwitness.types import Audio, Passage, Region, Seconds, Word
from earwitness.windows import MIN_WORD_S, Window, halves, in_file, length, parted, whole_words

MIN_HOLE_S = 0.7
"""Shorter speech, its margins included, is a breath or a cough."""
SEAM_S = 1.0
SEAM_WORDS = 8
"""Words this near to a hole, at most so many, may be heard again with it."""

REASONS = {
    "loop": "repeated text was cut",
    "crowded": "text was left out, more than can be said in the time",
    "unsure": "the text is unsure",
    "silent": "text was left out that the recogniser itself takes for silence",
    "unlikely": "text was left out where hardly anybody speaks",
    "hole": "some speech has no words",
}


FAILURES = frozenset({"loop", "crowded", "unsure"})
"""What makes a window be heard again as a whole. The others leave holes, and those are heard again on their own."""


@dataclass(frozen=True)
class Doubt:
    """What is wrong with the words from here on: a name in `REASONS`."""

    start: Seconds
    reason: str


@dataclass(frozen=True)
class Heard:
    """What one window said, in seconds of the source file; `repaired` are the spans that took a second hearing."""

    words: tuple[Word, ...]
    passage: Passage
    doubts: tuple[Doubt, ...] = ()
    repaired: tuple[Region, ...] = ()
    language: str = "en"

    @property
    def fails(self) -> bool:
        return any(doubt.reason in FAILURES for doubt in self.doubts)


@dataclass(frozen=True)
class Listener:
    """Hears windows of one recording; `temperatures` are what to try, in order, where that is of use."""

    audio: Audio
    options: WordOptions
    temperatures: Sequence[float]

    def piece(self, *window: Region) -> Piece:
        return Piece(self.audio, window)

    def hear(self, pieces: Sequence[Piece], temperature: float | None = None) -> Plan[list[Recognized]]:
        """One result a piece, with words made whole; at the temperature of the options, unless another is given."""
        temperature = self.temperature if temperature is None else temperature
        results = yield from hear(pieces, self.options, temperature)
        return [
            replace(result, words=parted(whole_words(result.words), result.language), temperature=temperature)
            for result in results
        ]

    @property
    def temperature(self) -> float:
        """That of first hearings; 0 where the engine has none."""
        return self.options.temperature if self.temperatures else 0.0

    @property
    def warmer(self) -> Sequence[float]:
        return [temperature for temperature in self.temperatures if temperature > self.temperature]

    def speaking(self, language: str) -> Listener:
        return replace(self, options=replace(self.options, language=language))

    @property
    def unprompted(self) -> Listener:
        return replace(self, options=replace(self.options, hotwords=None, initial_prompt=None))


def settled(listener: Listener, piece: Piece) -> Plan[Heard]:
    """What a window says: heard again where it fails the guards, and so are its holes.

    An engine for which trying again is of no use is not judged: what it says is a draft, or a measurement.
    """
    (result,) = yield from listener.hear([piece])
    language, window = listener.options.language or result.language, piece.window
    if not listener.temperatures:
        return Heard(in_file(window, result.words), _passage(window, result), language=language)
    first = _placed(window, result)
    heard = yield from _best(first, _hearings(listener, piece, first))
    if heard is not first and not heard.fails:
        heard = replace(heard, repaired=window)
    mended = yield from _mended(listener, window, heard)
    return replace(_marked(mended, window), language=language)


def _passage(window: Window, result: Recognized) -> Passage:
    return Passage(window[0].start, window[-1].end, result.avg_logprob, result.no_speech_prob, result.temperature)


def _placed(window: Window, result: Recognized) -> Heard:
    """A result in the file, judged: without loops, and without what nobody can have said, or where nobody speaks."""
    found, said = doubts_of(result, length(window)), without_loops(result.words)
    if said and is_silence(result):
        said, found = (), ("silent",)
    elif "crowded" in doubts_of(replace(result, words=said), length(window)):
        said = ()
    doubts = [Doubt(window[0].start, reason) for reason in found]
    words = in_file(window, said)
    for region in window:
        inside = [word for word in words if region.start <= word.start < region.end]
        if is_unlikely(region, inside):
            words = tuple(word for word in words if word not in inside)
            doubts.append(Doubt(region.start, "unlikely"))
    return Heard(words, _passage(window, result), tuple(doubts), language=result.language)


def _best(first: Heard, hearings: Iterator[Plan[Heard]]) -> Plan[Heard]:
    """The first hearing that passes, or else the one with the fewest doubts; no more are heard than it takes."""
    tries = [first]
    while tries[-1].fails and (hearing := next(hearings, None)):
        tries.append((yield from hearing))
    return min(tries, key=_badness)


def _badness(heard: Heard) -> tuple[int, float]:
    return sum(doubt.reason in FAILURES for doubt in heard.doubts), -heard.passage.avg_logprob


def _hearings(listener: Listener, piece: Piece, first: Heard) -> Iterator[Plan[Heard]]:
    """The ways in which a window is heard again, one after the other."""
    reasons = {doubt.reason for doubt in first.doubts} & FAILURES
    bare = listener.unprompted
    if bare != listener:
        yield _once(bare, piece)
    parts = halves(listener.audio, piece.window) if reasons != {"unsure"} else None
    if parts:
        yield _halved(bare, [listener.piece(*part) for part in parts])
    else:
        yield from _warmer(bare, piece)


def _once(listener: Listener, piece: Piece, temperature: float | None = None) -> Plan[Heard]:
    (result,) = yield from listener.hear([piece], temperature)
    return _placed(piece.window, result)


def _warmer(listener: Listener, piece: Piece) -> Iterator[Plan[Heard]]:
    return (_once(listener, piece, temperature) for temperature in listener.warmer)


def _halved(listener: Listener, parts: Sequence[Piece]) -> Plan[Heard]:
    best = []
    for part, result in zip(parts, (yield from listener.hear(parts)), strict=True):
        best.append((yield from _best(_placed(part.window, result), _warmer(listener, part))))
    return joined(best)


def joined(parts: Sequence[Heard]) -> Heard:
    """What one window says, of what its parts say; in the language of the longest."""
    lengths = [max(part.passage.end - part.passage.start, MIN_WORD_S) for part in parts]
    passage = Passage(
        parts[0].passage.start,
        parts[-1].passage.end,
        float(np.average([part.passage.avg_logprob for part in parts], weights=lengths)),
        float(np.average([part.passage.no_speech_prob for part in parts], weights=lengths)),
        max(part.passage.temperature for part in parts),
    )
    return Heard(
        tuple(word for part in parts for word in part.words),
        passage,
        tuple(doubt for part in parts for doubt in part.doubts),
        tuple(region for part in parts for region in part.repaired),
        parts[int(np.argmax(lengths))].language,
    )


def _mended(listener: Listener, window: Window, heard: Heard) -> Plan[Heard]:
    """What was heard, with the holes in it heard again on their own."""
    bare = listener.unprompted
    todo = [piece for hole in holes(window, heard.words) for piece in _pieces(listener, window, hole)]
    first = listener.temperature
    for temperature in (first, *listener.warmer):
        if temperature == first and bare == listener and len(todo) == 1 and _is_all_of(window, *todo[0].window):
            continue  # just that was heard, and in vain
        if temperature > first:
            # Whoever asks often enough gets words for anything.
            todo = [piece for piece in todo if piece.window[0].probability >= DOUBTFUL_SPEECH]
        results = yield from bare.hear(todo, temperature)
        for piece, result in zip(tuple(todo), results, strict=True):
            (hole,) = piece.window
            if _is_sure(result, hole):
                words = _spliced(heard.words, hole, in_file(piece.window, result.words))
                passage = replace(heard.passage, temperature=max(heard.passage.temperature, temperature))
                heard = replace(heard, words=words, passage=passage, repaired=(*heard.repaired, hole))
                todo.remove(piece)
    return heard


def _pieces(listener: Listener, window: Window, hole: Region) -> Iterator[Piece]:
    """A hole as it shall be heard: what was heard alone already, and in vain, in halves."""
    if hole.duration < MIN_HOLE_S:
        return
    parts = halves(listener.audio, (hole,)) if _is_all_of(window, hole) else None
    for part in parts or ((hole,),):
        yield listener.piece(*part)


def _is_all_of(window: Window, hole: Region) -> bool:
    return hole.duration > length(window) - MIN_WORD_S


def _is_sure(result: Recognized, hole: Region) -> bool:
    """Nothing is put in place of silence that the recogniser is not sure of."""
    return bool(
        result.words
        and not doubts_of(result, hole.duration)
        and result.no_speech_prob <= SILENT_NO_SPEECH_PROB
        and are_sure(result.words)
    )  # fmt: skip


def _spliced(words: Sequence[Word], hole: Region, found: Sequence[Word]) -> tuple[Word, ...]:
    """Words with those of a hole in their place; neighbours that were heard again with it move, and come once."""
    before = [word for word in words if (word.start + word.end) / 2 < hole.start]
    after = [word for word in words if (word.start + word.end) / 2 > hole.end]
    said = [plain(word) for word in found]
    for count in range(min(SEAM_WORDS, len(before), len(found)), 0, -1):
        near = before[-count].start > hole.start - SEAM_S
        if near and [plain(word) for word in before[-count:]] == said[:count]:
            del before[-count:]
            break
    for count in range(min(SEAM_WORDS, len(after), len(found)), 0, -1):
        near = after[count - 1].end < hole.end + SEAM_S
        if near and [plain(word) for word in after[:count]] == said[-count:]:
            del after[:count]
            break
    return (*before, *found, *after)


def _marked(heard: Heard, window: Window) -> Heard:
    """With a doubt for each hole that is left, and without those about text in whose place there is another now."""
    left = [Doubt(hole.start, "hole") for hole in holes(window, heard.words) if hole.duration > HOLE_S]
    kept = [
        doubt
        for doubt in heard.doubts
        if doubt.reason in FAILURES or not any(span.start <= doubt.start < span.end for span in heard.repaired)
    ]
    return replace(heard, doubts=(*kept, *left))
