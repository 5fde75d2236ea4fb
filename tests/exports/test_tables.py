"""The plain formats: TSV, RTTM, Podcasting 2.0's JSON, text."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from pyannote.core import Annotation, Segment
from pyannote.database.util import load_rttm

from earwitness.exports import chapters, podcast, rttm, tsv, txt
from earwitness.types import Transcript, Word
from factories import make_segment, make_transcript


def annotation(folder: Path, transcript: Transcript) -> dict[str, Annotation]:
    path = folder / "truth.rttm"
    path.write_bytes(rttm.write(transcript))
    return dict(load_rttm(path))


def test_tsv_is_whispers() -> None:
    transcript = make_transcript([("A", "One."), ("B", 'Two\t"tabs"\nand a line.')])
    rows = list(csv.DictReader(io.StringIO(tsv.write(transcript).decode()), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["text"] for row in rows] == ["One.", 'Two "tabs" and a line.']
    assert [int(row["start"]) for row in rows] == [1000, 1950]
    assert [int(row["end"]) for row in rows] == [1250, 3400]


def test_rttm_has_a_line_a_run(tmp_path: Path) -> None:
    words = (Word(" a", 1.0, 1.4, 0.9), Word(" b", 1.8, 2.0, 0.9), Word(" c", 2.6, 3.0, 0.9))
    segments = (
        make_segment(0, "a b c", "A", 1.0, end=3.0, words=words),
        make_segment(1, "d", "A", 3.4),
        make_segment(2, "who", None, 4.0),
        make_segment(3, "e f", "B", 5.0),
    )
    transcript = make_transcript(segments=segments, turns=(), name="my episode.mp3")
    found = annotation(tmp_path, transcript)["my_episode"]
    assert [(segment, label) for segment, _, label in found.itertracks(yield_label=True)] == [
        (Segment(1.0, 2.0), "Ann_Lee"),
        (Segment(2.6, pytest.approx(3.65)), "Ann_Lee"),
        (Segment(5.0, pytest.approx(5.55)), "Bob"),
    ]


def test_rttm_lines_have_ten_fields_in_the_order_of_time() -> None:
    lines = [line.split(" ") for line in rttm.write(make_transcript()).decode().splitlines()]
    assert all(len(fields) == 10 for fields in lines)
    assert [float(fields[3]) for fields in lines] == sorted(float(fields[3]) for fields in lines)


@pytest.mark.parametrize("name", ["NA", "null", 'A "B; C', "nobody\tin particular", "", "Ann Lee"])
def test_rttm_names_survive_table_readers(tmp_path: Path, name: str) -> None:
    transcript = make_transcript([("S1", "One."), ("S2", "Two.")], names={"S1": name, "S2": "Bob"}, name='"NA" ;.mp3')
    (found,) = annotation(tmp_path, transcript).values()
    assert len(found.labels()) == 2
    assert all(isinstance(label, str) and label for label in found.labels())


def test_rttm_tells_two_speakers_of_one_name_apart(tmp_path: Path) -> None:
    transcript = make_transcript(names={"A": "Kim", "B": "Kim"})
    assert annotation(tmp_path, transcript)["episode_one"].labels() == ["Kim_A", "Kim_B"]


def test_rttm_of_nobody_is_empty() -> None:
    assert rttm.write(make_transcript([(None, "Who?")])) == b""


def test_podcast_transcript() -> None:
    content = json.loads(podcast.write(make_transcript([("A", "One two."), (None, "Three.")])))
    assert content == {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Ann Lee", "startTime": 1.0, "endTime": 1.55, "body": "One two."},
            {"startTime": 2.25, "endTime": 2.5, "body": "Three."},
        ],
    }


def test_podcast_chapters() -> None:
    assert json.loads(chapters.write(make_transcript())) == {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 0.0, "endTime": 9.25, "title": "Opening"},
            {"startTime": 9.25, "endTime": 17.2, "title": "The bridge"},
        ],
    }


def test_text_is_a_paragraph_a_turn() -> None:
    transcript = make_transcript([("A", "One."), ("A", "Two."), (None, "Three."), ("B", "Four.")], chapters=[])
    assert txt.write(transcript).decode() == "[0:01] Ann Lee: One. Two.\n\n[0:02] Three.\n\n[0:03] Bob: Four.\n"
    assert txt.write(make_transcript([])) == b""
