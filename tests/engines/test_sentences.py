"""Sentence embedders: pooling by hand, and checkpoints through the real hub cache, tokenizers and onnxruntime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hub_cache
import sentence_checkpoint
from earwitness import engines
from earwitness.engines import hub
from earwitness.engines.sentences import BATCH_TEXTS, Sentences
from earwitness.errors import ModelError, OptionError
from earwitness.options import ModelOptions, SummaryOptions
from sentence_checkpoint import FIRST, known, words_of

TEXTS = ["The bees gave us honey.", "A storm!", "Nobody oiled the old clock, so it stopped at noon.", "storm"]
SYNONYMS = ["storm tempest", "clock timepiece"]
ONE_THREAD = ModelOptions(threads=1)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return hub_cache.use(monkeypatch, tmp_path / "hub")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sentence_checkpoint.write(tmp_path / "model", TEXTS, SYNONYMS)


def engine_of(folder: Path) -> Sentences:
    return Sentences(folder, "test", ONE_THREAD)


def by_hand(folder: Path, text: str) -> np.ndarray:
    """The mean of the vectors of a text's words, with length 1."""
    vocabulary, table = known(folder)
    mean = table[[vocabulary.get(word, 1) for word in words_of(text)]].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def change(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def test_an_embedding_is_the_mean_over_the_words_of_the_text_alone(folder: Path) -> None:
    rows = engine_of(folder).embed(TEXTS)
    assert (rows.shape, rows.dtype) == ((len(TEXTS), sentence_checkpoint.WIDTH), np.float32)
    for row, text in zip(rows, TEXTS, strict=True):
        np.testing.assert_allclose(row, by_hand(folder, text), atol=1e-6)


def test_synonyms_are_alike_and_other_words_are_not(folder: Path) -> None:
    storm, tempest, clock = engine_of(folder).embed(["the storm", "the tempest", "the clock"])
    assert storm @ tempest == pytest.approx(1)
    assert storm @ clock < 0.9


def test_many_texts_of_all_lengths_are_what_they_are_alone(folder: Path) -> None:
    draw = np.random.default_rng(0)
    words = sorted({word for text in TEXTS for word in words_of(text)})
    texts = [" ".join(draw.choice(words, size=draw.integers(1, 60))) for _ in range(3 * BATCH_TEXTS + 5)]
    engine = engine_of(folder)
    rows = engine.embed([*texts, *texts[:7]])
    for place in (0, 50, len(texts) - 1):
        np.testing.assert_allclose(rows[place], engine.embed([texts[place]])[0], atol=1e-6)
        np.testing.assert_allclose(rows[place], by_hand(folder, texts[place]), atol=1e-6)
    assert np.array_equal(rows[:7], rows[len(texts) :])
    assert len(engine.embed([])) == 0
    assert np.isfinite(engine.embed(["", "unheard"])).all()


def test_the_first_token_where_the_checkpoint_says_so(tmp_path: Path) -> None:
    folder = sentence_checkpoint.write(tmp_path / "model", TEXTS, pooling="cls", first=True)
    vocabulary, table = known(folder)
    wanted = table[vocabulary[FIRST]] / np.linalg.norm(table[vocabulary[FIRST]])
    np.testing.assert_allclose(engine_of(folder).embed(TEXTS[:1])[0], wanted, atol=1e-6)
    change(folder / "1_Pooling" / "config.json", pooling_mode="mean")
    assert engine_of(folder).embed(TEXTS[:1])[0] @ wanted < 0.9


def test_what_is_too_long_is_cut_and_what_the_checkpoint_wants_goes_before(tmp_path: Path) -> None:
    cut = sentence_checkpoint.write(tmp_path / "cut", TEXTS, longest=3)
    np.testing.assert_allclose(engine_of(cut).embed(TEXTS[:1])[0], by_hand(cut, "The bees gave"), atol=1e-6)
    before = sentence_checkpoint.write(tmp_path / "before", TEXTS, prompt="storm: ")
    (row,) = engine_of(before).embed(TEXTS[:1])
    np.testing.assert_allclose(row, by_hand(before, f"storm: {TEXTS[0]}"), atol=1e-6)


def test_its_identity_is_what_it_is_made_of_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    identity = engine_of(folder).identity()
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert engine_of(moved).identity() == identity
    change(moved / "1_Pooling" / "config.json", pooling_mode="cls")
    assert engine_of(moved).identity() != identity
    other = sentence_checkpoint.write(tmp_path / "other", TEXTS, SYNONYMS, seed=1)
    assert engine_of(other).identity() != identity
    assert set(engine_of(folder).versions) == {"onnxruntime", "tokenizers"}


def test_auto_is_the_model_in_the_cache_and_nothing_where_it_is_not_there(cache: Path) -> None:
    assert engines.sentence_embedder() is None
    own = hub_cache.snapshot(cache, hub.SENTENCES.hub_id, hub.SENTENCES.revision)
    assert engines.sentence_embedder() is None
    sentence_checkpoint.write(own, TEXTS)
    engine = engines.sentence_embedder(options=ONE_THREAD)
    assert engine
    assert engine.name == hub.SENTENCES.hub_id
    assert len(engine.embed(TEXTS)) == len(TEXTS)
    assert engines.sentence_embedder("none") is None
    listed = {model.name: model for model in hub.catalogue()}
    assert listed[hub.SENTENCE_MODEL].cached
    assert (listed[hub.SENTENCE_MODEL].size_bytes or 0) > 1000


def test_folders_and_hub_ids(cache: Path, folder: Path) -> None:
    sentence_checkpoint.write(hub_cache.snapshot(cache, "someone/sentences"), TEXTS, seed=3)
    sentence_checkpoint.write(hub_cache.snapshot(cache, "someone/sentences", "1" * 40), TEXTS, seed=4)
    offline = ModelOptions(offline=True)
    names = (str(folder), "someone/sentences", f"someone/sentences@{'1' * 40}")
    found = [engines.sentence_embedder(name, offline) for name in names]
    assert len({engine.identity() for engine in found if engine}) == 3
    assert [engine.name for engine in found if engine] == list(names)


@pytest.mark.parametrize("name", ["sentences", "someone/else"])
@pytest.mark.parametrize("offline", [True, False])
def test_a_model_that_cannot_be_had_is_one_line_with_the_remedies(cache: Path, name: str, offline: bool) -> None:
    with pytest.raises(ModelError) as refused:
        engines.sentence_embedder(name, ModelOptions(offline=offline))
    text = str(refused.value)
    assert "\n" not in text
    assert ("--offline" in text) == offline
    for part in (f"models download {name}", "--sentence-model FOLDER", "--sentence-model none"):
        assert part in text


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "~nobody/x", "a/b/c"])
def test_names_that_are_nothing_are_refused(cache: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"--sentence-model .*neither a folder nor a hub id; check the path"):
        engines.sentence_embedder(name)
    with pytest.raises(OptionError, match="try --sentence-model none"):
        SummaryOptions(sentence_model=" ")


