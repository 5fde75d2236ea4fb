"""Samples in a file: the same numbers, and memory that is given back."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from earwitness.errors import StorageError
from earwitness.mapped import mapped, release, room

SAMPLES = 16_000_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def samples() -> np.ndarray:
    with tempfile.TemporaryFile() as file:
        np.arange(SAMPLES, dtype=np.float32).tofile(file)
        file.flush()
        return mapped(file)


def test_the_samples_are_those_in_the_file(samples: np.ndarray) -> None:
    assert len(samples) == SAMPLES
    assert not samples.flags.writeable
    assert samples[12_345] == 12_345


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_memory_is_given_back_and_the_samples_stay(samples: np.ndarray) -> None:
    before = resident_bytes()
    total = samples.sum(dtype=np.float64)
    assert resident_bytes() - before > 0.9 * samples.nbytes
    release(samples[1000:][:5])  # a view will do
    assert resident_bytes() - before < 0.1 * samples.nbytes
    assert samples.sum(dtype=np.float64) == total


def test_samples_in_no_file_are_left_alone() -> None:
    samples = np.arange(10, dtype=np.float32)
    release(samples[2:])
    assert samples.tolist() == list(range(10))


def test_room_keeps_what_is_written_when_its_memory_is_given_back(tmp_path: Path) -> None:
    for scratch in (tmp_path, None):
        values = room((3, 5000), scratch)
        assert not values.any()
        values[1] = np.arange(5000)
        release(values)
        assert values[1, 4999] == 4999
        assert not values[2].any()
    assert not list(tmp_path.iterdir())
    assert room((3, 0), tmp_path).shape == (3, 0)


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no room for"):
        room((2**40, 2**20), tmp_path)
    with pytest.raises(StorageError, match="no room for"):
        room((1, 1), tmp_path / "none")


HEAPS = """
import ctypes, sys, threading
from earwitness.mapped import share_heaps

if sys.argv[2] == "shared":
    share_heaps(2)
all_there = threading.Barrier(16)
def take():
    all_there.wait()
    taken = [bytes(10_000) for _ in range(100)]
    all_there.wait()
threads = [threading.Thread(target=take) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for every thread")
def test_threads_share_heaps(tmp_path: Path) -> None:
    heaps = {}
    for how in ("shared", "own"):
        subprocess.run([sys.executable, "-c", HEAPS, str(tmp_path / how), how], check=True)
        heaps[how] = (tmp_path / how).read_text(encoding="ascii").count("<heap nr=")
    assert heaps["shared"] <= 2 < heaps["own"]
