"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from earwitness.server.problems import NotFoundError as NotFoundError
from earwitness.server.service import Service


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(_service)]
Number = Annotated[int, Path(ge=1, le=2**62)]
"""The number of an episode."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, as of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The part of the OpenAPI document on answers that are problems."""
    return {status: {"model": Problem, "content": {"application/problem+json": {}}} for status in statuses}
