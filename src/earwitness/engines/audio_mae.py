"""AudioMAE: a masked autoencoder that listens. It was trained to rebuild four fifths of a spectrogram from the rest.

As an embedder it hears the whole spectrogram: 10 s of sound at 16 kHz as 1024 frames of 128 mel bands, in patches of
16 by 16. A point is the mean over the eight patches, low to high, of 0.16 s.

Source: Huang et al., "Masked Autoencoders that Listen", 2022; the front end (Kaldi's log mel bands, 25 ms every 10 ms
under a Hann window, normalised by AudioSet's mean and twice its deviation, zeros after the sound) is that of
github.com/facebookresearch/AudioMAE, dataset.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from earwitness.cores import cores
from earwitness.engines import audio_mae_layout as layout
from earwitness.engines import on_torch, pretrained
from earwitness.engines.base import SoundEmbedding
from earwitness.engines.conversion import silent
from earwitness.engines.repositories import WEIGHTS as OF_TRANSFORMERS
from earwitness.engines.sound_encoders import BATCH_WINDOWS, OTHERWISE, at_least, clean, failed_to_run, finite
from earwitness.errors import ModelError, OptionError, reason
from earwitness.files import fingerprint
from earwitness.options import PretrainedOptions
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    BoolArray: TypeAlias = npt.NDArray[np.bool_]

NAME = "audiomae"
DEFAULT_MODEL = "gaunernst/vit_base_patch16_1024_128.audiomae_as2m"
"""The authors' encoder as timm has it."""
WEIGHTS = (*OF_TRANSFORMERS, ("*.pth",))

FRAME_SAMPLES, HOP_SAMPLES = 400, 160
HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
MEAN, DEVIATION = -4.2677393, 4.5689974
"""Of AudioSet's log mel energies (nepers)."""
SOUND_SHARE = 1000 / 1024
"""How much of the frames is sound: AudioSet's clips are 10 s long, and the positions beyond have only met zeros."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A spectrogram, how it was masked, and what was made of the rest; all of shape (frames, bands).

    `original` and `rebuilt` are natural logarithms of mel energies, float32; `masked` is true where the network saw
    nothing. `rebuilt` equals the original elsewhere. `loss` is what the network is trained to make small: the mean
    squared error over what was masked, of values normalised as it was trained. Frames are `hop_s` seconds apart.
    """

    original: FloatArray
    masked: BoolArray
    rebuilt: FloatArray
    loss: float
    hop_s: float = HOP_S


