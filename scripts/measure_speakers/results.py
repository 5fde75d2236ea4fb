"""What came out of it: answers against truths, and their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.evaluation.diarization import diarization_error_rate
from earwitness.types import Audio, Seconds, Turn

if TYPE_CHECKING:
    from earwitness.types import FloatArray
    from sets import Recording
    from systems import System

SIDES = ("given", "estimated")
PARTS = ("missed", "false_alarm", "confusion")
GUEST_FOUND = 0.5
"""A guest counts as found from this share of what they say on."""


@dataclass(frozen=True)
class Score:
    """One answer. Seconds are of speaker time, collar 0, overlap counted; `guest_heard` is the share of what the guest
    says that is given to a voice of their own."""

    found: int
    total_s: Seconds
    missed_s: Seconds
    false_alarm_s: Seconds
    confusion_s: Seconds
    correct_s: Seconds
    guest_heard: float | None = None

    @property
    def error_rate(self) -> float:
        errors_s = self.missed_s + self.false_alarm_s + self.confusion_s
        return errors_s / self.total_s if self.total_s else float(errors_s > 0)

    @property
    def confusion(self) -> float:
        """Share of the wrong speaker in what truth and answer both call speech, 0 to 1."""
        return self.confusion_s / max(1e-9, self.confusion_s + self.correct_s)


@dataclass(frozen=True)
class Measured:
    """One recording, with the number of speakers given and estimated."""

    name: str
    group: str
    duration_s: Seconds
    speakers: int
    given: Score
    estimated: Score


def measure(recording: Recording, samples: FloatArray, system: System) -> Measured:
    """`samples` are the recording's own, or what a condition made of them."""
    audio, speakers = Audio(samples), len({turn.speaker for turn in recording.turns})
    given, estimated = (
        score(recording.turns, turns, recording.guest, audio.duration) for turns in system.answers(audio, speakers)
    )
    return Measured(recording.name, recording.group, audio.duration, speakers, given, estimated)


def score(truth: Sequence[Turn], answer: Sequence[Turn], guest: str | None, duration_s: Seconds) -> Score:
    found = diarization_error_rate(truth, answer, duration=duration_s)
    said = [turn for turn in truth if turn.speaker == guest] if guest else []
    theirs = [turn for turn in answer if found.mapping.get(str(turn.speaker)) == guest]
    heard = _shared_s(said, theirs) / sum(turn.end - turn.start for turn in said) if said else None
    return Score(
        found.hypothesis_speakers, found.total_s, found.missed_s, found.false_alarm_s, found.confusion_s,
        found.correct_s, heard,
    )  # fmt: skip


def _shared_s(some: Sequence[Turn], others: Sequence[Turn]) -> Seconds:
    return sum(max(0.0, min(one.end, other.end) - max(one.start, other.start)) for one in some for other in others)


def summary(results: Sequence[Measured]) -> dict[str, Any]:
    """Means over recordings, all of them 0 to 1; and `pooled` rates: the errors of all over the speaker time of all."""
    row: dict[str, Any] = {
        "recordings": len(results),
        "minutes": sum(r.duration_s for r in results) / 60,
        "count_right": float(np.mean([r.estimated.found == r.speakers for r in results])),
        "count_error": float(np.mean([r.estimated.found - r.speakers for r in results])),
        "too_many": float(np.mean([r.estimated.found > r.speakers for r in results])),
    }
    for side in SIDES:
        scores: list[Score] = [getattr(r, side) for r in results]
        total_s = max(1e-9, sum(s.total_s for s in scores))
        parts = {part: sum(getattr(s, f"{part}_s") for s in scores) / total_s for part in PARTS}
        guests = [s.guest_heard >= GUEST_FOUND for s in scores if s.guest_heard is not None]
        row[side] = {
            "confusion": float(np.mean([s.confusion for s in scores])),
            "confusion_worst": max(s.confusion for s in scores),
            "error_rate": float(np.mean([s.error_rate for s in scores])),
            "pooled": {"error_rate": sum(parts.values()), **parts},
            "guest_found": float(np.mean(guests)) if guests else None,
        }
    return row


def by_group(results: Sequence[Measured]) -> dict[str, dict[str, Any]]:
    """Means of each group, where there are several; of all recordings of two or more; of all."""
    groups = {name: [r for r in results if r.group == name] for name in sorted({r.group for r in results})}
    if len(groups) < 2:
        groups = {}
    elif any(r.speakers == 1 for r in results) and any(r.speakers > 1 for r in results):
        groups["2 or more"] = [r for r in results if r.speakers > 1]
    return {name: summary(rows) for name, rows in {**groups, "all": results}.items()}


def costs(results: Sequence[Measured], clean: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """Points of confusion that a condition costs each group, the number of speakers given and estimated."""
    before = by_group(clean)
    return {
        name: {side: 100 * (row[side]["confusion"] - before[name][side]["confusion"]) for side in SIDES}
        for name, row in by_group(results).items()
    }


def plain(results: Sequence[Measured], clean: Sequence[Measured]) -> dict[str, Any]:
    """All of it, for JSON."""
    rows = [asdict(r) for r in results]
    for row, r in zip(rows, results, strict=True):
        for side in SIDES:
            of: Score = getattr(r, side)
            row[side] |= {"error_rate": of.error_rate, "confusion": of.confusion}
    return {"summary": by_group(results), "cost": costs(results, clean) if clean else None, "recordings": rows}
