"""Summaries: what they rest on, and how near they come to references where there are some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from earwitness.evaluation.report.marks import Column, percent, scored, section, table
from earwitness.evaluation.results import Evaluation, Overlap, Rouge, SummaryQuality
from earwitness.exports.frame import count

Row = tuple[str, str, str]


def summaries(evaluation: Evaluation) -> str:
    """Summaries against their own transcripts, and against references where there are some."""
    done = scored(evaluation.files)
    found = [file.scores.summary for file in done if file.scores.summary]
    rated = [file.scores.rouge for file in done if file.scores.rouge]
    rows = [*(_own(found) if found else ()), *(_against(rated) if rated else ())]
    columns = (Column("measure"), Column("value"), Column("of", text=True))
    return section("summaries", "Summaries", table("Summaries", columns, rows) if rows else "")


def _own(found: Sequence[SummaryQuality]) -> Iterator[Row]:
    sentences, supported = sum(own.sentences for own in found), sum(own.supported for own in found)
    mean = f"mean of {count(len(found), 'recording')}"
    if sentences:
        said = f"{supported:,} of {count(sentences, 'sentence')}"
        yield "sentences that their evidence supports", percent(supported / sentences), said
    coverage, reach = fmean(own.coverage for own in found), fmean(own.reach for own in found)
    yield "words in fragments copied from the transcript (coverage)", percent(coverage), mean
    yield (
        "words of the transcript for one of the summary (compression)",
        f"{fmean(own.compression for own in found):,.1f}",
        mean,
    )
    yield "tenths of the recording that something is cited from (reach)", percent(reach), mean


def _against(rated: Sequence[Rouge]) -> Iterator[Row]:
    for title, overlap in _ROUGE:
        parts = [overlap(rouge) for rouge in rated]
        precision, recall = fmean(part.precision for part in parts), fmean(part.recall for part in parts)
        said = f"mean of {count(len(rated), 'recording')}; precision {percent(precision)}, recall {percent(recall)}"
        yield f"{title} F1, against a reference", percent(fmean(part.f1 for part in parts)), said


_ROUGE: tuple[tuple[str, Callable[[Rouge], Overlap]], ...] = (
    ("ROUGE-1", lambda rouge: rouge.rouge1),
    ("ROUGE-2", lambda rouge: rouge.rouge2),
    ("ROUGE-L", lambda rouge: rouge.rougeL),
)
