"""AudioMAE."""

from __future__ import annotations

from pathlib import Path

from earwitness.engines.repositories import WEIGHTS as OF_TRANSFORMERS

WEIGHTS = (*OF_TRANSFORMERS, ("pretrained.pth",))


def is_published(folder: Path) -> bool:
    """Whether a checkpoint is laid out as its authors or timm publish it."""
    return not (folder / "config.json").exists()
