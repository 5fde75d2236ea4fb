"""A download goes on where it broke off, but only where what is there is the beginning of what comes."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness import partial
from earwitness.download import Version, download
from earwitness.errors import SourceError, StorageError
from earwitness.integrity import is_whole
from earwitness.options import SourceOptions
from earwitness.source import Expected, Source, fetch, find
from servers import Answer, body, serving, versioned

CONTENT = random.Random(5).randbytes(200_000)
OTHER = random.Random(6).randbytes(200_000)
ALLOWED = SourceOptions(allow_private=True, max_download_s=20)


def get(url: str, folder: Path, **expected: object) -> Source:
    [reference] = find([url])
    return fetch(replace(reference, expected=Expected(**expected)), ALLOWED, folder)  # type: ignore[arg-type]


def broken_off(url: str, folder: Path) -> None:
    with pytest.raises(SourceError, match=r"ended at \d+ of|broke off"):
        get(url, folder)


def then(first: Answer, second: Answer, tmp_path: Path) -> tuple[bytes, list[dict[str, str]]]:
    """What comes where the first answer breaks off, and the headers of all requests."""
    with serving({"/a.mp3": first}) as server:
        broken_off(server.url("/a.mp3"), tmp_path)
        server.answers["/a.mp3"] = second
        source = get(server.url("/a.mp3"), tmp_path)
        content = source.path.read_bytes()
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        source.discard()
        assert list(tmp_path.iterdir()) == []
        return content, server.headers


@pytest.mark.parametrize(
    "version", [{"etag": '"one"'}, {"etag": "", "modified": "Mon, 01 Sep 2025 07:00:00 GMT"}], ids=["etag", "date"]
)
def test_a_download_goes_on_where_it_broke_off(tmp_path: Path, version: dict[str, str]) -> None:
    content, asked = then(versioned(CONTENT, stop_after=150_000, **version), versioned(CONTENT, **version), tmp_path)
    assert content == CONTENT
    assert asked[1]["Range"] == "bytes=150000-"
    assert asked[1]["If-Range"] == (version["etag"] or version["modified"])


def test_a_file_that_has_changed_comes_anew(tmp_path: Path) -> None:
    content, asked = then(versioned(CONTENT, stop_after=150_000), versioned(OTHER, etag='"two"'), tmp_path)
    assert content == OTHER
    assert asked[1]["If-Range"] == '"one"'


@pytest.mark.parametrize(
    "second",
    [
        body(OTHER),
        body(b"", 416),
        body(OTHER[1:], 206, Content_Range="bytes 1-199999/200000"),
        body(OTHER[150_000:], 206, Content_Range="bytes 150000-199999/200000", ETag='"two"'),
        body(OTHER, 206),
        body(OTHER, 206, Content_Range="nonsense"),
    ],
    ids=[
        "ignores ranges",
        "refuses them",
        "sends another part",
        "of another version",
        "says not which",
        "says nonsense",
    ],
)
def test_a_server_that_cannot_go_on_starts_anew(tmp_path: Path, second: Answer) -> None:
    """What it sends to a request for the rest is never added to what is there."""

    def whole_where_nothing_is_asked(handler: object) -> None:
        (second if handler.headers.get("Range") else body(OTHER))(handler)  # type: ignore[attr-defined,arg-type]

    content, asked = then(versioned(CONTENT, stop_after=150_000), whole_where_nothing_is_asked, tmp_path)
    assert content == OTHER
    assert "Range" not in asked[-1] or len(asked) == 2


@pytest.mark.parametrize("version", [{"etag": ""}, {"etag": 'W/"one"'}], ids=["none", "weak"])
def test_nothing_is_kept_of_what_cannot_be_gone_on_with(tmp_path: Path, version: dict[str, str]) -> None:
    with serving({"/a.mp3": versioned(CONTENT, stop_after=1000, **version)}) as server:
        broken_off(server.url("/a.mp3"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_here_counts_towards_the_limit(tmp_path: Path) -> None:
    with serving({"/a.mp3": versioned(CONTENT, stop_after=150_000)}) as server:
        broken_off(server.url("/a.mp3"), tmp_path)
        server.answers["/a.mp3"] = versioned(CONTENT)
        limited = replace(ALLOWED, max_download_bytes=199_999)
        with pytest.raises(SourceError, match="longer than 199999 bytes"):
            fetch(find([server.url("/a.mp3")])[0], limited, tmp_path)


def test_a_rest_that_ends_early_is_an_error(tmp_path: Path) -> None:
    with serving({"/a.mp3": versioned(CONTENT, stop_after=150_000)}) as server:
        broken_off(server.url("/a.mp3"), tmp_path)
        short = {"Content_Length": "", "Content_Range": "bytes 150000-199999/200000", "ETag": '"one"'}
        server.answers["/a.mp3"] = body(CONTENT[150_000:160_000], 206, **short)
        with pytest.raises(SourceError, match="ended at 160000 of 200000 bytes"):
            get(server.url("/a.mp3"), tmp_path)
        server.answers["/a.mp3"] = versioned(CONTENT)
        assert get(server.url("/a.mp3"), tmp_path).path.read_bytes() == CONTENT
        assert server.headers[-1]["Range"] == "bytes=160000-"


def test_a_part_that_somebody_spoilt_is_not_used(tmp_path: Path) -> None:
    with serving({"/a.mp3": versioned(CONTENT, stop_after=1000)}) as server:
        broken_off(server.url("/a.mp3"), tmp_path)
        [note] = tmp_path.glob("*.json")
        note.write_text("{")
        server.answers["/a.mp3"] = versioned(CONTENT)
        assert get(server.url("/a.mp3"), tmp_path).path.read_bytes() == CONTENT
        assert "Range" not in server.headers[-1]


def test_who_comes_second_downloads_for_itself(tmp_path: Path) -> None:
    with serving({"/a.mp3": versioned(CONTENT)}) as server, partial._held(server.url("/a.mp3"), tmp_path) as held:
        assert held.kept
        source = get(server.url("/a.mp3"), tmp_path)
        assert source.path.read_bytes() == CONTENT
        assert held.path.exists()


def test_old_parts_are_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "a.part", tmp_path / "b.part"
    for path, age_s in ((old, partial.KEPT_S + 60), (new, partial.KEPT_S - 60)):
        path.touch()
        os.utime(path, (time.time() - age_s,) * 2)
    with serving({"/a.mp3": body(b"a")}) as server:
        get(server.url("/a.mp3"), tmp_path).discard()
    assert list(tmp_path.iterdir()) == [new]


KILLED = """
import sys
from pathlib import Path
from earwitness.options import SourceOptions
from earwitness.partial import bring
bring(sys.argv[1], SourceOptions(allow_private=True), Path(sys.argv[2]), lambda done, total: print(done, flush=True))
"""


def test_a_killed_download_goes_on(tmp_path: Path) -> None:
    long = random.Random(7).randbytes(8_000_000)

    def stalls(handler: object) -> None:
        versioned(long, stop_after=6_000_000)(handler)  # type: ignore[arg-type]
        handler.server.closing.wait(20)  # type: ignore[attr-defined]

    with serving({"/a.mp3": stalls}) as server:
        process = subprocess.Popen([sys.executable, "-c", KILLED, server.url("/a.mp3"), tmp_path], stdout=-1, text=True)
        assert process.stdout
        for line in process.stdout:
            if int(line) >= 5_000_000:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        server.answers["/a.mp3"] = versioned(long)
        source = get(server.url("/a.mp3"), tmp_path)
        assert source.path.read_bytes() == long
        assert int(server.headers[-1]["Range"].removeprefix("bytes=").removesuffix("-")) > 4_000_000
        source.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(partial, "write_whole", full)
    with serving({"/a.mp3": versioned(CONTENT)}) as server, pytest.raises(StorageError, match="No space left"):
        get(server.url("/a.mp3"), tmp_path)
    assert list(tmp_path.iterdir()) == []


# Asking only for what is new


@pytest.mark.parametrize(
    ("known", "unchanged"),
    [
        (Version('"one"', None), True),
        (Version('"old"', None), False),
        (Version(None, "Mon, 01 Sep 2025 07:00:00 GMT"), True),
        (Version(), False),
        (None, False),
    ],
)
def test_what_has_not_changed_is_not_sent(known: Version | None, unchanged: bool) -> None:
    answer = versioned(CONTENT, modified="Mon, 01 Sep 2025 07:00:00 GMT")
    with serving({"/f": answer}) as server, download(server.url("/f"), ALLOWED, unless=known) as answered:
        assert answered.unchanged == unchanged
        assert b"".join(answered.blocks) == (b"" if unchanged else CONTENT)
        assert answered.version == Version('"one"', "Mon, 01 Sep 2025 07:00:00 GMT")


def test_a_304_that_nobody_asked_for_is_an_error() -> None:
    refused = pytest.raises(SourceError, match="304 Not Modified")
    with serving({"/f": body(b"", 304)}) as server, refused, download(server.url("/f"), ALLOWED):
        pass


# Whether it is the file that was announced


def test_another_size_is_a_warning(tmp_path: Path) -> None:
    with serving({"/a.mp3": body(CONTENT)}) as server:
        assert get(server.url("/a.mp3"), tmp_path, size_bytes=200_000).warnings == ()
        assert get(server.url("/a.mp3"), tmp_path, size_bytes=5).warnings == (
            "its feed says that the file has 5 bytes; it has 200000",
        )


def sri(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def test_another_hash_is_an_error(tmp_path: Path) -> None:
    with serving({"/a.mp3": body(CONTENT)}) as server:
        get(server.url("/a.mp3"), tmp_path, integrity=sri(CONTENT, "sha384")).discard()
        with pytest.raises(SourceError, match=r"^a\.mp3: not the file that its feed has the hash of"):
            get(server.url("/a.mp3"), tmp_path, integrity=sri(OTHER, "sha384"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("integrity", "whole"),
    [
        (sri(CONTENT), True),
        (sri(CONTENT, "sha512") + "?ct=audio", True),
        (sri(OTHER), False),
        (f"{sri(OTHER)} {sri(CONTENT)}", True),
        (f"{sri(CONTENT)} {sri(OTHER, 'sha512')}", False),
        ("md5-AAAA", True),
        ("sha256-not base64", True),
        ("", True),
    ],
    ids=["right", "with options", "wrong", "one of two", "the strongest counts", "unknown", "malformed", "none"],
)
def test_hashes(tmp_path: Path, integrity: str, whole: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert is_whole(path, integrity) == whole