class AudioMae:
    """The `SoundEmbedder` "audiomae", which also rebuilds what it has not seen."""

    name = NAME
    sample_rate = SAMPLE_RATE_HZ

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """Finds the model, downloading it where it must; it is loaded when it first hears something.

        Args:
            model: a folder, a hub id or a .pth file; empty for the published encoder. A folder is one that
                `save_pretrained` of a network of `earwitness.engines.audio_mae_network` wrote, or has a published file.
            options: all are heeded.

        Raises:
            ExtraError: torch or transformers are not installed.
            ModelError: the model is not here and cannot be had.
        """
        self.versions: Mapping[str, str] = on_torch.installed(f"--model {NAME}", OTHERWISE)
        self.model = model or DEFAULT_MODEL
        self._options = options
        self._path = find(self.model, options)
        self._picture, self._patch = _shape(self._path)
        self.window_s = self._picture[0] * HOP_S * SOUND_SHARE
        self._loaded: Any = None
        self._pooled_norm: Any = None
        self._has_decoder = True
        self._alone = RLock()  # threads share it, and its share of masked patches is changed

    def identity(self) -> str:
        """The weights, the packages and the arithmetic."""
        packages = " ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{NAME}:{packages}:{fingerprint(self._path)}:{pretrained.compute_type(self._options)}"

    def embed(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        """One result a window, of the encoder with nothing masked. Each window is float32 (n,) at 16 kHz, at most
        `window_s` long; patches wholly after its end are left out of what is given.

        Raises:
            ModelError: the model cannot be loaded or run.
        """
        found: list[SoundEmbedding] = []
        for first in range(0, len(windows), BATCH_WINDOWS):
            batch = windows[first : first + BATCH_WINDOWS]
            with self._alone:
                states = self._run(self._encoded, batch)
            found += [self._embedding(rows, self._frames(window)) for rows, window in zip(states, batch, strict=True)]
        return found

    def reconstruct(self, window: FloatArray, mask_ratio: float | None = None, seed: int = 0) -> Reconstruction:
        """Masks a spectrogram at random and rebuilds it.

        Args:
            window: float32 (n,) at 16 kHz, at most `window_s` long; the zeros after a shorter one are masked and
                rebuilt like all else, and left out of what is given.
            mask_ratio: how much is masked, between 0 and 1; none is what the model was trained with.
            seed: the same one masks the same patches.

        Raises:
            OptionError: a share that leaves nothing to hide or nothing to see.
            ModelError: the model has no decoder, or cannot be loaded or run.
        """
        patches = self._picture[0] * self._picture[1] // self._patch**2
        if mask_ratio is not None and not 1 <= patches * mask_ratio <= patches - 1:
            raise OptionError(f"mask ratio {mask_ratio:g}: give a share between 0 and 1, such as 0.8")
        with self._alone:
            rebuilt: Reconstruction = self._run(self._rebuilt, window, mask_ratio, seed)
            return rebuilt

    def _run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        import torch

        network = self._network
        try:
            with torch.inference_mode(), silent():
                return work(network, *arguments)
        except ModelError:
            raise
        except Exception as error:  # torch and transformers share no kind of error
            raise failed_to_run(self.model, self._options, error) from error

    def _frames(self, window: FloatArray) -> int:
        """How many of the frames are of the window, not of the zeros after it; every window has one."""
        return min(1 + max(0, len(window) - FRAME_SAMPLES) // HOP_SAMPLES, self._picture[0])

    def _input(self, network: Any, windows: Sequence[FloatArray]) -> Any:
        """Normalised log mel energies, a tensor (batch, 1, frames, bands)."""
        heard = [at_least(clean(window), FRAME_SAMPLES) for window in windows]
        features = self._front_end(heard, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        return features["input_values"][:, None].to(network.device, network.dtype)

    @cached_property
    def _front_end(self) -> Any:
        """That of the Audio Spectrogram Transformer, which AudioMAE has taken over with its constants."""
        from transformers import ASTFeatureExtractor

        frames, bands = self._picture
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some of the lowest bands lie between two frequencies, and are empty
            return ASTFeatureExtractor(num_mel_bins=bands, max_length=frames, mean=MEAN, std=DEVIATION)

    def _encoded(self, network: Any, windows: Sequence[FloatArray]) -> FloatArray:
        """Float32 (batch, patches in time, patches in frequency, d)."""
        import torch

        values = self._input(network, windows)
        network.config.mask_ratio = 0.0
        patches = network.vit.embeddings.patch_embeddings.num_patches
        in_order = torch.arange(patches, device=values.device).expand(len(values), -1)
        states = network.vit(values, noise=in_order).last_hidden_state[:, 1:]
        return finite(states, self.model).reshape(len(values), -1, self._picture[1] // self._patch, states.shape[-1])

    def _embedding(self, rows: FloatArray, frames: int) -> SoundEmbedding:
        points = rows[: -(-frames // self._patch)].mean(axis=1)
        clip = points.mean(axis=0)
        if self._pooled_norm is not None:
            import torch

            with torch.inference_mode():
                clip = self._pooled_norm(torch.from_numpy(clip)).numpy()
        return SoundEmbedding(clip, points, self._patch * HOP_S)

    def _rebuilt(self, network: Any, window: FloatArray, mask_ratio: float | None, seed: int) -> Reconstruction:
        import torch

        if not self._has_decoder:
            raise ModelError(
                f"{self.model}: it holds the encoder only, which cannot rebuild a spectrogram; give a checkpoint with "
                "a decoder, such as the pretrained.pth of AudioMAE's authors"
            )
        values = self._input(network, [window])
        network.config.mask_ratio = self._mask_ratio if mask_ratio is None else mask_ratio
        generator = torch.Generator().manual_seed(seed)
        patches = network.vit.embeddings.patch_embeddings.num_patches
        output = network(values, noise=torch.rand(1, patches, generator=generator).to(values.device))
        wanted, made = network.patchify(values), output.logits
        if network.config.norm_pix_loss:  # it was trained on patches of mean 0 and variance 1: as loud as the original
            made = made * (wanted.var(-1, keepdim=True) + 1e-6) ** 0.5 + wanted.mean(-1, keepdim=True)
        masked = output.mask[..., None].bool().expand_as(wanted)

        def unfolded(patches: Any) -> FloatArray:
            return finite(network.unpatchify(patches, self._picture)[0, 0, : self._frames(window)], self.model)

        original, rebuilt = (unfolded(patches) * 2 * DEVIATION + MEAN for patches in (wanted, made))
        hidden = unfolded(masked) > 0
        return Reconstruction(original, hidden, np.where(hidden, rebuilt, original), float(output.loss))

    @property
    def _network(self) -> Any:
        if self._loaded is None:
            if is_published(self._path):
                self._loaded, self._pooled_norm, self._has_decoder = _from_published(self._path, self._options)
            else:
                from earwitness.engines.audio_mae_network import network_class

                self._loaded = pretrained.load(network_class(), self._path, self._options)
            self._mask_ratio = self._loaded.config.mask_ratio
        return self._loaded


def find(model: str, options: PretrainedOptions) -> Path:
    """The folder of a checkpoint, or the .pth file that the user named.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    path = Path(model)
    return path if path.suffix == ".pth" and path.is_file() else pretrained.find(model, options, WEIGHTS)


def is_published(path: Path) -> bool:
    """Whether a checkpoint is laid out as AudioMAE's authors or timm publish it, not as transformers saves it."""
    if path.is_file() or not (path / "config.json").is_file():
        return path.is_file() or bool([*path.glob("*.pth")])
    config = pretrained.config(path)
    return "model_type" not in config and "architecture" in config


def _shape(path: Path) -> tuple[tuple[int, int], int]:
    """The frames and bands of the picture, and the edge of its patches."""
    if is_published(path):
        return layout.PICTURE, layout.PATCH
    config = pretrained.config(path)
    picture, patch = config.get("image_size"), config.get("patch_size")
    if config.get("model_type") != "vit_mae" or config.get("num_channels") != 1 or not isinstance(patch, int):
        raise ModelError(f"{path}: no AudioMAE, which is a vit_mae of one channel; give another model")
    if not (isinstance(picture, list) and len(picture) == 2 and all(edge % patch == 0 < edge for edge in picture)):
        raise ModelError(f"{path}: no AudioMAE, whose picture is [frames, bands] in whole patches; give another model")
    return (int(picture[0]), int(picture[1])), patch


def _file(path: Path) -> Path:
    """The one file of weights in a published folder, the safest first."""
    for pattern in ("model.safetensors", "pytorch_model.bin", "*.pth"):
        found = [path] if path.is_file() else sorted(path.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelError(f"{path}: {len(found)} files of weights, say which: give the .pth file itself")
    raise ModelError(f"{path}: no file of weights; download the model again")


def _from_published(path: Path, options: PretrainedOptions) -> tuple[Any, Any, bool]:
    """The network, the norm that it has after pooling (or none), and whether it has a decoder."""
    import torch
    from transformers import ViTMAEConfig

    from earwitness.engines.audio_mae_network import network_class

    file = _file(path)
    torch.set_num_threads(options.threads or cores())
    try:
        weights = layout.from_published(layout.read(file))
        pooled = {name.rpartition(".")[2]: weights.pop(name) for name in [*weights] if "pooled_norm" in name}
        network = network_class()(ViTMAEConfig(**layout.settings(weights)))
        norm = torch.nn.LayerNorm(network.config.hidden_size, eps=network.config.layer_norm_eps) if pooled else None
        if norm is not None:
            norm.load_state_dict(pooled)
            network.vit.layernorm = torch.nn.Identity()
        whole = layout.has_decoder(weights)
        part = network if whole else network.vit
        own = {name if whole else name.removeprefix("vit."): weights[name] for name in weights}
        if missing := part.state_dict().keys() - own.keys():
            raise ModelError(f"{len(missing)} tensors are missing, such as {min(missing)}")
        part.load_state_dict(own)
        network.to(pretrained.device(options), getattr(torch, pretrained.compute_type(options)))
        return network.eval(), norm, whole
    except Exception as error:  # torch shares no kind of error with anybody
        raise ModelError(
            f"{file}: cannot be loaded as AudioMAE ({reason(error)}); try --device cpu, download the model again, or "
            "give another one"
        ) from error
