"""Who speaks when, in the reference and in the transcript, on one axis, and where they differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from earwitness.evaluation.report.marks import spoken
from earwitness.evaluation.results import DiarizationErrorRate, FileResult
from earwitness.exports.frame import VOICES, escape, ticks
from earwitness.types import Seconds, Turn

ROW_S = 1800.0
"""A longer recording is cut into rows of equal length: hours on one line are mush."""
CELLS = 2000
"""Steps of a row, each less than a pixel; what is nearer than one becomes one piece."""
LEAST_CELLS = 3
"""A shorter turn is drawn this wide, so that it can be seen."""
LANES = 10
"""So many speakers a side have a lane of their own, those who speak most; the others share one."""

Span = tuple[Seconds, Seconds]
ErrorKind = Literal["confusion", "deletion", "insertion"]
"""Missed speech and false alarms have the colours of words left out and put in; it is the same error."""


@dataclass(frozen=True)
class _Lane:
    name: str
    voice: str
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> Seconds:
        return sum(end - start for start, end in self.spans)


def timeline(file: FileResult, found: DiarizationErrorRate) -> str:
    """Lanes of the reference's speakers above those of the transcript's, in the colours of whom they stand for."""
    said, heard, mapping = _spans(file.reference_turns), _spans(file.hypothesis_turns), found.mapping
    voices = {name: f"v{i % VOICES}" for i, name in enumerate(said)}
    reference = _merged([_Lane(name, voices[name], spans) for name, spans in said.items()])
    hypothesis = _merged(
        [
            _Lane(f"{name} = {mapping.get(name, 'nobody')}", voices.get(mapping.get(name, ""), "unknown"), spans)
            for name, spans in heard.items()
        ]
    )
    wrong = differences(file.reference_turns, file.hypothesis_turns, found)
    end = max((turn.end for turn in (*file.reference_turns, *file.hypothesis_turns)), default=0.0)
    duration = max(file.duration_s, end, 0.001)
    rows = math.ceil(duration / ROW_S)
    bounds = [duration * i / rows for i in range(rows + 1)]
    return "\n".join(
        _row(start, stop, reference, hypothesis, wrong, first=start == 0.0) for start, stop in pairwise(bounds)
    )


def _spans(turns: Sequence[Turn]) -> dict[str, tuple[Span, ...]]:
    """Speaker -> when they speak, those who speak most first."""
    spans: dict[str, list[Span]] = {}
    for turn in turns:
        if turn.speaker is not None and turn.end > turn.start:
            spans.setdefault(turn.speaker, []).append((turn.start, turn.end))
    lanes = [_Lane(name, "", tuple(sorted(of))) for name, of in spans.items()]
    return {lane.name: lane.spans for lane in sorted(lanes, key=lambda lane: (-lane.seconds, lane.name))}


def _merged(lanes: list[_Lane]) -> list[_Lane]:
    if len(lanes) <= LANES:
        return lanes
    kept, rest = lanes[: LANES - 1], lanes[LANES - 1 :]
    spans = sorted(span for lane in rest for span in lane.spans)
    return [*kept, _Lane(f"{len(rest)} others", "unknown", tuple(spans))]


def differences(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], found: DiarizationErrorRate
) -> dict[ErrorKind, list[Span]]:
    """Where the speakers differ, under the mapping, collar and overlap rule that the rate was measured with.

    Of a moment with several kinds of errors the gravest is told: confusion, then missed speech.

    >>> found = DiarizationErrorRate(4, 2, 1, 0, 1, 2, 1, {"S1": "Ann"})
    >>> told = differences([Turn(0, 3, "Ann"), Turn(3, 4, "Bob")], [Turn(1, 4, "S1")], found)
    >>> {kind: spans for kind, spans in told.items() if spans}
    {'confusion': [(3, 4)], 'deletion': [(0, 1)]}
    """
    spans: dict[ErrorKind, list[Span]] = {"confusion": [], "deletion": [], "insertion": []}
    mapping = {name: ("reference", speaker) for name, speaker in found.mapping.items()}
    for start, end, said, heard, collared in _states(reference, hypothesis, found.collar_s):
        if collared or (found.skip_overlap and len(said) > 1):
            continue
        right = len(
            {("reference", name) for name in said} & {mapping.get(name, ("hypothesis", name)) for name in heard}
        )
        if right < min(len(said), len(heard)):
            spans["confusion"].append((start, end))
        elif len(said) > len(heard):
            spans["deletion"].append((start, end))
        elif len(said) < len(heard):
            spans["insertion"].append((start, end))
    return spans


def _states(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], collar_s: Seconds
) -> Iterator[tuple[Seconds, Seconds, set[str], set[str], bool]]:
    """From one change to the next: who speaks in the reference, who in the transcript, whether a collar covers it."""
    events: list[tuple[Seconds, int, int, str]] = []
    for side, turns in enumerate((reference, hypothesis)):
        for turn in turns:
            if turn.speaker is not None and turn.end > turn.start:
                events += [(turn.start, side, 1, turn.speaker), (turn.end, side, -1, turn.speaker)]
    if collar_s:
        for at in [event[0] for event in events if event[1] == 0]:
            events += [(at - collar_s / 2, 2, 1, ""), (at + collar_s / 2, 2, -1, "")]
    active = (Counter[str](), Counter[str](), Counter[str]())
    before = 0.0
    for at, side, step, speaker in sorted(events):
        if at > before and any(active):
            yield before, at, set(active[0]), set(active[1]), bool(active[2])
        before = at
        active[side][speaker] += step
        if not active[side][speaker]:
            del active[side][speaker]


def _row(
    start: Seconds,
    end: Seconds,
    reference: Sequence[_Lane],
    hypothesis: Sequence[_Lane],
    wrong: Mapping[ErrorKind, Sequence[Span]],
    *,
    first: bool,
) -> str:
    """The lanes of a stretch of time; the seconds of the whole recording stand beside those of the first."""
    parts = []
    for side, lanes in (("reference", reference), ("transcript", hypothesis)):
        parts.append(f'<p class="side">{side}</p>')
        parts += [_lane(lane, start, end, spoken(lane.seconds) if first else "") for lane in lanes]
        if not lanes:
            parts.append('<p class="side">nobody</p>')
    paths = "".join(_path(spans, start, end, f' class="{kind}"') for kind, spans in wrong.items())
    parts.append('<p class="side">where they differ</p>')
    parts.append(f'<div class="lane differ"><span></span>{_strip(paths)}<span></span></div>')
    parts.append(
        f'<div class="lane ticks"><span></span><svg class="axis" aria-hidden="true">{ticks(start, end)}</svg></div>'
    )
    return f'<div class="row">{"".join(parts)}</div>'


def _lane(lane: _Lane, start: Seconds, end: Seconds, share: str) -> str:
    name = escape(lane.name)
    return (
        f'<div class="lane {lane.voice}"><span class="name" title="{name}"><bdi>{name}</bdi></span>'
        f'{_strip(_path(lane.spans, start, end))}<span class="share">{share}</span></div>'
    )


def _strip(paths: str) -> str:
    return f'<svg viewBox="0 0 {CELLS} 1" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>'


def _path(spans: Iterable[Span], start: Seconds, end: Seconds, kind: str = "") -> str:
    """One path for all spans of a lane: a page may hold a hundred thousand."""
    pieces = "".join(f"M{left} 0h{right - left}v1H{left}z" for left, right in cells(spans, start, end))
    return f'<path{kind} d="{pieces}"/>' if pieces else ""


def cells(spans: Iterable[Span], start: Seconds, end: Seconds) -> list[tuple[int, int]]:
    """Spans in order of time as steps of a row, those that touch in one piece.

    >>> cells([(0.0, 1.0), (1.004, 2.0), (6.0, 6.001), (12.0, 13.0)], 0.0, 10.0)
    [(0, 400), (1200, 1203)]
    """
    scale = CELLS / (end - start)
    pieces: list[tuple[int, int]] = []
    for span_start, span_end in spans:
        if span_end <= start or span_start >= end:
            continue
        left = max(0, math.floor((span_start - start) * scale))
        right = min(CELLS, max(math.ceil((span_end - start) * scale), left + LEAST_CELLS))
        if pieces and left <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(right, pieces[-1][1]))
        else:
            pieces.append((left, right))
    return pieces
