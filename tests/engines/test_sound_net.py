"""The built-in sound classifier: what it tells, that level does not matter, and finite figures whatever it is given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness import audio
from earwitness.engines import SOUND_CLASSIFIERS, sound_classifier
from earwitness.engines.sound_net import LABELS, SHIPPED, SILENT_DB, SoundNet, level_db
from earwitness.engines.sound_statistics import SIZE, statistics
from earwitness.errors import ModelError
from earwitness.evaluation.synth import sound
from sounds import RATE, speech

NET = SoundNet()


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def music(seconds: float, seed: int = 0) -> np.ndarray:
    return sound.music(np.random.default_rng(seed))[: round(seconds * RATE)] * np.float32(0.1)


def told(samples: np.ndarray) -> str:
    return LABELS[int(NET.classify([samples])[0].argmax())]


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.0, 8.0])
def test_it_tells_music_noise_silence_and_speech(seconds: float) -> None:
    windows = [music(seconds), noise(seconds), np.zeros(round(seconds * RATE), np.float32), speech(seconds, 2.0)]
    scores = NET.classify(windows)
    assert [LABELS[int(row.argmax())] for row in scores] == ["music", "noise", "silence", "speech"]
    assert scores.dtype == np.float32
    assert scores.shape == (4, len(LABELS))
    assert scores.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_only_silence_depends_on_the_level() -> None:
    loud, soft, softest = (music(3.0) * np.float32(factor) for factor in (5.0, 0.03, 0.0003))
    assert NET.classify([loud])[0] == pytest.approx(NET.classify([soft])[0], abs=0.02)
    assert level_db(softest) < SILENT_DB - 20
    assert told(softest) == "silence"


def test_all_at_once_is_each_by_itself_and_always_the_same() -> None:
    windows = [music(3.0), noise(1.3), speech(2.0, 5.0)]
    together = NET.classify(windows)
    assert (together == np.concatenate([SoundNet().classify([window]) for window in windows])).all()
    assert NET.classify([]).shape == (0, len(LABELS))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 9000), st.sampled_from(["zero", "noise", "click", "nan", "infinite", "hot", "constant"]))
def test_whatever_it_hears_the_scores_are_probabilities(count: int, kind: str) -> None:
    samples = noise(count / RATE) if kind != "zero" else np.zeros(count, np.float32)
    if kind in ("click", "constant"):
        samples[:] = kind == "constant"
    if count and kind in ("click", "nan", "infinite"):
        samples[count // 2] = {"click": 1.0, "nan": np.nan, "infinite": np.inf}[kind]
    scores = NET.classify([samples * np.float32(1e6 if kind == "hot" else 1)])
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1536, 20_000])
def test_statistics_are_as_many_for_any_length(count: int) -> None:
    row = statistics(noise(1.5)[:count])
    assert row.shape == (SIZE,)
    assert np.isfinite(row).all()


def test_it_is_in_the_table_small_and_knows_itself(tmp_path: Path) -> None:
    assert SOUND_CLASSIFIERS["builtin"].endswith(":SoundNet")
    assert sound_classifier().identity() == NET.identity()
    assert SHIPPED.stat().st_size < 200_000
    with np.load(SHIPPED) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["outer_bias"] = arrays["outer_bias"] + 1
    np.savez(tmp_path / "other.npz", **arrays)
    assert SoundNet(file=tmp_path / "other.npz").identity() != NET.identity()


@pytest.mark.parametrize("content", [None, b"", b"no weights", "cut", "other"])
def test_broken_weights_are_named(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "sounds.npz"
    if content == "other":
        np.savez(path, **dict.fromkeys(("shift", "scale", "inner", "inner_bias", "outer", "outer_bias"), np.ones(3)))
    elif content == "cut":
        path.write_bytes(SHIPPED.read_bytes()[:5000])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"sounds\.npz: not the sound classifier .*reinstall"):
        SoundNet(file=path).classify([noise(1.0)])


def test_clips_that_it_has_not_learnt_from(data: Path) -> None:
    """Those whose licences forbid it: horns, thunder, a dog, a guitar."""
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    learnt = ("CC BY 3.0 (ESC-10", "freesound, Attribution", "freesound, CC0")
    right = []
    for row in rows:
        if row["kind"] == "sound" and row["duration_s"] > 1.4 and not row["licence"].startswith(learnt):
            kind = told(audio.load(data / row["file"]).samples)
            right.append(kind == {"guitar": "music", "silence": "silence"}.get(row["label"], "noise"))
    assert len(right) >= 8
    assert np.mean(right) > 0.7
