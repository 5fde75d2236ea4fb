from __future__ import annotations

from pathlib import Path

import pytest

from earwitness import files
from earwitness.files import fingerprint


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
