"""Silence, music and noise through the real detector and the model that ships: no word may come of them."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from earwitness import transcribe
from earwitness.checkpoints import Checkpoints
from earwitness.options import Options
from earwitness.pipeline import NO_SPEECH, Engines, run
from earwitness.source import fetch, find
from earwitness.types import Transcript
from sounds import RATE, speech, write_wav
from test_sounds import hum, music, noise

SECONDS = 20.0
OPTIONS = Options.of(model="demo", diarize=False, summarizer="none")

NOTHINGS = {
    "silence": (np.zeros(round(SECONDS * RATE), np.float32), "silence"),
    "hiss": (noise("white", SECONDS, -60.0), "silence"),
    **{colour: (noise(colour, SECONDS), "noise") for colour in ("white", "pink", "brown", "blue")},
    "hum": (hum(SECONDS), "noise"),
    **{f"music-{seed}": (music(SECONDS, -20.0, seed), "music") for seed in range(3)},
    "soft-music": (music(SECONDS, -42.0, 5), "music"),
    "music-and-noise": (music(SECONDS, -22.0, 6) + noise("pink", SECONDS, -37.0), "music"),
}


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(OPTIONS)


def seconds(transcript: Transcript) -> Counter[str]:
    found: Counter[str] = Counter()
    for span in transcript.coverage:
        found[span.kind] += round(1000 * (span.end - span.start))
    return found


@pytest.mark.parametrize("name", NOTHINGS)
def test_no_word_comes_of_nothing(name: str, engines: Engines, tmp_path: Path) -> None:
    samples, kind = NOTHINGS[name]
    recording = write_wav(tmp_path / f"{name}.wav", samples)
    found = transcribe(
        recording, engines=engines, checkpoints=Checkpoints(None), model="demo", diarize=False, summarizer="none"
    )
    assert found.words == ()
    assert NO_SPEECH in found.warnings
    assert seconds(found) == {kind: round(1000 * SECONDS)}


def test_words_come_of_speech_only_and_every_second_has_its_kind(engines: Engines, tmp_path: Path) -> None:
    talk = speech(12.0, start=20.0)
    parts = [music(10.0), np.zeros(3 * RATE, np.float32), talk, noise("pink", 10.0), talk]
    recording = write_wav(tmp_path / "show.wav", np.concatenate(parts))
    found = transcribe(
        recording, engines=engines, checkpoints=Checkpoints(None), model="demo", diarize=False, summarizer="none"
    )
    edges = [(span.start, span.end) for span in found.coverage]
    assert (edges[0][0], edges[-1][1]) == (0.0, 47.0)
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    spoken = ((12.7, 25.1), (34.7, 47.0))  # the detector is allowed its margin of 0.2 s
    texts = [[word.word for word in found.words if start <= word.start < end] for start, end in spoken]
    assert sum(map(len, texts)) == len(found.words)
    assert len(texts[0]) > 15
    assert sum(word in texts[1] for word in texts[0]) > 0.8 * len(texts[0])
    kinds = seconds(found)
    assert kinds["music"] == pytest.approx(10_000, abs=600)
    assert kinds["noise"] == pytest.approx(10_000, abs=800)


def test_real_sounds_make_next_to_no_words(data: Path, engines: Engines, tmp_path: Path) -> None:
    """A bark or a sneeze may sound like a word to the detector; hardly any of them may become one."""
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds: Counter[str] = Counter()
    for row in rows:
        if row["kind"] != "sound" or row["duration_s"] == 0 or "human voice" in row["label"]:
            continue
        source = fetch(find([str(data / row["file"])])[0], OPTIONS.source, tmp_path)
        kinds += seconds(run(source, OPTIONS, engines, checkpoints=Checkpoints(None)))
    assert kinds.total() > 300_000
    assert kinds["transcribed"] + kinds["repaired"] < 0.01 * kinds.total()
