"""Voices that are known again: turns to a print of each speaker, and prints to the probability that a voice is known.

A print is the mean of what an embedder makes of evenly chosen spans of somebody's turns. Two prints are compared by
the cosine of their angle; how much a cosine tells differs between embedders, and is measured by
`scripts/measure_voices.py`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.base import VoiceEmbedder
from earwitness.types import Audio, Region, Seconds, Turn

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MAX_PRINT_S: Seconds = 60.0
"""More of a voice makes its print no better."""
MIN_PRINT_S: Seconds = 3.0
"""Less tells more of the words than of the voice."""
KEPT_SHARE = 0.8
"""Of a speaker's spans, those nearest to their median; the rest may be laughter, noise or somebody else."""
PRIOR_KNOWN = 0.5
"""How probable it is, before anything is heard, that a speaker is among those named, whoever they are."""
PROPOSED_FROM = 0.5
"""A voice less probable than this is unknown."""


@dataclass(frozen=True)
class Calibration:
    """What a cosine tells: it is exp(slope * cosine + offset) times as likely of one voice as of two."""

    slope: float
    offset: float


CALIBRATION = Calibration(18.30, -9.48)
"""That of `engines.print_embedder`: the fit to pairs of prints of 7 readers, who are the same or not, as recorded,
over a telephone and in a room; by `scripts/measure_voices.py`, to be run again for another embedder."""


@dataclass(frozen=True, eq=False)
class Print:
    """A voice's typical embedding, shape (d,), and the seconds of speech that it was taken from."""

    embedding: FloatArray
    seconds: Seconds


@dataclass(frozen=True)
class Proposal:
    """Who a speaker perhaps is, and the probability of that, 0 to 1."""

    name: str
    probability: float


def voice_prints(audio: Audio, turns: Sequence[Turn], embedder: VoiceEmbedder) -> dict[str, Print]:
    """A print of each speaker with at least `MIN_PRINT_S` in turns as long as the embedder's window.

    Args:
        audio: the recording.
        turns: who speaks when, in any order; those without a speaker, or in which another one speaks too, tell nothing.
        embedder: the engine that makes points of spans.

    Returns:
        Speaker's label -> print, in order of first appearance; `seconds` is what was listened to, up to
        `MAX_PRINT_S`. Speakers with too little to say are left out.
    """
    spans: dict[str, list[Region]] = {}
    for turn, others in _with_others(turns):
        if turn.speaker is not None:
            spans.setdefault(turn.speaker, []).extend(_spans(turn, others, embedder.window_s))
    chosen = {
        speaker: _evenly(found, int(MAX_PRINT_S / embedder.window_s))
        for speaker, found in spans.items()
        if len(found) * embedder.window_s >= MIN_PRINT_S
    }
    if not chosen:
        return {}
    points = embedder.embed(audio.samples, [span for found in chosen.values() for span in found])
    prints: dict[str, Print] = {}
    begin = 0
    for speaker, found in chosen.items():
        own = points[begin : begin + len(found)]
        prints[speaker] = Print(_middle(own), len(found) * embedder.window_s)
        begin += len(found)
    return prints


def mean_print(prints: Sequence[Print]) -> Print:
    """One print of several of the same voice, each weighted by its seconds."""
    weights = np.array([found.seconds for found in prints])
    mean = np.average([found.embedding for found in prints], axis=0, weights=weights).astype(np.float32)
    return Print(mean, float(weights.sum()))


def likeness(one: Print, other: Print) -> float:
    """The cosine of the angle between two prints, -1 to 1."""
    lengths = float(np.linalg.norm(one.embedding)) * float(np.linalg.norm(other.embedding))
    return float(one.embedding @ other.embedding) / max(lengths, 1e-12)


