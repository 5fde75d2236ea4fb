"""Who is at a job, when it is cancelled and wanted again before its child has gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="the server needs the extra server")
from earwitness.library.jobs import Queue
from earwitness.library.store import Library
from earwitness.server import requests, workers
from earwitness.server.news import Newsroom
from earwitness.server.settings import Settings
from earwitness.server.workers import Workers
from earwitness.source import Reference
from server_process import until
from sounds import EPISODE

WAIT_S = 30.0


class Stage:
    """What children do, as a test says: each is at its job until it may end, whether somebody has killed it or not."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.log: list[str] = []
        self.at: list[Doing] = []
        self.begun = Event()

    def child(self, _: Settings) -> Doing:
        return Doing(self)

    def next(self) -> Doing:
        """The next child that has begun."""
        assert self.begun.wait(WAIT_S)
        with self.lock:
            self.begun.clear()
            return self.at[-1]


class Doing:
    """A stand-in for a child, which is its own connection and its own process."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.connection, self.process = stage, self, SimpleNamespace(kill=self.kill)
        self.may_end, self.killed = Event(), Event()
        self.name = ""

    def send(self, task: workers.Task) -> None:
        with self.stage.lock:
            name = task.work.reference.name
            assert name not in [other.name for other in self.stage.at]
            self.name = name
            self.stage.at.append(self)
            self.stage.log.append(name)
        self.stage.begun.set()

    def recv(self) -> workers.Ended:
        assert self.may_end.wait(WAIT_S)
        self.may_end.clear()
        if self.killed.is_set():
            raise EOFError
        self._leave()
        return workers.Ended(episode=1)

    def kill(self) -> None:
        self.killed.set()

    def end(self) -> None:
        self._leave()

    def _leave(self) -> None:
        with self.stage.lock:
            if self in self.stage.at:
                self.stage.at.remove(self)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(workers, "Child", made.child)
    return made


@pytest.fixture
def at_work(tmp_path: Path, stage: Stage) -> Iterator[tuple[Workers, Library]]:
    """Two workers, and their library."""
    settings = Settings(library=tmp_path / "library.sqlite", workers=2)
    with Library(settings.library) as library:
        made = Workers(settings, Newsroom())
        made.start()
        yield made, library
        for one in stage.at:
            one.may_end.set()
        made.stop()
        assert not any(thread.is_alive() for thread in made._threads)


def asked(at_work: tuple[Workers, Library], name: str) -> str:
    found = requests.ask(at_work[1], requests.Work(Reference(str(EPISODE), "file", name, name), {}), "upload").id
    at_work[0].wake()
    return found


def test_a_job_that_is_cancelled_and_wanted_again_at_once_is_done_once(
    stage: Stage, at_work: tuple[Workers, Library]
) -> None:
    ours, library = at_work
    first = asked(at_work, "first")
    old = stage.next()
    assert requests.cancel(library, first).state == "cancelled"
    ours.cancel(first)
    assert old.killed.is_set()
    assert requests.retry(library, first).state == "waiting"
    asked(at_work, "second")
    other = stage.next()
    assert other.name == "second"  # the other worker is free and passes over the first, the older one
    other.may_end.set()
    asked(at_work, "third")
    assert stage.next().name == "third"
    assert requests.request_of(library, first).state == "waiting"
    old.may_end.set()  # the old child is gone
    again = stage.next()
    assert again.name == "first"
    ours.cancel(first)  # whoever cancelled it before says so late
    assert not again.killed.is_set()
    again.may_end.set()
    until(lambda: requests.request_of(library, first).state == "done")
    assert stage.log == ["first", "second", "third", "first"]
    assert all(thread.is_alive() for thread in ours._threads)


def test_a_job_that_another_server_cancels_is_stopped_at_the_next_beat(
    stage: Stage, at_work: tuple[Workers, Library]
) -> None:
    ours, library = at_work
    job = asked(at_work, "first")
    child = stage.next()
    ours._beat()
    assert not child.killed.is_set()
    requests.cancel(library, job)
    ours._beat()
    assert child.killed.is_set()
    assert Queue(library).claim(prefixes=requests.prefixes()) is None
