from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness.checkpoints import FOLDER_VARIABLE
from sounds import speech, write_wav


@pytest.fixture
def run(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs the command in a folder and with a cache of the test's own."""

    def call(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "cache"), "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
        environment["HF_HOME"] = str(tmp_path / "hub")
        command = [sys.executable, "-m", "earwitness", *arguments]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, input=stdin)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def episode(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "episode.wav", speech(12.0))


def test_all_formats_lie_beside_each_other(run, episode: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("transcribe", "episode.wav", "--engine", "fake", "--output_dir", "out")
    assert done.returncode == 0, done.stderr
    suffixes = {path.name.removeprefix("episode") for path in (tmp_path / "out").iterdir()}
    assert suffixes == {
        ".txt", ".md", ".notes.md", ".html", ".srt", ".vtt", ".tsv", ".json", ".rttm", ".docx", ".podcast.json",
        ".chapters.json", ".feed.xml",
    }  # fmt: skip
    assert "episode.wav" in done.stdout
    assert "0:12" in done.stdout
    assert "doubtful" in done.stdout
    assert re.search(r"[\d.]+ s of speech heard: [\d.]+ s transcribed, 0.0 s repaired, 0.0 s lost", done.stdout)


def test_one_bad_source_fails_and_the_rest_is_written(run, episode: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "page.mp3").write_bytes(b"%PDF-1.7 ")
    done = run("transcribe", "page.mp3", "missing.mp3", "episode.wav", "--engine", "fake", "-f", "txt", "-o", "out")
    assert done.returncode == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["episode.txt"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert any("page.mp3" in line for line in errors)
    assert any("missing.mp3" in line for line in errors)
    assert "Traceback" not in done.stderr


def test_the_table_as_json(run, episode: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("transcribe", "episode.wav", "--engine", "fake", "-f", "txt", "--json", "--quiet")
    (row,) = json.loads(done.stdout)
    assert (row["name"], row["duration_s"], row["error"]) == ("episode.wav", 12.0, None)
    assert row["words"] > 0
    assert 0 <= row["doubtful"] <= row["words"]
    speech = row["speech"]
    assert speech["heard_s"] == pytest.approx(speech["transcribed_s"] + speech["repaired_s"] + speech["lost_s"])
    assert 5 < speech["heard_s"] < 12


@pytest.mark.parametrize(
    "arguments",
    [
        ("transcribe", "episode.wav", "-f", "pdf"),
        ("transcribe", "episode.wav", "--speakers", "0"),
        ("transcribe", "episode.wav", "--engine", "espresso"),
        ("transcribe", "--no-such-option"),
        ("transcribe", "episode.wav", "--unsupported", "hide"),
        ("transcribe",),
        ("no-such-command",),
    ],
)
def test_wrong_usage_is_status_2(run, episode: Path, arguments: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_without_weights_the_error_names_the_remedies(run, episode: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("transcribe", "episode.wav", "--offline")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    for remedy in ("earwitness models download", "--model FOLDER", "--engine pocketsphinx"):
        assert remedy in line


def test_standard_input(run, episode: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("transcribe", "-", "--engine", "fake", "-f", "txt", "-o", "out", stdin=episode.read_bytes())
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1
    failed = run("transcribe", "-", "--engine", "fake", "-o", "out", stdin=b"")
    assert "error: stdin: empty audio; " in failed.stderr


def test_the_models_that_have_names(run) -> None:  # type: ignore[no-untyped-def]
    models = {row["name"]: row for row in json.loads(run("models", "list", "--json").stdout)}
    assert models["demo"]["bundled"]
    assert set(models["small"]) == {"name", "engine", "bundled", "cached", "size_bytes"}
    assert not models["small"]["cached"]


def test_the_doctor_knows_what_is_here(run) -> None:  # type: ignore[no-untyped-def]
    before = json.loads(run("doctor", "--json").stdout)
    assert before["cache size"] == "0 MB"
    (Path(before["cache"]) / "checkpoints").mkdir(parents=True)
    (Path(before["cache"]) / "checkpoints" / "a.json").write_bytes(bytes(3_000_000))
    found = json.loads(run("doctor", "--json").stdout)
    assert found["cache size"] == "3 MB"
    assert "demo" in found["models here"]
    assert found["python"] == sys.version.split()[0]


def test_version(run) -> None:  # type: ignore[no-untyped-def]
    from earwitness import __version__

    assert run("--version").stdout == f"earwitness {__version__}\n"


SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
from earwitness.cli import main
from earwitness.engines import fake

hear = fake.counting
def slowly(window, temperature=0.0):
    print("window", flush=True)
    time.sleep(60)
    return hear(window)
fake.counting = slowly
main(sys.argv[1:])
"""


def test_ctrl_c_stops_with_one_line(episode: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, "transcribe", "episode.wav", "--engine", "fake"]
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "cache")}
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "window\n"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "goes on from there" in said
    assert "Traceback" not in said
    assert not (tmp_path / "episode.txt").exists()
