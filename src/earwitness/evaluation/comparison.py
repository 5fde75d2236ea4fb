"""Two evaluations side by side: what got better, what got worse, and what is chance."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.errors import OptionError
from earwitness.evaluation import bootstrap
from earwitness.evaluation.measures import MEASURES, Measure
from earwitness.evaluation.results import Comparison, Difference, Evaluation, FileResult, Scores

ALIKE = 1e-9
"""Counts that differ by less are equal: seconds are sums of floats."""

Pair = tuple[FileResult, FileResult]


def compare(old: Evaluation, new: Evaluation) -> Comparison:
    """What changed over the recordings that both evaluations have scores for, by their names.

    Every measure is taken over the recordings that have it in both, pooled, with a paired bootstrap. Recordings that
    are missing or failed on one side are named under the other.

    Raises:
        OptionError: they were scored by different rules, or have no recording in common.
    """
    before, after = (_scored(evaluation) for evaluation in (old, new))
    pairs = [(before[name], file) for name, file in after.items() if name in before]
    if not pairs:
        raise OptionError(f"{old.name} of {old.made} and {new.name} of {new.made} have no recording in common")
    for pair in pairs:
        _require_same_rules(*pair)
    differences = [_difference(name, measure, pairs) for name, measure in MEASURES.items()]
    return Comparison(
        old=f"{old.name}, {old.made}",
        new=f"{new.name}, {new.made}",
        differences=tuple(difference for difference in differences if difference),
        only_old=tuple(name for name in before if name not in after),
        only_new=tuple(name for name in after if name not in before),
    )


def _scored(evaluation: Evaluation) -> dict[str, FileResult]:
    return {file.file: file for file in evaluation.files if not file.error}


def _require_same_rules(old: FileResult, new: FileResult) -> None:
    for was, now in zip(_rules(old.scores), _rules(new.scores), strict=True):
        if was and now and was != now:
            raise OptionError(f"{new.file}: scored {now} now and {was} then; score both in the same way to compare")


def _rules(scores: Scores) -> tuple[str | None, str | None]:
    words, voices = scores.words, scores.diarization
    return (
        f"with the normaliser {words.normaliser}" if words else None,
        f"with a collar of {voices.collar_s:g} s and overlap {'left out' if voices.skip_overlap else 'counted'}"
        if voices
        else None,
    )


def _difference(name: str, measure: Measure, pairs: Sequence[Pair]) -> Difference | None:
    counted = [
        (new.file, was, now)
        for old, new in pairs
        if (was := measure.counts(old)) is not None and (now := measure.counts(new)) is not None
    ]
    change = bootstrap.paired([was for _, was, _ in counted], [now for _, _, now in counted]) if counted else None
    if change is None:
        return None
    # What a recording adds to the total: one of three words does not lead the list because its rate leapt.
    sign = -1 if measure.more_is_better else 1
    worsened = {file: sign * _gain(was, now) for file, was, now in counted}
    ordered = sorted(worsened, key=lambda file: (-abs(worsened[file]), file))
    return Difference(
        measure=name,
        **change._asdict(),
        files=len(counted),
        better=tuple(file for file in ordered if worsened[file] < -ALIKE),
        worse=tuple(file for file in ordered if worsened[file] > ALIKE),
    )


def _gain(was: tuple[float, float], now: tuple[float, float]) -> float:
    """By how many errors the later run has more than the earlier one's rate would give it."""
    return now[0] - was[0] * (now[1] / was[1] if was[1] else 1.0)
