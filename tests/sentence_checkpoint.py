"""A checkpoint of sentence-transformers in ONNX, as the hub has them, whose words mean what a test wants them to.

Each word is a direction of its own, and those of a group of synonyms are one: what is true of a text's embedding can be
stated. It goes through the very path that a real checkpoint takes: tokenizer, network, pooling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earwitness import meanings
from earwitness.text import stop_words

WIDTH = 64
UNKNOWN, PADDING, FIRST = "[UNK]", "[PAD]", "[CLS]"


def words_of(text: str) -> list[str]:
    """As its tokenizer has them."""
    return re.findall(r"\w+|[^\w\s]+", text.lower())


def write(
    folder: Path,
    texts: Iterable[str],
    synonyms: Iterable[str] = (),
    *,
    seed: int = 0,
    pooling: str = "mean",
    longest: int | None = None,
    prompt: str = "",
    cone: float = 0.0,
    first: bool = False,
) -> Path:
    """Writes the checkpoint; it knows the words of `texts` and of `synonyms`, groups of words that mean one thing.

    As in a real one, words and marks that say nothing count for little.

    Args:
        longest: tokens of a text at most.
        prompt: what goes before each text.
        cone: how far all words are moved the same way.
        first: whether each text begins with a token of its own.
    """
    groups = [group.split() for group in synonyms]
    texts = [*texts, *meanings._UNRELATED]
    words = sorted({word for text in texts for word in words_of(text)} | {word for group in groups for word in group})
    vocabulary = {word: number for number, word in enumerate([PADDING, UNKNOWN, FIRST, *words])}
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder / "tokenizer.json", vocabulary, first)
    table = vectors(vocabulary, groups, seed) + np.float32(cone) / np.sqrt(np.float32(WIDTH))
    _write_network(folder / "onnx" / "model.onnx", table.astype(np.float32))
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    _write_json(folder / "modules.json", [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(modules)
    ])  # fmt: skip
    switches = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("cls_token", "mean_tokens", "max_tokens")}
    _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": WIDTH, **switches})
    _write_json(folder / "config.json", {"pad_token_id": vocabulary[PADDING]})
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
    prompts = {"prompts": {"query": prompt}, "default_prompt_name": "query"} if prompt else {}
    _write_json(folder / "config_sentence_transformers.json", prompts)
    return folder


def vectors(vocabulary: dict[str, int], groups: Sequence[Sequence[str]], seed: int) -> np.ndarray:
    """A direction for each word, the same for synonyms, and none for what is unknown."""
    table = np.random.default_rng(seed).normal(0, 1, (len(vocabulary), WIDTH))
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    little = [number for word, number in vocabulary.items() if word in stop_words("en") or not word[0].isalnum()]
    table[little] *= 0.1
    for group in groups:
        table[[vocabulary[word] for word in group]] = table[vocabulary[group[0]]]
    table[:2] = 0
    return table


def known(folder: Path) -> tuple[dict[str, int], np.ndarray]:
    """The vocabulary of a checkpoint, and the vectors in its network."""
    from onnx import load, numpy_helper

    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    network = load(str(folder / "onnx" / "model.onnx"))
    return vocabulary, numpy_helper.to_array(network.graph.initializer[0])


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def _write_tokenizer(path: Path, vocabulary: dict[str, int], first: bool) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if first:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{FIRST} $A", special_tokens=[(FIRST, vocabulary[FIRST])]
        )
    tokenizer.enable_padding(length=128)  # as some checkpoints on the hub have it
    tokenizer.save(str(path))


def _write_network(path: Path, table: np.ndarray) -> None:
    """Token embeddings, to which the mask adds nothing, as it does not in a real one."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["found"]),
        helper.make_node("Sub", ["attention_mask", "attention_mask"], ["none"]),
        helper.make_node("Add", ["none", "token_type_ids"], ["types"]),
        helper.make_node("Cast", ["types"], ["shift"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["shift", "last"], ["column"]),
        helper.make_node("Add", ["found", "column"], ["last_hidden_state"]),
    ]
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    graph = helper.make_graph(
        nodes,
        "words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", WIDTH])],
        [numpy_helper.from_array(table, "words"), numpy_helper.from_array(np.array([-1], np.int64), "last")],
    )
    path.parent.mkdir(exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))
