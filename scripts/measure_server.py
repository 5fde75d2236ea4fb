"""Measures what readers of a server feel while it transcribes: 50 clients that poll and listen, two transcriptions.

    python scripts/measure_server.py [--minutes 10] [--clients 50] [--model demo] [--json]

A server of its own is started on this machine, over a library in a temporary folder, with two workers that always have
something to do: the recording of the project, each time with another prompt, so that nothing is found done already.
Most clients ask once a second for one of the things that the page asks for; every fifth listens to events instead, and
every tenth sends a recording again and again. Told are the times of the reads, how many answers were none, whether a
job that was taken is missing or did not end, and the memory of the server and of each child, from the time when
everything has run once to the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

EXAMPLE = Path(__file__).parents[1] / "examples" / "episode.flac"
WORKERS = 2
PAUSE_S = 1.0
LISTENS, SENDS = 5, 10
"""Every so many clients."""
MIB = 2**20


@dataclass
class Measured:
    """What was seen; times are of reads, from the request to the last byte, in milliseconds, and memory in MiB."""

    minutes: float
    clients: int
    reads: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    worst_ms: float = 0.0
    events: int = 0
    wrong: list[str] = field(default_factory=list)
    jobs: int = 0
    done: int = 0
    lost: int = 0
    server_mib: tuple[float, float] = (0.0, 0.0)
    children_mib: tuple[float, float] = (0.0, 0.0)


class Load:
    """The clients of one server, until a time of the loop's clock."""

    def __init__(self, client: httpx.AsyncClient, until_s: float, measured: Measured) -> None:
        self._client, self._until_s, self._measured = client, until_s, measured
        self.times: list[float] = []
        self.jobs: dict[str, str] = {}
        self.episode: int | None = None

    async def read(self, seed: int) -> None:
        """Polls, as the page does."""
        chosen = random.Random(seed)
        while time.monotonic() < self._until_s:
            paths = ["/api/jobs", "/api/episodes", "/api/search?q=river", "/api/server", "/health"]
            if self.episode:
                paths += [f"/api/episodes/{self.episode}{part}" for part in ("", "/peaks", "/corrections")]
            await self._timed(chosen.choice(paths))
            await asyncio.sleep(PAUSE_S * chosen.uniform(0.5, 1.5))

    async def listen(self) -> None:
        """Listens to all jobs."""
        while time.monotonic() < self._until_s:
            try:
                async with self._client.stream("GET", "/api/jobs/events") as events:
                    async for line in events.aiter_lines():
                        self._measured.events += line.startswith("data: ")
                        if time.monotonic() >= self._until_s:
                            return
            except httpx.HTTPError as error:
                self._measured.wrong.append(f"events: {type(error).__name__}")

    async def send(self, number: int) -> None:
        """Hands recordings in, one when the other has ended: there is always work."""
        count = 0
        while time.monotonic() < self._until_s:
            count += 1
            options = {"options": json.dumps({"initial_prompt": f"Client {number}, recording {count}."})}
            try:
                files = {"file": (f"{number}-{count}.flac", EXAMPLE.read_bytes())}
                answer = await self._client.post("/api/jobs", files=files, data=options)
                job = answer.json()["id"]
            except (httpx.HTTPError, KeyError) as error:
                self._measured.wrong.append(f"upload: {type(error).__name__}")
                continue
            self.jobs[job] = "waiting"
            while self.jobs[job] in ("waiting", "running") and time.monotonic() < self._until_s:
                await asyncio.sleep(PAUSE_S)
                await self._look(job)

    async def end(self) -> None:
        """Cancels what still waits, and asks what became of every job that was taken."""
        for job, state in self.jobs.items():
            if state in ("waiting", "running"):
                await self._client.delete(f"/api/jobs/{job}")
            await self._look(job)

    async def _look(self, job: str) -> None:
        found = await self._timed(f"/api/jobs/{job}")
        if found:
            self.jobs[job] = found["state"]
            self.episode = found["episode"] or self.episode

    async def _timed(self, path: str) -> Any:
        began = time.perf_counter()
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as error:
            self._measured.wrong.append(f"{path}: {type(error).__name__}")
            return None
        self.times.append(time.perf_counter() - began)
        if answer.status_code != 200:
            self._measured.wrong.append(f"{path}: {answer.status_code}")
            return None
        return answer.json()


async def measured(url: str, process: psutil.Process, minutes: float, clients: int) -> Measured:
    """Puts the load on a server, and looks at it."""
    found = Measured(minutes, clients)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        load = Load(client, time.monotonic() + 60 * minutes, found)
        tasks = [_task(load, number) for number in range(clients)]
        running = asyncio.gather(*tasks)
        before = await _memory_once_warm(load, process, running)
        await running
        after = _memory(process)
        await load.end()
    times = sorted(load.times)
    found.reads, found.jobs = len(times), len(load.jobs)
    found.p50_ms, found.p95_ms = (round(1000 * times[int(len(times) * share)], 1) for share in (0.5, 0.95))
    found.worst_ms = round(1000 * times[-1], 1)
    found.done = sum(state == "done" for state in load.jobs.values())
    found.lost = sum(state not in ("done", "cancelled") for state in load.jobs.values())
    found.server_mib, found.children_mib = (before[0], after[0]), (before[1], after[1])
    return found


def _task(load: Load, number: int) -> Any:
    if number % SENDS == 0:
        return load.send(number)
    return load.listen() if number % LISTENS == 1 else load.read(number)


async def _memory_once_warm(load: Load, process: psutil.Process, running: asyncio.Future[Any]) -> tuple[float, float]:
    """The memory when so many jobs have ended that every worker has done some."""
    while not running.done() and sum(state == "done" for state in load.jobs.values()) < 2 * WORKERS:
        await asyncio.sleep(0.2)
    return _memory(process)


def _memory(process: psutil.Process) -> tuple[float, float]:
    children = [child.memory_info().rss for child in process.children(recursive=True)]
    return round(process.memory_info().rss / MIB, 1), round(sum(children) / MIB, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            sys.executable, "-m", "earwitness", "serve", "--port", "0", "--library", str(folder / "library.sqlite"),
            "--model", given.model, "--threads", "1", "--workers", str(WORKERS),
        ]  # fmt: skip
        environment = {**os.environ, "EARWITNESS_CACHE": str(folder / "cache")}
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        assert server.stderr
        try:
            line = next(line for line in server.stderr if "serves" in line)
            url = re.findall(r"http://[^;]+", line)[0]
            found = asyncio.run(measured(url, psutil.Process(server.pid), given.minutes, given.clients))
        finally:
            server.terminate()
            server.wait()
    told = asdict(found)
    print(json.dumps(told) if given.json else "\n".join(f"{name:>14}  {value}" for name, value in told.items()))


if __name__ == "__main__":
    main()
