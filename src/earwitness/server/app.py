"""The server as one application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

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
from earwitness.server.routes.episodes import EXPORT_TYPES
from earwitness.server.service import Service
from earwitness.server.settings import Settings

# How long a compressed answer is may tell those who listen on the line what is in it, where they can have somebody's
# browser ask for their own words among secret ones (BREACH). Here no answer has a key or a cookie in it, other pages'
# requests come without the session (SameSite=Strict), and without a key nobody is served but on this machine.
COMPRESSION = 1
"""The quickest: more takes up to ten times as long for a quarter less. Transcripts are compressed once for all."""
COMPRESSED_FROM_BYTES = 2000
"""What is shorter goes in two packets, compressed or not."""
NEVER_COMPRESSED = ("application/octet-stream", EXPORT_TYPES["docx"])
"""Besides sound and events: recordings that an older version kept without a copy, and what is compressed already."""


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
    app.add_middleware(
        GZipMiddleware,
        minimum_size=COMPRESSED_FROM_BYTES,
        compresslevel=COMPRESSION,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *NEVER_COMPRESSED),
    )
    app.add_middleware(Guard, service=service)
    for part in (jobs, episodes, corrections, search, voices, feeds, info, openai, live, session, health, page):
        app.include_router(part.router)
    document.describe(app, needs_key=settings.needs_key)
    return app
