from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from commands import called
from earwitness import audio
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.cli import main
from sounds import speech, write_wav

STAND_INS = Path(__file__).parents[1] / "stand_ins"
FAKE = ("--engine", "fake", "--language", "en")


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", speech(6.0))


@pytest.fixture
def start(tmp_path: Path, talk: Path) -> Callable[..., subprocess.Popen[str]]:
    """`earwitness live` on a microphone that hears the talk, and then silence, with something wrong with it."""

    def begin(state: str = "", *arguments: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, (str(STAND_INS), os.environ.get("PYTHONPATH"))))
        environment = {
            **os.environ, "PYTHONPATH": path, "MICROPHONE": str(talk), "MICROPHONE_IS": state,
            FOLDER_VARIABLE: str(tmp_path / "cache"), "COLUMNS": "200",
        }  # fmt: skip
        command = [sys.executable, "-m", "earwitness", "live", "-o", "out", "-f", "json,txt", *FAKE, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environment)

    return begin


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A command in this process, which is quicker: its status, its output and its errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([*arguments, *FAKE])
        return int(end.value.code or 0), *capsys.readouterr()

    return call


def content_of(folder: Path) -> dict[str, object]:
    (path,) = (path for path in folder.glob("*.json") if path.name.count(".") == 1)
    return json.loads(path.read_text())


def test_a_file_gives_what_transcribe_gives(run, talk: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, output, errors = run("live", "--input", "talk.wav", "-o", "live")
    assert status == 0, errors
    assert run("transcribe", "talk.wav", "-o", "batch", "--no-resume")[0] == 0
    files = {path.name for path in (tmp_path / "batch").iterdir()}
    assert {path.name for path in (tmp_path / "live").iterdir()} == files
    assert len(files) == 13
    ours, theirs = content_of(tmp_path / "live"), content_of(tmp_path / "batch")
    for content in (ours, theirs):
        del content["timings"]
    assert ours == theirs
    assert re.search(r"^0:00 Speaker 1: one two three", output, re.MULTILINE)
    assert re.search(r"words were final \d\.\d s after they were spoken, 95 % within \d\.\d s", output)


def test_events_as_json_at_the_pace_of_speech(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_wav(tmp_path / "talk.wav", speech(2.5))
    status, output, errors = run("live", "--input", "talk.wav", "--realtime", "--json", "-f", "txt")
    assert status == 0, errors
    events = [json.loads(line) for line in output.splitlines()]
    assert {event["event"] for event in events} == {"partial", "final", "closed", "transcript"}
    assert events[-1]["duration_s"] == 2.5
    closed = next(event for event in events if event["event"] == "closed")
    assert closed["speaker"] == "SPEAKER_00"
    assert closed["at"] >= 2.5 - 0.1  # no event is told before it was spoken
    final = [word["word"] for event in events if event["event"] == "final" for word in event["words"]]
    assert final == [" one", " two", " three", " four"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--realtime",), "--realtime goes with --input"),
        (("--input", "talk.wav", "--microphone", "Desk"), "give one of them"),
        (("--input", "talk.wav", "-f", "pdf"), "pdf"),
    ],
)
def test_wrong_usage(run, talk: Path, arguments: tuple[str, ...], said: str) -> None:  # type: ignore[no-untyped-def]
    status, _, errors = run("live", *arguments)
    assert status == 2
    (line,) = errors.strip().splitlines()
    assert said in line


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 "])
def test_what_is_no_recording_is_one_line(run, tmp_path: Path, content: bytes) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "talk.wav").write_bytes(content)
    status, _, errors = run("live", "--input", "talk.wav", "-q")
    assert status == 1
    (line,) = errors.strip().splitlines()
    assert "talk.wav" in line


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_silence_is_an_empty_transcript(run, tmp_path: Path, seconds: float) -> None:  # type: ignore[no-untyped-def]
    write_wav(tmp_path / "talk.wav", 0 * speech(seconds))
    status, _, errors = run("live", "--input", "talk.wav", "-f", "json", "-o", "out")
    assert status == 0, errors
    content = content_of(tmp_path / "out")
    assert (content["text"], content["warnings"][-1]) == ("", "no speech was found")


def test_ctrl_c_ends_a_session_and_writes_its_transcript(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    process = start("lossy", "--microphone", "desk")
    first = process.stdout.readline()
    assert first.startswith("0:00 Speaker 1: one two")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    (recording,) = tmp_path.glob("out/live-*.wav")
    assert f"Desk microphone is recorded to out/{recording.name}" in errors
    lost = "0:00: some of the microphone's sound was lost; other programs kept it waiting"
    assert lost in errors
    content = content_of(tmp_path / "out")
    assert lost in content["warnings"]
    kept = audio.load(recording)
    assert kept.warnings == ()
    assert content["duration"] == pytest.approx(kept.duration, abs=0.001)
    heard = speech(min(kept.duration, 6.0))
    assert np.abs(kept.samples[: len(heard)] - heard).max() < 2e-4
    assert "1 of 1 done" in output
    again = called(tmp_path, "transcribe", f"out/{recording.name}", *FAKE, "-f", "json", "-o", "again")
    assert again.returncode == 0, again.stderr
    assert content_of(tmp_path / "again")["segments"] == content["segments"]


def test_a_microphone_that_is_pulled_out_leaves_a_transcript(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    process = start("gone")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: Desk microphone: stopped (Unanticipated host error" in errors
    content = content_of(tmp_path / "out")
    assert content["duration"] == pytest.approx(6.0)
    assert any("broke off" in line for line in content["warnings"])
    assert "one two three" in content["text"]


def test_kill_9_leaves_the_recording_and_no_process(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    process = start()
    process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)  # ends only when the one that records has ended, which has the same stderr
    (recording,) = tmp_path.glob("out/live-*.wav")
    done = called(tmp_path, "transcribe", f"out/{recording.name}", *FAKE, "-f", "txt", "-o", "again")
    assert done.returncode == 0, done.stderr
    (text,) = (tmp_path / "again").iterdir()
    assert "one two three" in text.read_text()


def test_a_file_that_is_stopped_gives_what_was_heard(talk: Path, tmp_path: Path) -> None:
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "cache"), "COLUMNS": "200"}
    command = [sys.executable, "-m", "earwitness", "live", "--input", "talk.wav", "--realtime", *FAKE]
    process = subprocess.Popen(
        [*command, "--json", "-f", "json", "-o", "out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert process.stdout
    assert json.loads(process.stdout.readline())["event"] == "partial"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    content = content_of(tmp_path / "out")
    assert 1.0 < content["duration"] < 6.0
    assert re.search(r"stopped at 0:\d\d of 0:06", content["warnings"][0])
