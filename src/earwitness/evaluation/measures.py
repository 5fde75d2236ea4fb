"""The measures that totals are made of: what counts as an error in each, and as something to get right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from earwitness.evaluation import bootstrap
from earwitness.evaluation.results import (
    ChapterScore,
    DiarizationErrorRate,
    ErrorRate,
    FileResult,
    Interval,
    SpeakerAccuracy,
    SpeakerWordErrorRate,
)

Counted = tuple[float, float] | None
"""Errors and units of one recording, or none where it cannot be measured."""


@dataclass(frozen=True)
class Measure:
    """A pooled rate. `counts` gives a recording's part of it; with `more_is_better` it counts successes, not errors."""

    title: str
    counts: Callable[[FileResult], Counted]
    more_is_better: bool = False
    percent: bool = True
    """Whether people read it as a percentage."""


def _words(rate: ErrorRate | SpeakerWordErrorRate | None) -> Counted:
    return (rate.errors, rate.reference_length) if rate else None


def _speech(file: FileResult, errors_s: Callable[[DiarizationErrorRate], float]) -> Counted:
    found = file.scores.diarization
    return (errors_s(found), found.total_s) if found else None


def _jaccard(file: FileResult) -> Counted:
    found = file.scores.jaccard
    return (found.rate * found.speakers, found.speakers) if found else None


def _attributed(file: FileResult, counts: Callable[[SpeakerAccuracy], tuple[float, float]]) -> Counted:
    found = file.scores.speaker_accuracy
    return counts(found) if found else None


def _count_right(file: FileResult) -> Counted:
    if found := file.scores.diarization:
        return float(found.speaker_count_error == 0), 1
    return (float(file.speaker_count[0] == file.speaker_count[1]), 1) if file.speaker_count else None


def _chapters(file: FileResult, rate: Callable[[ChapterScore], float]) -> Counted:
    found = file.scores.chapters
    return (rate(found) * found.places, found.places) if found else None


def _work(file: FileResult) -> Counted:
    """The stages' own times: those of a stage that an earlier run finished count, as if it had been done now."""
    return (sum(file.timings.values()), file.duration_s) if file.timings and file.duration_s else None


MEASURES: dict[str, Measure] = {
    "wer": Measure("WER", lambda file: _words(file.scores.words)),
    "cer": Measure("CER", lambda file: _words(file.scores.characters)),
    "der": Measure("DER", lambda file: _speech(file, lambda d: d.missed_s + d.false_alarm_s + d.confusion_s)),
    "missed": Measure("missed", lambda file: _speech(file, lambda d: d.missed_s)),
    "false_alarm": Measure("false alarm", lambda file: _speech(file, lambda d: d.false_alarm_s)),
    "confusion": Measure("confusion", lambda file: _speech(file, lambda d: d.confusion_s)),
    "jer": Measure("JER", _jaccard),
    "cpwer": Measure("cpWER", lambda file: _words(file.scores.speaker_words)),
    "speaker_accuracy": Measure("right speaker", lambda file: _attributed(file, lambda a: (a.correct, a.words)), True),
    "near_change_accuracy": Measure(
        "near a change", lambda file: _attributed(file, lambda a: (a.near_correct, a.near_words)), True
    ),
    "speaker_count_right": Measure("speaker count right", _count_right, True),
    "pk": Measure("chapters, Pk", lambda file: _chapters(file, lambda c: c.pk)),
    "window_diff": Measure("chapters, WindowDiff", lambda file: _chapters(file, lambda c: c.window_diff)),
    "real_time_factor": Measure("real-time factor", _work, percent=False),
}


def totals(files: Iterable[FileResult]) -> dict[str, Interval]:
    """The measures that at least one recording allows, weighted by length; recordings that failed do not count."""
    done = [file for file in files if not file.error]
    found: dict[str, Interval] = {}
    for name, measure in MEASURES.items():
        counts = [counted for file in done if (counted := measure.counts(file)) is not None]
        if spread := bootstrap.interval(counts):
            found[name] = Interval(*spread, files=len(counts), confidence=bootstrap.CONFIDENCE)
    return found


def by_group(files: Sequence[FileResult]) -> Mapping[str, Mapping[str, Interval]]:
    """`totals` of each group that has results, in the order in which they come."""
    groups = {group: totals(file for file in files if file.group == group) for group in _groups(files)}
    return {group: found for group, found in groups.items() if found}


def _groups(files: Sequence[FileResult]) -> list[str]:
    return list(dict.fromkeys(file.group for file in files))
