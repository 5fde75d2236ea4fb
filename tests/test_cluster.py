from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

import clusters
from earwitness import __version__, batch
from earwitness.batch import Job, Outcome
from earwitness.checkpoints import FOLDER_VARIABLE, default_folder
from earwitness.cluster import driver
from earwitness.cluster.driver import Driver, require_fit
from earwitness.cluster.worker import File, Fitness
from earwitness.errors import ExtraError, OptionError
from earwitness.options import Options
from earwitness.source import Reference, find
from sounds import speech, write_wav

pytest.importorskip("ray")

FAKE = Options.of(engine="fake", threads=1)
DEMO = Options.of(model="demo", beam_size=1, batch_size=2, threads=1)


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    with clusters.two_nodes() as running:
        yield running


@pytest.fixture(autouse=True)
def short_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "LONG_S", 60.0)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings that are divided, a short one, and a text that calls itself one."""
    folder = tmp_path_factory.mktemp("talk")
    write_wav(folder / "a.wav", speech(200.0))
    write_wav(folder / "b.wav", speech(150.0, start=50.0))
    write_wav(folder / "c.wav", speech(12.0))
    (folder / "d.mp3").write_text("this is no recording")
    return folder


def by_name(outcomes: Iterator[Outcome]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in outcomes}


def written(folder: Path) -> dict[str, Any]:
    """All exports as they are, but for the timings."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in found:
        if name.endswith(".json"):
            found[name] = {**json.loads(found[name]), "timings": None}
    return found


