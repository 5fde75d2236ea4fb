"""/api/session: a key in exchange for a cookie, which a page's player and its events need: they send no headers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from earwitness.server import keys
from earwitness.server.guard import CHALLENGE, COOKIE, address_of
from earwitness.server.keys import SESSION_S
from earwitness.server.problems import problem
from earwitness.server.routes.common import TheService

router = APIRouter(prefix="/api/session", tags=["session"])


class Given(BaseModel):
    """A key."""

    key: Annotated[str, Field(max_length=200)]


@router.post("", status_code=204)
def begin(given: Given, request: Request, service: TheService) -> Response:
    """Begins a session of some hours for the holder of a key."""
    if service.settings.needs_key:
        with service.library() as library:
            holder = keys.holder_of(library, given.key)
        if holder is None:
            service.failures.wait_s(address_of(request))
            return problem(401, "no such key; make one with `earwitness keys new NAME`", CHALLENGE)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, service.sessions.open(given.key), max_age=int(SESSION_S), httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.delete("", status_code=204)
def end(request: Request, service: TheService) -> Response:
    """Ends the session."""
    service.sessions.close(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer
