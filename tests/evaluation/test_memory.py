from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from earwitness.evaluation.memory import watch

MEBIBYTE = 2**20
HOLD = "import time; held = bytearray(b'x') * (200 * 2**20); time.sleep(0.4)"
BY_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r} + '; time.sleep(0.6)'])"
FOREVER = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


@pytest.mark.parametrize("code", [HOLD, BY_A_CHILD], ids=["itself", "a child of it"])
def test_two_hundred_mebibytes_are_seen(code: str) -> None:
    """Beside them there is only an interpreter or two, of some ten each."""
    process = started(code)
    peak = watch(process) / MEBIBYTE
    assert process.returncode == 0
    assert 200 < peak < 260


def test_nothing_is_left_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes while it waits; the process's own child goes, too."""
    process = started(f"{FOREVER}; print('begun', flush=True); time.sleep(60)")
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    (child,) = psutil.Process(process.pid).children()
    wait = process.wait

    def interrupted(timeout: float | None = None) -> int:
        if timeout is not None:
            raise KeyboardInterrupt
        return wait()

    monkeypatch.setattr(process, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        watch(process)
    assert process.returncode < 0
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_is_gone_already() -> None:
    process = started("pass")
    process.wait()
    assert watch(process) == 0
