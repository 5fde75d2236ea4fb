"""Silero voice-activity detection, with the model that the faster-whisper package carries (MIT).

Source: Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector", 2021 and later; version 6.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import ModelError
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The model hears the end of the frame before, too."""
STATE_SIZE = 128


class Silero:
    """The probability of speech, every 32 ms."""

    name = "silero"
    frame_s = FRAME_SAMPLES / SAMPLE_RATE_HZ

    def probabilities(self, blocks: Iterable[FloatArray]) -> FloatArray:
        """Shape (frames,), 0 to 1; the last frame is filled up with silence."""
        return np.concatenate([np.zeros(0, np.float32), *self.frames(blocks)])

    def frames(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """The probabilities that each block completes, and after the last block that of what is left.

        Memory is bounded by the longest block: the recurrent state and what is left of a frame are carried over.
        """
        state = (np.zeros((1, 1, STATE_SIZE), np.float32), np.zeros((1, 1, STATE_SIZE), np.float32))
        context, rest = np.zeros(CONTEXT_SAMPLES, np.float32), np.zeros(0, np.float32)
        for block in blocks:
            samples = np.concatenate([rest, block])
            whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
            rest, values = samples[whole:], np.zeros(0, np.float32)
            if whole:
                values, state, context = self._run(samples[:whole], context, state)
            yield values
        if len(rest):
            yield self._run(np.pad(rest, (0, FRAME_SAMPLES - len(rest))), context, state)[0]

    def _run(self, samples: FloatArray, context: FloatArray, state: Any) -> tuple[FloatArray, Any, FloatArray]:
        frames = samples.reshape(-1, FRAME_SAMPLES)
        before = np.vstack([context, frames[:-1, -CONTEXT_SAMPLES:]])
        output, hidden, cell = self._session.run(
            None, {"input": np.hstack([before, frames]), "h": state[0], "c": state[1]}
        )
        return output.reshape(-1), (hidden, cell), frames[-1, -CONTEXT_SAMPLES:]

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The network is a small recurrent one: more threads only wait for each other.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(str(_model_path()), options, providers=["CPUExecutionProvider"])


def _model_path() -> Path:
    """Where faster-whisper keeps the model; found without importing that package, which takes a second."""
    package = importlib.util.find_spec("faster_whisper")
    for folder in (package.submodule_search_locations or []) if package else []:
        for path in sorted(Path(folder, "assets").glob("silero_vad*.onnx"), reverse=True):
            return path
    raise ModelError("no Silero model in the faster-whisper package; install it again: pip install faster-whisper")
