"""Results for the eye."""

from __future__ import annotations

from collections.abc import Sequence

from results import PARTS, SIDES, Measured, Score, by_group, costs, summary

MEANS = ("talks", "minutes", "given: confusion", "worst", "DER", "estimated: confusion", "worst", "DER",
         "count right", "error", "too many")  # fmt: skip
COSTS = ("cost in points: given", "estimated")
GUESTS = ("guest found: given", "estimated")
FILES = ("speakers", "given: DER", "missed", "false", "confused", "found", "estimated: DER", "missed", "false",
         "confused")  # fmt: skip


def print_means(title: str, results: Sequence[Measured], clean: Sequence[Measured]) -> None:
    """Of a set in a condition; and what the condition costs, where it is known how the set does without it.

    "error" is by how many voices too many are found, and "too many" the share of recordings in which there are any.
    """
    with_guests = any(r.given.guest_heard is not None for r in results)
    columns = (*MEANS, *(COSTS if clean else ()), *(GUESTS if with_guests else ()))
    cost = costs(results, clean) if clean else {}
    print(f"\n{title}")
    _print_line("", columns, columns)
    for name, row in by_group(results).items():
        cells = [str(row["recordings"]), f"{row['minutes']:.1f}"]
        for side in SIDES:
            cells += [f"{row[side]['confusion']:.2%}", f"{row[side]['confusion_worst']:.1%}"]
            cells += [f"{row[side]['error_rate']:.1%}"]
        cells += [f"{row['count_right']:.0%}", f"{row['count_error']:+.2f}", f"{row['too_many']:.0%}"]
        if clean:
            cells += [f"{cost[name][side]:+.2f}" for side in SIDES]
        if with_guests:
            cells += [f"{row[side]['guest_found']:.0%}" for side in SIDES]
        _print_line(name, cells, columns)


def print_files(results: Sequence[Measured]) -> None:
    """Every recording: what is wrong, as shares of its speaker time. The last lines are the rates of all together."""
    _print_line("", FILES, FILES)
    for r in results:
        cells = [str(r.speakers), *_parts(r.given), str(r.estimated.found), *_parts(r.estimated)]
        _print_line(r.name, cells, FILES)
    for side in SIDES:
        pooled = summary(results)[side]["pooled"]
        parts = ", ".join(f"{pooled[part]:.2%} {part.replace('_', ' ')}" for part in PARTS)
        print(f"  all speaker time, count {side}: DER {pooled['error_rate']:.2%} ({parts})")


def _parts(of: Score) -> list[str]:
    seconds = (of.missed_s, of.false_alarm_s, of.confusion_s)
    return [f"{of.error_rate:.1%}", *(f"{part_s / max(1e-9, of.total_s):.1%}" for part_s in seconds)]


def _print_line(name: str, cells: Sequence[str], columns: Sequence[str]) -> None:
    print(f"  {name:24}" + "".join(f"  {cell:>{len(column)}}" for cell, column in zip(cells, columns, strict=True)))
