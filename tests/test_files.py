from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness import files
from earwitness.files import fingerprint, sweep, write_whole


def test_a_fingerprint_follows_name_and_content_wherever_they_lie(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "part").mkdir(parents=True)
        (tmp_path / place / "a.bin").write_bytes(b"abc")
        (tmp_path / place / "part" / "b.bin").write_bytes(b"def")
    here, there = fingerprint(tmp_path / "here"), fingerprint(tmp_path / "there")
    assert here == there
    assert len(here) == 16
    (tmp_path / "there" / "part" / "b.bin").write_bytes(b"deg")
    assert fingerprint(tmp_path / "there") != here
    assert fingerprint(tmp_path / "here" / "a.bin") != fingerprint(tmp_path / "here" / "part" / "b.bin")


@pytest.mark.parametrize("at", [0, 4_000, 9_999])
def test_of_a_long_file_samples_from_all_over_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(files, "SAMPLE_BYTES", 10)
    monkeypatch.setattr(files, "SAMPLES", 101)
    content = bytearray(10_000)
    (tmp_path / "model.bin").write_bytes(content)
    before = fingerprint(tmp_path / "model.bin")
    # Training changes a network everywhere: a change as wide as the space between two samples is always seen.
    for index in range(max(0, at - 100), at + 1):
        content[index] = 1
    (tmp_path / "model.bin").write_bytes(content)
    assert fingerprint(tmp_path / "model.bin") != before
    (tmp_path / "model.bin").write_bytes(bytes(10_001))
    assert fingerprint(tmp_path / "model.bin") != before


KILLED_IN_BETWEEN = """
import os, signal, sys
from pathlib import Path
from earwitness.files import write_whole
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write_whole(Path(sys.argv[1]), b"new")
"""


def test_who_is_killed_while_it_writes_leaves_the_old_file_and_nothing_that_stays(tmp_path: Path) -> None:
    path = tmp_path / "episode.txt"
    write_whole(path, b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_BETWEEN, str(path)], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".notes.old.tmp").touch()  # somebody else's
    sweep(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".notes.old.tmp", "episode.txt"]
    assert path.read_bytes() == b"old"


def test_what_is_being_written_is_not_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def sweep_and_replace(self: Path, target: Path) -> Path:
        sweep(tmp_path)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", sweep_and_replace)
    write_whole(tmp_path / "episode.txt", b"new")
    assert (tmp_path / "episode.txt").read_bytes() == b"new"
