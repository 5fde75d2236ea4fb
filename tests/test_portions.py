from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness import portions, source
from earwitness.checkpoints import Checkpoints
from earwitness.options import Options
from earwitness.pipeline import Engines, Stages, transcript_of
from earwitness.types import Transcript
from sounds import EPISODE, speech, write_wav


def stages_of(path: Path, options: Options, known: Any = None, cache: Path | None = None) -> Stages:
    found = source.fetch(source.find([str(path)])[0], options.source, path.parent)
    return Stages(found, options, Checkpoints(cache), known=known or {})


def plain(transcript: Transcript) -> str:
    return json.dumps({**transcript.to_dict(), "timings": None})


@pytest.mark.parametrize("language", [None, "en"])
@pytest.mark.parametrize("hiss", [0.0, 0.02])
def test_what_portions_say_is_what_the_whole_says(tmp_path: Path, language: str | None, hiss: float) -> None:
    """The demo model, with and without noise for which windows are heard again; the portions in any order."""
    noise = np.random.default_rng(1).standard_normal(100 * 16_000).astype(np.float32)
    path = write_wav(tmp_path / "talk.wav", speech(100.0) + hiss * noise)
    options = Options.of(model="demo", beam_size=1, batch_size=2, threads=1, language=language)
    engines = Engines(options)
    whole = plain(transcript_of(stages_of(path, options), engines))

    stages = stages_of(path, options)
    speech_found = stages.regions(engines.detector)
    divided = list(stages.portions(engines.recognizer, speech_found))
    assert len(divided) >= 2
    known = {}
    for portion in reversed(divided):
        assert len(portion.audio.samples) < 80 * 16_000
        known |= portions.said(portion, engines.recognizer, options.words)
    engines.recognizer.recognize = None  # type: ignore[assignment, method-assign]
    engines.recognizer.languages = None  # type: ignore[assignment, method-assign]
    assert plain(transcript_of(stages_of(path, options, known), engines)) == whole
    assert list(stages_of(path, options, known).portions(engines.recognizer, speech_found)) == []


def test_only_what_is_long_is_divided_and_only_what_is_not_yet_known(tmp_path: Path) -> None:
    options = Options.of(engine="fake", batch_size=1)
    engines = Engines(options)
    stages = stages_of(EPISODE, options)
    heard = stages.regions(engines.detector)
    assert list(stages.portions(engines.recognizer, heard, 209.0)) == []
    first, *rest = stages.portions(engines.recognizer, heard)
    known = portions.said(first, engines.recognizer, options.words)
    again = stages_of(EPISODE, options, known, tmp_path)
    left = list(again.portions(engines.recognizer, heard))
    assert [portion.number for portion in left] == [portion.number for portion in rest]
    assert [portion.windows for portion in left] == [portion.windows for portion in rest]
    transcript_of(again, engines)
    assert list(stages_of(EPISODE, options, cache=tmp_path).portions(engines.recognizer, heard)) == []
