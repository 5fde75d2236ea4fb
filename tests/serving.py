"""A real server in this process, on a free port, and how recordings are handed to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from earwitness.options import Options
from earwitness.server.running import Server
from earwitness.server.service import Service
from earwitness.server.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

EXAMPLE = Path(__file__).parents[1] / "examples" / "episode.flac"
TIMEOUT_S = 120


@dataclass(frozen=True)
class Serving:
    """A server that listens: its address, what it was told, and all that its parts share."""

    url: str
    settings: Settings
    service: Service

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, **options)


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[Serving]:
    """A server over the library in a folder, stopped after the block; options are those of `Settings`."""
    library = folder / "library.db"
    usual = {"library": library, "options": Options.of(model="demo", threads=1, library=library), "stop_s": 2.0}
    settings = Settings(**{"requests_per_minute": 100_000, **usual, **options})
    server = Server(settings)
    listening = socket.create_server((settings.host, options.get("port", 0)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        host, port = listening.getsockname()[:2]
        yield Serving(f"http://{host}:{port}", settings, server.service)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def upload(client: httpx.Client, path: Path, **options: Any) -> dict[str, Any]:
    """Hands in a recording and waits for its job to end; the job."""
    with path.open("rb") as file:
        answer = client.post("/api/jobs", files={"file": (path.name, file)}, data={"options": json.dumps(options)})
    assert answer.status_code == 202, answer.text
    with client.stream("GET", f"/api/jobs/{answer.json()['id']}/events", timeout=TIMEOUT_S) as events:
        told = [json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line.startswith("data: ")]
    return dict(told[-1])


@contextmanager
def tab(context: BrowserContext) -> Iterator[Page]:
    """A tab of a browser with nothing in it yet; whatever goes wrong in it fails the test."""
    page = context.new_page()
    page.set_default_timeout(10_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    page.close()
    assert not wrong
