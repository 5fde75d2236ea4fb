"""Live sessions: sound that comes over a connection, heard by a child process while it comes.

The sound goes to a file (`earwitness.tape`), from which the child reads as fast as it can: nothing is lost and memory
stays small however slow it is. When the sound ends, by itself or because whoever sent it is gone, the child makes the
transcript and keeps it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.batch import Job, transcribed
from earwitness.blocks import at_16_khz
from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.errors import EarwitnessError, OptionError
from earwitness.library import episodes
from earwitness.library.store import Library
from earwitness.live import Closed, Event, Final, Listening
from earwitness.options import Options
from earwitness.pipeline import Engines, Stages
from earwitness.processes import spawned
from earwitness.server.recordings import Recordings, keep_sound
from earwitness.server.settings import Settings
from earwitness.source import Reference, fetch
from earwitness.tape import Tape

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SAMPLE_BYTES = 2
FULL_SCALE = 32_768
END_S = 5.0
"""How long a child that has said its last has to end."""


class Session:
    """One stream: `put` its sound, `end` it, and read its `events` in another thread."""

    def __init__(self, settings: Settings, kept: Recordings, options: Options, sample_rate: int) -> None:
        """
        Args:
            options: how it is transcribed.
            sample_rate: of the sound that will come, in hertz.

        Raises:
            OptionError: no such sample rate.
            StorageError: the sound cannot be kept.
        """
        self._sound = Queue[bytes | None]()
        blocks = at_16_khz(_blocks(self._sound), sample_rate)
        self._coming = kept.named_coming(".wav")
        self._tape = Tape(self._coming)
        self._process, self._ours = spawned(
            _listen, self._coming, settings.library, settings.recordings, options, name="earwitness live"
        )
        self._writer = Thread(target=self._write, args=(blocks,), daemon=True)
        self._writer.start()

    def put(self, content: bytes) -> None:
        """Adds sound: 16-bit samples, little-endian, one channel."""
        self._sound.put(content)

    def end(self) -> None:
        """Says that no more comes; the transcript follows."""
        self._sound.put(None)

    def events(self) -> Iterator[Mapping[str, Any]]:
        """What is heard, as it is heard; the last is `done`, with the episode, or `error`."""
        try:
            while True:
                event = self._ours.recv()
                yield event
                if event["type"] in ("done", "error"):
                    return
        except (EOFError, OSError):
            yield {"type": "error", "detail": "the process that listens has ended; send the recording as a file"}

    def close(self) -> None:
        """Ends the child, whatever it is at, and leaves nothing of the sound but what was kept."""
        self.end()
        self._process.join(END_S)
        self._process.terminate()
        self._process.join()
        self._ours.close()
        self._tape.close()
        self._coming.unlink(missing_ok=True)

    def _write(self, blocks: Iterator[FloatArray]) -> None:
        problem = None
        try:
            for block in blocks:
                self._tape.put(block)
        except EarwitnessError as error:
            problem = str(error)
        self._tape.close()
        with suppress(OSError):  # of a child that is gone: whoever reads its events sees that
            self._ours.send(problem)


def _blocks(sound: Queue[bytes | None]) -> Iterator[FloatArray]:
    """Samples of what comes in pieces of any length."""
    rest = b""
    while (content := sound.get()) is not None:
        content = rest + content
        whole = len(content) // SAMPLE_BYTES * SAMPLE_BYTES
        rest = content[whole:]
        yield (np.frombuffer(content[:whole], "<i2") / np.float32(FULL_SCALE)).astype(np.float32)


def _listen(connection: Connection, path: Path, library: Path | None, folder: Path, options: Options) -> None:
    """The child: events as they come, and at the end the transcript."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the parent says when to stop
    try:
        connection.send(_transcript_of(connection, path, library, Recordings(folder), options))
    except EarwitnessError as error:
        connection.send({"type": "error", "detail": str(error).replace(f"{path.name}: ", "")})
    except OSError:  # the parent is gone
        return


def _transcript_of(
    connection: Connection, path: Path, library: Path | None, kept: Recordings, options: Options
) -> dict[str, Any]:
    name = f"live-{datetime.now().astimezone():%Y%m%d-%H%M%S}.wav"
    tape, engines = Tape(path, grows=True), Engines(options)
    listening = Listening(engines, options, tape.now)
    listening.load()
    connection.send({"type": "ready"})
    problems: list[str] = []

    def wait() -> None:
        try:
            problem = connection.recv()
            problems.extend([problem] if problem else [])
        except (EOFError, OSError):
            problems.append("the server has ended")
        tape.end()

    Thread(target=wait, daemon=True).start()
    for event in listening.events(tape):
        connection.send(_shown(event))
    if not tape.samples:
        raise OptionError("no sound came")
    checkpoints = Checkpoints(default_folder())
    source = fetch(Reference(str(path), "file", name, path.stem), options.source, checkpoints.scratch())
    stages = Stages(source, options, checkpoints)
    listening.tell(stages)
    made = transcribed(stages, Job(options, Path(), (), default_folder()), engines).transcript
    keep_sound(stages, library, kept)
    with Library(library) as opened:
        return {"type": "done", "episode": episodes.keep(opened, made), "problems": problems}


def _shown(event: Event) -> dict[str, Any]:
    """An event as it is sent; its lag is the time since its last word was spoken."""
    kind = "turn" if isinstance(event, Closed) else "final" if isinstance(event, Final) else "partial"
    words = [asdict(word) for word in event.words]
    shown: dict[str, Any] = {
        "type": kind,
        "text": "".join(word.word for word in event.words).strip(),
        "words": words,
        "at": event.at,
        "lag_s": max(0.0, event.at - event.words[-1].end) if event.words else None,
    }
    if isinstance(event, Closed):
        shown |= {"start": event.start, "end": event.end, "speaker": event.speaker}
    return shown
