"""Web servers on this machine that say what a test wants them to."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Server(http.server.ThreadingHTTPServer):
    """Answers each path with a function and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, answers: dict[str, Answer], family: int = socket.AF_INET) -> None:
        self.answers, self.asked = answers, list[str]()
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self.address_family = family
        super().__init__(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up on purpose here."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        self.close_connection = True
        self.server.answers[self.path.partition("?")[0]](self)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(
    answers: dict[str, Answer], *, certificate: Path | None = None, family: int = socket.AF_INET
) -> Iterator[Server]:
    server = Server(answers, family)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            if value:
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def versioned(content: bytes, *, etag: str = '"one"', modified: str = "", stop_after: int | None = None) -> Answer:
    """A file as a good server has it: 304 where it is known already, the rest where that is asked for.

    `stop_after` bytes of an answer the connection breaks.
    """

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers
        known = (asked.get("If-None-Match") == etag and etag) or (
            asked.get("If-Modified-Since") == modified and modified
        )
        start = 0
        if asked.get("Range") and asked.get("If-Range") in (etag or modified, None):
            start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
        status = 304 if known else 416 if start >= len(content) and start else 206 if start else 200
        rest = content[start:] if status < 300 else b""
        handler.send_response(status)
        for name, value in {"ETag": etag, "Last-Modified": modified}.items():
            if value:
                handler.send_header(name, value)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest[:stop_after])

    return answer
