"""A process for every run of a benchmark: started, watched, and asked what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from earwitness import errors
from earwitness.errors import EarwitnessError, ModelError
from earwitness.evaluation.bench_worker import Run, Task
from earwitness.evaluation.memory import watch
from earwitness.extras import require
from earwitness.values import from_plain, to_plain

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def measure(task: Task) -> Run:
    """Runs a task in a fresh process, and watches its memory.

    Raises:
        EarwitnessError: what it said went wrong, or that it died.
    """
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as name:
        folder = Path(name)
        (folder / "task.json").write_text(json.dumps(to_plain(task)), encoding="utf-8")
        variables = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(task.options.model.threads))}
        # -P: a folder called like a package, where the user happens to be, is not imported.
        command = [sys.executable, "-P", "-m", "earwitness.evaluation.bench_worker", name]
        with (folder / "said.txt").open("wb") as said:
            before = _idle_and_used()
            process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=variables
            )
            peak_bytes = watch(process)
            others = _others(before, _idle_and_used())
        run = _answer(task, folder, process.returncode)
    return replace(run, peak_mib=round(peak_bytes / 2**20, 1), others=round(others, 3))


def _answer(task: Task, folder: Path, status: int) -> Run:
    try:
        answer = json.loads((folder / "answer.json").read_bytes())
    except OSError:
        lines = (folder / "said.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise ModelError(
            f"{task.side}: its process ended with status {status} ({lines[-1] if lines else 'it said nothing'})"
        ) from None
    if "error" in answer:
        kind: type[EarwitnessError] = getattr(errors, answer["error"])
        raise kind(answer["message"])
    run: Run = from_plain(Run, answer["run"])
    return run


def _idle_and_used() -> tuple[float, float, float]:
    """The clock, the seconds that all cores were idle, and those that we and the children we waited for took."""
    psutil = require("psutil")
    times = psutil.cpu_times()
    return time.monotonic(), times.idle + getattr(times, "iowait", 0.0), sum(psutil.Process().cpu_times()[:4])


def _others(before: tuple[float, float, float], after: tuple[float, float, float]) -> float:
    """The share of the machine's cores that neither idled nor worked for us."""
    wall, idle, ours = (later - earlier for later, earlier in zip(after, before, strict=True))
    return max(0.0, 1.0 - (idle + ours) / max(wall * (os.cpu_count() or 1), 1e-9))
