"""What becomes of the recordings of jobs that came to nothing, and of episodes that are gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

from starlette.testclient import TestClient  # noqa: E402

from earwitness.errors import OptionError, StorageError  # noqa: E402
from earwitness.library import episodes  # noqa: E402
from earwitness.library.jobs import Queue  # noqa: E402
from earwitness.library.store import Library  # noqa: E402
from earwitness.options import Options  # noqa: E402
from earwitness.server import leftovers, recordings, requests  # noqa: E402
from earwitness.server.app import application  # noqa: E402
from earwitness.server.leftovers import KEPT_DAYS  # noqa: E402
from earwitness.server.recordings import Recordings  # noqa: E402
from earwitness.server.requests import Request, UnknownRequestError, Work  # noqa: E402
from earwitness.server.settings import Settings  # noqa: E402
from earwitness.source import Reference  # noqa: E402
from earwitness.types import Audio  # noqa: E402
from factories import make_transcript  # noqa: E402
from server_process import until  # noqa: E402
from sounds import speech, write_wav  # noqa: E402

if TYPE_CHECKING:
    from serving import Serving

TRANSCRIPT = make_transcript()
SHA = TRANSCRIPT.source.sha256
LONG_AGO, NOT_LONG_AGO = timedelta(days=KEPT_DAYS, minutes=1), timedelta(days=KEPT_DAYS, minutes=-1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.db") as opened:
        yield opened


@pytest.fixture
def kept(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "library.db.recordings")


def work_on(path: Path) -> Work:
    return Work(Reference(str(path), "file", "talk.mp3", "talk"), {})


def handed_in(store: Library, kept: Recordings, content: bytes, then: Callable[[], object] = lambda: None) -> Request:
    """As an upload is."""
    with kept.coming() as coming:
        coming.write(content)
        work = work_on(kept.path(coming.finish()))

        def keep() -> None:
            coming.keep()
            then()

        return requests.ask(store, work, "upload", keep=keep)


def path_of(store: Library, request: Request) -> Path:
    with store.transaction(writes=False) as database:
        (work,) = database.execute(
            "SELECT work FROM jobs JOIN requests ON job = key WHERE requests.id = ?", (request.id,)
        ).fetchone()
    return Path(requests.work_of(work).reference.argument)


def age(store: Library, by: timedelta, *paths: Path) -> None:
    """Lets files, and the ends of all jobs, be so long ago."""
    at = datetime.now(UTC) - by
    for path in paths:
        os.utime(path, (at.timestamp(), at.timestamp()))
    with store.transaction() as database:
        database.execute("UPDATE jobs SET changed = ?", (at.isoformat(timespec="seconds"),))


def claimed(store: Library) -> requests.Request:
    job = Queue(store).claim(prefixes=requests.prefixes())
    assert job
    return requests.request_of(store, requests.id_of(job.key))


def fail(store: Library, reason: str = "no audio") -> None:
    job = Queue(store).claim(prefixes=requests.prefixes())
    assert job
    assert Queue(store).failed(job, reason)


def test_what_came_to_nothing_is_kept_for_some_days_and_what_is_wanted_for_ever(
    store: Library, kept: Recordings
) -> None:
    failed, cancelled, running, waiting = (handed_in(store, kept, name.encode()) for name in "abcd")
    fail(store)
    requests.cancel(store, cancelled.id)
    assert claimed(store).id == running.id
    paths = [path_of(store, one) for one in (failed, cancelled, running, waiting)]
    kept.write_peaks(paths[0].name, {"data": []})
    leftovers.sweep(store, kept)
    age(store, NOT_LONG_AGO, *paths)
    leftovers.sweep(store, kept)
    assert [path.is_file() for path in paths] == [True] * 4
    assert kept.peaks(paths[0].name).is_file()
    age(store, LONG_AGO, *paths)
    leftovers.sweep(store, kept)
    leftovers.sweep(store, kept)
    assert [path.is_file() for path in paths] == [False, False, True, True]
    assert not kept.peaks(paths[0].name).is_file()
    assert [one.state for one in requests.requests(store)] == ["waiting", "running", "cancelled", "failed"]


def test_a_recording_is_kept_while_any_job_or_an_episode_wants_it(store: Library, kept: Recordings) -> None:
    handed_in(store, kept, b"the same")
    fail(store)
    again = handed_in(store, kept, b"the same")
    path = path_of(store, again)
    age(store, LONG_AGO, path)
    leftovers.sweep(store, kept)
    assert path.is_file()
    assert claimed(store).id == again.id
    leftovers.drop(store, kept, path.name)  # its episode is gone, and a job still runs on it
    assert path.is_file()
    requests.cancel(store, again.id)
    leftovers.drop(store, kept, path.name)  # nobody asked for that episode's recording but those who gave up
    assert not path.is_file()
    recordings.note(store, SHA, "audio/wav", 1)
    kept.path(SHA).write_bytes(b"of an episode")
    number = episodes.keep(store, TRANSCRIPT)
    age(store, LONG_AGO, kept.path(SHA))
    leftovers.sweep(store, kept)
    leftovers.drop(store, kept, SHA)
    assert kept.path(SHA).is_file()
    episodes.remove(store, number)  # as `earwitness library remove` does
    leftovers.sweep(store, kept)
    assert not kept.path(SHA).is_file()
    assert recordings.kind_of(store, SHA) is None


def test_what_another_library_keeps_in_the_same_folder_is_none_of_this_ones(
    store: Library, kept: Recordings, tmp_path: Path
) -> None:
    with Library(tmp_path / "other.db") as other:
        theirs = path_of(other, handed_in(other, kept, b"theirs"))
        age(other, LONG_AGO, theirs)
    leftovers.sweep(store, kept)
    assert theirs.is_file()


def test_nothing_is_swept_while_it_is_handed_in_again(store: Library, kept: Recordings) -> None:
    first = handed_in(store, kept, b"the same")
    fail(store)
    path = path_of(store, first)
    age(store, LONG_AGO, path)
    tried = []

    def sweep() -> None:
        """By another server, when the file is there and its job is not."""
        os.utime(path, (0, 0))
        with Library(store.path, busy_timeout_s=0.05) as other, pytest.raises(StorageError, match="another process"):
            leftovers.sweep(other, kept)
        tried.append(path.is_file())

    handed_in(store, kept, b"the same", then=sweep)
    assert tried == [True]
    leftovers.sweep(store, kept)
    assert path.is_file()


def test_nothing_is_swept_that_was_fetched_again(
    store: Library, kept: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an address nobody knows which recording it leads to, until it has been transcribed."""
    content = write_wav(tmp_path / "fetched", speech(1.0)).read_bytes()
    first = handed_in(store, kept, content)
    fail(store)
    path = path_of(store, first)
    age(store, LONG_AGO, path)
    stages: Any = SimpleNamespace(
        source=SimpleNamespace(path=tmp_path / "fetched", sha256=path.name), audio=Audio(speech(1.0))
    )
    come_again = kept.come_again

    def while_it_is_swept(recording: str) -> bool:
        with Library(store.path, busy_timeout_s=0.05) as other, pytest.raises(StorageError, match="another process"):
            leftovers.sweep(other, kept)
        return come_again(recording)

    monkeypatch.setattr(kept, "come_again", while_it_is_swept)
    recordings.keep_sound(stages, store.path, kept)
    leftovers.sweep(store, kept)
    assert (path.is_file(), kept.peaks(path.name).is_file()) == (True, True)
    age(store, LONG_AGO, path)
    leftovers.sweep(store, kept)  # it led to no episode after all
    assert (path.is_file(), kept.peaks(path.name).is_file()) == (False, False)
    monkeypatch.undo()
    recordings.keep_sound(stages, store.path, kept)
    assert path.read_bytes() == content


