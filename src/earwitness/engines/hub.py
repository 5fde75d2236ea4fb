"""Model names to folders: what ships with the package, what the user has, what the hub has.

A name is `demo`, a Whisper size, a folder, or a hub id such as `Systran/faster-whisper-small`. Nothing is asked of the
hub that the cache can answer, and nothing at all with `offline`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from earwitness.errors import ModelError

DEMO = "demo"
AUTO = "auto"

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

FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
"""What a CTranslate2 Whisper needs of its repository."""

REMEDIES = (
    "run `earwitness models download {name}` on a connected machine and copy its cache, give a folder with "
    "--model FOLDER, or make a rough draft with --engine pocketsphinx"
)


@dataclass(frozen=True)
class Model:
    """A model that can be named. `size_bytes` is what it takes on disk, none where that is not known."""

    name: str
    engine: str
    bundled: bool
    cached: bool
    size_bytes: int | None


def find(name: str, *, offline: bool = False) -> Path:
    """The folder of a named model, downloaded unless it is there or `offline` is set.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    if name == DEMO:
        return demo_folder()
    if Path(name).is_dir():
        return _checked(Path(name))
    hub_id = HUB_IDS.get(ALIASES.get(name, name), name)
    if "/" not in hub_id or name.startswith((".", "/", "~")) or hub_id.count("/") > 1:
        known = ", ".join(("auto", DEMO, *HUB_IDS))
        raise ModelError(f"{name}: neither a folder nor a known model; known are {known}, or give a hub id")
    if cached := cached_folder(hub_id):
        return cached
    if offline:
        raise ModelError(f"{name}: this model is not in the cache and --offline forbids a download; {_remedy(name)}")
    return download(name)


def download(name: str) -> Path:
    """Brings a model from the hub into its cache; what is already there is kept, and verified by the hub's hashes.

    Raises:
        ModelError: the hub cannot be reached, or does not have it.
    """
    hub_id = HUB_IDS.get(ALIASES.get(name, name), name)
    with _hub(name) as hub:
        return _checked(Path(hub.snapshot_download(hub_id, allow_patterns=list(FILES))))


def cached_folder(hub_id: str) -> Path | None:
    """The folder of a hub model in the local cache, or none where any of its files is missing."""
    with _hub(hub_id) as hub:
        try:
            folder = Path(hub.snapshot_download(hub_id, allow_patterns=list(FILES), local_files_only=True))
        except (OSError, ValueError):
            return None
    return folder if (folder / "model.bin").exists() and (folder / "config.json").exists() else None


def choose(device: str, *, offline: bool) -> str:
    """What `--model auto` stands for here: the best model that this machine runs faster than people speak.

    A cached model that is good enough is preferred to a download.

    Raises:
        ModelError: none is cached and the hub cannot be reached.
    """
    wanted = _comfortable(device)
    for name in wanted:
        if cached_folder(HUB_IDS[name]):
            return name
    if not offline:
        try:
            download(wanted[0])
        except ModelError as error:
            raise ModelError(
                f"--model auto: no Whisper model is here and the hub cannot be reached; {_remedy(wanted[0])}"
            ) from error
        return wanted[0]
    raise ModelError(f"--model auto: no Whisper model is in the cache; {_remedy(wanted[0])}")


def _comfortable(device: str) -> tuple[str, ...]:
    """Sizes that run comfortably, best first; `small` on a CPU wants four cores to keep well ahead of speech."""
    if device == "cuda":
        return ("turbo", "large-v3", "small", "base", "tiny")
    return ("small", "base", "tiny") if (os.cpu_count() or 1) >= 4 else ("base", "small", "tiny")


def catalogue() -> tuple[Model, ...]:
    """Every model that has a name of its own, and where it is."""
    demo = Model(DEMO, "faster-whisper", bundled=True, cached=True, size_bytes=_size(demo_folder()))
    rows = [demo]
    for name, hub_id in HUB_IDS.items():
        folder = cached_folder(hub_id)
        rows.append(Model(name, "faster-whisper", False, folder is not None, _size(folder) if folder else None))
    return tuple(rows)


def demo_folder() -> Path:
    """The small Whisper that ships with the package."""
    return Path(str(resources.files("earwitness.engines") / "data" / "whisper-demo"))


def _checked(folder: Path) -> Path:
    if (folder / "model.safetensors").exists() and not (folder / "model.bin").exists():
        raise ModelError(
            f"{folder}: this is a transformers checkpoint; convert it with "
            "`ct2-transformers-converter --model FOLDER --output_dir NEW --copy_files tokenizer.json "
            "preprocessor_config.json`"
        )
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"{folder}: not a CTranslate2 Whisper folder, {' and '.join(missing)} missing; give another --model"
        )
    return folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _remedy(name: str) -> str:
    return REMEDIES.format(name=name)


class _Hub:
    """huggingface_hub, imported when it is needed and told to send no telemetry."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import snapshot_download

        self.snapshot_download = snapshot_download


@contextmanager
def _hub(name: str) -> Iterator[_Hub]:
    """The hub, with all that can go wrong there said in one line."""
    hub = _Hub()
    try:
        yield hub
    except ModelError:
        raise
    except Exception as error:  # the hub's client raises some thirty kinds, several of them only by its HTTP library
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{name}: the hub did not give this model ({reason}); {_remedy(name)}") from error
