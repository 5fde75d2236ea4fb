from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness import batch, peaks
from earwitness.audio import load
from earwitness.batch import Job, Outcome, transcribe_all
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.coverage import speech_of
from earwitness.engines.fake import Fake
from earwitness.errors import ModelError
from earwitness.exports.json import read
from earwitness.leases import Leases
from earwitness.options import Options
from earwitness.pipeline import WAITING, Stages
from earwitness.source import Expected, Reference, find
from sounds import speech, write_wav

FAKE = Options.of(engine="fake")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings, one of them a text that calls itself one."""
    episodes = tmp_path / "episodes"
    episodes.mkdir()
    for index, name in enumerate(("a.wav", "c.wav")):
        write_wav(episodes / name, speech(12.0, start=30.0 * index))
    (episodes / "b.mp3").write_text("this is no recording")
    return episodes


def outcomes(folder: Path, job: Job, workers: int = 1) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in transcribe_all(find([str(folder)]), job, workers=workers)}


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_recording_does_not_stop_the_others(folder: Path, tmp_path: Path, workers: int) -> None:
    job = Job(FAKE, tmp_path / "out", ("json", "txt"), tmp_path / "cache")
    found = outcomes(folder, job, workers)
    assert sorted(found) == ["a.wav", "b.mp3", "c.wav"]
    assert "b.mp3" in (found["b.mp3"].error or "")
    for name in ("a", "c"):
        outcome = found[f"{name}.wav"]
        assert outcome.error is None
        assert outcome.duration_s == pytest.approx(12.0)
        assert sorted(map(os.path.basename, outcome.files)) == [f"{name}.json", f"{name}.txt"]
        written = read(tmp_path / "out" / f"{name}.json")
        assert len(written.words) == outcome.words
        assert speech_of(written.coverage) == outcome.speech
        assert outcome.speech.transcribed_s > 5
    assert not (tmp_path / "out" / "b.json").exists()


def test_the_page_has_the_shape_of_the_recording_and_of_nothing_else(folder: Path, tmp_path: Path) -> None:
    job = Job(FAKE, tmp_path / "out", ("html",), tmp_path / "cache")
    outcomes(folder, job)
    pages = [(tmp_path / "out" / f"{name}.html").read_text(encoding="utf-8") for name in ("a", "c")]
    found = [json.loads(page.partition('id="peaks">')[2].partition("</script>")[0]) for page in pages]
    assert found == [peaks.of(load(folder / name)) for name in ("a.wav", "c.wav")]
    assert found[0]["length"] == 12 * 20


def test_workers_and_one_process_write_the_same(folder: Path, tmp_path: Path) -> None:
    texts = []
    for workers in (1, 2):
        job = Job(FAKE, tmp_path / f"out{workers}", ("txt", "rttm", "srt"), tmp_path / f"cache{workers}")
        outcomes(folder, job, workers)
        texts.append({path.name: path.read_bytes() for path in (tmp_path / f"out{workers}").iterdir()})
    assert texts[0] == texts[1]
    assert len(texts[0]) == 6


def test_a_model_that_cannot_be_had_fails_the_batch_at_once(folder: Path, tmp_path: Path) -> None:
    job = Job(Options.of(model=str(tmp_path)), tmp_path / "out", ("txt",), None)
    with pytest.raises(ModelError, match="neither a CTranslate2 Whisper"):
        outcomes(folder, job)


def test_what_is_expected_of_a_recording_is_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: dict[str, tuple[str | None, int]] = {}
    made = batch.transcript_of

    def listening(stages: Stages, *arguments: Any) -> Any:
        heard[stages.source.name] = (stages.options.words.hotwords, stages.options.speakers.min_speakers)
        return made(stages, *arguments)

    monkeypatch.setattr(batch, "transcript_of", listening)
    found = {reference.name: reference for reference in find([str(folder)])}
    expecting = replace(found["a.wav"], expected=Expected(hotwords=("Ada", "Bob"), min_speakers=2))
    list(transcribe_all([expecting, found["c.wav"]], Job(FAKE, tmp_path / "out", ("txt",), tmp_path / "cache")))
    assert heard == {"a.wav": ("Ada, Bob", 2), "c.wav": (None, 1)}


def test_a_full_disk_fails_the_recording_and_names_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    found = outcomes(folder, Job(FAKE, tmp_path / "out", ("txt",), None))
    assert all(outcome.error for outcome in found.values())


SLOW = """
import os, signal, sys, time
from pathlib import Path
from typing import Any
from earwitness.batch import Job, transcribe_all
from earwitness.engines import fake
from earwitness.options import Options
from earwitness.source import find

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
hear, heard = fake.counting, []
def slowly(window, temperature=0.0):
    heard.append(len(window))
    os.write(1, b"window\\n")  # at once: two threads may say it
    time.sleep(float(sys.argv[4]) if len(heard) > 1 else 0)
    return hear(window)