def test_a_job_that_came_to_nothing_is_forgotten_with_what_was_handed_in(store: Library, kept: Recordings) -> None:
    first, second = (handed_in(store, kept, b"the same") for _ in range(2))
    path = path_of(store, first)
    for state in ("waiting", "running"):
        with pytest.raises(OptionError, match=f"is {state}"):
            leftovers.forget(store, kept, first.id)
        if state == "waiting":
            assert claimed(store).id == first.id
    requests.cancel(store, first.id)
    leftovers.forget(store, kept, first.id)
    assert path.is_file()  # of the other
    with pytest.raises(UnknownRequestError):
        leftovers.forget(store, kept, first.id)
    requests.cancel(store, second.id)
    leftovers.forget(store, kept, second.id)
    assert (path.is_file(), requests.requests(store), Queue(store).jobs()) == (False, [], ())


@pytest.fixture
def client(store: Library) -> TestClient:
    """An application whose life is not begun: no workers are needed here."""
    app = application(Settings(library=store.path, options=Options.of(engine="fake", library=store.path)))
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


def test_who_tries_again_when_the_recording_is_gone_is_told_to_hand_it_in_again(
    client: TestClient, store: Library
) -> None:
    job = client.post("/api/jobs", files={"file": ("talk.mp3", b"no audio")}).json()["id"]
    assert client.post(f"/api/jobs/{job}/forget").status_code == 422
    fail(store)
    assert client.post(f"/api/jobs/{job}/retry").json()["state"] == "waiting"
    fail(store)
    path_of(store, requests.request_of(store, job)).unlink()
    refused = client.post(f"/api/jobs/{job}/retry")
    assert (refused.status_code, refused.headers["content-type"]) == (410, "application/problem+json")
    assert "hand it in again" in refused.json()["detail"]
    assert client.get(f"/api/jobs/{job}").json()["state"] == "failed"
    assert client.post(f"/api/jobs/{job}/forget").status_code == 204
    for gone in (client.get(f"/api/jobs/{job}"), client.post(f"/api/jobs/{job}/forget")):
        assert gone.status_code == 404


def test_a_server_sweeps_when_it_starts_and_says_of_what_is_gone_that_it_is(
    store: Library, kept: Recordings, tmp_path: Path, serve: Callable[..., Serving]
) -> None:
    old = handed_in(store, kept, b"old")
    fail(store)
    path = path_of(store, old)
    age(store, LONG_AGO, path)
    lost = handed_in(store, kept, b"lost")
    path_of(store, lost).unlink()
    serve(tmp_path, options=Options.of(engine="fake", library=store.path))
    until(lambda: not path.is_file())
    until(lambda: requests.request_of(store, lost.id).state == "failed")
    assert requests.request_of(store, lost.id).reason == requests.GONE
