"""Downloads, with the hub's real client, from a hub on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import stub_hub
from earwitness.cli import main
from earwitness.engines import hub, hub_files
from earwitness.engines.whisper_forms import CTRANSLATE2, HUB_IDS, ORIGINAL_IDS, TRANSFORMERS
from earwitness.errors import ModelError

WEIGHTS = np.random.default_rng(0).bytes(300_000)
INDEX = b'{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}'
SMALL = {"config.json": b'{"model_type": "whisper"}', "tokenizer.json": b'{"tokens": []}'}


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(left.value.code or 0)


@pytest.fixture
def repositories() -> stub_hub.Hub:
    return stub_hub.Hub(
        {
            HUB_IDS["small"]: {**SMALL, "model.bin": WEIGHTS, "vocabulary.txt": b"a", "README.md": b"read me"},
            ORIGINAL_IDS["small"]: {**SMALL, "model.safetensors": WEIGHTS, "pytorch_model.bin": WEIGHTS[::-1]},
            "openai/whisper-tiny": {**SMALL, "model.safetensors": WEIGHTS},
            "somebody/older": {**SMALL, "pytorch_model.bin": WEIGHTS},
            "somebody/bert": dict(SMALL),
            "somebody/bart": {
                **SMALL,
                "model.safetensors": WEIGHTS,
                "spiece.model": b"pieces",
                "flax_model.msgpack": b"",
            },
            "somebody/parts": {
                **SMALL,
                "model.safetensors.index.json": INDEX,
                "pytorch_model.bin.index.json": b'{"weight_map": {"a": "pytorch_model-1.bin"}}',
                "model-1.safetensors": WEIGHTS,
                "model-2.safetensors": WEIGHTS[::-1],
            },
        }
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repositories: stub_hub.Hub) -> Iterator[Path]:
    with stub_hub.serving(monkeypatch, tmp_path / "hub", repositories):
        yield tmp_path / "hub"


@pytest.mark.usefixtures("cache")
def test_a_model_is_brought_once_and_found_without_the_hub(repositories: stub_hub.Hub) -> None:
    folder = hub.download("small")
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert {path.name for path in folder.iterdir()} == {*SMALL, "model.bin", "vocabulary.txt"}
    assert hub.find("small", offline=True) == folder
    assert hub.download("small") == folder
    assert repositories.ranges == [None]


def test_a_broken_download_goes_on_where_it_was(cache: Path, repositories: stub_hub.Hub) -> None:
    repositories.cut = 100_000
    with pytest.raises(ModelError, match="small: the hub did not give this model") as refused:
        hub.download("small")
    assert "\n" not in str(refused.value)
    (part,) = cache.rglob("*.part")
    assert part.read_bytes() == WEIGHTS[:100_000]
    with pytest.raises(ModelError, match="not in the cache"):
        hub.find("small", offline=True)
    repositories.cut, repositories.ranges = None, []
    assert (hub.download("small") / "model.bin").read_bytes() == WEIGHTS
    assert repositories.ranges == ["bytes=100000-"]
    assert list(cache.rglob("*.part")) == []


@pytest.mark.usefixtures("cache")
def test_a_summarizer_is_brought_with_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("models", "download", "somebody/bart", "--engine", "seq2seq") == 0
    folder = Path(capsys.readouterr().out.strip())
    assert {path.name for path in folder.iterdir()} == {*SMALL, "model.safetensors", "spiece.model"}
    assert hub.find_summarizer("somebody/bart", offline=True) == folder
    older = hub.find_summarizer("somebody/older")
    assert {path.name for path in older.iterdir()} == {*SMALL, "pytorch_model.bin"}
    with pytest.raises(ModelError, match=r"not its model\*\.safetensors and config\.json nor"):
        hub.find_summarizer("somebody/bert")
    with pytest.raises(ModelError, match="models download somebody/else --engine seq2seq"):
        hub.find_summarizer("somebody/else", offline=True)


@pytest.mark.usefixtures("cache")
def test_a_summarizer_in_parts_is_there_when_all_are() -> None:
    folder = hub.find_summarizer("somebody/parts")
    assert hub.find_summarizer("somebody/parts", offline=True) == folder
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(ModelError, match="not in the cache"):
        hub.find_summarizer("somebody/parts", offline=True)
    assert (hub.find_summarizer("somebody/parts") / "model-2.safetensors").read_bytes() == WEIGHTS[::-1]


@pytest.mark.usefixtures("cache")
def test_of_several_workers_one_downloads(repositories: stub_hub.Hub) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = {future.result() for future in [pool.submit(hub.download, "small") for _ in range(4)]}
    assert [(folder / "model.bin").read_bytes() for folder in found] == [WEIGHTS]
    assert repositories.ranges == [None]


def test_what_is_not_what_its_hash_says_is_refused(cache: Path, repositories: stub_hub.Hub) -> None:
    repositories.repositories[HUB_IDS["small"]]["model.bin"] = WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1])
    with pytest.raises(ModelError, match=r"small/model\.bin: what the hub sent is not what its hash says"):
        hub.download("small")
    assert not any(path.name == sha256(WEIGHTS).hexdigest() for path in cache.rglob("*"))
    repositories.repositories[HUB_IDS["small"]]["model.bin"] = WEIGHTS
    assert (hub.download("small") / "model.bin").read_bytes() == WEIGHTS


def test_a_part_that_is_too_long_does_no_harm(cache: Path, repositories: stub_hub.Hub) -> None:
    repositories.cut = 100_000
    with pytest.raises(ModelError):
        hub.download("small")
    repositories.cut = None
    (part,) = cache.rglob("*.part")
    part.write_bytes(WEIGHTS + b"and more")
    assert (hub.download("small") / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.usefixtures("cache")
def test_a_damaged_file_in_the_cache_is_brought_again(capsys: pytest.CaptureFixture[str]) -> None:
    folder = hub.download("small")
    weights = (folder / "model.bin").resolve()
    weights.chmod(0o644)
    weights.write_bytes(WEIGHTS[::-1])
    assert hub_files.damaged(folder) == [weights]
    assert status_of("models", "download", "small") == 0
    assert capsys.readouterr().out.strip().endswith(str(folder))
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert hub_files.damaged(folder) == []


def test_a_folder_of_ones_own_has_nothing_to_compare() -> None:
    assert hub_files.damaged(hub.demo_folder()) == []


@pytest.mark.usefixtures("cache")
def test_each_engine_has_its_own_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("models", "download", "small", "--engine", "transformers") == 0
    folder = hub.find("small", form=TRANSFORMERS, offline=True)
    assert {path.name for path in folder.iterdir()} == {*SMALL, "model.safetensors"}
    with pytest.raises(ModelError, match="not in the cache"):
        hub.find("small", form=CTRANSLATE2, offline=True)
    capsys.readouterr()
    assert status_of("models", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["engine"] for row in rows if row["name"] == "small" and row["cached"]} == {"transformers"}
    assert status_of("models", "download", "small", "--engine", "pocketsphinx") != 0


@pytest.mark.usefixtures("cache")
def test_an_older_checkpoint_has_a_pickle() -> None:
    folder = hub.download("somebody/older", form=TRANSFORMERS)
    assert (folder / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert hub.find("somebody/older", form=TRANSFORMERS, offline=True) == folder


@pytest.mark.usefixtures("cache")
def test_a_repository_without_weights_is_refused() -> None:
    with pytest.raises(ModelError, match="somebody/bert: the hub has no Whisper weights"):
        hub.download("somebody/bert")
    with pytest.raises(ModelError, match="nobody/nothing: the hub did not give this model"):
        hub.download("nobody/nothing")


@pytest.mark.usefixtures("cache")
def test_openais_file_gets_its_tokenizer_from_the_hub(tmp_path: Path, repositories: stub_hub.Hub) -> None:
    checkpoint = tmp_path / "base.pt"
    with pytest.raises(ModelError, match="its tokenizer is not in the cache and --offline forbids"):
        hub._tokenizer(checkpoint, 51865, offline=True)
    brought = hub._tokenizer(checkpoint, 51865, offline=False)
    assert brought.read_bytes() == SMALL["tokenizer.json"]
    assert repositories.ranges == []
    assert hub._tokenizer(checkpoint, 51865, offline=True) == brought
    beside = checkpoint.with_name("tokenizer.json")
    beside.write_text("{}")
    assert hub._tokenizer(checkpoint, 51865, offline=True) == beside
