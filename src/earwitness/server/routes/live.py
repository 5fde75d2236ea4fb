"""/api/live: words while they are being said, over a WebSocket.

client: {"sample_rate": 16000, "options": {"language": "en"}}, then binary messages of sound (16-bit samples,
        little-endian, one channel), then "end"
server: {"type": "ready"}, then partial, final and turn events, at last {"type": "done", "episode": N}
        or {"type": "error", "detail": "..."}; what was heard before something else came is kept all the same
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from earwitness.errors import EarwitnessError, OptionError
from earwitness.server import pace
from earwitness.server.listening import Session
from earwitness.server.routes.job_options import options_of
from earwitness.server.service import Service

router = APIRouter()

MOST_BYTES = 2**20
"""A longer message is refused."""
END = "end"
FREE_S = 3.0
"""So long the process of a session that has told its end may take to be gone, before the next one is refused."""
BUSY = 1013
"""The code of WebSockets for "try again later"."""


@router.websocket("/api/live")
async def live(socket: WebSocket) -> None:
    """Listens until the client says "end" or is gone; what was said until then is kept."""
    service: Service = socket.app.state.service
    await socket.accept()
    try:
        await asyncio.wait_for(service.listeners.acquire(), FREE_S)
    except TimeoutError:
        await _fail(socket, "as many are being listened to as this server can; try again later", BUSY)
        return
    try:
        try:
            session = await _begun(socket, service)
        except EarwitnessError as error:
            await _fail(socket, str(error))
            return
        except WebSocketDisconnect:
            return
        try:
            await _listened(socket, session)
        finally:
            await run_in_threadpool(session.close)
    finally:
        service.listeners.release()


async def _begun(socket: WebSocket, service: Service) -> Session:
    try:
        asked = json.loads(await asyncio.wait_for(socket.receive_text(), pace.STILL_S))
        rate, options = asked["sample_rate"], asked.get("options", {})
        if not isinstance(rate, int) or not isinstance(options, dict):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TimeoutError) as error:
        raise OptionError('begin with {"sample_rate": 16000, "options": {}}') from error
    wanted = service.settings.options.changed(**options_of(options))
    return await run_in_threadpool(Session, service.settings, service.recordings, wanted, rate)


async def _listened(socket: WebSocket, session: Session) -> None:
    """Takes sound and gives events side by side, until the last event."""
    taking = asyncio.create_task(_take(socket, session))
    events, gone = session.events(), False
    try:
        while (event := await run_in_threadpool(next, events, None)) is not None:
            if not gone:
                try:
                    await socket.send_json(event)
                except (WebSocketDisconnect, RuntimeError):
                    gone = True  # the transcript is made and kept all the same
        if not gone:
            with suppress(WebSocketDisconnect, RuntimeError):  # a client that has read the last event may be gone
                await socket.close()
    finally:
        taking.cancel()


async def _take(socket: WebSocket, session: Session) -> None:
    try:
        while (message := await socket.receive())["type"] == "websocket.receive":
            content: bytes | None = message.get("bytes")
            if message.get("text") == END:
                break
            if content is None or len(content) > MOST_BYTES:
                with suppress(RuntimeError):  # it may be gone by now
                    await _fail(socket, f'send sound, at most {MOST_BYTES} bytes at a time, and then "{END}"')
                break
            session.put(content)
    finally:
        session.end()


async def _fail(socket: WebSocket, detail: str, code: int = 1008) -> None:
    event: dict[str, Any] = {"type": "error", "detail": detail}
    await socket.send_json(event)
    await socket.close(code)
