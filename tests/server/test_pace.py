"""Senders who send next to nothing, over real connections, with a limit of half a second."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

for _needed in ("fastapi", "uvicorn", "httpx", "websockets"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

import loops  # noqa: E402
from earwitness.options import Options  # noqa: E402
from earwitness.server import pace  # noqa: E402
from earwitness.server.pace import Paced, Stillness, TooSlowError  # noqa: E402

if TYPE_CHECKING:
    from serving import Serving

STILL_S = 0.5
DRIP_S = 0.05
PATIENCE_S = 30.0
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n\r\n'


@pytest.fixture
def server(serve: Callable[..., Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    monkeypatch.setattr(pace, "STILL_S", STILL_S)
    return serve(tmp_path, options=Options.of(engine="fake", library=tmp_path / "library.db"))


@pytest.fixture
def connected(server: Serving) -> Iterator[Callable[[bytes], socket.socket]]:
    """Opens connections that begin with something."""
    opened: list[socket.socket] = []

    def connect(begin: bytes) -> socket.socket:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        opened.append(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
        opened[-1].sendall(begin)
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def head(path: str, kind: str = "multipart/form-data; boundary=b", host: str = "localhost") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 1000000\r\n\r\n".encode()


def drip(opened: socket.socket, byte: bytes = b"0") -> bytes:
    """Sends a byte now and then until the server has closed the connection; what it said."""
    said, end = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if select.select([opened], [], [], DRIP_S)[0]:
                if not (block := opened.recv(2**16)):
                    return said
                said += block
            elif byte:
                opened.send(byte)
        except (ConnectionResetError, BrokenPipeError):
            return said
    raise AssertionError("it is let go on")


@pytest.mark.parametrize("byte", [b"", b"0"], ids=["pauses", "drips"])
@pytest.mark.parametrize("path", ["/api/jobs", "/v1/audio/transcriptions", "/api/feeds"])
def test_a_body_that_does_not_come_is_given_up_and_nothing_of_it_is_left(
    server: Serving, connected: Callable[[bytes], socket.socket], path: str, byte: bytes
) -> None:
    kind = "application/json" if path == "/api/feeds" else "multipart/form-data; boundary=b"
    began = time.monotonic()
    top, _, content = drip(connected(head(path, kind) + PART), byte).partition(b"\r\n\r\n")
    assert time.monotonic() - began >= STILL_S
    assert top.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in top.lower()
    told = json.loads(content)
    assert "too slowly" in (told["error"]["message"] if path.startswith("/v1/") else told["detail"])
    assert list((server.settings.recordings / "coming").iterdir()) == []


def test_whoever_sends_no_request_is_sent_away_and_whoever_waits_for_news_is_not(
    server: Serving, connected: Callable[[bytes], socket.socket]
) -> None:
    with server.client() as client, client.stream("GET", "/api/jobs/events") as events:
        lines = events.iter_lines()
        silent = connected(b"")
        endless = connected(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        refused = connected(head("/api/jobs", host="evil.example"))
        assert drip(endless) == b""
        assert drip(refused).startswith(b"HTTP/1.1 421 ")  # and what was refused may not go on for ever
        assert silent.recv(1) == b""
        assert client.get("/health").status_code == 200
        assert next(lines) == ": still here"


def test_live_sound_that_does_not_begin_leaves_its_place_to_others(server: Serving) -> None:
    from websockets.sync.client import connect

    address = f"{server.url.replace('http', 'ws')}/api/live"
    with connect(address) as first:
        assert "begin with" in json.loads(first.recv(PATIENCE_S))["detail"]
    with connect(address) as second:
        assert "begin with" in json.loads(second.recv(PATIENCE_S))["detail"]


def body(blocks: int, pause_s: float, size: int) -> Any:
    """A `receive` that gives so many blocks, each after a pause."""
    left = iter(range(blocks, -1, -1))

    async def receive() -> dict[str, Any]:
        more = next(left)
        await asyncio.sleep(pause_s if more else 1.2 * STILL_S)
        return {"type": "http.request", "body": b"0" * size, "more_body": more > 1}

    return receive


def test_a_body_may_take_long_and_so_may_the_answer_to_one_that_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(receive: Any, times: int) -> None:
        paced = Paced(receive)
        for _ in range(times):
            await paced()

    monkeypatch.setattr(pace, "STILL_S", STILL_S)
    loops.run(read(body(8, 0.1, 1000), 9))  # 0.8 s, and then 0.6 s until somebody leaves
    with pytest.raises(TooSlowError):
        loops.run(read(body(8, 0.1, 10), 9))
    with pytest.raises(TooSlowError):
        loops.run(read(body(2, 0.6, 10**6), 3))


class Connection:
    """What is looked at of a connection that uvicorn has."""

    def __init__(self, cycle: object, left: int = 0) -> None:
        self.cycle, self.transport, self.left, self.is_open = cycle, self, left, True

    def get_write_buffer_size(self) -> int:
        return self.left

    def abort(self) -> None:
        self.is_open = False


def test_a_connection_is_still_while_nothing_moves_on_it() -> None:
    over, under_way = SimpleNamespace(response_complete=True), SimpleNamespace(response_complete=False)
    reader, who_reads_nothing, busy, asks = (
        Connection(over, 1000), Connection(over, 1000), Connection(under_way), Connection(None),
    )  # fmt: skip
    stillness = Stillness()
    for second in range(100):
        reader.left -= 1
        if second == 20:
            asks.cycle = SimpleNamespace(response_complete=True)
        stillness.end([reader, who_reads_nothing, busy, asks], float(second))
        assert who_reads_nothing.is_open == (second <= pace.STILL_S)
        assert asks.is_open == (second <= 20 + pace.STILL_S)
    assert reader.is_open
    assert busy.is_open
