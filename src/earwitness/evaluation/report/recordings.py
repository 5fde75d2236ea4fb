"""All recordings with their numbers, and what their transcripts warn of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earwitness.evaluation.measures import MEASURES
from earwitness.evaluation.report.marks import (
    NOTHING,
    Cell,
    Column,
    named,
    names,
    percent,
    scored,
    section,
    spoken,
    table,
)
from earwitness.evaluation.results import Evaluation, FileResult
from earwitness.exports.frame import count, escape

NAMES_SHOWN = 20
"""So many recordings are named beside a warning."""

_FAILED = ' <b class="worse">failed</b>'


@dataclass(frozen=True)
class _Field:
    """A column of the table of all recordings, and a recording's cell in it; none where it has nothing there."""

    column: Column
    cell: Callable[[FileResult], Cell | None]


def _share(measure: str) -> Callable[[FileResult], Cell | None]:
    """A measure's rate; without anything to get right there is none, however many errors there are."""

    def cell(file: FileResult) -> Cell | None:
        counts = MEASURES[measure].counts(file)
        return Cell(percent(counts[0] / counts[1]), counts[0] / counts[1]) if counts and counts[1] else None

    return cell


def _number(value: Callable[[FileResult], float | None], form: str = ",.0f") -> Callable[[FileResult], Cell | None]:
    def cell(file: FileResult) -> Cell | None:
        number = value(file)
        return None if number is None else Cell(format(number, form), number)

    return cell


def _words_of(file: FileResult, name: str) -> float | None:
    return getattr(file.scores.words, name) if file.scores.words else None


def _speakers(file: FileResult) -> Cell | None:
    found = file.scores.diarization
    counts = (found.reference_speakers, found.hypothesis_speakers) if found else file.speaker_count
    if counts is None:
        return None
    there_are, heard = counts
    kind = "" if heard == there_are else ' class="worse"'
    return Cell(f"<span{kind}>{heard} for {there_are}</span>", heard - there_are)


def _factor(file: FileResult) -> float | None:
    counts = MEASURES["real_time_factor"].counts(file)
    return counts[0] / counts[1] if counts and counts[1] else None


_FIELDS = (
    _Field(Column("length"), lambda file: Cell(spoken(file.duration_s), file.duration_s)),
    _Field(Column("WER", "word error rate"), _share("wer")),
    _Field(Column("words", "in the reference"), _number(lambda file: _words_of(file, "reference_length"))),
    _Field(Column("S", "words substituted"), _number(lambda file: _words_of(file, "substitutions"))),
    _Field(Column("D", "words left out"), _number(lambda file: _words_of(file, "deletions"))),
    _Field(Column("I", "words put in"), _number(lambda file: _words_of(file, "insertions"))),
    _Field(Column("CER", "character error rate"), _share("cer")),
    _Field(Column("cpWER", "word errors with speakers"), _share("cpwer")),
    _Field(Column("right speaker", "aligned words with the right speaker"), _share("speaker_accuracy")),
    _Field(Column("DER", "diarization error rate"), _share("der")),
    _Field(Column("missed", "missed speech"), _share("missed")),
    _Field(Column("false alarm", "speech where there is none"), _share("false_alarm")),
    _Field(Column("confusion", "speech of the wrong speaker"), _share("confusion")),
    _Field(Column("speakers", "found for those there are"), _speakers),
    _Field(Column("RTF", "real-time factor: seconds of work by seconds of audio"), _number(_factor, ".3f")),
    _Field(
        Column("dropped", "speech that has no words in the transcript"),
        lambda file: Cell(spoken(file.dropped_s), file.dropped_s) if file.dropped_s else None,
    ),
    _Field(Column("warnings"), _number(lambda file: len(file.warnings) or None)),
)


def recordings(evaluation: Evaluation) -> str:
    """All recordings with their numbers, the worst first; columns that nobody has are left out."""
    if not evaluation.files:
        return ""
    done = scored(evaluation.files)
    used = [field for field in _FIELDS if any(field.cell(file) for file in done)]
    grouped = len({file.group for file in evaluation.files}) > 1
    columns = (
        Column("recording"),
        *((Column("group", text=True),) if grouped else ()),
        *(field.column for field in used),
    )
    ordered = sorted(done, key=lambda file: (-_badness(file), file.file))
    failed = [file for file in evaluation.files if file.error]
    rows = [
        (
            Cell(f"{named(file.file)}{_FAILED if file.error else ''}"),
            *((Cell(named(file.group)),) if grouped else ()),
            *((None if file.error else field.cell(file)) or Cell(NOTHING) for field in used),
        )
        for file in (*ordered, *failed)
    ]
    numbers = table("All recordings", columns, rows, sortable=True)
    return section("recordings", "All recordings", f'<div class="bleed">{numbers}</div>')


def _badness(file: FileResult) -> float:
    for measure in ("wer", "der"):
        counts = MEASURES[measure].counts(file)
        if counts:
            return counts[0] / max(1.0, counts[1])
    return -1.0


def warnings(evaluation: Evaluation) -> str:
    """What the transcripts warn of, each warning once with the recordings that have it."""
    told: dict[str, list[str]] = {}
    for file in scored(evaluation.files):
        for warning in dict.fromkeys(file.warnings):
            told.setdefault(warning, []).append(file.file)
    listed = "".join(
        f'<li>{escape(warning)} <span class="aside">{count(len(files), "recording")}: '
        f"{names(files, NAMES_SHOWN)}</span></li>"
        for warning, files in sorted(told.items(), key=lambda item: -len(item[1]))
    )
    return section("warnings", "Warnings of the transcripts", f'<ul class="told">{listed}</ul>' if listed else "")
