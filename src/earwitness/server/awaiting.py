"""Whoever waits for a recording to be heard: what is heard while they wait, and the transcript at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from earwitness.server import requests
from earwitness.server.child import Answer
from earwitness.server.news import ENDS, News
from earwitness.server.problems import FailedError, StoppingError
from earwitness.server.requests import Work
from earwitness.server.service import Service
from earwitness.types import Seconds, Word


class Awaited:
    """A recording that a worker hears, or will hear."""

    def __init__(self, service: Service, request: str) -> None:
        self._service, self._request = service, request
        self._news = service.news.listen(request)
        self._told: News | None = None
        self._next = self._listening()

    async def goes_on(self, most_s: Seconds) -> bool:
        """Waits until something happens, so long at most; whether there is more to wait for."""
        if not (await asyncio.wait([self._next], timeout=most_s))[0]:
            return True
        self._told = self._next.result()
        if self._told is None or self._told.state in ENDS:
            return False
        self._next = self._listening()
        return True

    def said(self, since: int) -> Sequence[Word]:
        """The words that are certain by now, from that number on."""
        return self._service.workers.said(self._request, since)

    def answer(self) -> Answer:
        """What there is when nothing goes on any more.

        Raises:
            StoppingError: the server stops.
            FailedError: the recording cannot be transcribed.
        """
        found = self._service.workers.result(self._request)
        if self._told is None:
            raise StoppingError("the server is stopping; send it again later")
        if found is None:
            raise FailedError(self._told.reason or "nobody waits for it any more")
        return found

    def close(self) -> None:
        self._next.cancel()

    def _listening(self) -> asyncio.Future[News | None]:
        return asyncio.ensure_future(anext(self._news, None))


@asynccontextmanager
async def awaited(service: Service, work: Work) -> AsyncIterator[Awaited]:
    """Has a recording heard; when the block ends it is forgotten, and work that is still done on it ends.

    Raises:
        OptionError: an option of the work is wrong.
        StorageError: the library cannot be written.
    """
    work.over(service.settings.options)
    putting = asyncio.ensure_future(asyncio.to_thread(_put, service, work))
    try:
        waiting = Awaited(service, await asyncio.shield(putting))
        try:
            await asyncio.sleep(0)  # from now on it listens
            service.workers.wake()
            yield waiting
        finally:
            waiting.close()
    finally:
        await asyncio.shield(asyncio.to_thread(_forget, service, await putting))


def _put(service: Service, work: Work) -> str:
    with service.library() as library:
        return requests.ask(library, work, "api").id


def _forget(service: Service, request: str) -> None:
    try:
        with service.library() as library:
            requests.forget(library, request)
    finally:
        service.workers.cancel(request)
        service.workers.result(request)
