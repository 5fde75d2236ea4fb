"""What changed since another evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.evaluation.measures import MEASURES
from earwitness.evaluation.report.marks import Cell, Column, folded, names, number, section, table, when
from earwitness.evaluation.results import Comparison, Difference
from earwitness.evaluation.wording import p_value, signed, verdict
from earwitness.exports.frame import escape

NAMES_SHOWN = 20
"""So many recordings are named on each side; evaluation.json has the others."""

_CLASSES = {"better": "better", "worse": "worse", "may be chance": "chance", "the same": "chance"}
_CHART_WIDTH, _CHART_HEIGHT = 120, 16


def changes(comparison: Comparison | None) -> str:
    """A row a measure with its difference, interval and p value; then the recordings behind it."""
    if comparison is None:
        return ""
    differences = comparison.differences
    widest = max(
        (max(abs(found.low), abs(found.high)) for found in differences if MEASURES[found.measure].percent), default=0.0
    )
    columns = (
        Column("measure"), Column("then"), Column("now"),
        Column("change", "now less then; percentages in percentage points"),
        Column("95 % interval", "paired bootstrap over the recordings that both have"),
        Column("less | more", "the change and its interval about zero", text=True),
        Column("p", "how often a change of this size comes by chance, two-sided"),
        Column("verdict", text=True), Column("better"), Column("worse"),
        Column("of", "recordings that both have"),
    )  # fmt: skip
    rows = [_row(found, widest) for found in differences]
    behind = "".join(_behind(found) for found in differences if found.better or found.worse)
    return section(
        "changes",
        "What changed",
        f'<p class="note">Compared with {_dated(comparison.old)}, over the recordings that both have. Changes of '
        "percentages are in percentage points.</p>",
        table("What changed", columns, rows) if rows else "",
        folded("Which recordings got better, and which worse", behind) if behind else "",
        _only("then", comparison.only_old),
        _only("now", comparison.only_new),
    )


def _dated(evaluation: str) -> str:
    """The name of an evaluation and when it was made."""
    name, comma, made = evaluation.rpartition(", ")
    return f"<bdi>{escape(name)}</bdi>{comma}{escape(when(made))}"


def _row(found: Difference, widest: float) -> tuple[Cell, ...]:
    said, measure = verdict(found), found.measure
    return (
        Cell(MEASURES[measure].title),
        Cell(number(measure, found.old)),
        Cell(number(measure, found.new)),
        Cell(signed(measure, found.new - found.old)),
        Cell(f"{signed(measure, found.low)} to {signed(measure, found.high)}"),
        Cell(_chart(found, widest, _CLASSES[said]) if MEASURES[measure].percent and widest else ""),
        Cell(escape(p_value(found.p_value))),
        Cell(f'<span class="{_CLASSES[said]}">{said}</span>'),
        *(Cell(f"{number:,}") for number in (len(found.better), len(found.worse), found.files)),
    )


def _chart(found: Difference, widest: float, kind: str) -> str:
    """A point with its interval about a line at zero; all rows have the same scale."""
    low, new, high = (
        _CHART_WIDTH / 2 + 0.46 * _CHART_WIDTH * max(-1.0, min(1.0, change / widest))
        for change in (found.low, found.new - found.old, found.high)
    )
    middle = _CHART_HEIGHT / 2
    return (
        f'<svg class="change {kind}" aria-hidden="true" viewBox="0 0 {_CHART_WIDTH} {_CHART_HEIGHT}" '
        f'width="{_CHART_WIDTH}" height="{_CHART_HEIGHT}">'
        f'<path class="zero" d="M{_CHART_WIDTH / 2:g} 0V{_CHART_HEIGHT}"/>'
        f'<path class="interval" d="M{low:.1f} {middle:g}H{high:.1f}"/>'
        f'<circle cx="{new:.1f}" cy="{middle:g}" r="3.5"/></svg>'
    )


def _behind(found: Difference) -> str:
    sides = (("better", found.better), ("worse", found.worse))
    listed = "".join(
        f'<dd><b class="{side}">{side} in {len(files):,}</b>: {names(files, NAMES_SHOWN)}</dd>'
        for side, files in sides
        if files
    )
    return f'<dl class="sides"><dt>{MEASURES[found.measure].title}</dt>{listed}</dl>'


def _only(side: str, files: Sequence[str]) -> str:
    return f'<p class="note">Scored only {side}: {names(files, NAMES_SHOWN)}</p>' if files else ""
