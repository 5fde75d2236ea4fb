"""/ is the page, /assets/ its style, scripts and drawings: files of the package, none of them made by users."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.abc import Traversable
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.responses import Response

router = APIRouter(include_in_schema=False)

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")


@dataclass(frozen=True)
class Asset:
    """A file of the page."""

    content: bytes
    type: str
    etag: str


@cache
def assets() -> Mapping[str, Asset]:
    """All files of the page by their paths; what is not among them is not there."""
    return dict(_found(files("earwitness.server").joinpath("page"), ""))


def _found(folder: Traversable, path: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            yield from _found(entry, f"{name}/")
        elif kind := TYPES.get(name[name.rfind(".") :]):
            content = entry.read_bytes()
            yield name, Asset(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@router.api_route("/", methods=["GET", "HEAD"])
def page(request: Request, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    return _answer("index.html", request, if_none_match)


@router.api_route("/assets/{path:path}", methods=["GET", "HEAD"])
def asset(path: str, request: Request, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    return _answer(path, request, if_none_match)


def _answer(path: str, request: Request, known: str | None) -> Response:
    found = assets().get(path)
    if found is None:
        raise HTTPException(404, "there is nothing at this address")
    headers = {
        "ETag": found.etag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy(request.headers.get("host", "")),
    }
    if known and found.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.type, headers=headers)


def policy(host: str) -> str:
    """What the page may load, and from where: its own files and this server, sound that it has made, nothing else.

    >>> policy("127.0.0.1:8765").split("; ")[5]
    "connect-src 'self' ws://127.0.0.1:8765 wss://127.0.0.1:8765"
    >>> policy("evil; script-src *").split("; ")[5]
    "connect-src 'self'"
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""  # some browsers' 'self' is http only
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
