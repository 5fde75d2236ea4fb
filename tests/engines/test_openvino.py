from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import random_whisper
from earwitness import audio, engines, regions
from earwitness.engines import openvino as ours
from earwitness.engines.base import Recognized
from earwitness.engines.faster_whisper import FasterWhisper
from earwitness.engines.openvino import OpenVino
from earwitness.errors import ExtraError, ModelError, OptionError
from earwitness.evaluation.counting import counting
from earwitness.options import ModelOptions, RegionOptions, WordOptions
from earwitness.types import Region

EPISODE = Path(__file__).parents[2] / "examples" / "episode.flac"
SECONDS = 60.0
GREEDY = WordOptions(language="en", beam_size=1)
SAME_S = 0.06
"""Times of a word that two engines give may differ by so much."""
EXACT = ModelOptions(model="demo", device="cpu", compute_type="float32", threads=2)

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="openvino is not installed: pip install 'earwitness[openvino]'"
)


@pytest.fixture(scope="module")
def windows() -> list[np.ndarray]:
    """The first minute of the example episode as the demo model gets it."""
    sound = audio.load(EPISODE)
    speech = [region for region in regions.detect(sound, engines.detector(), RegionOptions()) if region.end < SECONDS]
    packed = regions.pack(speech, FasterWhisper(EXACT).window_s)
    return [np.concatenate([sound.between(*edges(region)) for region in window]) for window in packed]


def edges(region: Region) -> tuple[float, float]:
    return region.start, region.end


def texts(results: list[Recognized]) -> list[str]:
    return ["".join(word.word for word in result.words) for result in results]


def starts_and_ends(results: list[Recognized]) -> np.ndarray:
    return np.array([[word.start, word.end] for result in results for word in result.words])


@pytest.fixture(scope="module")
def reference(windows: list[np.ndarray]) -> list[Recognized]:
    return FasterWhisper(EXACT).recognize(windows, GREEDY)


@needs_openvino
def test_it_says_what_faster_whisper_says_at_the_same_times(
    windows: list[np.ndarray], reference: list[Recognized]
) -> None:
    heard = OpenVino(EXACT).recognize(windows, GREEDY)
    assert texts(heard) == texts(reference)
    assert sum(len(result.words) for result in heard) > 100
    assert np.abs(starts_and_ends(heard) - starts_and_ends(reference)).max() <= SAME_S


@needs_openvino
@pytest.mark.parametrize("integers", [False, True])
def test_in_bfloat16_and_in_eight_bits_the_times_stay_where_the_words_are_the_same(
    windows: list[np.ndarray], reference: list[Recognized], monkeypatch: pytest.MonkeyPatch, integers: bool
) -> None:
    if integers and not ours._multiplies_integers():
        pytest.skip("this processor has no AVX512-VNNI")
    engine = OpenVino(EXACT)
    monkeypatch.setitem(engine.__dict__, "_precision", "bf16")
    monkeypatch.setitem(engine.__dict__, "_integers", integers)
    heard = engine.recognize(windows, GREEDY)
    same = [index for index, text in enumerate(texts(heard)) if text == texts(reference)[index]]
    assert len(same) >= len(windows) - 1
    apart = starts_and_ends([heard[i] for i in same]) - starts_and_ends([reference[i] for i in same])
    assert np.quantile(np.abs(apart), 0.98) <= SAME_S


@needs_openvino
@pytest.mark.parametrize("quantization", [None, "float16", "int8"])
def test_its_encoder_is_ctranslate2s(tmp_path: Path, quantization: str | None) -> None:
    folder = random_whisper.write(tmp_path / "model", layers=3, quantization=quantization)
    noise = [np.random.default_rng(seed).normal(0, 0.1, 40_000).astype(np.float32) for seed in range(3)]
    options = ModelOptions(model=str(folder), device="cpu", compute_type="float32")
    theirs, own = (np.array(engine._encode(noise)) for engine in (FasterWhisper(options), OpenVino(options)))
    assert own.shape == (3, 1500, random_whisper.WIDTH)
    assert np.linalg.norm(own - theirs) < 1e-5 * np.linalg.norm(theirs)


@needs_openvino
@pytest.mark.parametrize("quantization", ["float16", "int8"])
def test_in_eight_bits_it_errs_as_ctranslate2_does(tmp_path: Path, quantization: str) -> None:
    if not ours._multiplies_integers():
        pytest.skip("this processor has no AVX512-VNNI")
    folder = random_whisper.write(tmp_path / "model", layers=3, quantization=quantization)
    noise = [np.random.default_rng(seed).normal(0, 0.1, 40_000).astype(np.float32) for seed in range(3)]

    def encoded(engine: type[FasterWhisper], compute_type: str) -> np.ndarray:
        return np.array(engine(ModelOptions(model=str(folder), compute_type=compute_type, device="cpu"))._encode(noise))

    exact = encoded(FasterWhisper, "float32")
    theirs, own = (np.linalg.norm(encoded(engine, "int8") - exact) for engine in (FasterWhisper, OpenVino))
    assert 0 < own < 1.25 * theirs


