"""Whatever people say or call themselves, every format stays readable by its reader."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from pathlib import Path

import docx
import jsonschema
import pysubs2
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pyannote.database.util import load_rttm

from earwitness.exports import FORMATS
from earwitness.feeds.lines import read
from earwitness.types import Transcript
from factories import make_transcript
from pages import Page

SCHEMA = json.loads(files("earwitness.exports").joinpath("transcript.schema.json").read_bytes())

PIECES = (
    "<script>alert(1)</script>", "-->", "00:00:01,000 --> 00:00:02,000", "&", "&amp;", "<v Eve>", "\n\n", "\r", "\t",
    "\x00", "\x1b[2J", "\u200f", "\u202e", "\u2028", "\ud83d", "😀", "é", "שלום", "x" * 300, "今天我们来谈谈", "WEBVTT",
    "NOTE", "7", "{\\an8}", "\\N", "]]>", '"', "'", ";", "#", "NA", "..", "/", "C:\\", " ", ".", "ok",
)  # fmt: skip

texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.lists(st.sampled_from(PIECES)).map(" ".join)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    return make_transcript(
        draw(st.lists(st.tuples(st.sampled_from(["A", "B", None]), texts), max_size=5)),
        names={"A": draw(texts), "B": draw(texts)},
        chapters=[(0, draw(texts))],
        name=draw(texts),
        language=draw(st.sampled_from(["en", "zh", "he"])),
        keywords=tuple(draw(st.lists(texts, max_size=2))),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
    )


def check_srt(content: str, transcript: Transcript) -> None:
    assert len(pysubs2.SSAFile.from_string(content, format_="srt")) == content.count("-->")
    blocks = content.split("\n\n")[:-1]
    assert all(len(block.split("\n")) in (3, 4) for block in blocks)


def check_vtt(content: str, transcript: Transcript) -> None:
    assert len(webvtt.from_buffer(io.StringIO(content))) == content.count("-->")


def check_tsv(content: str, transcript: Transcript) -> None:
    rows = list(csv.reader(content.split("\n")[:-1], delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [len(row) for row in rows] == [3] * (len(transcript.segments) + 1)


def check_json(content: str, transcript: Transcript) -> None:
    jsonschema.validate(json.loads(content), SCHEMA, jsonschema.Draft202012Validator)


def check_rttm(content: str, transcript: Transcript, path: Path) -> None:
    assert all(len(line.split()) == 10 for line in content.splitlines())
    path.write_text(content, encoding="utf-8")
    tracks = sum(len(list(found.itertracks())) for found in load_rttm(path).values()) if content else 0
    assert tracks == len(content.splitlines())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transcript=transcripts())
def test_every_format_of_any_transcript_can_be_read(transcript: Transcript, tmp_path: Path) -> None:
    made = {name: format_.write(transcript) for name, format_ in FORMATS.items()}
    docx.Document(io.BytesIO(made.pop("docx")))
    Page(made["html"])
    text = {name: content.decode("utf-8") for name, content in made.items()}
    assert not any(character in content for content in text.values() for character in "\r\x00\x1b")
    assert "<script" not in MarkdownIt("commonmark", {"html": True}).render(text["md"])
    check_srt(text["srt"], transcript)
    check_vtt(text["vtt"], transcript)
    check_tsv(text["tsv"], transcript)
    check_json(text["json"], transcript)
    check_rttm(text["rttm"], transcript, tmp_path / "any.rttm")
    assert len(json.loads(text["podcast"])["segments"]) == len(transcript.segments)
    json.loads(text["chapters"])
    read(made["feed"], "lines")
