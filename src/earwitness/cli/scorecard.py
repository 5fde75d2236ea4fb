"""What a comparison says, for people to read: a table of the measures, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from earwitness.cli import tables
from earwitness.evaluation.reliability import expected_calibration_error
from earwitness.evaluation.results import (
    Bin,
    ChapterScore,
    DiarizationErrorRate,
    ErrorRate,
    Rouge,
    Scores,
    SpeakerAccuracy,
    SpeakerWordErrorRate,
    SummaryQuality,
    WordTimes,
)
from earwitness.evaluation.wording import percent
from earwitness.exports.frame import count
from earwitness.exports.reading import clean

Row = tuple[str, str, str]


def print_scores(scores: Scores, said: Sequence[str]) -> None:
    """The table, by which rules it was made, and what somebody must know who reads it."""
    tables.print_table(("measure", "value", "made of"), list(_rows(scores)), right=("value",))
    if scores.words:
        print(f"words normalised by: {scores.words.normaliser}")
    if found := scores.diarization:
        overlap = "left out" if found.skip_overlap else "scored"
        collar = f"{found.collar_s:g} s about each boundary of the reference, half on either side"
        print(f"collar: {collar if found.collar_s else 'none'}; overlapped speech: {overlap}")
    if others := [f"{name} is {actual}" for name, actual in mapping_of(scores).items() if name != actual]:
        print(clean(f"speakers: {', '.join(others)}"))
    for line in said:
        print(clean(f"note: {line}"))


def _rows(scores: Scores) -> Iterator[Row]:
    if scores.words:
        yield "WER", _rate(scores.words), _edits(scores.words, "words")
    if scores.characters:
        yield "CER", _rate(scores.characters), _edits(scores.characters, "characters")
    if scores.speaker_words:
        yield "cpWER", _rate(scores.speaker_words), _edits(scores.speaker_words, "words")
    if scores.diarization:
        yield from _diarization_rows(scores.diarization)
    if scores.jaccard:
        yield "JER", percent(scores.jaccard.rate), f"mean of {count(scores.jaccard.speakers, 'speaker')}"
    if scores.speaker_accuracy:
        yield from _speaker_rows(scores.speaker_accuracy)
    if scores.word_times and scores.word_times.words:
        yield from _time_rows(scores.word_times)
    if scores.calibration:
        yield from _calibration_rows(scores.calibration)
    if scores.chapters:
        yield from _chapter_rows(scores.chapters)
    if scores.rouge:
        yield from _rouge_rows(scores.rouge)
    if scores.summary:
        yield from _summary_rows(scores.summary)


def _rate(rate: ErrorRate | SpeakerWordErrorRate) -> str:
    """A percentage of nothing says nothing, so without a reference it is the number of errors."""
    return percent(rate.rate) if rate.reference_length else str(rate.errors)


def _edits(rate: ErrorRate | SpeakerWordErrorRate, units: str) -> str:
    return (
        f"{rate.substitutions} substituted, {rate.deletions} deleted, {rate.insertions} inserted of "
        f"{rate.reference_length} {units}"
    )


def _diarization_rows(found: DiarizationErrorRate) -> Iterator[Row]:
    yield "DER", percent(found.rate), f"of {found.total_s:.1f} s of speech"
    parts = {"missed": found.missed_s, "false alarm": found.false_alarm_s, "confusion": found.confusion_s}
    for name, seconds in parts.items():
        yield f"  {name}", percent(seconds / found.total_s) if found.total_s else "", f"{seconds:.1f} s"
    wrong = f" ({found.speaker_count_error:+d})" if found.speaker_count_error else ""
    yield "speakers", str(found.hypothesis_speakers), f"found, and there are {found.reference_speakers}{wrong}"


def _speaker_rows(found: SpeakerAccuracy) -> Iterator[Row]:
    yield "right speaker", percent(found.rate), f"{found.correct} of {found.words} aligned words"
    within = f"within {found.near_s:g} s of a change of speaker"
    if found.near_words:
        yield "  near a change", percent(found.near_rate), f"{found.near_correct} of {found.near_words} words {within}"


def _time_rows(found: WordTimes) -> Iterator[Row]:
    for edge, median_s, p95_s in (
        ("starts", found.start_median_s, found.start_p95_s),
        ("ends", found.end_median_s, found.end_p95_s),
    ):
        yield f"word {edge}", f"{median_s:.2f} s", f"median distance; 95 % within {p95_s:.2f} s, of {found.words} words"


def _calibration_rows(bins: Sequence[Bin]) -> Iterator[Row]:
    words = sum(part.words for part in bins)
    if words:
        mean = sum(part.words * part.probability for part in bins) / words
        right = sum(part.correct for part in bins) / words
        yield "calibration error", percent(expected_calibration_error(bins)), (
            f"words are {percent(right)} right, with a probability of {percent(mean)} in the mean"
        )  # fmt: skip


def _chapter_rows(found: ChapterScore) -> Iterator[Row]:
    made = f"{count(found.hypothesis, 'chapter')} found, and there are {found.reference}"
    yield "chapters, Pk", percent(found.pk), made
    yield "  WindowDiff", percent(found.window_diff), "of windows with another number of boundaries"


def _rouge_rows(found: Rouge) -> Iterator[Row]:
    for name, overlap in (("ROUGE-1", found.rouge1), ("ROUGE-2", found.rouge2), ("ROUGE-L", found.rougeL)):
        made = f"F1; precision {percent(overlap.precision)}, recall {percent(overlap.recall)}"
        yield name, percent(overlap.f1), made


def _summary_rows(found: SummaryQuality) -> Iterator[Row]:
    yield "summary supported", percent(found.supported_share), (
        f"{found.supported} of {count(found.sentences, 'sentence')} by their evidence"
    )  # fmt: skip
    yield "  coverage", percent(found.coverage), f"of its words copied; density {found.density:.1f} words"
    yield "  compression", f"{found.compression:.1f}", "words of the transcript a word"
    yield "  reach", percent(found.reach), "of the recording's tenths cited"


def mapping_of(scores: Scores) -> Mapping[str, str]:
    """Who of the hypothesis is who of the reference, by the measure that knows it from most."""
    measured = scores.diarization or scores.speaker_words or scores.speaker_accuracy
    return measured.mapping if measured else {}
