"""earwitness: recorded speech in, a transcript you can check out.

    source -> audio -> regions -> words -> speakers -> segments -> chapters -> summary -> exports

    from earwitness import transcribe
    transcript = transcribe("episode.mp3", speakers=2)
    for turn in transcript.turns: ...

Every stage is a module of that name and can be run alone; `pipeline.run` joins them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from earwitness.errors import EarwitnessError as EarwitnessError
    from earwitness.exports import save as save
    from earwitness.options import Options as Options
    from earwitness.pipeline import transcribe as transcribe
    from earwitness.types import Transcript as Transcript

_HOMES = {
    "EarwitnessError": "earwitness.errors",
    "Options": "earwitness.options",
    "Transcript": "earwitness.types",
    "save": "earwitness.exports",
    "transcribe": "earwitness.pipeline",
}
__all__ = ["EarwitnessError", "Options", "Transcript", "__version__", "save", "transcribe"]


def __getattr__(name: str) -> Any:
    """Public names load their modules when they are first used, so that importing the package stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'earwitness' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
