"""http(s) URL -> bytes, from the public internet only, within limits of size and time.

A URL is somebody else's text: it may name a machine in the local network, lead there by a redirect, or have a name
that means one address when it is checked and another when it is used. So every hop's host is resolved once, every
address that it has is checked, and the connection goes to one of exactly those.
"""

from __future__ import annotations

import contextlib
import http
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

from earwitness.errors import SourceError
from earwitness.options import SourceOptions

MAX_REDIRECTS = 5
SOCKET_TIMEOUT_S = 30.0
"""The longest silence of a server."""
BLOCK_BYTES = 2**16
REDIRECTS = (301, 302, 303, 307, 308)

PUBLIC = tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "2000::/3")))
SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)
"""What IANA's registries of special-purpose addresses take out of `PUBLIC`; our own list, since Python's grows."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""On networks without IPv4 every IPv4 address looks so (RFC 6052); its last 32 bits are what counts."""

_NUMERIC_HOST = re.compile(r"(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$", re.IGNORECASE)
_KEPT = "/%:@!$&'()*+,;=~"
"""What may stand in a URL as it is; everything else is percent-encoded."""
MAX_SHOWN_CHARACTERS = 200

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class _Address:
    """A URL that may be asked for; `shown` is without its query, which may hold a key."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    shown: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


@contextlib.contextmanager
def download(url: str, options: SourceOptions) -> Iterator[tuple[Iterator[bytes], int | None]]:
    """The blocks behind a URL, and their total where the server tells it; within the context only.

    Proxies named in the environment are not used: they would look the host up themselves.

    Raises:
        SourceError: the URL is refused, cannot be reached, or answers with an error; in the blocks, that it is
            longer than `options.max_download_bytes`, slower than `options.max_download_s`, or ends early.
    """
    address = _parsed(url)
    with _Clock(options.max_download_s) as clock:
        for _ in range(MAX_REDIRECTS + 1):
            connection = _connected(address, options, clock)
            try:
                response = _answer(connection, address, clock)
                location = response.getheader("Location")
                if response.status not in REDIRECTS or location is None:
                    size_bytes = _checked(response, address, options)
                    yield _body(response, address, options, clock, size_bytes), size_bytes
                    return
            finally:
                connection.close()
            address = _redirected(address, location)
        raise SourceError(f"{_parsed(url).shown}: more than {MAX_REDIRECTS} redirects; give the recording's own URL")


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

    def watch(self, connected: socket.socket, address: _Address) -> None:
        self._socket = connected
        if self.expired:
            raise self.error(address)

    def error(self, address: _Address) -> SourceError:
        return SourceError(f"{address.shown}: took longer than {self.limit_s:g} s; download it yourself, or allow more")

    def _expire(self) -> None:
        self.expired = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                # The plain shutdown even under TLS: the other thread is inside the TLS layer.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


# Where a URL leads


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _parsed(url: str) -> _Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        path = quote(parts.path or "/", safe=_KEPT)
        target = f"{path}?{quote(parts.query, safe=_KEPT + '?')}" if parts.query else path
    except ValueError as error:
        raise SourceError("URL: its host, port or path is malformed; check the address") from error
    scheme = parts.scheme.lower()
    shown = f"{scheme}://{quote(host, safe=':')}{'' if port is None else f':{port}'}{path}"[:MAX_SHOWN_CHARACTERS]
    if _UNPRINTABLE.search(url):
        raise SourceError(f"{shown}: spaces or control characters in the URL; check the address")
    if scheme not in ("http", "https"):
        raise SourceError(f"{shown}: only http and https are fetched; download it yourself and give the file")
    if parts.username is not None or parts.password is not None:
        raise SourceError(f"{shown}: the URL holds a user name or password; download it yourself and give the file")
    return _Address(url, scheme, _plain_host(host, shown), port or _default_port(scheme), target, shown)


def _plain_host(host: str, shown: str) -> str:
    malformed = SourceError(f"{shown}: its host is malformed; write it as a name, 192.0.2.1 or [2001:db8::1]")
    if ":" in host:
        if "%" in host:
            raise malformed
        return host
    try:
        plain = host.encode("idna").decode()
    except UnicodeError as error:
        raise malformed from error
    if not re.fullmatch(r"[A-Za-z0-9._-]+", plain):
        raise malformed
    if _NUMERIC_HOST.search(plain):
        try:
            ipaddress.IPv4Address(plain)
        except ValueError as error:
            # 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1 to the system's resolver.
            raise malformed from error
    return plain


def _redirected(address: _Address, location: str) -> _Address:
    # Header bytes come as Latin-1; most servers mean UTF-8.
    reference = location.strip().encode("latin-1", "replace").decode("utf-8", "replace").replace(" ", "%20")
    try:
        url = urljoin(address.url, reference)
    except ValueError as error:
        raise SourceError(f"{address.shown}: redirects to a malformed URL; give the recording's own URL") from error
    following = _parsed(url)
    if (address.scheme, following.scheme) == ("https", "http"):
        raise SourceError(f"{address.shown}: redirects from https to http; give a URL that stays encrypted")
    return following


def is_public(address: str) -> bool:
    """Whether an IP address is one on the public internet.

    >>> is_public("8.8.8.8"), is_public("10.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("2606:4700::1111")
    (True, False, False, True)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip in NAT64):
        ip = ip.ipv4_mapped or ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return any(ip in network for network in PUBLIC) and not any(ip in network for network in SPECIAL)