@pytest.mark.parametrize("file", ["onnx/model.onnx", "tokenizer.json", "modules.json"])
def test_what_is_missing_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ModelError, match=f"there is no {file}; .*--sentence-model none"):
        engine_of(folder)


def test_checkpoints_of_other_kinds_are_refused(folder: Path) -> None:
    change(folder / "1_Pooling" / "config.json", pooling_mode_mean_tokens=False, pooling_mode_max_tokens=True)
    with pytest.raises(ModelError, match=r"its pooling is pooling_mode_max_tokens, not mean or cls; .*none"):
        engine_of(folder)
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ModelError, match="its pooling is not said, not mean or cls"):
        engine_of(folder)
    (folder / "modules.json").write_text('[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]')
    with pytest.raises(ModelError, match="what follows the network, Dense, cannot be run here"):
        engine_of(folder)
    for content in ("no JSON", '{"a": 1}', "[1]"):
        (folder / "modules.json").write_text(content)
        with pytest.raises(ModelError, match="--sentence-model none"):
            engine_of(folder)


@pytest.mark.parametrize(("file", "wrong"), [("onnx/model.onnx", "not a network"), ("tokenizer.json", "no tokenizer")])
def test_broken_files_are_named(folder: Path, file: str, wrong: str) -> None:
    (folder / file).write_text("{}")
    with pytest.raises(ModelError, match=f"{file}: {wrong} .*--sentence-model none"):
        engine_of(folder).embed(TEXTS)


def test_a_network_that_gives_no_embeddings_of_tokens_is_refused(folder: Path) -> None:
    from onnx import TensorProto, helper, load, save

    path = folder / "onnx" / "model.onnx"
    network = load(str(path))
    mean = helper.make_node("ReduceMean", ["last_hidden_state"], ["short"], axes=[1, 2], keepdims=0)
    network.graph.node.append(mean)
    del network.graph.output[:]
    network.graph.output.append(helper.make_tensor_value_info("short", TensorProto.FLOAT, ["batch"]))
    save(network, str(path))
    with pytest.raises(ModelError, match="it gives no finite numbers for a token"):
        engine_of(folder).embed(TEXTS)
    network.graph.input.append(helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1]))
    save(network, str(path))
    with pytest.raises(ModelError, match=r"it wants an input 'pixels'; .*--sentence-model none"):
        engine_of(folder).embed(TEXTS)


def test_a_transformer_gives_what_torch_gives(tmp_path: Path) -> None:
    """A BERT with random weights, written by torch's own exporter, against transformers with pooling written out."""
    torch = pytest.importorskip("torch", reason="torch is not installed; make test-models")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed; make test-models")
    folder = sentence_checkpoint.write(tmp_path / "model", TEXTS, first=True)
    vocabulary, _ = known(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, attn_implementation="eager",
    )  # fmt: skip
    bert = transformers.BertModel(config).eval()
    _export(torch, bert, folder / "onnx" / "model.onnx")
    rows = engine_of(folder).embed(TEXTS)
    for row, text in zip(rows, TEXTS, strict=True):
        ids = torch.tensor([[vocabulary[FIRST], *(vocabulary[word] for word in words_of(text))]])
        with torch.no_grad():
            mean = bert(input_ids=ids).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(row, (mean / mean.norm()).numpy(), atol=1e-5)


def _export(torch: Any, bert: Any, path: Path) -> None:
    class States(torch.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.ones(2, 8, dtype=torch.long)
    padded = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])  # a mask of ones would be left out of the network
    axes = {name: {0: "batch", 1: "tokens"} for name in (*names, "states")}
    torch.onnx.export(
        States().eval(), (ids, padded, ids * 0), str(path), input_names=names, output_names=["states"],
        dynamic_axes=axes, dynamo=False,
    )  # fmt: skip
