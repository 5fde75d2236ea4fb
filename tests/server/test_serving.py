"""`earwitness serve` as a process: what becomes of jobs whatever happens to it."""

from __future__ import annotations

import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

from server_process import FAKE, Served, ended, hand_in, serving, told, until  # noqa: E402
from sounds import speech, write_wav  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("serving"), (*FAKE, "--max-upload-mib", "8")) as served:
        yield served


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sounds") / "short.wav", speech(3.0))


def jobs(library: Path) -> list[tuple[str, int, str | None]]:
    """State, attempts and reason of every job."""
    with sqlite3.connect(library) as database:
        return database.execute("SELECT state, attempts, reason FROM jobs ORDER BY id").fetchall()


def head(length: int | str, path: str = "/api/jobs", kind: str = "multipart/form-data; boundary=b") -> bytes:
    body = f"Content-Length: {length}" if isinstance(length, int) else f"Transfer-Encoding: {length}"
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{body}\r\n\r\n".encode()


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n\r\n'


def connected(server: Served) -> socket.socket:
    opened = socket.create_connection(server.address, timeout=30)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def answer(opened: socket.socket) -> tuple[int, bytes]:
    """The status and the whole answer, which the server ends by closing."""
    found = b""
    while b"\r\n\r\n" not in found or not found.rstrip().endswith(b"}"):
        if not (block := opened.recv(2**16)):
            break
        found += block
    return int(found.split()[1]), found


def test_a_job_is_told_of_from_its_upload_to_its_transcript(server: Served, short: Path) -> None:
    with server.client() as client:
        made = hand_in(client, short, speakers=1)
        assert (made["state"], made["name"], made["origin"], made["share"]) == ("waiting", "short.wav", "upload", 0.0)
        events = list(told(client, made["id"]))
        assert events[-1]["state"] == "done"
        shares = [one["share"] for one in events]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert {one["state"] for one in events} <= {"waiting", "running", "done"}
        assert client.get(f"/api/jobs/{made['id']}").json() == events[-1]
        number = events[-1]["episode"]
        sent = client.get(f"/api/episodes/{number}")
        assert sent.json()["source"]["name"] == "short.wav"
        assert client.get(f"/api/episodes/{number}", headers={"If-None-Match": sent.headers["etag"]}).status_code == 304
        sound = client.get(f"/api/episodes/{number}/audio", headers={"Range": "bytes=8-11"})
        assert (sound.status_code, sound.content, sound.headers["content-type"]) == (206, b"WAVE", "audio/wav")
        assert client.get(f"/api/episodes/{number}/peaks").json()["length"] == 60
        assert ended(client, made["id"]) == events[-1]
        for one in client.get("/api/formats").json():
            export = client.get(f"/api/episodes/{number}/exports/{one['name']}")
            assert export.status_code == 200
            assert export.headers["content-disposition"].endswith(f"short{one['suffix']}")
            assert export.headers["content-security-policy"] == "sandbox"
        drawn = client.get(f"/api/episodes/{number}/peaks").text
        assert f'id="peaks">{drawn}<' in client.get(f"/api/episodes/{number}/exports/html").text


def test_the_same_key_is_the_same_job_and_another_body_is_refused_and_not_kept(
    server: Served, short: Path, tmp_path: Path
) -> None:
    key = {"Idempotency-Key": "once"}
    other = write_wav(tmp_path / "other.wav", speech(1.0, start=20.0))
    with server.client() as client:
        first = hand_in(client, short, headers=key)
        assert hand_in(client, short, name="another name.wav", headers=key)["id"] == first["id"]
        before = server.kept()
        with other.open("rb") as file:
            refused = client.post("/api/jobs", files={"file": ("x.wav", file)}, headers=key)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert "Idempotency-Key" in refused.json()["detail"]
        assert server.kept() == before
        for options in (
            '{"speakers": 0}',
            '{"speakers": "two"}',
            '{"nonsense": 1}',
            '{"known_voices": true, "diarize": false}',
            '{"model": "/etc"}',
            "[]",
            "{",
            '{"speakers": 1e400}',
        ):
            with other.open("rb") as file:
                refused = client.post("/api/jobs", files={"file": ("x.wav", file)}, data={"options": options})
            assert refused.status_code == 422, (options, refused.text)
        assert server.kept() == before
        assert server.coming() == []


