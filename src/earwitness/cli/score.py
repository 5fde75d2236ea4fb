"""earwitness score"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from earwitness.cli import alignment, scorecard, tables
from earwitness.cli.arguments import Collar, Normaliser, SkipOverlap
from earwitness.errors import OptionError, TranscriptError
from earwitness.evaluation import truth as truths
from earwitness.evaluation.normalise import normaliser as rules_of
from earwitness.evaluation.reliability import expected_calibration_error
from earwitness.evaluation.results import ErrorRate, Scores
from earwitness.evaluation.scoring import notes
from earwitness.evaluation.scoring import score as scores_of
from earwitness.evaluation.truth import Truth
from earwitness.types import Summary, SummarySentence
from earwitness.values import to_plain

HELP = """Compare a transcript with a reference, by everything that both of them say.

Both are files: a transcript (.json of ours, Whisper's, whisperX's or Podcasting 2.0's), RTTM, STM, CTM, SRT, VTT, TSV,
or text. Two texts give WER and CER; two sides that know who speaks when, DER and JER; who says what, cpWER; words
with times and speakers, how many of them are right.

--json prints one object: wer, cer, der, jer, cpwer, speaker_accuracy, near_change_accuracy, pk and so on (shares of 1,
null where not measured), normaliser, collar_s, skip_overlap, mapping (of the hypothesis's speakers), notes, and in
counts what each rate is made of."""

ALIGNMENTS = ("errors", "all", "none")


def score(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", show_default=False, help="What is right.")],
    hypothesis: Annotated[Path, typer.Argument(metavar="HYPOTHESIS", show_default=False, help="What is to be scored.")],
    normaliser: Normaliser = "auto",
    language: Annotated[str, typer.Option(help="A code such as en, for --normaliser auto.")] = "auto",
    collar: Collar = 0.0,
    skip_overlap: SkipOverlap = False,
    summary: Annotated[bool, typer.Option("--summary", help="Compare the summaries only; a text file is one.")] = False,
    show: Annotated[
        str, typer.Option("--alignment", help="Which aligned words to print: errors, all or none.")
    ] = "errors",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    if show not in ALIGNMENTS:
        raise OptionError(f"--alignment {show}: there are {', '.join(ALIGNMENTS)}")
    rules_of(normaliser, None)
    sides = truths.read(reference), truths.read(hypothesis)
    if language != "auto":
        sides = dataclasses.replace(sides[0], language=language), sides[1]
    if summary:
        sides = _summary_of(sides[0], reference), _summary_of(sides[1], hypothesis)
    scores = scores_of(*sides, normaliser=normaliser, collar_s=collar, skip_overlap=skip_overlap, steps=not as_json)
    if dataclasses.replace(scores, summary=None) == Scores():
        raise TranscriptError(
            f"{reference} has {_holds(sides[0])} and {hypothesis} has {_holds(sides[1])}: nothing to compare; give two "
            "files that both have text, or both say who speaks when"
        )
    said = notes(*sides, scores)
    if as_json:
        tables.print_json(_plain(reference, hypothesis, scores, said))
        return
    scorecard.print_scores(scores, said)
    if scores.words and (show == "all" or (show == "errors" and scores.words.errors)):
        words = sides[1].words or sides[0].words or ()
        alignment.print_alignment(scores.words.steps, words, everything=show == "all")


def _summary_of(truth: Truth, path: Path) -> Truth:
    """Nothing but the summary, which of a file without one is its text."""
    if truth.summary is None and (truth.transcript is not None or truth.text is None):
        raise TranscriptError(f"{path} has no summary; give a transcript that has one, or the summary as a text file")
    text = Summary((SummarySentence(truth.text or "", (), 1.0),))
    return Truth(truth.name, summary=truth.summary or text, transcript=truth.transcript)


def _holds(truth: Truth) -> str:
    parts = {"text": truth.text, "speaker turns": truth.turns, "a summary": truth.summary}
    return " and ".join(name for name, value in parts.items() if value is not None) or "neither text nor speaker turns"


def _plain(reference: Path, hypothesis: Path, scores: Scores, said: Sequence[str]) -> dict[str, Any]:
    """What --json prints; HELP documents it."""
    return {
        "reference": str(reference),
        "hypothesis": str(hypothesis),
        "normaliser": scores.words.normaliser if scores.words else None,
        "collar_s": scores.diarization.collar_s if scores.diarization else None,
        "skip_overlap": scores.diarization.skip_overlap if scores.diarization else None,
        **_rates(scores),
        "mapping": dict(scorecard.mapping_of(scores)),
        "notes": list(said),
        "counts": {
            "words": _counts(scores.words),
            "characters": _counts(scores.characters),
            **{name: value for name, value in to_plain(scores).items() if name not in ("words", "characters")},
        },
    }


def _rates(scores: Scores) -> dict[str, float | None]:
    diarization, accuracy, times, rouge = scores.diarization, scores.speaker_accuracy, scores.word_times, scores.rouge
    total_s = diarization.total_s if diarization else 0.0
    return {
        "wer": scores.words.rate if scores.words else None,
        "cer": scores.characters.rate if scores.characters else None,
        "cpwer": scores.speaker_words.rate if scores.speaker_words else None,
        "der": diarization.rate if diarization else None,
        "missed": diarization.missed_s / total_s if diarization and total_s else None,
        "false_alarm": diarization.false_alarm_s / total_s if diarization and total_s else None,
        "confusion": diarization.confusion_s / total_s if diarization and total_s else None,
        "jer": scores.jaccard.rate if scores.jaccard else None,
        "speaker_accuracy": accuracy.rate if accuracy else None,
        "near_change_accuracy": accuracy.near_rate if accuracy else None,
        "word_start_median_s": times.start_median_s if times and times.words else None,
        "calibration_error": expected_calibration_error(scores.calibration) if scores.calibration else None,
        "rouge1": rouge.rouge1.f1 if rouge else None,
        "rouge2": rouge.rouge2.f1 if rouge else None,
        "rougeL": rouge.rougeL.f1 if rouge else None,
        "pk": scores.chapters.pk if scores.chapters else None,
        "window_diff": scores.chapters.window_diff if scores.chapters else None,
        "summary_supported": scores.summary.supported_share if scores.summary else None,
    }


def _counts(rate: ErrorRate | None) -> dict[str, int] | None:
    if rate is None:
        return None
    kinds = ("hits", "substitutions", "deletions", "insertions", "errors", "reference_length")
    return {kind: getattr(rate, kind) for kind in kinds}
