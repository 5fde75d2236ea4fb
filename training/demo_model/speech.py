"""espeak-ng in process: text in, samples and word times out.

espeak-ng is reached through the shared library that the `espeakng-loader` package carries (GPL-3.0, used
here to make training and example audio; nothing of it is part of earwitness).
"""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import soxr

SAMPLE_RATE = 16_000
VOICES = (
    "en-us", "en-us+m1", "en-us+m3", "en-us+m7", "en-us+f2", "en-us+f4", "en+f1", "en+m4", "en-gb-scotland+m2",
    "en-gb-x-rp+f3", "en-us-nyc+m6", "en+f5", "en-us+Andrea", "en-us+Michael", "en-us+linda", "en+m8",
)  # fmt: skip
# Numbers from espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_RETRIEVAL, _EVENT_WORD, _CHARS_UTF8 = 2, 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4


@dataclass(frozen=True)
class SpokenWord:
    """A word as the synthesiser says it began: `offset` in characters of the text, `start` in seconds."""

    offset: int
    start: float


class _Event(c.Structure):
    _fields_ = [
        ("type", c.c_int), ("uid", c.c_uint), ("text_position", c.c_int), ("length", c.c_int),
        ("audio_position", c.c_int), ("sample", c.c_int), ("user_data", c.c_void_p), ("id", c.c_char * 8),
    ]  # fmt: skip


class _Engine:
    def __init__(self) -> None:
        import espeakng_loader

        self.library = c.CDLL(espeakng_loader.get_library_path())
        path = espeakng_loader.get_data_path().encode()
        self.sample_rate = self.library.espeak_Initialize(_AUDIO_OUTPUT_RETRIEVAL, 0, path, 0)
        self.blocks: list[np.ndarray] = []
        self.words: list[SpokenWord] = []
        kind = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))
        self.callback = kind(self._collect)  # kept: the library holds only a pointer to it
        self.library.espeak_SetSynthCallback(self.callback)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if count > 0 and samples:
            self.blocks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while events[index].type != 0:
            if events[index].type == _EVENT_WORD:
                event = events[index]
                self.words.append(SpokenWord(event.text_position - 1, event.audio_position / 1000))
            index += 1
        return 0


@cache
def _engine() -> _Engine:
    return _Engine()


def say(
    text: str, voice: str, rate_wpm: int = 165, pitch: int = 50, pitch_range: int = 50
) -> tuple[np.ndarray, list[SpokenWord]]:
    """Speak `text` (ASCII): float32 samples at 16 kHz without leading and trailing silence, and its words."""
    engine = _engine()
    engine.blocks, engine.words = [], []
    if engine.library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    for parameter, value in ((_RATE, rate_wpm), (_PITCH, pitch), (_RANGE, pitch_range)):
        engine.library.espeak_SetParameter(parameter, value, 0)
    data = text.encode("ascii")
    engine.library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
    if not engine.blocks:
        return np.zeros(0, np.float32), []
    samples = soxr.resample(np.concatenate(engine.blocks).astype(np.float32) / 32768, engine.sample_rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    if not len(loud):
        return np.zeros(0, np.float32), []
    first, last = max(0, loud[0] - 320), min(len(samples), loud[-1] + 480)
    words = [SpokenWord(w.offset, max(0.0, w.start - first / SAMPLE_RATE)) for w in engine.words]
    return samples[first:last], words
