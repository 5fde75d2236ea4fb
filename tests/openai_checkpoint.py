"""A checkpoint as openai-whisper saves it, made of a transformers folder by a table of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

LAYER = {
    "self_attn": "attn", "self_attn_layer_norm": "attn_ln", "encoder_attn": "cross_attn",
    "encoder_attn_layer_norm": "cross_attn_ln", "final_layer_norm": "mlp_ln", "fc1": "mlp.0", "fc2": "mlp.2",
}  # fmt: skip
PROJECTION = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "out"}
SIDE = {
    "embed_positions.weight": "positional_embedding", "embed_tokens.weight": "token_embedding.weight",
    "layer_norm.weight": "{norm}.weight", "layer_norm.bias": "{norm}.bias",
}  # fmt: skip


def write(source: Path, file: Path) -> Path:
    """Writes the checkpoint, and the tokenizer beside it."""
    import torch
    from safetensors.torch import load_file

    config = json.loads((source / "config.json").read_bytes())
    dims = {
        "n_mels": config["num_mel_bins"], "n_vocab": config["vocab_size"],
        "n_audio_ctx": config["max_source_positions"], "n_audio_state": config["d_model"],
        "n_audio_head": config["encoder_attention_heads"], "n_audio_layer": config["encoder_layers"],
        "n_text_ctx": config["max_target_positions"], "n_text_state": config["d_model"],
        "n_text_head": config["decoder_attention_heads"], "n_text_layer": config["decoder_layers"],
    }  # fmt: skip
    weights: dict[str, Any] = {}
    for name, tensor in load_file(source / "model.safetensors").items():
        weights[theirs(name)] = tensor
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": dims, "model_state_dict": weights}, file)
    shutil.copyfile(source / "tokenizer.json", file.with_name("tokenizer.json"))
    return file


def theirs(name: str) -> str:
    _, side, rest = name.split(".", 2)
    if not rest.startswith("layers."):
        return f"{side}.{SIDE.get(rest, rest).format(norm='ln_post' if side == 'encoder' else 'ln')}"
    _, layer, part, *last = rest.split(".")
    return ".".join([side, "blocks", layer, LAYER[part], *(PROJECTION.get(word, word) for word in last)])
