from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from earwitness.evaluation import machine as module
from earwitness.evaluation.machine import cores, machine
from earwitness.evaluation.results import Machine
from earwitness.values import from_plain, to_plain

X86 = (
    "processor\t: 0\nmodel name\t: Fast & Cool CPU @ 3.0GHz\n\nprocessor\t: 1\nmodel name\t: Fast & Cool CPU @ 3.0GHz\n"
)
BOARD = "processor\t: 0\nBogoMIPS\t: 108.00\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"


def test_it_says_what_is_here() -> None:
    found = machine()
    assert found.packages["numpy"] == version("numpy")
    assert "no-such-package" not in found.packages
    assert found.processor.strip()
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert from_plain(Machine, to_plain(found)) == found


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="only POSIX tells the memory in pages")
def test_the_memory_is_the_system_s() -> None:
    assert machine().memory_gib == pytest.approx(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 0.01)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_only_the_cores_that_may_be_used_count() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("content", "name"),
    [(X86, "Fast & Cool CPU @ 3.0GHz"), (BOARD, "Raspberry Pi 4 Model B Rev 1.4"), ("processor\t: 0\n", None)],
)
def test_the_processor_s_name(tmp_path: Path, content: str, name: str | None) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert module._from_cpuinfo(tmp_path / "cpuinfo") == name


def test_a_system_without_cpuinfo(tmp_path: Path) -> None:
    assert module._from_cpuinfo(tmp_path / "cpuinfo") is None
