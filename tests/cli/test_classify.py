"""`earwitness classify` as users call it, with the classifier that ships with the package."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from commands import called
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.cli import main
from sounds import RATE, bursts, speech, write_wav

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Talk; talk after twelve seconds of rain; ten milliseconds; silence; and two files that are no recordings."""
    place = tmp_path_factory.mktemp("recordings")
    write_wav(place / "talk.wav", speech(9.0))
    write_wav(place / "rain.wav", np.concatenate([bursts(12.0, (0.0, 12.0)), speech(12.0)]))
    write_wav(place / "click.wav", bursts(0.01, (0.0, 0.01)))
    write_wav(place / "silence.wav", np.zeros(5 * RATE, np.float32))
    (place / "page.mp3").write_bytes(b"%PDF-1.7 ")
    (place / "empty.wav").write_bytes(b"")
    return place


@pytest.fixture
def run(folder: Path) -> Run:
    return lambda *arguments: called(folder, "classify", *arguments)


def test_the_table_names_the_likeliest_labels(run: Run) -> None:
    done = run("talk.wav", "--top-k", "2")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(" talk.wav")]
    assert len(rows) == 2
    assert rows[0][1] == "speech"
    assert float(rows[0][2]) > 0.8


def test_events_say_what_is_heard_when(run: Run) -> None:
    done = run("rain.wav", "--events", "--window", "2", "--hop", "0.5", "--min-length", "1")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(" rain.wav")]
    assert [row[3] for row in rows] == ["noise", "speech"]
    assert rows[0][1] == "00:00:00.000"
    assert rows[1][2] == "00:00:24.000"
    assert abs(float(rows[0][2].removeprefix("00:00:")) - 12) <= 1
    assert rows[0][2] == rows[1][1]


def test_nothing_found_is_said(run: Run) -> None:
    done = run("talk.wav", "missing.wav", "--events", "--threshold", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing reaches --threshold 1" in done.stderr


def test_json_has_every_second(run: Run) -> None:
    done = run("rain.wav", "click.wav", "silence.wav", "--json", "--top-k", "4")
    assert done.returncode == 0, done.stderr
    rain, click, silence = json.loads(done.stdout)
    assert [rain["file"], rain["duration"], rain["model"]] == ["rain.wav", 24.0, "builtin"]
    assert {label["label"] for label in rain["labels"]} == {"music", "noise", "silence", "speech"}
    for found in (rain, click, silence):
        edges = [(step["start"], step["end"]) for step in found["timeline"]]
        assert edges[0][0] == 0.0
        assert edges[-1][1] == found["duration"]
        assert all(before[1] == after[0] for before, after in pairwise(edges))
        for scored in (found["labels"], *(step["labels"] for step in found["timeline"])):
            assert sum(label["score"] for label in scored) == pytest.approx(1, abs=1e-5)
    assert click["duration"] == 0.01
    assert [event["label"] for event in silence["events"]] == ["silence"]
    assert set(rain["events"][0]) == {"start", "end", "label", "score"}


def test_a_bad_file_stops_no_other(run: Run) -> None:
    done = run("page.mp3", "missing.wav", "empty.wav", "talk.wav", "--json")
    assert done.returncode == 1
    results = json.loads(done.stdout)
    assert ["error" in result for result in results] == [True, True, True, False]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert [name in error for name, error in zip(("page.mp3", "missing.wav", "empty.wav"), errors, strict=True)]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--window 1 --hop 2", "windows of 1 s every 2 s"),
        ("--threshold 1.5", "--threshold"),
        ("--threshold nan", "--threshold"),
        ("--min-length -1", "--min-length"),
        ("--top-k 0", "--top-k"),
        ("--dtype int8", "dtype"),
    ],
)
def test_wrong_usage_is_named(
    arguments: str,
    named: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["classify", str(folder / "talk.wav"), *arguments.split()])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert named in said.err
    assert said.out == ""


@pytest.mark.skipif(bool(find_spec("torch")), reason="torch is installed")
def test_without_torch_a_checkpoint_names_the_extra(run: Run) -> None:
    done = run("talk.wav", "--model", "superb/hubert-base-superb-ks")
    assert done.returncode == 1
    assert "pip install 'earwitness[models]'" in done.stderr
    assert "the classifier builtin" in done.stderr
