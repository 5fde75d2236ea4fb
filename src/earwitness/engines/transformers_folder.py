"""A folder in transformers' format, written from a checkpoint of OpenAI's or of CTranslate2's.

The numbers are the same in all three; only their names, and where queries, keys and values are cut, differ.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.ct2_weights import Weights
from earwitness.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from earwitness.types import FloatArray

FIRST_MULTILINGUAL = 51865
TIMES = 1501
"""Tokens for times, which some tokenizers leave out."""

_OPENAI = (
    (r"^(encoder|decoder)\.", r"model.\1."),
    (r"\.blocks\.", ".layers."),
    (r"\.cross_attn_ln\.", ".encoder_attn_layer_norm."),
    (r"\.cross_attn\.", ".encoder_attn."),
    (r"\.attn_ln\.", ".self_attn_layer_norm."),
    (r"\.attn\.", ".self_attn."),
    (r"\.query\.", ".q_proj."),
    (r"\.key\.", ".k_proj."),
    (r"\.value\.", ".v_proj."),
    (r"\.out\.", ".out_proj."),
    (r"\.mlp_ln\.", ".final_layer_norm."),
    (r"\.mlp\.0\.", ".fc1."),
    (r"\.mlp\.2\.", ".fc2."),
    (r"\.(ln_post|ln)\.", ".layer_norm."),
    (r"\.token_embedding\.", ".embed_tokens."),
    (r"\.positional_embedding$", ".embed_positions.weight"),
)
"""OpenAI's names of weights to those of transformers, one part after the other."""
_CTRANSLATE2 = (
    (r"^", "model."),
    (r"/layer_(\d+)/", r"/layers/\1/"),
    (r"/self_attention/layer_norm/", "/self_attn_layer_norm/"),
    (r"/attention/layer_norm/", "/encoder_attn_layer_norm/"),
    (r"/ffn/layer_norm/", "/final_layer_norm/"),
    (r"/self_attention/", "/self_attn/"),
    (r"/attention/", "/encoder_attn/"),
    (r"/ffn/linear_0/", "/fc1/"),
    (r"/ffn/linear_1/", "/fc2/"),
    (r"/embeddings/", "/embed_tokens/"),
    (r"/position_encodings/encodings$", "/embed_positions/weight"),
    (r"/gamma$", "/weight"),
    (r"/beta$", "/bias"),
    (r"/", "."),
)
"""The same for CTranslate2's, whose projections of attention are further cut by `_projections`."""
_PROJECTIONS = {
    "self_attn.linear_0": ("q_proj", "k_proj", "v_proj"),
    "self_attn.linear_1": ("out_proj",),
    "encoder_attn.linear_0": ("q_proj",),
    "encoder_attn.linear_1": ("k_proj", "v_proj"),
    "encoder_attn.linear_2": ("out_proj",),
}


