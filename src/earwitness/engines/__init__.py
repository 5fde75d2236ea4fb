"""The only place that loads a model: tables of names, and the classes they stand for.

A new engine is one file here and one row below.
"""

from __future__ import annotations

import importlib
from typing import Any

from earwitness.engines.base import Recognizer, SpeechDetector, VoiceEmbedder
from earwitness.errors import OptionError
from earwitness.options import ModelOptions

RECOGNIZERS = {
    "faster-whisper": "earwitness.engines.faster_whisper:FasterWhisper",
    "pocketsphinx": "earwitness.engines.pocketsphinx:PocketSphinx",
    "fake": "earwitness.engines.fake:Fake",
}
DETECTORS = {"silero": "earwitness.engines.silero:Silero"}
EMBEDDERS = {"builtin": "earwitness.engines.mfcc_lda:MfccLda"}

AUTO = "auto"
DEFAULTS = {"recognizer": "faster-whisper", "detector": "silero", "embedder": "builtin"}


def recognizer(options: ModelOptions) -> Recognizer:
    """The engine that `options` name, not yet loaded: that happens when it first hears something."""
    engine: Recognizer = _made(RECOGNIZERS, "engine", options.engine, DEFAULTS["recognizer"])(options)
    return engine


def detector(name: str = AUTO) -> SpeechDetector:
    engine: SpeechDetector = _made(DETECTORS, "detector", name, DEFAULTS["detector"])()
    return engine


def embedder(name: str = AUTO) -> VoiceEmbedder:
    engine: VoiceEmbedder = _made(EMBEDDERS, "diarizer", name, DEFAULTS["embedder"])()
    return engine


def _made(table: dict[str, str], what: str, name: str, default: str) -> Any:
    row = table.get(default if name == AUTO else name)
    if row is None:
        raise OptionError(f"no {what} is called {name!r}; there are {', '.join((AUTO, *table))}")
    module, _, attribute = row.partition(":")
    return getattr(importlib.import_module(module), attribute)
