"""Sentence embeddings: checkpoints of sentence-transformers in ONNX, run by onnxruntime, without torch.

A checkpoint is a folder as these lie on the hub: `onnx/model.onnx`, `tokenizer.json` and `modules.json`, which says
what follows the network, as a rule `1_Pooling`; and where they are there `sentence_bert_config.json` (the longest
text), `config_sentence_transformers.json` (what to put before each text) and `config.json`.

Reimers and Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", 2019.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import hub
from earwitness.errors import ModelError, reason
from earwitness.files import fingerprint
from earwitness.options import ModelOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

NETWORK = "onnx/model.onnx"
TOKENIZER, MODULES, LENGTHS = "tokenizer.json", "modules.json", "sentence_bert_config.json"
PROMPTS, SETTINGS = "config_sentence_transformers.json", "config.json"
BATCH_TEXTS, BATCH_TOKENS = 32, 4096
"""Texts of about the same length that run through the network together, and their tokens at most."""
MAX_TOKENS = 512
"""Where a checkpoint does not say how long a text may be; the rest of a longer one counts for nothing."""

_MEAN, _FIRST = "mean", "cls"
_POOLINGS = {"pooling_mode_mean_tokens": _MEAN, "pooling_mode_cls_token": _FIRST}
_MODULES = ("Transformer", "Pooling", "Normalize")
_WANTED = "give a checkpoint of sentence-transformers in ONNX with --sentence-model, or use --sentence-model none"


class Sentences:
    """The `SentenceEmbedder` "onnx"; it is loaded when it is first asked."""

    def __init__(self, folder: Path, name: str, options: ModelOptions | None = None) -> None:
        """Checks that the checkpoint is one that can be run here.

        Args:
            folder: the checkpoint.
            name: what to call it in transcripts.
            options: `threads` is heeded; the network runs on the CPU.

        Raises:
            ModelError: a file is missing, or the checkpoint wants what is not known here.
        """
        self.name = name
        self._folder, self._options = folder, options or ModelOptions()
        if missing := [file for file in (NETWORK, TOKENIZER, MODULES) if not (folder / file).is_file()]:
            raise ModelError(f"{folder}: there is no {missing[0]}; {_WANTED}")
        self._network = folder / NETWORK
        self._pooling = self._read_pooling()

    @property
    def versions(self) -> dict[str, str]:
        """onnxruntime and tokenizers."""
        return {package: version(package) for package in ("onnxruntime", "tokenizers")}

    def identity(self) -> str:
        """The network, its tokenizer and their settings, wherever they lie."""
        files = [NETWORK, TOKENIZER, MODULES, LENGTHS, PROMPTS]
        parts = [fingerprint(self._folder / file) for file in files if (self._folder / file).is_file()]
        return f"sentences:{self._pooling}:" + ":".join(parts)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """An embedding a text: shape (len(texts), d), rows of length 1; the same text has the same.

        Raises:
            ModelError: the model cannot be loaded, or gives no embeddings of tokens.
        """
        # Texts of one length together: what is padded is computed for nothing.
        different = sorted(dict.fromkeys(texts), key=len)
        rows: dict[str, FloatArray] = {}
        for begin in range(0, len(different), BATCH_TEXTS):
            batch = different[begin : begin + BATCH_TEXTS]
            tokens = [
                encoding.ids for encoding in self._tokenizer.encode_batch([self._before + text for text in batch])
            ]
            count = max(1, BATCH_TOKENS // max(1, *map(len, tokens)))
            for first in range(0, len(batch), count):
                some = slice(first, first + count)
                rows.update(zip(batch[some], self._run(tokens[some]), strict=True))
        return np.stack([rows[text] for text in texts]) if rows else np.zeros((0, 1), np.float32)

    def _run(self, tokens: Sequence[Sequence[int]]) -> FloatArray:
        longest = max(1, *map(len, tokens))
        ids = np.full((len(tokens), longest), self._padding, np.int64)
        mask = np.zeros((len(tokens), longest), np.int64)
        for row, own in enumerate(tokens):
            ids[row, : len(own)], mask[row, : len(own)] = own, 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            wanted = {item.name: given[item.name] for item in self._session.get_inputs()}
            outputs = self._session.run(None, wanted)
        except KeyError as error:
            raise ModelError(f"{self._network}: it wants an input {error}; {_WANTED}") from error
        except Exception as error:  # onnxruntime has a dozen kinds of its own, which share no base
            raise ModelError(f"{self._network}: the model cannot be run ({reason(error)}); {_WANTED}") from error
        states = next(
            (output for output in outputs if np.shape(output)[:2] == ids.shape and np.ndim(output) == 3), None
        )
        if states is None or not np.isfinite(states[mask > 0]).all():
            raise ModelError(f"{self._network}: it gives no finite numbers for a token; {_WANTED}")
        return _unit(_pooled(np.asarray(states, np.float32), mask, self._pooling))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        except Exception as error:  # tokenizers raises plain Exception
            raise ModelError(f"{self._folder / TOKENIZER}: no tokenizer ({reason(error)}); {_WANTED}") from error
        limit = self._read(LENGTHS, {}).get("max_seq_length") or (tokenizer.truncation or {}).get("max_length")
        tokenizer.enable_truncation(limit or MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._options.threads
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False  # which keeps what the longest batch took
        try:
            return onnxruntime.InferenceSession(str(self._network), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as above
            raise ModelError(f"{self._network}: not a network ({reason(error)}); {_WANTED}") from error

    @cached_property
    def _padding(self) -> int:
        """The token that fills short texts up; some networks count places by it."""
        return int(self._read(SETTINGS, {}).get("pad_token_id") or 0)

    @cached_property
    def _before(self) -> str:
        """What the checkpoint wants before each text."""
        settings = self._read(PROMPTS, {})
        return str((settings.get("prompts") or {}).get(settings.get("default_prompt_name")) or "")

    def _read_pooling(self) -> str:
        """How the embeddings of tokens become that of the text; it must be all that follows the network."""
        pooling = _MEAN
        for module in self._read(MODULES, []):
            kind, path = _kind(module)
            if kind not in _MODULES:
                raise ModelError(f"{self._folder}: what follows the network, {kind}, cannot be run here; {_WANTED}")
            if kind == "Pooling":
                modes = _modes(self._read(f"{path}/{SETTINGS}", {}))
                if modes not in ([_MEAN], [_FIRST]):
                    wanted = " and ".join(modes) or "not said"
                    raise ModelError(f"{self._folder}: its pooling is {wanted}, not mean or cls; {_WANTED}")
                (pooling,) = modes
        return pooling

    def _read(self, name: str, otherwise: Any) -> Any:
        """A JSON file of the checkpoint, or `otherwise` where it has none."""
        path = self._folder / name
        if not path.is_file():
            return otherwise
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ModelError(f"{path}: cannot be read ({reason(error)}); {_WANTED}") from error
        if not isinstance(found, type(otherwise)):
            raise ModelError(f"{path}: not the settings of sentence-transformers; {_WANTED}")
        return found


def _kind(module: Any) -> tuple[str, str]:
    """What a line of `modules.json` names, and the folder of its settings."""
    known = module if isinstance(module, dict) else {}
    return str(known.get("type", "something")).rpartition(".")[2], str(known.get("path", ""))


def _modes(settings: dict[str, Any]) -> list[str]:
    """The poolings that are on; newer checkpoints name one, older ones have a switch for each."""
    if "pooling_mode" in settings:
        return [str(settings["pooling_mode"])]
    return [_POOLINGS.get(key, key) for key, on in settings.items() if key.startswith("pooling_mode_") and on]


def _pooled(states: FloatArray, mask: Any, pooling: str) -> FloatArray:
    """The embeddings of tokens, shape (texts, tokens, d), as one for each text."""
    if pooling == _FIRST:
        first: FloatArray = states[:, 0]
        return first
    counted = mask[:, :, None].astype(np.float32)
    mean: FloatArray = (states * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1.0)
    return mean


def _unit(rows: FloatArray) -> FloatArray:
    unit: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


def find(model: str, options: ModelOptions) -> Sentences | None:
    """The engine for a folder or hub id; for an empty one that of the hub, and none where it is not in the cache.

    Raises:
        ModelError: the named model is not here and cannot be had, or is of another kind.
    """
    if model:
        return Sentences(hub.find_sentences(model, offline=options.offline), model, options)
    folder = hub.cached_sentences()
    return Sentences(folder, hub.SENTENCES.hub_id, options) if folder else None
