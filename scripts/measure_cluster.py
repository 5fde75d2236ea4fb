"""Measures how much of two workers' time a Ray cluster turns into work: one single-core node beside two.

    python scripts/measure_cluster.py RECORDING... [--model demo] [--beam-size 5] [--rounds 3] [--json]

Every run starts a cluster of its own on this machine, one node or two in turn, with the same recordings and nothing
kept from run to run. Each node is a raylet whose processes may use one core only, so two cores are needed; the driver
and Ray's own services share them. The clock runs from when all workers are ready until the last recording is written.

Efficiency is the time on one node over twice that on two. On a machine that others use, trust the other column: what
the work costs on one node over what it costs on two (in seconds of the workers' processor), times the share of the time
in which the workers had something to do (ran, or waited for their core). It is what the clock would show on a machine
where nothing else waits for these cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from threading import Event, Thread
from typing import Any

import psutil

WATCH_S = 0.1
MEMORY_BYTES = 256 * 2**20
"""Of a node's object store: enough for an hour's sound."""


@dataclass(frozen=True)
class Run:
    """One run; processor seconds of all workers together, and the share of their time in which they had work."""

    nodes: int
    wall_s: float
    cpu_s: float
    busy: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    runs = []
    for number in range(given.rounds):
        order = (1, 2) if number % 2 == 0 else (2, 1)
        for nodes in order:
            runs.append(measured(nodes, given))
            if not given.json:
                print(runs[-1], flush=True)
    ones, twos = ([run for run in runs if run.nodes == nodes] for nodes in (1, 2))
    by_clock = [one.wall_s / (2 * two.wall_s) for one, two in zip(ones, twos, strict=True)]
    by_work = [one.cpu_s / two.cpu_s * two.busy / one.busy for one, two in zip(ones, twos, strict=True)]
    if given.json:
        print(json.dumps({"runs": [asdict(run) for run in runs], "by_clock": by_clock, "by_work": by_work}))
    else:
        for name, found in (("by the clock", by_clock), ("by the work", by_work)):
            print(f"efficiency {name}: median {median(found):.1%} ({min(found):.1%} to {max(found):.1%})")


def measured(nodes: int, given: argparse.Namespace) -> Run:
    """All recordings on a cluster with so many nodes of one core."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ew")
    from ray.cluster_utils import Cluster

    from earwitness.batch import Job, transcribe_all
    from earwitness.options import Options
    from earwitness.source import find

    allowed = sorted(os.sched_getaffinity(0))
    cluster: Any = None
    small = {"num_cpus": 1, "object_store_memory": MEMORY_BYTES}
    try:
        for core in allowed[:nodes]:
            os.sched_setaffinity(0, {core})  # what a node starts stays on its core
            if cluster is None:
                cluster = Cluster(initialize_head=True, head_node_args={**small, "include_dashboard": False})
            else:
                cluster.add_node(**small)
        os.sched_setaffinity(0, allowed)
        with tempfile.TemporaryDirectory() as out:
            options = Options.of(model=given.model, beam_size=given.beam_size, threads=1)
            job = Job(options, Path(out), ("json", "txt", "srt"), None)
            meter = Meter(nodes)
            say = lambda line: meter.start() if line.startswith("ready") else print(line)  # noqa: E731
            for outcome in transcribe_all(find(given.recordings), job, ray=cluster.address, say=say):
                if outcome.error:
                    raise SystemExit(outcome.error)
                meter.look()
            return Run(nodes, *meter.found())
    finally:
        os.sched_setaffinity(0, allowed)
        if cluster:
            cluster.shutdown()
        shutil.rmtree(os.environ.pop("RAY_TMPDIR"), ignore_errors=True)


class Meter:
    """What the clock says and what the workers did, from `start` until the last `look`."""

    def __init__(self, nodes: int) -> None:
        self._nodes, self._began, self._ended = nodes, (0.0, 0.0), (0.0, 0.0)
        self._busy: list[float] = []
        self._stopped = Event()
        self._watching = Thread(target=self._watch)

    def start(self) -> None:
        self._began = time.perf_counter(), sum(map(_cpu_s, _workers()))
        self._watching.start()

    def look(self) -> None:
        """Workers are gone when the last outcome is, so each is looked at."""
        self._ended = time.perf_counter(), sum(map(_cpu_s, _workers()))

    def found(self) -> tuple[float, float, float]:
        self._stopped.set()
        self._watching.join()
        wall_s, cpu_s = (end - begin for begin, end in zip(self._began, self._ended, strict=True))
        return wall_s, cpu_s, mean(self._busy)

    def _watch(self) -> None:
        while not self._stopped.wait(WATCH_S):
            self._busy.append(sum(map(_has_work, _workers())) / self._nodes)


def _workers() -> list[Path]:
    """Those of this cluster, whose raylets this process has started."""
    return [Path(f"/proc/{one.pid}") for one in psutil.Process().children(recursive=True) if _title(one) == b"ray::W"]


def _title(process: psutil.Process) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes()[:6]
    except OSError:
        return b""


def _cpu_s(process: Path) -> float:
    fields = _stat(process)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _has_work(process: Path) -> bool:
    """Whether any of its threads runs or waits for the core, or for a disk."""
    return any(_stat(thread)[0] in "RD" for thread in (process / "task").iterdir())


def _stat(process: Path) -> list[str]:
    """The state and what follows it; that of a thread that has ended in case it has just done so."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X"]


if __name__ == "__main__":
    main()
