"""Where something was measured: without it a figure of speed means nothing."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from earwitness.cores import cores
from earwitness.evaluation.results import Machine
from earwitness.extras import require

PACKAGES = (
    "earwitness", "av", "numpy", "scipy", "faster-whisper", "ctranslate2", "onnxruntime", "kaldi-native-fbank",
    "pocketsphinx", "openvino", "torch", "transformers", "openai-whisper", "whisperx", "pyannote.audio",
)  # fmt: skip
"""Those that the time or the outcome of a run depends on."""


def machine() -> Machine:
    """This machine: `cores` are those that this process may use, `packages` the versions of what is installed.

    Raises:
        ExtraError: psutil is not installed.
    """
    psutil = require("psutil")
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=processor(),
        cores=cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name)) is not None},
    )


def processor() -> str:
    """The processor's name as its maker sells it, or the architecture where the system does not tell."""
    return _from_cpuinfo(Path("/proc/cpuinfo")) or _from_sysctl() or platform.processor() or platform.machine()


def _from_cpuinfo(path: Path) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}
    # "Model" and "Hardware" are what the kernels of ARM boards write.
    return next((facts[name] for name in ("model name", "Model", "Hardware") if facts.get(name)), None)


def _from_sysctl() -> str | None:
    command = shutil.which("sysctl")
    if platform.system() != "Darwin" or command is None:
        return None
    asked = [command, "-n", "machdep.cpu.brand_string"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or None  # noqa: S603


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
