from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from earwitness.engines import hub
from earwitness.engines.whisper_forms import CTRANSLATE2, HUB_IDS, ORIGINAL_IDS, TRANSFORMERS
from earwitness.errors import ModelError


@pytest.fixture(autouse=True)
def _no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that is never there, and a cache of the test's own."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def snapshot(repo_id: str, *, local_files_only: bool = False, **_: Any) -> str:
        folder = tmp_path / repo_id.replace("/", "--")
        if folder.is_dir():
            return os.fspath(folder)
        if local_files_only:
            raise FileNotFoundError(repo_id)
        raise ConnectionError("Name or service not known\nand much more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)


def put_in_cache(cache: Path, name: str) -> Path:
    folder = cache / HUB_IDS[name].replace("/", "--")
    folder.mkdir()
    for file in ("model.bin", "config.json", "tokenizer.json"):
        (folder / file).write_bytes(b"{}")
    return folder


def test_the_demo_model_ships_with_the_package() -> None:
    assert {"model.bin", "config.json", "tokenizer.json"} <= {path.name for path in hub.find("demo").iterdir()}


@pytest.mark.parametrize("name", ["small", "Systran/faster-whisper-small"])
def test_a_cached_model_is_found_without_the_hub(tmp_path: Path, name: str) -> None:
    folder = put_in_cache(tmp_path, "small")
    assert hub.find(name, offline=True) == folder


def test_a_model_that_cannot_be_had_is_one_line_with_the_remedies() -> None:
    with pytest.raises(ModelError) as refused:
        hub.find("small")
    text = str(refused.value)
    assert "\n" not in text
    for part in ("small", "earwitness models download small", "--model FOLDER", "--engine pocketsphinx"):
        assert part in text


def test_offline_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(name: str) -> Path:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(hub, "download", ask)
    with pytest.raises(ModelError, match="--offline"):
        hub.find("small", offline=True)
    with pytest.raises(ModelError, match="no Whisper model is in the cache"):
        hub.choose("cpu", offline=True)


def test_auto_takes_the_best_that_is_cached_and_comfortable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_cache(tmp_path, "tiny")
    assert hub.choose("cpu", offline=False) == "tiny"
    put_in_cache(tmp_path, "base")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert hub.choose("cpu", offline=False) == "base"
    put_in_cache(tmp_path, "small")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert hub.choose("cpu", offline=True) == "small"


def test_auto_without_hub_or_cache_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"--model auto: .*models download .*--engine pocketsphinx"):
        hub.choose("cpu", offline=False)


@pytest.mark.parametrize("name", ["no-such-model", "../nowhere", "/no/such/folder", "~/models/x", ""])
def test_names_that_are_nothing_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="neither a folder nor a known model"):
        hub.find(name or "no such thing")


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin and config\.json and tokenizer\.json missing"):
        hub.find(os.fspath(tmp_path))


def test_the_catalogue_tells_what_is_here(tmp_path: Path) -> None:
    put_in_cache(tmp_path, "small")
    models = {model.name: model for model in hub.catalogue() if model.engine != "transformers"}
    assert models["demo"].bundled
    assert models["demo"].size_bytes
    assert models["demo"].size_bytes < 12_000_000
    assert (models["small"].cached, models["small"].size_bytes) == (True, 6)
    assert not models["turbo"].cached


def test_a_model_in_parts_is_whole_when_all_are_there(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model-00001-of-00002.safetensors").touch()
    assert not TRANSFORMERS.is_whole(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").touch()
    assert TRANSFORMERS.is_whole(tmp_path)
    assert not CTRANSLATE2.is_whole(tmp_path)


def test_the_sizes_have_a_model_for_each_engine() -> None:
    listed = {(model.name, model.engine) for model in hub.catalogue()}
    assert {("small", "faster-whisper"), ("small", "transformers"), ("turbo", "transformers")} <= listed


@pytest.mark.parametrize(("name", "expected"), [("large", "openai/whisper-large-v3"), ("turbo", ORIGINAL_IDS["turbo"])])
def test_names_stand_for_openais_own_models_in_transformers(name: str, expected: str) -> None:
    assert TRANSFORMERS.hub_id(name) == expected
    with pytest.raises(
        ModelError, match=f"{name}: .* not in the cache .*models download {name} --engine transformers`"
    ):
        hub.find(name, form=TRANSFORMERS, offline=True)
