"""Whisper's tokens for a text, and those that say what is wanted of it."""

from __future__ import annotations

from typing import Any

from earwitness.engines.faster_whisper import MAX_PROMPT_TOKENS
from earwitness.errors import OptionError
from earwitness.options import WordOptions


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
        raise OptionError(f"{model}: this model knows only English; give a multilingual --model")
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
