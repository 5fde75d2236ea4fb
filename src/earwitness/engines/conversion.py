"""Whisper checkpoints in the format that an engine wants, made once from those that the user has.

    OpenAI's FILE.pt  ->  a folder of transformers  ->  a folder of CTranslate2

What is made lies in the user's cache folder under the fingerprint of what it was made from, whole or not at all.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import zipfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from earwitness.checkpoints import FOLDER_VARIABLE, default_folder
from earwitness.errors import ExtraError, ModelError, reason
from earwitness.files import fingerprint

LOG = logging.getLogger("earwitness")

CTRANSLATE2 = "CTranslate2"
TRANSFORMERS = "transformers"
OPENAI = "OpenAI"

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Any of these makes a folder one of transformers."""
FIRST_MULTILINGUAL = 51865
TIMES = 1501
"""Tokens for times, which some tokenizers leave out."""

_PARTS = (
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


def format_of(path: Path) -> str:
    """Whose checkpoint this is: `CTRANSLATE2`, `TRANSFORMERS` or `OPENAI`.

    Raises:
        ModelError: it is no Whisper checkpoint, or not a whole one.
    """
    if path.is_file():
        if zipfile.is_zipfile(path):
            return OPENAI
        raise ModelError(f"{path}: not a checkpoint; give a folder, or one of OpenAI's .pt files")
    if any((path / name).is_file() for name in WEIGHTS) and not (path / "model.bin").is_file():
        _check_transformers(path)
        return TRANSFORMERS
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (path / name).is_file()]
    if missing:
        raise ModelError(
            f"{path}: neither a CTranslate2 Whisper ({' and '.join(missing)} missing) nor one of transformers "
            f"({' and '.join(WEIGHTS[::2])} missing); give another --model"
        )
    return CTRANSLATE2


def _check_transformers(folder: Path) -> None:
    try:
        kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: its config.json cannot be read ({error}); give another --model") from error
    if kind != "whisper":
        raise ModelError(f"{folder}: a checkpoint of type {kind}, not whisper; give another --model")
    if not (folder / "tokenizer.json").is_file() and not (folder / "vocab.json").is_file():
        raise ModelError(f"{folder}: tokenizer.json is missing; copy it from the model that this one was made of")


def to_ctranslate2(folder: Path) -> Path:
    """A transformers folder as one of CTranslate2, in float16.

    Raises:
        ExtraError: torch or transformers are not installed.
        ModelError: the checkpoint cannot be converted.
    """

    def make(target: Path) -> None:
        from ctranslate2.converters import TransformersConverter

        TransformersConverter(str(folder), load_as_float16=True).convert(str(target), quantization="float16")
        # Without these faster-whisper would ask the hub for a tokenizer, and take every model for one of 80 mel bands.
        if (folder / "tokenizer.json").is_file():
            shutil.copyfile(folder / "tokenizer.json", target / "tokenizer.json")
        else:
            fast_tokenizer(folder).save(str(target / "tokenizer.json"))
        bands = json.loads((folder / "config.json").read_bytes())["num_mel_bins"]
        (target / "preprocessor_config.json").write_text(json.dumps({"feature_size": bands}))

    return _kept(folder, CTRANSLATE2, make)


def to_transformers(file: Path, tokenizer: Callable[[int], Path]) -> Path:
    """OpenAI's checkpoint as a folder of transformers.

    Args:
        file: with `dims` and `model_state_dict`, as openai-whisper saves them.
        tokenizer: gives the tokenizer.json for a vocabulary of so many tokens; OpenAI's files have none.

    Raises:
        ExtraError: torch or transformers are not installed.
        ModelError: the checkpoint is not one of OpenAI's, or no tokenizer is to be had.
    """

    def make(target: Path) -> None:
        import torch
        from safetensors.torch import save_file
        from tokenizers import Tokenizer

        content = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or not {"dims", "model_state_dict"} <= content.keys():
            raise ModelError(f"{file}: not one of OpenAI's Whisper checkpoints; give another --model")
        dims: dict[str, int] = content["dims"]
        path = tokenizer(dims["n_vocab"])
        pieces = Tokenizer.from_file(str(path))
        if pieces.get_vocab_size() not in (dims["n_vocab"], dims["n_vocab"] - TIMES):
            raise ModelError(
                f"{path}: this tokenizer has {pieces.get_vocab_size()} tokens and {file.name} {dims['n_vocab']}; "
                "put the right tokenizer.json beside the checkpoint"
            )
        target.mkdir()
        tensors = {renamed(name): tensor.contiguous() for name, tensor in content["model_state_dict"].items()}
        save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
        shutil.copyfile(path, target / "tokenizer.json")
        generation = _generation(pieces, dims["n_vocab"] >= FIRST_MULTILINGUAL, _known_heads(file))
        texts = {
            "config.json": _config(dims, generation["eos_token_id"]),
            "generation_config.json": generation,
            "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer"},
        }
        for name, text in texts.items():
            (target / name).write_text(json.dumps(text), encoding="utf-8")

    return _kept(file, TRANSFORMERS, make)


