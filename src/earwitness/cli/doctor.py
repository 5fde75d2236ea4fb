"""earwitness doctor"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from earwitness import __version__
from earwitness.checkpoints import default_folder
from earwitness.cli import tables
from earwitness.engines import hub

PACKAGES = (
    "av",
    "numpy",
    "scipy",
    "faster-whisper",
    "ctranslate2",
    "onnxruntime",
    "openvino",
    "torch",
    "transformers",
    "kaldi-native-fbank",
    "pocketsphinx",
    "espeakng-loader",
    "jiwer",
    "pyannote.audio",
    "pyannote.metrics",
)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is installed and which models can be used here."""
    found = {
        "earwitness": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **{name: _version(name) for name in PACKAGES},
        "models here": ", ".join(dict.fromkeys(model.name for model in hub.catalogue() if model.cached)),
        "cache": str(default_folder()),
        "cache size": f"{_size_bytes(default_folder()) / 1e6:.0f} MB",
    }
    if as_json:
        tables.print_json(found)
    else:
        tables.print_table(("what", "found"), list(found.items()))


def _size_bytes(folder: Path) -> int:
    """Of all files in it; those that go meanwhile count for nothing."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.lstat().st_size if path.is_file() else 0
    return size


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
