"""Commands as users give them: in a process of their own, with a cache of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from earwitness.checkpoints import FOLDER_VARIABLE


def called(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`earwitness` in this folder, with its cache in it."""
    environment = {**os.environ, FOLDER_VARIABLE: str(place / "cache"), "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "earwitness", *arguments]
    return subprocess.run(command, capture_output=True, cwd=place, env=environment, text=True)
