"""/health, /ready and /metrics: for those who look after the server."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response

from earwitness.server import requests
from earwitness.server.routes.common import TheService, content

router = APIRouter(tags=["health"])


@dataclass(frozen=True)
class Health:
    """That the server answers, or is ready for work."""

    status: str


@router.get("/health")
def health() -> Health:
    """That the process lives."""
    return Health("ok")


@router.get("/ready")
def ready(service: TheService) -> Health:
    """That the library can be read and written, so that jobs can be taken."""
    with service.library() as library, library.transaction():
        return Health("ready")


@router.get("/metrics", response_class=Response, responses=content("Numbers.", "text/plain"))
def metrics(service: TheService) -> Response:
    """What the server counts, for Prometheus."""
    with service.library() as library:
        text = service.metrics.text(lambda: requests.counts(library))
    return Response(text, media_type="text/plain; version=0.0.4")
