"""Transcripts from files, ours and others', whole enough to be summarized."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from earwitness.checkpoints import Checkpoints
from earwitness.errors import TranscriptError
from earwitness.exports import FORMATS
from earwitness.exports.json import write
from earwitness.foreign import read
from earwitness.options import SummaryOptions
from earwitness.summaries import with_summaries
from earwitness.types import Transcript
from episodes import episode


def saved(folder: Path, content: Any, name: str = "talk.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def whisper(**changes: Any) -> dict[str, Any]:
    """As openai-whisper writes it, with the times of words."""
    lines = ("The bridge was built in 1871.", "It has been mended twice since then.")
    segments = []
    for number, text in enumerate(lines):
        words = [
            {"word": f" {word}", "start": 5.0 * number + 0.5 * place, "end": 5.0 * number + 0.5 * place + 0.4,
             "probability": 0.9}
            for place, word in enumerate(text.split())
        ]  # fmt: skip
        segments.append(
            {"id": number, "seek": 0, "start": 5.0 * number, "end": 5.0 * number + 4, "text": f" {text}",
             "tokens": [1], "temperature": 0.0, "words": words}
        )  # fmt: skip
    return {"text": "".join(item["text"] for item in segments), "segments": segments, "language": "en", **changes}


def test_ours_come_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_bytes(write(episode()))
    found, ours = read(path)
    assert ours
    assert found == Transcript.from_dict(json.loads(write(episode())))


def test_whispers_become_whole_ones(tmp_path: Path) -> None:
    found, ours = read(saved(tmp_path, whisper()))
    assert not ours
    assert [line.text for line in found.segments] == [
        "The bridge was built in 1871.", "It has been mended twice since then.",
    ]  # fmt: skip
    assert [len(line.words) for line in found.segments] == [6, 7]
    assert (found.language, found.source.name, found.duration) == ("en", "talk", 9.0)
    assert [turn.segments for turn in found.turns] == [(0, 1)]
    assert [chapter.segments for chapter in found.chapters] == [(0, 1)]
    result = with_summaries(found, SummaryOptions(), None, Checkpoints(None))
    assert result.summary
    assert result.summary.sentences
    for name, form in FORMATS.items():
        assert bool(form.write(result)) == (name != "rttm")  # which has a line for each speaker's turn
    schema = json.loads(files("earwitness.exports").joinpath("transcript.schema.json").read_bytes())
    jsonschema.validate(json.loads(write(result)), schema)


def test_whisperx_knows_who_speaks(tmp_path: Path) -> None:
    content = whisper()
    content["segments"][0]["speaker"], content["segments"][1]["speaker"] = "SPEAKER_00", "SPEAKER_01"
    found, _ = read(saved(tmp_path, content))
    assert [(known.id, known.seconds) for known in found.speakers] == [("SPEAKER_00", 4.0), ("SPEAKER_01", 4.0)]
    assert [turn.speaker for turn in found.turns] == ["SPEAKER_00", "SPEAKER_01"]


def test_podcasting_2_knows_names(tmp_path: Path) -> None:
    content = {
        "version": "1.0.0",
        "segments": [{"speaker": "Ann", "startTime": 0.0, "endTime": 3.0, "body": "The bridge is old."}],
    }
    found, _ = read(saved(tmp_path, content))
    assert found.name_of(found.segments[0].speaker) == "Ann"


def test_older_transcripts_of_ours_lack_what_came_later(tmp_path: Path) -> None:
    """The first version had neither overlaps, events nor proposals, summaries of speakers, descriptions nor marks."""
    content = json.loads(write(with_summaries(episode(), SummaryOptions(), None, Checkpoints(None))))
    del content["overlaps"], content["events"], content["description"]
    for speaker in content["speakers"]:
        speaker.pop("proposal", None)
        speaker.pop("proposal_probability", None)
        speaker.pop("summary", None)
    for sentence in content["summary"]["sentences"]:
        del sentence["unsupported"]
    del content["summary"]["unread"]
    found, ours = read(saved(tmp_path, content))
    assert ours
    assert found.segments == Transcript.from_dict(json.loads(write(episode()))).segments
    assert with_summaries(found, SummaryOptions(), None, Checkpoints(None)).summary == found.summary


def test_turns_and_chapters_are_made_where_there_are_none(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_bytes(write(replace(episode(), turns=(), chapters=())))
    found, _ = read(path)
    assert [turn.segments for turn in found.turns] == [turn.segments for turn in episode().turns]
    assert [chapter.segments for chapter in found.chapters] == [chapter.segments for chapter in episode().chapters]


def bad(change: str) -> Any:
    content = json.loads(write(episode()))
    if change == "next schema":
        content["schema"] = "earwitness.transcript/2"
    elif change == "stray":
        content["chapters"][0]["segments"].append(999)
    elif change == "left out":
        content["turns"][1]["segments"].pop()
    elif change == "twice":
        content["segments"][1]["id"] = 0
    elif change == "no number":
        content["segments"][1]["start"] = "noon"
    return content


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (bad("next schema"), "schema"),
        (bad("stray"), "segment 999, which is not there"),
        (bad("left out"), "in 0 turns"),
        (bad("twice"), "segment 0 is there twice"),
        (bad("no number"), "noon"),
        ({"text": "Only text."}, "no segments with times"),
        ({"segments": [{"text": "No times."}]}, "no segments with times"),
        ([], "no segments with times"),
        (7, "holds no transcript"),
        ({"segments": [{"start": 0, "end": 1}]}, "neither `text` nor `body`"),
    ],
)
def test_what_is_no_transcript_is_one_line_that_names_it(content: Any, trouble: str, tmp_path: Path) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(TranscriptError, match=trouble) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert "; " in str(refused.value)  # the remedy
    assert "\n" not in str(refused.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"schema": ')
    (tmp_path / "binary.json").write_bytes(b"\0\1\2")
    (tmp_path / "talk.srt").write_text("1\n")
    troubles = {"broken": "not JSON", "binary": "binary", "gone": "cannot read"}
    for name, trouble in {**{f"{stem}.json": why for stem, why in troubles.items()}, "talk.srt": "not a .json"}.items():
        with pytest.raises(TranscriptError, match=trouble) as refused:
            read(tmp_path / name)
        assert name in str(refused.value)
        assert "; give a STEM.json" in str(refused.value)
