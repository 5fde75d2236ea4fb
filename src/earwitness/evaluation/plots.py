"""Plots for a page: matplotlib draws them, and what it draws becomes inline SVG in the page's own colours and font.

Colours are names of the page's CSS variables, so that a plot is light or dark with its page. Nothing in the SVG asks
for a style of its own, a font or a file, and the same values make the same bytes. One unit is one pixel of CSS.
"""

from __future__ import annotations

import html
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from earwitness.evaluation.results import Bin
from earwitness.exports.reading import clean
from earwitness.extras import require

WIDE_PX, NARROW_PX = 720, 350
"""A plot beside its legend on a desk, and one on a telephone."""
MAX_SHARE = 1.5
"""Bars of percentages end here, with the number beside them: one of 2000 % would flatten all others."""
FEW_WORDS = 30
"""Points that stand for fewer words are hollow."""

_ROW_PX, _NARROW_ROW_PX = 24, 42
_LABEL_PX, _CHARACTER_PX = 272, 7.4
_VALUE_PX, _AXIS_PX, _TOP_PX = 66, 46, 4
_POINTS_PER_INCH = 72

_INKS = (
    "ink", "muted", "line", "paper", "substitution", "deletion", "insertion",
    "stage0", "stage1", "stage2", "stage3", "stage4", "stage5",
)  # fmt: skip
_SENTINELS = {name: f"#0000{number:02x}" for number, name in enumerate(_INKS, 1)}
"""Colours that only stand for others until the drawing is done."""
_VARIABLES = {sentinel: f"var(--{name})" for name, sentinel in _SENTINELS.items()}


@dataclass(frozen=True)
class Bar:
    """A row: its label, the lengths that it is stacked from, and the interval of their sum where there is one."""

    label: str
    parts: tuple[float, ...]
    interval: tuple[float, float] | None = None


def bars(
    key: str, title: str, rows: Sequence[Bar], inks: Sequence[str], axis: str, *, percent: bool = True, narrow: bool
) -> str:
    """Stacked horizontal bars, the first row on top, each with its sum.

    Args:
        key: begins the ids of this plot; no other plot of the page may have it.
        title: the accessible name.
        inks: a CSS variable for each part, without its dashes.
        axis: what is measured, with its unit.
        percent: whether lengths are shares, shown in percent; bars then end at 150 %.
        narrow: labels above the bars, for a telephone.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    width, row_px = (NARROW_PX, _NARROW_ROW_PX) if narrow else (WIDE_PX, _ROW_PX)
    left, height = (1 if narrow else _LABEL_PX), _TOP_PX + row_px * len(rows) + _AXIS_PX
    longest = max(max(sum(row.parts), (row.interval or (0.0, 0.0))[1]) for row in rows)
    limit = (min(longest, MAX_SHARE) if percent else longest) or 0.01

    def draw(figure: Any) -> None:
        axes = _axes(figure, left, _AXIS_PX, width - left - _VALUE_PX, row_px * len(rows))
        for place, row in enumerate(rows):
            _bar(axes, place, row, inks, limit, percent=percent, narrow=narrow)
        axes.set(xlim=(0, limit), ylim=(len(rows) - 0.5, -0.5), yticks=[], xlabel=axis)
        axes.xaxis.set_major_locator(require("matplotlib.ticker").MaxNLocator(4 if narrow else 6, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(_as_percent if percent else _as_number)
        axes.grid(axis="x")
        axes.axvline(0, color=_SENTINELS["muted"])

    return _drawn(key, title, width, height, draw)


def _bar(axes: Any, place: int, row: Bar, inks: Sequence[str], limit: float, *, percent: bool, narrow: bool) -> None:
    thickness, middle = (0.36, place + 0.22) if narrow else (0.62, place)
    total, at = sum(row.parts), 0.0
    for part, ink in zip(row.parts, inks, strict=True):
        shown = min(part, limit - at)
        if shown > 0:
            axes.barh(middle, shown, thickness, left=at, color=_SENTINELS[ink])
            at += shown
    end = at
    if row.interval:
        low, high = (min(bound, limit) for bound in row.interval)
        for ink, width in (("paper", 4.5), ("ink", 1.5)):  # the edge sets it off from dark bars
            axes.plot([low, high], [middle, middle], color=_SENTINELS[ink], linewidth=width)
            for bound in (low, high):
                axes.plot([bound, bound], [middle - 0.12, middle + 0.12], color=_SENTINELS[ink], linewidth=width)
        end = max(at, high)
    value = _as_percent(total, digits=1) if percent else f"{total:.3f}"
    at_end = {"xytext": (5, 0), "textcoords": "offset points", "va": "center_baseline"}
    axes.annotate(value, (end, middle), color=_SENTINELS["muted"], **at_end)
    if narrow:
        at_start = {"xytext": (4, 0), "textcoords": "offset points", "va": "center_baseline"}
        axes.annotate(_fitted(row.label, NARROW_PX), (0, place - 0.2), **at_start)
    else:
        before = {"xytext": (-8, 0), "textcoords": "offset points", "ha": "right", "va": "center_baseline"}
        axes.annotate(_fitted(row.label, _LABEL_PX - 8), (0, middle), **before)


def reliability(key: str, title: str, bins: Sequence[Bin]) -> str:
    """How often words of a probability are right, against that probability; below, how many words there are.

    Args:
        key, title: as `bars` has them.
        bins: those that have words; at least one.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    width, side, strip, left, bottom = NARROW_PX, 270, 64, 62, _AXIS_PX

    def draw(figure: Any) -> None:
        upper = _axes(figure, left, bottom + strip + 18, side, side)
        upper.plot([0, 1], [0, 1], color=_SENTINELS["muted"], linestyle=(0, (4, 3)))
        right = [found.correct / found.words for found in bins]
        upper.plot([found.probability for found in bins], right, color=_SENTINELS["deletion"], linewidth=1.5)
        for found, share in zip(bins, right, strict=True):
            face = _SENTINELS["deletion" if found.words >= FEW_WORDS else "paper"]
            edge = _SENTINELS["deletion"]
            upper.plot(found.probability, share, "o", markersize=8, markerfacecolor=face, markeredgecolor=edge)
        upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="words that are right (%)")
        lower = _axes(figure, left, bottom, side, strip)
        for found in bins:
            middle, thickness = (found.low + found.high) / 2, 0.9 * (found.high - found.low)
            lower.bar(middle, found.words, thickness, color=_SENTINELS["muted"])
        lower.set(xlim=(0, 1), ylim=(0, max(found.words for found in bins)), ylabel="words", xlabel="probability (%)")
        lower.yaxis.set_major_locator(require("matplotlib.ticker").MaxNLocator(2, integer=True))
        lower.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        for axes in (upper, lower):
            axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")
            axes.grid(axis="both")
        upper.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")

    return _drawn(key, title, width, side + strip + 18 + bottom + 10, draw)


