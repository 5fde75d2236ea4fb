"""How much memory a process and all that it starts take."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from earwitness.extras import require

SAMPLE_EVERY_S = 0.05
LOOK_FOR_CHILDREN_EVERY_S = 0.5
"""Finding a process's children means reading the table of all processes; a child's memory is not that hasty."""


def watch(process: subprocess.Popen[bytes]) -> int:
    """Waits for a process, and tells the highest sum of resident memory of it and its descendants, in bytes.

    Pages that processes share count in each of them, and so do pages of files that are mapped, such as decoded audio.
    Memory held for less than the 50 ms between two looks can be missed. However the waiting ends, no process of the
    tree is left behind.

    Raises:
        ExtraError: psutil is not installed.
    """
    psutil = require("psutil")
    tree: list[Any] = []
    peak, looked = 0, -LOOK_FOR_CHILDREN_EVERY_S
    try:
        while process.poll() is None:
            if time.monotonic() - looked >= LOOK_FOR_CHILDREN_EVERY_S:
                tree, looked = _tree(process.pid), time.monotonic()
            peak = max(peak, sum(map(_resident, tree)))
            try:
                process.wait(SAMPLE_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
    finally:
        # Once the process is reaped its number may be another's; those in `tree` know that they are gone.
        for member in _tree(process.pid) if process.poll() is None else tree:
            try:
                member.kill()
            except psutil.Error:
                continue
        process.wait()
    return peak


def _tree(pid: int) -> list[Any]:
    psutil = require("psutil")
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(process: Any) -> int:
    try:
        return int(process.memory_info().rss)
    except require("psutil").Error:  # it ended between two looks
        return 0
