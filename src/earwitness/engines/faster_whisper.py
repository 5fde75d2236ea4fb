"""Whisper on CTranslate2, by way of the faster-whisper package.

The package loads the model and makes its mel spectrograms; decoding and alignment go through CTranslate2's own
interface, window by window and many at a time, so that every window's scores are seen.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022. Word times: dynamic time
warping over the cross-attention of the model's alignment heads, as openai-whisper does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from earwitness.cores import cores
from earwitness.engines import hub
from earwitness.engines.base import Recognized
from earwitness.engines.encodings import Encodings
from earwitness.engines.log_mel import FFT, HOP, log_mel
from earwitness.engines.whisper import (
    ENGLISH,
    MAX_TOKENS,
    MEL_HOP_SAMPLES,
    SAMPLED_HYPOTHESES,
    WINDOW_FRAMES,
    WINDOW_SAMPLES,
    Whisper,
    compression_ratio,
    prompt_of,
    tokenizer_for,
    words_of,
)
from earwitness.errors import ModelError
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray

T = TypeVar("T")

CPU_WORKERS = 2
"""Two, each with half of the threads and windows, are faster than one: threads wait less for one another, and one
makes spectrograms and words while the other works the model. More were not measured."""


class FasterWhisper(Whisper):
    """A CTranslate2 Whisper: a size, a folder, a hub id, or `demo`."""

    name = "faster-whisper"

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._encodings = Encodings()
        self._loading = Lock()

    @cached_property
    def model(self) -> str:
        if self._options.model != hub.AUTO:
            return self._options.model
        return hub.choose(self._device, offline=self._options.offline)

    @cached_property
    def versions(self) -> Mapping[str, str]:
        from importlib.metadata import version

        return {name: version(name) for name in ("faster-whisper", "ctranslate2")}

    def identity(self) -> str:
        """The weights, the front end and the arithmetic."""
        return f"{self.name}:{self._fingerprint}:{self._compute_type}"

    @cached_property
    def _folder(self) -> Path:
        return hub.find(self.model, offline=self._options.offline)

    @cached_property
    def _device(self) -> str:
        if self._options.device != "auto":
            return self._options.device
        import ctranslate2

        return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"

    @property
    def _compute_type(self) -> str:
        if self._options.compute_type != "auto":
            return self._options.compute_type
        return "int8" if self._device == "cpu" else "float16"

    @property
    def _threads(self) -> int:
        return self._options.threads or cores()

    @property
    def _workers(self) -> int:
        """How many parts of a batch are heard at the same time."""
        return min(CPU_WORKERS, self._threads) if self._device == "cpu" else 1

    @cached_property
    def _whisper(self) -> Any:
        from faster_whisper import WhisperModel

        try:
            with self._loadable() as folder:
                return WhisperModel(
                    str(folder),
                    device=self._device,
                    compute_type=self._compute_type,
                    cpu_threads=math.ceil(self._threads / self._workers),
                    num_workers=self._workers,
                    local_files_only=True,
                )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"{self.model}: cannot be loaded on {self._device} as {self._compute_type} ({error}); "
                "try --device cpu --compute-type int8, or download the model again"
            ) from error

    @contextmanager
    def _loadable(self) -> Iterator[Path]:
        """The folder that CTranslate2 is to load; it may be gone afterwards."""
        yield self._folder

    @property
    def _multilingual(self) -> bool:
        with self._loading:  # once, whichever thread asks first
            return bool(self._whisper.model.is_multilingual)

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        if not self._multilingual:
            return [ENGLISH] * len(windows)
        return self._shared_out(windows, self._languages)

    def _languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        """One step of the decoder."""
        encoded = self._encoded(windows)
        found = self._whisper.model.detect_language(encoded)
        self._keep(windows, encoded)
        return [{token.strip("<|>"): probability for token, probability in ranked} for ranked in found]

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        if not windows:
            return []
        multilingual = self._multilingual
        tokenizer = tokenizer_for(self._whisper.hf_tokenizer, self.model, options, multilingual=multilingual)
        prompt = prompt_of(tokenizer, options)
        return self._shared_out(
            windows, lambda part: self._recognized(part, tokenizer, [prompt] * len(part), options, temperature)
        )

    def token_ids(self, text: str) -> Sequence[int]:
        return tuple(self._whisper.hf_tokenizer.encode(text, add_special_tokens=False).ids)

    def _shared_out(self, windows: Sequence[FloatArray], work: Callable[[Sequence[FloatArray]], list[T]]) -> list[T]:
        """What `work` makes of the windows, when every worker does a part of them."""
        count = min(self._workers, len(windows))
        if count <= 1:
            return work(windows)
        parts = [windows[len(windows) * i // count : len(windows) * (i + 1) // count] for i in range(count)]
        with ThreadPoolExecutor(count) as pool:
            return [result for results in pool.map(work, parts) for result in results]

    def _recognized(
        self,
        windows: Sequence[FloatArray],
        tokenizer: Any,
        prompts: list[list[int]],
        options: WordOptions,
        temperature: float,
    ) -> list[Recognized]:
        encoded = self._encoded(windows)
        try:
            results = self._generate(encoded, prompts, options, temperature)
        except RuntimeError as error:
            raise ModelError(f"{self.model}: recognition failed ({error}); try a smaller --batch-size") from error
        tokens = [[t for t in result.sequences_ids[0] if t < tokenizer.eot] for result in results]
        frames = [max(2, min(len(window) // MEL_HOP_SAMPLES, WINDOW_FRAMES)) for window in windows]
        words = self._align(encoded, tokenizer, tokens, frames)
        if temperature > 0:  # few windows fail the guards, but those are heard at one temperature after the other
            self._keep(windows, encoded)
        return [
            Recognized(
                words=found,
                avg_logprob=result.scores[0] * len(result.sequences_ids[0]) / (len(result.sequences_ids[0]) + 1),
                no_speech_prob=result.no_speech_prob,
                compression_ratio=compression_ratio(tokenizer.decode(ids)),
                language=tokenizer.language_code,
            )
            for found, result, ids in zip(words, results, tokens, strict=True)
        ]

    def _features(self, windows: Sequence[FloatArray]) -> FloatArray:
        """Log mel features, shape (windows, mels, 3000)."""
        return np.stack([self._spectrogram(window[:WINDOW_SAMPLES]) for window in windows])

    def _spectrogram(self, samples: FloatArray) -> FloatArray:
        """That of one window, padded with silence to 30 s, as Whisper was trained: zeros would be a noise.

        Every frame of silence is the same, so that only those are computed that the sound touches, and one after them.
        """
        mels = len(self._whisper.feature_extractor.mel_filters)
        found = log_mel(np.pad(samples, (0, FFT + HOP)), mels)[:, :WINDOW_FRAMES]
        return np.pad(found, ((0, 0), (0, WINDOW_FRAMES - found.shape[1])), mode="edge")

    def _encoded(self, windows: Sequence[FloatArray]) -> Any:
        """What the encoder makes of the windows, or made of them before."""
        known = [self._encodings.get(window) for window in windows]
        new = [window for window, encoded in zip(windows, known, strict=True) if encoded is None]
        if len(new) == len(windows):
            return self._encode(windows)
        import ctranslate2

        fresh = iter(np.asarray(self._encode(new)) if new else ())
        rows = [next(fresh) if encoded is None else encoded for encoded in known]
        return ctranslate2.StorageView.from_array(np.stack(rows))

    def _keep(self, windows: Sequence[FloatArray], encoded: Any) -> None:
        """For the next time; on a GPU it is sooner made again than kept."""
        if self._device == "cpu":
            for window, row in zip(windows, np.asarray(encoded), strict=True):
                self._encodings.keep(window, row.copy())  # a row alone would hold on to its whole batch

    def _encode(self, windows: Sequence[FloatArray]) -> Any:
        return self._whisper.encode(self._features(windows))

    def _generate(self, encoded: Any, prompts: list[list[int]], options: WordOptions, temperature: float) -> Any:
        sampling = temperature > 0
        return self._whisper.model.generate(
            encoded,
            prompts,
            beam_size=1 if sampling else options.beam_size,
            num_hypotheses=SAMPLED_HYPOTHESES if sampling else 1,
            sampling_topk=0 if sampling else 1,
            sampling_temperature=temperature if sampling else 1.0,
            max_length=MAX_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
        )

    def _align(
        self, encoded: Any, tokenizer: Any, tokens: list[list[int]], frames: list[int]
    ) -> list[tuple[Word, ...]]:
        if not any(tokens):
            return [()] * len(tokens)
        from ctranslate2 import StorageView

        align, start = self._whisper.model.align, tokenizer.sot_sequence
        if self._device == "cpu":
            # One by one takes less memory and time: keys and values lie where those of the one before lay, while those
            # of many come from the system each time, page by page.
            rows = np.asarray(encoded)[:, None]
            parts = zip(rows, tokens, frames, strict=True)
            aligned = [align(StorageView.from_array(row), start, [ids], [count])[0] for row, ids, count in parts]
        else:
            aligned = align(encoded, start, tokens, frames)
        return [words_of(tokenizer, ids, found) if ids else () for ids, found in zip(tokens, aligned, strict=True)]
