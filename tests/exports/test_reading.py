"""Paragraphs, cleaning and words that share a text's time."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from earwitness.exports.reading import (
    PARAGRAPH_CHARACTERS,
    clean,
    evidence,
    made_by,
    paragraphs,
    talk_shares,
    timed_words,
    title,
)
from earwitness.types import EngineInfo, Summary, SummarySentence, Word
from factories import make_segment, make_transcript


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\u2028b\x85c\x1fd", "a b c d"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u05e9\u200fמ", "\u05e9\u200fמ"),
        ("Vrai\u00a0?", "Vrai\u00a0?"),
        ("\ud800x\uffff", "x"),
    ],
)
def test_clean_text_is_one_line_that_shows_what_it_says(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_paragraphs_follow_turns_and_chapters() -> None:
    transcript = make_transcript([("A", "One."), ("A", "Two."), ("A", "Three."), ("B", "Four.")], chapters=[(2, "New")])
    made = paragraphs(transcript)
    assert [paragraph.text for paragraph in made] == ["One. Two.", "Three.", "Four."]
    assert [paragraph.chapter.title if paragraph.chapter else None for paragraph in made] == [None, "New", None]
    assert [paragraph.name for paragraph in made] == ["Ann Lee", "Ann Lee", "Bob"]


def test_a_long_turn_is_broken_between_segments() -> None:
    sentence = "word " * 19 + "word."
    transcript = make_transcript([("A", sentence)] * 30, chapters=[])
    made = paragraphs(transcript)
    assert [segment.id for paragraph in made for segment in paragraph.segments] == list(range(30))
    assert len(made) > 1
    assert max(len(paragraph.text) for paragraph in made) < PARAGRAPH_CHARACTERS + 2 * len(sentence)


def test_segments_without_a_turn_are_not_lost() -> None:
    transcript = make_transcript(turns=())
    assert sum(len(paragraph.segments) for paragraph in paragraphs(transcript)) == len(transcript.segments)


def test_a_turn_is_told_in_short_only_where_that_saves_reading() -> None:
    long = make_transcript([("A", "One."), ("A", "And this goes on and on and on.")], chapters=[])
    gist = Summary((SummarySentence("One.", (0,), 1.0),))
    turn = dataclasses.replace(long.turns[0], summary=gist)
    assert paragraphs(dataclasses.replace(long, turns=(turn,)))[0].gist == gist
    whole = dataclasses.replace(turn, summary=Summary((SummarySentence(long.text, (0, 1), 1.0),)))
    assert paragraphs(dataclasses.replace(long, turns=(whole,)))[0].gist is None


def test_words_that_spell_the_text_are_taken_as_they_are() -> None:
    segment = make_segment(0, "Hello there, world.", "A", 2.0)
    assert timed_words(segment, "en") == segment.words


def test_an_edited_text_shares_the_time_by_length() -> None:
    segment = make_segment(0, "wrong", "A", 10.0, end=12.0)
    words = timed_words(dataclasses.replace(segment, text="aa bbb"), "en")
    assert [(word.word, word.start, word.end) for word in words] == [
        (" aa", 10.0, pytest.approx(10 + 2 * 3 / 7)),
        (" bbb", pytest.approx(10 + 2 * 3 / 7), pytest.approx(12.0)),
    ]


def test_chinese_without_words_is_timed_by_character() -> None:
    segment = make_segment(0, "你好", "A", 1.0, end=2.0, words=(Word("不", 1.0, 2.0, 0.5),))
    assert [(word.word, word.start, word.end) for word in timed_words(segment, "zh")] == [
        ("你", 1.0, 1.5),
        ("好", 1.5, 2.0),
    ]


def test_evidence_that_is_not_there_is_left_out() -> None:
    summary = Summary((SummarySentence("So.", (99, 1), 0.5),))
    (cited,) = evidence(make_transcript(), summary)
    assert [segment.id for segment in cited.segments] == [1]


def test_what_it_is() -> None:
    transcript = make_transcript([("A", "One two."), ("B", "One two three four five six.")], name="/x/y/Show.v2.mp3")
    assert title(transcript) == "Show.v2"
    assert [speaker.name for speaker, _ in talk_shares(transcript)] == ["Bob", "Ann Lee"]
    assert sum(share for _, share in talk_shares(transcript)) == pytest.approx(1)
    plain = dataclasses.replace(transcript, engine=EngineInfo("fake", "x", None, None))
    assert made_by(plain) == "transcribed by fake with the model x"


def test_those_who_are_quoted_are_named_where_the_speaker_changes() -> None:
    transcript = make_transcript(evidence=(0, 1, 4))
    assert [one.quoted for one in evidence(transcript, transcript.summary, named=True)] == ["Ann Lee", None, "Bob"]
    assert {one.quoted for one in evidence(transcript, transcript.summary)} == {None}
    written = replace(transcript, engine=replace(transcript.engine, summarizer="chat"))
    assert {one.quoted for one in evidence(written, written.summary, named=True)} == {None}
