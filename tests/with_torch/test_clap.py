"""CLAP through the engine and the command, beside transformers called directly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness import engines
from earwitness.audio import load
from earwitness.cli import main
from earwitness.engines.clap import Clap
from earwitness.errors import ModelError, OptionError
from earwitness.options import PretrainedOptions
from earwitness.toolkit import matching
from earwitness.types import Audio
from random_clap import write_clap
from sounds import write_wav

RATE = 48_000
TEXTS = ["dog barking", "car engine sound", "a theme played by a small band, then applause"]
KINDS = pytest.mark.parametrize("kind", ["unfused", "fused"])
OPTIONS = PretrainedOptions(offline=True, device="cpu", threads=1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("torch", reason="torch is not installed; make test-models")
    base = tmp_path_factory.mktemp("clap")
    return {"unfused": write_clap(base / "unfused"), "fused": write_clap(base / "fused", fusion=True)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, data: Path) -> list[Path]:
    """Real recordings of 10 s and less, of several rates and codings."""
    names = ("esc10_dog_bark_1-100032-A.ogg", "max_car_engine.wav", "laugh1.mp3")
    base = tmp_path_factory.mktemp("sounds")
    return [
        write_wav(
            base / f"{Path(name).stem}.wav", load(data / "sounds" / name, sample_rate=RATE).samples[: 10 * RATE], RATE
        )
        for name in names
    ]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints; in this process, since importing torch takes seconds."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.err) == (0, "")
    return printed.out


def by_hand(folder: Path, file: Path, texts: list[str]) -> tuple[Any, Any]:
    """What transformers itself makes of one sound and texts: logits for the audio and for the texts."""
    import torch
    from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel, ClapProcessor

    processor = ClapProcessor(ClapFeatureExtractor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))
    samples = load(file, sample_rate=RATE).samples
    inputs = processor(text=texts, audio=samples, sampling_rate=RATE, padding=True, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        out = ClapModel.from_pretrained(folder).eval()(**inputs)
    return out.logits_per_audio.numpy(), out.logits_per_text.numpy()


@KINDS
def test_the_command_gives_the_scores_of_transformers(
    kind: str, folders: dict[str, Path], files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line of the issue, and the same with repeated options."""
    names = list(map(str, files))
    spread = [part for name in names for part in ("--audio", name)] + [
        part for one in TEXTS for part in ("--text", one)
    ]
    options = ("--model", str(folders[kind]), "--device", "cpu", "--json")
    printed = run(capsys, "match", "--audio", *names, "--text", *TEXTS, *options)
    assert run(capsys, "match", *spread, *options) == printed
    found = json.loads(printed)

    expected = [by_hand(folders[kind], file, TEXTS) for file in files]
    over_texts = np.concatenate([audio for audio, _ in expected])
    over_sounds = np.concatenate([text.T for _, text in expected])
    scales = found["scales"]
    cosines = np.array([pair["similarity"] for pair in found["pairs"]]).reshape(3, 3)
    assert cosines * scales["over_texts"] == pytest.approx(over_texts, abs=1e-5)
    assert cosines * scales["over_sounds"] == pytest.approx(over_sounds, abs=1e-5)
    assert np.ptp(over_texts, axis=0).min() > 0.01  # random weights, yet they tell these sounds apart
    assert np.ptp(over_texts, axis=1).min() > 0.01
    assert scales == {"over_texts": pytest.approx(20.0), "over_sounds": pytest.approx(np.exp(2.5))}

    def softmax(logits: Any, axis: int) -> Any:
        return np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True)

    for name, wanted in (("text_probability", softmax(over_texts, 1)), ("sound_probability", softmax(over_sounds, 0))):
        given = np.array([pair[name] for pair in found["pairs"]]).reshape(3, 3)
        assert given == pytest.approx(wanted, abs=1e-5)
    assert [pair["audio"] for pair in found["pairs"][::3]] == [file.name for file in files]


@KINDS
def test_company_changes_nothing_and_neither_does_repetition(
    kind: str, folders: dict[str, Path], files: list[Path]
) -> None:
    engine = Clap(str(folders[kind]), OPTIONS)
    windows = [load(file, sample_rate=RATE).samples for file in files]
    together = np.stack([one.clip for one in engine.embed(windows)])
    alone = np.stack([engine.embed([window])[0].clip for window in windows])
    again = np.stack([one.clip for one in Clap(str(folders[kind]), OPTIONS).embed(windows)])
    assert together == pytest.approx(alone, abs=1e-5)
    assert np.array_equal(together, again)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
    texts = engine.embed_texts(TEXTS)
    assert texts == pytest.approx(np.concatenate([engine.embed_texts([text]) for text in TEXTS]), abs=1e-5)


