from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from earwitness.library import jobs
from earwitness.library.jobs import DIED, Claims, Job, Queue
from earwitness.library.store import Library
from earwitness.processes import holder
from sounds import speech, write_wav


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(Library(tmp_path / "library.sqlite"))


def filled(queue: Queue, *keys: str) -> Queue:
    for key in keys:
        queue.add(key, f"do {key}")
    return queue


def claimed(queue: Queue, keys: list[str] | None = None) -> Job:
    job = queue.claim(keys)
    assert job
    return job


def states(queue: Queue) -> dict[str, str]:
    return {job.key: job.state for job in queue.jobs()}


def test_the_oldest_is_done_first_and_each_key_once(queue: Queue) -> None:
    filled(queue, "a", "b", "c")
    assert not queue.add("b", "do b otherwise")
    assert [claimed(queue).key, claimed(queue, ["x", "c"]).key] == ["a", "c"]
    assert queue.claim(["a", "c"]) is None
    b = claimed(queue)
    assert (b.key, b.work, b.state, b.attempts) == ("b", "do b otherwise", "running", 1)
    assert queue.claim() is None
    assert not queue.add("b", "too late")
    assert queue.jobs("running")[1].work == "do b otherwise"


def test_what_failed_is_set_aside_with_its_reason_until_it_is_retried(queue: Queue) -> None:
    filled(queue, "a", "b")
    assert queue.failed(claimed(queue), "not audio")
    assert queue.done(claimed(queue))
    assert queue.claim() is None
    assert [(job.key, job.reason) for job in queue.jobs("failed")] == [("a", "not audio")]
    assert queue.retry(["b"]) == 0
    assert queue.retry() == 1
    again = claimed(queue)
    assert (again.key, again.reason, again.attempts) == ("a", None, 1)


def test_what_is_given_back_was_never_taken(queue: Queue) -> None:
    for _ in range(5):
        assert queue.give_back(claimed(filled(queue, "a")))
    assert [(job.state, job.attempts) for job in queue.jobs()] == [("waiting", 0)]


def test_what_is_cancelled_and_retried_is_nobody_elses_until_its_worker_has_stopped(queue: Queue) -> None:
    filled(queue, "a", "b")
    first = claimed(queue)
    assert queue.cancel("a", "cancelled")
    assert not queue.is_held(first)
    assert queue.retry(["a"]) == 1
    assert claimed(queue).key == "b"  # though the other is older
    assert queue.claim() is None
    assert not queue.done(first)
    assert states(queue)["a"] == "waiting"
    again = claimed(queue)
    assert (again.key, again.attempts) == ("a", 1)
    assert not queue.cancel("c", "cancelled")
    assert queue.cancel("a", "cancelled")
    assert not queue.died(again)
    assert (queue.claim(), queue.retry(["a"])) == (None, 1)
    assert queue.done(claimed(queue))


def test_a_worker_that_died_before_it_knew_of_the_end_keeps_nobody_waiting(queue: Queue) -> None:
    filled(queue, "a")
    assert dies(queue) == "a 1"
    assert queue.cancel("a", "cancelled")
    assert queue.claim() is None
    assert [(job.state, job.reason) for job in queue.jobs()] == [("failed", "cancelled")]
    assert queue.retry(["a"]) == 1
    assert claimed(queue).attempts == 1


def test_claims_are_lazy_and_what_is_not_settled_is_given_back(queue: Queue) -> None:
    filled(queue, *"abcd")
    with Claims(queue, ["a", "b", "c"]) as claims:
        coming = iter(claims)
        first, second = next(coming), next(coming)
        assert states(queue) == {"a": "running", "b": "running", "c": "waiting", "d": "waiting"}
        assert claims.settle(first)
        third = next(coming)
        assert claims.settle(third, "no sound in it")
        assert next(coming, None) is None
        assert second.key == "b"
    assert states(queue) == {"a": "done", "b": "waiting", "c": "failed", "d": "waiting"}


def test_a_lease_that_beats_lasts_and_one_that_does_not_ends(tmp_path: Path) -> None:
    queue = filled(Queue(Library(tmp_path / "library.sqlite"), lease_s=0.6), "a")
    with Claims(queue) as claims:
        job = next(iter(claims))
        over = time.monotonic() + 1.5
        while time.monotonic() < over:
            assert queue.claim() is None
            time.sleep(0.05)
        assert claims.settle(job)
    filled(queue, "b")
    late = claimed(queue)  # and nobody beats, as in a process that is suspended
    while (another := queue.claim()) is None:
        time.sleep(0.05)
    assert (another.key, another.attempts) == ("b", 2)
    with sqlite3.connect(queue.library.path) as database:
        database.execute("UPDATE jobs SET holder = 'another' WHERE key = 'b'")
    assert not queue.done(late)
    assert not queue.failed(late, "too late")
    assert states(queue)["b"] == "running"


