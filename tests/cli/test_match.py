"""`earwitness match` as a user runs it, with what ships; with CLAP it is in tests/with_torch/test_clap.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from earwitness.cli import main
from earwitness.cli.match import repeated
from jingles import noise, tune
from sounds import RATE, write_wav

PLANTED_S = {"one.wav": 7.3, "two.wav": 2.1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A season whose theme is heard once in each of two episodes, and not in the third."""
    place = tmp_path_factory.mktemp("show")
    season = place / "season"
    season.mkdir()
    theme = tune(3.0, 1)
    write_wav(place / "theme.wav", theme)
    for seed, name in enumerate(("one.wav", "two.wav", "three.wav")):
        samples = noise(15.0, seed)
        if name in PLANTED_S:
            first = round(PLANTED_S[name] * RATE)
            samples[first : first + len(theme)] = theme / 3
        write_wav(season / name, samples)
    return place


@pytest.fixture
def run(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Runs the command in the folder of the show, with a library of the test's own."""
    monkeypatch.chdir(folder)

    def ran(*arguments: str) -> tuple[int, str, str]:
        command = [] if arguments[0] == "library" else ["match"]
        with pytest.raises(SystemExit) as ended:
            main([*command, *arguments, "--library", str(tmp_path / "library.sqlite")])
        return ended.value.code, *capsys.readouterr()

    return ran


def test_the_theme_is_found_in_a_folder_and_then_in_the_library(run, folder: Path, tmp_path: Path) -> None:
    status, out, err = run("--audio", "theme.wav", "--in", "season", "--json")
    hits = json.loads(out)
    assert status == 0
    assert sorted(err.split("\n")) == ["", "[1/3] one.wav", "[2/3] three.wav", "[3/3] two.wav"]
    assert {hit["name"] for hit in hits} == set(PLANTED_S)
    for hit in hits:
        assert hit["start"] == pytest.approx(PLANTED_S[hit["name"]], abs=0.1)
        assert hit["end"] - hit["start"] == pytest.approx(3.0)
        assert (hit["query"], hit["path"]) == ("theme.wav", str(folder / "season" / hit["name"]))
    assert hits == sorted(hits, key=lambda hit: -hit["similarity"])

    moved = shutil.copy(folder / "season" / "one.wav", tmp_path / "moved.wav")  # the same recording is not heard again
    assert run("--audio", "theme.wav", "--in", str(moved), "--json")[2] == ""
    again = json.loads(run("--audio", "theme.wav", "--in", "library", "--json")[1])
    assert [{**hit, "name": "", "path": ""} for hit in again] == [{**hit, "name": "", "path": ""} for hit in hits]
    assert "moved.wav" in {hit["name"] for hit in again}
    assert len(json.loads(run("--audio", "theme.wav", "--in", "library", "--limit", "1", "--json")[1])) == 1


def test_the_table_says_where(run) -> None:
    status, out, _ = run("--audio", "theme.wav", "--in", "season/one.wav", "season/three.wav")
    (line,) = [line for line in out.splitlines() if "theme.wav" in line]
    assert status == 0
    assert line.split()[:2] == ["theme.wav", "one.wav"]
    assert line.split()[2].startswith(("00:07.2", "00:07.3"))


def test_nothing_found_is_no_error(run) -> None:
    assert run("--audio", "theme.wav", "--in", "season/three.wav", "-q") == (0, "", "nothing found\n")
    assert run("--audio", "theme.wav", "--in", "season/three.wav", "-q", "--json")[1] == "[]\n"
    assert json.loads(run("--audio", "theme.wav", "--in", "library", "-q", "--json", "--min-similarity", "-1")[1])


def test_one_bad_file_hinders_no_other(run, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("ffconcat version 1.0\nfile /etc/passwd")
    write_wav(tmp_path / "silent.wav", np.zeros(RATE))
    bad = [str(tmp_path / name) for name in ("empty.wav", "text.mp3", "missing.wav")]
    asked = ("--audio", str(tmp_path / "silent.wav"), "theme.wav")
    status, out, err = run(*asked, "--in", bad[0], "season", *bad[1:], "--json")
    assert status == 1
    assert {hit["name"] for hit in json.loads(out)} == set(PLANTED_S)
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert [line.split(":")[1].strip() for line in errors] == ["silent.wav", "empty.wav", "text.mp3", "missing.wav"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--audio", "theme.wav"), "match compares --audio with --text, or searches"),
        (("--in", "season"), "match compares --audio with --text, or searches"),
        (("--audio", "theme.wav", "--text", "dog", "--model", "builtin"), "give --model clap"),
        (("--audio", "theme.wav", "--in", "season", "--model", "builtin", "--dtype", "int8"), "dtype must be"),
    ],
)
def test_wrong_usage_says_what_is_right(run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("earwitness: ")
    assert said in err
    assert err.count("\n") == 1


def test_several_values_may_follow_an_option() -> None:
    spread = ["--audio", "a.wav", "--audio", "b.wav", "--text", "dog barking", "--text", "car engine sound"]
    assert repeated(["--audio", "a.wav", "b.wav", "--text", "dog barking", "car engine sound"]) == spread
    assert repeated(spread) == spread
    assert repeated(["--in", "a", "b", "--limit", "3", "-q"]) == ["--in", "a", "--in", "b", "--limit", "3", "-q"]
    assert repeated(["--text=-3 dB", "x", "--json"]) == ["--text", "-3 dB", "--text", "x", "--json"]
    assert repeated(["stray", "--json", "stray"]) == ["stray", "--json", "stray"]


@pytest.mark.parametrize(
    "arguments", [("--in",), ("--in", "--json"), ("--json", "stray"), ("--in", "season", "--", "x")]
)
def test_a_value_that_is_missing_or_stray_is_wrong_usage(run, arguments: tuple[str, ...]) -> None:
    status, out, err = run("--audio", "theme.wav", *arguments)
    assert (status, out) == (2, "")
    assert "no value follows" in err or "unexpected extra argument" in err


def test_what_was_heard_can_be_removed(run) -> None:
    run("--audio", "theme.wav", "--in", "season", "-q")
    assert run("library", "remove", "one.wav") == (0, "one.wav is removed\n", "")
    hits = json.loads(run("--audio", "theme.wav", "--in", "library", "--json")[1])
    assert [hit["name"] for hit in hits] == ["two.wav"]
