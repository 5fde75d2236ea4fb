"""http(s) URL -> bytes, from the public internet only, within limits of size and time.

Every hop's connection goes to one of exactly those addresses that `earwitness.addresses` has checked.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import TracebackType
from typing import Self

from earwitness.addresses import Address, parsed, redirected, resolved
from earwitness.errors import SourceError
from earwitness.options import SourceOptions

MAX_REDIRECTS = 5
SOCKET_TIMEOUT_S = 30.0
"""The longest silence of a server."""
BLOCK_BYTES = 2**16
REDIRECTS = (301, 302, 303, 307, 308)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Version:
    """Which state of a document an answer is of, as its server says: by `ETag`, and by `Last-Modified`."""

    etag: str | None = None
    modified: str | None = None

    @property
    def exact(self) -> str | None:
        """What tells that not one byte has changed, for `If-Range`; a weak ETag does not."""
        if self.etag:
            return None if self.etag.startswith("W/") else self.etag
        return self.modified


@dataclass(frozen=True)
class Answer:
    """What a server sends: `blocks` of the document from byte `start` on, and how long all of it is, where it is said.

    `unchanged` answers have no blocks: what was asked for is as it was.
    """

    blocks: Iterator[bytes]
    version: Version
    size_bytes: int | None = None
    start: int = 0
    unchanged: bool = False


class RangeRefusedError(SourceError):
    """The rest of a document cannot be had; all of it perhaps."""


@contextlib.contextmanager
def download(
    url: str, options: SourceOptions, *, unless: Version | None = None, start: int = 0, of: Version | None = None
) -> Iterator[Answer]:
    """The document behind a URL; its blocks within the context only.

    Proxies named in the environment are not used: they would look the host up themselves.

    Args:
        options: limits of bytes and time.
        unless: the version that is here; where it is still the newest, nothing is sent.
        start: how many bytes are here; the answer begins after them, if the server can do so and the version is still
            `of`, and else at 0.

    Raises:
        RangeRefusedError: the server has no rest to send, or sends another part than was asked for.
        SourceError: the URL is refused, cannot be reached, or answers with an error; in the blocks, that it is
            longer than `options.max_download_bytes`, slower than `options.max_download_s`, or ends early.
    """
    asked = _asked(unless, start, of)
    address = parsed(url)
    with _Clock(options.max_download_s) as clock:
        for _ in range(MAX_REDIRECTS + 1):
            connection = _connected(address, options, clock)
            try:
                response = _response(connection, address, clock, asked)
                location = response.getheader("Location")
                if response.status not in REDIRECTS or location is None:
                    yield _answer(response, address, options, clock, asked, start)
                    return
            finally:
                connection.close()
            address = redirected(address, location)
        raise SourceError(f"{parsed(url).shown}: more than {MAX_REDIRECTS} redirects; give the recording's own URL")


def _asked(unless: Version | None, start: int, of: Version | None) -> dict[str, str]:
    """The headers that make a request conditional."""
    if start and of and of.exact:
        return {"Range": f"bytes={start}-", "If-Range": of.exact}
    if unless and unless.etag:
        return {"If-None-Match": unless.etag}
    return {"If-Modified-Since": unless.modified} if unless and unless.modified else {}


class _Clock:
    """Ends a download when its time is up, whatever it is waiting for, by shutting its socket down."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.expired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(limit_s, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket, address: Address) -> None:
        self._socket = connected
        if self.expired:
            raise self.error(address)

    def error(self, address: Address) -> SourceError:
        return SourceError(f"{address.shown}: took longer than {self.limit_s:g} s; download it yourself, or allow more")

    def _expire(self) -> None:
        self.expired = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                # The plain shutdown even under TLS: the other thread is inside the TLS layer.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


# The conversation


def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connected(address: Address, options: SourceOptions, clock: _Clock) -> HTTPConnection:
    problem: OSError | None = None
    for family, kind, protocol, _, endpoint in resolved(address, options):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(min(SOCKET_TIMEOUT_S, clock.limit_s))
            clock.watch(raw, address)
            raw.connect(endpoint)
            connection = HTTPConnection(address.host, address.port)
            connection.auto_open = 0  # or a lost connection would be made again, to a host looked up anew
            connection.sock = _encrypted(raw, address, clock) if address.scheme == "https" else raw
            return connection
        except SourceError:
            raw.close()
            raise
        except OSError as error:
            raw.close()
            problem = error
            if clock.expired:
                raise clock.error(address) from error
    reason = _reason(problem)
    raise SourceError(f"{address.shown}: cannot connect ({reason}); check the address or try later") from problem


