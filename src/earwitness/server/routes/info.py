"""/api/server: what the server is and allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from earwitness import __version__
from earwitness.languages import NAMES
from earwitness.server.routes.common import TheService
from earwitness.server.routes.job_options import MODELS, OPTIONS

router = APIRouter(prefix="/api", tags=["server"])


@dataclass(frozen=True)
class ServerShown:
    """The server: the model that it uses unless a job names another, and what a job may be. Languages are codes."""

    version: str
    model: str
    needs_key: bool
    max_upload_bytes: int
    options: Sequence[str]
    models: Sequence[str]
    languages: Sequence[str]
    live: bool


@router.get("/server")
def server(service: TheService) -> ServerShown:
    """What the server is and allows."""
    settings = service.settings
    return ServerShown(
        __version__,
        settings.options.model.model,
        settings.needs_key,
        settings.max_upload_bytes,
        sorted(OPTIONS),
        sorted(MODELS),
        sorted(NAMES),
        live=True,
    )
