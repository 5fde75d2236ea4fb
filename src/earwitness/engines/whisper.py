"""What all Whisper engines share: the sizes of a window, the tokens around a text, and words made of tokens.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from earwitness.engines import hub
from earwitness.errors import OptionError
from earwitness.files import fingerprint
from earwitness.options import WordOptions
from earwitness.types import Word
from earwitness.units import SAMPLE_RATE_HZ

WINDOW_S = 30
WINDOW_SAMPLES = WINDOW_S * SAMPLE_RATE_HZ
WINDOW_FRAMES = 3000
MEL_HOP_SAMPLES = 160
ENCODER_FRAMES_PER_SECOND = 50
MAX_TOKENS = 448
MAX_PROMPT_TOKENS = MAX_TOKENS // 2 - 1
SAMPLED_HYPOTHESES = 5
DEMO_WINDOW_S = 12.0
"""The demo model is more exact in these than in full windows: 0.8 % of words wrong in a synthetic hour, not 1.0 %."""
DEMO_NOTICE = "the demo model knows synthetic voices and about a thousand words; it is not meant for human speech"

ENGLISH: Mapping[str, float] = {"en": 1.0}
"""The languages of a window to a model that knows no other."""
OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word after and the word before; Whisper's own lists."""


class Whisper(ABC):
    """What a `Recognizer` is by being a Whisper, whoever computes it."""

    temperatures = (0.2, 0.4, 0.6, 0.8)
    ignores = ()

    @property
    @abstractmethod
    def model(self) -> str:
        """The size, folder or hub id that is used."""

    @property
    @abstractmethod
    def _folder(self) -> Path: ...

    @property
    def window_s(self) -> float:
        return DEMO_WINDOW_S if self.model == hub.DEMO else float(WINDOW_S)

    @property
    def notice(self) -> str | None:
        return DEMO_NOTICE if self.model == hub.DEMO else None

    @cached_property
    def _fingerprint(self) -> str:
        """Of the weights; taken once, for every recording asks for it."""
        return fingerprint(self._folder)


def tokenizer_for(pieces: Any, model: str, options: WordOptions, *, multilingual: bool) -> Any:
    """faster-whisper's `Tokenizer` for a language and a task.

    Args:
        pieces: the `tokenizers.Tokenizer` of the model.
        model: its name, for errors.
        options: `language` and `task` are heeded.
        multilingual: whether the model knows other languages than English.

    Raises:
        OptionError: a language or a task that the model does not know.
    """
    from faster_whisper.tokenizer import Tokenizer

    if not multilingual and (options.language not in (None, "en") or options.task == "translate"):
        raise OptionError(f"{model}: this model knows only English (--language en); give a multilingual --model")
    try:
        return Tokenizer(pieces, multilingual, options.task, options.language)
    except ValueError as error:
        raise OptionError(f"--language {options.language}: Whisper does not know it; give a code such as en") from error


def prompt_of(tokenizer: Any, options: WordOptions) -> list[int]:
    """What a window's decoding begins with: hotwords and initial prompt as text gone before, language and task."""
    said = " ".join(part.strip() for part in (options.hotwords, options.initial_prompt) if part)
    before = tokenizer.encode(f" {said}")[-MAX_PROMPT_TOKENS:] if said else []
    start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    return [tokenizer.sot_prev, *before, *start] if before else start


def compression_ratio(text: str) -> float:
    """How much zlib shrinks a text; Whisper's mark of a loop is more than 2.4.

    >>> compression_ratio("on and on and on and on and on and on and on and on and on") > 2.4
    True
    """
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 1.0


def words_of(tokenizer: Any, tokens: list[int], aligned: Any) -> tuple[Word, ...]:
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
