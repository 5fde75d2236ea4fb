"""Samples that lie in a file and are read when they are looked at.

What has been looked at stays in memory until the system wants it for something else, and counts as this program's:
ten hours are 2.3 GB. Whoever goes through a recording therefore gives it back on the way.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from earwitness.types import FloatArray


def mapped(file: IO[bytes]) -> FloatArray:
    """The float32 samples in a file, read-only, shape (n,), n at least 1; the file may be closed afterwards."""
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype=np.float32)


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
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
