"""`earwitness transcribe --sound-model FOLDER`: the ledger and the events by a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import random_classifiers
from commands import called
from sounds import bursts, speech, write_wav


def test_the_ledger_is_that_of_the_checkpoint(tmp_path: Path) -> None:
    """Its weights are random; its bias makes it say applause, whatever it hears."""
    import torch
    from transformers import ASTForAudioClassification

    labels = ("Speech", "Music", "Applause", "Dog")
    folder = random_classifiers.write("ast", tmp_path / "ast", labels, problem_type="multi_label_classification")
    model = ASTForAudioClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.dense.bias.copy_(torch.tensor([-50.0, -50.0, 50.0, 0.0]))
    model.save_pretrained(folder)
    write_wav(tmp_path / "show.wav", np.concatenate([bursts(4.0, (0.0, 3.5)), speech(8.0)]))

    by = {}
    for name in ("builtin", "ast"):
        done = called(
            tmp_path, "transcribe", "show.wav", "--engine", "fake", "-f", "json", "-o", name, "--sound-model", name,
            "--no-diarize", "--summarizer", "none", "--device", "cpu", "--threads", "1",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        by[name] = json.loads((tmp_path / name / "show.json").read_text())
        assert by[name]["engine"]["sounds"] == name
        assert sum(span["end"] - span["start"] for span in by[name]["coverage"]) == by[name]["duration"]
        assert by[name]["coverage"][0]["kind"] == "noise"
    assert by["builtin"]["events"] == []
    applause = by["ast"]["events"][0]
    assert (applause["label"], applause["start"]) == ("applause", 0.0)
    assert abs(applause["end"] - 3.5) < 0.3
    assert applause["score"] > 0.99
    assert {"torch", "transformers"} <= set(by["ast"]["engine"]["versions"])


def test_a_checkpoint_that_tells_no_music_is_refused(tmp_path: Path) -> None:
    random_classifiers.write("hubert", tmp_path / "words")
    write_wav(tmp_path / "show.wav", speech(3.0))
    done = called(tmp_path, "transcribe", "show.wav", "--engine", "fake", "-f", "json", "--sound-model", "words")
    assert done.returncode == 1
    assert (
        "words: its labels (yes, no, up, down, silence, ...) tell no music; give --sound-model builtin" in done.stderr
    )
