"""Two sides of one recording, compared by everything that both say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from earwitness.evaluation.attribution import speaker_accuracy, speaker_word_error_rate
from earwitness.evaluation.diarization import diarization_error_rate, jaccard_error_rate
from earwitness.evaluation.error_rates import character_error_rate, word_error_rate
from earwitness.evaluation.normalise import by_characters, guess_language, primary
from earwitness.evaluation.reliability import calibration, word_times
from earwitness.evaluation.results import Scores
from earwitness.evaluation.segmentation import chapter_score
from earwitness.evaluation.summaries import rouge, summary_quality
from earwitness.evaluation.truth import Truth
from earwitness.types import Seconds, Word

NOTED_OVERLAP_SHARE = 0.02
"""Where more of the speech is overlapped, the order of the reference's words is a matter of taste."""


def score(
    reference: Truth,
    hypothesis: Truth,
    *,
    normaliser: str = "auto",
    collar_s: Seconds = 0.0,
    skip_overlap: bool = False,
    steps: bool = False,
) -> Scores:
    """Every measure for which both sides have what it takes; the others are none.

    WER and CER need a text on both sides; DER and JER turns; cpWER utterances with speakers; the accuracy of speakers
    words with speakers, that of times words; calibration a text and the hypothesis's words with probabilities; Pk and
    WindowDiff chapters; ROUGE two summaries. A summary is also measured against the hypothesis's own transcript.

    Args:
        normaliser: auto, english, basic or none; auto goes by the reference's language, else the hypothesis's, else
            the script.
        collar_s, skip_overlap: as `diarization_error_rate` has them.
        steps: whether the result shall hold the alignment of the words.

    >>> score(Truth("a", text="It's on the bridge."), Truth("b", text="it is on a bridge")).words.rate
    0.2

    Raises:
        OptionError: no rule set is called `normaliser`, or the collar is negative.
        ExtraError: a package that a measure needs is not installed.
    """
    scores = _of_text(reference, hypothesis, normaliser, steps)
    if reference.turns is not None and hypothesis.turns is not None:
        sides = reference.turns, hypothesis.turns
        scores = replace(
            scores,
            diarization=diarization_error_rate(*sides, collar_s=collar_s, skip_overlap=skip_overlap),
            jaccard=jaccard_error_rate(*sides, collar_s=collar_s, skip_overlap=skip_overlap),
        )
    scores = _of_words(scores, reference, hypothesis)
    scores = _of_chapters(scores, reference, hypothesis)
    return _of_summaries(scores, reference, hypothesis)


def _of_text(reference: Truth, hypothesis: Truth, normaliser: str, steps: bool) -> Scores:
    language = language_of(reference, hypothesis)
    scores = Scores()
    if reference.text is not None and hypothesis.text is not None:
        sides = reference.text, hypothesis.text
        scores = replace(
            scores,
            words=word_error_rate(*sides, normaliser=normaliser, language=language, steps=steps),
            characters=character_error_rate(*sides, normaliser=normaliser, language=language),
        )
    if _attributed(reference) and (_attributed(hypothesis) or hypothesis.utterances == ()):
        utterances = reference.utterances or (), hypothesis.utterances or ()
        attributed = speaker_word_error_rate(*utterances, normaliser=normaliser, language=language)
        scores = replace(scores, speaker_words=attributed)
    return scores


def _of_words(scores: Scores, reference: Truth, hypothesis: Truth) -> Scores:
    if reference.text is not None and _has_probabilities(hypothesis):
        scores = replace(scores, calibration=calibration(reference.text, hypothesis.words or ()))
    if reference.words is None or hypothesis.words is None:
        return scores
    sides = reference.words, hypothesis.words
    if _has_speakers(reference.words) and _has_speakers(hypothesis.words):
        scores = replace(scores, speaker_accuracy=speaker_accuracy(*sides))
    return replace(scores, word_times=word_times(*sides))


def _of_chapters(scores: Scores, reference: Truth, hypothesis: Truth) -> Scores:
    duration = reference.duration or hypothesis.duration
    # A reference of a single chapter says of nothing that it is a boundary: most often nobody divided it.
    if not (reference.chapters and hypothesis.chapters and duration) or len(reference.chapters) < 2:
        return scores
    return replace(scores, chapters=chapter_score(reference.chapters, hypothesis.chapters, duration))


def _of_summaries(scores: Scores, reference: Truth, hypothesis: Truth) -> Scores:
    if reference.summary is not None and hypothesis.summary is not None:
        scores = replace(scores, rouge=rouge(reference.summary.text, hypothesis.summary.text))
    if hypothesis.transcript is not None and hypothesis.summary is not None:
        scores = replace(scores, summary=summary_quality(hypothesis.transcript))
    return scores


def language_of(reference: Truth, hypothesis: Truth) -> str | None:
    """The language that the normaliser goes by: the reference's, else the hypothesis's, else a guess from the script.

    >>> language_of(Truth("a", text="Это мост"), Truth("b"))
    'ru'
    """
    return primary(reference.language) or primary(hypothesis.language) or guess_language(reference.text or "")


def notes(reference: Truth, hypothesis: Truth, scores: Scores) -> tuple[str, ...]:
    """What somebody must know who reads the scores, a line each."""
    said = []
    for side, truth in (("reference", reference), ("hypothesis", hypothesis)):
        if (truth.text is not None or truth.turns is not None) and not (truth.text or "").strip() and not truth.turns:
            said.append(f"in the {side}, {truth.name}, nothing is said")
    share = overlapped_share(reference)
    if scores.words and share > NOTED_OVERLAP_SHARE:
        remedy = "cpWER, which takes each speaker for themselves, is the fairer number"
        if scores.speaker_words is None:
            remedy = "cpWER would be fairer, but needs utterances with speakers on both sides"
        said.append(
            f"{100 * share:.0f} % of the reference's speech is overlapped, where WER depends on how the speakers' "
            f"words are ordered; {remedy}"
        )
    if scores.words and by_characters(scores.words.normaliser, language_of(reference, hypothesis)):
        said.append("the language is written without spaces, so each character counts as a word, as in Whisper's paper")
    if scores.speaker_accuracy and (renamed := scores.speaker_accuracy.renamed):
        pairs = ", ".join(f"{name} in the hypothesis is {actual}" for name, actual in renamed.items())
        said.append(f"names are exchanged: {pairs}; speakers are matched whatever they are called")
    return tuple(said)


def overlapped_share(truth: Truth) -> float:
    """How much of the time in which somebody speaks several do, 0 to 1; 0 where nobody knows.

    >>> from earwitness.types import Turn
    >>> overlapped_share(Truth("a", turns=(Turn(0.0, 6.0, "A"), Turn(4.0, 8.0, "B"))))
    0.25
    """
    moments = sorted(
        moment for turn in truth.turns or () if turn.end > turn.start for moment in ((turn.start, 1), (turn.end, -1))
    )
    speech_s = overlapped_s = 0.0
    speaking = 0
    for (time, change), (after, _) in pairwise(moments):
        speaking += change
        speech_s += (after - time) * (speaking > 0)
        overlapped_s += (after - time) * (speaking > 1)
    return overlapped_s / speech_s if speech_s else 0.0


def _attributed(truth: Truth) -> bool:
    return any(said.speaker is not None for said in truth.utterances or ())


def _has_speakers(words: Iterable[Word]) -> bool:
    return any(word.speaker is not None for word in words)


def _has_probabilities(truth: Truth) -> bool:
    return any(word.probability < 1 for word in truth.words or ())