def _encrypted(raw: socket.socket, address: Address, clock: _Clock) -> ssl.SSLSocket:
    wrapped = _tls_context().wrap_socket(raw, server_hostname=address.host, do_handshake_on_connect=False)
    try:
        clock.watch(wrapped, address)
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _reason(error: Exception | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not valid"
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror if isinstance(error, OSError) else None) or "no sensible answer"


def _response(connection: HTTPConnection, address: Address, clock: _Clock, asked: Mapping[str, str]) -> HTTPResponse:
    try:
        connection.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", address.host_header)
        connection.putheader("User-Agent", "earwitness")
        connection.putheader("Accept", "*/*")
        connection.putheader("Accept-Encoding", "identity")
        for header, value in asked.items():
            connection.putheader(header, value)
        connection.putheader("Connection", "close")
        connection.endheaders()
        return connection.getresponse()
    except (OSError, HTTPException, ValueError) as error:
        if clock.expired:
            raise clock.error(address) from error
        raise SourceError(f"{address.shown}: the server failed ({_reason(error)}); try later") from error


def _answer(
    response: HTTPResponse,
    address: Address,
    options: SourceOptions,
    clock: _Clock,
    asked: Mapping[str, str],
    start: int,
) -> Answer:
    version = Version(response.getheader("ETag"), response.getheader("Last-Modified"))
    if response.status == HTTPStatus.NOT_MODIFIED and asked and "Range" not in asked:
        return Answer(iter(()), version, unchanged=True)
    start = _start(response, address, start if "Range" in asked else 0)
    size_bytes = _announced_bytes(response, address, options, start)
    return Answer(_body(response, address, options, clock, start, size_bytes), version, size_bytes, start)


def _start(response: HTTPResponse, address: Address, start: int) -> int:
    """Where in the document an answer begins: after what is here, or at 0."""
    if start and response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise RangeRefusedError(f"{address.shown}: the server has no more of it; start anew")
    if start and response.status == HTTPStatus.PARTIAL_CONTENT:
        sent = _sent_range(response)
        if not sent or int(sent[1]) != start:
            raise RangeRefusedError(f"{address.shown}: the server sends another part than was asked for; start anew")
        return start
    if response.status != HTTPStatus.OK:
        known = {status.value: f" {status.phrase}" for status in HTTPStatus}
        raise SourceError(
            f"{address.shown}: the server answered {response.status}{known.get(response.status, '')}; check the address"
        )
    return 0


def _sent_range(response: HTTPResponse) -> re.Match[str] | None:
    """The first byte of a partial answer, and the length of the whole or an asterisk."""
    return _CONTENT_RANGE.fullmatch(response.getheader("Content-Range", "").strip())


def _announced_bytes(response: HTTPResponse, address: Address, options: SourceOptions, start: int) -> int | None:
    """The length of the whole document, where the answer announces one that can be used."""
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    transfer = response.getheader("Transfer-Encoding", "chunked").strip().lower()
    if encoding not in ("", "identity") or transfer != "chunked":
        raise SourceError(f"{address.shown}: the server compresses its answer unasked; download it yourself")
    size_bytes = None if response.length is None else start + response.length
    if start and (sent := _sent_range(response)) and sent[2] != "*":
        size_bytes = int(sent[2])
    if size_bytes is not None and size_bytes > options.max_download_bytes:
        raise _too_long(address, options)
    return size_bytes


def _too_long(address: Address, options: SourceOptions) -> SourceError:
    return SourceError(
        f"{address.shown}: longer than {options.max_download_bytes} bytes; download it yourself, or allow more"
    )


def _body(
    response: HTTPResponse,
    address: Address,
    options: SourceOptions,
    clock: _Clock,
    received: int,
    size_bytes: int | None,
) -> Iterator[bytes]:
    while True:
        try:
            block = response.read1(BLOCK_BYTES)
        except (OSError, HTTPException, ValueError) as error:
            if clock.expired:
                raise clock.error(address) from error
            raise SourceError(f"{address.shown}: the download broke off ({_reason(error)}); try again") from error
        if clock.expired:
            raise clock.error(address)
        if not block:
            break
        received += len(block)
        if received > options.max_download_bytes:
            raise _too_long(address, options)
        yield block
    if size_bytes is not None and received < size_bytes:
        raise SourceError(f"{address.shown}: the download ended at {received} of {size_bytes} bytes; try again")
