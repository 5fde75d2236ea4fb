"""What an evaluation and a comparison say, for people to read: tables, and a sentence where a table hides it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earwitness.cli import tables
from earwitness.evaluation.measures import MEASURES
from earwitness.evaluation.results import Comparison, Difference, Evaluation, FileResult, Interval
from earwitness.evaluation.wording import between, number, p_value, signed, verdict
from earwitness.exports.frame import count
from earwitness.units import short_clock
from earwitness.values import to_plain

GROUP_MEASURES = ("wer", "cer", "der", "jer", "cpwer")
"""What the table of groups has room for; the report has the others."""
SHORT_MEASURES = ("wer", "der", "cpwer")
VERDICTS = ("better", "worse", "may be chance", "the same")
NAMED = 3
"""So many recordings are named; the report has the others."""
FEWEST = 6
"""Of fewer recordings even the clearest change may be chance."""


def as_plain(evaluation: Evaluation, comparison: Comparison | None) -> dict[str, Any]:
    """What the tables say, for programs; evaluation.json has the recordings."""
    return {
        "name": evaluation.name,
        "normaliser": evaluation.normaliser,
        "options": dict(evaluation.options),
        "recordings": len(evaluation.files),
        "failed": [{"file": file.file, "error": file.error} for file in evaluation.files if file.error],
        "totals": to_plain(evaluation.totals),
        "groups": to_plain(evaluation.groups),
        "comparison": to_plain(comparison) if comparison else None,
    }


def in_short(file: FileResult) -> str:
    """A recording's main scores in a few words.

    >>> in_short(FileResult("a.mp3", "asr", error="a.mp3: no such file; check the path"))
    'failed'
    """
    if file.error:
        return "failed"
    counted = {name: MEASURES[name].counts(file) for name in SHORT_MEASURES}
    said = [f"{MEASURES[name].title} {number(name, of[0] / of[1])}" for name, of in counted.items() if of and of[1]]
    return ", ".join(said) or "nothing to score"


def print_evaluation(evaluation: Evaluation) -> None:
    """Totals with their intervals, the groups where there are several, and what else must be said."""
    columns = ("", "all", "95 % interval", "recordings")
    rows = [
        (MEASURES[name].title, number(name, total.value), _interval(name, total), str(total.files))
        for name, total in evaluation.totals.items()
    ]
    if rows:
        tables.print_table(columns, rows, right=columns[1:])
    if len(evaluation.groups) > 1:
        _print_groups(evaluation)
    for line in _remarks(evaluation):
        print(line)


def _interval(name: str, total: Interval) -> str:
    """One recording says nothing of how recordings differ."""
    return between(name, total.low, total.high) if total.files > 1 else ""


def _print_groups(evaluation: Evaluation) -> None:
    names = [name for name in GROUP_MEASURES if name in evaluation.totals]
    columns = ("", "recordings", *(MEASURES[name].title for name in names))
    rows = [
        (
            group,
            str(sum(file.group == group and not file.error for file in evaluation.files)),
            *(number(name, found[name].value) if name in found else "" for name in names),
        )
        for group, found in evaluation.groups.items()
    ]
    tables.print_table(columns, rows, right=columns[1:])


def _remarks(evaluation: Evaluation) -> Iterator[str]:
    scored = [file for file in evaluation.files if not file.error]
    length = short_clock(sum(file.duration_s for file in scored))
    recordings = count(len(evaluation.files), "recording")
    yield f"{evaluation.name}: {len(scored)} of {recordings} scored, {length} in all"
    if "wer" in evaluation.totals:
        yield f"words normalised by: {evaluation.normaliser}"
    if "der" in evaluation.totals:
        overlap = "left out" if evaluation.options.get("skip_overlap") == "yes" else "scored"
        collar = evaluation.options.get("collar_s", "0")
        yield f"collar: {collar} s about each reference boundary; overlapped speech: {overlap}"
    if len(scored) == 1:
        yield "one recording says nothing of how recordings differ, so there are no intervals"
    if dropped := sum(file.dropped_s for file in scored):
        yield f"speech without words in the transcripts: {dropped:.1f} s"
    exchanged = [file.file for file in scored if file.scores.speaker_accuracy and file.scores.speaker_accuracy.renamed]
    if exchanged:
        yield f"names of speakers are exchanged in {_listed(exchanged)}; the report says which"


def print_comparison(comparison: Comparison, old: Evaluation, new: Evaluation) -> None:
    """What changed, what of it can be chance, and which recordings are behind the rest."""
    print(f"\ncompared with {comparison.old}:")
    for line in _conditions(old, new):
        print(line)
    columns = ("", "then", "now", "change", "95 % interval", "p")
    tables.print_table(columns, [_row(difference) for difference in comparison.differences], right=columns[1:])
    for said in VERDICTS:
        titles = [MEASURES[found.measure].title for found in comparison.differences if verdict(found) == said]
        if titles:
            print(f"{said}: {', '.join(titles)}")
    if any(found.files < FEWEST and verdict(found) == "may be chance" for found in comparison.differences):
        print(f"of fewer than {FEWEST} recordings any change may be chance")
    if any(found.measure == "real_time_factor" and verdict(found) in VERDICTS[:2] for found in comparison.differences):
        print("real-time factors also tell what else the machine did; `earwitness bench` is made to compare speed")
    for found in comparison.differences:
        if found.measure in SHORT_MEASURES and (found.better or found.worse):
            print(f"{MEASURES[found.measure].title}: {_behind(found)}")
    for side, names in (("then", comparison.only_old), ("now", comparison.only_new)):
        if names:
            print(f"scored only {side}: {_listed(names)}")


def _conditions(old: Evaluation, new: Evaluation) -> Iterator[str]:
    """What was done otherwise: the reason, maybe, of what changed."""
    options = [name for name in {**old.options, **new.options} if old.options.get(name) != new.options.get(name)]
    if options:
        changed = (f"{name} {old.options.get(name, '-')} → {new.options.get(name, '-')}" for name in options)
        yield f"options that differ: {', '.join(changed)}"
    if old.machine.packages.get("earwitness") != new.machine.packages.get("earwitness"):
        yield "the versions of earwitness differ"
    if (old.machine.processor, old.machine.cores) != (new.machine.processor, new.machine.cores):
        yield "the machines differ, so real-time factors say nothing of the change"


def _row(found: Difference) -> tuple[str, ...]:
    name = found.measure
    return (
        MEASURES[name].title,
        number(name, found.old),
        number(name, found.new),
        signed(name, found.new - found.old),
        f"{signed(name, found.low)} to {signed(name, found.high)}" if found.files > 1 else "",
        p_value(found.p_value),
    )


def _behind(found: Difference) -> str:
    sides = (("better", found.better), ("worse", found.worse))
    return ", ".join(f"{said} in {len(names)} of {found.files} ({_listed(names)})" for said, names in sides if names)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
