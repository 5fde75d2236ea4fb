"""Speech to an x-vector by a network of speechbrain's: what SpeechT5 wants to know of a voice.

The network is the one of speechbrain's VoxCeleb recipe: log mel energies, five convolutions over time, the mean and
the standard deviation over all of the recording, and a linear layer. Its weights are read from speechbrain's own file;
speechbrain itself is not needed.

Sources: Snyder, Garcia-Romero, Sell, Povey and Khudanpur, "X-vectors: robust DNN embeddings for speaker recognition",
ICASSP 2018; https://github.com/speechbrain/speechbrain, recipes/VoxCeleb/SpeakerRec.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.engines.repositories import Repository, is_hub_id, whole_part
from earwitness.errors import ModelError, reason
from earwitness.options import PretrainedOptions
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MODEL = "speechbrain/spkrec-xvect-voxceleb"
WEIGHTS = "embedding_model.ckpt"
SIZE = 512
BANDS = 24
LAYERS = ((512, 5, 1), (512, 3, 2), (512, 3, 3), (512, 1, 1), (1500, 1, 1))
"""Of each convolution: channels, kernel size, dilation."""
FFT_SAMPLES, HOP_SAMPLES = 400, 160
"""25 and 10 ms."""
FLOOR, RANGE_DB = 1e-10, 80.0
"""Energies below either are taken as that: absolute, and against the loudest."""
_NORM = ("weight", "bias", "running_mean", "running_var")
_NORM_EPSILON = _STD_EPSILON = 1e-5


class XVector:
    """The `TimbreEncoder` "xvector"."""

    name = "xvector"

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """Finds the model, downloading it where it must; it is loaded when it is first used.

        Args:
            model: a folder with `embedding_model.ckpt`, or a hub id; empty for speechbrain's.
            options: `cache`, `offline` and `threads` are heeded; the network runs on the CPU, in float32.

        Raises:
            ModelError: the model is not here and cannot be had.
            ExtraError: torch is not installed.
        """
        on_torch.installed("--voice with a recording", "--voice FILE.npy")
        self._path = _find(model or MODEL, replace(options, revision=None))

    def embed(self, samples: FloatArray) -> FloatArray:
        """Float32 (512,), of length 1; `samples` are one speaker's, float32 (n,) at 16 kHz, n at least a second.

        Raises:
            ModelError: the weights cannot be read, or are others.
        """
        import torch

        with torch.inference_mode():
            vector = _pooled(log_mels(torch.from_numpy(np.array(samples, np.float32))), self._weights)
            vector = torch.nn.functional.normalize(vector, dim=0).numpy()
        if not np.isfinite(vector).all():
            raise ModelError(f"{self._path}: the network gives no finite numbers; download it again")
        return np.asarray(vector, np.float32)

    @cached_property
    def _weights(self) -> dict[str, Any]:
        import torch

        try:
            weights = dict(torch.load(self._path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch, pickle and zipfile share no kind of error
            raise ModelError(
                f"{self._path}: cannot be read ({reason(error)}); download {MODEL} again, or give its folder"
            ) from error
        wrong = [name for name, shape in _shapes().items() if name not in weights or weights[name].shape != shape]
        if wrong:
            raise ModelError(
                f"{self._path}: {len(wrong)} tensors, such as {wrong[0]}, are not those of {MODEL}; give its folder"
            )
        return weights


def log_mels(samples: Any) -> Any:
    """Log energies, in dB, of 24 triangular bands from 0 to 8 kHz, their means over time taken off: (frames, 24)."""
    import torch

    window = torch.hamming_window(FFT_SAMPLES)
    spectrum = torch.stft(
        samples, FFT_SAMPLES, HOP_SAMPLES, window=window, center=True, pad_mode="constant", return_complex=True
    )
    edges = 700 * (10 ** (torch.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE_HZ / 1400), BANDS + 2) / 2595) - 1)
    widths, centres = (edges[1:] - edges[:-1])[:-1], edges[1:-1]
    frequencies = torch.linspace(0, SAMPLE_RATE_HZ // 2, FFT_SAMPLES // 2 + 1)
    # Both sides of a triangle are as wide as its lower one, as that network was trained.
    filters = (1 - ((frequencies[:, None] - centres) / widths).abs()).clamp(min=0)
    bands = 10 * torch.log10((spectrum.abs().square().T @ filters).clamp(min=FLOOR))
    bands = bands.clamp(min=float(bands.max()) - RANGE_DB)
    return bands - bands.mean(0)


def _pooled(bands: Any, weights: dict[str, Any]) -> Any:
    import torch
    from torch.nn import functional

    hidden = bands.T[None]
    for index, (_, kernel, dilation) in enumerate(LAYERS):
        side = dilation * (kernel - 1) // 2
        hidden = functional.pad(hidden, (side, side), mode="reflect")
        conv = f"blocks.{3 * index}.conv"
        hidden = functional.conv1d(hidden, weights[f"{conv}.weight"], weights[f"{conv}.bias"], dilation=dilation)
        norm = {name: weights[f"blocks.{3 * index + 2}.norm.{name}"] for name in _NORM}
        hidden = functional.batch_norm(functional.leaky_relu(hidden), **norm, eps=_NORM_EPSILON)
    deviation, mean = torch.std_mean(hidden[0], dim=1)
    pooled = torch.cat((mean, deviation + _STD_EPSILON))
    last = f"blocks.{3 * len(LAYERS) + 1}.w"
    return functional.linear(pooled, weights[f"{last}.weight"], weights[f"{last}.bias"])


def _shapes() -> dict[str, tuple[int, ...]]:
    """The tensors that the file must hold."""
    shapes: dict[str, tuple[int, ...]] = {}
    before = BANDS
    for index, (channels, kernel, _) in enumerate(LAYERS):
        shapes[f"blocks.{3 * index}.conv.weight"] = (channels, before, kernel)
        shapes[f"blocks.{3 * index}.conv.bias"] = (channels,)
        shapes |= {f"blocks.{3 * index + 2}.norm.{name}": (channels,) for name in _NORM}
        before = channels
    last = f"blocks.{3 * len(LAYERS) + 1}.w"
    return shapes | {f"{last}.weight": (SIZE, 2 * before), f"{last}.bias": (SIZE,)}


def _find(model: str, options: PretrainedOptions) -> Path:
    path = Path(os.path.expanduser(model))  # noqa: PTH111  (pathlib raises where there is no such user)
    if path.is_dir() and (path / WEIGHTS).is_file():
        return path / WEIGHTS
    if path.exists() or not is_hub_id(model):
        raise ModelError(f"{model}: neither a folder with {WEIGHTS} nor a hub id; check the path")
    folder = whole_part(
        model, [Repository(model, (WEIGHTS,))], pretrained.REMEDY, "--voice FILE.npy",
        offline=options.offline, cache=options.cache,
    )  # fmt: skip
    return folder / WEIGHTS
