"""Samples and features that lie in a file and are read when they are looked at.

What has been looked at stays in memory until the system wants it for something else, and counts as this program's:
ten hours are 2.3 GB. Whoever goes through a recording therefore gives it back on the way.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import StorageError

if TYPE_CHECKING:
    from earwitness.types import FloatArray

M_ARENA_MAX = -8
"""The parameter of glibc's mallopt (malloc.h)."""


def mapped(file: IO[bytes]) -> FloatArray:
    """The float32 samples in a file, read-only, shape (n,), n at least 1; the file may be closed afterwards."""
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype=np.float32)


def room(shape: tuple[int, ...], scratch: Path | None) -> FloatArray:
    """Zeros of a shape to write float32 numbers into: in a file without a name under `scratch`, or else in memory.

    >>> room((2, 3), None).shape
    (2, 3)

    Raises:
        StorageError: there is no room for them under `scratch`.
    """
    length = 4 * math.prod(shape)
    if scratch is None or not length:
        return np.zeros(shape, np.float32)
    try:
        with tempfile.TemporaryFile(dir=scratch) as file:
            # The bytes are taken now: where a mapped file finds the disk full later on, the process is killed.
            os.posix_fallocate(file.fileno(), 0, length) if hasattr(os, "posix_fallocate") else file.truncate(length)
            return np.frombuffer(mmap.mmap(file.fileno(), length), np.float32).reshape(shape)
    except OSError as error:
        raise StorageError(
            f"{scratch}: no room for {length / 2**20:.0f} MB ({error.strerror}); free some disk space"
        ) from error


def release(samples: FloatArray) -> None:
    """Gives back the memory that the file behind `samples` takes; they are still there, and read again if need be.

    Nothing happens where they are in no file, or the system knows no such thing.
    """
    base: Any = samples
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def give_back_freed() -> None:
    """Gives back memory that was freed and that the C library keeps: after a model is loaded, 100 MB and more.

    Nothing happens where the library is not glibc.
    """
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def share_heaps(count: int = 2) -> None:
    """Lets all threads take memory from so many heaps; by default glibc has eight for each processor core.

    Each keeps as much as was ever taken from it at once. Where any of forty threads may read the largest transcript,
    that is sixteen times the largest transcript.

    Nothing happens where the library is not glibc. Source: mallopt(3), M_ARENA_MAX.
    """
    if tell := _of_glibc("mallopt"):
        tell(M_ARENA_MAX, count)


def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
