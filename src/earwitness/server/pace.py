"""How slowly somebody may send: whoever holds a connection and sends next to nothing on it is sent away.

uvicorn has a limit for the pause between two requests only, and any byte ends that pause: a head or a body of a byte a
second would hold its connection, and what had come of it, for ever.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from earwitness.types import Seconds

if TYPE_CHECKING:
    from starlette.types import Message, Receive

STILL_S: Seconds = 30.0
"""So long a body may pause, and a connection that has no request under way may have none."""
LOWEST_RATE = 1000
"""Bytes a second, less than any telephone line has; a body that comes more slowly for longer than `STILL_S` in all is
given up. Only the time in which it is waited for counts."""


class TooSlowError(Exception):
    """A body pauses, or comes too slowly."""


class Paced:
    """ASGI's `receive`, as long as the body comes quickly enough; once it has come, whoever waits may wait.

    Raises:
        TooSlowError: it does not.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes, self._waited_s, self._has_come = 0, 0.0, False

    async def __call__(self) -> Message:
        if self._has_come:
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(STILL_S, STILL_S + self._bytes / LOWEST_RATE - self._waited_s)):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlowError("the body comes too slowly; send it again on a better line") from error
        self._waited_s += time.monotonic() - began
        self._bytes += len(message.get("body", b""))
        self._has_come = not message.get("more_body", False)
        return message


class Stillness:
    """Connections on which no request is under way, and for how long nothing has moved on them.

    They have sent nothing, or not all of a head, or go on with a body that was answered before its end; or they do not
    read the end of their answer.
    """

    def __init__(self) -> None:
        self._since: dict[Any, tuple[Any, float]] = {}

    def end(self, connections: Iterable[Any], now_s: float) -> None:
        """Ends those that have been still for too long by a clock that never goes back; call it every second.

        Args:
            connections: protocols of uvicorn; those of WebSockets, which have no requests, look after themselves.
        """
        before, self._since = self._since, {}
        for one in connections:
            if not hasattr(one, "cycle") or not (one.cycle is None or one.cycle.response_complete):
                continue
            # A request that comes is a new cycle, and a reader, however slow, makes what is to be written less.
            now = (one.cycle, one.transport.get_write_buffer_size())
            was, since = before.get(one, (None, now_s))
            self._since[one] = (now, since if was == now else now_s)
            if now_s - self._since[one][1] > STILL_S:
                one.transport.abort()
