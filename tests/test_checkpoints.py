from __future__ import annotations

import os
from pathlib import Path

import pytest

from earwitness.checkpoints import FOLDER_VARIABLE, Checkpoints, default_folder
from earwitness.errors import StorageError
from earwitness.types import Region

REGIONS = (Region(0.0, 1.0), Region(2.0, 3.5))
SHA = "ab" * 32


def test_a_result_is_found_by_what_it_depends_on(tmp_path: Path) -> None:
    Checkpoints(tmp_path).shelf(SHA, "regions", {"pad": 0.2}).put("result", REGIONS)
    again = Checkpoints(tmp_path)
    assert again.shelf(SHA, "regions", {"pad": 0.2}).get("result", tuple[Region, ...]) == REGIONS
    assert again.shelf(SHA, "regions", {"pad": 0.3}).get("result", tuple[Region, ...]) is None
    assert again.shelf("cd" * 32, "regions", {"pad": 0.2}).get("result", tuple[Region, ...]) is None


def test_a_half_written_or_foreign_result_is_computed_again(tmp_path: Path) -> None:
    shelf = Checkpoints(tmp_path).shelf(SHA, "regions")
    shelf.put("result", REGIONS)
    (path,) = tmp_path.rglob("*.json")
    for damage in ('[{"start": 0.0', '{"other": 1}', "\x00", '[{"start": "x", "end": 1}]'):
        path.write_text(damage)
        assert shelf.get("result", tuple[Region, ...]) is None


def test_without_resume_results_are_written_but_not_read(tmp_path: Path) -> None:
    fresh = Checkpoints(tmp_path, resume=False).shelf(SHA, "regions")
    fresh.put("result", REGIONS)
    assert fresh.get("result", tuple[Region, ...]) is None
    assert Checkpoints(tmp_path).shelf(SHA, "regions").get("result", tuple[Region, ...]) == REGIONS


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shelf = Checkpoints(None).shelf(SHA, "regions")
    shelf.put("result", REGIONS)
    assert shelf.get("result", tuple[Region, ...]) is None
    assert list(tmp_path.rglob("*")) == []


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    Checkpoints(tmp_path).shelf(SHA, "regions").put("result", REGIONS)
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".json"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file in the way")
    with pytest.raises(StorageError, match=f"(?s)checkpoints.*{FOLDER_VARIABLE}"):
        Checkpoints(tmp_path).shelf(SHA, "regions").put("result", REGIONS)


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, os.fspath(tmp_path))
    assert default_folder() == tmp_path


def test_a_result_that_cannot_be_renamed_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        Checkpoints(tmp_path).shelf(SHA, "regions").put("result", REGIONS)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
