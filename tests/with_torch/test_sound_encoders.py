"""Encoders of sound with random weights, saved and loaded as users do, against transformers called directly."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness import audio, engines
from earwitness.cli import main
from earwitness.engines.base import SoundEmbedder
from earwitness.engines.sound_encoders import Hubert
from earwitness.errors import ModelError
from earwitness.options import PretrainedOptions
from hub_cache import snapshot
from random_sound_models import make_encoder

EPISODE = Path(__file__).parents[2] / "examples" / "episode.flac"
KINDS = ("hubert", "wav2vec2", "wavlm", "whisper", "audiomae")
WAVEFORMS = KINDS[:3]
CPU = PretrainedOptions(device="cpu", threads=1)


@cache
def speech(seconds: float = 40.0) -> np.ndarray:
    return audio.load(EPISODE).samples[: round(16_000 * seconds)].copy()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    pytest.importorskip("torch")
    place = tmp_path_factory.mktemp("models")
    return {kind: (place / kind, make_encoder(kind, place / kind)) for kind in KINDS}


def embedder(folders: dict[str, tuple[Path, Any]], kind: str) -> SoundEmbedder:
    return engines.sound_embedder(str(folders[kind][0]), CPU)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_embeds_real_speech(
    folders: dict[str, tuple[Path, Any]], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = folders[kind][0], tmp_path / "out.npz"
    (tmp_path / "bad.flac").write_bytes(b"no sound")
    files = [str(tmp_path / "bad.flac"), str(EPISODE)]
    with pytest.raises(SystemExit, match="1"):
        main(["embed", *files, "--model", str(folder), "-o", str(out), "--device", "cpu", "--threads", "1"])
    assert "bad.flac: not audio" in capsys.readouterr().err
    engine = embedder(folders, kind)
    with np.load(out) as found:
        assert found["files"].tolist() == [str(EPISODE)]
        assert found["vector"].shape == (len(found["start"]), 64 if kind == "audiomae" else 32)
        assert np.isfinite(found["vector"]).all()
        assert np.array_equal(found["start"], np.arange(len(found["start"])) * engine.window_s)
        assert found["end"][-1] == pytest.approx(audio.load(EPISODE).duration)
        window = speech()[: round(16_000 * engine.window_s)]
        assert np.allclose(found["vector"][0], engine.embed([window])[0].clip, atol=1e-5)
        assert str(found["model"]) == str(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_tile_a_window(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    seconds = 4.0
    (found,) = embedder(folders, kind).embed([speech(seconds)])
    frame_s, (count, size) = (0.16, (25, 64)) if kind == "audiomae" else (0.02, (200, 32))
    assert found.frame_s == pytest.approx(frame_s)
    assert found.frames.shape[1] == size
    assert count - 1 <= len(found.frames) <= count
    assert np.allclose(found.clip, found.frames.mean(0), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_what_each_window_gives_alone(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    """Whatever the lengths of the others: no window is another one for being padded to a longer one's length."""
    engine = embedder(folders, kind)
    windows = [speech()[16_000 * first : 16_000 * first + length] for first, length in
               ((0, 160_000), (2, 48_000), (3, 160_000), (9, 7_777), (1, 100))]  # fmt: skip
    together = engine.embed(windows)
    for window, found in zip(windows, together, strict=True):
        (alone,) = engine.embed([window])
        assert np.allclose(found.clip, alone.clip, atol=1e-5)
        assert found.frames.shape == alone.frames.shape
        assert np.allclose(found.frames, alone.frames, atol=1e-5)
    assert np.abs(together[0].clip - together[2].clip).max() > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_sound_gives_the_same_points(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    one, other = embedder(folders, kind), embedder(folders, kind)
    assert np.array_equal(one.embed([speech(3.0)])[0].frames, other.embed([speech(3.0)])[0].frames)
    assert one.identity() == other.identity()


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_a_short_window_is_not_in_its_mean(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    (found,) = embedder(folders, kind).embed([speech(1.0)])
    frame_s = 0.16 if kind == "audiomae" else 0.02
    assert len(found.frames) <= np.ceil(1.0 / frame_s)


@pytest.mark.parametrize("kind", KINDS)
def test_windows_of_nothing_give_numbers(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    windows = [np.zeros(16_000), np.zeros(160), np.full(16_000, np.nan), np.full(1_000, np.inf), np.zeros(0)]
    for found in embedder(folders, kind).embed([window.astype(np.float32) for window in windows]):
        assert np.isfinite(found.clip).all()
        assert len(found.frames) >= 1
        assert np.isfinite(found.frames).all()


@pytest.mark.parametrize("kind", WAVEFORMS)
def test_waveforms_as_transformers_embed_them(folders: dict[str, tuple[Path, Any]], kind: str) -> None:
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    folder = folders[kind][0]
    inputs = AutoFeatureExtractor.from_pretrained(folder)(speech(5.0), sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        expected = AutoModel.from_pretrained(folder).eval()(inputs["input_values"]).last_hidden_state[0].numpy()
    (found,) = embedder(folders, kind).embed([speech(5.0)])
    assert np.abs(found.frames - expected).max() < 1e-5
    assert np.abs(found.clip - expected.mean(0)).max() < 1e-5


def test_whisper_as_transformers_embeds_it(folders: dict[str, tuple[Path, Any]]) -> None:
    import torch
    from transformers import WhisperFeatureExtractor, WhisperModel

    folder = folders["whisper"][0]
    inputs = WhisperFeatureExtractor.from_pretrained(folder)(speech(5.0), sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        encoder = WhisperModel.from_pretrained(folder).eval().encoder
        expected = encoder(inputs["input_features"]).last_hidden_state[0].numpy()
    (found,) = embedder(folders, "whisper").embed([speech(5.0)])
    assert expected.shape == (1500, 32)
    assert found.frames.shape == (250, 32)
    assert np.abs(found.frames - expected[:250]).max() < 1e-5


def test_half_precision_is_near_full(folders: dict[str, tuple[Path, Any]]) -> None:
    folder = str(folders["hubert"][0])
    options = PretrainedOptions(device="cpu", dtype="bfloat16", threads=1)
    half, full = (engines.sound_embedder(folder, choice).embed([speech(3.0)])[0].clip for choice in (options, CPU))
    assert half.dtype == np.float32
    assert 0 < np.abs(half - full).max() < 0.1


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    """They would be random numbers."""
    from safetensors.torch import load_file, save_file

    make_encoder("hubert", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layers.1.attention.q_proj.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ModelError, match=r"1 tensors are missing, such as encoder\.layers\.1\.attention\.q_proj\.weight"
    ):
        engines.sound_embedder(str(tmp_path), CPU).embed([speech(1.0)])


@pytest.mark.parametrize("model", ["hubert", "somebody/whatever"])
def test_a_model_of_the_hub(model: str, tmp_path: Path) -> None:
    """From a cache folder, at the revision that is asked for, without the network."""
    hub_id = Hubert.default_model if model == "hubert" else model
    commit = "1" * 40
    network = make_encoder("hubert", snapshot(tmp_path, hub_id, commit))
    out, options = tmp_path / "out.parquet", ["--offline", "--device", "cpu", "--threads", "1", "--cache-dir"]
    command = ["embed", str(EPISODE), "--model", model, "-o", str(out), *options, str(tmp_path)]
    with pytest.raises(SystemExit, match="1"):
        main(command)  # nothing is there of the branch main
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--revision", commit, "--level", "file"])
    (row,) = pytest.importorskip("pyarrow.parquet").read_table(out).to_pylist()
    assert (row["file"], row["start"], len(row["vector"])) == (str(EPISODE), 0.0, network.config.hidden_size)
    assert row["end"] == pytest.approx(audio.load(EPISODE).duration)
