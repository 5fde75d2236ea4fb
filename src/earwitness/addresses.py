"""http(s) URL -> an address that may be asked, on the public internet only.

A URL is somebody else's text: it may name a machine in the local network, lead there by a redirect, or have a name
that means one address when it is checked and another when it is used. So every hop's host is resolved once, and every
address that it has is checked.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from earwitness.errors import SourceError
from earwitness.options import SourceOptions

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
class Address:
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


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def parsed(url: str) -> Address:
    """Raises `SourceError` where a URL is malformed, of another scheme, or holds a password."""
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
    return Address(url, scheme, _plain_host(host, shown), port or _default_port(scheme), target, shown)


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


def redirected(address: Address, location: str) -> Address:
    """Where a redirect leads; from https only to https."""
    # Header bytes come as Latin-1; most servers mean UTF-8.
    reference = location.strip().encode("latin-1", "replace").decode("utf-8", "replace").replace(" ", "%20")
    try:
        url = urljoin(address.url, reference)
    except ValueError as error:
        raise SourceError(f"{address.shown}: redirects to a malformed URL; give the recording's own URL") from error
    following = parsed(url)
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


def resolved(address: Address, options: SourceOptions) -> list[tuple[Any, ...]]:
    """What `socket.getaddrinfo` says of the host, all of it checked."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{address.shown}: no such host; check the address and the connection") from error
    if not options.allow_private and not all(is_public(str(row[4][0])) for row in found):
        raise SourceError(
            f"{address.shown}: leads to an address that is not on the public internet; give the file itself, or "
            "--allow-private, which transcribe, feed, evaluate and serve have"
        )
    return list(found)
