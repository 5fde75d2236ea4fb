"""A benchmark as a picture: minutes of work for an hour of audio, by stage, with every run as a point."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from earwitness.evaluation.bench import Benchmark, Side
from earwitness.extras import require

MINUTES_PER_HOUR = 60
SHOWN_SHARE = 0.002
"""Smaller parts would be a line without a width and a name in the legend."""
LABEL_SHARE = 0.1
"""Narrower parts have no room for their name and are only in the legend."""
WHOLE = "recognition"
"""The one part of a side whose stages cannot be seen."""
COLOURS = {
    "source": "#bab0ac", "audio": "#4e79a7", "regions": "#76b7b2", "words": "#f28e2b", "speakers": "#59a14f",
    "segments": "#edc948", "chapters": "#b07aa1", "summary": "#ff9da7", "exports": "#9c755f", "rest": "#d7d2cf",
    WHOLE: "#a0a4aa",
}  # fmt: skip


def plot(result: Benchmark) -> bytes:
    """The SVG of a result: a bar a side, its stages end to end; a whisker from the quickest to the slowest run.

    The same result gives the same bytes.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    matplotlib = require("matplotlib")
    figures = require("matplotlib.figure")
    with matplotlib.rc_context({"svg.hashsalt": "earwitness", "font.size": 10}):
        figure = figures.Figure(figsize=(9, 1.9 + 0.9 * len(result.sides)), layout="constrained")
        axes = figure.subplots()
        scale = MINUTES_PER_HOUR / result.duration_s
        for row, side in enumerate(result.sides):
            _bar(axes, row, side, scale)
        _frame(axes, result)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _parts(side: Side) -> Iterator[tuple[str, float]]:
    stages = {name: taken.median for name, taken in side.stages.items()} or {WHOLE: side.elapsed_s.median}
    stages = {name: seconds for name, seconds in stages.items() if seconds >= SHOWN_SHARE * side.elapsed_s.median}
    # Medians of parts need not sum to the median of the whole; the bar is as long as that is.
    total = sum(stages.values())
    for name, seconds in stages.items():
        yield name, seconds * side.elapsed_s.median / total


def _bar(axes: Any, row: int, side: Side, scale: float) -> None:
    left = 0.0
    for name, seconds in _parts(side):
        width = seconds * scale
        axes.barh(row, width, left=left, height=0.5, color=COLOURS.get(name, "#888888"), label=name)
        if seconds > LABEL_SHARE * side.elapsed_s.high:
            axes.text(left + width / 2, row, name, ha="center", va="center", fontsize=9)
        left += width
    low, middle, high = (value * scale for value in (side.elapsed_s.low, side.elapsed_s.median, side.elapsed_s.high))
    axes.errorbar(middle, row, xerr=[[middle - low], [high - middle]], color="#222222", capsize=5, linewidth=1.2)
    points = [run.elapsed_s * scale for run in side.runs]
    axes.plot(points, [row + 0.34] * len(points), "o", color="#222222", markersize=3.5, alpha=0.7)
    said = f"{side.hours_per_hour.median:.1f} hours an hour"
    axes.annotate(said, (high, row), xytext=(10, 0), textcoords="offset points", va="center", fontsize=9)


def _frame(axes: Any, result: Benchmark) -> None:
    slowest = max(side.elapsed_s.high for side in result.sides) * MINUTES_PER_HOUR / result.duration_s
    axes.set_xlim(0, slowest * 1.25)
    axes.set_ylim(len(result.sides) - 0.45, -0.55)
    axes.set_yticks(range(len(result.sides)), [side.name for side in result.sides])
    axes.set_xlabel("minutes of work for an hour of audio (model loading apart)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_title(result), fontsize=10, loc="left")
    handles = {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    axes.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.45, -0.32), ncols=6,
                frameon=False, fontsize=8)  # fmt: skip


def _title(result: Benchmark) -> str:
    names = result.recordings[0].name if len(result.recordings) == 1 else f"{len(result.recordings)} recordings"
    count = len(result.sides[0].runs)
    first = f"{names}, {result.duration_s / 60:.1f} min, on {result.machine.processor}, {result.machine.cores} cores"
    second = f"bar: median of {count} {'run' if count == 1 else 'runs'}; points: each run"
    if (ratio := result.speedup) is not None:
        ours, theirs = result.sides
        second += (
            f"; {ours.name} is {ratio.median:.2f} times as fast as {theirs.name} ({ratio.low:.2f} to {ratio.high:.2f})"
        )
    return f"{first}\n{second}"
