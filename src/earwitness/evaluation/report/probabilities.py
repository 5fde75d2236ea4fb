"""Whether the recogniser knows how sure it may be: words by their probability, and how many of them are right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from earwitness.evaluation import plots
from earwitness.evaluation.reliability import expected_calibration_error
from earwitness.evaluation.report.marks import Cell, Column, figure, percent, scored, section, table
from earwitness.evaluation.results import Bin, Evaluation, FileResult
from earwitness.exports.frame import count


def pooled(files: Iterable[FileResult]) -> list[Bin]:
    """The bins of all recordings together, those that have words, lowest first."""
    by_bounds: dict[tuple[float, float], list[Bin]] = defaultdict(list)
    for file in files:
        for found in file.scores.calibration:
            by_bounds[found.low, found.high].append(found)
    return [
        Bin(low, high, words, sum(found.probability * found.words for found in same) / words, _correct(same))
        for (low, high), same in sorted(by_bounds.items())
        if (words := sum(found.words for found in same))
    ]


def _correct(bins: Sequence[Bin]) -> int:
    return sum(found.correct for found in bins)


def calibration(evaluation: Evaluation) -> str:
    """Whether a word of which the recogniser is 80 % sure is right in 80 of 100 cases."""
    bins = pooled(scored(evaluation.files))
    if not bins:
        return ""
    words = sum(found.words for found in bins)
    columns = (Column("probability"), Column("words"), Column("mean", "mean probability"), Column("right"))
    rows = [
        (
            Cell(f"{100 * found.low:.0f} to {100 * found.high:.0f} %"),
            Cell(f"{found.words:,}"),
            Cell(percent(found.probability)),
            Cell(percent(found.correct / found.words)),
        )
        for found in bins
    ]
    mean = sum(found.probability * found.words for found in bins) / words
    title = "How often words of a probability are right"
    return section(
        "calibration",
        "Word probabilities",
        figure(
            title,
            [plots.reliability("calibration", title, bins)],
            f"<p>Expected calibration error <b>{percent(expected_calibration_error(bins))}</b> over "
            f"{count(words, 'word')}: {percent(_correct(bins) / words)} are right, and their mean probability is "
            f"{percent(mean)}.</p><p>On the dashed line a probability says what it is. Below it the recogniser is too "
            f"sure of itself. Hollow points are fewer than {plots.FEW_WORDS} words.</p>",
            table("Words by probability", columns, rows),
        ),
    )
