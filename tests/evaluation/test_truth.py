"""What files say of a recording, and what is wrong with those that say nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness import exports
from earwitness.errors import TranscriptError
from earwitness.evaluation.truth import MAX_BYTES, Truth, Utterance, joined, of_transcript, of_words, read
from earwitness.types import Transcript, Turn, Word
from factories import CONVERSATION, NAMES, make_transcript

SPOKEN = " ".join(text for _, text in CONVERSATION)
PODCAST = {
    "version": "1.0.0",
    "segments": [
        {"speaker": "Ann", "startTime": 0.5, "endTime": 1.25, "body": "Hello there."},
        {"speaker": "Bob", "startTime": 2, "endTime": 3, "body": "Hi."},
    ],
}
WHISPERX = {
    "language": "en",
    "segments": [
        {
            "start": 0.0,
            "end": 2.0,
            "text": " It cost $5.",
            "speaker": "SPEAKER_00",
            "words": [
                {"word": "It", "start": 0.0, "end": 0.2, "score": 0.9, "speaker": "SPEAKER_00"},
                {"word": "cost", "start": 0.3, "end": 0.6, "score": 0.8, "speaker": "SPEAKER_00"},
                {"word": "$5."},
            ],
        }
    ],
}


@pytest.fixture
def given(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Reads a file of a name and content."""

    def reading(name: str, content: Any) -> Truth:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read(path)

    return reading