def _as_percent(value: float, _: object = None, *, digits: int = 0) -> str:
    shown = f"{100 * value:,.{digits}f}" if digits else f"{100 * value:,g}"
    return f"{shown} %"


def _as_number(value: float, _: object = None) -> str:
    return f"{value:g}"


def _fitted(label: str, room_px: float) -> str:
    """A label that fits, its middle left out where it is too long: names of recordings differ at their ends."""
    label, room = clean(label), int(room_px / _CHARACTER_PX)
    if _columns(label) <= room:
        return label
    head, tail = "", ""
    while _columns(head) + _columns(tail) < room - 2:
        if _columns(head) <= _columns(tail):
            head = label[: len(head) + 1]
        else:
            tail = label[len(label) - len(tail) - 1 :]
    return f"{head}…{tail}"


def _columns(text: str) -> int:
    """The width in Latin letters."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _axes(figure: Any, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place in pixels from the lower left."""
    across, up = (_POINTS_PER_INCH * inches for inches in figure.get_size_inches())
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)
    axes.set_axisbelow(True)
    return axes


def _drawn(key: str, title: str, width_px: float, height_px: float, draw: Callable[[Any], None]) -> str:
    matplotlib, figures = require("matplotlib"), require("matplotlib.figure")
    content = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # Letters that matplotlib's own font lacks; the page's fonts draw them.
        warnings.filterwarnings("ignore", message="Glyph|.*font", category=UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        matplotlib.rcParams["svg.hashsalt"] = key
        figure = figures.Figure(figsize=(width_px / _POINTS_PER_INCH, height_px / _POINTS_PER_INCH))
        figure.patch.set_visible(False)
        draw(figure)
        figure.savefig(content, format="svg", metadata={"Date": None})
    drawing = fromstring(content.getvalue())  # noqa: S314 - drawn a line above, from text that matplotlib escapes
    inside = "".join(part for child in drawing for part in _slim(child, key))
    return (
        f'<svg role="img" aria-label="{html.escape(clean(title))}" viewBox="0 0 {width_px:g} {height_px:g}" '
        f'width="{width_px:g}" height="{height_px:g}">{inside}</svg>'
    )


_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 12,
    "text.color": _SENTINELS["ink"],
    "axes.labelcolor": _SENTINELS["muted"],
    "axes.labelpad": 6,
    "grid.color": _SENTINELS["line"],
    "grid.linewidth": 1,
    "xtick.labelcolor": _SENTINELS["muted"],
    "ytick.labelcolor": _SENTINELS["muted"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.unicode_minus": False,
}

_GEOMETRY = ("d", "x", "y", "transform")
_LOOKS = ("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def _slim(element: Element, key: str) -> Iterator[str]:
    """What shows of an element: its shape, its colours by name, its text; groups without a meaning are opened."""
    tag = element.tag.rpartition("}")[2]
    if tag in ("metadata", "style", "clipPath"):
        return
    inside = "".join(part for child in element for part in _slim(child, key))
    if tag in ("path", "use", "text"):
        said = html.escape(element.text or "", quote=False) if tag == "text" else ""
        looks = "".join(f' {name}="{value}"' for name, value in _attributes(element, key))
        yield f"<{tag}{looks}>{said}{inside}</{tag}>"
    elif tag == "defs":
        yield f"<defs>{inside}</defs>" if inside else ""
    else:
        yield inside


def _attributes(element: Element, key: str) -> Iterator[tuple[str, str]]:
    tag = element.tag.rpartition("}")[2]
    for name, value in element.attrib.items():
        name = name.rpartition("}")[2]
        if name == "href":
            yield name, f"#{key}-{value.removeprefix('#')}"
        elif name == "id" and tag == "path":
            yield name, f"{key}-{value}"
        elif name in _GEOMETRY and not value.startswith("rotate(-0 "):
            yield name, " ".join(_NUMBER.sub(_rounded, value).split())
        elif name == "style":
            looks = dict(look.split(": ", 1) for look in value.split("; ") if ": " in look)
            yield from ((look, _VARIABLES.get(looks[look], looks[look])) for look in _LOOKS if look in looks)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
