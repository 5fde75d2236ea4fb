"""The formats in which Whisper is to be had: where the hub keeps each size, and of which files it consists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness.engines import conversion

HUB_IDS = {
    "tiny": "Systran/faster-whisper-tiny",
    "tiny.en": "Systran/faster-whisper-tiny.en",
    "base": "Systran/faster-whisper-base",
    "base.en": "Systran/faster-whisper-base.en",
    "small": "Systran/faster-whisper-small",
    "small.en": "Systran/faster-whisper-small.en",
    "medium": "Systran/faster-whisper-medium",
    "medium.en": "Systran/faster-whisper-medium.en",
    "large-v1": "Systran/faster-whisper-large-v1",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
}
ALIASES = {"large": "large-v3", "large-v3-turbo": "turbo"}

ORIGINAL_IDS = {
    "tiny": "openai/whisper-tiny",
    "tiny.en": "openai/whisper-tiny.en",
    "base": "openai/whisper-base",
    "base.en": "openai/whisper-base.en",
    "small": "openai/whisper-small",
    "small.en": "openai/whisper-small.en",
    "medium": "openai/whisper-medium",
    "medium.en": "openai/whisper-medium.en",
    "large-v1": "openai/whisper-large",
    "large-v2": "openai/whisper-large-v2",
    "large-v3": "openai/whisper-large-v3",
    "turbo": "openai/whisper-large-v3-turbo",
    "distil-small.en": "distil-whisper/distil-small.en",
    "distil-medium.en": "distil-whisper/distil-medium.en",
    "distil-large-v2": "distil-whisper/distil-large-v2",
    "distil-large-v3": "distil-whisper/distil-large-v3",
}


@dataclass(frozen=True)
class Form:
    """A format of Whisper checkpoints: under which ids the hub has them, and of which files they consist.

    `files` are patterns; any one of `weights` has to be among them.
    """

    kind: str
    ids: Mapping[str, str]
    files: tuple[str, ...]
    weights: tuple[str, ...]

    def hub_id(self, name: str) -> str:
        """The hub id of a size, or the name itself."""
        return self.ids.get(ALIASES.get(name, name), name)

    def is_whole(self, folder: Path) -> bool:
        """Whether a folder has all weights; an index names the parts they lie in."""
        for name in self.weights:
            if (folder / name).exists():
                parts = json.loads((folder / name).read_bytes())["weight_map"] if name.endswith(".json") else {}
                return (folder / "config.json").exists() and all((folder / part).exists() for part in parts.values())
        return False


CTRANSLATE2 = Form(
    conversion.CTRANSLATE2,
    HUB_IDS,
    ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"),
    ("model.bin",),
)
_TEXTS = ("config.json", "generation_config.json", "tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json")
TRANSFORMERS = Form(
    conversion.TRANSFORMERS,
    ORIGINAL_IDS,
    (*_TEXTS, "model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json"),
    ("model.safetensors", "model.safetensors.index.json"),
)
PICKLED = Form(
    conversion.TRANSFORMERS,
    {},
    (*_TEXTS, "pytorch_model.bin", "pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
"""Older checkpoints of transformers."""
FORMS = {"faster-whisper": CTRANSLATE2, "transformers": TRANSFORMERS}
"""What the engines want that have models of their own."""
