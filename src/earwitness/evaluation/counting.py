"""Our recogniser with a counter: a benchmark tells how much work was done, and makes sure that it is equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from earwitness import engines
from earwitness.engines.base import Recognizer
from earwitness.engines.faster_whisper import FasterWhisper
from earwitness.engines.openvino import OpenVino
from earwitness.errors import OptionError
from earwitness.evaluation.peers.base import FIXED_WINDOW_S, ITS_OWN, max_length, other_than_text
from earwitness.options import ModelOptions, WordOptions


class Counting(FasterWhisper):
    """Our recogniser, counting the windows it encodes, and with `fixed` the tokens that it makes of each.

    Fixed, it leaves out what depends on what was said: the end of the text, and second tries.
    """

    def __init__(self, options: ModelOptions, fixed: int | None = None) -> None:
        super().__init__(options)
        self._fixed = fixed
        self.windows = 0
        self._lock = Lock()  # of the engine's workers
        self.tokens: list[int] = []
        if fixed:
            self.temperatures: Sequence[float] = ()  # type: ignore[assignment]

    @property
    def window_s(self) -> float:
        return FIXED_WINDOW_S if self._fixed else super().window_s

    @property
    def device(self) -> str:
        return self._device

    @property
    def compute_type(self) -> str:
        return self._compute_type

    @property
    def encoder(self) -> str:
        """Whose encoder it is, and what it computes in."""
        return f"OpenVINO, {self.arithmetic}" if isinstance(self, OpenVino) else ITS_OWN

    @property
    def folder(self) -> Path:
        return self._folder

    def forget(self) -> None:
        """Counts from here on."""
        self.windows, self.tokens = 0, []

    def _encode(self, windows: Sequence[Any]) -> Any:
        with self._lock:
            self.windows += len(windows)
        return super()._encode(windows)

    def _generate(self, encoded: Any, prompts: list[list[int]], options: WordOptions, temperature: float) -> Any:
        if not self._fixed:
            return super()._generate(encoded, prompts, options, temperature)
        results = self._whisper.model.generate(
            encoded, prompts, beam_size=options.beam_size, max_length=max_length(self._fixed, len(prompts[0])),
            suppress_tokens=other_than_text(self._whisper.hf_tokenizer), return_scores=True, return_no_speech_prob=True,
        )  # fmt: skip
        with self._lock:
            self.tokens += [len(result.sequences_ids[0]) for result in results]
        return results


class CountingOpenVino(Counting, OpenVino):
    """The same with OpenVINO's encoder."""


def counting(options: ModelOptions, fixed: int | None = None) -> Recognizer:
    """The recogniser that `options` name, counting where it can.

    Raises:
        OptionError: `fixed`, for an engine that makes no tokens.
    """
    recognizer: Any = engines.recognizer(options)
    if isinstance(recognizer, OpenVino):
        recognizer = CountingOpenVino(options, fixed)
    elif isinstance(recognizer, FasterWhisper):
        recognizer = Counting(options, fixed)
    elif fixed:
        raise OptionError(f"--engine {recognizer.name}: it makes no tokens; leave --tokens out")
    made: Recognizer = recognizer
    return made