def test_a_node_is_killed_and_the_transcripts_are_those_of_the_local_run(
    two_nodes: Any, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both nodes have divided a recording, and hear portions of either, when one of them is killed."""
    formats = ("json", "txt", "srt", "rttm")
    here = Job(DEMO, tmp_path / "here", formats, tmp_path / "cache")
    there = Job(DEMO, tmp_path / "there", formats, tmp_path / "other cache")
    local = by_name(batch.transcribe_all(find([str(talk)]), here))
    said: list[str] = []
    divided: list[str] = []
    heard: set[str] = set()
    divide = Driver._divide

    def noted(self: Driver, episode: Any, *arguments: Any) -> None:
        divided.append(episode.reference.name)
        divide(self, episode, *arguments)

    def report(name: str, stage: str, done: float, total: float) -> None:
        if stage == "words":
            heard.add(name)
        if heard and {*divided} == {"a.wav", "b.wav"} and two_nodes.worker_nodes:
            clusters.kill(two_nodes)

    monkeypatch.setattr(Driver, "_divide", noted)
    running = batch.transcribe_all(find([str(talk)]), there, ray=two_nodes.address, report=report, say=said.append)
    found = by_name(running)
    assert not two_nodes.worker_nodes
    assert len(divided) == 3, "what the lost node had divided is divided again"
    assert said.count("ready: workers 2, nodes 2") == 1
    assert said.count("a worker was lost; what it was at is done again") == 1
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert len(written(tmp_path / "there")) == 12
    assert found["d.mp3"].error == local["d.mp3"].error
    for name in ("a.wav", "b.wav", "c.wav"):
        same = replace(found[name], elapsed_s=0.0, files=()), replace(local[name], elapsed_s=0.0, files=())
        assert same[0] == same[1]
        assert found[name].elapsed_s > 0
    two_nodes.add_node(**clusters.SMALL)


@pytest.mark.slow
def test_what_was_heard_before_an_interrupt_is_not_heard_again(
    two_nodes: Any, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver is stopped between portions. It keeps what they said; the nodes, whose cache is another, do not."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    job = Job(Options.of(engine="fake", threads=1, batch_size=1), tmp_path / "out", ("txt",), default_folder())
    first: list[float] = []
    second: list[float] = []

    def stop(name: str, stage: str, done: float, total: float) -> None:
        if stage == "words":
            first.append(done)
            if done > 0.3 * total:
                raise KeyboardInterrupt

    def note(name: str, stage: str, done: float, total: float) -> None:
        if stage == "words":
            second.append(done)

    recordings = find([str(talk / "a.wav")])
    with pytest.raises(KeyboardInterrupt):
        list(batch.transcribe_all(recordings, job, ray=two_nodes.address, report=stop))
    (outcome,) = batch.transcribe_all(recordings, job, ray=two_nodes.address, report=note)
    assert outcome.error is None
    assert min(second) > max(first)


@pytest.mark.slow
def test_no_more_recordings_are_taken_than_there_is_room_for(two_nodes: Any, talk: Path, tmp_path: Path) -> None:
    taken = 0

    def references() -> Iterator[Reference]:
        nonlocal taken
        for index in range(8):
            taken += 1
            yield replace(find([str(talk / "c.wav")])[0], stem=f"c{index}")

    done = 0
    for _ in batch.transcribe_all(references(), Job(FAKE, tmp_path / "out", ("txt",), None), ray=two_nodes.address):
        done += 1
        assert taken <= done + 2
    assert done == len(list((tmp_path / "out").iterdir())) == 8


def test_what_the_nodes_do_not_see_is_sent(
    two_nodes: Any, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is another there, if there is one; a relative path; standard input; and a file that is nowhere."""
    of = File.of
    monkeypatch.setattr(File, "of", lambda path: (file := of(path)) and replace(file, changed_ns=0))
    monkeypatch.chdir(talk)
    with (talk / "c.wav").open("rb") as content, monkeypatch.context() as context:
        context.setattr(sys, "stdin", type("Stdin", (), {"buffer": content, "isatty": lambda self: False})())
        job = Job(FAKE, tmp_path / "out", ("json",), None)
        found = by_name(batch.transcribe_all(find(["c.wav", "-", "missing.wav"]), job, ray=two_nodes.address))
    assert found["missing.wav"].error == "missing.wav: no such file; check the path"
    texts = [json.loads((tmp_path / "out" / f"{stem}.json").read_bytes()) for stem in ("c", "stdin")]
    assert texts[0]["segments"] == texts[1]["segments"] != []
    assert texts[0]["source"] == {**texts[1]["source"], "name": "c.wav"}


@pytest.mark.slow
def test_a_recording_that_kills_its_workers_is_set_aside(
    two_nodes: Any, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it is handed out all workers are killed, so that it looks like the culprit; the cluster works on."""
    start, killed = Driver._start, []

    def start_and_kill(self: Driver, *arguments: Any) -> None:
        start(self, *arguments)
        for process in clusters.workers():
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    job = Job(DEMO, tmp_path / "out", ("txt",), None)
    with monkeypatch.context() as context:
        context.setattr(Driver, "_start", start_and_kill)
        (outcome,) = batch.transcribe_all(find([str(talk / "a.wav")]), job, ray=two_nodes.address)
    assert "a.wav: lost 3 workers" in (outcome.error or "")
    assert 3 <= len(set(killed)) <= 6
    (after,) = batch.transcribe_all(find([str(talk / "c.wav")]), job, ray=two_nodes.address)
    assert after.error is None


@pytest.mark.slow
def test_who_stops_listening_leaves_no_worker(two_nodes: Any, talk: Path, tmp_path: Path) -> None:
    references = find([str(talk / name) for name in ("c.wav", "a.wav")])
    running = batch.transcribe_all(references, Job(DEMO, tmp_path / "out", ("txt",), None), ray=two_nodes.address)
    assert next(running).name == "c.wav"
    assert clusters.workers()
    running.close()  # type: ignore[attr-defined]
    assert gone(lambda: not clusters.workers())


def gone(what: Any) -> bool:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def command(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`earwitness transcribe` in a process that finds no cluster."""
    with clusters.elsewhere():
        environment = {**os.environ, FOLDER_VARIABLE: str(folder / "cache")}
        del environment["RAY_USAGE_STATS_ENABLED"]
        code = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from ray._private import services\n"
            "services.find_gcs_addresses = found = lambda: set()  # whatever else runs here\n"
            "found.cache_clear = lambda: None\n"
            "from earwitness.cli import main; main()"
        )
        whole = [sys.executable, "-c", code, "transcribe", *arguments, "-o", str(folder / "out")]
        running = subprocess.Popen(
            whole, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            yield running
        finally:
            running.kill()


def test_auto_starts_a_cluster_and_ends_it(talk: Path, tmp_path: Path) -> None:
    arguments = (str(talk / "c.wav"), "--engine", "fake", "--ray", "auto", "--json")
    with command(*arguments, folder=tmp_path) as running:
        assert running.stderr is not None
        assert "one is started" in running.stderr.readline()
        started = psutil.Process(running.pid).children(recursive=True)
        head = next(process for process in started if process.name() == "gcs_server")
        assert head.environ()["RAY_USAGE_STATS_ENABLED"] == "0", "Ray would report to its makers"
        said, errors = running.communicate(timeout=120)
        assert running.returncode == 0, errors
        (outcome,) = json.loads(said)
        assert outcome["error"] is None
        assert outcome["words"] > 0
        assert len(started) >= 3
        assert gone(lambda: not any(process.is_running() for process in started))


@pytest.mark.slow
def test_an_interrupt_ends_the_cluster(talk: Path, tmp_path: Path) -> None:
    arguments = (str(talk / "a.wav"), "--model", "demo", "--ray", "auto")
    with command(*arguments, folder=tmp_path) as running:
        assert running.stderr is not None
        while "ready" not in running.stderr.readline():
            assert running.poll() is None
        started = psutil.Process(running.pid).children(recursive=True)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        _, errors = running.communicate(timeout=60)
        assert running.returncode == 130
        assert len(started) >= 3
        assert "stopped; what is finished is kept" in errors
        assert "Traceback" not in errors
        assert gone(lambda: not any(process.is_running() for process in started))


def test_an_address_that_is_none_is_told_at_once(talk: Path, tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{server.getsockname()[1]}"
    job = Job(FAKE, tmp_path, ("txt",), None)
    for address, problem in ((nobody, "nobody answers"), ("here", "not an address"), ("ray://x:1", "not an address")):
        began = time.monotonic()
        with clusters.elsewhere(), pytest.raises(OptionError, match=f"--ray {address}: {problem}.*give auto, or"):
            list(batch.transcribe_all(find([str(talk)]), job, ray=address))
        assert time.monotonic() - began < 10


def test_what_cannot_go_together(talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(FAKE, tmp_path, ("txt",), None)
    with pytest.raises(OptionError, match="--workers"):
        batch.transcribe_all([], job, workers=2, ray="auto")
    known = replace(job, options=Options.of(engine="fake", known_voices=True, library=tmp_path / "library"))
    with pytest.raises(OptionError, match="--known-voices"):
        list(batch.transcribe_all([], known, ray="auto"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExtraError, match=r"pip install 'earwitness\[ray\]'"):
        list(batch.transcribe_all([], job, ray="auto"))


def test_all_nodes_must_do_the_same() -> None:
    here = Fitness("1", "one", __version__, "a")
    require_fit([here, here])
    with pytest.raises(OptionError, match=r"two has earwitness 0\.0\.9"):
        require_fit([here, Fitness("2", "two", "0.0.9", "a")])
    with pytest.raises(OptionError, match="two has the engines b; one has a; name one with --engine"):
        require_fit([here, Fitness("2", "two", __version__, "b")])
