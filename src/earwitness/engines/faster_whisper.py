"""Whisper on CTranslate2, by way of the faster-whisper package.

The package loads the model and makes its mel spectrograms; decoding and alignment go through CTranslate2's own
interface, window by window and many at a time, so that every window's scores are seen.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022. Word times: dynamic time
warping over the cross-attention of the model's alignment heads, as openai-whisper does.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from earwitness.cores import cores
from earwitness.engines import hub
from earwitness.engines.base import Recognized
from earwitness.errors import ModelError, OptionError
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Word
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

T = TypeVar("T")

WINDOW_S = 30
WINDOW_SAMPLES = WINDOW_S * SAMPLE_RATE_HZ
WINDOW_FRAMES = 3000
MEL_HOP_SAMPLES = 160
FFT_SAMPLES = 400
"""Of which a frame of the spectrogram is made."""
ENCODER_FRAMES_PER_SECOND = 50
MAX_TOKENS = 448
MAX_PROMPT_TOKENS = MAX_TOKENS // 2 - 1
SAMPLED_HYPOTHESES = 5
CPU_WORKERS = 2
"""Two, each with half of the threads and windows, are faster than one: threads wait less for one another, and one
makes spectrograms and words while the other works the model. More were not measured."""
DEMO_WINDOW_S = 12.0
"""The demo model loses its place in full windows: 8 % of words wrong on the example episode, 3 % in these."""

OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word after and the word before; Whisper's own lists."""

DEMO_NOTICE = "the demo model knows synthetic voices and about a thousand words; it is not meant for human speech"


class FasterWhisper:
    """A CTranslate2 Whisper: a size, a folder, a hub id, or `demo`."""

    name = "faster-whisper"
    temperatures = (0.2, 0.4, 0.6, 0.8)

    def __init__(self, options: ModelOptions) -> None:
        self._options = options

    @cached_property
    def model(self) -> str:
        if self._options.model != hub.AUTO:
            return self._options.model
        return hub.choose(self._device, offline=self._options.offline)

    @property
    def window_s(self) -> float:
        return DEMO_WINDOW_S if self.model == hub.DEMO else float(WINDOW_S)

    @property
    def notice(self) -> str | None:
        return DEMO_NOTICE if self.model == hub.DEMO else None

    @cached_property
    def versions(self) -> Mapping[str, str]:
        from importlib.metadata import version

        return {name: version(name) for name in ("faster-whisper", "ctranslate2")}

    def identity(self) -> str:
        """The weights (by size and a sample of them), the front end and the arithmetic."""
        return f"{self.name}:{self._fingerprint}:{self._compute_type}"

    @cached_property
    def _fingerprint(self) -> str:
        digest = sha256()
        for path in sorted(self._folder.iterdir()):
            with path.open("rb") as file:
                digest.update(f"{path.name}:{path.stat().st_size}:".encode())
                digest.update(file.read(2**20))
        return digest.hexdigest()[:16]

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

    def detect_language(self, windows: Sequence[FloatArray]) -> str:
        if not self._whisper.model.is_multilingual:
            return "en"
        detect, votes = self._whisper.model.detect_language, Counter[str]()
        for ranked in self._shared_out(windows, lambda part: detect(self._encode(part))):
            for token, probability in ranked:
                votes[token.strip("<|>")] += probability
        return votes.most_common(1)[0][0]

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        if not windows:
            return []
        tokenizer = self._tokenizer(options)
        prompt = self._prompt(tokenizer, options)
        return self._shared_out(
            windows, lambda part: self._recognized(part, tokenizer, [prompt] * len(part), options, temperature)
        )

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
        encoded = self._encode(windows)
        try:
            results = self._generate(encoded, prompts, options, temperature)
        except RuntimeError as error:
            raise ModelError(f"{self.model}: recognition failed ({error}); try a smaller --batch-size") from error
        tokens = [[t for t in result.sequences_ids[0] if t < tokenizer.eot] for result in results]
        frames = [max(2, min(len(window) // MEL_HOP_SAMPLES, WINDOW_FRAMES)) for window in windows]
        words = self._align(encoded, tokenizer, tokens, frames)
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

    def _tokenizer(self, options: WordOptions) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        multilingual = self._whisper.model.is_multilingual
        if not multilingual and (options.language not in (None, "en") or options.task == "translate"):
            raise OptionError(f"{self.model}: this model knows only English; give a multilingual --model")
        try:
            return Tokenizer(self._whisper.hf_tokenizer, multilingual, options.task, options.language)
        except ValueError as error:
            raise OptionError(
                f"--language {options.language}: Whisper does not know it; give a code such as en"
            ) from error

    def _prompt(self, tokenizer: Any, options: WordOptions) -> list[int]:
        said = " ".join(part.strip() for part in (options.hotwords, options.initial_prompt) if part)
        before = tokenizer.encode(f" {said}")[-MAX_PROMPT_TOKENS:] if said else []
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        return [tokenizer.sot_prev, *before, *start] if before else start

    def _features(self, windows: Sequence[FloatArray]) -> FloatArray:
        """Log mel features, shape (windows, mels, 3000)."""
        return np.stack([self._spectrogram(window[:WINDOW_SAMPLES]) for window in windows])

    def _spectrogram(self, samples: FloatArray) -> FloatArray:
        """That of one window, padded with silence to 30 s, as Whisper was trained: zeros would be a noise.

        Every frame of silence is the same, so that only those are computed that the sound touches, and one after them.
        """
        found = self._whisper.feature_extractor(np.pad(samples, (0, FFT_SAMPLES)))[:, :WINDOW_FRAMES]
        return np.pad(found, ((0, 0), (0, WINDOW_FRAMES - found.shape[1])), mode="edge")

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
        aligned = self._whisper.model.align(encoded, tokenizer.sot_sequence, tokens, frames)
        return [_words(tokenizer, ids, found) if ids else () for ids, found in zip(tokens, aligned, strict=True)]


def compression_ratio(text: str) -> float:
    """How much zlib shrinks a text; Whisper's mark of a loop is more than 2.4.

    >>> compression_ratio("on and on and on and on and on and on and on and on and on") > 2.4
    True
    """
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 1.0


def _words(tokenizer: Any, tokens: list[int], aligned: Any) -> tuple[Word, ...]:
    """Words with their times in the window, from the path of (token, frame) pairs."""
    texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    # The first frame at which the path reaches each token, the end of text included.
    steps, frames = np.array(aligned.alignments).T
    first = frames[np.searchsorted(steps, np.arange(len(tokens) + 1))] / ENCODER_FRAMES_PER_SECOND
    words, at = [], 0
    for text, group in zip(texts[:-1], groups[:-1], strict=True):
        end = at + len(group)
        probability = float(np.mean(aligned.text_token_probs[at:end]))
        words.append(Word(text, float(first[at]), float(first[end]), probability))
        at = end
    return tuple(_with_punctuation(words))


def _with_punctuation(words: list[Word]) -> list[Word]:
    """Joins punctuation that stands alone to the word it belongs to; its own time is not worth keeping."""
    joined: list[Word] = []
    opening = ""
    for word in words:
        mark = word.word.strip()
        if joined and mark and not word.word.startswith(" ") and all(c in CLOSING for c in mark):
            last = joined[-1]
            joined[-1] = Word(last.word + mark, last.start, last.end, last.probability)
        elif mark and word.word.startswith(" ") and all(c in OPENING for c in mark):
            opening += word.word
        elif mark:
            text = opening + (word.word.lstrip() if opening else word.word)
            joined.append(Word(text, word.start, word.end, word.probability))
            opening = ""
    return joined
