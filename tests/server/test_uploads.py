from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the server needs the extra server")
from starlette.requests import Request

import loops
from earwitness.server import uploads
from earwitness.server.recordings import Recordings
from earwitness.server.uploads import MAX_FIELD_BYTES, MAX_FIELDS, Form, FormError, TooLargeError, body, form

SOUND = b"\r\n--not the boundary\r\n" + bytes(range(256)) + b"--"
TYPE = "multipart/form-data; boundary=b0undary"


def part(name: str, content: bytes, *, file: str | None = None) -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    kind = "Content-Type: application/octet-stream\r\n" if file is not None else ""
    head = f'--b0undary\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{kind}\r\n'
    return head.encode() + content + b"\r\n"


END = b"--b0undary--\r\n"
WHOLE = (
    part("options", b'{"speakers": 2}')
    + part("file", SOUND, file="a talk.mp3")
    + part("x[]", b"1")
    + part("x[]", b"2")
    + END
)


def asked(blocks: Sequence[bytes], *, kind: str = TYPE, length: int | None = None, leaves: bool = False) -> Request:
    messages = [{"type": "http.request", "body": block, "more_body": True} for block in blocks]
    messages.append(
        {"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b"", "more_body": False}
    )
    coming = iter(messages)

    async def receive() -> dict[str, object]:
        return next(coming)

    headers = [(b"content-type", kind.encode("latin-1"))]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def read(folder: Path, blocks: Sequence[bytes], *, most: int = 2**30, **told: object) -> tuple[Form, bytes]:
    """The form and its file; whatever comes of it, nothing is left half written."""
    recordings = Recordings(folder)
    try:
        with recordings.coming() as coming:
            found = loops.run(form(asked(blocks, **told), coming, most))  # type: ignore[arg-type]
            coming.finish()
            return found, coming.path.read_bytes()
    finally:
        assert list((folder / "coming").iterdir()) == []


def test_a_form_is_the_same_wherever_it_is_split(tmp_path: Path) -> None:
    for at in range(len(WHOLE) + 1):
        found, content = read(tmp_path, [WHOLE[:at], WHOLE[at:]])
        assert (content, found.file_name, found.one("options"), found.many("x")) == (
            SOUND, "a talk.mp3", '{"speakers": 2}', ["1", "2"],
        )  # fmt: skip
    found, content = read(tmp_path, [WHOLE[at : at + 1] for at in range(len(WHOLE))])
    assert content == SOUND


@pytest.mark.parametrize("length", range(0, len(WHOLE) - 4, 7))
def test_a_form_that_ends_too_early_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(FormError):
        read(tmp_path, [WHOLE[:length]])


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (END, "too early|cannot be read|no part"),
        (part("file", b"1", file="a") + part("file", b"2", file="b") + END, "several parts called 'file'"),
        (b'--b0undary\r\nContent-Disposition: form-data\r\n\r\n1\r\n' + END, "has no name"),
        (b'--b0undary\r\nContent-Disposition: attachment; name="file"\r\n\r\n1\r\n' + END, "has no name"),
        (b'--b0undary\r\n\r\n1\r\n' + END, "has no name"),
        (b"RIFF and so on, no form at all", "cannot be read"),
        (part("n" * 2**20, b"1") + END, "cannot be read"),
        (b"--b0undary\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n1\r\n" + END, "cannot be read"),
        (b"--b0undary\r\nX: " + b"1" * 2**20, "cannot be read"),
        (part("a", b"1") * (MAX_FIELDS + 1) + END, "more than 100 fields"),
        (part("a", b"1" * (MAX_FIELD_BYTES + 1)) + END, "the field 'a' is longer than"),
        (part("a", b"1" * MAX_FIELD_BYTES) * 5 + END, "together"),
    ],
    ids=(
        "nothing two-files no-name no-form-data no-header no-form long-name many-headers long-header flood "
        "long-field long-fields"
    ).split(),
)  # fmt: skip
def test_what_is_no_such_form_is_refused_with_what_is_wrong(tmp_path: Path, sent: bytes, told: str) -> None:
    if sent == END:  # a form without parts is one; its lack of a file is for whoever wants it
        assert read(tmp_path, [b"--b0undary--\r\n"])[0] == Form()
        return
    with pytest.raises(FormError, match=told):
        read(tmp_path, [sent[at : at + 2**16] for at in range(0, len(sent), 2**16)])


KINDS = (
    "",
    "audio/mpeg",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/mixed; boundary=b0undary",
    f"multipart/form-data; boundary={'b' * 1000}",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_has_a_type_and_a_boundary(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FormError):
        read(tmp_path, [WHOLE], kind=kind)


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    assert read(tmp_path, [WHOLE], most=len(WHOLE))[1] == SOUND
    for told in ({}, {"length": len(WHOLE)}, {"length": 10**30}):
        with pytest.raises(TooLargeError, match=f"longer than {len(WHOLE) - 1} bytes"):
            read(tmp_path, [WHOLE], most=len(WHOLE) - 1, **told)


def test_nothing_at_all_is_read_of_what_says_that_it_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        loops.run(body(asked([], length=11), 10))
    with pytest.raises(TooLargeError):
        loops.run(body(asked([b"1"] * 11), 10))
    assert loops.run(body(asked([b"12", b"", b"3"], length=3), 10)) == b"123"


def test_whoever_leaves_has_sent_nothing(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="ended too early"):
        read(tmp_path, [WHOLE[:200]], leaves=True)


def test_names_come_as_they_were_sent(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "-rf", "Gespräch \u202e3pm.mp3", "<script>alert(1)</script>", "a" * 300):
        found, _ = read(tmp_path, [part("file", b"1", file=name) + END])
        assert found.file_name == name
    assert uploads.Form({"a": ["1"], "a[]": ["2"]}).many("a") == ["1", "2"]
    assert uploads.Form().one("a", "none") == "none"