def proposals(
    heard: Mapping[str, Print], known: Mapping[str, Print], calibration: Calibration = CALIBRATION
) -> dict[str, Proposal]:
    """Speaker's label -> the known voice that it probably is; who is probably none of them is left out.

    Each known voice is proposed for one speaker at most, the one it fits best: two speakers of a recording are two
    people. That somebody is unknown is as probable beforehand as that they are any of those known.

    >>> import numpy as np
    >>> ada, bob = (Print(np.eye(2, dtype=np.float32)[row], 60.0) for row in range(2))
    >>> found = proposals({"SPEAKER_00": bob, "SPEAKER_01": ada}, {"Ada": ada}, Calibration(8, -4))
    >>> {speaker: (one.name, round(one.probability, 2)) for speaker, one in found.items()}
    {'SPEAKER_01': ('Ada', 0.98)}
    """
    if not heard or not known:
        return {}
    cosines = np.array([[likeness(one, other) for other in known.values()] for one in heard.values()])
    # Bayes: each known voice has an equal share of the prior; the unknown voice has likelihood ratio 1.
    weights = PRIOR_KNOWN / len(known) * np.exp(calibration.slope * cosines + calibration.offset)
    probabilities = weights / (1 - PRIOR_KNOWN + weights.sum(axis=1, keepdims=True))
    speakers, names = list(heard), list(known)
    found: dict[str, Proposal] = {}
    taken: set[str] = set()
    for flat in np.argsort(-probabilities, axis=None, kind="stable"):
        row, column = divmod(int(flat), len(names))
        probability = float(probabilities[row, column])
        if probability >= PROPOSED_FROM and speakers[row] not in found and names[column] not in taken:
            found[speakers[row]] = Proposal(names[column], probability)
            taken.add(names[column])
    return found


def across(
    recordings: Iterable[Mapping[str, Print]], calibration: Calibration = CALIBRATION
) -> Iterator[dict[str, Proposal]]:
    """Of each recording in turn, who is perhaps heard in an earlier one: as what they were called there first.

    Names must differ between recordings.

    >>> import numpy as np
    >>> ada, bob = (Print(np.eye(2, dtype=np.float32)[row], 60.0) for row in range(2))
    >>> shows = [{"Ann in 1": ada}, {"B in 2": bob, "C in 2": ada}]
    >>> [{name: found.name for name, found in show.items()} for show in across(shows)]
    [{}, {'C in 2': 'Ann in 1'}]
    """
    known: dict[str, Print] = {}
    for heard in recordings:
        found = proposals(heard, known, calibration)
        for name, own in heard.items():
            first = found[name].name if name in found else name
            known[first] = mean_print([known[first], own]) if first in known else own
        yield found


def _with_others(turns: Sequence[Turn]) -> Iterator[tuple[Turn, list[Turn]]]:
    """Each turn, in order of time, with those of others that overlap it."""
    ordered = sorted(turns, key=lambda turn: turn.start)
    starts = [turn.start for turn in ordered]
    ends = list(accumulate((turn.end for turn in ordered), max))
    for turn in ordered:
        near = ordered[bisect_right(ends, turn.start) : bisect_left(starts, turn.end)]
        yield turn, [other for other in near if other.speaker != turn.speaker]


def _spans(turn: Turn, others: Sequence[Turn], window_s: Seconds) -> list[Region]:
    """Spans of `window_s` one after another in the middle of a turn, where nobody else speaks."""
    count = int((turn.end - turn.start) / window_s + 1e-9)
    first = (turn.start + turn.end - count * window_s) / 2
    spans = [Region(first + index * window_s, first + (index + 1) * window_s) for index in range(count)]
    return [span for span in spans if not any(o.start < span.end and span.start < o.end for o in others)]


def _evenly(spans: Sequence[Region], count: int) -> list[Region]:
    if len(spans) <= count:
        return list(spans)
    return [spans[int(index)] for index in np.linspace(0, len(spans) - 1, count)]


def _middle(points: FloatArray) -> FloatArray:
    """The mean of the `KEPT_SHARE` of the points that lie nearest to their median."""
    distances = ((points - np.median(points, axis=0)) ** 2).sum(axis=1)
    nearest = np.argsort(distances, kind="stable")[: int(np.ceil(KEPT_SHARE * len(points)))]
    middle: FloatArray = points[np.sort(nearest)].mean(axis=0, dtype=np.float64).astype(np.float32)
    return middle
