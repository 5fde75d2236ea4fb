"""What speaks: espeak-ng in the server's own process, and networks in a child, which is started for the first of them.

The child says one text at a time and keeps the network that spoke last. Who goes away takes their text with them.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from earwitness.errors import EarwitnessError
from earwitness.options import SpeechOptions
from earwitness.processes import spawned
from earwitness.server import speech
from earwitness.server.child import NICENESS
from earwitness.server.problems import FailedError
from earwitness.server.speech import Asked
from earwitness.toolkit import synthesis

STOP_S = 0.1
"""A child that is just being started is stopped again after this."""


class Speaker:
    """Speaks for all callers of a server."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self.process: Any = None
        """The child, while there is one."""
        self._connection: Connection | None = None

    async def spoken(self, asked: Asked) -> bytes:
        """A text as a sound file.

        Raises:
            OptionError, ScriptError, ModelError: as `speech.spoken`.
            FailedError: the process that speaks has died.
        """
        if not asked.is_neural:
            return await asyncio.to_thread(speech.spoken, asked)
        async with self._turn:
            saying = asyncio.ensure_future(asyncio.to_thread(self._said, asked))
            try:
                found = await asyncio.shield(saying)
            except asyncio.CancelledError:
                while not saying.done():  # or the next one would be given this one's sound
                    self.stop()
                    await asyncio.wait([saying], timeout=STOP_S)
                raise
        if isinstance(found, EarwitnessError):
            raise found
        return found

    def stop(self) -> None:
        """Ends the child, whatever it is saying."""
        if self.process is not None:
            self.process.terminate()
            self.process = None

    def _said(self, asked: Asked) -> bytes | EarwitnessError:
        if self.process is None or not self.process.is_alive():
            self._start()
        assert self._connection
        try:
            self._connection.send(asked)
            found: bytes | EarwitnessError = self._connection.recv()
        except (EOFError, OSError):
            return FailedError("the process that speaks has died; try a shorter text, or the model tts-1")
        return found

    def _start(self) -> None:
        self.process, self._connection = spawned(_speak, name="earwitness speaker")


def _speak(connection: Connection) -> None:
    """A child's life: texts in, sound out, until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the parent says when to stop
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(EOFError, OSError):
        while True:
            connection.send(_answered(connection.recv()))


def _answered(asked: Asked) -> bytes | EarwitnessError:
    try:
        return speech.spoken(asked, _engine(replace(asked.options, speed=SpeechOptions.speed)))
    except EarwitnessError as error:
        return type(error)(str(error))
    except Exception as error:  # a fault of ours must fail this text, and not take the next ones with it
        return FailedError(f"it cannot be said ({type(error).__name__}: {error}); try the model tts-1")


@lru_cache(maxsize=1)
def _engine(options: SpeechOptions) -> Any:
    return synthesis.synthesizer(options)
