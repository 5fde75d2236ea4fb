"""whisperX, on CTranslate2, with pyannote's speech detection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from earwitness import audio
from earwitness.evaluation.peers.base import OUR_DECODER, Request, Said, settings_of


class WhisperX:
    """whisperX's recognition: faster-whisper's model in batches. Its words would come from an alignment model of
    their own, a download that is not part of it, so that there are none here."""

    def __init__(self, request: Request) -> None:
        import whisperx

        self._request = request
        self._model: Any = whisperx.load_model(
            request.model, request.device, compute_type=request.compute_type, language=request.language,
            asr_options={"beam_size": request.beam_size}, vad_options={"chunk_size": int(request.window_s)},
            threads=request.threads, local_files_only=True,
        )  # fmt: skip

    @property
    def settings(self) -> Mapping[str, str]:
        return settings_of(
            self._request, speech_detection="pyannote", word_times="none, without its alignment model",
            decoder=OUR_DECODER,
        )  # fmt: skip

    def warm_up(self) -> None:
        self._model.model.encode(np.zeros((self._model.model.model.n_mels, 3000), np.float32))

    def transcribe(self, recording: Path) -> Said:
        samples = np.array(audio.load(recording).samples)
        found = self._model.transcribe(
            samples, batch_size=self._request.batch_size, chunk_size=int(self._request.window_s)
        )
        return Said(sum(len(segment["text"].split()) for segment in found["segments"]), len(found["segments"]))
