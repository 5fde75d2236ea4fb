"""The pieces that the report is put together from: sections, tables, figures with their legends, clocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from earwitness.evaluation import wording
from earwitness.evaluation.results import FileResult
from earwitness.exports.frame import escape
from earwitness.units import short_clock

_NO_BREAK = "\u00a0"

NOTHING = '<span class="none">–</span>'


@dataclass(frozen=True)
class Column:
    """A column of a table; `hint` says what its title means, where that is short."""

    title: str
    hint: str = ""
    text: bool = False


@dataclass(frozen=True)
class Cell:
    """What a cell shows, as HTML, and the number to sort it by."""

    shown: str
    value: float | None = None


def section(key: str, title: str, *parts: str) -> str:
    """A section of the page; none where it has no parts."""
    inside = "\n".join(part for part in parts if part)
    return (
        inside
        and f'<section id="{key}" aria-labelledby="{key}-t">\n<h2 id="{key}-t">{title}</h2>\n{inside}\n</section>'
    )


def table(
    title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell | str]], *, sortable: bool = False
) -> str:
    """A table in a box of its own, which scrolls where the page is too narrow for it.

    Args:
        title: read to those who cannot see the table's place.
        columns: the first holds the rows' names.
        rows: cells, or text that is not HTML yet.
        sortable: whether a click on a column's title sorts by it.
    """
    head = "".join(map(_head, columns, range(len(columns))))
    body = "\n".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(title)}">'
        f"<table{' class=sortable' if sortable else ''}><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(column: Column, place: int) -> str:
    hint = f' title="{escape(column.hint)}"' if column.hint else ""
    return f'<th scope="col"{_kind(column) if place else ""}{hint}>{escape(column.title)}</th>'


def _kind(column: Column) -> str:
    return "" if column.text else ' class="n"'


def _cells(columns: Sequence[Column], row: Sequence[Cell | str]) -> str:
    return "".join(_cell(column, cell, place) for place, (column, cell) in enumerate(zip(columns, row, strict=True)))


def _cell(column: Column, cell: Cell | str, place: int) -> str:
    shown, value = (cell.shown, cell.value) if isinstance(cell, Cell) else (escape(cell), None)
    sorts = f' data-v="{value:.6g}"' if value is not None else ""
    if place == 0:
        return f'<th scope="row"{sorts}>{shown}</th>'
    return f"<td{_kind(column)}{sorts}>{shown}</td>"


def named(name: str) -> str:
    """A name that may be written from right to left without reordering what stands beside it."""
    return f"<bdi>{escape(name)}</bdi>"


def names(all_of: Sequence[str], shown: int) -> str:
    """Names, the first of them where they are many.

    >>> names(["a.mp3", "b.mp3", "c.mp3"], 2)
    '<bdi>a.mp3</bdi>, <bdi>b.mp3</bdi> and 1 more'
    """
    more = f" and {len(all_of) - shown:,} more" if len(all_of) > shown else ""
    return ", ".join(map(named, all_of[:shown])) + more


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Colours and what they stand for: a CSS variable without its dashes, and HTML."""
    items = "".join(f"<li>{swatch(ink)}{said}</li>" for ink, said in entries)
    return f'<ul class="legend">{items}</ul>'


def swatch(ink: str) -> str:
    return f'<svg class="swatch" aria-hidden="true" viewBox="0 0 1 1"><path d="M0 0H1V1H0z" fill="var(--{ink})"/></svg>'


def figure(title: str, plots: Sequence[str], *beside: str) -> str:
    """A plot under its title, drawn for a desk and for a telephone or small enough for both, and what is beside it."""
    kinds = ("plot",) if len(plots) == 1 else ("plot wide", "plot narrow")
    drawn = "".join(f'<div class="{kind}">{plot}</div>' for kind, plot in zip(kinds, plots, strict=True))
    small = ' class="small"' if len(plots) == 1 else ""
    return f"<figure{small}><h3>{title}</h3>{drawn}<figcaption>{''.join(beside)}</figcaption></figure>"


def folded(summary: str, inside: str, *, unfolded: bool = False) -> str:
    return f"<details{' open' if unfolded else ''}><summary>{summary}</summary>{inside}</details>"


def spoken(seconds: float) -> str:
    """A length of time: `1:02`, and below a minute `4.2 s`.

    >>> spoken(62.4), spoken(4.21)
    ('1:02', '4.2 s')
    """
    return short_clock(seconds) if seconds >= 60 else f"{seconds:.1f} s"


def when(made: str) -> str:
    """A time as people write it; what is no time stays as it is.

    >>> when("2026-11-24T10:12:09+00:00"), when("yesterday")
    ('2026-11-24 10:12 UTC', 'yesterday')
    """
    try:
        time = datetime.fromisoformat(made)
    except ValueError:
        return made
    zone = f" {time.tzname()}" if time.tzinfo else ""
    return f"{time:%Y-%m-%d %H:%M}{zone}" if "T" in made or ":" in made else f"{time:%Y-%m-%d}"


def percent(share: float, digits: int = 1) -> str:
    """A share in percent; no line ends before the sign."""
    return wording.percent(share, digits).replace(" ", _NO_BREAK)


def number(measure: str, value: float) -> str:
    """The value of one of `measures.MEASURES`; no line ends in it."""
    return wording.number(measure, value).replace(" ", _NO_BREAK)


def scored(files: Iterable[FileResult]) -> list[FileResult]:
    return [file for file in files if not file.error]
