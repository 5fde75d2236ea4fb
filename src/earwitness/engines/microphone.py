"""A microphone, through PortAudio (the package sounddevice), recorded by a process of its own.

Some recognisers keep a Python process from doing anything else for a second and more; a microphone does not wait so
long. The other process writes the recording and does nothing else, and ends with this one, however that ends.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from earwitness.blocks import at_16_khz
from earwitness.errors import EarwitnessError, ExtraError, SourceError, reason
from earwitness.tape import Tape
from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ, short_clock

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BLOCK_S = 0.1
PATIENCE_S = 5.0
"""A microphone that gives nothing for so long is gone: some systems do not say so."""
OTHERWISE = "or give --input FILE"
STOP, STARTED, LOST, ENDED = "stop", "started", "lost", "ended"


class Microphone:
    """A microphone that is being recorded, from when this is made until `stop`; `tape` has its sound."""

    def __init__(self, recording: Path, device: str | None = None) -> None:
        """Starts recording.

        Args:
            recording: a WAV file that is made; it can be read whatever happens.
            device: a part of the microphone's name, or its number; by default the system's.

        Raises:
            ExtraError: sounddevice is not installed.
            SourceError: there is no PortAudio, no such microphone, or it cannot be opened.
            StorageError: the recording cannot be written.
        """
        self._lost: list[Seconds] = []
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_record, args=(theirs, recording, device), daemon=True)
        self._process.start()
        theirs.close()
        try:
            told = self._ours.recv()
        except EOFError as error:
            raise SourceError(f"microphone: its process died ({self._process.exitcode}); try again") from error
        if isinstance(told, EarwitnessError):
            raise told
        self.name: str = told[1]
        self.tape = Tape(recording, grows=True)
        self._watcher = Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was lost: the system had to throw sound away, since nobody took it in time."""
        times = ", ".join(dict.fromkeys(map(short_clock, self._lost)))
        return (f"{times}: some of the microphone's sound was lost; other programs kept it waiting",) if times else ()

    def stop(self) -> None:
        """Ends the recording; what was heard until now is in it."""
        with suppress(OSError):
            self._ours.send(STOP)

    def close(self) -> None:
        """Stops, and waits until the recording is whole."""
        self.stop()
        self._watcher.join()
        self._process.join(PATIENCE_S)
        self._process.terminate()
        self.tape.close()

    def _watch(self) -> None:
        problem = self._until_the_end()
        self.tape.end(problem)

    def _until_the_end(self) -> EarwitnessError | None:
        samples, grown = 0, time.monotonic()
        while time.monotonic() - grown < PATIENCE_S:
            try:
                told = self._ours.recv() if self._ours.poll(BLOCK_S) else None
            except (EOFError, OSError):
                return SourceError(f"{self.name}: the process that records it died; what it had recorded is kept")
            if told == ENDED:
                return None
            if isinstance(told, EarwitnessError):
                return told
            if told:
                self._lost.append(told[1])
            if self.tape.samples > samples:
                samples, grown = self.tape.samples, time.monotonic()
        return SourceError(f"{self.name}: gives no sound any more; is it still plugged in?")


def _record(connection: Connection, recording: Path, device: str | None) -> None:
    """The other process: writes what the microphone hears until it is told to stop, or nobody is there to tell it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C the other one takes care
    try:
        sounddevice = _package()
        stream, name, rate = _opened(sounddevice, device)
        tape = Tape(recording)
        connection.send((STARTED, name))
        try:
            for block in at_16_khz(_blocks(stream, rate, connection), rate):
                tape.put(block)
        except sounddevice.PortAudioError as error:
            raise SourceError(f"{name}: stopped ({reason(error)}); is it still plugged in?") from error
        finally:
            tape.close()
        stream.close()
        connection.send(ENDED)
    except EarwitnessError as problem:
        with suppress(OSError):
            connection.send(problem)
    except OSError:  # nobody listens any more
        return


def _blocks(stream: Any, rate: int, connection: Connection) -> Iterator[FloatArray]:
    frames, heard, told = round(BLOCK_S * rate), 0, -1.0
    stream.start()
    while not connection.poll():
        block, overflowed = stream.read(frames)
        heard += len(block)
        yield block[:, 0].copy()
        if overflowed and heard / rate - told >= 1.0:
            told = heard / rate
            connection.send((LOST, told))


def _package() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise ExtraError(f"microphone: needs sounddevice; pip install 'earwitness[live]', {OTHERWISE}") from error
    except OSError as error:
        raise SourceError(
            f"microphone: the PortAudio library is not installed; on Debian and Ubuntu apt install libportaudio2, "
            f"elsewhere your system's PortAudio, {OTHERWISE}"
        ) from error
    return sounddevice


def _opened(sounddevice: Any, device: str | None) -> tuple[Any, str, int]:
    """The stream of a microphone, its name and its sample rate."""
    which = int(device) if device and device.isdecimal() else device
    try:
        known = sounddevice.query_devices(which, "input")
    except (ValueError, sounddevice.PortAudioError) as error:
        raise SourceError(_none_such(sounddevice, device)) from error
    if known["max_input_channels"] < 1:
        raise SourceError(_none_such(sounddevice, device))
    settings = {"device": which, "channels": 1, "dtype": "float32", "latency": "high"}
    problem: Exception | None = None
    for rate in (SAMPLE_RATE_HZ, int(known["default_samplerate"])):
        try:
            return sounddevice.InputStream(samplerate=rate, **settings), known["name"], rate
        except sounddevice.PortAudioError as error:
            problem = error
    raise SourceError(
        f"{known['name']}: cannot be opened ({reason(problem)}); is another program using it?"  # type: ignore[arg-type]
    )


def _none_such(sounddevice: Any, device: str | None) -> str:
    inputs = [f"{one['index']} {one['name']}" for one in sounddevice.query_devices() if one["max_input_channels"]]
    if not inputs:
        return f"microphone: none was found; plug one in, {OTHERWISE}"
    which = f"--microphone {device}: not one of" if device else "microphone: none is the system's default; choose of"
    return f"{which} {', '.join(inputs)}"
