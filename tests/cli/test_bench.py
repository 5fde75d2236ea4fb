from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from earwitness.cli import bench as command
from earwitness.cli import main
from earwitness.evaluation.bench import Benchmark, Recording, summarise
from earwitness.evaluation.bench_worker import OURS, Run
from earwitness.evaluation.machine import machine
from sounds import speech, write_wav


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "episode.wav", speech(12.0))


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    return int(ended.value.code or 0)


def canned(monkeypatch: pytest.MonkeyPatch, **sides: list[Run]) -> None:
    """Gives the command these runs, instead of measuring any."""
    empty = Benchmark("now", machine(), (Recording("hour.wav", 3600.0),), None, ())
    monkeypatch.setattr(command, "measure", lambda *_, **__: summarise(empty, sides))


def test_the_table_of_stages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [Run(2.0, 100.0 + n, 150.0, (3600.0,), 9, {"words": 80.0 + n}, peak_mib=512.0) for n in (0, 5, 1)]
    canned(monkeypatch, earwitness=runs)
    assert status("hour.wav", "-o", str(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert rows["words"] == "words 81.00 s 80.00 to 85.00 80.2% 44.4".split()
    assert rows["rest"] == "rest 20.00 s 20.00 to 20.00 19.8% 180".split()
    assert rows["all"] == "all 101.00 s 100.00 to 105.00 100.0% 35.6".split()
    assert any("peak memory 512 MiB" in line for line in lines)
    assert "warning: 3 runs a side: a trial; a measurement takes 5" in lines


def test_two_sides_and_what_differs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(seconds: float, windows: int | None, threads: str) -> Run:
        settings = {"beam_size": "5", "threads": threads}
        return Run(1.0, seconds, 1.0, (3600.0,), 9, windows=windows, settings=settings)

    ours, theirs = [run(10.0, 7, "2")] * 5, [run(seconds, None, "4") for seconds in (9.0, 12.0, 20.0, 15.0, 16.0)]
    canned(monkeypatch, **{OURS: ours, "peer": theirs})
    assert status("hour.wav", "--against", "peer", "-o", str(tmp_path)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "beam size 5 5 threads 2 4 differs" in said
    assert "windows encoded 7 ?" in said
    assert "earwitness is 1.50 times as fast as peer (0.90 to 2.00 in single rounds)" in said
    assert "the rounds do not agree on which is faster" in said
    assert "warning" not in said


def test_what_is_printed_as_json_is_what_is_written(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(str(recording), "--engine", "fake", "--runs", "2", "--json", "-o", str(tmp_path / "out")) == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert result == json.loads((tmp_path / "out" / "bench.json").read_text())
    assert result["schema"] == "earwitness.bench/1"
    assert len(result["sides"][0]["runs"]) == 2
    assert [line.split(":")[0] for line in said.err.splitlines()] == [f"run {n} of 2, {OURS}" for n in (1, 2)]
    assert (tmp_path / "out" / "bench.svg").read_bytes().startswith(b"<?xml")


def test_a_bad_recording_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.mp3").write_bytes(b"%PDF-1.7 ")
    assert status(str(tmp_path / "page.mp3"), "--engine", "fake", "-o", str(tmp_path)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("earwitness: ")
    assert "page.mp3" in line
    assert not (tmp_path / "bench.json").exists()


def test_ctrl_c_ends_the_run_too(recording: Path, tmp_path: Path) -> None:
    """In the middle of the second round: what the first one found is kept, and no process is left."""
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from earwitness.cli import main\nmain(['bench', 'episode.wav', '--engine', 'fake', '--runs', '50'])"
    running = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert running.stderr is not None
    assert running.stderr.readline().startswith("run 1 of 50")
    while not (workers := [one for one in psutil.Process(running.pid).children() if one.cpu_times().user > 0.05]):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "stopped after" in said
    assert "bench.json" in said
    assert "Traceback" not in said
    psutil.wait_procs(workers, timeout=10)
    assert not any(worker.is_running() for worker in workers)
    assert json.loads((tmp_path / "bench.json").read_text())["sides"][0]["runs"]
