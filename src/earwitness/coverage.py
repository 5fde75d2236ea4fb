"""The ledger: what became of every second of the file, and what it comes to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from earwitness.guards import holes
from earwitness.types import Coverage, CoverageKind, Region, Seconds, Word
from earwitness.units import rounded, short_clock

_Span: TypeAlias = tuple[Seconds, Seconds]


@dataclass(frozen=True)
class Speech:
    """What became of the speech of a recording, or of several: seconds that were heard, and of them those with words
    (`repaired` where the recogniser skipped them or went wrong at first) and those without (`lost`)."""

    transcribed_s: Seconds = 0.0
    repaired_s: Seconds = 0.0
    lost_s: Seconds = 0.0

    @property
    def heard_s(self) -> Seconds:
        return self.transcribed_s + self.repaired_s + self.lost_s

    def __str__(self) -> str:
        """
        >>> str(Speech(61.0, 4.2, 0.4))
        '1:05 of speech heard: 1:01 transcribed, 4.2 s repaired, 0.4 s lost'
        """
        parts = {"transcribed": self.transcribed_s, "repaired": self.repaired_s, "lost": self.lost_s}
        said = ", ".join(f"{_length(seconds)} {name}" for name, seconds in parts.items())
        return f"{_length(self.heard_s)} of speech heard: {said}"


def _length(seconds: Seconds) -> str:
    return short_clock(seconds) if seconds >= 60 else f"{seconds:.1f} s"


def speech_of(ledger: Iterable[Coverage]) -> Speech:
    """What a ledger says of speech."""
    seconds = dict.fromkeys(("transcribed", "repaired", "dropped"), 0.0)
    for span in ledger:
        if span.kind in seconds:
            seconds[span.kind] += span.end - span.start
    return Speech(*(rounded(length) for length in seconds.values()))


def total(parts: Iterable[Speech]) -> Speech:
    """The speech of several recordings."""
    found = list(parts)
    return Speech(
        sum(part.transcribed_s for part in found),
        sum(part.repaired_s for part in found),
        sum(part.lost_s for part in found),
    )


def coverage(
    duration: Seconds,
    regions: Sequence[Region],
    words: Sequence[Word],
    *,
    repaired: Sequence[Region] = (),
    sounds: Sequence[Coverage] = (),
) -> tuple[Coverage, ...]:
    """What became of every second: spans that abut, the first at 0, the last ending at `duration`.

    Speech with words is `transcribed`, or `repaired` where they came of a second hearing; a region without a word, and
    a hole between the words of a region (`earwitness.guards.holes`), is `dropped`. Outside of speech it is what
    `sounds` says, and `silence` elsewhere. Words count as speech wherever they lie. Bounds are whole milliseconds,
    except the last.

    Args:
        duration: of the file.
        regions: where the detector heard speech, sorted and disjoint.
        words: in order of time.
        repaired: the spans that took a second hearing.
        sounds: spans of music and noise.

    >>> spoken = [Word(" Hello.", 1.2, 1.6, 1.0)]
    >>> ledger = coverage(6.0, [Region(1.0, 2.0), Region(4.0, 6.0)], spoken)
    >>> [(span.start, span.end, span.kind) for span in ledger]
    [(0.0, 1.0, 'silence'), (1.0, 2.0, 'transcribed'), (2.0, 4.0, 'silence'), (4.0, 6.0, 'dropped')]
    """
    heard = _union(_spans(words), duration)
    speech = _union([*_spans(regions), *heard], duration)
    dropped = _union(_spans(holes(regions, words)), duration)
    mended = _union(_spans(repaired), duration)
    by_kind: dict[CoverageKind, list[_Span]] = {
        kind: _union(_spans([sound for sound in sounds if sound.kind == kind]), duration) for kind in ("music", "noise")
    }

    def kind_at(time: Seconds) -> CoverageKind:
        if _inside(speech, time):
            # A word may reach into a hole, and into a region that has no word of its own.
            if _inside(dropped, time) and not _inside(heard, time):
                return "dropped"
            return "repaired" if _inside(mended, time) else "transcribed"
        return next((kind for kind, spans in by_kind.items() if _inside(spans, time)), "silence")

    edges = (edge for spans in (speech, dropped, heard, mended, *by_kind.values()) for span in spans for edge in span)
    return joined(
        Coverage(start, end, kind_at((start + end) / 2)) for start, end in pairwise(sorted({0.0, duration, *edges}))
    )


def joined(spans: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """Spans in order of time, neighbours that abut and are of one kind as one."""
    found: list[Coverage] = []
    for span in spans:
        if found and found[-1].kind == span.kind and found[-1].end == span.start:
            span = replace(span, start=found.pop().start)
        found.append(span)
    return tuple(found)


def _spans(values: Iterable[Region | Word | Coverage]) -> list[_Span]:
    return [(value.start, value.end) for value in values]


def _union(spans: Iterable[_Span], duration: Seconds) -> list[_Span]:
    """Disjoint sorted spans, clipped to the file; bounds in whole milliseconds, so that no slivers arise."""

    def snapped(time: Seconds) -> Seconds:
        return duration if time > duration - 0.001 else max(0.0, rounded(time))

    merged: list[_Span] = []
    for start, end in sorted((snapped(start), snapped(end)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _inside(spans: Sequence[_Span], time: Seconds) -> bool:
    number = bisect_right(spans, (time, float("inf"))) - 1
    return number >= 0 and spans[number][0] <= time <= spans[number][1]
