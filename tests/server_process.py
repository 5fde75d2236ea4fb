"""`earwitness serve` as users start it: a process of its own, which can be told to stop, and killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.server.settings import Settings

EXAMPLE = Path(__file__).parents[1] / "examples" / "episode.flac"
FAKE = ("--engine", "fake", "--threads", "1", "--summarizer", "extractive")
DEMO = ("--model", "demo", "--threads", "1", "--summarizer", "extractive")
START_S = 60.0
END_S = 120.0
ENDS = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Served:
    """A server that listens at `url`, over `folder`: library.sqlite, its recordings and its cache are in there."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def library(self) -> Path:
        return self.folder / "library.sqlite"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, **{"timeout": END_S, **options})

    def children(self) -> list[psutil.Process]:
        """The processes that transcribe, without Python's own helper that watches shared memory."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def stop(self, by: signal.Signals = signal.SIGTERM) -> float:
        """Stops it; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(by)
        self.process.wait(END_S)
        return time.monotonic() - began

    def coming(self) -> list[Path]:
        """What is half written."""
        return sorted((Settings(library=self.library).recordings / "coming").iterdir())

    def kept(self) -> list[Path]:
        return sorted((Settings(library=self.library).recordings / "kept").iterdir())


@contextmanager
def serving(
    folder: Path, arguments: Sequence[str] = FAKE, command: Sequence[str] = ("-m", "earwitness")
) -> Iterator[Served]:
    """A server over a folder, killed after the block where it has not ended by then."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, FOLDER_VARIABLE: str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    library = ("--library", str(folder / "library.sqlite"))
    told = folder / f"stderr-{time.monotonic_ns()}"
    with told.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *command, "serve", "--port", "0", *library, *arguments],
            stderr=errors, stdout=errors, env=environment, cwd=folder,
        )  # fmt: skip
    try:
        yield Served(_address(process, told), folder, process)
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], told: Path) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if found := re.search(r"serves (http://\S+);", told.read_text()):
            return found[1]
        assert process.poll() is None, told.read_text()
        time.sleep(0.02)
    raise AssertionError(f"it does not say where it listens: {told.read_text()}")


def hand_in(
    client: httpx.Client, path: Path = EXAMPLE, name: str = "", headers: dict[str, str] | None = None, **options: Any
) -> dict[str, Any]:
    """Hands in a recording; its job."""
    with path.open("rb") as file:
        answer = client.post(
            "/api/jobs",
            files={"file": (name or path.name, file)},
            data={"options": json.dumps(options)},
            headers=headers,
        )
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def told(client: httpx.Client, job: str) -> Iterator[dict[str, Any]]:
    """What is told of a job, as it happens, until its end."""
    with client.stream("GET", f"/api/jobs/{job}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        for line in events.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """A job at its end."""
    return list(told(client, job))[-1]


def until(true: Any, seconds: float = END_S) -> Any:
    """What a function gives as soon as that is something; it is asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come true")
