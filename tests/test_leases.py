from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from earwitness import leases
from earwitness.checkpoints import FOLDER_VARIABLE, Checkpoints
from earwitness.errors import StorageError
from earwitness.leases import Leases, has_ended
from earwitness.processes import holder, is_gone

HOLDS = """
import sys
from pathlib import Path
from earwitness.leases import Leases
with Leases(Path(sys.argv[1]), lease_s=float(sys.argv[2])).held("words"):
    print("held", flush=True)
    sys.stdin.readline()
print("given back", flush=True)
"""


def holding(path: Path, lease_s: float = leases.LEASE_S) -> subprocess.Popen[str]:
    """Another process that holds the lease "words" until it is sent a line."""
    command = [sys.executable, "-c", HOLDS, str(path), str(lease_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


class ImpatientError(Exception):
    pass


def gives_up() -> None:
    raise ImpatientError


def is_free(path: Path, name: str = "words", lease_s: float = leases.LEASE_S) -> bool:
    try:
        with Leases(path, lease_s=lease_s).held(name, gives_up):
            return True
    except ImpatientError:
        return False


def test_another_process_waits_until_it_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    process = holding(path)
    assert not is_free(path)
    assert is_free(path, "speakers")
    waits = 0

    def wait() -> None:
        nonlocal waits
        waits += 1
        if waits == 2:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()

    with Leases(path).held("words", wait):
        assert process.communicate(timeout=60)[0] == "given back\n"
        assert waits >= 2
        assert not is_free(path)  # nor does this process hold it twice
    assert is_free(path)


def test_of_a_process_that_was_killed_nothing_is_held(tmp_path: Path) -> None:
    """At once, also while its parent has not yet asked how it ended."""
    path = tmp_path / "leases"
    process = holding(path)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_free(path)
    process.communicate()
    assert is_free(path)


def held_elsewhere(path: Path, until: float) -> None:
    """As a process on another machine does, of which nobody here can see whether it lives."""
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO leases VALUES ('words', 'elsewhere-1-1', ?)", (until,))


def test_of_a_process_that_nobody_sees_the_lease_runs_out(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    assert is_free(path)
    held_elsewhere(path, time.time() + 1.0)
    assert not is_free(path)
    began = time.monotonic()
    with Leases(path).held("words"):
        assert 0.5 < time.monotonic() - began < 30


def test_a_lease_from_before_the_clock_was_set_back_is_none(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    assert is_free(path)
    held_elsewhere(path, time.time() + 86_400)
    assert is_free(path)


def test_it_lasts_as_long_as_the_work(tmp_path: Path) -> None:
    process = holding(tmp_path / "leases", 0.6)
    over = time.monotonic() + 2.0
    while time.monotonic() < over:
        assert not is_free(tmp_path / "leases", lease_s=0.6)
        time.sleep(0.05)
    process.communicate("\n", timeout=60)


def test_a_suspended_process_that_comes_back_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    process = holding(path, 0.6)
    process.send_signal(signal.SIGSTOP)
    with Leases(path, lease_s=5).held("words"):
        process.send_signal(signal.SIGCONT)
        assert process.communicate("\n", timeout=60)[0] == "given back\n"
        assert not is_free(path, lease_s=5)


def test_threads_do_not_share_a_lease(tmp_path: Path) -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        with Leases(tmp_path / "leases").held("words"):
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.05)
            with lock:
                at_work -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1


def test_no_row_outlives_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    process = holding(path)
    process.kill()
    process.communicate()
    assert is_free(path, "speakers")
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT * FROM leases").fetchall() == []


def test_a_process_is_known_by_when_it_began() -> None:
    place, number, began = holder().split("-")
    assert number == str(os.getpid())
    assert not is_gone(f"{place}-{number}-{began}")
    assert is_gone(f"{place}-{number}-{int(began) - 1}")
    assert not is_gone(f"{place}-{number}-")  # where the system does not tell when it began
    assert not is_gone(f"other-{number}-{int(began) - 1}")
    assert has_ended(f"{place}-{number}-{int(began) - 1}", time.time() + 10)


def test_what_cannot_be_noted_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "leases.sqlite"
    shelf = Checkpoints(tmp_path).shelf("ab" * 32, "words")
    path.mkdir()
    with pytest.raises(StorageError, match=rf"leases\.sqlite: who is at work cannot be noted.*{FOLDER_VARIABLE}"):
        shelf.held().__enter__()


@pytest.mark.parametrize("damage", [slice(0, 100), slice(100, None)])
def test_what_a_power_cut_damaged_is_made_anew(tmp_path: Path, damage: slice) -> None:
    path = tmp_path / "leases"
    assert is_free(path)
    content = bytearray(path.read_bytes())
    content[damage] = b"\xff" * len(content[damage])
    path.write_bytes(content)
    with Leases(path).held("words"):
        assert not is_free(path)
    assert is_free(path)
