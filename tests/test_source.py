"""Arguments become recordings with safe, stable names; what is wrong with one is raised when it is fetched."""

from __future__ import annotations

import hashlib
import io
import os
import random
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import SourceError, StorageError
from earwitness.options import SourceOptions
from earwitness.source import fetch, find
from earwitness.stems import MAX_STEM_BYTES, MAX_STEM_CHARACTERS, printable, safe_stem

OPTIONS = SourceOptions()


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def stems(*arguments: str) -> list[str]:
    return [reference.stem for reference in find(arguments)]


# What there is


def test_a_folder_gives_its_recordings_sorted_without_hidden_files(here: Path) -> None:
    touch(here, "a/10.mp3", "a/b/c.FLAC", "a/2.ogg", "a/notes.txt", "a/.hidden.mp3", "a/.git/x.mp3", "a/cover.jpg")
    assert [reference.argument for reference in find(["a"])] == ["a/10.mp3", "a/2.ogg", "a/b/c.FLAC"]


def test_globs_the_shell_did_not_expand(here: Path) -> None:
    touch(here, "x1.mp3", "x2.mp3", "x3.txt", "deep/er/x4.mp3", "raw.dat")
    assert [reference.argument for reference in find(["x*"])] == ["x1.mp3", "x2.mp3"]
    assert [reference.argument for reference in find(["**/x?.mp3"])] == ["deep/er/x4.mp3", "x1.mp3", "x2.mp3"]
    assert [reference.argument for reference in find(["*.dat"])] == ["raw.dat"]


def test_a_file_whose_name_looks_like_a_glob_or_an_address_is_a_file(here: Path, scratch: Path) -> None:
    for name in ("[1] pilot.mp3", "concat:a", "subfile,,start,0,,:b", "file:c.wav", "-d.mp3"):
        touch(here, name)
        (reference,) = find([name])
        assert fetch(reference, OPTIONS, scratch).sha256 == hashlib.sha256(name.encode()).hexdigest()


@pytest.mark.parametrize(
    "argument",
    [
        "file:a.wav",
        "file:///etc/passwd",
        "ftp://x/a.mp3",
        "concat:a.wav|b.wav",
        "subfile,,start,0,end,9,,:a.wav",
        "data:,x",
    ],
)
def test_other_schemes_are_refused(here: Path, scratch: Path, argument: str) -> None:
    touch(here, "a.wav")
    (reference,) = find([argument])
    with pytest.raises(SourceError, match="is not fetched; give a path or an http"):
        fetch(reference, OPTIONS, scratch)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("absent.mp3", r"^absent\.mp3: no such file"),
        ("empty", "^empty: no recording in this folder"),
        ("*.mp3", "no recording matches"),
        ("a\0b", "^ab: not a path"),
        ("", "not a path"),
        ("x" * 300, "cannot be read"),
        ("\ud800.mp3", "not a path"),
        ("\udcff.mp3", "no such file"),
    ],
)
def test_what_is_wrong_is_raised_by_fetch_alone(here: Path, scratch: Path, argument: str, reason: str) -> None:
    (here / "empty").mkdir()
    touch(here, "good.wav")
    bad, good = find([argument, "good.wav"])
    assert fetch(good, OPTIONS, scratch).name == "good.wav"
    with pytest.raises(SourceError, match=reason) as caught:
        fetch(bad, OPTIONS, scratch)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_file_and_does_not_hang(here: Path, scratch: Path) -> None:
    os.mkfifo("pipe.mp3")
    with pytest.raises(SourceError, match="not a regular file"):
        fetch(find(["pipe.mp3"])[0], OPTIONS, scratch)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_what_may_not_be_read_is_named(here: Path, scratch: Path) -> None:
    touch(here, "a.mp3", "shut/b.mp3", "open/c.mp3")
    (here / "a.mp3").chmod(0)
    (here / "shut").chmod(0)
    try:
        with pytest.raises(SourceError, match=r"a\.mp3: cannot be read"):
            fetch(find(["a.mp3"])[0], OPTIONS, scratch)
        assert {reference.kind for reference in find([".", "open"])} == {"file", "refused"}
    finally:
        (here / "shut").chmod(0o755)


def test_the_same_file_once(here: Path) -> None:
    touch(here, "a/x.mp3", "y.mp3")
    (here / "link.mp3").symlink_to("y.mp3")
    arguments = ["a", "a/x.mp3", "./a/../a/x.mp3", str(here / "a" / "x.mp3"), "a/*.mp3", "y.mp3", "link.mp3", "-", "-"]
    assert [reference.argument for reference in find(arguments)] == ["a/x.mp3", "y.mp3", "-"]


# Names


def test_a_stem_is_the_name_without_its_extension(here: Path) -> None:
    assert stems("episode.mp3", "Ep. 12", "v1.5 talk", "clip.3gp", "https://example.org/feed/x.mp3?key=secret") == [
        "episode",
        "Ep. 12",
        "v1.5 talk",
        "clip",
        "x",
    ]
    assert stems("-", "https://example.org/?key=secret", "https://example.org/%2e%2e%2fetc%2fpasswd") == [
        "stdin",
        "example",
        "passwd",
    ]


