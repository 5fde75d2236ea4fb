"""CLAP of transformers: sound and text as points in one space.

Wu, Chen, Zhang et al., "Large-scale contrastive language-audio pretraining with feature fusion and keyword-to-caption
augmentation", 2023. Checkpoints with and without feature fusion work. It hears ten seconds at a time; what is longer is
for the caller to divide, so that its feature extractor, which takes a part of long sound at random, never does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.engines.base import SoundEmbedding
from earwitness.errors import EarwitnessError, ModelError, OptionError, reason
from earwitness.files import fingerprint
from earwitness.options import PretrainedOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

DEFAULT_MODEL = "laion/clap-htsat-unfused"
SAMPLE_RATE_HZ = 48_000
WINDOW_S = 10.0
BATCH = 8
"""Windows or texts at a time."""


class Clap:
    """CLAP by hub id or folder; the network is loaded when it first hears or reads something.

    Sounds and texts become rows of length 1, whose products are the cosines that CLAP was trained on.
    """

    name = "clap"

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """`model` is a folder or a hub id, by default `DEFAULT_MODEL`.

        Raises:
            ExtraError: torch or transformers are not installed.
        """
        self._versions = on_torch.installed(f"--model {model or self.name}", "--model builtin, which takes sounds only")
        self.model = model or DEFAULT_MODEL
        self.sample_rate = SAMPLE_RATE_HZ
        self.window_s = WINDOW_S
        self._options = options
        self._lock = Lock()

    @property
    def versions(self) -> Mapping[str, str]:
        return self._versions

    def identity(self) -> str:
        return f"{self.name}:{fingerprint(self._folder)}:{pretrained.compute_type(self._options)}"

    def embed(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        """One point of length 1 a window, the same in whatever company; there are no frames.

        Raises:
            ModelError: the model cannot be had or run.
        """
        rows = [row for some in _batches(windows) for row in self._run(self._heard, some)]
        return [SoundEmbedding(row, np.zeros((0, len(row)), np.float32), 0.0) for row in rows]

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """One row of length 1 a text, float32 (len(texts), d); what is beyond the model's length is not read.

        Raises:
            OptionError: a text is empty.
            ModelError: the model cannot be had or run.
        """
        if not all(text.strip() for text in texts):
            raise OptionError("an empty text sounds like nothing; say what to listen for")
        rows: FloatArray = np.concatenate([self._run(self._read, some) for some in _batches(texts)])
        return rows

    def scales(self) -> tuple[float, float]:
        """What the model learnt to multiply cosines with before a softmax: over texts for a sound, over sounds for a
        text.

        Raises:
            ModelError: the model cannot be had.
        """
        model = self._loaded
        return float(model.logit_scale_a.detach().float().exp()), float(model.logit_scale_t.detach().float().exp())

    @cached_property
    def _folder(self) -> Path:
        return pretrained.find(self.model, self._options)

    @property
    def _loaded(self) -> Any:
        with self._lock:  # by one thread, whichever comes first
            return self._network

    @cached_property
    def _network(self) -> Any:
        return pretrained.load("ClapModel", self._folder, self._options)

    @cached_property
    def _extractor(self) -> Any:
        found = pretrained.companion("ClapFeatureExtractor", self._folder)
        if (found.sampling_rate, found.nb_max_samples) != (SAMPLE_RATE_HZ, WINDOW_S * SAMPLE_RATE_HZ):
            raise ModelError(f"{self._folder}: it does not hear 10 s at 48 kHz as CLAP does; give another model")
        return found

    @cached_property
    def _tokenizer(self) -> Any:
        return pretrained.companion("AutoTokenizer", self._folder)

    def _run(self, work: Any, batch: Sequence[Any]) -> FloatArray:
        import torch

        model = self._loaded
        try:
            with self._lock, torch.inference_mode():
                rows: FloatArray = work(model, batch).pooler_output.float().cpu().numpy()
        except EarwitnessError:
            raise
        except Exception as error:  # torch and transformers share no kind of error
            raise ModelError(f"{self.model}: {reason(error)}; try --device cpu, or another model") from error
        if not (np.isfinite(rows).all() and rows.any(axis=1).all()):
            raise ModelError(f"{self.model}: it gives no numbers; try --dtype float32, or another model")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)  # not quite 1 in half precision
        return rows

    def _heard(self, model: Any, windows: Sequence[FloatArray]) -> Any:
        import torch

        heard = [window if len(window) else np.zeros(1, np.float32) for window in windows]
        features = self._extractor(heard, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")["input_features"]
        # Of a batch of short sounds the extractor marks one at random as longer, which a network with fusion treats
        # otherwise. One alone is always marked: so each is here.
        longer = torch.ones(len(heard), 1, dtype=torch.bool, device=model.device)
        return model.get_audio_features(input_features=features.to(model.device, model.dtype), is_longer=longer)

    def _read(self, model: Any, texts: Sequence[str]) -> Any:
        # The first of RoBERTa's positions is that after its padding's.
        positions = model.config.text_config.max_position_embeddings - model.config.text_config.pad_token_id - 1
        longest = min(self._tokenizer.model_max_length, positions)
        tokens = self._tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
        kept = {name: tokens[name].to(model.device) for name in ("input_ids", "attention_mask")}
        return model.get_text_features(**kept)


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[first : first + BATCH] for first in range(0, len(items), BATCH)]
