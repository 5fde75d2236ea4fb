"""Encoders of speech as embedders of sound: HuBERT, wav2vec 2.0, WavLM, and the encoder of Whisper.

Their last layer is what they give: a point every 20 ms, and the mean of those for the whole window.

Sources: Baevski et al., "wav2vec 2.0", 2020; Hsu et al., "HuBERT", 2021; Chen et al., "WavLM", 2022; Radford et al.,
"Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.engines.base import SoundEmbedding
from earwitness.engines.conversion import silent
from earwitness.errors import ModelError, reason
from earwitness.files import fingerprint
from earwitness.options import PretrainedOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BATCH_WINDOWS = 8
"""Windows run through a network together."""
OTHERWISE = "earwitness features, which needs no network"


class TransformersEncoder:
    """What the encoders share: finding, loading, and running windows through the network."""

    name: str
    default_model: str
    kind: str
    """The class of transformers."""
    window_s: float

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """Finds the model, downloading it where it must; the network is loaded when it first hears something.

        Args:
            model: a folder or a hub id; empty for the published model of this kind.
            options: all are heeded.

        Raises:
            ExtraError: torch or transformers are not installed.
            ModelError: the model is not here and cannot be had.
        """
        self.versions: Mapping[str, str] = on_torch.installed(f"--model {self.name}", OTHERWISE)
        self.model = model or self.default_model
        self._options = options
        self._folder = pretrained.find(self.model, options)
        self._extractor = pretrained.companion("AutoFeatureExtractor", self._folder)
        self.sample_rate = int(self._extractor.sampling_rate)
        self._network: Any = None
        self._alone = RLock()  # threads share it

    def identity(self) -> str:
        """The weights, the packages and the arithmetic."""
        packages = " ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.name}:{packages}:{fingerprint(self._folder)}:{pretrained.compute_type(self._options)}"

    def embed(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        """One result a window. Each window is float32 (n,) at `sample_rate`, at most `window_s` long.

        Raises:
            ModelError: the model cannot be loaded or run.
        """
        found: dict[int, SoundEmbedding] = {}
        cleaned = [clean(window) for window in windows]
        with self._alone:
            for batch in self._batches(cleaned):
                results = self._run([cleaned[index] for index in batch])
                found.update(zip(batch, results, strict=True))
        return [found[index] for index in range(len(windows))]

    def _batches(self, windows: Sequence[FloatArray]) -> list[Sequence[int]]:
        """The places of windows that may run together."""
        return _cut(range(len(windows)))

    def _run(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        try:
            with silent():
                return self._embedded(windows)
        except ModelError:
            raise
        except Exception as error:  # torch and transformers share no kind of error
            raise failed_to_run(self.model, self._options, error) from error

    def _embedded(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        raise NotImplementedError

    def _states(self, features: FloatArray) -> FloatArray:
        """The last layer for a batch of inputs, float32 (batch, frames, d)."""
        import torch

        if self._network is None:
            self._network = self._encoder(pretrained.load(self.kind, self._folder, self._options))
        inputs = torch.from_numpy(np.ascontiguousarray(features)).to(self._network.device, self._network.dtype)
        with torch.inference_mode():
            return finite(self._network(inputs).last_hidden_state, self.model)

    def _encoder(self, network: Any) -> Any:
        return network


class WaveformEncoder(TransformersEncoder):
    """A network that hears samples, not spectra: convolutions, then a transformer over all frames of a window."""

    window_s = 15.0
    """About the 250 000 samples on which these models were trained at a time."""

    def _batches(self, windows: Sequence[FloatArray]) -> list[Sequence[int]]:
        """Those of one length: so nothing is padded. The base models normalise over the whole of their input, padding
        and all, and heed no attention mask: in their batches a short window would become another point."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            by_length[len(window)].append(index)
        return [batch for same in by_length.values() for batch in _cut(same)]

    def _embedded(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        padded = [at_least(window, self._receptive_field) for window in windows]
        inputs = self._extractor(padded, sampling_rate=self.sample_rate, return_tensors="np")
        states = self._states(inputs["input_values"])
        return [SoundEmbedding(rows.mean(0), rows, self._hop / self.sample_rate) for rows in states]

    @property
    def _hop(self) -> int:
        """Samples from one frame to the next."""
        return int(np.prod(pretrained.config(self._folder).get("conv_stride", _STRIDES)))

    @property
    def _receptive_field(self) -> int:
        """The fewest samples that give a frame."""
        config = pretrained.config(self._folder)
        kernels, strides = config.get("conv_kernel", _KERNELS), config.get("conv_stride", _STRIDES)
        samples = 1
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            samples = (samples - 1) * stride + kernel
        return int(samples)


_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
"""The convolutions of a model that does not say otherwise."""


class Hubert(WaveformEncoder):
    """The `SoundEmbedder` "hubert"."""

    name = "hubert"
    default_model = "facebook/hubert-base-ls960"
    kind = "HubertModel"


class Wav2Vec2(WaveformEncoder):
    """The `SoundEmbedder` "wav2vec2"."""

    name = "wav2vec2"
    default_model = "facebook/wav2vec2-base"
    kind = "Wav2Vec2Model"


class WavLm(WaveformEncoder):
    """The `SoundEmbedder` "wavlm"."""

    name = "wavlm"
    default_model = "microsoft/wavlm-base-plus"
    kind = "WavLMModel"


class WhisperEncoder(TransformersEncoder):
    """The `SoundEmbedder` "whisper-encoder": Whisper without the half of it that writes.

    It always hears 30 s, silence after a shorter window, as it was trained; the points of that silence are left out.
    """

    name = "whisper-encoder"
    default_model = "openai/whisper-base"
    kind = "WhisperModel"

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        super().__init__(model, options)
        self.window_s = float(self._extractor.chunk_length)

    def _encoder(self, network: Any) -> Any:
        return network.get_encoder()

    def _embedded(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        inputs = self._extractor(windows, sampling_rate=self.sample_rate, return_tensors="np")["input_features"]
        states = self._states(inputs)
        hop = self._extractor.hop_length * inputs.shape[-1] // states.shape[1]
        real = [min(max(1, -(-len(window) // hop)), states.shape[1]) for window in windows]
        return [
            SoundEmbedding(rows[:count].mean(0), rows[:count].copy(), hop / self.sample_rate)
            for rows, count in zip(states, real, strict=True)
        ]


def clean(window: FloatArray) -> FloatArray:
    """A window whose samples are numbers: what is none is silence.

    >>> clean(np.array([0.5, np.nan, np.inf], np.float32))
    array([0.5, 0. , 0. ], dtype=float32)
    """
    return np.nan_to_num(np.asarray(window, np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def at_least(window: FloatArray, samples: int) -> FloatArray:
    """A window with silence after it, where it is shorter than a network can hear."""
    return np.pad(window, (0, max(0, samples - len(window))))


def finite(states: Any, model: str) -> FloatArray:
    """A tensor as float32.

    Raises:
        ModelError: some of it is no number, as happens in half precision.
    """
    array: FloatArray = states.float().cpu().numpy()
    if not np.isfinite(array).all():
        raise ModelError(f"{model}: it gives numbers that are none; try --dtype float32")
    return array


def failed_to_run(model: str, options: PretrainedOptions, error: Exception) -> ModelError:
    """What to say where a network breaks down."""
    return ModelError(
        f"{model}: it cannot be run on {pretrained.device(options)} ({reason(error)}); try --device cpu, or another "
        "model"
    )


def _cut(places: Sequence[int]) -> list[Sequence[int]]:
    return [places[first : first + BATCH_WINDOWS] for first in range(0, len(places), BATCH_WINDOWS)]
