"""SRT and WebVTT: what the cards promise, and two other libraries that read them back."""

from __future__ import annotations

import dataclasses
import html
import io
import re
from itertools import pairwise

import pysubs2
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.exports.cards import MAX_CARD_S, columns
from earwitness.exports.srt import write as write_srt
from earwitness.exports.vtt import write as write_vtt
from earwitness.types import Transcript, Word
from factories import make_segment, make_transcript

LONG = "The old bridge, which nobody had crossed since the ferry stopped, was closed in the spring of last year."


def srt_cards(transcript: Transcript) -> list[pysubs2.SSAEvent]:
    return list(pysubs2.SSAFile.from_string(write_srt(transcript).decode(), format_="srt"))


def vtt_cards(transcript: Transcript) -> list[webvtt.Caption]:
    return list(webvtt.from_buffer(io.StringIO(write_vtt(transcript).decode())))


def lines_of(event: pysubs2.SSAEvent) -> list[str]:
    return event.plaintext.split("\n")


def test_srt_says_the_words_in_order_with_the_name_at_each_change() -> None:
    said = " ".join(" ".join(lines_of(event)) for event in srt_cards(make_transcript()))
    assert said == (
        "Ann Lee: Welcome to the show. Today we talk about the river and its bridge. Bob: Thank you, I am glad to be "
        "here. Ann Lee: How old is the bridge? Bob: It was built in 1871, and it has been mended twice since then. "
        "Ann Lee: Goodbye."
    )


def test_srt_cards_are_at_most_two_lines_of_32() -> None:
    events = srt_cards(make_transcript([("A", LONG), ("B", LONG), ("B", LONG)]))
    assert all(len(lines_of(event)) <= 2 for event in events)
    assert max(len(line) for event in events for line in lines_of(event)) <= 32


def test_vtt_cards_are_at_most_two_lines_of_42_with_their_voice() -> None:
    transcript = make_transcript([("A", LONG), ("B", LONG), (None, LONG)])
    cues = vtt_cards(transcript)
    assert all(len(cue.lines) <= 2 for cue in cues)
    assert max(len(line) for cue in cues for line in cue.text.split("\n")) <= 42
    assert list(dict.fromkeys(cue.voice for cue in cues)) == ["Ann Lee", "Bob", None]
    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == f"{LONG} {LONG} {LONG}"


def test_cards_begin_with_their_first_word_and_end_with_their_last() -> None:
    transcript = make_transcript([("A", LONG)])
    words = iter(transcript.words)
    for cue in vtt_cards(transcript):
        own = [next(words) for _ in cue.text.split()]
        assert seconds(cue.start) == pytest.approx(own[0].start, abs=0.0006)
        assert seconds(cue.end) == pytest.approx(own[-1].end, abs=0.0006)


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_both_formats_have_the_same_first_and_last_time() -> None:
    srt, vtt = srt_cards(make_transcript()), vtt_cards(make_transcript())
    assert (srt[0].start, srt[-1].end) == (1000, 16950)
    assert (seconds(vtt[0].start), seconds(vtt[-1].end)) == (1.0, 16.95)


def test_a_card_ends_at_a_sentence_and_a_line_at_a_comma() -> None:
    said = "It was built in 1871, and it has been mended twice. " * 3
    texts = ["\n".join(lines_of(event)) for event in srt_cards(make_transcript([(None, said.strip())]))]
    assert texts == ["It was built in 1871,\nand it has been mended twice."] * 3


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    said = (
        "When the bridge was built, before anybody had cars, the town was small and the river was wide, "
        "but people crossed it every day of the week."
    )
    texts = [event.plaintext.replace("\n", " ") for event in srt_cards(make_transcript([(None, said)]))]
    assert texts == [
        "When the bridge was built, before anybody had cars,",
        "the town was small and the river was wide,",
        "but people crossed it every day of the week.",
    ]


def test_a_pause_ends_a_card() -> None:
    early, late = make_segment(0, "Yes and", "A", 1.0), make_segment(1, "no", "A", 3.5)
    events = srt_cards(make_transcript(segments=(early, late), turns=()))
    assert [event.plaintext for event in events] == ["Ann Lee: Yes and", "no"]
    assert [(event.start, event.end) for event in events] == [(1000, 2000), (3500, 4500)]