def test_a_long_recording_is_heard_as_the_mean_of_its_windows(folders: dict[str, Path], data: Path) -> None:
    sound = load(data / "sounds" / "max_car_engine.wav", sample_rate=RATE).samples
    rng = np.random.default_rng(0)
    samples = np.resize(sound, 25 * RATE) * np.linspace(0.1, 1, 25 * RATE) + 0.01 * rng.standard_normal(25 * RATE)
    audio = Audio(samples.astype(np.float32), RATE)
    engine = Clap(str(folders["unfused"]), OPTIONS)
    windows = [audio.between(start, start + 10) for start in (0.0, 10.0, 20.0)]
    mean = np.average([one.clip for one in engine.embed(windows)], axis=0, weights=[10, 10, 5])
    found = matching.embedding(audio, engine)
    assert found == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert np.array_equal(found, matching.embedding(audio, engine))


def test_what_can_hardly_be_heard_or_read_is_no_nan(folders: dict[str, Path]) -> None:
    engine = Clap(str(folders["unfused"]), OPTIONS)
    sounds = [np.zeros(RATE, np.float32), np.zeros(0, np.float32), np.full(480, 0.5, np.float32)]
    assert all(np.isfinite(one.clip).all() for one in engine.embed(sounds))
    assert np.isfinite(engine.embed_texts(["x" * 5000])).all()
    with pytest.raises(OptionError, match="empty text"):
        engine.embed_texts([" "])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near(folders: dict[str, Path], files: list[Path], dtype: str) -> None:
    window = load(files[0], sample_rate=RATE).samples
    whole, half = (
        Clap(str(folders["unfused"]), PretrainedOptions(device="cpu", threads=1, dtype=name))
        for name in ("auto", dtype)
    )
    found = half.embed([window])[0].clip
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)
    assert found @ whole.embed([window])[0].clip > 0.99
    assert half.identity() != whole.identity()


def test_a_name_a_folder_and_another_kind_of_model(folders: dict[str, Path], tmp_path: Path) -> None:
    engine = engines.sound_embedder(str(folders["fused"]), OPTIONS)
    assert isinstance(engine, Clap)
    assert engine.identity() != Clap(str(folders["unfused"]), OPTIONS).identity()
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="cannot be loaded as ClapModel"):
        Clap(str(tmp_path), OPTIONS).scales()


def test_recordings_are_searched_by_text_and_by_sound(
    folders: dict[str, Path], files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of random weights a text finds anything, but the best window that there is; a sound finds itself."""
    season = tmp_path / "season"
    season.mkdir()
    rng = np.random.default_rng(1)
    noise = 0.05 * rng.standard_normal(40 * RATE)
    theme = write_wav(tmp_path / "theme.wav", np.resize(load(files[1], sample_rate=RATE).samples, 10 * RATE), RATE)
    noise[15 * RATE : 25 * RATE] = load(theme, sample_rate=RATE).samples
    write_wav(season / "one.wav", noise, RATE)
    write_wav(season / "two.wav", noise[::-1], RATE)
    options = ("--model", str(folders["unfused"]), "--device", "cpu", "--json", "--quiet")
    options += ("--library", str(tmp_path / "library.sqlite"))
    asked = ("--text", *TEXTS[:2], "--audio", str(theme))
    hits = json.loads(run(capsys, "match", *asked, "--in", str(season), *options))
    assert {hit["query"] for hit in hits} == {*TEXTS[:2], "theme.wav"}
    (best, *_) = [hit for hit in hits if hit["query"] == "theme.wav"]
    assert (best["name"], best["similarity"]) == ("one.wav", pytest.approx(1, abs=1e-3))
    assert best["start"] <= 15
    assert best["end"] >= 25

    engine = Clap(str(folders["unfused"]), OPTIONS)
    text = engine.embed_texts(TEXTS[:1])[0]
    cosines = []
    for name in ("one.wav", "two.wav"):
        samples = load(season / name, sample_rate=RATE).samples
        starts = [number * 5 * RATE for number in range(7)]
        cosines += [float(one.clip @ text) for one in engine.embed([samples[at : at + 10 * RATE] for at in starts])]
    first = next(hit for hit in hits if hit["query"] == TEXTS[0])
    assert first["similarity"] == pytest.approx(max(cosines), abs=1e-3)  # of float16
