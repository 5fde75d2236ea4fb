"""SYSTRAN's faster-whisper, on CTranslate2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earwitness.evaluation.peers.base import (
    Request,
    Said,
    faint_noise,
    fixed_windows,
    max_length,
    other_than_text,
    settings_of,
)
from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ


class FasterWhisper:
    """SYSTRAN's faster-whisper: its batched pipeline, or for one window at a time its sequential one.

    Windows and tokens can only be fixed in the batched one: the other moves its window to the end of the last word.
    """

    def __init__(self, request: Request) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self._request = request
        self._model: Any = WhisperModel(
            request.model, device=request.device, compute_type=request.compute_type, cpu_threads=request.threads,
            local_files_only=True,
        )  # fmt: skip
        self._batched = request.batch_size > 1 or request.tokens is not None
        self._pipeline: Any = BatchedInferencePipeline(self._model) if self._batched else self._model
        self._windows, encode = 0, self._model.encode

        def counted(features: Any) -> Any:
            self._windows += features.shape[0] if features.ndim == 3 else 1
            return encode(features)

        self._model.encode = counted

    @property
    def settings(self) -> Mapping[str, str]:
        own = {} if self._batched else {"second_tries": "temperatures of windows that fail its checks"}
        return settings_of(self._request, **own)

    def warm_up(self) -> None:
        from faster_whisper.vad import get_speech_timestamps

        get_speech_timestamps(faint_noise())
        self._hear(faint_noise(), 1.0)

    def transcribe(self, recording: Path) -> Said:
        self._windows = 0
        if self._request.tokens is None:
            segments = self._hear(str(recording), None)
            return Said(sum(len(segment.words) for segment in segments), self._windows)
        from faster_whisper import decode_audio

        samples = decode_audio(str(recording))
        segments = self._hear(samples, len(samples) / SAMPLE_RATE_HZ)
        tokens = tuple(len(segment.tokens) for segment in segments)
        return Said(sum(len(segment.words) for segment in segments), self._windows, tokens)

    def _hear(self, sound: Any, fixed_s: Seconds | None) -> list[Any]:
        """All segments; windows without regard to speech over `fixed_s` where that is given."""
        request = self._request
        how: dict[str, Any] = {"vad_filter": True, "chunk_length": int(request.window_s)}
        if self._batched:
            how["batch_size"] = request.batch_size
            if fixed_s is not None:
                clips = [{"start": start, "end": end} for start, end in fixed_windows(fixed_s)]
                how |= {"vad_filter": False, "clip_timestamps": clips}
        elif fixed_s is not None:
            how["vad_filter"] = False
        if request.tokens is not None:
            prompt = 4 if self._model.model.is_multilingual else 2
            how["max_new_tokens"] = max_length(request.tokens, prompt) - prompt
            how["suppress_tokens"] = other_than_text(self._model.hf_tokenizer)
        segments, _ = self._pipeline.transcribe(
            sound, language=request.language, beam_size=request.beam_size, word_timestamps=True, **how
        )
        return list(segments)
