from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

pytest.importorskip("fastapi", reason="the server needs the extra server")
from earwitness.errors import OptionError, StorageError
from earwitness.library.jobs import Queue
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.server import requests
from earwitness.server.requests import ReusedKeyError, UnknownRequestError, Work
from earwitness.source import Reference
from sounds import EPISODE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


def work(name: str = "a.mp3", **options: object) -> Work:
    return Work(Reference(str(EPISODE), "file", name, "a"), options, keep=not name.startswith("api"))


def test_a_request_is_a_job_under_an_id_that_cannot_be_guessed(store: Library) -> None:
    made = [requests.ask(store, work(speakers=2), "upload", content="c") for _ in range(2)]
    assert len({one.id for one in made}) == 2
    assert all(len(one.id) >= 16 and ":" not in one.id for one in made)
    first = made[0]
    assert (first.name, first.origin, first.state, first.episode, first.reason) == (
        "a.mp3",
        "upload",
        "waiting",
        None,
        None,
    )
    job = Queue(store).claim(prefixes=requests.prefixes())
    assert job
    assert requests.id_of(job.key) == first.id
    assert requests.work_of(job.work) == work(speakers=2)
    requests.finished(store, first.id, 7)
    assert Queue(store).done(job)
    assert [(one.id, one.state, one.episode) for one in requests.requests(store)] == [
        (made[1].id, "waiting", None), (first.id, "done", 7),
    ]  # fmt: skip
    assert requests.counts(store) == {"waiting": 1, "running": 0, "done": 1, "failed": 0, "cancelled": 0}
    assert len(requests.requests(store, limit=1)) == 1


def test_jobs_of_other_commands_are_none_of_the_servers(store: Library) -> None:
    queue = Queue(store)
    queue.add("serv", "x")
    queue.add("feed of somebody", "x")
    assert queue.claim(prefixes=requests.prefixes()) is None
    assert requests.requests(store) == []


def test_the_same_key_is_the_same_request_and_with_another_body_refused(store: Library) -> None:
    first = requests.ask(store, work(speakers=2), "upload", content="c", idempotency="ada\0k")
    assert (
        requests.ask(store, work("other name", speakers=2), "upload", content="c", idempotency="ada\0k").id == first.id
    )
    for content, options in (("d", {"speakers": 2}), ("c", {"speakers": 3}), ("c", {})):
        with pytest.raises(ReusedKeyError):
            requests.ask(store, work(**options), "upload", content=content, idempotency="ada\0k")
    others = [
        requests.ask(store, work(speakers=2), "upload", content="c", idempotency=key) for key in ("bob\0k", None, None)
    ]
    assert len({first.id, *(one.id for one in others)}) == 4
    requests.cancel(store, first.id)
    assert requests.ask(store, work(speakers=2), "upload", content="c", idempotency="ada\0k").state == "cancelled"


def test_threads_that_ask_at_once_with_one_key_make_one_request(store: Library) -> None:
    found: list[str] = []
    together = Barrier(8)

    def ask() -> None:
        with Library(store.path) as own:
            together.wait()
            found.append(requests.ask(own, work(), "upload", content="c", idempotency="k").id)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(Queue(store).jobs()) == 1


def test_cancelled_is_not_failed_and_both_can_be_tried_again(store: Library) -> None:
    queue = Queue(store)
    ids = [requests.ask(store, work(), "upload").id for _ in range(3)]
    assert requests.cancel(store, ids[0]).state == "cancelled"
    job = queue.claim(prefixes=requests.prefixes())
    assert job
    assert requests.id_of(job.key) == ids[1]
    assert requests.cancel(store, ids[1]).state == "cancelled"
    assert not queue.is_held(job)
    assert not queue.done(job)
    assert not queue.died(job)
    third = queue.claim(prefixes=requests.prefixes())
    assert third
    assert queue.is_held(third)
    assert queue.failed(third, "no audio")
    assert requests.cancel(store, ids[2]).state == "failed"
    assert requests.counts(store) == {"waiting": 0, "running": 0, "done": 0, "failed": 1, "cancelled": 2}
    assert {requests.retry(store, one).state for one in ids} == {"waiting"}
    again = queue.claim(prefixes=requests.prefixes())
    assert again
    assert queue.done(again)
    assert requests.cancel(store, ids[0]).state == requests.retry(store, ids[0]).state == "done"
    for ask in (requests.cancel, requests.retry, requests.request_of):
        with pytest.raises(UnknownRequestError):
            ask(store, "nobody's")


def test_what_is_handed_in_is_kept_with_its_job_or_not_at_all(store: Library) -> None:
    kept: list[str] = []

    def full() -> None:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError, match="disk is full"):
        requests.ask(store, work(), "upload", content="c", idempotency="k", keep=full)
    assert (requests.requests(store), Queue(store).jobs()) == ([], ())
    for name in ("first", "second"):
        requests.ask(store, work(), "upload", content="c", idempotency="k", keep=lambda name=name: kept.append(name))
    assert kept == ["first"]


def test_what_an_answer_waits_for_is_done_by_the_server_that_gives_it(store: Library) -> None:
    code = (
        "import sys, pathlib; from earwitness.library.store import Library; from earwitness.server import requests\n"
        "from earwitness.source import Reference\n"
        "with Library(pathlib.Path(sys.argv[1])) as library:\n"
        "    work = requests.Work(Reference('/x', 'file', 'api', 'x'), {}, keep=False)\n"
        "    print(requests.ask(library, work, 'api').id, flush=True)\n"
        "    input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}
    )
    assert other.stdout
    theirs = other.stdout.readline().decode().strip()
    ours = requests.ask(store, work("api"), "api").id
    job = Queue(store).claim(prefixes=requests.prefixes())
    assert job
    assert requests.id_of(job.key) == ours
    assert Queue(store).claim(prefixes=requests.prefixes()) is None
    requests.drop_unawaited(store)
    assert requests.request_of(store, theirs).state == "waiting"
    other.kill()
    other.communicate()
    requests.drop_unawaited(store)
    with pytest.raises(UnknownRequestError):
        requests.request_of(store, theirs)
    assert requests.request_of(store, ours).state == "running"
    assert requests.requests(store) == []
    requests.forget(store, ours)
    assert Queue(store).jobs() == ()


def test_options_change_only_what_they_name() -> None:
    base = Options.of(model="demo", speakers=2, language="en")
    assert base.changed() == base
    changed = base.changed(language=None, max_speakers=3)
    assert (changed.words.language, changed.speakers.speakers, changed.speakers.max_speakers) == (None, 2, 3)
    assert (changed.model, base.words.language) == (base.model, "en")
    for wrong in ({"nonsense": 1}, {"speakers": 0}, {"task": "sing"}):
        with pytest.raises(OptionError):
            base.changed(**wrong)
    with pytest.raises(OptionError):
        base.changed(known_voices=True, diarize=False)
    assert work(speakers=3).over(base).speakers.speakers == 3
