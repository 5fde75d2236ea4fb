"""What two sides are compared by, and what must be said of the result."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from earwitness.evaluation.results import Scores
from earwitness.evaluation.scoring import language_of, notes, overlapped_share, score
from earwitness.evaluation.truth import Truth, Utterance, of_transcript
from earwitness.types import Summary, SummarySentence, Turn, Word
from factories import make_transcript

TEXT = Truth("text", text="one two three")
TURNS = Truth("turns", turns=(Turn(0.0, 2.0, "A"), Turn(2.0, 3.0, "B")))
TALK = Truth("talk", text="one two", utterances=(Utterance("one", "A", 0.0, 1.0), Utterance("two", "B", 1.0, 2.0)))
WORDS = Truth("words", text="one two", words=(Word(" one", 0.0, 0.5, 0.9, "A"), Word(" two", 0.5, 1.0, 0.8, "B")))
SUMMARY = Truth("summary", summary=Summary((SummarySentence("It is short.", (), 1.0),)))


def measured(scores: Scores) -> set[str]:
    return {field.name for field in fields(scores) if getattr(scores, field.name) not in (None, ())}


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        (TEXT, TEXT, {"words", "characters"}),
        (TEXT, TURNS, set()),
        (TURNS, TURNS, {"diarization", "jaccard"}),
        (TALK, TALK, {"words", "characters", "speaker_words"}),
        (TALK, TEXT, {"words", "characters"}),
        (TALK, replace(TEXT, utterances=()), {"words", "characters", "speaker_words"}),
        (TALK, replace(TEXT, utterances=(Utterance("one"),)), {"words", "characters"}),
        (WORDS, WORDS, {"words", "characters", "speaker_accuracy", "word_times", "calibration"}),
        (TEXT, WORDS, {"words", "characters", "calibration"}),
        (WORDS, TEXT, {"words", "characters"}),
        (TEXT, replace(WORDS, words=(Word(" one", 0.0, 0.5, 1.0),)), {"words", "characters"}),
        (SUMMARY, SUMMARY, {"rouge"}),
        (SUMMARY, TEXT, set()),
    ],
    ids=lambda value: value.name if isinstance(value, Truth) else "",
)
def test_everything_that_both_sides_have_is_measured(reference: Truth, hypothesis: Truth, expected: set[str]) -> None:
    assert measured(score(reference, hypothesis)) == expected


def test_a_transcript_against_itself_is_right_in_everything() -> None:
    truth = of_transcript(make_transcript())
    scores = score(truth, truth, steps=True)
    assert measured(scores) == {field.name for field in fields(Scores)}
    assert scores.words.rate == scores.characters.rate == scores.diarization.rate == scores.jaccard.rate == 0
    assert scores.speaker_words.rate == 0 == scores.word_times.start_p95_s
    assert scores.speaker_accuracy.rate == scores.rouge.rouge2.f1 == scores.summary.supported_share == 1
    assert {step.kind for step in scores.words.steps} == {"hit"}
    assert score(truth, truth).words.steps == ()


def test_silence_against_a_conversation_misses_all_of_it() -> None:
    truth, silence = of_transcript(make_transcript()), of_transcript(make_transcript([]))
    scores = score(truth, silence)
    assert scores.words.deletions == scores.words.reference_length > 30
    assert scores.speaker_words.rate == scores.diarization.rate == 1
    assert scores.diarization.speaker_count_error == -2


def test_options_reach_the_measures() -> None:
    later = Truth("later", turns=(Turn(0.0, 2.2, "X"), Turn(2.2, 3.0, "Y")))
    assert score(TURNS, later).diarization.confusion_s == pytest.approx(0.2)
    assert score(TURNS, later, collar_s=0.5).diarization.confusion_s == 0
    assert score(TURNS, later, skip_overlap=True).diarization.skip_overlap
    assert score(TEXT, Truth("loud", text="One, two, three!"), normaliser="none").words.substitutions == 3


@pytest.mark.parametrize(
    ("reference", "hypothesis", "rules"),
    [("fr", "en", "whisper-basic"), (None, "fr", "whisper-basic"), ("und", None, "whisper-english")],
)
def test_the_language_is_the_references_first(reference: str | None, hypothesis: str | None, rules: str) -> None:
    scores = score(replace(TEXT, language=reference), replace(TEXT, language=hypothesis))
    assert scores.words.normaliser == rules


def test_the_language_of_a_script() -> None:
    assert language_of(Truth("a", text="今天很好"), TEXT) == "zh"
    assert language_of(TEXT, TEXT) is None


def test_notes_on_overlap() -> None:
    turns = (Turn(0.0, 6.0, "A"), Turn(4.0, 8.0, "B"))
    reference = replace(TALK, turns=turns)
    (note,) = notes(reference, TALK, score(reference, TALK))
    assert note.startswith("25 % of the reference's speech is overlapped")
    assert "is the fairer number" in note
    (note,) = notes(reference, TEXT, score(reference, TEXT))
    assert "needs utterances with speakers on both sides" in note
    assert notes(TALK, TALK, score(TALK, TALK)) == ()


def test_notes_on_silence_characters_and_exchanged_names() -> None:
    silent = Truth("silent.txt", text="")
    assert notes(TEXT, silent, score(TEXT, silent)) == ("in the hypothesis, silent.txt, nothing is said",)
    chinese = Truth("zh", text="今天很好")
    assert "each character counts as a word" in notes(chinese, chinese, score(chinese, chinese))[0]
    said = of_transcript(make_transcript(names={"A": "Ann", "B": "Bob"}))
    heard = of_transcript(make_transcript(names={"A": "Bob", "B": "Ann"}))
    (note,) = notes(said, heard, score(said, heard))
    assert "Bob in the hypothesis is Ann" in note
    assert "Ann in the hypothesis is Bob" in note


@pytest.mark.parametrize(
    ("turns", "share"),
    [
        ((), 0.0),
        ((Turn(0.0, 4.0, "A"), Turn(5.0, 9.0, "B")), 0.0),
        ((Turn(0.0, 4.0, "A"), Turn(4.0, 9.0, "B")), 0.0),
        ((Turn(0.0, 4.0, "A"), Turn(1.0, 2.0, "B"), Turn(1.0, 3.0, "C")), 0.5),
    ],
)
def test_overlapped_share(turns: tuple[Turn, ...], share: float) -> None:
    assert overlapped_share(Truth("a", turns=turns)) == share


def test_every_tenth_word_changed_is_ten_percent() -> None:
    words = [f"word{'abcdefghij'[i % 10]}" for i in range(200)]
    changed = ["wrong" if i % 10 == 4 else word for i, word in enumerate(words)]
    reference, hypothesis = (of_transcript(make_transcript([("A", " ".join(text))])) for text in (words, changed))
    scores = score(reference, hypothesis)
    assert (scores.words.rate, scores.words.substitutions, scores.words.hits) == (0.1, 20, 180)
    assert scores.diarization.rate == 0
