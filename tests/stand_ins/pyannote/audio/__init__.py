"""A stand-in for pyannote.audio 4, whose libraries do not load beside CPU builds of torch.

It has the calls that the adapter makes and the result types that pyannote gives, with its own annotations.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyannote.core import Annotation

METRICS = os.environ.get("PYANNOTE_METRICS_ENABLED")
"""As it was when this was imported, which is when pyannote decides."""


@dataclass
class DiarizeOutput:
    speaker_diarization: Annotation
    exclusive_speaker_diarization: Annotation
    speaker_embeddings: Any = None


class Pipeline:
    answer: Any = None
    made: list[Pipeline] = []  # noqa: RUF012 - what a test looks at

    def __init__(self, folder: Path) -> None:
        self.folder, self.device = folder, ""
        self.calls: list[dict[str, Any]] = []
        Pipeline.made.append(self)

    @classmethod
    def from_pretrained(cls, checkpoint: Path) -> Pipeline | None:
        if (checkpoint / "config.yaml").read_text() == "broken":
            raise ValueError("no such class\nTraceback")
        return cls(checkpoint)

    def to(self, device: str) -> None:
        self.device = device

    def __call__(self, file: dict[str, Any], hook: Callable[..., None] | None = None, **options: Any) -> Any:
        self.calls.append({**file, **options})
        if hook:
            hook("segmentation", None, total=2, completed=1, file=file)
            hook("segmentation", object(), file=file)
            hook("embeddings", None, total=4, completed=4, file=file)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