NAMES = {
    "../../etc/passwd": "../../etc/passwd",
    "-rf": "-rf",
    "a" * 300: "a" * 300,
    "talk\u202egpj.exe": "talkgpj.exe",
    "<script>alert(1)</script>.wav": "<script>alert(1)</script>.wav",
    "C:\\x\\y.wav": "y.wav",
    "a%00b.wav": "a%00b.wav",
    "naïve 講演.wav": "naïve 講演.wav",
}
"""What files are called by those who send them, and how that is shown."""


def test_names_are_text_and_never_paths(server: Served, short: Path) -> None:
    with server.client() as client:
        for name in NAMES:
            made = hand_in(client, short, name=name)
            assert made["name"] == NAMES[name]
            assert ended(client, made["id"])["state"] == "done"
        page = client.get("/api/jobs").text
        assert "etc/passwd" in page
    found = [path for path in server.folder.rglob("*") if path.is_file() and "cache" not in path.parts]
    assert not [path for path in found if any(word in path.name for word in ("passwd", "script", "exe", "rf", "aaa"))]
    assert all(len(path.name) == 64 for path in server.kept())


def test_what_is_no_audio_fails_with_one_line_and_the_next_is_done(server: Served, short: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_bytes(b"%PDF-1.7 and so on")
    (tmp_path / "empty.mp3").write_bytes(b"")
    (tmp_path / "list.mp3").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with server.client() as client:
        made = [hand_in(client, path) for path in sorted(tmp_path.glob("*.mp3"))]
        made.append(dict(client.post("/api/jobs", json={"url": f"{server.url}/health"}).json()))
        for one in made:
            job = ended(client, one["id"])
            assert job["state"] == "failed", job
            assert job["reason"]
            assert "\n" not in job["reason"]
            assert str(server.folder) not in job["reason"]
        assert f"{server.url}/health: " in job["reason"]
        assert ended(client, hand_in(client, short)["id"])["state"] == "done"
        for url in ("file:///etc/passwd", "concat:a", "", "ftp://x/y"):
            assert client.post("/api/jobs", json={"url": url}).status_code == 422
        again = client.post(f"/api/jobs/{made[0]['id']}/retry").json()
        assert again["state"] in ("waiting", "running")
        assert ended(client, made[0]["id"])["state"] == "failed"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused_before_it_has_come(server: Served, chunked: bool) -> None:
    limit = 8 * 2**20
    with connected(server) as opened:
        block = PART + b"\0" * 2**16
        if chunked:
            opened.sendall(head("chunked") + b"%x\r\n%b\r\n" % (len(block), block))
            for _ in range(limit // 2**16):
                opened.sendall(b"10000\r\n" + b"\0" * 2**16 + b"\r\n")
        else:
            opened.sendall(head(10**12) + block)
        status, told_ = answer(opened)
    assert status == 413
    assert b"connection: close" in told_.lower()
    assert str(limit).encode() in told_
    assert server.coming() == []


@pytest.mark.parametrize("path", ["/api/corrections", "/api/feeds", "/v1/audio/speech", "/nowhere"])
def test_so_is_any_other_body(server: Served, path: str) -> None:
    for length in (10**12, "chunked"):
        with connected(server) as opened:
            opened.sendall(head(length, path, "application/json"))
            for _ in range(65):
                opened.sendall(
                    (b"10000\r\n" if length == "chunked" else b"")
                    + b"1" * 2**16
                    + (b"\r\n" if length == "chunked" else b"")
                )
            assert answer(opened)[0] == 413


def test_an_upload_that_drips_keeps_nobody_waiting_and_one_that_breaks_off_leaves_nothing(
    server: Served, short: Path
) -> None:
    with connected(server) as slow, server.client() as client:
        slow.sendall(head(10**6) + PART + b"RIFF")
        assert until(server.coming)
        assert ended(client, hand_in(client, short)["id"])["state"] == "done"
        assert len(server.coming()) == 1
    until(lambda: server.coming() == [])


def test_bodies_of_a_wrong_length_are_refused(server: Served) -> None:
    with connected(server) as opened:
        opened.sendall(head(len(PART) + 3) + PART + b"abcdef")
        assert answer(opened)[0] == 400
    with server.client() as client:
        assert client.get("/health").json() == {"status": "ok"}
    assert server.coming() == []


def test_a_child_that_dies_three_times_fails_its_job_and_the_server_lives(server: Served, short: Path) -> None:
    with server.client() as client:
        ended(client, hand_in(client, short)["id"])
        for child in server.children():
            child.kill()  # while it has nothing to do: no job of anybody's is lost by that
        assert ended(client, hand_in(client, short)["id"])["state"] == "done"
        for child in server.children():
            child.suspend()
        job = hand_in(client, short)["id"]
        for _ in range(3):
            child = until(
                lambda: server.children() if client.get(f"/api/jobs/{job}").json()["state"] == "running" else []
            )[0]
            child.kill()
            until(
                lambda child=child: (
                    not child.is_running() or child.status() == "zombie" or child not in server.children()
                )
            )
        found = ended(client, job)
        assert (found["state"], found["reason"]) == ("failed", "its worker died three times")
        assert client.post(f"/api/jobs/{job}/retry").json()["state"] in ("waiting", "running")
        assert ended(client, job)["state"] == "done"


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(server: Served, short: Path) -> None:
    with server.client() as client:
        ended(client, hand_in(client, short)["id"])  # then there is a child
        for child in server.children():
            child.suspend()
        running, waiting = hand_in(client, short)["id"], hand_in(client, short)["id"]
        until(lambda: client.get(f"/api/jobs/{running}").json()["state"] == "running")
        for job in (waiting, running):
            assert client.delete(f"/api/jobs/{job}").json()["state"] == "cancelled"
            assert ended(client, job)["state"] == "cancelled"
        third = ended(client, hand_in(client, short)["id"])
        assert third["state"] == "done"
        assert client.delete(f"/api/jobs/{third['id']}").json()["state"] == "done"
        client.post(f"/api/jobs/{running}/retry")
        assert ended(client, running)["state"] == "done"
        assert client.get(f"/api/jobs/{waiting}").json()["state"] == "cancelled"


def test_an_episode_is_removed_and_a_job_that_runs_on_its_recording_makes_it_anew(
    server: Served, tmp_path: Path
) -> None:
    sound = write_wav(tmp_path / "talk.wav", speech(3.5))
    with server.client() as client:
        first = ended(client, hand_in(client, sound)["id"])["episode"]
        (child,) = server.children()
        child.suspend()
        job = hand_in(client, sound, speakers=1)["id"]
        until(lambda: client.get(f"/api/jobs/{job}").json()["state"] == "running")
        before = server.kept()
        assert client.delete(f"/api/episodes/{first}").status_code == 204
        assert client.get(f"/api/episodes/{first}").status_code == 404
        assert server.kept() == before
        child.resume()
        again = ended(client, job)
        assert again["state"] == "done", again
        assert client.get(f"/api/episodes/{again['episode']}/audio").content == sound.read_bytes()
        assert client.delete(f"/api/episodes/{again['episode']}").status_code == 204
        assert len(server.kept()) == len(before) - 1


def test_a_job_that_is_cancelled_and_retried_at_once_twice_is_done_once(tmp_path: Path, short: Path) -> None:
    with serving(tmp_path, (*FAKE, "--workers", "2")) as server, server.client() as client:
        job = hand_in(client, short)["id"]
        for _ in range(2):
            until(lambda: client.get(f"/api/jobs/{job}").json()["state"] in ("running", "done"))
            client.delete(f"/api/jobs/{job}")
            client.post(f"/api/jobs/{job}/retry")
        assert ended(client, job)["state"] == "done"
        assert jobs(server.library) == [("done", 1, None)]
        others = [hand_in(client, short, speakers=1)["id"] for _ in range(2)]
        assert [ended(client, one)["state"] for one in others] == ["done", "done"]  # both workers live


def test_a_server_that_is_told_to_stop_gives_its_job_back_and_one_that_is_killed_loses_nothing(
    tmp_path: Path, short: Path
) -> None:
    with serving(tmp_path) as server, server.client() as client:
        job = hand_in(client, short)["id"]
        until(lambda: client.get(f"/api/jobs/{job}").json()["state"] == "running")
        with client.stream("GET", "/api/jobs/events"), client.stream("GET", f"/api/jobs/{job}/events") as events:
            assert server.stop() < 5
            assert all("failed" not in line for line in events.iter_lines())
        assert server.process.returncode in (0, -signal.SIGTERM)
        assert jobs(server.library) == [("waiting", 0, None)]
        assert server.coming() == []
    with serving(tmp_path) as server, server.client() as client, connected(server) as half:
        half.sendall(head(10**6) + PART + b"RIFF")
        accepted = hand_in(client, write_wav(tmp_path / "longer.wav", speech(20.0)))["id"]
        until(lambda: len(server.coming()) == 1)
        until(lambda: any(state == "running" for state, *_ in jobs(server.library)))
        server.process.kill()
        server.process.wait()
        assert len(server.coming()) == 1
    with serving(tmp_path) as server, server.client() as client:
        assert server.coming() == []
        for one in (job, accepted):
            assert ended(client, one)["state"] == "done"
        assert sorted(one["name"] for one in client.get("/api/episodes").json()) == ["longer.wav", "short.wav"]
        assert len(client.get("/api/jobs").json()) == 2
        with client.stream("GET", "/api/jobs/events"):
            assert server.stop(signal.SIGINT) < 5
        assert server.process.returncode == 0


def test_two_servers_on_one_library_do_every_job_once(tmp_path: Path) -> None:
    sounds = [write_wav(tmp_path / f"{number}.wav", speech(2.0, start=3.0 * number)) for number in range(6)]
    with (
        serving(tmp_path / "a") as one,
        serving(tmp_path / "a") as other,
        one.client() as first,
        other.client() as second,
    ):
        made = [hand_in((first, second)[place % 2], sound)["id"] for place, sound in enumerate(sounds)]
        for job in made:  # whichever server did it, both tell
            assert ended(first, job)["state"] == ended(second, job)["state"] == "done"
        assert jobs(one.library) == [("done", 1, None)] * len(made)
        assert len(first.get("/api/episodes").json()) == len(made)


def test_a_library_that_is_none_is_said_and_the_server_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"no database at all" * 1000)
    with pytest.raises(AssertionError, match="damaged"), serving(tmp_path):
        pass
    assert not list(tmp_path.glob("*.recordings"))


def test_a_library_that_is_damaged_later_is_said_and_the_server_lives(tmp_path: Path, short: Path) -> None:
    with serving(tmp_path) as server, server.client() as client:
        with sqlite3.connect(server.library) as database:
            database.execute("DROP TABLE requests")
        with short.open("rb") as file:
            refused = client.post("/api/jobs", files={"file": ("x.wav", file)})
        assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
        assert client.get("/api/jobs").status_code == 507
        assert client.get("/health").status_code == 200


def test_small_answers_wait_for_nothing(server: Served) -> None:
    """With Nagle's algorithm each waits 40 ms for an acknowledgement that is put off."""
    with server.client() as client:
        assert min(client.get("/health").elapsed.total_seconds() for _ in range(30)) < 0.03


def test_a_port_that_is_taken_is_said(server: Served, tmp_path: Path) -> None:
    arguments = ("--port", str(server.address[1]))
    with pytest.raises(AssertionError, match="cannot listen on"), serving(tmp_path, arguments):
        pass
