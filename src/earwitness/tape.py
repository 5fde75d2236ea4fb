"""Sound on its way from whoever hears it to whoever is slower: written to a file as it comes, and read from there.

However long the reader stalls, nothing is lost and memory stays small. A tape that has a name is a WAV file (16 bits)
that any program reads, whole up to the last block even where its writer was killed.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import numpy as np

from earwitness.errors import EarwitnessError, StorageError
from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

LOOK_EVERY_S = 0.02
"""How often a reader that is up to date looks for more."""
MOST_S = 30.0
"""What is read at a time."""
PLAYED_S = 0.1
"""What is played comes in blocks of this length, as from a microphone."""
FULL_SCALE = 32768
HEADER_BYTES = 44
UNKNOWN_LENGTH = 0xFFFFFFFF
"""What a WAV file says of its length while it grows: so does one that is written to a pipe."""


def wav_header(data_bytes: int = UNKNOWN_LENGTH) -> bytes:
    """The header of a 16-bit mono WAV at 16 kHz (Microsoft and IBM, "Multimedia Programming Interface", 1991).

    >>> len(wav_header(0))
    44
    """
    whole = min(UNKNOWN_LENGTH, data_bytes + HEADER_BYTES - 8)
    form = struct.pack("<IHHIIHH", 16, 1, 1, SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ, 2, 16)
    return b"RIFF" + struct.pack("<I", whole) + b"WAVEfmt " + form + b"data" + struct.pack("<I", data_bytes)


class Tape:
    """Blocks of sound: `put` by one thread or process, iterated over by another, each as fast as it can.

    >>> tape = Tape()
    >>> tape.put(np.zeros(1600, np.float32))
    >>> tape.end()
    >>> [len(block) for block in tape]
    [1600]
    """

    def __init__(self, path: Path | None = None, *, scratch: Path | None = None, grows: bool = False) -> None:
        """An empty tape.

        Args:
            path: of a WAV file; without, the samples are kept as they are, in a file without a name.
            scratch: the folder for that.
            grows: the file is there already, and another process writes it.

        Raises:
            StorageError: the file cannot be written.
        """
        self._ended, self._alone = Event(), Lock()
        self._problem: EarwitnessError | None = None
        self._wav = path is not None
        self._began = float("inf")
        try:
            if path is None:
                self._file = tempfile.TemporaryFile(dir=scratch, buffering=0)  # noqa: SIM115
            else:
                self._file = path.open("rb" if grows else "w+b", buffering=0)
                if not grows:
                    self._file.write(wav_header())
        except OSError as error:
            where = path or scratch or tempfile.gettempdir()
            raise StorageError(f"{where}: cannot write there ({error.strerror}); name another folder") from error

    def put(self, block: FloatArray) -> None:
        """Adds a block: float32 (n,) at 16 kHz, finite.

        Raises:
            StorageError: the disk is full.
        """
        if self._wav:
            content = np.clip(np.round(block * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
        else:
            content = np.asarray(block, np.float32).tobytes()
        try:
            with self._alone:
                self._file.seek(0, os.SEEK_END)
                while content:
                    content = content[self._file.write(content) :]
        except OSError as error:
            raise StorageError(f"the sound cannot be kept ({error.strerror}); free some disk space") from error
        _ = self.samples

    def end(self, problem: EarwitnessError | None = None) -> None:
        """Says that no more comes; `problem` is raised to the reader once it has read everything."""
        self._problem = self._problem or problem
        self._ended.set()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def samples(self) -> int:
        """How many there are by now."""
        size = os.fstat(self._file.fileno()).st_size
        count = max(0, size - HEADER_BYTES) // 2 if self._wav else size // 4
        if count:
            self._began = min(self._began, time.monotonic() - count / SAMPLE_RATE_HZ)
        return count

    def now(self) -> Seconds:
        """What time it is in the recording, for sound that comes as it is spoken; goes on after the end."""
        return max(0.0, time.monotonic() - self._began)

    def __iter__(self) -> Iterator[FloatArray]:
        """All that is there and not yet read, at most 30 s at a time; waits for more until the end."""
        read = 0
        while True:
            ended = self.ended  # before the count, so that what came until then is read
            count = min(self.samples - read, to_samples(MOST_S))
            if count > 0:
                yield self._read(read, count)
                read += count
            elif ended:
                break
            else:
                self._ended.wait(LOOK_EVERY_S)
        if self._problem:
            raise self._problem

    def _read(self, first: int, count: int) -> FloatArray:
        width = 2 if self._wav else 4
        with self._alone:
            self._file.seek((HEADER_BYTES if self._wav else 0) + width * first)
            content = self._file.read(width * count)
        if self._wav:
            return (np.frombuffer(content, "<i2") / np.float32(FULL_SCALE)).astype(np.float32)
        return np.frombuffer(content, np.float32)

    def play(self, samples: FloatArray) -> None:
        """Puts a whole recording, as fast as it was spoken, and ends; stops where somebody else ends the tape."""
        step, began = to_samples(PLAYED_S), time.monotonic()
        for first in range(0, len(samples), step):
            block = samples[first : first + step]
            if self._ended.wait(max(0.0, began + (first + len(block)) / SAMPLE_RATE_HZ - time.monotonic())):
                return
            self.put(block)
        self.end()

    def close(self) -> None:
        """Ends it, and writes its length into a WAV file."""
        self.end()
        if self._file.closed:
            return
        if self._wav and self._file.writable():
            self._file.seek(0)
            self._file.write(wav_header(2 * self.samples))
        self._file.close()
