"""Word documents, read back by python-docx."""

from __future__ import annotations

import io
import zipfile

import docx
from docx.document import Document

from earwitness.exports.docx import write
from earwitness.types import Transcript
from factories import make_transcript


def opened(transcript: Transcript) -> Document:
    return docx.Document(io.BytesIO(write(transcript)))


def test_it_reads_as_written() -> None:
    document = opened(make_transcript(warnings=("The end is missing.",)))
    assert document.core_properties.title == "episode one"
    found = [(paragraph.style.name if paragraph.style else "", paragraph.text) for paragraph in document.paragraphs]
    assert found == [
        ("Title", "episode one"),
        (
            "Subtitle",
            "0:17 · Bob 53% · Ann Lee 47% · transcribed by fake with the model fake-1, speakers by builtin, "
            "summary by extractive",
        ),
        ("Normal", "Note: The end is missing."),
        ("Heading 1", "Summary"),
        (
            "Normal",
            "Ann Lee: Today we talk about the river and its bridge. [0:02] Bob: It was built in 1871, and it has been "
            "mended twice since then. [0:11]",
        ),
        ("Normal", "Keywords: river, bridge"),
        ("Heading 1", "Transcript"),
        ("Heading 2", "Opening"),
        ("Subtitle", "Ann Lee: Welcome to the show. [0:01]"),
        ("Normal", "Ann Lee  0:01  Welcome to the show. Today we talk about the river and its bridge."),
        ("Normal", "Bob  0:06  Thank you, I am glad to be here."),
        ("Heading 2", "The bridge"),
        ("Subtitle", "Ann Lee: How old is the bridge? [0:09]"),
        ("Normal", "Ann Lee  0:09  How old is the bridge?"),
        ("Normal", "Bob  0:11  It was built in 1871, and it has been mended twice since then."),
        ("Normal", "Ann Lee  0:15  Goodbye."),
    ]


def test_names_are_bold_and_links_have_ends() -> None:
    document = opened(make_transcript())
    turn = next(paragraph for paragraph in document.paragraphs if paragraph.text.startswith("Bob"))
    assert [run.bold for run in turn.runs[:2]] == [True, None]
    assert turn.runs[1].font.color.rgb is not None
    names = {mark.get(docx.oxml.ns.qn("w:name")) for mark in document.element.iter(docx.oxml.ns.qn("w:bookmarkStart"))}
    links = [link.fragment for paragraph in document.paragraphs for link in paragraph.hyperlinks]
    assert links == ["s1", "s4", "s0", "s3"]
    assert set(links) <= names


def test_xml_and_controls_in_the_text_do_no_harm() -> None:
    hostile = "a\x00\x0b<w:t>&amp;\ufffe </w:p> ]]> 😀"
    document = opened(make_transcript([("A", hostile)], names={"A": hostile}, name=f"{hostile.replace('/', '')}.mp3"))
    assert document.paragraphs[-1].text.count("a <w:t>&amp; </w:p> ]]> 😀") == 2


def test_the_archive_is_whole_and_dated_alike() -> None:
    archive = zipfile.ZipFile(io.BytesIO(write(make_transcript([]))))
    assert archive.testzip() is None
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
