"""The server as a process: it listens, says where, and stops when it is told to."""

from __future__ import annotations

import socket
import sys
import time

import uvicorn

from earwitness.errors import OptionError, reason
from earwitness.mapped import share_heaps
from earwitness.server.app import application
from earwitness.server.pace import Stillness
from earwitness.server.service import Service
from earwitness.server.settings import Settings


def run(settings: Settings) -> None:
    """Serves until Ctrl-C or SIGTERM; jobs under way are given back and go on at the next start.

    Raises:
        OptionError: the address cannot be listened on.
        StorageError: the library or the folder for recordings cannot be used.
    """
    share_heaps()
    server = Server(settings)
    listening = _listening(settings)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"earwitness serves http://{shown}:{port}; Ctrl-C stops it", file=sys.stderr, flush=True)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    finally:
        listening.close()


class Server(uvicorn.Server):
    """The application and the connections to it; give `run` the socket to listen on."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            StorageError: the library or the folder for recordings cannot be used.
        """
        app = application(settings)
        self.service: Service = app.state.service
        self._stillness = Stillness()
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", timeout_graceful_shutdown=int(settings.stop_s), server_header=False
            )
        )

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        if counter % 10 == 0:
            self._stillness.end(self.server_state.connections, time.monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets those go who listen to events before it waits for answers to end: theirs would not."""
        self.service.news.close()
        await super().shutdown(sockets)


def _listening(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
        # asyncio sends at once only where the protocol is named: else an answer's body waits 40 ms for its head's ACK.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())
    except (OSError, UnicodeError) as error:
        raise OptionError(
            f"cannot listen on {settings.host}, port {settings.port} ({reason(error)}); give another --host or --port"
        ) from error
