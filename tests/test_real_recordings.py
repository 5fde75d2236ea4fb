"""Every recording of a folder of real ones, through the draft engine: whatever is said, nothing may be out of order."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from earwitness.checkpoints import Checkpoints
from earwitness.options import Options
from earwitness.pipeline import Engines, run
from earwitness.source import EXTENSIONS, fetch, find
from earwitness.types import Transcript

TOLERANCE_S = 0.002
SCHEMA = json.loads(files("earwitness.exports").joinpath("transcript.schema.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_recording_gives_a_transcript_without_faults(data: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    recordings = [data / row["file"] for row in rows if row["file"].lower().endswith(tuple(EXTENSIONS))]
    options, kept = Options.of(engine="pocketsphinx"), Checkpoints(None)
    engines = Engines(options)
    found = {}
    for recording in recordings:
        source = fetch(find([str(recording)])[0], options.source, tmp_path)
        if faults := faults_of(run(source, options, engines, checkpoints=kept)):
            found[recording.name] = faults
    assert len(recordings) > 0
    assert found == {}


def faults_of(transcript: Transcript) -> list[str]:
    """What a transcript may never have."""
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(transcript.to_dict())
    found = [f"schema: {error.message[:80]}" for error in errors]
    starts = [word.start for word in transcript.words]
    if starts != sorted(starts):
        found.append("words out of order")
    if any(word.start < 0 or word.end > transcript.duration + TOLERANCE_S for word in transcript.words):
        found.append("a word outside the file")
    speech = [span for span in transcript.coverage if span.kind != "silence"]
    found += [
        f"a word outside speech at {word.start:.2f}"
        for word in transcript.words
        if not any(s.start - TOLERANCE_S <= word.start and word.end <= s.end + TOLERANCE_S for s in speech)
    ]
    covered = sum(span.end - span.start for span in transcript.coverage)
    if abs(covered - transcript.duration) > TOLERANCE_S:
        found.append(f"coverage {covered:.3f} of {transcript.duration:.3f} s")
    return found