fake.counting = slowly
job = Job(Options.of(engine="fake", batch_size=1), Path(sys.argv[2]), ("json",), Path(sys.argv[3]))
for outcome in transcribe_all(find([sys.argv[1]]), job):
    print(outcome.error or "done", flush=True)
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """kill -9 in the middle of recognition: the windows that were finished are not heard again."""
    recording = write_wav(tmp_path / "long.wav", speech(120.0))
    command = [sys.executable, "-c", SLOW, str(recording), str(tmp_path / "out"), str(tmp_path / "cache")]
    running = subprocess.Popen([*command, "60"], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert [running.stdout.readline() for _ in range(2)] == ["window\n", "window\n"]
    running.send_signal(signal.SIGKILL)  # while it listens to the second
    running.wait()
    assert not (tmp_path / "out" / "long.json").exists()

    def lines(cache: str) -> list[str]:
        command[-1] = str(tmp_path / cache)
        return subprocess.run([*command, "0"], capture_output=True, text=True, check=True).stdout.split()

    whole = lines("another cache")
    text = (tmp_path / "out" / "long.json").read_bytes()
    rest, nothing = lines("cache"), lines("cache")
    assert len(whole) > 3
    assert len(rest) == len(whole) - 1
    assert nothing == ["done"]
    assert json.loads((tmp_path / "out" / "long.json").read_bytes())["segments"] == json.loads(text)["segments"]


def test_a_worker_that_dies_fails_its_recording_only(folder: Path, tmp_path: Path) -> None:
    """The second recording's worker is killed from outside as soon as it has begun."""
    code = SLOW.replace("job)", "job, workers=2)").replace("if True:", "")
    script = tmp_path / "batch_of_two.py"
    body = "\n".join(f"    {line}" for line in code.splitlines() if not line.startswith(("import", "from")))
    imports = "\n".join(line for line in code.splitlines() if line.startswith(("import", "from")))
    script.write_text(f"{imports}\nif __name__ == '__main__':\n{body}\n")
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, str(script), str(folder), str(tmp_path / "out"), str(tmp_path / "cache"), "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    victim = child_of(running.pid)
    os.kill(victim, signal.SIGKILL)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    lines = said.splitlines()
    assert len(lines) == 3
    assert sum("its worker died" in line for line in lines) == 1


def child_of(parent: int) -> int:
    """The first worker process of a batch, as soon as there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                command = (path / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == parent and b"spawn_main" in command:
                return int(path.name)
        time.sleep(0.01)
    raise AssertionError("no worker was started")


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    """Four recordings, each of another length and with other words."""
    folder = tmp_path / "minutes"
    folder.mkdir()
    for index in range(4):
        write_wav(folder / f"{index}.wav", speech(8.0 + 5 * index, start=20.0 * index))
    return folder


@pytest.mark.parametrize("engine", ["faster-whisper", "openvino"])
def test_two_at_a_time_write_what_one_writes(minutes: Path, tmp_path: Path, engine: str) -> None:
    """The demo model, shared by two threads: the same texts, checkpoints of the same names, progress of each file."""
    if engine == "openvino":
        pytest.importorskip("openvino")
    texts, kept, told = [], [], []
    for threads in (1, 2):  # one thread works one by one
        options = Options.of(model="demo", engine=engine, beam_size=1, threads=threads)
        job = Job(options, tmp_path / f"out{threads}", ("txt", "rttm", "srt"), tmp_path / f"cache{threads}")
        seen: set[tuple[str, str]] = set()
        done = list(
            transcribe_all(find([str(minutes)]), job, report=lambda name, stage, *_, seen=seen: seen.add((name, stage)))
        )
        assert sorted(outcome.name for outcome in done if not outcome.error) == [f"{n}.wav" for n in range(4)]
        texts.append({path.name: path.read_bytes() for path in job.folder.iterdir()})
        kept.append({path.relative_to(tmp_path / f"cache{threads}") for path in job.cache.rglob("*.json")})
        told.append(seen)
    assert texts[0] == texts[1]
    assert kept[0] == kept[1]
    assert told[0] == told[1]
    assert {stage for _, stage in told[1]} >= {"audio", "regions", "words", "speakers"}


def test_recordings_overlap_and_none_starves(minutes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are at work at a time, no more: each waits in recognition until another has come there."""
    together, lock, most, now = threading.Barrier(2, timeout=60), threading.Lock(), 0, 0
    recognize = Fake.recognize

    def meet(*arguments: Any, **named: Any) -> Any:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1
        return recognize(*arguments, **named)

    for path in sorted(minutes.iterdir())[2:]:
        path.unlink()
    monkeypatch.setattr(Fake, "recognize", meet)
    job = Job(Options.of(engine="fake", threads=2), tmp_path / "out", ("txt",), None)
    for path in minutes.iterdir():
        write_wav(path, speech(8.0))  # a single batch each
    assert all(outcome.error is None for outcome in outcomes(minutes, job).values())
    assert most == 2


@pytest.mark.parametrize(("threads", "workers", "most"), [(1, 1, 1), (2, 1, 2), (1, 2, 2)])
def test_work_is_taken_as_somebody_is_free_for_it(
    minutes: Path, tmp_path: Path, threads: int, workers: int, most: int
) -> None:
    """Of a queue no more is ever taken than is at work."""
    taken, settled, ahead = 0, 0, []

    def queue() -> Iterator[Reference]:
        nonlocal taken
        for reference in find([str(minutes)]):
            taken += 1
            ahead.append(taken - settled)
            yield reference

    job = Job(Options.of(engine="fake", threads=threads), tmp_path / "out", ("txt",), tmp_path / "cache")
    for outcome in transcribe_all(queue(), job, workers=workers):
        assert outcome.error is None
        settled += 1
    assert settled == taken == 4
    assert max(ahead) == most


def test_a_recording_of_two_names_is_heard_once(minutes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads come to it at once."""
    heard, recognize = [], Fake.recognize

    def count(self: Fake, windows: Any, *rest: Any, **named: Any) -> Any:
        heard.extend(map(len, windows))
        time.sleep(0.5)
        return recognize(self, windows, *rest, **named)

    for path in minutes.iterdir():
        write_wav(path, speech(8.0))
    monkeypatch.setattr(Fake, "recognize", count)
    job = Job(Options.of(engine="fake", threads=2), tmp_path / "out", ("txt",), tmp_path / "cache")
    assert all(outcome.words > 0 for outcome in outcomes(minutes, job).values())
    assert len(heard) == 1


def test_who_waits_for_another_process_can_be_stopped(minutes: Path, tmp_path: Path) -> None:
    job = Job(Options.of(engine="fake", threads=2), tmp_path / "out", ("txt",), tmp_path / "cache")
    outcomes(minutes, job)
    shelves = sorted((tmp_path / "cache" / "checkpoints").glob("*/words-*"))
    for shelf in shelves:
        shutil.rmtree(shelf)
    told: list[tuple[Any, ...]] = []

    def report(*progress: Any) -> None:
        told.append(progress)
        if progress[1] == WAITING:
            raise KeyboardInterrupt

    with ExitStack() as elsewhere:
        for shelf in shelves:
            elsewhere.enter_context(Leases(tmp_path / "cache" / "leases.sqlite").held("/".join(shelf.parts[-2:])))
        with pytest.raises(KeyboardInterrupt):
            list(transcribe_all(find([str(minutes)]), job, report=report))
    assert told[-1][1:] == (WAITING, 0.0, 1.0)


def test_who_stops_listening_stops_all(minutes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the first wait in recognition until they are to stop, and then go no further."""
    stopped, calls, recognize = threading.Event(), itertools.count(), Fake.recognize

    def wait(*arguments: Any, **named: Any) -> Any:
        if next(calls):
            assert stopped.wait(60)
        return recognize(*arguments, **named)

    monkeypatch.setattr(batch, "Event", lambda: stopped)
    monkeypatch.setattr(Fake, "recognize", wait)
    job = Job(Options.of(engine="fake", threads=2), tmp_path / "out", ("json",), tmp_path / "cache")
    before = threading.active_count()
    running = transcribe_all(find([str(minutes)]), job)
    first = next(running)
    running.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert [path.stem for path in (tmp_path / "out").iterdir()] == [first.stem]
    assert len(read(tmp_path / "out" / f"{first.stem}.json").words) == first.words > 0


def test_an_interrupt_stops_two_at_a_time(minutes: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, str(minutes), str(tmp_path / "out"), str(tmp_path / "cache"), "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "window\n"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode != 0
    assert "KeyboardInterrupt" in said
    command[-1] = "0"
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split().count("done") == 4
