"""Parts of hub repositories: the folder of one in the cache, brought there unless it is or must not be.

Every large file that comes is compared with the hub's hash, and a download that was broken off goes on where it was
(`earwitness.engines.hub_files`). All that can go wrong is said in one line with the remedy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from earwitness.engines import hub_files
from earwitness.errors import ModelError, reason

WEIGHTS = (("model*.safetensors",), ("pytorch_model*.bin",))
"""Which files of a checkpoint of transformers hold the weights, the safer ones first."""
SETTINGS = ("*.json", "*.model", "*.txt")
"""The other files: settings and vocabularies."""
GATED = (
    "{name}: {hub_id} is gated, and the hub does not know you as somebody who may read it; (1) accept its conditions "
    "on https://huggingface.co/{hub_id}, (2) create a token that may read on https://huggingface.co/settings/tokens, "
    "(3) give it with `hf auth login` or in the variable HF_TOKEN; or use {otherwise}"
)


@dataclass(frozen=True)
class Repository:
    """Part of a hub repository, at one commit where that is pinned; `files` may be patterns.

    `extras` are brought too, where there are any.
    """

    hub_id: str
    files: tuple[str, ...]
    revision: str | None = None
    extras: tuple[str, ...] = ()

    @property
    def patterns(self) -> list[str]:
        """All files that are wanted."""
        return [*self.files, *self.extras]


def whole_part(
    name: str,
    repositories: Sequence[Repository],
    remedy: str,
    otherwise: str,
    *,
    offline: bool = False,
    cache: Path | None = None,
) -> Path:
    """The folder of the first of some repositories that has all its files, downloaded unless it is there.

    Args:
        name: what the user asked for.
        repositories: the forms in which it may be had, best first.
        remedy: what the user can do where it cannot be had.
        otherwise: what to use in place of a repository that is closed to the user.
        offline: never ask the hub.
        cache: the hub's cache; none is the user's.

    Raises:
        ModelError: it is not here and cannot be had.
    """
    for repository in repositories:
        if cached := cached_part(repository, cache):
            return cached
    if offline:
        raise ModelError(f"{name}: this model is not in the cache and --offline forbids a download; {remedy}")
    for repository in repositories:
        with the_hub(name, remedy, gated=repository.hub_id, otherwise=otherwise):
            hub_files.fetch(repository.hub_id, repository.patterns, repository.revision, cache)
        if cached := cached_part(repository, cache):
            return cached
    wanted = " nor ".join(" and ".join(repository.files) for repository in repositories)
    raise ModelError(f"{name}: the hub has {repositories[0].hub_id}, but not its {wanted}; {remedy}")


def cached_part(repository: Repository, cache: Path | None = None) -> Path | None:
    """The folder of a repository in the cache, or none where any of its files is missing; the hub is not asked."""
    hub = _Hub()
    try:
        folder = Path(
            hub.snapshot_download(
                repository.hub_id,
                revision=repository.revision,
                allow_patterns=repository.patterns,
                local_files_only=True,
                cache_dir=cache,
            )
        )
    except (OSError, ValueError):
        return None
    found = all(any(folder.rglob(pattern)) for pattern in repository.files)
    return folder if found and _has_all_parts(folder, repository) else None


def _has_all_parts(folder: Path, repository: Repository) -> bool:
    """Whether weights that an index lays into several of the wanted files are all there."""
    indices = (json.loads(index.read_bytes()).get("weight_map", {}) for index in folder.glob("*.index.json"))
    parts = {part for index in indices for part in index.values()}
    wanted = {part for part in parts if any(fnmatch(part, pattern) for pattern in repository.files)}
    return all((folder / part).exists() for part in wanted)


def local_folder(model: str, hub_id: str, asked: str) -> Path | None:
    """The folder that a model's name is, or none where it names a repository of the hub.

    Args:
        model: as the user wrote it; no shell expands a ~ behind a colon.
        hub_id: the part of it that would be a repository.
        asked: the option and its value, for the error.

    Raises:
        ModelError: it is neither.
    """
    path = Path(os.path.expanduser(model))  # noqa: PTH111  (pathlib raises where there is no such user)
    if path.is_dir():
        return path
    if path.exists() or not is_hub_id(hub_id):
        raise ModelError(f"{asked}: neither a folder nor a hub id; check the path")
    return None


def is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


class _Hub:
    """huggingface_hub, imported when it is needed and told to send no telemetry."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import snapshot_download

        self.snapshot_download = snapshot_download


@contextmanager
def the_hub(name: str, remedy: str, *, gated: str | None = None, otherwise: str = "") -> Iterator[_Hub]:
    """The hub, with all that can go wrong there said in one line.

    `gated` names a repository that may be closed, `otherwise` what to use in its place.
    """
    hub = _Hub()
    try:
        yield hub
    except ModelError:
        raise
    except Exception as error:  # the hub's client raises some thirty kinds, several of them only by its HTTP library
        if gated and _is_gated(error):
            raise ModelError(GATED.format(name=name, hub_id=gated, otherwise=otherwise)) from error
        raise ModelError(f"{name}: the hub did not give this model ({reason(error)}); {remedy}") from error


def _is_gated(error: BaseException | None) -> bool:
    """Whether the hub refused somebody it does not know, or who has not accepted a model's conditions."""
    from huggingface_hub.errors import GatedRepoError

    return error is not None and (
        isinstance(error, GatedRepoError) or _is_gated(error.__cause__) or _is_gated(error.__context__)
    )
