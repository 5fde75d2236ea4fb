from __future__ import annotations

import json

import numpy as np
import pytest

from earwitness.errors import TranscriptError
from earwitness.types import Audio, Transcript
from factories import make_transcript


def test_the_transcript_survives_its_json() -> None:
    transcript = make_transcript()
    again = Transcript.from_dict(json.loads(json.dumps(transcript.to_dict())))
    assert again.to_dict() == transcript.to_dict()
    assert again.segments[0].words[0].word == transcript.segments[0].words[0].word


def test_what_was_written_before_summaries_were_judged_can_be_read() -> None:
    transcript = make_transcript()
    content = transcript.to_dict()
    del content["description"]
    for summary in (content["summary"], *(chapter["summary"] for chapter in content["chapters"])):
        del summary["unread"]
        for sentence in summary["sentences"]:
            del sentence["unsupported"]
    for speaker in content["speakers"]:
        del speaker["summary"]
    assert Transcript.from_dict(content).to_dict() == transcript.to_dict()


def test_json_times_have_milliseconds() -> None:
    content = make_transcript().to_dict()
    times = [word["start"] for segment in content["segments"] for word in segment["words"]]
    assert times
    assert all(time == round(time, 3) for time in times)


@pytest.mark.parametrize("content", [{}, [], {"schema": "other/1"}, {"schema": "earwitness.transcript/1"}])
def test_other_json_is_no_transcript(content: object) -> None:
    with pytest.raises(TranscriptError, match="not an earwitness transcript"):
        Transcript.from_dict(content)  # type: ignore[arg-type]


def test_a_span_of_audio_is_a_view_clipped_to_what_there_is() -> None:
    audio = Audio(np.arange(16_000, dtype=np.float32))
    assert audio.duration == 1.0
    assert audio.between(0.5, 0.75)[[0, -1]].tolist() == [8000.0, 11999.0]
    assert len(audio.between(-1.0, 2.0)) == 16_000
    assert audio.between(0.0, 0.5).base is audio.samples