def _resolved(address: _Address, options: SourceOptions) -> list[tuple[Any, ...]]:
    """What `socket.getaddrinfo` says of the host, all of it checked."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{address.shown}: no such host; check the address and the connection") from error
    if not options.allow_private and not all(is_public(str(row[4][0])) for row in found):
        raise SourceError(
            f"{address.shown}: leads to an address that is not on the public internet; --allow-private permits it"
        )
    return list(found)


# The conversation


def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connected(address: _Address, options: SourceOptions, clock: _Clock) -> HTTPConnection:
    problem: OSError | None = None
    for family, kind, protocol, _, endpoint in _resolved(address, options):
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


def _encrypted(raw: socket.socket, address: _Address, clock: _Clock) -> ssl.SSLSocket:
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


def _answer(connection: HTTPConnection, address: _Address, clock: _Clock) -> HTTPResponse:
    try:
        connection.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", address.host_header)
        connection.putheader("User-Agent", "earwitness")
        connection.putheader("Accept", "*/*")
        connection.putheader("Accept-Encoding", "identity")
        connection.putheader("Connection", "close")
        connection.endheaders()
        return connection.getresponse()
    except (OSError, HTTPException, ValueError) as error:
        if clock.expired:
            raise clock.error(address) from error
        raise SourceError(f"{address.shown}: the server failed ({_reason(error)}); try later") from error


def _checked(response: HTTPResponse, address: _Address, options: SourceOptions) -> int | None:
    """The length that an answer announces, if it is one that can be used."""
    if response.status != http.HTTPStatus.OK:
        known = {status.value: f" {status.phrase}" for status in http.HTTPStatus}
        raise SourceError(
            f"{address.shown}: the server answered {response.status}{known.get(response.status, '')}; check the address"
        )
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    transfer = response.getheader("Transfer-Encoding", "chunked").strip().lower()
    if encoding not in ("", "identity") or transfer != "chunked":
        raise SourceError(f"{address.shown}: the server compresses its answer unasked; download it yourself")
    if response.length is not None and response.length > options.max_download_bytes:
        raise _too_long(address, options)
    return response.length


def _too_long(address: _Address, options: SourceOptions) -> SourceError:
    return SourceError(
        f"{address.shown}: longer than {options.max_download_bytes} bytes; download it yourself, or allow more"
    )


def _body(
    response: HTTPResponse, address: _Address, options: SourceOptions, clock: _Clock, size_bytes: int | None
) -> Iterator[bytes]:
    received = 0
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
