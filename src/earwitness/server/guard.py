"""What every request passes before anything else looks at it: whose it is, where it comes from, how often, how long.

A page of somebody else's in the user's browser can reach a server on this machine. So the names by which it is asked
for are checked (a foreign name that leads here is DNS rebinding), and whatever changes something must come from a page
of the server's own, or from no page at all.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

from earwitness.server import keys
from earwitness.server.limits import AtOnce, Limit
from earwitness.server.pace import Paced, TooSlowError
from earwitness.server.problems import answer
from earwitness.server.settings import LOOPBACK_NAMES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from earwitness.server.service import Service

COOKIE = "earwitness_session"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="earwitness"'}
OPEN = ("/health", "/api/session", "/favicon.ico")
OPEN_FOLDERS = ("/assets/",)
"""What is answered without a key: nothing of it tells what the library has."""
UPLOADS = ("/api/jobs", "/v1/audio/transcriptions", "/v1/audio/translations")
"""Where bodies may be as long as recordings; those who read them count for themselves."""
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
AT_ONCE = 64
"""Requests of one key or address that are answered at the same time, and events and live sound that it listens to: an
upload costs a file, fields of a form some 16 MiB of memory, and each a connection."""
POLICY = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of all that brings none of its own."""


class _RefusedError(Exception):
    def __init__(self, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._requests, self._at_once = Limit(service.settings.requests_per_minute), AtOnce(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", POLICY)
                if "content-encoding" in headers and headers.get("etag", "").startswith('"'):
                    headers["ETag"] = f"W/{headers['etag']}"  # the same transcript, and not byte by byte
            await send(message)

        receive = Paced(receive) if scope["type"] == "http" else receive
        try:
            await self._let_in(scope, receive, sent)
        except _RefusedError as refused:
            await self._refuse(refused, scope, receive, sent)
        except TooSlowError as slow:
            await answer(scope["path"], 408, str(slow))(scope, receive, sent)
        finally:
            if scope["type"] == "http":
                route = getattr(scope.get("route"), "path", "other")
                self._service.metrics.answered(scope["method"], route, status, time.perf_counter() - began)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._checked(HTTPConnection(scope))
        scope.setdefault("state", {})["caller"] = caller
        with self._at_once.begun(caller) as has_room:
            if self._service.settings.needs_key and not has_room:
                raise _too_often(1, "requests at once")
            await self._app(scope, await self._taken(scope, receive), send)

    async def _checked(self, asked: HTTPConnection) -> str:
        """Whoever asks, if they may."""
        method, path = asked.scope.get("method", "GET"), asked.url.path
        self._check_host(asked.headers)
        if method not in SAFE or asked.scope["type"] == "websocket":
            _check_origin(asked.headers)
        address = address_of(asked)
        caller = await self._caller(asked, address, needed=not (path == "/" or is_open(path)))
        if self._service.settings.needs_key and (wait := self._requests.wait_s(caller)):
            raise _too_often(wait, "requests")
        return caller

    def _check_host(self, headers: Headers) -> None:
        settings = self._service.settings
        if settings.needs_key:
            return
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        try:
            known = ipaddress.ip_address(name).is_loopback
        except ValueError:
            known = name in LOOPBACK_NAMES or name == settings.host.lower()
        if not known:
            raise _RefusedError(421, "this server is for this machine only; ask for it as localhost")

    async def _caller(self, asked: HTTPConnection, address: str, *, needed: bool) -> str:
        if not self._service.settings.needs_key:
            return f"address {address}"
        if wait := self._service.failures.wait_s(address, take=False):
            raise _too_often(wait, "wrong keys")
        given = _given(asked.headers) or self._service.sessions.key_of(asked.cookies.get(COOKIE, ""))
        holder = await run_in_threadpool(self._holder, given) if given else None
        if holder is not None:
            return f"key {holder}"
        if not needed:
            return f"address {address}"
        if given:
            self._service.failures.wait_s(address)
        raise _RefusedError(
            401,
            "no such key; make one with `earwitness keys new NAME`" if given else "a key is needed here",
            tuple(CHALLENGE.items()),
        )

    def _holder(self, key: str) -> str | None:
        with self._service.library() as library:
            return keys.holder_of(library, key)

    async def _taken(self, scope: Scope, receive: Receive) -> Receive:
        """What is received when the body, where nobody else counts it, has come and is no longer than is allowed."""
        if scope["type"] != "http" or scope["path"] in UPLOADS:
            return receive
        most, received = self._service.settings.max_body_bytes, 0
        came: deque[Message] = deque()
        while not came or came[-1].get("more_body"):
            came.append(await receive())
            received += len(came[-1].get("body", b""))
            if received > most:
                raise _RefusedError(413, f"the body is longer than {most} bytes, the most that is taken here")

        async def again() -> Message:
            return came.popleft() if came else await receive()

        return again

    async def _refuse(self, refused: _RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refused.detail})
            return
        await answer(scope["path"], refused.status, refused.detail, dict(refused.headers))(scope, receive, send)


def address_of(asked: HTTPConnection) -> str:
    """Where a request comes from."""
    return asked.client.host if asked.client else "nobody"


def is_open(path: str) -> bool:
    """Whether a path is answered without a key."""
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def _given(headers: Headers) -> str | None:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" and key.strip() else None


def _check_origin(headers: Headers) -> None:
    """What a browser sends for another page, it says so."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise _RefusedError(403, "a page of another server may change nothing here")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _RefusedError(403, "a page of another server may change nothing here")


def _too_often(wait_s: float, what: str) -> _RefusedError:
    seconds = str(math.ceil(wait_s))
    return _RefusedError(429, f"too many {what}; try again in {seconds} s", (("Retry-After", seconds),))
