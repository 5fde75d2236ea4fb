"""A rough draft without Whisper: CMU PocketSphinx with the small American English model it carries.

About every second word is wrong on read speech. It exists so that a recording can go through the whole pipeline where
no Whisper weights can be had, and it says "draft" wherever it speaks.

Source: Huggins-Daines et al., "PocketSphinx: a free, real-time continuous speech recognition system", ICASSP 2006.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.base import Recognized
from earwitness.errors import ExtraError, OptionError
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FRAMES_PER_SECOND = 100
PEAK = 0.7
"""Regions are brought to this peak: the acoustic model was trained on close microphones."""
VARIANT = re.compile(r"\(\d+\)$")
"""Pronunciation variants are written `the(2)`."""
MODEL = "en-us"
NOTICE = "draft: PocketSphinx gets about every second word wrong; use it to try things, not to quote people"


class PocketSphinx:
    """Continuous recognition with the trigram model that the package carries."""

    name = "pocketsphinx"
    model = MODEL
    window_s = 0.0
    temperatures: tuple[float, ...] = ()
    ignores = ("hotwords", "initial_prompt")
    notice: str | None = NOTICE

    def __init__(self, options: ModelOptions) -> None:
        if options.model not in ("auto", MODEL):
            raise OptionError(f"--model {options.model}: pocketsphinx has one model, {MODEL}; leave --model out")
        self._alone = Lock()

    @cached_property
    def versions(self) -> Mapping[str, str]:
        from importlib.metadata import version

        self._package()
        return {"pocketsphinx": version("pocketsphinx")}

    def identity(self) -> str:
        return f"{self.name}:{self.versions['pocketsphinx']}:{MODEL}:alone"

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        return [{"en": 1.0}] * len(windows)

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        if options.language not in (None, "en") or options.task == "translate":
            raise OptionError("pocketsphinx only transcribes English; give another --engine")
        with self._alone:
            return [self._hear(window) for window in windows]

    def token_ids(self, text: str) -> Sequence[int]:
        return ()

    def _hear(self, window: FloatArray) -> Recognized:
        peak = float(np.abs(window).max(initial=0.0))
        if peak == 0.0:
            return Recognized(())
        decoder = self._decoder
        decoder.reinit_feat()  # which forgets the noise of the windows before: what they were must change nothing
        decoder.start_utt()
        samples = np.clip(window * (PEAK / peak) * 32767, -32768, 32767).astype(np.int16)
        decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        duration = len(window) / 16_000
        log = decoder.get_logmath()
        words = []
        for piece in decoder.seg() or ():
            text = VARIANT.sub("", piece.word)
            if text.startswith(("<", "[")):
                continue
            start, end = piece.start_frame / FRAMES_PER_SECOND, (piece.end_frame + 1) / FRAMES_PER_SECOND
            words.append(Word(f" {text}", start, min(end, duration), min(1.0, log.exp(piece.prob))))
        score = sum(math.log(max(word.probability, 1e-10)) for word in words) / len(words) if words else 0.0
        return Recognized(tuple(words), avg_logprob=score)

    @staticmethod
    def _package() -> Any:
        try:
            import pocketsphinx
        except ImportError as error:
            raise ExtraError("pocketsphinx is not installed; pip install 'earwitness[draft]'") from error
        return pocketsphinx

    @cached_property
    def _decoder(self) -> Any:
        return self._package().Decoder(lm=self._package().get_model_path("en-us/en-us.lm.bin"), loglevel="FATAL")
