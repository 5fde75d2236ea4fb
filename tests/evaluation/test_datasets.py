"""Every kind of dataset, made here with known truths; what is broken in one fails alone and is named."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness import exports, source
from earwitness.errors import SourceError
from earwitness.evaluation.datasets import Item, load, outside
from earwitness.evaluation.truth import Truth, Utterance, of_transcript
from earwitness.options import SourceOptions
from earwitness.types import EngineInfo, Region, Turn, Word
from factories import CONVERSATION, make_transcript
from servers import Answer, Server, body, serving
from sounds import write_wav

HERE = SourceOptions(allow_private=True, max_download_s=20)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_wav(path, np.zeros(1600, np.float32))


def manifest(folder: Path, *rows: Mapping[str, Any] | str) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    return write(folder / "manifest.jsonl", "\n".join(lines) + "\n\n")


def items_of(place: Path | str, **arguments: Any) -> dict[str, Item]:
    return {item.name: item for item in load(str(place), **arguments)[1]}


# Manifest


def test_a_row_of_each_kind(tmp_path: Path) -> None:
    write(
        tmp_path / "d/two.rttm",
        "SPEAKER two 1 1.0 2.0 <NA> <NA> A <NA> <NA>\nSPEAKER two 1 4 1 <NA> <NA> B <NA> <NA>\n",
    )
    write(tmp_path / "d/two.stm", "two 1 A 1.0 3.0 good morning\ntwo 1 B 4.0 5.0 yes\n")
    write(tmp_path / "d/two.words.json", '[{"start": 1.1, "end": 1.5, "speaker": "A", "word": "good"}]')
    place = manifest(
        tmp_path,
        {
            "file": "a/one.wav", "kind": "asr", "reference_text": "One, two.", "speakers": ["x"], "duration_s": 2.5,
            "notes": "n",
        },
        {"file": "k/yes.wav", "kind": "keyword", "reference_text": "yes", "speakers": None},
        {
            "file": "d/two.wav", "kind": "diarization", "reference_text": "good morning yes",
            "reference_file": "d/two.rttm", "transcript_file": "d/two.stm", "word_file": "d/two.words.json",
            "speakers": ["A", "B"],
        },
        {"file": "c/six.wav", "kind": "speaker_count", "speakers": 6},
        {"file": "plain.wav", "reference_text": "no kind", "language": "pt-BR"},
        {"file": "rain.ogg", "kind": "sound", "label": "rain"},
        {"file": "snow.ogg", "kind": "sound", "label": "snow"},
        {"file": "feed.xml", "kind": "feed"},
    )  # fmt: skip
    said: list[str] = []
    name, items = load(str(place), say=said.append)
    assert name == tmp_path.name
    assert [(item.name, item.group, item.speakers) for item in items] == [
        ("a/one.wav", "asr", 1), ("k/yes.wav", "keyword", None), ("d/two.wav", "diarization", 2),
        ("c/six.wav", "speaker_count", 6), ("plain.wav", "asr", None),
    ]  # fmt: skip
    one, _, two, six, plain = items
    assert one.truth == Truth("a/one.wav", text="One, two.", duration=2.5)
    assert (one.notes, one.recording) == ("n", str(tmp_path / "a/one.wav"))
    assert two.truth == Truth(
        "d/two.wav",
        text="good morning yes",
        utterances=(Utterance("good morning", "A", 1.0, 3.0), Utterance("yes", "B", 4.0, 5.0)),
        words=(Word(" good", 1.1, 1.5, 1.0, "A"),),
        turns=(Turn(1.0, 3.0, "A"), Turn(4.0, 5.0, "B")),
    )
    assert six.truth == Truth("c/six.wav")
    assert plain.truth.language == "pt-BR"
    assert said == ["manifest.jsonl: rows that are not evaluated: 2 sound, 1 feed"]
    assert load(str(tmp_path))[1] == items


def test_words_of_people_who_talk_at_once_are_no_one_string(tmp_path: Path) -> None:
    write(tmp_path / "x.rttm", "SPEAKER x 1 0 4 <NA> <NA> A <NA> <NA>\nSPEAKER x 1 3 4 <NA> <NA> B <NA> <NA>\n")
    write(tmp_path / "x.stm", "x 1 A 0 4 one two\nx 1 B 3 7 three\n")
    row = {"file": "x.wav", "kind": "diarization", "reference_text": "one three two", "reference_file": "x.rttm"}
    [item] = load(str(manifest(tmp_path, {**row, "transcript_file": "x.stm"})))[1]
    assert item.truth.text is None
    assert [said.text for said in item.truth.utterances or ()] == ["one two", "three"]


def test_encodings_of_one_recording_count_once(tmp_path: Path) -> None:
    def row(file: str, text: str, duration_s: float, speaker: str = "x") -> dict[str, Any]:
        return {"file": file, "kind": "asr", "reference_text": text, "duration_s": duration_s, "speakers": [speaker]}

    items = items_of(
        manifest(
            tmp_path,
            row("a.flac", "Ask not what", 11.0),
            row("a.m4a", "ask  not what", 11.05),
            row("slower.wav", "Ask not what", 12.0),
            row("slower.mp3", "Ask not what", 12.02),
            row("another voice.wav", "Ask not what", 11.0, "y"),
            row("another text.wav", "Ask what not", 11.0),
        )
    )
    assert [name for name, item in items.items() if not item.counted] == ["a.m4a", "slower.mp3"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"file": "bad.wav"', "manifest.jsonl line 2: not JSON"),
        ("[1, 2]", "manifest.jsonl line 2: not an object with a `file`"),
        ('{"file": "bad.wav", "duration_s": NaN}', "manifest.jsonl line 2: not JSON .NaN"),
        ({"file": "bad.wav", "speakers": 10**400}, "manifest.jsonl line 2: its speakers is 1000"),
        ({"file": "bad.wav", "reference_file": "a\0b"}, "manifest.jsonl line 2: its reference_file is 'a.x00b'"),
        (r'{"file": "bad.wav", "reference_text": "\ud800"}', "manifest.jsonl line 2: its reference_text"),
        ('{"kind": "asr"}', "manifest.jsonl line 2: not an object with a `file`"),
        ({"file": "bad.wav", "kind": "asr", "reference_text": 3}, "manifest.jsonl line 2: its reference_text is 3"),
        ({"file": "bad.wav", "kind": "asr"}, "bad.wav: it has no reference_text"),
        ({"file": "bad.wav", "kind": "diarization"}, "bad.wav: it has no reference_file with turns"),
        ({"file": "bad.wav", "kind": "speaker_count"}, "bad.wav: it does not say how many speakers"),
        ({"file": "bad.wav", "kind": "diarization", "reference_file": "gone.rttm"}, "bad.wav: .*gone.rttm"),
        ({"file": "bad.wav", "kind": "diarization", "reference_file": "bad.rttm"}, "bad.wav: .*bad.rttm.*line 1"),
    ],
)
def test_a_broken_row_fails_alone(tmp_path: Path, row: Mapping[str, Any] | str, said: str) -> None:
    write(tmp_path / "bad.rttm", "SPEAKER bad 1 soon 2.0 <NA> <NA> A <NA> <NA>\n")
    good = {"file": "good.wav", "kind": "asr", "reference_text": "well"}
    items = list(items_of(manifest(tmp_path, good, row, {**good, "file": "last.wav"})).values())
    assert [item.error is None for item in items] == [True, False, True]
    assert re.match(said, str(items[1].error))
    assert "\n" not in str(items[1].error)


def test_a_missing_recording_is_found_out_when_it_is_fetched(tmp_path: Path) -> None:
    items = items_of(
        manifest(
            tmp_path,
            {"file": "gone.wav", "reference_text": "a"},
            {"file": "https://example.org/x.mp3", "reference_text": "b"},
        )
    )
    assert items["gone.wav"].error is None
    with pytest.raises(SourceError, match=r"^gone\.wav: no such file"):
        source.fetch(source.find([items["gone.wav"].recording])[0], SourceOptions(), tmp_path)
    assert items["https://example.org/x.mp3"].recording == "https://example.org/x.mp3"


def test_names_are_unique_and_stay(tmp_path: Path) -> None:
    row = {"file": "a.wav", "kind": "keyword", "reference_text": "yes"}
    place = manifest(tmp_path, row, row, {**row, "file": "a.wav (2)"}, row)
    assert list(items_of(place)) == ["a.wav", "a.wav (2)", "a.wav (2) (2)", "a.wav (3)"]
    assert list(items_of(place, limit=2)) == ["a.wav", "a.wav (2)"]


def test_nothing_to_evaluate_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing in it can be evaluated"):
        load(str(manifest(tmp_path, {"file": "rain.ogg", "kind": "sound"})))


def test_the_real_manifest(data: Path) -> None:
    said: list[str] = []
    items = load(str(data), say=said.append)[1]
    assert Counter(item.group for item in items) == {"asr": 121, "keyword": 66, "diarization": 13, "speaker_count": 1}
    assert not [item.error for item in items if item.error]
    assert {item.name for item in items if not item.counted} == {
        "asr/jfk.wav", "asr/jfk.mp3", "asr/jfk_44k1.m4a", "asr/LJ001-0001.mp3", "asr/LJ001-0001.flac",
        "asr/one_two_three_8bit_mono.wav", "asr/one_two_three_16bit_stereo.aiff", "asr/one_two_three_24bit_mono.wav",
        "asr/one_two_three_24bit_mono.flac", "asr/one_two_three_32bit_stereo.wav",
    }  # fmt: skip
    assert all(Path(item.recording).is_file() for item in items)
    assert "62 feed" in said[0]
    by_name = {item.name: item for item in items}
    meeting = by_name["diarization/ami_EN2001a_000-030.wav"].truth
    assert meeting.text is None
    assert {said.speaker for said in meeting.utterances or ()} == {"MEE067", "MEE068", "MEO069"}
    assert (meeting.words or ())[0] == Word(" 'Kay.", 3.34, 3.88, 1.0, "MEO069")
    assert (by_name["diarization/pyannote_sample.wav"].truth.text or "").startswith("Hello? Hello?")
    assert by_name["diarization/vibe_6_speakers.wav"].speakers == 6


# LibriSpeech


def test_librispeech(tmp_path: Path) -> None:
    chapter = tmp_path / "LibriSpeech/test-clean/61/70968"
    write(
        chapter / "61-70968.trans.txt",
        "61-70968-0000 HE BEGAN A CONFUSED COMPLAINT\n61-70968-0001 GIVE NOT SO EARNEST A MIND\n",
    )
    write(tmp_path / "LibriSpeech/test-other/7/8/7-8.trans.txt", "7-8-0000 MISTER HALE\n")
    sound(chapter / "61-70968-0000.flac")
    sound(chapter / "61-70968-0001.wav")
    name, items = load(str(tmp_path / "LibriSpeech"))
    assert name == "LibriSpeech"
    assert [(item.name, item.group, item.truth.text, item.speakers) for item in items] == [
        ("61-70968-0000", "test-clean", "HE BEGAN A CONFUSED COMPLAINT", 1),
        ("61-70968-0001", "test-clean", "GIVE NOT SO EARNEST A MIND", 1),
        ("7-8-0000", "test-other", "MISTER HALE", 1),
    ]
    assert [Path(item.recording).name for item in items] == ["61-70968-0000.flac", "61-70968-0001.wav", ""]
    assert [item.error for item in items] == [None, None, "7-8-0000: no recording of this name in 8; put it there"]
    assert load(str(chapter))[1][0].group == "70968"


def test_a_transcript_that_is_no_text_fails_alone(tmp_path: Path) -> None:
    write(tmp_path / "1/2/1-2.trans.txt", "1-2-0000 FINE\n")
    sound(tmp_path / "1/2/1-2-0000.flac")
    (tmp_path / "1/3").mkdir()
    (tmp_path / "1/3/1-3.trans.txt").write_bytes(b"1-3-0000 \xff\xfe\n")
    items = items_of(tmp_path)
    assert items["1-2-0000"].error is None
    assert "1-3.trans.txt: not text in UTF-8" in str(items["1-3.trans.txt"].error)


# RTTM


def test_what_synth_writes_is_known_whole(tmp_path: Path) -> None:
    transcript = make_transcript(name="talk.flac")
    exports.save(transcript, tmp_path, "talk", ["json", "rttm", "chapters", "txt"])
    sound(tmp_path / "talk.wav")
    [item] = load(str(tmp_path))[1]
    assert (item.name, item.recording, item.error) == ("talk", str(tmp_path / "talk.wav"), None)
    assert item.truth.text == " ".join(text for _, text in CONVERSATION)
    assert [said.speaker for said in item.truth.utterances or ()] == [
        "Ann Lee",
        "Ann Lee",
        "Bob",
        "Ann Lee",
        "Bob",
        "Ann Lee",
    ]
    assert len(item.truth.words or ()) == len(transcript.words)
    assert {turn.speaker for turn in item.truth.turns or ()} == {"Ann_Lee", "Bob"}
    assert [chapter.title for chapter in item.truth.chapters or ()] == ["Opening", "The bridge"]
    assert item.truth.duration == pytest.approx(transcript.duration)
    assert item.speakers == 2


def test_the_rttm_has_the_last_word_on_turns(tmp_path: Path) -> None:
    exports.save(make_transcript(), tmp_path, "talk", ["json"])
    write(tmp_path / "talk.rttm", "SPEAKER talk 1 1.25 3.5 <NA> <NA> A <NA> <NA>\n")
    sound(tmp_path / "talk.wav")
    assert load(str(tmp_path))[1][0].truth.turns == (Turn(1.25, 4.75, "A"),)


def test_a_reference_that_a_recogniser_made_is_told_of(tmp_path: Path) -> None:
    for name, engine in (
        ("a", EngineInfo("faster-whisper", "small", None, None)),
        ("b", EngineInfo("espeak-ng", "1.52", None, None)),
    ):
        exports.save(make_transcript(name=f"{name}.wav", engine=engine), tmp_path, name, ["json", "rttm"])
        sound(tmp_path / f"{name}.wav")
    notes = {name: item.notes for name, item in items_of(tmp_path).items()}
    assert notes == {"a": "the reference was itself made by faster-whisper small", "b": ""}


def test_one_rttm_of_many_meetings(tmp_path: Path) -> None:
    write(
        tmp_path / "refs/dev.rttm",
        ";; all of them\nSPEAKER EN2001a 1 0.5 1 <NA> <NA> A <NA> <NA>\nSPEAKER EN2001b 1 0 2 <NA> <NA> B <NA> <NA>\n"
        "SPEAKER EN2001a 1 2.0 1 <NA> <NA> C <NA> <NA>\nSPEAKER EN2001c 1 0 1 <NA> <NA> A <NA> <NA>\n"
        "SPEAKER EN2001d 1 -1 1 <NA> <NA> A <NA> <NA>\n",
    )
    write(tmp_path / "refs/EN2001a.stm", "EN2001a 1 A 0.5 1.5 hello\n")
    sound(tmp_path / "audio/EN2001a/EN2001a.Array1-01.wav")
    mix = sound(tmp_path / "audio/EN2001a/EN2001a.Mix-Headset.wav")
    sound(tmp_path / "audio/EN2001b.wav")
    sound(tmp_path / "audio/EN2001d.wav")
    name, found = load(str(tmp_path / "refs"))
    items = {item.name: item for item in found}
    assert (name, list(items)) == ("refs", ["EN2001a", "EN2001b", "EN2001c", "EN2001d"])
    assert items["EN2001a"].truth == Truth(
        "EN2001a",
        text="hello",
        utterances=(Utterance("hello", "A", 0.5, 1.5),),
        turns=(Turn(0.5, 1.5, "A"), Turn(2.0, 3.0, "C")),
    )
    assert (items["EN2001a"].recording, items["EN2001a"].speakers) == (str(mix), 2)
    assert items["EN2001b"].error is None
    assert items["EN2001c"].error == "EN2001c: no recording of this name in refs or audio; put it there"
    assert "dev.rttm" in str(items["EN2001d"].error)
    assert "line 6" in str(items["EN2001d"].error)


def test_odd_names_in_an_rttm_stop_nothing(tmp_path: Path) -> None:
    long = "x" * 400
    write(
        tmp_path / "a.rttm", f"SPEAKER {long} 1 0 1 <NA> <NA> A <NA> <NA>\nSPEAKER ../b 1 0 1 <NA> <NA> A <NA> <NA>\n"
    )
    sound(tmp_path / "a.wav")
    assert all("no recording of this name" in str(item.error) for item in load(str(tmp_path))[1])


def test_a_recording_in_which_nobody_speaks(tmp_path: Path) -> None:
    write(tmp_path / "rain.rttm", "")
    sound(tmp_path / "rain.wav")
    [item] = load(str(tmp_path))[1]
    assert (item.truth.turns, item.speakers, item.error) == ((), 0, None)


def test_the_real_folder_of_rttm(data: Path) -> None:
    items = load(str(data / "diarization"))[1]
    assert len(items) == 13
    assert not [item.error for item in items if item.error]
    assert all(item.truth.turns for item in items)
    assert sum(item.truth.utterances is not None for item in items) == 10
    assert sum(item.truth.words is not None for item in items) == 9


# STM

TALK = """;; TED-LIUM
AimeeMullins 1 inter_segment_gap 0 17.82 <o,,unknown> ignore_time_segment_in_scoring
AimeeMullins 1 AimeeMullins 17.82 28.81 <o,f0,female> i 'd like to share a discovery {BREATH} and it 's <unk> mine
AimeeMullins 1 AimeeMullins 28.81 30.0 <o,f0,female> a(2) few months ago
AimeeMullins 1 inter_segment_gap 30.0 40.0 <o,,unknown> ignore_time_segment_in_scoring
"""


def test_ted_lium(tmp_path: Path) -> None:
    write(tmp_path / "test/stm/AimeeMullins.stm", TALK)
    write(tmp_path / "test/stm/DanBarber.stm", "DanBarber 1 DanBarber soon 2 <NA> so\n")
    write(tmp_path / "test/stm/BillGates.stm", "BillGates 1 BillGates 0 2 so\n")
    (tmp_path / "test/sph").mkdir()
    for name in ("AimeeMullins", "DanBarber"):
        (tmp_path / f"test/sph/{name}.sph").write_bytes(b"NIST_1A\n")
    for place in (tmp_path / "test", tmp_path / "test/stm"):
        items = items_of(place)
        talk = items["AimeeMullins"]
        assert talk.truth.text == "i'd like to share a discovery and it's mine a few months ago"
        assert talk.truth.utterances == (
            Utterance("i'd like to share a discovery and it's mine", "AimeeMullins", 17.82, 28.81),
            Utterance("a few months ago", "AimeeMullins", 28.81, 30.0),
        )
        assert talk.truth.turns is None
        assert talk.ignored == (Region(0.0, 17.82), Region(30.0, 40.0))
        assert (talk.speakers, talk.recording) == (1, str(tmp_path / "test/sph/AimeeMullins.sph"))
        assert "line 1" in str(items["DanBarber"].error)
        assert "no recording of this name" in str(items["BillGates"].error)


def test_what_is_heard_in_ignored_time_is_not_scored() -> None:
    transcript = make_transcript((("A", "one two three"), ("B", "four five")), start_s=0.0, chapters=(), evidence=())
    words = transcript.words
    said = of_transcript(transcript, name="talk")
    assert outside(said, ()) is said
    cut = outside(said, [Region(words[1].start, words[3].end)])
    assert (cut.name, cut.text, len(cut.words or ())) == ("talk", "one five", 2)
    assert [line.text for line in cut.utterances or ()] == ["one", "five"]
    assert outside(said, [Region(0.0, 100.0)]).text == ""
    subtitles = Truth("talk", "a b", utterances=(Utterance("a", None, 0.0, 1.0), Utterance("b", None, 2.0, 3.0)))
    assert outside(subtitles, [Region(0.0, 1.5)]).text == "b"
    assert outside(Truth("talk", "a b"), [Region(0.0, 1.5)]).text == "a b"


# Feeds

PODCAST_JSON = {
    "version": "1.0.0",
    "segments": [
        {"speaker": "Ann", "startTime": 0.5, "endTime": 2.0, "body": "Welcome to the show."},
        {"speaker": "Bob", "startTime": 2.5, "endTime": 3.0, "body": "Thank you."},
    ],
}
WEB_PAGE = (
    "<cite>Ann:</cite><time>0:00</time><p>Welcome &amp; hello.</p><cite>Bob:</cite><time>0:02</time><p>Thanks.</p>"
)
FILES: dict[str, bytes] = {
    "/1.json": json.dumps(PODCAST_JSON).encode(),
    "/1.html": WEB_PAGE.encode(),
    "/1.txt": b"Welcome to the show. Thank you.",
    "/1.vtt": b"WEBVTT\n\n00:00.500 --> 00:02.000\n<v Ann>Welcome to the show.\n",
    "/broken.json": b"<html>Not found</html>",
}
ANSWERS: dict[str, Answer] = {name: body(content) for name, content in FILES.items()} | {"/gone.txt": body(b"", 404)}


def episode(title: str, *transcripts: tuple[str, str], audio: str = "/a.mp3", guid: str = "") -> str:
    links = "".join(f'<podcast:transcript url="{url}" type="{media_type}"/>' for url, media_type in transcripts)
    enclosure = f'<enclosure url="{audio}" type="audio/mpeg"/>'
    return f"<item><title>{title}</title><guid>{guid or title}</guid>{enclosure}{links}</item>"


def feed(*episodes: str, language: str = "en-GB") -> bytes:
    return (
        '<rss xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>The show</title>'
        f"<language>{language}</language>{''.join(episodes)}</channel></rss>"
    ).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(dict(ANSWERS)) as running:
        yield running


def test_a_feed(server: Server) -> None:
    server.answers["/feed.xml"] = body(
        feed(
            episode("Best", ("1.txt", "text/plain"), ("1.json", "application/json"), ("1.vtt", "text/vtt")),
            episode("Page", ("1.html", "text/html")),
            episode("Gone", ("gone.txt", "text/plain")),
            episode("Broken", ("broken.json", "application/json")),
            episode("Mute"),
            episode("Odd", ("1.pdf", "application/pdf")),
            episode("Silent", ("1.txt", "text/plain"), audio="javascript:alert(1)"),
            episode("Same", ("1.txt", "text/plain"), guid="g1"),
            episode("Same", ("1.txt", "text/plain"), guid="g2"),
        )
    )
    said: list[str] = []
    name, found = load(server.url("/feed.xml"), options=HERE, say=said.append)
    items = {item.name: item for item in found}
    assert (name, list(items)) == ("The show", ["Best", "Page", "Gone", "Broken", "Same [g1]", "Same [g2]"])
    assert said == ["The show: 1 episodes without sound and 2 without a transcript are left out"]
    best = items["Best"]
    assert best.recording == server.url("/a.mp3")
    assert best.truth.text == "Welcome to the show. Thank you."
    assert best.truth.utterances == (
        Utterance("Welcome to the show.", "Ann", 0.5, 2.0), Utterance("Thank you.", "Bob", 2.5, 3.0),
    )  # fmt: skip
    assert (best.truth.name, best.truth.language) == ("Best", "en")
    assert best.notes == "the show's own transcript, application/json"
    assert items["Page"].truth.text == "Welcome & hello. Thanks."
    assert [line.speaker for line in items["Page"].truth.utterances or ()] == ["Ann", "Bob"]
    assert items["Same [g2]"].truth.text == "Welcome to the show. Thank you."
    assert str(items["Gone"].error).startswith("Gone: its transcript: ")
    assert "404" in str(items["Gone"].error)
    assert str(items["Broken"].error).startswith("Broken: its transcript: ")
    assert sorted(server.asked) == sorted(
        ["/feed.xml", "/1.json", "/1.html", "/gone.txt", "/broken.json", "/1.txt", "/1.txt"]
    )


def test_only_as_many_transcripts_as_asked_for_are_fetched(server: Server) -> None:
    server.answers["/feed.xml"] = body(feed(*(episode(f"E{n}", ("1.txt", "text/plain")) for n in range(9))))
    assert list(items_of(server.url("/feed.xml"), options=HERE, limit=2)) == ["E0", "E1"]
    assert server.asked == ["/feed.xml", "/1.txt", "/1.txt"]


@pytest.mark.parametrize(("language", "chosen"), [("en-GB", "English."), ("es", "Español."), ("de", "English.")])
def test_the_transcript_in_the_language_that_is_spoken(
    tmp_path: Path, server: Server, language: str, chosen: str
) -> None:
    server.answers |= {"/en.txt": body(b"English."), "/es.txt": body("Español.".encode())}
    links = "".join(
        f'<podcast:transcript url="{server.url(f"/{code}.txt")}" type="text/plain" language="{code}"/>'
        for code in ("en", "es")
    )
    one = f'<item><title>One</title><enclosure url="https://example.org/a.mp3" type="audio/mpeg"/>{links}</item>'
    (tmp_path / "feed.rss").write_bytes(feed(one, language=language))
    [item] = load(str(tmp_path / "feed.rss"), options=HERE)[1]
    assert item.truth.text == chosen
    assert item.truth.language == {"English.": "en", "Español.": "es"}[chosen]


def test_a_feed_in_a_file_leads_nowhere_but_to_the_web(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "the secret")
    place = tmp_path / "show"
    place.write_bytes(
        feed(
            episode("File", (secret.as_uri(), "text/plain"), audio="https://example.org/a.mp3"),
            episode("Relative", ("secret.txt", "text/plain"), audio="https://example.org/a.mp3"),
            episode("Private", ("http://127.0.0.1:9/1.txt", "text/plain"), audio="https://example.org/a.mp3"),
        )
    )
    [item] = load(str(place))[1]
    assert (item.name, item.truth.text) == ("Private", None)
    assert "not on the public internet" in str(item.error)


@pytest.mark.parametrize("content", [b"<rss><!DOCTYPE", b"<html></html>", b""])
def test_what_is_no_feed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "show.xml").write_bytes(content)
    with pytest.raises(SourceError, match=r"^show\.xml: not a"):
        load(str(tmp_path / "show.xml"))


def test_a_feed_that_is_too_long(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.feeds.fetching.MAX_FEED_BYTES", 300)
    (tmp_path / "show.xml").write_bytes(feed(episode("One" * 100)))
    server.answers["/show.xml"] = body(feed(episode("One" * 100)))
    for place in (str(tmp_path / "show.xml"), server.url("/show.xml")):
        with pytest.raises(SourceError, match="longer than 300 bytes"):
            load(place, options=HERE)


# Other places


@pytest.mark.parametrize("name", ["gone", "", "x" * 400, "a\0b", "ftp://example.org/feed.xml"])
def test_places_that_are_not_there(name: str) -> None:
    with pytest.raises(
        SourceError, match=r"no such file or folder; give a manifest\.jsonl, or .*podcast feed"
    ) as caught:
        load(name)
    assert "\n" not in str(caught.value)


def test_places_that_are_no_dataset(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", "hello")
    for place in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(SourceError, match=r"not a dataset; give .*\*\.trans\.txt.*\*\.rttm.*\*\.stm"):
            load(str(place))
