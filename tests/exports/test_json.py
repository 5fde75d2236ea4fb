"""The transcript JSON: its schema, its readers, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from earwitness import exports
from earwitness.errors import TranscriptError
from earwitness.exports.json import read, write
from earwitness.types import Transcript, Word
from factories import make_transcript

SCHEMA = json.loads(files(exports).joinpath("transcript.schema.json").read_bytes())


def saved(folder: Path, content: Any) -> Path:
    path = folder / "episode.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_it_is_to_dict_and_comes_back(tmp_path: Path) -> None:
    transcript = make_transcript(warnings=("Straße\u2028\u202e 😀",))
    path = tmp_path / "episode.json"
    path.write_bytes(write(transcript))
    assert json.loads(path.read_bytes()) == transcript.to_dict()
    assert read(path) == Transcript.from_dict(transcript.to_dict())
    assert "Straße" in path.read_text(encoding="utf-8")
    assert path.read_bytes().endswith(b"}\n")


def test_a_word_takes_one_line() -> None:
    lines = write(make_transcript()).decode().splitlines()
    assert sum(line.lstrip().startswith('{"word":') for line in lines) == len(make_transcript().words)


@pytest.mark.parametrize(
    "transcript",
    [make_transcript(), make_transcript([]), make_transcript([(None, "Who?")], chapters=[], summary=None)],
    ids=["conversation", "empty", "nobody"],
)
def test_it_meets_its_schema(transcript: Transcript) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(write(transcript)), SCHEMA, jsonschema.Draft202012Validator)


def test_readers_of_whisper_and_whisperx_find_their_fields() -> None:
    content = json.loads(write(make_transcript()))
    assert {"text", "language", "segments"} <= content.keys()
    assert content["text"] == " ".join(segment["text"] for segment in content["segments"])
    for segment in content["segments"]:
        assert {"id", "start", "end", "text", "avg_logprob", "no_speech_prob", "speaker", "words"} <= segment.keys()
        assert "".join(word["word"] for word in segment["words"]).strip() == segment["text"]
        for word in segment["words"]:
            assert {"word", "start", "end", "probability", "speaker"} <= word.keys()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_say_is_never_written(number: float) -> None:
    transcript = make_transcript()
    segment = dataclasses.replace(transcript.segments[0], words=(Word(" x", 0.0, 1.0, number),))
    with pytest.raises((ValueError, OverflowError)):
        write(dataclasses.replace(transcript, segments=(segment,)))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b"null", b'{"schema": "other"}']
)
def test_what_is_no_transcript_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "episode.json"
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=r"episode\.json.*give a STEM\.json of ours") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match=r"cannot read .*none\.json: No such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["segments"][1].update(start="soon"), "'soon' is not of type float"),
        (lambda c: c["segments"][0].update(text=None), "None is not of type str"),
        (lambda c: c["segments"][0].update(end=float("nan")), "NaN is not a finite number"),
        (lambda c: c["source"].update(duration=10**400), "too large"),
        (lambda c: c["coverage"][0].update(kind="lost"), "'lost' is none of 'transcribed'"),
        (lambda c: c["segments"][0].pop("words"), "missing.*'words'"),
        (lambda c: c.update(turns=3), "3 is not a list"),
    ],
)
def test_a_file_changed_by_hand_is_refused_with_the_reason(tmp_path: Path, change: Any, message: str) -> None:
    content = make_transcript().to_dict()
    change(content)
    with pytest.raises(TranscriptError, match=rf"episode\.json.*{message}"):
        read(saved(tmp_path, content))


def test_endless_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "episode.json"
    path.write_bytes(write(make_transcript()).replace(b'"start": 1.0', b'"start": 1e999', 1))
    with pytest.raises(TranscriptError, match="1e999 is not a finite number"):
        read(path)
