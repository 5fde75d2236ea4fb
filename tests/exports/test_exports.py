"""The table of formats and `save`."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness.errors import OptionError, StorageError
from earwitness.exports import FORMATS, parse_formats, save
from factories import make_transcript


def test_names_and_suffixes_are_those_promised() -> None:
    assert {name: format_.suffix for name, format_ in FORMATS.items()} == {
        "txt": ".txt",
        "md": ".md",
        "notes": ".notes.md",
        "html": ".html",
        "srt": ".srt",
        "vtt": ".vtt",
        "tsv": ".tsv",
        "json": ".json",
        "rttm": ".rttm",
        "podcast": ".podcast.json",
        "chapters": ".chapters.json",
        "feed": ".feed.xml",
        "docx": ".docx",
    }


def test_the_table_imports_no_writer() -> None:
    code = "import sys, earwitness.exports; print([m for m in sys.modules if m.startswith('earwitness.exports.')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("txt", ("txt",)),
        ("vtt, TXT,vtt", ("vtt", "txt")),
        ("all", tuple(FORMATS)),
        ("docx,all", ("docx", *(name for name in FORMATS if name != "docx"))),
    ],
)
def test_formats_keep_their_order_and_come_once(text: str, names: tuple[str, ...]) -> None:
    assert parse_formats(text) == names


@pytest.mark.parametrize("text", ["pdf", "txt,pdf", "", ","])
def test_unknown_formats_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(OptionError, match=r"known are txt, md, .*docx, all"):
        parse_formats(text)


def test_save_writes_what_the_writers_made(tmp_path: Path) -> None:
    transcript = make_transcript()
    folder = tmp_path / "new" / "folder"
    paths = save(transcript, folder, "episode one", ["json", "txt", "podcast"])
    assert [path.name for path in paths] == ["episode one.json", "episode one.txt", "episode one.podcast.json"]
    assert [path.read_bytes() for path in paths] == [FORMATS[n].write(transcript) for n in ("json", "txt", "podcast")]
    assert sorted(folder.iterdir()) == sorted(paths)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_transcript_gives_the_same_bytes(name: str) -> None:
    assert FORMATS[name].write(make_transcript()) == FORMATS[name].write(make_transcript())


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = save(make_transcript([("A", "Old.")]), tmp_path, "episode", ["txt"])
    before = old.read_bytes()

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"cannot write .*episode\.txt: No space left on device; .*another folder"):
        save(make_transcript(), tmp_path, "episode", ["txt"])
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "episode.txt").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        save(make_transcript(), tmp_path, "episode", ["txt"])
    assert [path.name for path in tmp_path.iterdir()] == ["episode.txt"]


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError) as caught:
        save(make_transcript(), tmp_path / "taken", "episode", ["txt"])
    assert "\n" not in str(caught.value)
    assert "taken" in str(caught.value)


@pytest.mark.parametrize("stem", ["", "..", "../up", "a/b", "a\\b", "nul\0"])
def test_a_stem_cannot_leave_the_folder(tmp_path: Path, stem: str) -> None:
    with pytest.raises(OptionError, match="cannot name a file"):
        save(make_transcript(), tmp_path, stem, ["txt"])
    assert not list(tmp_path.iterdir())


def test_save_refuses_an_unknown_format_before_writing(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no such format: 'pdf'"):
        save(make_transcript(), tmp_path, "episode", ["txt", "pdf"])
    assert not list(tmp_path.iterdir())


def test_the_readmes_call_works_with_a_folder_named_by_a_string(tmp_path: Path) -> None:
    from earwitness import save as public_save

    paths = public_save(make_transcript(), str(tmp_path / "out"), "episode", ["md", "srt"])
    assert [path.name for path in paths] == ["episode.md", "episode.srt"]
    assert all(path.read_bytes() for path in paths)
