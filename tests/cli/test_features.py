"""earwitness features"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from earwitness.cli import main
from earwitness.engines.log_mel import log_mel
from sounds import speech, write_wav

pytest.importorskip("librosa")
PNG = b"\x89PNG"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Runs `earwitness features` in a folder with recordings a.wav and b.wav, and files that are none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    write_wav(tmp_path / "a.wav", speech(2.0))
    write_wav(tmp_path / "b.wav", speech(1.0, 5.0))
    (tmp_path / "c.mp3").write_bytes(b"%PDF-1.4 no sound at all")
    (tmp_path / "d.wav").write_bytes(b"")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["features", *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_one_recording_to_one_file(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, err = run("a.wav", "--kind", "log-mel", "-o", "out.npz")
    assert (status, err) == (0, "[1/1] a.wav\n")
    assert "written: out.npz" in out
    with np.load("out.npz") as arrays:
        pcm = np.frombuffer((tmp_path / "a.wav").read_bytes()[44:], "<i2") / 32768
        np.testing.assert_allclose(arrays["values"], log_mel(pcm.astype(np.float32)), atol=1e-4)
        assert arrays["times_s"][-1] == pytest.approx(1.99)
        assert json.loads(str(arrays["parameters"]))["hop_length"] == 512
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav", "c.mp3", "d.wav", "out.npz"]


def test_a_picture(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("a.wav", "--kind", "mel,mfcc,chroma,rms", "--output", "out.png", "--quiet") == (0, "", "")
    content = (tmp_path / "out.png").read_bytes()
    assert content.startswith(PNG)
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    assert (width, height > width) == (1210, True)


def test_a_bad_file_stops_no_other(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, err = run(
        "c.mp3", "a.wav", "d.wav", "no.wav", "b.wav", "--kind", "rms", "-o", "out", "-f", "npz,png", "--hop-length",
        "160", "--sample-rate", "16000", "--json",
    )  # fmt: skip
    assert status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.rms.npz", "a.rms.png", "b.rms.npz", "b.rms.png"
    ]  # fmt: skip
    found = {outcome["file"]: outcome for outcome in json.loads(out)}
    assert {name for name, outcome in found.items() if "error" in outcome} == {"c.mp3", "d.wav", "no.wav"}
    assert "error: d.wav: empty audio" in err
    assert "error: no.wav: no such file" in err
    (fact,) = found["b.wav"]["features"]
    assert (fact["rows"], fact["frames"], fact["unit"], fact["hop_s"]) == (1, 101, "full scale", 0.01)
    assert 0 <= fact["minimum"] < fact["maximum"] < 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("a.wav", "b.wav", "-o", "out.npz"), "one file for 2 recordings; give a folder"),
        (("a.wav", "-o", "out.jpg"), "ends in .npz or .png"),
        (("a.wav", "--kind", "smell"), "give some of mel, log-mel"),
        (("a.wav", "--format", "svg"), "give npz or png"),
        (("a.wav", "--n-fft", "5"), "n_fft must be"),
        (("a.wav", "--fmax", "20000"), "half the sample rate"),
        (("a.wav", "--sample-rate", "12"), "sample rate 12 Hz"),
    ],
)
def test_wrong_usage(run, tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert text in err
    assert len(list(tmp_path.iterdir())) == 4


def test_results_that_cannot_be_written(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, _, err = run("a.wav", "-o", "a.wav/out.npz")
    assert status == 1
    assert "cannot write there" in err


def test_what_is_not_installed_is_said_before_the_work(
    run,  # type: ignore[no-untyped-def]
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run("a.wav", "--kind", "log-mel", "-o", "ours.npz", "-q") == (0, "", "")
    for arguments in (("--kind", "rms"), ("--kind", "log-mel", "-o", "ours.png")):
        status, _, err = run("a.wav", *arguments)
        assert (status, err.count("\n")) == (1, 1)
        assert "pip install 'earwitness[features]'" in err
    assert len(list(tmp_path.iterdir())) == 5