def from_openai(file: Path, tokenizer: Callable[[int], Path], folder: Path) -> None:
    """Writes a transformers folder.

    Args:
        file: with `dims` and `model_state_dict`, as openai-whisper saves them.
        tokenizer: gives the tokenizer.json for a vocabulary of so many tokens; OpenAI's files have none.
        folder: is made.

    Raises:
        ModelError: the checkpoint is not one of OpenAI's, or its tokenizer is not to be had.
    """
    import torch
    from safetensors.torch import save_file

    content = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(content, dict) or not {"dims", "model_state_dict"} <= content.keys():
        raise ModelError(f"{file}: not one of OpenAI's Whisper checkpoints; give another --model")
    dims = content["dims"]
    texts = tokenizer(dims["n_vocab"])
    sizes = {
        "num_mel_bins": dims["n_mels"],
        "max_source_positions": dims["n_audio_ctx"],
        "encoder_attention_heads": dims["n_audio_head"],
        "encoder_layers": dims["n_audio_layer"],
        "encoder_ffn_dim": 4 * dims["n_audio_state"],
        "vocab_size": dims["n_vocab"],
        "max_target_positions": dims["n_text_ctx"],
        "d_model": dims["n_text_state"],
        "decoder_attention_heads": dims["n_text_head"],
        "decoder_layers": dims["n_text_layer"],
        "decoder_ffn_dim": 4 * dims["n_text_state"],
    }
    folder.mkdir()
    tensors = {_renamed(name, _OPENAI): tensor.contiguous() for name, tensor in content["model_state_dict"].items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write_texts(folder, texts, sizes, _openai_habits(file))


def from_ctranslate2(source: Path, folder: Path) -> None:
    """Writes a transformers folder in float32, whatever the source's weights are rounded to.

    Raises:
        ModelError: the source is not a CTranslate2 Whisper.
    """
    from safetensors.numpy import save_file

    weights = Weights(source / "model.bin")
    known = json.loads((source / "config.json").read_bytes())
    try:
        sizes = _ctranslate2_sizes(weights)
        tensors = {
            part: values
            for name in weights
            if weights[name].ndim and name != "decoder/projection/weight"
            for part, values in _projections(_renamed(name, _CTRANSLATE2), weights[name])
        }
    except KeyError as error:
        raise ModelError(f"{source}: not a Whisper, it has no {error}; give another --model") from error
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    names = {
        "alignment_heads": "alignment_heads",
        "suppress_ids": "suppress_tokens",
        "suppress_ids_begin": "begin_suppress_tokens",
    }
    habits = {name: known[theirs] for theirs, name in names.items() if known.get(theirs) is not None}
    _write_texts(folder, source / "tokenizer.json", sizes, habits)


def _renamed(name: str, rules: Sequence[tuple[str, str]]) -> str:
    """A weight's name as transformers has it.

    >>> _renamed("decoder.blocks.2.cross_attn.query.weight", _OPENAI)
    'model.decoder.layers.2.encoder_attn.q_proj.weight'
    >>> _renamed("encoder/layer_0/ffn/layer_norm/gamma", _CTRANSLATE2)
    'model.encoder.layers.0.final_layer_norm.weight'
    """
    for before, after in rules:
        name = re.sub(before, after, name)
    return name


def _projections(name: str, values: FloatArray) -> list[tuple[str, FloatArray]]:
    """CTranslate2's joined queries, keys and values, each by itself; anything else as it is."""
    for joined, parts in _PROJECTIONS.items():
        if joined in name:
            attention, names = joined.partition(".")[0], (name.replace(joined, f"{{}}.{part}") for part in parts)
            cut = zip(names, np.split(values, len(parts)), strict=True)
            # Whisper's keys have no bias; CTranslate2 keeps zeros for it.
            return [
                (part.format(attention), np.ascontiguousarray(rows))
                for part, rows in cut
                if not part.endswith("k_proj.bias")
            ]
    return [(name, values)]


def _ctranslate2_sizes(weights: Weights) -> dict[str, int]:
    def layers(side: str) -> int:
        return next(index for index in count() if f"{side}/layer_{index}/ffn/linear_0/weight" not in weights)

    return {
        "num_mel_bins": weights["encoder/conv1/weight"].shape[1],
        "max_source_positions": len(weights["encoder/position_encodings/encodings"]),
        "encoder_attention_heads": int(weights["encoder/num_heads"]),
        "encoder_layers": layers("encoder"),
        "encoder_ffn_dim": len(weights["encoder/layer_0/ffn/linear_0/weight"]),
        "vocab_size": len(weights["decoder/embeddings/weight"]),
        "max_target_positions": len(weights["decoder/position_encodings/encodings"]),
        "d_model": weights["decoder/embeddings/weight"].shape[1],
        "decoder_attention_heads": int(weights["decoder/num_heads"]),
        "decoder_layers": layers("decoder"),
        "decoder_ffn_dim": len(weights["decoder/layer_0/ffn/linear_0/weight"]),
    }


def _openai_habits(file: Path) -> Mapping[str, Any]:
    """The heads that follow the sound, where the file has the name of one of OpenAI's models; it does not say them."""
    from ctranslate2.converters import transformers

    heads = getattr(transformers, "_WHISPER_ALIGNMENT_HEADS", {}).get(f"openai/whisper-{file.stem}")
    return {"alignment_heads": heads} if heads else {}


def _write_texts(folder: Path, tokenizer: Path, sizes: Mapping[str, int], habits: Mapping[str, Any]) -> None:
    """tokenizer.json, config.json and generation_config.json; `habits` are what the source says for the last."""
    from faster_whisper.tokenizer import Tokenizer as Reader
    from tokenizers import Tokenizer

    pieces, size = Tokenizer.from_file(str(tokenizer)), sizes["vocab_size"]
    if pieces.get_vocab_size() not in (size, size - TIMES):
        raise ModelError(
            f"{tokenizer}: this tokenizer has {pieces.get_vocab_size()} tokens and the checkpoint {size}; "
            "put the right tokenizer.json beside it"
        )
    reader = Reader(pieces, False)
    special = {
        "bos_token_id": reader.eot,
        "eos_token_id": reader.eot,
        "pad_token_id": reader.eot,
        "decoder_start_token_id": reader.sot,
    }
    never = {reader.transcribe, reader.translate, reader.sot, reader.sot_prev, reader.sot_lm, reader.no_speech}
    generation: dict[str, Any] = {
        **special,
        "prev_sot_token_id": reader.sot_prev,
        "no_timestamps_token_id": reader.no_timestamps,
        "max_length": sizes["max_target_positions"],
        "is_multilingual": size >= FIRST_MULTILINGUAL,
        "suppress_tokens": sorted({*reader.non_speech_tokens, *never}),
        "begin_suppress_tokens": [*reader.encode(" "), reader.eot],
        **habits,
    }
    if generation["is_multilingual"]:
        languages = range(reader.sot + 1, reader.translate)
        generation["lang_to_id"] = {pieces.id_to_token(number): number for number in languages}
        generation["task_to_id"] = {"transcribe": reader.transcribe, "translate": reader.translate}
    kind = {"model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "tie_word_embeddings": True}
    texts = {
        "config.json": {**kind, **sizes, **special},
        "generation_config.json": generation,
        "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer"},
    }
    for name, text in texts.items():
        (folder / name).write_text(json.dumps(text), encoding="utf-8")
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
