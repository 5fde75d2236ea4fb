"""Samples in a file: the same numbers, and memory that is given back."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from earwitness.mapped import mapped, release

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
