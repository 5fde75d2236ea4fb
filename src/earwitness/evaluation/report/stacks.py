"""Plots of errors by kind: a bar for each group with its interval, and one for each of the worst recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earwitness.evaluation import plots
from earwitness.evaluation.report.marks import figure, legend, percent
from earwitness.evaluation.results import Evaluation, FileResult

BARS_SHOWN = 40
"""A plot of more recordings cannot be read; the table has them all."""

_LINES = "<p>The lines across the bars are 95&nbsp;% intervals of the whole.</p>"

INKS = ("substitution", "deletion", "insertion")
"""The colours of errors, wherever they are shown. Confused, missed and false speech have those of substituted, left out
and inserted words, which are the same errors."""


@dataclass(frozen=True)
class Errors:
    """A recording's errors by kind, and of how much: words, or seconds. `length` is not 0."""

    file: FileResult
    parts: tuple[float, float, float]
    length: float


@dataclass(frozen=True)
class Chart:
    """What the plots of one measure say. `said` writes a number of errors."""

    measure: str
    by_group: str
    by_file: str
    axis: str
    kinds: tuple[str, str, str]
    said: Callable[[float], str]


def charts(chart: Chart, evaluation: Evaluation, errors: Sequence[Errors]) -> str:
    """Both plots of a measure, for recordings in their order; without groups one, without recordings none."""
    if not errors:
        return ""
    kinds = _kinds(chart, errors)
    by_group = ""
    if len(evaluation.groups) > 1:
        rows = _group_rows(chart, evaluation, errors)
        note = (
            "<p>The lines across the bars are 95 % intervals of the whole.</p>"
            if any(row.interval for row in rows)
            else ""
        )
        drawn = both(f"{chart.measure}-groups", chart.by_group, rows, INKS, chart.axis)
        by_group = figure(chart.by_group, drawn, kinds, note)
    rows = [plots.Bar(of.file.file, _shares([of])) for of in errors[:BARS_SHOWN]]
    drawn = both(f"{chart.measure}-files", chart.by_file, rows, INKS, chart.axis)
    return by_group + figure(chart.by_file, drawn, kinds, _left_out(len(errors)))


def both(
    key: str, title: str, rows: Sequence[plots.Bar], inks: Sequence[str], axis: str, *, percent: bool = True
) -> tuple[str, str]:
    """A plot for a desk and one for a telephone."""
    wide, narrow = (
        plots.bars(f"{key}-{size}", title, rows, inks, axis, percent=percent, narrow=size == "narrow")
        for size in ("wide", "narrow")
    )
    return wide, narrow


def _group_rows(chart: Chart, evaluation: Evaluation, errors: Sequence[Errors]) -> list[plots.Bar]:
    rows = []
    for group, totals in evaluation.groups.items():
        total = totals.get(chart.measure)
        if found := [of for of in errors if of.file.group == group]:
            interval = (total.low, total.high) if total and total.files > 1 else None
            rows.append(plots.Bar(group, _shares(found), interval))
    return rows


def _sums(errors: Sequence[Errors]) -> list[float]:
    return [sum(parts) for parts in zip(*(of.parts for of in errors), strict=True)]


def _shares(errors: Sequence[Errors]) -> tuple[float, ...]:
    length = sum(of.length for of in errors)
    return tuple(part / length for part in _sums(errors))


def _kinds(chart: Chart, errors: Sequence[Errors]) -> str:
    return legend(
        (ink, f"{kind} {chart.said(part)} ({percent(share)})")
        for ink, kind, part, share in zip(INKS, chart.kinds, _sums(errors), _shares(errors), strict=True)
    )


def _left_out(number: int) -> str:
    if number <= BARS_SHOWN:
        return ""
    return f'<p>The {BARS_SHOWN} worst of {number:,} recordings; <a href="#recordings">the table</a> has all.</p>'
