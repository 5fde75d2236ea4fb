"""WeSpeaker's embedders: Kaldi's front end by hand, and a random network through the real hub cache and onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hub_cache
import random_wespeaker
from earwitness import engines
from earwitness.engines.wespeaker import WeSpeaker, mel_bands
from earwitness.errors import ModelError
from earwitness.options import ModelOptions
from earwitness.types import Region

OFFLINE = ModelOptions(offline=True)
NOISE = np.random.default_rng(1).normal(0, 0.1, 16_000 * 8).astype(np.float32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return hub_cache.use(monkeypatch, tmp_path / "hub")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return random_wespeaker.write(tmp_path / "voices" / "voices.onnx")


def mel(hertz: float) -> float:
    return float(1127 * np.log(1 + hertz / 700))


def kaldi_by_hand(samples: np.ndarray) -> np.ndarray:
    """Kaldi's log mel bands as its documentation has them: offset, pre-emphasis, window, power, triangles in mel."""
    count = 1 + (len(samples) - 400) // 160
    frames = np.stack([samples[160 * index : 160 * index + 400] for index in range(count)]).astype(np.float64) * 32768
    frames -= frames.mean(axis=1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hamming(400), 512)) ** 2
    edges = np.linspace(mel(20), mel(8000), 82)
    places = np.array([mel(index * 16_000 / 512) for index in range(256)])
    triangles = [
        np.minimum((places - low) / (middle - low), (high - places) / (high - middle)).clip(0)
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    bands = np.log(np.maximum(power[:, :256] @ np.array(triangles).T, np.finfo(np.float32).eps))
    return np.asarray(bands - bands.mean(axis=0))


def test_the_front_end_is_kaldis() -> None:
    sound = NOISE[:24_000] + 0.3 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 16_000, dtype=np.float32)
    assert mel_bands(sound) == pytest.approx(kaldi_by_hand(sound), abs=0.02)


def test_the_hubs_model_is_found_in_the_cache_and_run(cache: Path) -> None:
    random_wespeaker.write(hub_cache.own(cache, "wespeaker") / "voxceleb_resnet34_LM.onnx")
    engine = engines.embedder("wespeaker", OFFLINE)
    spans = [Region(start, start + engine.window_s) for start in np.arange(0, 6, 0.15)]
    points = engine.embed(NOISE, spans)
    assert engine.name == "wespeaker"
    assert points.shape == (40, random_wespeaker.WIDTH)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    for index in (0, 17, 39):
        first = round(spans[index].start * 16_000)
        wanted = random_wespeaker.expected(mel_bands(NOISE[first : first + 24_000]))
        assert points[index] == pytest.approx(wanted, abs=1e-4)


def test_another_repository_is_taken_at_its_newest_commit(cache: Path) -> None:
    random_wespeaker.write(hub_cache.snapshot(cache, "someone/voices") / "onnx" / "model.onnx", seed=3)
    engine = WeSpeaker("someone/voices", OFFLINE)
    assert engine.name == "wespeaker:someone/voices"
    wanted = random_wespeaker.expected(mel_bands(NOISE[:24_000]), seed=3)
    assert engine.embed(NOISE, [Region(0, 1.5)])[0] == pytest.approx(wanted, abs=1e-4)


def test_a_file_and_its_folder_are_the_same_model(model: Path, tmp_path: Path) -> None:
    file, folder = WeSpeaker(str(model)), WeSpeaker(str(model.parent))
    other = WeSpeaker(str(random_wespeaker.write(tmp_path / "other.onnx", seed=2)))
    assert file.identity() == folder.identity() != other.identity()
    assert np.array_equal(file.embed(NOISE, [Region(1, 2.5)]), folder.embed(NOISE, [Region(1, 2.5)]))


def test_a_model_for_one_span_at_a_time_gives_the_same(model: Path, tmp_path: Path) -> None:
    single = random_wespeaker.write(tmp_path / "single.onnx", batch=1)
    spans = [Region(start, start + 1.5) for start in (0.0, 1.0, 2.0)]
    together = WeSpeaker(str(model)).embed(NOISE, spans)
    assert WeSpeaker(str(single)).embed(NOISE, spans) == pytest.approx(together, abs=1e-6)


def test_spans_of_any_length_and_broken_sound_have_points(model: Path) -> None:
    engine = WeSpeaker(str(model))
    broken = NOISE.copy()
    broken[8_000:12_000] = np.nan
    spans = [Region(0, 0.01), Region(7.9, 8.4), Region(0.2, 1.7), Region(3, 6), Region(0, 8), Region(9, 9.2)]
    for sound in (broken, np.zeros(16_000 * 8, np.float32), broken[:2_000], broken[:0]):
        points = engine.embed(sound, spans)
        assert points.shape == (len(spans), random_wespeaker.WIDTH)
        assert np.isfinite(points).all()
    assert engine.embed(NOISE, []).shape[0] == 0


def test_a_short_span_is_heard_with_what_is_about_it(model: Path) -> None:
    engine = WeSpeaker(str(model))
    points = engine.embed(NOISE, [Region(2.2, 2.3), Region(2.0, 2.5)])
    assert points[0] == pytest.approx(points[1], abs=1e-6)


@pytest.mark.parametrize("offline", [True, False])
def test_a_model_that_cannot_be_had_is_one_line_with_the_remedies(cache: Path, offline: bool) -> None:
    with pytest.raises(ModelError) as refused:
        WeSpeaker(options=ModelOptions(offline=offline))
    text = str(refused.value)
    assert "\n" not in text
    assert ("--offline" in text) == offline
    for part in ("models download wespeaker", "--diarizer wespeaker:PATH", "--diarizer builtin"):
        assert part in text


@pytest.mark.parametrize("name", ["no-such-file.onnx", "./nowhere", "~nobody/x.onnx", "a/b/c"])
def test_names_that_are_nothing_are_refused(cache: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"neither a file, a folder nor a hub id; check the path"):
        WeSpeaker(name)


def test_a_folder_with_no_model_or_several_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no ONNX file; .*--diarizer wespeaker:FILE\.onnx"):
        WeSpeaker(str(tmp_path / "empty"))
    random_wespeaker.write(model.parent / "second.onnx")
    with pytest.raises(ModelError, match="2 ONNX files, say which"):
        WeSpeaker(str(model.parent))


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(ModelError, match=r"text\.onnx: not a network"):
        WeSpeaker(str(tmp_path / "text.onnx")).embed(NOISE, [Region(0, 1.5)])
    narrow = random_wespeaker.write(tmp_path / "narrow.onnx", bands=40)
    with pytest.raises(ModelError, match=r"not \(batch, frames, 80\)"):
        WeSpeaker(str(narrow)).embed(NOISE, [Region(0, 1.5)])
