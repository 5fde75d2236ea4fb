"""A hub cache in its real layout, and a hub that cannot be reached, so that the real client can be used on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.engines import hub


def use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Makes `folder` the cache of huggingface_hub, and its hub one that nobody answers for."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


def snapshot(cache: Path, hub_id: str, revision: str | None = None) -> Path:
    """The folder in which the cache keeps a repository at a commit; without one, what `main` stands for."""
    commit = revision or "0" * 40
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    if revision is None:
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / "main").write_text(commit)
    folder = repository / "snapshots" / commit
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own(cache: Path, diarizer: str) -> Path:
    """The folder for the model that a diarizer takes unless told otherwise."""
    repository = hub.VOICES[diarizer]
    return snapshot(cache, repository.hub_id, repository.revision)