DIES = """
import os, signal, sys
from pathlib import Path
from earwitness.library.jobs import Queue
from earwitness.library.store import Library
job = Queue(Library(Path(sys.argv[1]))).claim()
print(job.key, job.attempts, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def dies(queue: Queue) -> str:
    """A worker that takes a job and is killed; what it says."""
    command = [sys.executable, "-c", DIES, str(queue.library.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


def test_what_a_dead_worker_had_is_taken_at_once_and_set_aside_after_three(queue: Queue) -> None:
    filled(queue, "deadly", "harmless")
    assert [dies(queue) for _ in range(3)] == ["deadly 1", "deadly 2", "deadly 3"]
    assert claimed(queue).key == "harmless"
    assert [(job.key, job.reason) for job in queue.jobs("failed")] == [("deadly", DIED)]
    assert queue.retry(["deadly"]) == 1
    assert dies(queue) == "deadly 1"


def test_where_nobody_can_see_it_dead_the_lease_runs_out(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(queue, "a")
    assert dies(queue) == "a 1"
    with sqlite3.connect(queue.library.path) as database:
        database.execute("UPDATE jobs SET holder = replace(holder, substr(holder, 1, 12), 'elsewhere'), held_until = ?",
                         (time.time() + 0.5,))  # fmt: skip
    assert queue.claim() is None
    while queue.claim() is None:
        time.sleep(0.05)
    assert queue.jobs()[0].attempts == 2


WORKS = """
import os, sys, time
from pathlib import Path
from earwitness.library.jobs import Claims, Queue
from earwitness.library.store import Library
journal = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
print("ready", flush=True)
sys.stdin.readline()
with Library(Path(sys.argv[1])) as library, Claims(Queue(library)) as claims:
    for job in claims:
        os.write(journal, f"{os.getpid()} {job.key}\\n".encode())
        time.sleep(0.005)  # the work, in which others get a turn
        assert claims.settle(job)
"""


def test_two_workers_never_get_the_same_job(queue: Queue, tmp_path: Path) -> None:
    """Four processes take two hundred jobs as fast as they can."""
    filled(queue, *map(str, range(200)))
    (journal := tmp_path / "journal").touch()
    command = [sys.executable, "-c", WORKS, str(queue.library.path), str(journal)]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 4
    taken = [line.split() for line in journal.read_text().splitlines()]
    assert Counter(key for _, key in taken) == Counter(map(str, range(200)))
    assert len({process for process, _ in taken}) > 1
    assert {job.state for job in queue.jobs()} == {"done"}


def test_a_number_that_another_process_has_by_now_is_not_the_worker(queue: Queue) -> None:
    filled(queue, "a")
    claimed(queue)
    place, number, began = holder().split("-")
    assert int(number) == os.getpid()
    assert queue.claim() is None
    with sqlite3.connect(queue.library.path) as database:
        database.execute("UPDATE jobs SET holder = ?", (f"{place}-{number}-{int(began) - 1}",))
    assert claimed(queue).attempts == jobs.MAX_ATTEMPTS - 1


TRANSCRIBES = """
import sys, time
from pathlib import Path
from earwitness.batch import Job, transcribe_all
from earwitness.engines import fake
from earwitness.library.jobs import Claims, Queue
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.source import find

root, pause_s = Path(sys.argv[1]), float(sys.argv[2])
hear = fake.counting
def slowly(window, temperature=0.0):
    print("hears", flush=True)
    time.sleep(pause_s)
    return hear(window)
fake.counting = slowly
todo = Job(Options.of(engine="fake", threads=2), root / "out", ("txt",), root / "cache")
with Library(root / "library.sqlite") as library, Claims(Queue(library)) as claims:
    at_work = {}
    def references():
        for job in claims:
            (reference,) = find([job.work])
            at_work[reference.name] = job
            yield reference
    for outcome in transcribe_all(references(), todo):
        claims.settle(at_work[outcome.name], outcome.error)
"""


def test_a_batch_from_the_queue_is_killed_and_another_does_the_rest(queue: Queue, tmp_path: Path) -> None:
    """And what is no recording is set aside with its reason, until it is one and is retried."""
    for number in range(5):
        write_wav(tmp_path / f"{number}.wav", speech(4.0, start=4.0 * number))
        queue.add(str(number), str(tmp_path / f"{number}.wav"))
    (tmp_path / "1.wav").write_text("a letter")
    command = [sys.executable, "-c", TRANSCRIBES, str(tmp_path)]
    killed = subprocess.Popen([*command, "60"], stdout=subprocess.PIPE, text=True)
    assert killed.stdout
    assert killed.stdout.readline().startswith("hears")  # of two threads, whose lines may run together
    assert "running" in states(queue).values()
    killed.kill()
    killed.communicate()
    subprocess.run([*command, "0"], check=True, timeout=120, stdout=subprocess.DEVNULL)
    assert states(queue) == {"0": "done", "1": "failed", "2": "done", "3": "done", "4": "done"}
    (bad,) = queue.jobs("failed")
    assert "1.wav" in (bad.reason or "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.txt", "2.txt", "3.txt", "4.txt"]
    write_wav(tmp_path / "1.wav", speech(4.0))
    assert queue.retry() == 1
    subprocess.run([*command, "0"], check=True, timeout=120, stdout=subprocess.DEVNULL)
    assert set(states(queue).values()) == {"done"}
