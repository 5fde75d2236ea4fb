"""The server as one application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from earwitness import __version__
from earwitness.server import problems
from earwitness.server.guard import Guard
from earwitness.server.routes import (
    corrections,
    document,
    episodes,
    feeds,
    health,
    info,
    jobs,
    live,
    openai,
    page,
    search,
    session,
    voices,
)
from earwitness.server.service import Service
from earwitness.server.settings import Settings


def application(settings: Settings) -> FastAPI:
    """The application; its workers live as long as it does.

    Raises:
        StorageError: the library or the folder for recordings cannot be used.
    """
    service = Service(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            service.stop()

    app = FastAPI(title="earwitness", version=__version__, lifespan=living, docs_url=None, redoc_url=None)
    app.state.service = service
    problems.install(app)
    app.add_middleware(Guard, service=service)
    for part in (jobs, episodes, corrections, search, voices, feeds, info, openai, live, session, health, page):
        app.include_router(part.router)
    document.describe(app, needs_key=settings.needs_key)
    return app