def renamed(name: str) -> str:
    """A weight's name in OpenAI's checkpoints as it is in those of transformers.

    >>> renamed("decoder.blocks.2.cross_attn.query.weight")
    'model.decoder.layers.2.encoder_attn.q_proj.weight'
    """
    for before, after in _PARTS:
        name = re.sub(before, after, name)
    return name


def fast_tokenizer(folder: Path) -> Any:
    """The `tokenizers.Tokenizer` of a transformers folder that has only vocab.json and merges.txt."""
    from transformers import WhisperTokenizerFast

    return WhisperTokenizerFast.from_pretrained(folder, local_files_only=True).backend_tokenizer


def _config(dims: dict[str, int], end: int) -> dict[str, Any]:
    """config.json for OpenAI's dimensions and the number of the token that ends a text."""
    return {
        "model_type": "whisper",
        "architectures": ["WhisperForConditionalGeneration"],
        "num_mel_bins": dims["n_mels"],
        "max_source_positions": dims["n_audio_ctx"],
        "d_model": dims["n_audio_state"],
        "encoder_attention_heads": dims["n_audio_head"],
        "encoder_layers": dims["n_audio_layer"],
        "encoder_ffn_dim": 4 * dims["n_audio_state"],
        "vocab_size": dims["n_vocab"],
        "max_target_positions": dims["n_text_ctx"],
        "decoder_attention_heads": dims["n_text_head"],
        "decoder_layers": dims["n_text_layer"],
        "decoder_ffn_dim": 4 * dims["n_text_state"],
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": end + 1,
        "tie_word_embeddings": True,
    }


def _generation(pieces: Any, multilingual: bool, heads: Sequence[tuple[int, int]] | None) -> dict[str, Any]:
    """generation_config.json: what OpenAI's decoder knows by itself."""
    from faster_whisper.tokenizer import Tokenizer

    reader = Tokenizer(pieces, False)
    never = {reader.transcribe, reader.translate, reader.sot, reader.sot_prev, reader.sot_lm, reader.no_speech}
    content = {
        "bos_token_id": reader.eot,
        "eos_token_id": reader.eot,
        "pad_token_id": reader.eot,
        "decoder_start_token_id": reader.sot,
        "prev_sot_token_id": reader.sot_prev,
        "no_timestamps_token_id": reader.no_timestamps,
        "max_length": 448,
        "is_multilingual": multilingual,
        "suppress_tokens": sorted({*reader.non_speech_tokens, *never}),
        "begin_suppress_tokens": [*reader.encode(" "), reader.eot],
        **({"alignment_heads": heads} if heads else {}),
    }
    if multilingual:
        languages = range(reader.sot + 1, reader.translate)
        content["lang_to_id"] = {pieces.id_to_token(number): number for number in languages}
        content["task_to_id"] = {"transcribe": reader.transcribe, "translate": reader.translate}
    return content


def _known_heads(file: Path) -> Sequence[tuple[int, int]] | None:
    """The heads that follow the sound, where the file has the name of one of OpenAI's models; it does not say them."""
    from ctranslate2.converters import transformers

    known: dict[str, Sequence[tuple[int, int]]] = getattr(transformers, "_WHISPER_ALIGNMENT_HEADS", {})
    return known.get(f"openai/whisper-{file.stem}")


def _kept(source: Path, kind: str, make: Callable[[Path], None]) -> Path:
    """What `make` makes of a checkpoint, from the cache where it has been made before."""
    if missing := [name for name in ("torch", "transformers", "safetensors") if not find_spec(name)]:
        raise ExtraError(
            f"{source}: to convert this checkpoint for {kind}, {' and '.join(missing)} must be installed; "
            "pip install 'earwitness[models]'"
        )
    folder = default_folder() / "models" / f"{source.stem}-{fingerprint(source)}-{kind.lower()}"
    if folder.is_dir():
        return folder
    LOG.warning("%s: converting for %s, once; kept in %s", source, kind, folder)
    temporary = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(temporary)
        temporary.rename(folder)
    except ModelError:
        raise
    except Exception as error:  # torch, pickle, transformers and CTranslate2 share no kind of error
        if folder.is_dir():  # another process was quicker
            return folder
        raise ModelError(
            f"{source}: cannot be converted for {kind} ({reason(error)}); is it a whole Whisper checkpoint, and is "
            f"there room in {folder.parent} (or in another folder, with {FOLDER_VARIABLE})?"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
