"""Speed: what the stages took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earwitness.evaluation import plots
from earwitness.evaluation.report.marks import Cell, Column, figure, percent, scored, section, swatch, table
from earwitness.evaluation.report.stacks import both
from earwitness.evaluation.results import Evaluation, FileResult
from earwitness.exports.frame import escape

STAGES = ("audio", "regions", "sounds", "words", "speakers", "segments", "chapters", "summary")
"""In the order of the pipeline; a stage that came from a checkpoint is timed before those it was made from."""

STAGE_COLOURS = 6
"""Stages that take most have a colour each; the last is for the others together."""


@dataclass(frozen=True)
class _Work:
    """What the stages of some recordings took, by the recordings' length."""

    name: str
    audio_s: float
    stages: dict[str, float]


def speed(evaluation: Evaluation) -> str:
    """The real-time factor by stage, for all and for each group."""
    timed = [file for file in scored(evaluation.files) if file.timings and file.duration_s]
    if not timed:
        return ""
    groups = dict.fromkeys(file.group for file in timed)
    everything, works = _work("all", timed), []
    if len(groups) > 1:
        works = [_work(group, [file for file in timed if file.group == group]) for group in groups]
    inks = _inks(everything)
    rows = [plots.Bar(work.name, _parts(work, inks)) for work in (everything, *works)]
    title = "Real-time factor by stage"
    axis = "seconds of work by seconds of audio"
    return section(
        "speed",
        "Speed",
        figure(
            title,
            both("speed", title, rows, sorted(set(inks.values())), axis, percent=False),
            _stages(everything, inks),
            "<p>What came from checkpoints counts with the time it took when it was made.</p>",
        ),
    )


def _work(name: str, files: Sequence[FileResult]) -> _Work:
    stages = dict.fromkeys(STAGES, 0.0)
    for file in files:
        for stage, seconds in file.timings.items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    made = {stage: seconds for stage, seconds in stages.items() if seconds}
    return _Work(name, sum(file.duration_s for file in files), made)


def _inks(work: _Work) -> dict[str, str]:
    """Stage -> its colour, in the order of the pipeline; those that take least share the last."""
    most = sorted(work.stages, key=lambda stage: -work.stages[stage])
    if len(most) > STAGE_COLOURS:
        most = most[: STAGE_COLOURS - 1]
    own = [stage for stage in work.stages if stage in most]
    return {stage: f"stage{own.index(stage) if stage in own else len(own)}" for stage in work.stages}


def _parts(work: _Work, inks: Mapping[str, str]) -> tuple[float, ...]:
    """Real-time factors by colour."""
    parts = dict.fromkeys(sorted(set(inks.values())), 0.0)
    for stage, ink in inks.items():
        parts[ink] += work.stages.get(stage, 0.0) / work.audio_s
    return tuple(parts.values())


def _stages(work: _Work, inks: Mapping[str, str]) -> str:
    columns = (Column("stage"), Column("seconds"), Column("of audio", "of the audio's length"))
    rows = [(f"{swatch(inks[stage])}{escape(stage)}", seconds) for stage, seconds in work.stages.items()]
    rows.append(("all", sum(work.stages.values())))
    shares = [percent(seconds / work.audio_s, 2) for _, seconds in rows]
    return table(
        "Time by stage",
        columns,
        [
            (Cell(name), Cell(f"{seconds:,.1f}"), Cell(share))
            for (name, seconds), share in zip(rows, shares, strict=True)
        ],
    )
