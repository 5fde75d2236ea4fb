"""Files of the hub, so that a broken download goes on where it was and what comes is what the hub promised.

The hub's client begins a broken file again and compares lengths only (huggingface_hub 2.4, `_download_to_tmp_and_move`
and `http_get`). The hub names every large file by its SHA-256, and so does the client's cache: large files are put
there, checked, before the client looks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

from earwitness.errors import ModelError


def repository_folder(hub_id: str) -> str:
    """What the hub's client calls a repository in its cache."""
    return f"models--{hub_id.replace('/', '--')}"


def fetch(hub_id: str, files: Sequence[str], revision: str | None = None, cache: Path | None = None) -> Path:
    """The folder of a repository in the hub's cache (none is the user's), with all files of these patterns.

    Raises:
        ModelError: a file is not what its hash says.
        Exception: whatever the hub's client raises; `earwitness.engines.hub` puts it in one line.
    """
    from huggingface_hub import HfApi, constants, hf_hub_url, snapshot_download
    from huggingface_hub.utils import WeakFileLock, filter_repo_objects

    info = HfApi().model_info(hub_id, revision=revision, files_metadata=True)
    large = {file.rfilename: file.lfs for file in info.siblings or () if file.lfs}
    repository = repository_folder(hub_id)
    root = Path(cache or constants.HF_HUB_CACHE)
    blobs, locks = root / repository / "blobs", root / ".locks" / repository
    for folder in (blobs, locks):
        folder.mkdir(parents=True, exist_ok=True)
    for name in filter_repo_objects(large, allow_patterns=list(files)):
        blob = blobs / large[name].sha256
        # The client's own lock: of several workers that want a model, one brings it and the others wait.
        with WeakFileLock(locks / f"{blob.name}.lock"):
            if not blob.exists():
                _fetch(hf_hub_url(hub_id, name, revision=info.sha), blob, large[name].size, f"{hub_id}/{name}")
    return Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(files), cache_dir=cache))


def _fetch(url: str, blob: Path, size: int, name: str) -> None:
    """Brings one file under its hash; what an earlier, broken run left of it is not asked for again."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    part = blob.with_name(f"{blob.name}.part")
    part.touch()
    with part.open("r+b") as file:
        begun = min(file.seek(0, 2), size)
        file.truncate(begun)
        file.seek(begun)
        http_get(url, file, resume_size=begun, headers=build_hf_headers(), expected_size=size, displayed_filename=name)
    if not _is_sound(part, blob.name):
        part.unlink()
        raise ModelError(f"{name}: what the hub sent is not what its hash says; download it again")
    part.replace(blob)


def damaged(folder: Path) -> list[Path]:
    """The files behind a folder of the hub's cache whose content is not what their names say.

    Only large files are named by a hash of their content; a folder of the user's own has none of these.
    """
    files = {path.resolve() for path in folder.rglob("*") if path.is_file()}
    return sorted(path for path in files if re.fullmatch("[0-9a-f]{64}", path.name) and not _is_sound(path, path.name))


def _is_sound(path: Path, sha256: str) -> bool:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == sha256
