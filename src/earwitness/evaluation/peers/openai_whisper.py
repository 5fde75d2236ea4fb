"""OpenAI's reference implementation of Whisper, on PyTorch."""

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


class OpenAIWhisper:
    """OpenAI's reference implementation, on PyTorch: one window at a time, of 30 s."""

    def __init__(self, request: Request) -> None:
        import torch
        import whisper

        torch.set_num_threads(request.threads)
        self._request = request
        self._model: Any = whisper.load_model(request.model, device=request.device)

    @property
    def settings(self) -> Mapping[str, str]:
        return settings_of(
            self._request,
            batch_size="1",
            arithmetic=f"{'float16' if self._half else 'float32'} on {self._request.device}",
            windows="30 s, moved to the end of the last word",
            speech_detection="none",
            second_tries="temperatures of windows that fail its checks",
            decoder=OUR_DECODER,
        )

    @property
    def _half(self) -> bool:
        return self._request.device == "cuda"

    def warm_up(self) -> None:
        self._fixed(faint_noise()) if self._request.tokens else self._hear(faint_noise())

    def transcribe(self, recording: Path) -> Said:
        samples = np.array(audio.load(recording).samples)
        if self._request.tokens:
            return self._fixed(samples)
        result = self._hear(samples)
        return Said(sum(len(segment["words"]) for segment in result["segments"]))

    def _hear(self, samples: FloatArray) -> Any:
        request = self._request
        beam_size = request.beam_size if request.beam_size > 1 else None
        return self._model.transcribe(
            samples, language=request.language, beam_size=beam_size, word_timestamps=True, fp16=self._half
        )

    def _fixed(self, samples: FloatArray) -> Said:
        """Its own decoding and alignment, over windows that its `transcribe` would have moved."""
        import whisper
        from whisper.timing import find_alignment
        from whisper.tokenizer import get_tokenizer

        request, dims = self._request, self._model.dims
        tokenizer = get_tokenizer(
            self._model.is_multilingual, num_languages=self._model.num_languages, language=request.language
        )
        options = whisper.DecodingOptions(
            language=request.language, beam_size=request.beam_size if request.beam_size > 1 else None, fp16=self._half,
            sample_len=request.tokens, without_timestamps=True,
            suppress_tokens=list(range(tokenizer.eot, dims.n_vocab)),
        )  # fmt: skip
        words, tokens = 0, []
        for start, end in fixed_windows(len(samples) / SAMPLE_RATE_HZ):
            window = samples[to_samples(start) : to_samples(end)]
            mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(window), dims.n_mels).to(self._model.device)
            result: Any = whisper.decode(self._model, mel.half() if self._half else mel, options)
            frames = max(2, len(window) // 160)
            words += len(find_alignment(self._model, tokenizer, result.tokens, mel, frames))
            tokens.append(len(result.tokens))
        return Said(words, len(tokens), tuple(tokens))