@pytest.fixture
def exported(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Writes a transcript in a format of ours and reads it again."""

    def reading(transcript: Transcript, name: str) -> Truth:
        (path,) = exports.save(transcript, tmp_path, "talk", [name])
        return read(path)

    return reading


def test_our_transcripts_say_everything(exported) -> None:  # type: ignore[no-untyped-def]
    transcript = make_transcript()
    truth = exported(transcript, "json")
    assert truth.text == SPOKEN
    assert [said.speaker for said in truth.utterances] == [NAMES[label] for label, _ in CONVERSATION]
    assert [word.word for word in truth.words] == [f" {word}" for word in SPOKEN.split()]
    assert {word.speaker for word in truth.words} == set(NAMES.values())
    assert (truth.summary, truth.language) == (transcript.summary, "en")
    assert [chapter.title for chapter in truth.chapters] == ["Opening", "The bridge"]
    assert truth.duration == pytest.approx(transcript.duration)
    assert {turn.speaker for turn in truth.turns} == {"Ann Lee", "Bob"}


def test_speakers_who_share_a_name_stay_two() -> None:
    truth = of_transcript(make_transcript(names={"A": "Ann", "B": "Ann"}))
    assert {said.speaker for said in truth.utterances} == {"Ann (A)", "Ann (B)"} == {w.speaker for w in truth.words}


def test_a_transcript_without_diarization_says_nothing_of_turns() -> None:
    transcript = make_transcript([(None, "Hello there.")], evidence=())
    assert of_transcript(replace(transcript, engine=replace(transcript.engine, diarizer=None))).turns is None
    assert of_transcript(make_transcript([])).turns == ()  # but one that was diarized, and is silent, says it


@pytest.mark.parametrize("name", ["txt", "md", "srt", "vtt", "podcast"])
def test_our_own_exports_say_what_is_said_and_by_whom(exported, name: str) -> None:  # type: ignore[no-untyped-def]
    lines = [*CONVERSATION, ("B", "Some *stars*, a <tag>, 5 [a] & \\back: so?")]
    truth = exported(make_transcript(lines), name)
    expected = f"{SPOKEN} {lines[-1][1]}"
    if name == "srt":  # which has no escapes, so that ours writes look-alikes
        expected = expected.replace("<tag>", "‹tag›")
    assert truth.text == expected
    said_by = dict.fromkeys(NAMES.values(), "")
    for said in truth.utterances:
        said_by[said.speaker] += f"{said.text} "
    assert said_by["Ann Lee"].split() == " ".join(text for label, text in lines if label == "A").split()


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "tsv", "podcast", "rttm"])
def test_silence_is_nothing_said(exported, name: str) -> None:  # type: ignore[no-untyped-def]
    truth = exported(make_transcript([]), name)
    assert (truth.turns if name == "rttm" else truth.text) == (() if name == "rttm" else "")


def test_whispers_tsv(exported) -> None:  # type: ignore[no-untyped-def]
    truth = exported(make_transcript(), "tsv")
    assert truth.text == SPOKEN
    assert truth.utterances[1].start == pytest.approx(make_transcript().segments[1].start, abs=0.001)


def test_podcasting_json(given) -> None:  # type: ignore[no-untyped-def]
    truth = given("talk.json", PODCAST)
    assert truth.text == "Hello there. Hi."
    assert truth.utterances == (Utterance("Hello there.", "Ann", 0.5, 1.25), Utterance("Hi.", "Bob", 2.0, 3.0))
    assert truth.turns == (Turn(0.5, 1.25, "Ann"), Turn(2.0, 3.0, "Bob"))
    assert truth.words is None


def test_whisperx_words_without_times_are_no_words_with_times(given) -> None:  # type: ignore[no-untyped-def]
    truth = given("talk.json", WHISPERX)
    assert truth.text == "It cost $5."
    assert [word.word for word in truth.words] == [" It", " cost"]
    assert [word.probability for word in truth.words] == [1.0, 1.0]  # its score is none
    assert truth.turns == (Turn(0.0, 0.6, "SPEAKER_00"),)
    assert truth.language == "en"


def test_a_list_of_words(given) -> None:  # type: ignore[no-untyped-def]
    words = [
        {"word": "Hello", "start": 0.0, "end": 0.5, "speaker": "A"},
        {"word": "Yes.", "start": 0.4, "end": 0.6, "speaker": "B"},
        {"word": "there.", "start": 0.9, "end": 1.2, "speaker": "A"},
        {"word": "Bye.", "start": 3.0, "end": 3.5, "speaker": "A"},
    ]
    truth = given("talk.words.json", words)
    assert truth.text == "Hello Yes. there. Bye."
    assert [said.text for said in truth.utterances] == ["Hello there.", "Yes.", "Bye."]
    assert truth.turns == (Turn(0.0, 1.2, "A"), Turn(0.4, 0.6, "B"), Turn(3.0, 3.5, "A"))


def test_answers_of_the_api(given) -> None:  # type: ignore[no-untyped-def]
    truth = given("talk.json", {"text": "Hello.", "language": "english", "words": word()})
    assert (truth.text, truth.language, len(truth.words)) == ("Hello.", "english", 2)
    assert given("talk.json", {"text": " Hello. "}) == Truth("talk.json", "Hello.")
    assert given("talk.json", {"words": word()}).text == "a b"


def test_rttm_has_turns_and_nothing_else(given) -> None:  # type: ignore[no-untyped-def]
    lines = [
        ";; made by hand",
        "SPKR-INFO talk 1 <NA> <NA> <NA> unknown ann <NA> <NA>",
        "SPEAKER talk 1 0.50 1.25 <NA> <NA> ann <NA> <NA>",
        "SPEAKER talk 1 1.00 0.00 <NA> <NA> bob <NA> <NA>",
        "SPEAKER talk 1 1.50 2.00 <NA> <NA> bob <NA>",
    ]
    truth = given("talk.rttm", "\n".join(lines))
    assert truth == Truth("talk.rttm", turns=(Turn(0.5, 1.75, "ann"), Turn(1.5, 3.5, "bob")))


def test_stm(given) -> None:  # type: ignore[no-untyped-def]
    lines = [
        ";; LABEL",
        "talk 1 Bob 2.5 3.0 <o,f0,male> it 's you <unk> don 't",
        "talk 1 Ann 0.0 2.0 uh 'cause I say so",
        "talk 1 inter_segment_gap 2.0 2.5 <o,,unknown> ignore_time_segment_in_scoring",
        "talk 1 Ann 3.0 3.0",
    ]
    truth = given("talk.stm", "\n".join(lines))
    assert truth.text == "uh 'cause I say so it's you don't "
    assert truth.utterances[:2] == (
        Utterance("uh 'cause I say so", "Ann", 0.0, 2.0), Utterance("it's you don't", "Bob", 2.5, 3.0)
    )  # fmt: skip
    assert truth.turns == (Turn(0.0, 2.0, "Ann"), Turn(2.5, 3.0, "Bob"))


def test_ctm(given) -> None:  # type: ignore[no-untyped-def]
    truth = given("talk.ctm", "talk 1 0.5 0.25 world 0.5\ntalk 1 0.0 0.25 hello NA\n")
    assert truth.text == "hello world"
    assert truth.words == (Word(" hello", 0.0, 0.25, 1.0), Word(" world", 0.5, 0.75, 0.5))


def test_vtt_voices(given) -> None:  # type: ignore[no-untyped-def]
    text = (
        "WEBVTT - a talk\n\nNOTE not said\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann Lee>Hello &amp; <i>good</i> day</v>\n\n2\n00:00:03.000 --> 01:00:04.000\n"
        "<v.loud Bob>One {x}\ntwo</v> <v Al>three\n"
    )
    assert given("talk.vtt", text).utterances == (
        Utterance("Hello & good day", "Ann Lee", 1.0, 2.0),
        Utterance("One {x} two", "Bob", 3.0, 3604.0),
        Utterance("three", "Al", 3.0, 3604.0),
    )


def test_names_in_subtitles_hold_until_the_next(given) -> None:  # type: ignore[no-untyped-def]
    cues = ["Dr. Ann: Hello and\nwelcome.", "So he said: {\\an8}<i>no</i>.", "Bob: Why: because."]
    text = "\n\n".join(f"{i}\n00:00:0{i},000 --> 00:00:0{i},500\n{cue}" for i, cue in enumerate(cues, 1))
    truth = given("talk.srt", text)
    assert [(said.speaker, said.text) for said in truth.utterances] == [
        ("Dr. Ann", "Hello and welcome."), ("Dr. Ann", "So he said: no."), ("Bob", "Why: because.")
    ]  # fmt: skip
    without = given("plain.srt", text.replace("Dr. Ann: ", ""))
    assert without.text == "Hello and welcome. So he said: no. Bob: Why: because."
    assert without.turns is None


def test_podcasting_html(given) -> None:  # type: ignore[no-untyped-def]
    page = "<cite>Ann:</cite>\n<time>0:00</time>\n<p>It&#39;s <b>me</b>.</p><cite>Bob:</cite><p>Hi.</p><p>Ho.</p>"
    assert given("talk.html", page).utterances == (
        Utterance("It's me.", "Ann"), Utterance("Hi.", "Bob"), Utterance("Ho.", "Bob")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "text", "speakers"),
    [
        ("Ann: Hello.\n\nBob: Hi there.\n", "Hello. Hi there.", ["Ann", "Bob"]),
        ("Ann: Hello.\nAnd so on.", "Ann: Hello.\nAnd so on.", None),
        ("Note: this is all.", "Note: this is all.", None),
        ("[0:01] Hello: said he\n\n[1:02:03] Bye.", "Hello: said he\nBye.", None),
        ("[0:01] Ann: Hello.", "Hello.", ["Ann"]),
        ("主持人：今天。\n嘉宾：好。", "今天。 好。", ["主持人", "嘉宾"]),
        ("\ufeffOne two.", "One two.", None),
        ("", "", None),
    ],
)
def test_text(given, content: str, text: str, speakers: list[str] | None) -> None:  # type: ignore[no-untyped-def]
    truth = given("talk.txt", content)
    assert truth.text == text
    assert (truth.utterances and [said.speaker for said in truth.utterances]) == speakers


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("SPEAKER talk 1 0.5 1.0 <NA> <NA> ann <NA> <NA>\n", "turns"),
        (json.dumps(PODCAST), "turns"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello.\n", "turns"),
        ("1\n00:00:01,000 --> 00:00:02,000\nAnn: Hello.\n", "turns"),
        ("Just talk.", "text"),
    ],
)
def test_a_file_of_another_name_is_what_it_looks_like(given, content: str, field: str) -> None:  # type: ignore[no-untyped-def]
    assert getattr(given("download.dat", content), field)


def word(**changes: Any) -> list[dict[str, Any]]:
    return [{"word": "a", "start": 0.0, "end": 1.0}, {"word": "b", "start": 1.0, "end": 2.0, **changes}]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.rttm", "SPEAKER a 1 0 1 <NA> <NA> x\nSPEAKER b 1 0 1 <NA> <NA> x", "holds 2 recordings (a, b)"),
        ("a.rttm", "SPEAKER a 1 0 1 <NA> <NA> x\nSPEAKER a 1 0 -1 <NA> <NA> x", "line 2: a time is negative"),
        ("a.rttm", "SPEAKER a 1 nan 1 <NA> <NA> x", "line 1: 'nan' is not a time"),
        ("a.rttm", "SPEAKER a 1 0 1", "line 1: a SPEAKER line has at least 8 fields, this has 5"),
        ("a.rttm", "hello world", "has no SPEAKER line"),
        ("a.stm", "a 1 x 2.0 1.0 hello", "line 1: ends (1 s) before it begins (2 s)"),
        ("a.stm", "a 1 x 0.0 inf hello", "line 1: 'inf' is not a time"),
        ("a.stm", "a 1 x", "line 1: an STM line is"),
        ("a.stm", "a 1 x 0 1 y\nb 1 x 0 1 y", "holds 2 recordings (a, b)"),
        ("a.ctm", "a 1 0 -0.5 word", "line 1: a time is negative"),
        ("a.ctm", "a 1 0", "line 1: a CTM line is"),
        ("a.tsv", "start\tend\ttext\n0\t900\tfine\n2000\t1000\tHello", "line 3: ends"),
        ("a.tsv", "start\tend\ttext\nHello", "line 2: 'None' is not a time"),
        ("a.tsv", "one\ttwo\n", "no TSV of Whisper's"),
        ("a.srt", "hello", "no SubRip file"),
        ("a.srt", "1\n00:00:05,000 --> 00:00:04,000\nhello", "cue 1: ends (4 s) before it begins (5 s)"),
        ("a.vtt", "hello", "no WebVTT file"),
        ("a.html", "<p>Some page</p>", "without <cite>"),
        ("a.json", "", "is not JSON"),
        ("a.json", "[1, 2", "is not JSON"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.json", "{}", "holds no transcript"),
        ("a.json", '"text"', "holds no transcript"),
        ("a.json", '[{"word": "a", "start": NaN, "end": 1}]', "NaN is not a number that JSON knows"),
        ("a.json", '[{"word": "a", "start": 1e999, "end": 1}]', "[0]: 'inf' is not a time"),
        ("a.json", "[1]", "[0] has no `word`"),
        ("a.json", word(start=3.0), "[1]: ends (2 s) before it begins (3 s)"),
        ("a.json", word(start="soon"), "[1]: 'soon' is not a time"),
        ("a.json", word(start=True), "[1]: 'True' is not a time"),
        ("a.json", {"segments": [{"start": 0}]}, "segments[0] has neither `text` nor `body`"),
        ("a.json", {"segments": [{"text": "a", "start": -1, "end": 2}]}, "segments[0]: a time is negative"),
        ("a.json", {"segments": [{"text": "a", "words": word(end=-1)}]}, "segments[0].words[1]: a time is negative"),
        ("a.json", {"segments": [{"text": "a", "words": 5}]}, "segments[0].words is not a list of words"),
        ("a.json", {"schema": "earwitness.transcript/9", "segments": []}, "not an earwitness transcript"),
        ("a.txt", b"\xff\xfe\x00", "is not UTF-8 text"),
        ("a.docx", b"PK\x03\x04\x00\x00", "is binary"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(given, tmp_path: Path, name: str, content: Any, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TranscriptError) as caught:
        given(name, content)
    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert complaint in message
    assert "\n" not in message


def test_impossible_times_in_our_transcripts_are_named(given) -> None:  # type: ignore[no-untyped-def]
    content = make_transcript().to_dict()
    content["segments"][1]["words"][2]["end"] = 0.5
    with pytest.raises(TranscriptError, match="segment 1, word 'talk': ends"):
        given("a.json", content)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match=r"cannot read .*missing.txt: No such file"):
        read(tmp_path / "missing.txt")
    with pytest.raises(TranscriptError, match=r"cannot read .*: Is a directory"):
        read(tmp_path)
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TranscriptError, match="larger than 256 MiB"):
        read(tmp_path / "huge.txt")


def test_words_without_speakers_have_no_utterances() -> None:
    truth = of_words("a", [Word(" One", 0.0, 0.5, 1.0), Word(" two", 0.5, 1.0, 1.0)])
    assert (truth.text, truth.utterances, truth.turns) == ("One two", None, None)


def test_joined_turns() -> None:
    turns = [Turn(0.0, 5.0, "A"), Turn(1.0, 2.0, "A"), Turn(5.5, 6.0, "A"), Turn(6.6, 7.0, "A"), Turn(0.5, 0.5, "B")]
    assert joined(turns) == (Turn(0.0, 6.0, "A"), Turn(6.6, 7.0, "A"))


def test_the_words_and_the_utterances_of_a_real_meeting_agree(data: Path) -> None:
    for path in sorted((data / "diarization").glob("ami_*.words.json")):
        words, utterances = read(path), read(path.with_name(path.name.replace(".words.json", ".stm")))
        for speaker in {word.speaker for word in words.words}:
            said = " ".join(word.word.strip() for word in words.words if word.speaker == speaker)
            assert said == " ".join(u.text for u in utterances.utterances if u.speaker == speaker)


def test_the_example_of_podcasting_says_the_same_in_both_formats(data: Path) -> None:
    page, subtitles = (read(data / f"feeds/podcast-namespace_transcript_example.{kind}") for kind in ("html", "srt"))
    assert page.text.split() == subtitles.text.split()
    for speaker in ("Gilon", "Sarah", "Travis"):
        said = [" ".join(u.text for u in t.utterances if u.speaker == speaker) for t in (page, subtitles)]
        assert said[0].split() == said[1].split()
        assert said[0]
