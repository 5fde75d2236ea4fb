"""Models of transformers by folder or hub id: what the engines of the toolkit load.

A checkpoint is a folder as `save_pretrained` writes it: config.json, weights in safetensors or torch's own format, and
the settings of its feature extractor and tokenizer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earwitness.cores import cores
from earwitness.engines import on_torch
from earwitness.engines.conversion import silent
from earwitness.engines.repositories import SETTINGS, WEIGHTS, Repository, local_folder, whole_part
from earwitness.errors import ModelError, reason
from earwitness.options import PretrainedOptions

REMEDY = (
    "run the same command on a connected machine and copy its cache, or give a folder that save_pretrained of "
    "transformers wrote"
)

FOR_TRAINING = "masked_spec_embed"
"""What HuBERT, wav2vec2 and WavLM hear where sound is masked in training; many checkpoints of the hub lack it."""


def find(model: str, options: PretrainedOptions, weights: tuple[tuple[str, ...], ...] = WEIGHTS) -> Path:
    """The folder of a checkpoint, downloaded unless it is there or `options.offline` is set.

    Args:
        model: a folder or a hub id.
        options: `revision`, `cache` and `offline` are heeded; a folder has no revision.
        weights: patterns of the files that hold the weights, in the forms in which they may come, best first.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    if folder := local_folder(model, model, model):
        return folder
    kinds = [Repository(model, (*files, "config.json"), options.revision, SETTINGS) for files in weights]
    return whole_part(model, kinds, REMEDY, "another model", offline=options.offline, cache=options.cache)


def config(folder: Path) -> Mapping[str, Any]:
    """What config.json of a checkpoint says.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    try:
        content = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: it has no config.json that can be read ({reason(error)}); {REMEDY}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{folder}: its config.json is no object; {REMEDY}")
    return content


def load(kind: str | type, folder: Path, options: PretrainedOptions) -> Any:
    """A model in evaluation mode, on the device and in the numbers that the options say.

    Args:
        kind: a class of transformers, such as "ClapModel", or one that is made of such a class.

    Raises:
        ModelError: the checkpoint is not of that kind, lacks weights, or does not fit the device.
    """
    import torch
    import transformers

    place = device(options)
    dtype = compute_type(options)
    network: Any = getattr(transformers, kind) if isinstance(kind, str) else kind
    torch.set_num_threads(options.threads or cores())
    try:
        with silent():
            model, found = network.from_pretrained(
                folder, local_files_only=True, output_loading_info=True, dtype=getattr(torch, dtype)
            )
        # Which would be random numbers.
        if missing := [key for key in found["missing_keys"] if not key.endswith(FOR_TRAINING)]:
            raise ModelError(f"{len(missing)} tensors are missing, such as {min(missing)}")
        return model.to(place).eval()
    except Exception as error:  # torch, safetensors, pickle and transformers share no kind of error
        raise ModelError(
            f"{folder}: cannot be loaded as {network.__name__} on {place} in {dtype} ({reason(error)}); try "
            "--device cpu, download the model again, or give another one"
        ) from error


def companion(kind: str, folder: Path) -> Any:
    """A checkpoint's feature extractor, tokenizer or processor.

    Args:
        kind: the name of a class of transformers, such as "AutoFeatureExtractor".

    Raises:
        ModelError: the checkpoint has none.
    """
    import transformers

    try:
        with silent():
            return getattr(transformers, kind).from_pretrained(folder, local_files_only=True)
    except Exception as error:  # as above
        raise ModelError(
            f"{folder}: its {kind} cannot be loaded ({reason(error)}); download the model again, or give another one"
        ) from error


def device(options: PretrainedOptions) -> str:
    """cpu or cuda; auto is the GPU where there is one."""
    return on_torch.device(options)


def compute_type(options: PretrainedOptions) -> str:
    """float32, float16 or bfloat16; auto is half precision on a GPU."""
    if options.dtype != "auto":
        return options.dtype
    return "float32" if device(options) == "cpu" else "float16"