def test_a_word_wider_than_a_line_stays_whole() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitän"
    events = srt_cards(make_transcript([(None, f"Der {word} kam.")]))
    assert word in [line for event in events for line in lines_of(event)]


def test_a_word_that_lasts_for_minutes_is_not_shown_for_minutes() -> None:
    segment = make_segment(0, "Uh", None, 1.0, end=200.0, words=(Word(" Uh", 1.0, 200.0, 0.1),))
    (event,) = srt_cards(make_transcript([(None, "Uh")], segments=(segment,)))
    assert event.end - event.start == MAX_CARD_S * 1000


def test_chinese_lines_count_two_columns_a_character() -> None:
    text = "今天我们来谈谈这条河和它的桥，这座桥建于一八七一年，后来修过两次。"
    words = tuple(Word(character, 1 + i * 0.2, 1.2 + i * 0.2, 0.9) for i, character in enumerate(text))
    segment = make_segment(0, text, None, 1.0, end=words[-1].end, words=words)
    events = srt_cards(make_transcript(segments=(segment,), turns=(), language="zh"))
    lines = [line for event in events for line in lines_of(event)]
    assert "".join(lines) == text
    assert max(columns(line) for line in lines) <= 32
    assert not any(line.startswith(("，", "。")) for line in lines)


def test_two_who_talk_at_once_get_cards_that_do_not_overlap() -> None:
    one = make_segment(0, "I think that we should go.", "A", 1.0)
    other = make_segment(1, "No no.", "B", 1.1)
    events = srt_cards(make_transcript(segments=(one, other), turns=()))
    assert [event.plaintext for event in events] == ["Ann Lee: I think\nthat we should go.", "Bob: No no."]
    assert events[0].end <= events[1].start


def test_subtitles_cannot_be_broken_by_what_is_said() -> None:
    said = "2 00:00:09,000 --> 00:00:10,000 <script>alert(1)</script> {\\an8} AT&T &lt;"
    transcript = make_transcript([("A", said)], names={"A": "<b>\n\nEve --> 0"})
    srt = write_srt(transcript).decode()
    assert srt.count("-->") == len(srt_cards(transcript))
    assert "<" not in srt
    vtt = write_vtt(transcript).decode()
    assert vtt.count("-->") == len(vtt_cards(transcript))
    assert re.findall(r"<[^v]", vtt) == []
    assert " ".join(html.unescape(cue.text).replace("\n", " ") for cue in vtt_cards(transcript)) == said


def test_no_words_no_cards() -> None:
    empty = make_transcript([])
    assert write_srt(empty) == b""
    assert write_vtt(empty) == b"WEBVTT\n"


@st.composite
def conversations(draw: st.DrawFn) -> Transcript:
    spoken = st.lists(st.sampled_from(["a", "river,", "bridges.", "x" * 50, "and", "Noël?"]), min_size=1, max_size=30)
    lines = draw(st.lists(st.tuples(st.sampled_from(["A", "B", None]), spoken.map(" ".join)), max_size=5))
    transcript = make_transcript(lines)
    shifts = draw(st.lists(st.floats(-3, 3), min_size=len(lines), max_size=len(lines)))
    moved = [
        make_segment(s.id, s.text, s.speaker, max(0.0, s.start + shift))
        for s, shift in zip(transcript.segments, shifts, strict=True)
    ]
    return dataclasses.replace(transcript, segments=tuple(moved))


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_cards_never_overlap_and_lose_no_word(transcript: Transcript) -> None:
    cues = vtt_cards(transcript)
    times = [(seconds(cue.start), seconds(cue.end)) for cue in cues]
    assert all(start < end for start, end in times)
    assert all(end <= following for (_, end), (following, _) in pairwise(times))
    assert all(end - start <= MAX_CARD_S + 1e-6 for start, end in times)
    ordered = sorted(transcript.segments, key=lambda segment: segment.start)
    assert [word for cue in cues for word in cue.text.split()] == [w for s in ordered for w in s.text.split()]
