"""What a sound is of, by any audio-classification checkpoint of transformers: AST, HuBERT, wav2vec2, WavLM, Whisper.

The scores are those of transformers' own pipeline "audio-classification". Windows of different lengths never share a
batch: many of these networks normalise over the whole window, and hear what fills up a shorter one.

Sources: Gong et al., "AST: Audio Spectrogram Transformer", 2021; Yang et al., "SUPERB: Speech processing Universal
PERformance Benchmark", 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.errors import ModelError, OptionError, reason
from earwitness.files import fingerprint
from earwitness.options import PretrainedOptions
from earwitness.types import Seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

NAME = "transformers"
KIND = "AutoModelForAudioClassification"
BATCH_SIZE, CPU_BATCH_SIZE = 16, 4
"""A CPU is hardly faster with more, and the first layer of wav2vec2 takes 65 MB for ten seconds."""
DEFAULT_WINDOW_S = 10.0
"""Where a checkpoint hears windows of any length; the clips of AudioSet are that long."""
LEAST_S = 0.05
"""Shorter windows are filled up with silence to this: the networks need two frames of 25 ms every 20 ms."""
AST_FRAME_S = 0.01
AUDIOSET_LABELS = 527


class AudioClassifier:
    """A checkpoint for audio classification: a folder or a hub id."""

    name = NAME

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """Takes note of the options; the network is loaded when it first hears something.

        Raises:
            ExtraError: torch or transformers are not installed.
        """
        self.versions: Mapping[str, str] = on_torch.installed(model, "the classifier builtin")
        self.model = model
        self._options = options
        self._alone = RLock()  # threads share it, and it is loaded once

    @cached_property
    def labels(self) -> Sequence[str]:
        names = self._config.id2label
        return [str(names[index]) for index in sorted(names)]

    @cached_property
    def sample_rate(self) -> int:
        return int(self._extractor.sampling_rate)

    @cached_property
    def window_s(self) -> float:
        return self._longest_s or DEFAULT_WINDOW_S

    @cached_property
    def exclusive(self) -> bool:
        """As the checkpoint says (`problem_type`), and else as the pipeline: one label only.

        Those of AudioSet do not say that they were trained to judge each label by itself.
        """
        if self._config.problem_type is None:
            return not (len(self.labels) == AUDIOSET_LABELS and {"Speech", "Music"} <= set(self.labels))
        return bool(self._config.problem_type != "multi_label_classification")

    def identity(self) -> str:
        """The weights, the packages and the arithmetic."""
        packages = " ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.name}:{packages}:{fingerprint(self._folder)}:{pretrained.compute_type(self._options)}"

    def classify(self, windows: Sequence[FloatArray]) -> FloatArray:
        """Scores of 0 to 1, float32 (len(windows), len(labels)). Each window is float32 (n,) at `sample_rate`.

        Raises:
            ModelError: the checkpoint cannot be had or run, is none for audio classification, or gives no numbers.
            OptionError: a window is longer than the checkpoint can hear at once.
        """
        longest = max(map(len, windows), default=0) / self.sample_rate
        if self._longest_s and longest > self._longest_s + 1 / self.sample_rate:
            raise OptionError(
                f"{self.model} hears at most {self._longest_s:g} s at once, and not {longest:g} s; give a shorter "
                "--window, or none"
            )
        filled = [self._filled(window) for window in windows]
        scores = np.zeros((len(windows), len(self.labels)), np.float32)
        with self._alone:
            for places in self._batches(filled):
                scores[places] = self._scores([filled[place] for place in places])
        return scores

    def _filled(self, window: FloatArray) -> FloatArray:
        missing = int(np.ceil(LEAST_S * self.sample_rate)) - len(window)
        return np.pad(window, (0, missing)) if missing > 0 else window

    def _batches(self, windows: Sequence[FloatArray]) -> Iterator[list[int]]:
        """The places of windows of one length, so many at a time."""
        size = CPU_BATCH_SIZE if pretrained.device(self._options) == "cpu" else BATCH_SIZE
        by_length: dict[int, list[int]] = {}
        for place, window in enumerate(windows):
            by_length.setdefault(len(window), []).append(place)
        for places in by_length.values():
            for first in range(0, len(places), size):
                yield places[first : first + size]

    def _scores(self, windows: list[FloatArray]) -> FloatArray:
        """Of windows of one length."""
        import torch

        network = self._network
        try:
            inputs = self._extractor(windows, sampling_rate=self.sample_rate, return_tensors="pt")
            inputs = inputs.to(device=network.device, dtype=network.dtype)
            with torch.inference_mode():
                logits = network(**inputs).logits.float()
        except Exception as error:  # torch and transformers share no kind of error
            raise ModelError(f"{self.model} failed ({reason(error)}); try --device cpu, or another model") from error
        scores: FloatArray = (logits.softmax(-1) if self.exclusive else logits.sigmoid()).cpu().numpy()
        if scores.shape[-1] != len(self.labels) or not np.isfinite(scores).all():
            raise ModelError(
                f"{self.model}: what it says is not one number for each of its {len(self.labels)} labels; try --dtype "
                "float32, or another model"
            )
        return scores

    @cached_property
    def _longest_s(self) -> Seconds | None:
        """What fits into the network, where it always hears the same length; none where it hears any."""
        if self._config.model_type == "whisper":
            return float(self._extractor.n_samples / self._extractor.sampling_rate)
        if self._config.model_type == "audio-spectrogram-transformer":
            return float(self._extractor.max_length * AST_FRAME_S)
        return None

    @cached_property
    def _folder(self) -> Path:
        with self._alone:
            folder = pretrained.find(self.model, self._options)
            pretrained.config(folder)  # which says plainly where a folder is no checkpoint
            return folder

    @cached_property
    def _config(self) -> Any:
        config = pretrained.companion("AutoConfig", self._folder)
        if config.problem_type == "regression":
            raise ModelError(f"{self.model}: it gives values (regression) and not labels; give a model that classifies")
        return config

    @cached_property
    def _extractor(self) -> Any:
        return pretrained.companion("AutoFeatureExtractor", self._folder)

    @cached_property
    def _network(self) -> Any:
        return pretrained.load(KIND, self._folder, self._options)
