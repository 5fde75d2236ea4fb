"""Checkpoints from one format to another; those that need torch run with `make test-models`."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import openai_checkpoint
import random_whisper
from earwitness.engines import conversion, hub, transformers_folder
from earwitness.engines.faster_whisper import FasterWhisper
from earwitness.engines.whisper_forms import CTRANSLATE2, TRANSFORMERS
from earwitness.errors import ExtraError, ModelError
from earwitness.options import ModelOptions, WordOptions

NOISE = [np.random.default_rng(seed).normal(0, 0.1, 16_000 * 3).astype(np.float32) for seed in range(2)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARWITNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def torch() -> None:
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name} is not installed; make test-models")


def original(folder: Path, **config: str) -> Path:
    """A folder that looks like one of transformers."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "whisper", **config}))
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).write_bytes(b"{}")
    return folder


def said(model: Path, language: str = "de") -> list[list[str]]:
    engine = FasterWhisper(ModelOptions(model=str(model), device="cpu", compute_type="float32"))
    results = engine.recognize(NOISE, WordOptions(language=language, beam_size=1))
    return [[word.word for word in result.words] for result in results]


def test_formats_are_told_apart(tmp_path: Path) -> None:
    assert conversion.format_of(hub.demo_folder()) == conversion.CTRANSLATE2
    assert conversion.format_of(original(tmp_path / "t")) == conversion.TRANSFORMERS


