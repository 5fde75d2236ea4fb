"""Hugging Face's transformers, on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import audio
from earwitness.evaluation.peers.base import OUR_DECODER, Request, Said, faint_noise, fixed_windows, settings_of
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray


class Transformers:
    """Hugging Face's pipeline: windows of the asked length that overlap by a third, in batches."""

    def __init__(self, request: Request) -> None:
        import torch
        from transformers import pipeline

        torch.set_num_threads(request.threads)
        self._request = request
        kinds = {"float16": torch.float16, "bfloat16": torch.bfloat16}
        self._kind = kinds.get(request.compute_type, torch.float32)
        self._pipeline: Any = pipeline(
            "automatic-speech-recognition", model=request.model, device=request.device, dtype=self._kind
        )

    @property
    def settings(self) -> Mapping[str, str]:
        return settings_of(
            self._request,
            arithmetic=f"{str(self._kind).removeprefix('torch.')} on {self._request.device}",
            windows=f"all of it, each {self._request.window_s:g} s, a third of it shared",
            speech_detection="none",
            decoder=OUR_DECODER,
        )

    def warm_up(self) -> None:
        self._fixed(faint_noise()) if self._request.tokens else self._hear(faint_noise())

    def transcribe(self, recording: Path) -> Said:
        samples = np.array(audio.load(recording).samples)
        return self._fixed(samples) if self._request.tokens else Said(len(self._hear(samples)["chunks"]))

    @property
    def _how(self) -> dict[str, Any]:
        """What `generate` takes; a model that knows one language refuses to be told which."""
        how: dict[str, Any] = {"num_beams": self._request.beam_size}
        if self._pipeline.model.generation_config.is_multilingual:
            how |= {"language": self._request.language, "task": "transcribe"}
        return how

    def _hear(self, samples: FloatArray) -> Any:
        return self._pipeline(
            {"raw": samples, "sampling_rate": SAMPLE_RATE_HZ}, return_timestamps="word", generate_kwargs=self._how,
            chunk_length_s=self._request.window_s, batch_size=self._request.batch_size,
        )  # fmt: skip

    def _fixed(self, samples: FloatArray) -> Said:
        """Its own model and feature extractor: the pipeline needs tokens for times, which would be more tokens."""
        model, extract, limit = self._pipeline.model, self._pipeline.feature_extractor, self._request.tokens
        ends = list(range(model.generation_config.eos_token_id, model.config.vocab_size))
        how = {"max_new_tokens": limit, "min_new_tokens": limit, "suppress_tokens": ends, **self._how}
        spans = fixed_windows(len(samples) / SAMPLE_RATE_HZ)
        windows = [samples[to_samples(start) : to_samples(end)] for start, end in spans]
        tokens: list[int] = []
        for at in range(0, len(windows), self._request.batch_size):
            batch = windows[at : at + self._request.batch_size]
            features = extract(batch, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt").input_features
            found = model.generate(
                features.to(model.device, self._kind), return_token_timestamps=True, return_timestamps=False, **how
            )
            tokens += [int((row < ends[0]).sum()) for row in found["sequences"]]
        return Said(0, len(tokens), tuple(tokens))