@needs_openvino
def test_workers_that_encode_at_the_same_time_do_not_disturb_one_another(windows: list[np.ndarray]) -> None:
    """Each gives back memory when it is done, while the other may be at work."""
    engine = OpenVino(replace(EXACT, compute_type="int8"))
    alone = np.concatenate([np.array(engine._encode([window])) for window in windows[:4]])
    with ThreadPoolExecutor(2) as pool:
        rounds = list(pool.map(lambda _: [np.array(engine._encode([window])) for window in windows[:4]], range(8)))
    assert all(np.array_equal(np.concatenate(encoded), alone) for encoded in rounds)


@needs_openvino
def test_language_is_detected_and_prompts_are_heeded_as_without_it(tmp_path: Path) -> None:
    folder = random_whisper.write(tmp_path / "model", layers=2, quantization="float16")
    noise = [np.random.default_rng(seed).normal(0, 0.1, 40_000).astype(np.float32) for seed in range(3)]
    options = ModelOptions(model=str(folder), device="cpu", compute_type="float32")
    plain, own = FasterWhisper(options), OpenVino(options)
    for mine, theirs in zip(own.languages(noise), plain.languages(noise), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    said = replace(GREEDY, hotwords="w12", initial_prompt="w7")
    assert texts(own.recognize(noise, said)) == texts(plain.recognize(noise, said))


@needs_openvino
def test_identity_and_versions_tell_of_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = OpenVino(EXACT)
    assert engine.identity().startswith("openvino:")
    assert engine.identity().endswith(":float32:f32")
    assert set(engine.versions) == {"faster-whisper", "ctranslate2", "openvino"}
    monkeypatch.setattr(ours, "_precision_of_processor", lambda: "bf16")
    for integers, arithmetic in ((True, ":int8:int8+bf16"), (False, ":int8:bf16")):
        monkeypatch.setattr(ours, "_multiplies_integers", lambda integers=integers: integers)
        assert OpenVino(replace(EXACT, compute_type="int8")).identity().endswith(arithmetic)


@needs_openvino
def test_auto_takes_it_where_the_processor_has_vnni_or_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(precision: str, flags: str = "", device: str = "cpu") -> str:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse\n")
        monkeypatch.setattr(ours, "PROCESSOR", tmp_path / "cpuinfo")
        monkeypatch.setattr(ours, "_precision_of_processor", lambda: precision)
        ours._multiplies_integers.cache_clear()
        return engines.recognizer(ModelOptions(model="demo", device=device)).name

    assert chosen("bf16") == chosen("f32", "avx512_vnni") == "openvino"
    assert chosen("f32") == chosen("f32", "avx512f") == chosen("bf16", device="cuda") == "faster-whisper"
    ours._multiplies_integers.cache_clear()


@needs_openvino
def test_a_benchmark_counts_its_windows_and_names_its_encoder(windows: list[np.ndarray]) -> None:
    engine = counting(replace(EXACT, engine="openvino"))
    engine.recognize(windows[:3], GREEDY)
    assert engine.windows == 3  # type: ignore[attr-defined]
    assert engine.encoder == "OpenVINO, f32"  # type: ignore[attr-defined]


@needs_openvino
def test_openvino_does_not_call_home(tmp_path: Path) -> None:
    """Importing the package sends an event wherever openvino-telemetry is; here that would leave a file."""
    (tmp_path / "openvino_telemetry.py").write_text("import pathlib; pathlib.Path(__file__).with_name('sent').touch()")
    code = "from earwitness.engines.openvino import *; suits(ModelOptions(device='cpu')); runtime().opset13"
    paths = os.pathsep.join((str(tmp_path), *sys.path))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": paths})
    assert not (tmp_path / "sent").exists()


@needs_openvino
def test_a_damaged_model_is_one_clear_error(tmp_path: Path) -> None:
    broken = random_whisper.write(tmp_path / "broken")
    (broken / "model.bin").write_bytes((broken / "model.bin").read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"model\.bin"):
        OpenVino(ModelOptions(model=str(broken))).recognize([np.zeros(16_000, np.float32)], GREEDY)


def test_without_the_package_the_remedy_is_named_and_auto_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    with pytest.raises(ExtraError, match=r"pip install 'earwitness\[openvino\]'"):
        engines.recognizer(ModelOptions(engine="openvino"))
    assert engines.recognizer(ModelOptions(model="demo", device="cpu")).name == "faster-whisper"


def test_it_is_for_cpus() -> None:
    with pytest.raises(OptionError, match="--engine faster-whisper"):
        OpenVino(ModelOptions(device="cuda"))
