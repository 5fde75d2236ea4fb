"""What a benchmark asks of a recogniser beside ours, and what all of them share.

To add one: a file here with a class that is a `Transcriber`, and a row in the table of `earwitness.evaluation.peers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FIXED_WINDOW_S = 30.0
"""With a fixed number of tokens both sides get windows of this length, whatever is in them."""
END_OF_TEXT = "<|endoftext|>"
MAX_FIXED_TOKENS = 224
"""Half of Whisper's context; the other half is for what went before."""
ITS_OWN = "its own"
OUR_DECODER = "earwitness's (its own needs the ffmpeg command)"


@dataclass(frozen=True)
class Request:
    """What a side is asked to do.

    `model` is a folder or file, `name` what people call it. `language` none asks to find it out, `device` is cpu or
    cuda, `compute_type` one of CTranslate2's. `tokens` fixes how many tokens every window yields; none leaves that to
    the model.
    """

    model: str
    name: str
    language: str | None
    beam_size: int
    batch_size: int
    threads: int
    device: str
    compute_type: str
    window_s: Seconds
    tokens: int | None = None


@dataclass(frozen=True)
class Said:
    """What came of one recording. `windows` is how often 30 s were encoded, where that can be seen, and `tokens` the
    tokens of each window where their number was fixed."""

    words: int
    windows: int | None = None
    tokens: tuple[int, ...] = ()


class Transcriber(Protocol):
    """A side that has loaded its model."""

    @property
    def settings(self) -> Mapping[str, str]:
        """How it does what was asked, in `settings_of`'s words."""
        ...

    def warm_up(self) -> None:
        """Whatever else is loaded only when something is heard."""
        ...

    def transcribe(self, recording: Path) -> Said: ...


def settings_of(request: Request, **own: str) -> dict[str, str]:
    """The settings that both sides print, in one order; `own` are those that differ from what was asked."""
    asked = {
        "model": request.name,
        "language": request.language or "detected",
        "beam_size": str(request.beam_size),
        "batch_size": str(request.batch_size),
        "threads": str(request.threads),
        "encoder": ITS_OWN,
        "arithmetic": f"{request.compute_type} on {request.device}",
        "windows": f"speech, up to {request.window_s:g} s",
        "speech_detection": "Silero",
        "second_tries": "none",
        "tokens_a_window": "as the model ends",
        "word_times": "cross-attention",
        "decoder": ITS_OWN,
    }
    fixed = {
        "windows": f"all of it, each {FIXED_WINDOW_S:g} s", "speech_detection": "none", "second_tries": "none",
        "tokens_a_window": str(request.tokens),
    }  # fmt: skip
    return {**asked, **own, **(fixed if request.tokens else {})}


def fixed_windows(duration: Seconds) -> list[tuple[Seconds, Seconds]]:
    """All of a recording in windows of 30 s.

    >>> fixed_windows(70.0)
    [(0.0, 30.0), (30.0, 60.0), (60.0, 70.0)]
    """
    starts = np.arange(0.0, duration, FIXED_WINDOW_S).tolist()
    return [(start, min(start + FIXED_WINDOW_S, duration)) for start in starts]


def other_than_text(tokenizer: Any) -> list[int]:
    """The ids of a `tokenizers.Tokenizer` that end, mark or time a text: all that come after its words."""
    return list(range(tokenizer.token_to_id(END_OF_TEXT), tokenizer.get_vocab_size()))


def max_length(tokens: int, prompt: int) -> int:
    """The `max_length` that makes CTranslate2 stop after `tokens`: it takes half of it, and no more than the prompt
    leaves.

    >>> max_length(60, 4), max_length(2, 4)
    (120, 6)
    """
    return max(2 * tokens, prompt + tokens)


def faint_noise() -> FloatArray:
    """A second to warm up on; silence itself is skipped by some."""
    return np.random.default_rng(0).normal(0.0, 1e-3, SAMPLE_RATE_HZ).astype(np.float32)
