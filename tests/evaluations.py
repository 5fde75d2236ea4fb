"""Small evaluations for tests, with scores made up of given counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earwitness.evaluation import measures
from earwitness.evaluation.results import DiarizationErrorRate, ErrorRate, Evaluation, FileResult, Machine, Scores

MACHINE = Machine("Linux", "a processor", 2, 8.0, "3.12.0", {"earwitness": "0.1.0"})


def word_errors(errors: int, words: int, normaliser: str = "whisper-english") -> ErrorRate:
    """`errors` substitutions in `words` words."""
    return ErrorRate("word", normaliser, words - errors, errors, 0, 0)


def speech_errors(missed_s: float, confusion_s: float, total_s: float, **changes: Any) -> DiarizationErrorRate:
    content = {
        "total_s": total_s, "correct_s": total_s - missed_s - confusion_s, "missed_s": missed_s, "false_alarm_s": 0.0,
        "confusion_s": confusion_s, "reference_speakers": 2, "hypothesis_speakers": 2,
    }  # fmt: skip
    return DiarizationErrorRate(**{**content, **changes})


def make_file(name: str, words: ErrorRate | None = None, group: str = "asr", **changes: Any) -> FileResult:
    content = {"duration_s": 60.0, "scores": Scores(words=words), "timings": {"words": 6.0}}
    return FileResult(name, group, **{**content, **changes})


def make_evaluation(
    counts: Mapping[str, tuple[int, int]], *, name: str = "readings", made: str = "2026-01-02"
) -> Evaluation:
    """One with a recording for each name, of so many errors in so many words."""
    return of_files(*(make_file(file, word_errors(*counted)) for file, counted in counts.items()), name=name, made=made)


def of_files(*files: FileResult, name: str = "readings", made: str = "2026-01-02") -> Evaluation:
    return Evaluation(
        name, made, MACHINE, {"model": "demo"}, "whisper-english", files,
        measures.totals(files), measures.by_group(files),
    )  # fmt: skip
