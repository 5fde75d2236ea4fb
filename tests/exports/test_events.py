"""Events in what people read: where they are heard, in no subtitle, and never taken for words."""

from __future__ import annotations

import io
import json

import docx
import pytest

from earwitness.evaluation.readers import parse
from earwitness.exports import FORMATS
from earwitness.types import Event, Transcript
from factories import make_transcript

LINES = [("A", "One."), ("A", "Two."), ("B", "Three.")]
SILENT = ("srt", "vtt", "tsv", "rttm", "podcast", "chapters", "notes", "feed")


def heard() -> Transcript:
    """Music before all, a jingle between two sentences of one turn, and one after the end."""
    plain = make_transcript(LINES, chapters=[(0, "Opening")], start_s=20.0)
    first, second, last = plain.segments
    marks = (
        Event(0.0, 19.5, "music", 0.95),
        Event(first.end + 0.1, second.start - 0.1, "jingle", 0.8),
        Event(last.end, last.end + 5.0, "<jingle>", 0.7),
    )
    return make_transcript(LINES, chapters=[(0, "Opening")], start_s=20.0, events=marks)


def test_text_tells_of_them_in_order() -> None:
    lines = FORMATS["txt"].write(heard()).decode().split("\n\n")
    assert [line.split("]")[0].lstrip("[").split(" ")[0] for line in lines] == [
        "music", "0:20", "jingle", "0:20", "0:21", "<jingle>",
    ]  # fmt: skip
    assert lines[0] == "[music 0:00-0:19]"


def test_pages_and_documents_tell_of_them_and_escape_their_labels() -> None:
    transcript = heard()
    md = FORMATS["md"].write(transcript).decode()
    assert "\n\n*\\[music 0:00-0:19\\]*\n\n### Opening\n" in md
    assert "*\\[&lt;jingle&gt; " in md
    page = FORMATS["html"].write(transcript).decode()
    assert '<p class="event">[music 0:00-0:19]</p>' in page
    assert "[&lt;jingle&gt; " in page
    paragraphs = [one.text for one in docx.Document(io.BytesIO(FORMATS["docx"].write(transcript))).paragraphs]
    assert paragraphs.index("[music 0:00-0:19]") < paragraphs.index("Opening")
    assert sum("jingle" in text for text in paragraphs) == 2


def test_where_nobody_speaks_they_are_told_all_the_same() -> None:
    transcript = make_transcript([], events=(Event(0.0, 9.0, "music", 0.9),))
    page = FORMATS["html"].write(transcript).decode()
    assert "Nobody speaks in this recording." in page
    for name in ("txt", "md", "html", "docx"):
        content = FORMATS[name].write(transcript)
        text = content.decode() if name != "docx" else docx.Document(io.BytesIO(content)).paragraphs[-1].text
        assert "music 0:00-0:09" in text


@pytest.mark.parametrize("name", SILENT)
def test_subtitles_tables_and_notes_are_as_without(name: str) -> None:
    transcript = heard()
    silent = make_transcript(LINES, chapters=[(0, "Opening")], start_s=20.0)
    assert FORMATS[name].write(transcript) == FORMATS[name].write(silent)


@pytest.mark.parametrize("name", ["txt", "md", "json"])
def test_scoring_does_not_take_them_for_words(name: str) -> None:
    truth = parse(FORMATS[name].write(heard()).decode(), f"talk.{name}")
    assert truth.text.split() == ["One.", "Two.", "Three."]


def test_they_come_back_from_json() -> None:
    transcript = heard()
    content = json.loads(FORMATS["json"].write(transcript))
    assert content["events"][0] == {"start": 0.0, "end": 19.5, "label": "music", "score": 0.95}
    assert Transcript.from_dict(content).events == tuple(
        Event(round(one.start, 3), round(one.end, 3), one.label, one.score) for one in transcript.events
    )
    del content["events"]
    assert Transcript.from_dict(content).events == ()
