"""Words: error rates by kind of error and recording, what is taken for what, and every error in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from earwitness.evaluation.report.marks import Cell, Column, folded, named, percent, scored, section, table
from earwitness.evaluation.report.stacks import Chart, Errors, charts
from earwitness.evaluation.results import ErrorRate, Evaluation, FileResult, Step
from earwitness.exports.frame import count, escape

CONFUSIONS_SHOWN = 15
CONTEXT_WORDS = 3
"""So many words that are right stand on either side of an error."""
STEPS_SHOWN = 40_000
"""Alignments of the worst recordings come first, and stop here: the page must still open."""

Pair = tuple[str | None, str | None]
"""What was said and what is written; none where nothing stands for it."""

_CHART = Chart(
    measure="wer",
    by_group="Word errors by group",
    by_file="Word error rate by recording",
    axis="word errors by words in the reference (%)",
    kinds=("substituted", "left out (deletions)", "put in (insertions)"),
    said=lambda number: f"{number:,.0f}",
)


def words(evaluation: Evaluation) -> str:
    """Plots of errors by group and by recording, and the words that are most often taken for others."""
    rated = _rated(evaluation)
    errors = [
        Errors(file, (rate.substitutions, rate.deletions, rate.insertions), rate.reference_length)
        for file, rate in rated
        if rate.reference_length
    ]
    return section(
        "words",
        "Words",
        charts(_CHART, evaluation, errors),
        _confusions([rate for _, rate in rated]),
        _word_times(evaluation),
    )


def _rated(evaluation: Evaluation) -> list[tuple[FileResult, ErrorRate]]:
    """Recordings with word errors, the worst first."""
    found = [(file, file.scores.words) for file in scored(evaluation.files) if file.scores.words]
    return sorted(found, key=lambda pair: (-pair[1].rate, pair[0].file))


def _confusions(rates: Sequence[ErrorRate]) -> str:
    """What is most often taken for what; from the alignments that the evaluation kept."""
    found = {kind: Counter[Pair]() for kind in ("substitution", "deletion", "insertion")}
    for rate in rates:
        for step in rate.steps:
            if step.kind != "hit":
                found[step.kind][step.reference, step.hypothesis] += 1
    if not any(found.values()):
        return ""
    heads = (
        ("substitution", "Taken for another", (Column("said"), Column("written", text=True))),
        ("deletion", "Left out", (Column("said"),)),
        ("insertion", "Put in", (Column("written"),)),
    )
    tables = "".join(
        f"<div><h4>{title}</h4>{table(title, (*columns, Column('times')), _most(found[kind]))}</div>"
        for kind, title, columns in heads
        if found[kind]
    )
    kept, made = sum(sum(counter.values()) for counter in found.values()), sum(rate.errors for rate in rates)
    note = f'<p class="note">In the {kept:,} of {made:,} errors that were kept.</p>' if kept < made else ""
    return f'<div class="confusions"><h3>The most frequent errors</h3>{note}<div class="three">{tables}</div></div>'


def _most(counter: Counter[Pair]) -> Iterator[tuple[Cell, ...]]:
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0][0] or "", item[0][1] or ""))
    for pair, number in ordered[:CONFUSIONS_SHOWN]:
        yield (*(Cell(named(word)) for word in pair if word is not None), Cell(f"{number:,}"))


def _word_times(evaluation: Evaluation) -> str:
    found = [file.scores.word_times for file in scored(evaluation.files) if file.scores.word_times]
    timed = [times for times in found if times.words]
    if not timed:
        return ""
    total = sum(times.words for times in timed)
    start, end = (
        sum(getattr(times, f"{side}_median_s") * times.words for times in timed) / total for side in ("start", "end")
    )
    return (
        f'<p class="note">Times of {count(total, "word")} that are right: begin {start:.2f} s and end {end:.2f} s from '
        "where they do in the reference (medians of recordings, weighted by words).</p>"
    )


def places(evaluation: Evaluation) -> str:
    """Every error between the words around it, the worst recordings first."""
    aligned = [(file, rate) for file, rate in _rated(evaluation) if any(step.kind != "hit" for step in rate.steps)]
    shown, room = [], STEPS_SHOWN
    for file, rate in aligned:
        if room >= 0:
            room -= len(rate.steps)
            shown.append(_file_places(file, rate))
    rest = len(aligned) - len(shown)
    note = f'<p class="note">Those of {count(rest, "more recording")} are in evaluation.json.</p>' if rest else ""
    return section(
        "places",
        "Every error in its place",
        '<p class="note">'
        '<span class="sub"><del>said</del> <ins>written</ins></span> substituted · '
        "<del>said</del> left out · <ins>written</ins> put in</p>"
        if shown
        else "",
        *shown,
        note,
    )


def _file_places(file: FileResult, rate: ErrorRate) -> str:
    listed = "".join(f'<li dir="auto">{" ".join(_marked(steps))}</li>' for steps in snippets(rate.steps))
    kept = sum(step.kind != "hit" for step in rate.steps)
    note = f'<p class="note">The first {kept:,} of {count(rate.errors, "error")}.</p>' if kept < rate.errors else ""
    counts = f"{percent(rate.rate)}, {rate.errors:,} of {count(rate.reference_length, 'word')}"
    return folded(f'{named(file.file)} <span class="aside">{counts}</span>', f'{note}<ol class="places">{listed}</ol>')


def snippets(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Errors with the words around them; cut where more than that many are right.

    >>> hits = [Step("hit", word, word) for word in "a b c d e f g h".split()]
    >>> found = list(snippets([*hits, Step("deletion", "x", None), *hits, Step("insertion", None, "y")]))
    >>> [" ".join(step.reference or step.hypothesis for step in snippet) for snippet in found]
    ['f g h x a b c', 'f g h y']
    """
    snippet: list[Step] = []
    for right, group in groupby(steps, key=lambda step: step.kind == "hit"):
        run = list(group)
        if right and (not snippet or len(run) >= 2 * CONTEXT_WORDS):
            if snippet:
                yield [*snippet, *run[:CONTEXT_WORDS]]
            snippet = run[-CONTEXT_WORDS:]
        else:
            snippet += run
    if any(step.kind != "hit" for step in snippet):
        last = next(i for i, step in enumerate(reversed(snippet)) if step.kind != "hit")
        yield snippet[: len(snippet) - max(0, last - CONTEXT_WORDS)]


def _marked(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        reference, hypothesis = escape(step.reference or ""), escape(step.hypothesis or "")
        if step.kind == "hit":
            yield reference
        elif step.kind == "substitution":
            yield f'<span class="sub"><del>{reference}</del> <ins>{hypothesis}</ins></span>'
        else:
            yield f"<del>{reference}</del>" if step.kind == "deletion" else f"<ins>{hypothesis}</ins>"
