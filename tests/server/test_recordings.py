from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from earwitness.errors import StorageError
from earwitness.library.store import Library
from earwitness.peaks import of, outline
from earwitness.server import recordings
from earwitness.server.recordings import Coming, Recordings
from earwitness.types import Audio
from sounds import speech, write_wav


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_came_is_kept_whole_under_its_hash_and_read_by_nobody_else(tmp_path: Path) -> None:
    kept, content = Recordings(tmp_path / "sound"), os.urandom(2**20)
    with kept.coming() as coming:
        coming.write(content[:1000])
        coming.write(content[1000:])
        assert coming.finish() == hashlib.sha256(content).hexdigest() == coming.keep()
    name = hashlib.sha256(content).hexdigest()
    assert files(tmp_path) == [f"sound/kept/{name}"]
    assert kept.path(name).read_bytes() == content
    assert stat.S_IMODE(kept.path(name).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path(name).parent.stat().st_mode) == 0o700
    kept.write_peaks(name, {"data": [1]})
    assert json.loads(kept.peaks(name).read_text()) == {"data": [1]}
    kept.remove(name)
    kept.remove(name)
    assert files(tmp_path) == []


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    kept = Recordings(tmp_path)
    with kept.coming() as coming:
        coming.write(b"1")
        coming.finish()
        assert len(files(tmp_path)) == 1
    assert files(tmp_path) == []


def test_what_a_dead_process_left_is_removed_and_what_another_has_in_hand_is_not(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from earwitness.server.recordings import Recordings\n"
        "with Recordings(pathlib.Path(sys.argv[1])).coming() as c: c.write(b'1' * 10**6); print(1, flush=True); input()"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert started.stdout
    assert started.stdout.readline() == b"1\n"
    kept = Recordings(tmp_path)
    assert len(files(tmp_path)) == 1
    started.kill()
    started.communicate()
    assert len(files(tmp_path)) == 1
    kept.drop_unfinished()
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, opened = Recordings(tmp_path), os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        os.close(opened(path, flags, mode))
        return opened("/dev/full", os.O_WRONLY)

    monkeypatch.setattr("os.open", full)
    for size in (10, 10**6):  # what stays in a buffer is seen at the end
        with kept.coming() as coming, pytest.raises(StorageError, match=r"No space left on device.*--folder"):
            _keep(coming, b"1" * size)
    assert files(tmp_path) == []


def _keep(coming: Coming, content: bytes) -> None:
    coming.write(content)
    coming.keep()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be kept"):
        Recordings(tmp_path / "file" / "sound")


def test_what_browsers_are_told_is_noted(tmp_path: Path) -> None:
    with Library(tmp_path / "a.sqlite") as library:
        recordings.note(library, "a" * 64, "audio/wav", 3)
        recordings.note(library, "a" * 64, "audio/flac", 3)
        assert recordings.kind_of(library, "a" * 64) == "audio/flac"
        assert recordings.kind_of(library, "b" * 64) is None


def test_what_comes_again_is_kept_as_it_is_and_as_long_as_what_is_new(tmp_path: Path) -> None:
    kept, source = Recordings(tmp_path / "sound"), write_wav(tmp_path / "a.wav", speech(1.0))
    name = hashlib.sha256(source.read_bytes()).hexdigest()
    assert (kept.came(name), kept.come_again(name)) == (None, False)
    began = datetime.now(UTC)
    kept.keep_copy(source, name)
    assert kept.path(name).read_bytes() == source.read_bytes()
    os.utime(kept.path(name), (0, 0))
    assert kept.came(name) == datetime.fromtimestamp(0, UTC)
    before = kept.path(name).stat().st_ino
    assert kept.come_again(name)
    assert kept.path(name).stat().st_ino == before
    came = kept.came(name)
    assert came
    assert came > began - timedelta(seconds=1)  # a file's times are those of the kernel's coarse clock


def test_peaks_are_those_of_every_twentieth_of_a_second(tmp_path: Path) -> None:
    sound = speech(10.03)
    found = of(Audio(sound))
    assert (found["version"], found["bits"], found["sample_rate"], found["samples_per_pixel"]) == (2, 8, 16_000, 800)
    assert found["length"] == 201 == len(found["data"]) / 2
    for at in (0, 57, 200):
        piece = sound[at * 800 : (at + 1) * 800]
        assert found["data"][2 * at] == pytest.approx(piece.min() * 127, abs=0.51)
        assert found["data"][2 * at + 1] == pytest.approx(piece.max() * 127, abs=0.51)
    assert of(Audio(sound[:0]))["data"] == outline(of(Audio(sound[:0])))["data"] == []


def test_five_hours_have_an_outline_that_a_page_can_hold() -> None:
    length = 5 * 3600 * 20
    data = np.random.default_rng(7).integers(-128, 128, 2 * length)
    data.reshape(-1, 2).sort(axis=1)
    made = outline({"samples_per_pixel": 800, "length": length, "data": data.tolist()})
    assert (made["samples_per_pixel"], made["length"]) == (800 * 120, 3000)
    for at in (0, 1234, 2999):
        piece = data[240 * at : 240 * (at + 1)]
        assert made["data"][2 * at : 2 * at + 2] == [piece.min(), piece.max()]
    assert len(json.dumps(made)) < 40_000
