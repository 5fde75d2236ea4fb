"""Speakers: what the diarization errors are made of, and a timeline of every recording."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.evaluation.report.marks import folded, legend, named, percent, scored, section, spoken
from earwitness.evaluation.report.stacks import INKS, Chart, Errors, charts
from earwitness.evaluation.report.timelines import timeline
from earwitness.evaluation.results import DiarizationErrorRate, Evaluation, FileResult
from earwitness.exports.frame import count

TIMELINES_SHOWN = 100
"""Those of the recordings with most errors; each has thousands of turns at worst."""

KINDS = ("wrong speaker (confusion)", "missed speech", "false alarm")

_CHART = Chart(
    measure="der",
    by_group="Diarization errors by group",
    by_file="Diarization error rate by recording",
    axis="errors by speaker time in the reference (%)",
    kinds=KINDS,
    said=spoken,
)

Voices = list[tuple[FileResult, DiarizationErrorRate]]


def voices(evaluation: Evaluation) -> str:
    """Plots of errors by group and by recording, and who speaks when."""
    found = [(file, file.scores.diarization) for file in scored(evaluation.files) if file.scores.diarization]
    rated = sorted(found, key=lambda pair: (-pair[1].rate, pair[0].file))
    errors = [
        Errors(file, (rate.confusion_s, rate.missed_s, rate.false_alarm_s), rate.total_s)
        for file, rate in rated
        if rate.total_s
    ]
    drawn = [(file, rate) for file, rate in rated if file.reference_turns or file.hypothesis_turns]
    return section(
        "voices",
        "Speakers",
        charts(_CHART, evaluation, errors),
        _timelines(drawn) if drawn else "",
        _renamed(evaluation),
    )


def _timelines(drawn: Voices) -> str:
    shown = drawn[:TIMELINES_SHOWN]
    listed = "\n".join(
        folded(_summary(file, rate), timeline(file, rate), unfolded=place == 0)
        for place, (file, rate) in enumerate(shown)
    )
    rest = len(drawn) - len(shown)
    note = f'<p class="note">The timelines of {count(rest, "more recording")} with fewer errors are left out.</p>'
    return (
        '<div class="timelines"><h3>Who speaks when</h3><p class="note">A speaker of the transcript has the colour of '
        "the one in the reference whom they are matched with; grey is matched with nobody.</p>"
        f"{legend(zip(INKS, KINDS, strict=True))}{listed}{note if rest else ''}</div>"
    )


def _renamed(evaluation: Evaluation) -> str:
    """Names that both sides use for different people: those words are wrong to a reader, though no rate counts them."""
    listed = "".join(
        f"<li>{named(file.file)}: {_exchanged(found.renamed)}</li>"
        for file in scored(evaluation.files)
        if (found := file.scores.speaker_accuracy) and found.renamed
    )
    return f'<h3>Names exchanged</h3><ul class="told">{listed}</ul>' if listed else ""


def _exchanged(renamed: Mapping[str, str]) -> str:
    return ", ".join(f"{named(was)} is called {named(name)}" for name, was in renamed.items())


def _summary(file: FileResult, rate: DiarizationErrorRate) -> str:
    speakers = f"{rate.hypothesis_speakers} for {count(rate.reference_speakers, 'speaker')}"
    return f'{named(file.file)} <span class="aside">DER {percent(rate.rate)}, {speakers}</span>'