def test_what_is_no_whisper_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.pt").write_text("not a checkpoint")
    with pytest.raises(ModelError, match=r"notes\.pt: not a checkpoint"):
        hub.find(str(tmp_path / "notes.pt"))
    with pytest.raises(ModelError, match="a checkpoint of type bert, not whisper"):
        hub.find(str(original(tmp_path / "bert", model_type="bert")))
    bare = original(tmp_path / "bare")
    (bare / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        hub.find(str(bare))
    (bare / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        hub.find(str(bare))


def test_without_torch_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(ExtraError, match=r"torch must be installed; pip install 'earwitness\[models\]'") as refused:
        hub.find(str(original(tmp_path / "t")))
    assert "\n" not in str(refused.value)


def pretended(monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]) -> None:
    """Conversion to transformers by `write`, as if torch were installed."""

    def convert(_source: Path, folder: Path) -> None:
        folder.mkdir()
        write(folder)

    monkeypatch.setattr(conversion, "find_spec", lambda _: object())
    monkeypatch.setattr(transformers_folder, "from_ctranslate2", convert)


def test_a_conversion_is_whole_or_not_there(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def stop_halfway(folder: Path) -> None:
        (folder / "config.json").write_text("{}")
        seen.extend(path.name for path in cache.iterdir())
        raise OSError(28, "No space left on device")

    pretended(monkeypatch, stop_halfway)
    with pytest.raises(ModelError, match=r"No space left on device.*is there room in") as refused:
        hub.find("demo", form=TRANSFORMERS)
    assert "\n" not in str(refused.value)
    assert [name.endswith(".tmp") for name in seen] == [True]
    assert list(cache.iterdir()) == []


def test_of_several_workers_one_converts(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []
    first, go_on = threading.Event(), threading.Event()

    def write(folder: Path) -> None:
        begun.append(folder)
        first.set()
        assert go_on.wait(60)

    pretended(monkeypatch, write)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(hub.find, "demo", form=TRANSFORMERS) for _ in range(3)]
        assert first.wait(60)
        go_on.set()
        found = {future.result() for future in waiting}
    assert list(cache.iterdir()) == list(found)
    assert len(begun) == 1


@pytest.mark.usefixtures("torch")
def test_a_checkpoint_that_cannot_be_converted_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="cannot be converted for CTranslate2") as refused:
        hub.find(str(original(tmp_path / "t")))
    assert "\n" not in str(refused.value)
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("torch")
def test_a_checkpoint_goes_there_and_back_and_says_the_same(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = random_whisper.write(tmp_path / "random")
    with caplog.at_level(logging.WARNING, logger="earwitness"):
        there = hub.find(str(source), form=TRANSFORMERS)
        back = hub.find(str(there), form=CTRANSLATE2)
    assert [record.getMessage().split(":")[1] for record in caplog.records] == [
        " converting for transformers, once; kept in " + os.fspath(there),
        " converting for CTranslate2, once; kept in " + os.fspath(back),
    ]
    assert said(back) == said(source)
    before, after = (json.loads((folder / "config.json").read_bytes()) for folder in (source, back))
    for name in ("lang_ids", "suppress_ids", "suppress_ids_begin"):
        assert after[name] == before[name]
    assert [tuple(head) for head in after["alignment_heads"]] == [tuple(head) for head in before["alignment_heads"]]
    assert json.loads((back / "preprocessor_config.json").read_bytes()) == {"feature_size": random_whisper.MELS}
    assert sorted(cache.iterdir()) == sorted([there, back])


@pytest.mark.usefixtures("torch")
def test_a_second_time_nothing_is_converted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = random_whisper.write(tmp_path / "random")
    first = hub.find(str(source), form=TRANSFORMERS)
    written = (first / "model.safetensors").stat().st_mtime_ns
    caplog.clear()
    assert hub.find(str(source), form=TRANSFORMERS) == first
    assert caplog.records == []
    assert (first / "model.safetensors").stat().st_mtime_ns == written
    other = random_whisper.write(tmp_path / "other" / "random", seed=1)
    assert hub.find(str(other), form=TRANSFORMERS) != first


@pytest.mark.usefixtures("torch")
def test_openais_file_says_what_the_folder_says(tmp_path: Path, cache: Path) -> None:
    folder = hub.find("demo", form=TRANSFORMERS)
    file = openai_checkpoint.write(folder, tmp_path / "openai" / "tiny.pt")
    converted = hub.find(str(file), form=TRANSFORMERS)
    from safetensors.numpy import load_file

    ours, theirs = (load_file(each / "model.safetensors") for each in (converted, folder))
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    fast = hub.find(str(file), form=CTRANSLATE2)
    assert {path.name for path in fast.iterdir()} >= {"model.bin", "config.json", "tokenizer.json", "vocabulary.json"}
    settings = json.loads((fast / "config.json").read_bytes())
    assert settings["alignment_heads"] == [[2, 2], [3, 0], [3, 2], [3, 3], [3, 4], [3, 5]]
    assert len(list(cache.iterdir())) == 3


@pytest.mark.usefixtures("torch")
def test_openais_file_needs_its_tokenizer(tmp_path: Path) -> None:
    folder = hub.find("demo", form=TRANSFORMERS)
    file = openai_checkpoint.write(folder, tmp_path / "openai" / "own.pt")
    shutil.copyfile(random_whisper.write(tmp_path / "random") / "tokenizer.json", file.with_name("tokenizer.json"))
    with pytest.raises(ModelError, match="this tokenizer has 51866 tokens and the checkpoint 2410"):
        hub.find(str(file))
    file.with_name("tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"no Whisper with 2410 tokens; put the tokenizer\.json"):
        hub.find(str(file))


@pytest.mark.usefixtures("torch")
def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"epoch": 3}, tmp_path / "x.pt")
    with pytest.raises(ModelError, match=r"x\.pt: not one of OpenAI's Whisper checkpoints"):
        hub.find(str(tmp_path / "x.pt"))
    torch.save(Path("/"), tmp_path / "y.pt")  # unpickling may run any code, so only tensors are read
    with pytest.raises(ModelError, match="cannot be converted"):
        hub.find(str(tmp_path / "y.pt"))


@pytest.mark.usefixtures("torch")
def test_a_folder_with_vocabulary_and_merges_gets_a_tokenizer(tmp_path: Path) -> None:
    source = hub.find(str(random_whisper.write(tmp_path / "random")), form=TRANSFORMERS)
    bare = shutil.copytree(source, tmp_path / "bare")
    pieces = json.loads((bare / "tokenizer.json").read_bytes())
    (bare / "tokenizer.json").unlink()
    (bare / "vocab.json").write_text(json.dumps(pieces["model"]["vocab"]))
    (bare / "merges.txt").write_text("#version: 0.2\n")
    (bare / "added_tokens.json").write_text(
        json.dumps({token["content"]: token["id"] for token in pieces["added_tokens"]})
    )
    assert said(hub.find(str(bare))) == said(source)
