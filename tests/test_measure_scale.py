"""The script that measures speed and memory: every stage takes time, and a longer recording is no shorter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "measure_scale.py"


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_every_stage_of_every_recording_is_measured() -> None:
    episode = str(ROOT / "examples" / "episode.flac")
    costs = json.loads(run("run", episode, episode, "--rounds", "1", "--json"))
    assert len(costs) == 2
    for cost in costs:
        assert cost["hours"] == pytest.approx(0.058, abs=0.001)
        assert min(cost["wall_s"].values()) > 0
        assert min(cost["cpu_s"].values()) > 0
        assert 50 < cost["peak_mb"] < 2000
        assert cost["found"] >= 1


def test_recordings_are_made_and_the_table_tells_the_ratio(data: Path, tmp_path: Path) -> None:
    run("make", str(tmp_path), "--data", str(data), "--hours", "0.01", "0.02")
    short, long = (str(tmp_path / f"talk_{hours}h.flac") for hours in ("0.01", "0.02"))
    assert " h) / t(0.01" in run("run", short, long, "--rounds", "1", "--diarizer", "builtin")
