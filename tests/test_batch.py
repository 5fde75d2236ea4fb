from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from earwitness.batch import Job, Outcome, transcribe_all
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.coverage import speech_of
from earwitness.errors import ModelError
from earwitness.exports.json import read
from earwitness.options import Options
from earwitness.source import find
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


def test_a_full_disk_fails_the_recording_and_names_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    found = outcomes(folder, Job(FAKE, tmp_path / "out", ("txt",), None))
    assert all(outcome.error for outcome in found.values())


SLOW = """
import sys, time
from pathlib import Path
from earwitness.batch import Job, transcribe_all
from earwitness.engines import fake
from earwitness.options import Options
from earwitness.source import find

hear, heard = fake.counting, []
def slowly(window, temperature=0.0):
    heard.append(len(window))
    print("window", flush=True)
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