def test_stems_that_would_be_shared(here: Path) -> None:
    assert stems("a.wav", "a.mp3", "b.mp3") == ["a.wav", "a.mp3", "b"]
    assert stems("s1/a.mp3", "s2/a.mp3") == ["s1-a", "s2-a"]
    assert stems("s1/a.mp3", "s1/a.wav", "s2/a.mp3") == ["s1-a.mp3", "s1-a.wav", "s2-a.mp3"]
    assert stems("s1/x/a.mp3", "s2/x/a.mp3") == ["s1-x-a", "s2-x-a"]
    assert stems("s1/a.mp3", "s2/a.mp3", "s1-a.mp3") == ["s1-a.mp3", "s2-a.mp3", "s1-a"]
    assert stems("https://a.example/x.mp3", "https://b.example/x.mp3") == ["x-1", "x-2"]
    assert stems("A.mp3", "sub/a.mp3")[1] == "sub-a"  # one file on systems that ignore case


@given(
    st.lists(
        st.sampled_from([f"{d}/{n}{e}" for d in "xyz" for n in ("a", "A", "x-a") for e in (".mp3", ".wav", "")]),
        unique=True,
    ),
    st.randoms(),
)
def test_stems_are_unique_and_do_not_depend_on_the_order(arguments: list[str], chance: random.Random) -> None:
    shuffled = chance.sample(arguments, len(arguments))
    found = {reference.argument: reference.stem for reference in find(arguments)}
    assert len({stem.casefold() for stem in found.values()}) == len(arguments)
    assert {reference.argument: reference.stem for reference in find(shuffled)} == found


@given(
    st.text()
    | st.sampled_from(
        ["../../x", "a\0b", "x" * 300, "é" * 300, "-rf", ".hidden", "con.txt", "NUL", "a\u202eb", "..", " "]
    )
)
def test_stems_are_safe_on_any_system(text: str) -> None:
    stem = safe_stem(text)
    assert stem
    assert not set(stem) & set('/\\<>:"|?*\0\u202e\u200f\u2066')
    assert stem == printable(stem)
    assert stem[0] not in "-. "
    assert stem[-1] not in ". "
    assert stem.split(".")[0].lower() not in {"con", "nul", "prn", "aux", "com1", "lpt9"}
    assert len(stem) <= MAX_STEM_CHARACTERS
    assert len(stem.encode()) <= MAX_STEM_BYTES


@pytest.mark.parametrize("name", ["-x.mp3", "a\u202egpm.mp3", "\x1b[31m.mp3", "é" * 100 + ".mp3", " .mp3", "con.mp3"])
def test_odd_names_can_be_fetched_and_are_shown_without_what_acts(here: Path, scratch: Path, name: str) -> None:
    touch(here, name)
    (reference,) = find(["./" + name])
    source = fetch(reference, OPTIONS, scratch)
    assert source.path.read_bytes() == name.encode()
    assert source.name == printable(name)
    assert source.stem == safe_stem(source.stem)
    (scratch / f"{source.stem}.json").write_text("{}")  # a name that the file system takes


def test_long_names_that_agree_at_first_stay_apart() -> None:
    found = stems(*(f"{folder}/{'long' * 60}{end}.mp3" for folder in ("s", "t") for end in ("1", "2")))
    assert len(set(found)) == 4
    assert max(map(len, found)) <= MAX_STEM_CHARACTERS


# Bytes


def test_a_local_file_stays_where_it_is(here: Path, scratch: Path) -> None:
    content = random.Random(1).randbytes(3_000_000)
    (here / "a.wav").write_bytes(content)
    seen: list[tuple[int, int | None]] = []
    source = fetch(find(["a.wav"])[0], OPTIONS, scratch, lambda done, total: seen.append((done, total)))
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert seen[-1] == (3_000_000, 3_000_000)
    source.discard()
    assert (here / "a.wav").exists()
    assert list(scratch.iterdir()) == []


def pipe(monkeypatch: pytest.MonkeyPatch, stream: io.RawIOBase | io.BytesIO, terminal: bool = False) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream, isatty=lambda: terminal))


def test_standard_input_is_copied(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(2).randbytes(3_000_000)
    pipe(monkeypatch, io.BytesIO(content))
    source = fetch(find(["-"])[0], OPTIONS, scratch)
    assert (source.name, source.stem) == ("stdin", "stdin")
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.path.parent == scratch
    assert source.path.read_bytes() == content
    source.discard()
    assert list(scratch.iterdir()) == []


def test_standard_input_has_a_limit_and_is_no_terminal(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, io.BytesIO(bytes(5000)))
    with pytest.raises(SourceError, match="more than 4999 bytes"):
        fetch(find(["-"])[0], SourceOptions(max_download_bytes=4999), scratch)
    pipe(monkeypatch, io.BytesIO(), terminal=True)
    with pytest.raises(SourceError, match="terminal"):
        fetch(find(["-"])[0], OPTIONS, scratch)
    assert list(scratch.iterdir()) == []


class Broken(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise OSError(5, "Input/output error")


def test_standard_input_that_breaks(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, Broken())
    with pytest.raises(SourceError, match="Input/output error"):
        fetch(find(["-"])[0], OPTIONS, scratch)
    assert list(scratch.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, io.BytesIO(b"x"))
    with pytest.raises(StorageError, match="absent: cannot write"):
        fetch(find(["-"])[0], OPTIONS, tmp_path / "absent")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, io.BytesIO(bytes(10_000)))
    monkeypatch.setattr("tempfile.mkstemp", lambda *_: (os.open("/dev/full", os.O_WRONLY), str(scratch / "x")))
    with pytest.raises(StorageError, match="free some disk space"):
        fetch(find(["-"])[0], OPTIONS, scratch)
