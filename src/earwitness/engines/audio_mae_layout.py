"""AudioMAE's weights as they are published, and under the names of transformers.

    transformers            vit.layers.0.attention.q_proj.weight, ...k_proj..., ...v_proj...
    its authors, and timm   blocks.0.attn.qkv.weight                    (the three, one below the other)

Its authors' `pretrained.pth` is a dictionary of torch whose "model" holds encoder and decoder; timm's checkpoints on
the hub hold the encoder alone. A `finetuned.pth`, and some of timm's, have their last norm after the mean over the
patches (`fc_norm`) and a head of classes, which is of no use here.

Source: github.com/facebookresearch/AudioMAE, models_mae.py and models_vit.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earwitness.errors import ModelError, reason

Weights = Mapping[str, Any]
"""Tensors of torch by name."""

ROOTS = {
    "cls_token": "vit.embeddings.cls_token",
    "pos_embed": "vit.embeddings.position_embeddings",
    "patch_embed.proj": "vit.embeddings.patch_embeddings.projection",
    "blocks": "vit.layers",
    "norm": "vit.layernorm",
    "fc_norm": "vit.pooled_norm",
    "mask_token": "decoder.mask_token",
    "decoder_pos_embed": "decoder.decoder_pos_embed",
    "decoder_embed": "decoder.decoder_embed",
    "decoder_blocks": "decoder.decoder_layers",
    "decoder_norm": "decoder.decoder_norm",
    "decoder_pred": "decoder.decoder_pred",
}
BLOCK = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.qkv": "attention.qkv",
    "attn.proj": "attention.o_proj",
    "attn.tau": "attention.tau",
    "attn.meta_mlp": "attention.meta_mlp",
    "mlp": "mlp",
}
"""Within a block. `tau` and `meta_mlp` are those of a decoder that attends within windows."""
PARTS = ("attention.q_proj", "attention.k_proj", "attention.v_proj")
JOINED = "attention.qkv"
IGNORED = ("head.", "head_drop.")

HEAD_SIZE = 64
DECODER_HEADS = 16
"""In all published sizes; weights do not tell them."""
PICTURE = (1024, 128)
PATCH = 16


def from_published(weights: Weights) -> dict[str, Any]:
    """Under the names of transformers; heads of classes are left out.

    Raises:
        ModelError: a name that AudioMAE does not have.
    """
    found = {}
    for name, tensor in weights.items():
        if name.startswith(IGNORED):
            continue
        own = _renamed(name, ROOTS, BLOCK)
        if JOINED in own:
            found.update({own.replace(JOINED, part): piece for part, piece in zip(PARTS, tensor.chunk(3), strict=True)})
        else:
            found[own] = tensor
    return found


def to_published(weights: Weights) -> dict[str, Any]:
    """Back again: what its authors' code and, of an encoder alone, timm load."""
    import torch

    roots, block = ({own: name for name, own in table.items()} for table in (ROOTS, BLOCK))
    found = {}
    for own, tensor in weights.items():
        if PARTS[0] in own:
            pieces = [weights[own.replace(PARTS[0], part)] for part in PARTS]
            found[_renamed(own.replace(PARTS[0], JOINED), roots, block)] = torch.cat(pieces)
        elif not any(part in own for part in PARTS):
            found[_renamed(own, roots, block)] = tensor
    return found


def _renamed(name: str, roots: Mapping[str, str], block: Mapping[str, str]) -> str:
    root = _root(name, roots)
    number, _, inner = name[len(root or "") + 1 :].partition(".")
    part = _root(inner, block) if number.isdigit() else None
    if root is None or (number.isdigit() and part is None):
        raise ModelError(f"it has a tensor {name}, and AudioMAE has none; give one as its authors or timm publish it")
    if part is None:
        return roots[root] + name[len(root) :]
    return f"{roots[root]}.{number}.{block[part]}{inner[len(part) :]}"


def _root(name: str, table: Mapping[str, str]) -> str | None:
    return next((root for root in table if name == root or name.startswith(f"{root}.")), None)


def settings(weights: Weights) -> dict[str, Any]:
    """What ViTMAEConfig has to say for published weights (under the names of transformers).

    Raises:
        ModelError: they are not of 16 by 16 patches of 1024 frames by 128 bands.
    """
    patches, size = weights["vit.embeddings.position_embeddings"].shape[1] - 1, _size(weights, "vit.layers")
    expected = PICTURE[0] * PICTURE[1] // PATCH**2
    kernel = tuple(weights["vit.embeddings.patch_embeddings.projection.weight"].shape[1:])
    if patches != expected or kernel != (1, PATCH, PATCH):
        raise ModelError(f"it cuts its picture into {patches} patches of {kernel}, not {expected} of (1, 16, 16)")
    decoder: dict[str, Any] = {"decoder_num_hidden_layers": 0}
    if has_decoder(weights):
        width, depth, inner = _size(weights, "decoder.decoder_layers")
        decoder = {
            "decoder_hidden_size": width,
            "decoder_num_hidden_layers": depth,
            "decoder_intermediate_size": inner,
            "decoder_num_attention_heads": DECODER_HEADS,
            "decoder_windows": any(name.endswith("attention.tau") for name in weights),
        }
    return {
        "hidden_size": size[0], "num_hidden_layers": size[1], "intermediate_size": size[2],
        "num_attention_heads": max(1, size[0] // HEAD_SIZE), "layer_norm_eps": 1e-6, "image_size": PICTURE,
        "patch_size": PATCH, "num_channels": 1, "mask_ratio": 0.8, "norm_pix_loss": True, **decoder,
    }  # fmt: skip


def has_decoder(weights: Weights) -> bool:
    """Whether there is what rebuilds a spectrogram (under the names of transformers)."""
    return "decoder.decoder_pred.weight" in weights


def _size(weights: Weights, blocks: str) -> tuple[int, int, int]:
    """Width, number of blocks, and width within them."""
    inner, width = weights[f"{blocks}.0.mlp.fc1.weight"].shape
    return int(width), len({name.split(".")[2] for name in weights if name.startswith(f"{blocks}.")}), int(inner)


def read(path: Path) -> Weights:
    """The tensors of a published file.

    A file of torch is unpickled without running what is in it: only tensors, plain values and the command line that
    its authors' training keeps beside them are let in.

    Raises:
        ModelError: it cannot be read, or wants more than that.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            weights: Weights = load_file(path)
            return weights
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
        weights = content.get("model", content)
        if not (isinstance(weights, dict) and all(torch.is_tensor(tensor) for tensor in weights.values())):
            raise ModelError("it holds no tensors by name")
        return weights
    except Exception as error:  # torch, safetensors and pickle share no kind of error
        raise ModelError(
            f"{path}: no weights of AudioMAE that are safe to load ({reason(error)}); download the file again, or give "
            "the checkpoint as safetensors"
        ) from error
