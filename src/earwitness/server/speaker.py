"""What speaks: espeak-ng in the server's own process, and networks in a child, which is started for the first of them.

The child says one text at a time and keeps the network that spoke last. Who goes away takes their text with them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from earwitness.errors import EarwitnessError
from earwitness.options import SpeechOptions
from earwitness.server import speech
from earwitness.server.problems import FailedError
from earwitness.server.speech import Asked
from earwitness.server.workers import NICENESS
from earwitness.toolkit import synthesis


class Speaker:
    """Speaks for all callers of a server."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: Any = None
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
            try:
                found = await asyncio.to_thread(self._said, asked)
            except asyncio.CancelledError:
                self.stop()
                raise
        if isinstance(found, EarwitnessError):
            raise found
        return found

    def stop(self) -> None:
        """Ends the child, whatever it is saying."""
        if self._process is not None:
            self._process.terminate()
            self._process = None

    def _said(self, asked: Asked) -> bytes | EarwitnessError:
        if self._process is None or not self._process.is_alive():
            self._start()
        assert self._connection
        try:
            self._connection.send(asked)
            found: bytes | EarwitnessError = self._connection.recv()
        except (EOFError, OSError):
            return FailedError("the process that speaks has died; try a shorter text, or the model tts-1")
        return found

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_speak, args=(theirs,), name="earwitness speaker", daemon=True)
        self._process.start()
        theirs.close()


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
