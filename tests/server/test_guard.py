"""Who is let in, asked as a browser, a program and an attacker would ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

from starlette.testclient import TestClient  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

from earwitness.library.store import Library  # noqa: E402
from earwitness.options import Options  # noqa: E402
from earwitness.server import guard, keys  # noqa: E402
from earwitness.server.app import application  # noqa: E402
from earwitness.server.settings import Settings  # noqa: E402
from server_process import until  # noqa: E402

if TYPE_CHECKING:
    from fastapi import FastAPI

    from serving import Serving


def app(folder: Path, **settings: Any) -> FastAPI:
    library = folder / "library.sqlite"
    return application(Settings(library=library, options=Options.of(engine="fake", library=library), **settings))


@contextmanager
def asked(folder: Path, host: str = "localhost", **settings: Any) -> Iterator[TestClient]:
    # Its life is not begun: no workers are needed here.
    yield TestClient(app(folder, **settings), base_url=f"http://{host}", raise_server_exceptions=False)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "127.0.0.1:8765", "127.3.2.1", "[::1]:8765", "LOCALHOST"]
)
def test_a_server_of_this_machine_answers_to_its_names(tmp_path: Path, host: str) -> None:
    with asked(tmp_path) as client:
        assert client.get("/api/jobs", headers={"Host": host}).status_code == 200


FOREIGN_NAMES = "evil.example localhost.evil.example 10.0.0.1 169.254.169.254 [::2] 2130706433 127.0.0.1.nip.io".split()


@pytest.mark.parametrize("host", ["", *FOREIGN_NAMES])
def test_a_foreign_name_that_leads_here_is_refused(tmp_path: Path, host: str) -> None:
    with asked(tmp_path) as client:
        for path in ("/api/jobs", "/health", "/", "/v1/models"):
            assert client.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["[::1", "[zz]", "["])
@pytest.mark.parametrize("settings", [{}, {"keys": True}], ids=["open", "keys"])
def test_a_name_that_is_malformed_is_refused(tmp_path: Path, host: str, settings: dict[str, Any]) -> None:
    with asked(tmp_path, **settings) as client:
        for path in ("/api/jobs", "/health", "/nothing"):
            assert client.get(path, headers={"Host": host}).status_code == 400


FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_somebody_else_changes_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    with asked(tmp_path) as client:
        for method, path in (("POST", "/api/jobs"), ("DELETE", "/api/episodes/1"), ("POST", "/v1/audio/speech")):
            assert client.request(method, path, headers=headers).status_code == 403
        assert client.get("/api/jobs", headers=headers).status_code == 200  # the browser keeps the answer from it
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/api/live", headers={"Host": "localhost", **headers}),
        ):
            pass
        assert refused.value.code == 1008


def test_a_page_of_its_own_and_a_program_may(tmp_path: Path) -> None:
    with asked(tmp_path) as client:
        for headers in (
            {},
            {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
        ):
            assert client.delete("/api/jobs/none", headers=headers).status_code == 404


def test_every_answer_says_what_a_browser_may_do_with_it(tmp_path: Path) -> None:
    with asked(tmp_path) as client:
        for path in ("/api/jobs", "/api/nowhere", "/api/episodes/x", "/health"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["cross-origin-resource-policy"] == "same-origin"


def test_without_a_key_only_what_tells_nothing_is_answered(tmp_path: Path) -> None:
    with asked(tmp_path, keys=True) as client:
        assert client.get("/health").status_code == 200
        for path in ("/api/jobs", "/api/server", "/metrics", "/ready", "/openapi.json", "/v1/models", "/api/nowhere"):
            found = client.get(path)
            assert (found.status_code, found.headers["www-authenticate"]) == (401, 'Bearer realm="earwitness"')
        assert client.get("/api/jobs").json()["title"] == "Unauthorized"
        assert client.get("/v1/models").json()["error"]["code"] == "invalid_api_key"
        assert client.post("/api/jobs", headers={"Content-Length": str(10**9)}).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2"])
def test_elsewhere_a_key_is_always_needed(host: str) -> None:
    assert Settings(host=host).needs_key
    assert not Settings(host="127.0.0.5").needs_key


def test_a_key_opens_and_so_does_the_cookie_it_is_exchanged_for(tmp_path: Path) -> None:
    with asked(tmp_path, keys=True) as client, Library(tmp_path / "library.sqlite") as library:
        key = keys.new(library, "ada")
        for header in (f"Bearer {key}", f"bearer  {key}"):
            assert client.get("/api/jobs", headers={"Authorization": header}).status_code == 200
        for header in (key, f"Basic {key}", "Bearer", f"Bearer {key}x", "Bearer \xff"):
            assert client.get("/api/jobs", headers={"Authorization": header.encode("latin-1")}).status_code == 401
        refused = client.post("/api/session", json={"key": "wrong"})
        assert (refused.status_code, "www-authenticate" in refused.headers) == (401, True)
        assert client.get("/api/jobs").status_code == 401
        begun = client.post("/api/session", json={"key": key})
        cookie = begun.headers["set-cookie"].lower()
        assert begun.status_code == 204
        assert all(word in cookie for word in ("httponly", "samesite=strict", "max-age=43200"))
        assert key.lower() not in cookie
        assert client.get("/api/jobs").status_code == 200
        keys.remove(library, "ada")
        assert client.get("/api/jobs").status_code == 401  # the session ends with its key
        key = keys.new(library, "ada")
        client.post("/api/session", json={"key": key})
        assert client.delete("/api/session").status_code == 204
        assert client.get("/api/jobs").status_code == 401


def test_a_thousand_wrong_keys_are_put_off_and_a_right_one_with_them(tmp_path: Path) -> None:
    with asked(tmp_path, keys=True) as client, Library(tmp_path / "library.sqlite") as library:
        key = keys.new(library, "ada")
        found = []
        for number in range(1000):
            answer = client.get("/api/jobs", headers={"Authorization": f"Bearer ew_{number}"})
            found.append(answer.status_code)
        assert found[:20] == [401] * 20
        assert found.count(401) < 40
        assert set(found) == {401, 429}
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "try again in" in answer.json()["detail"]
        assert client.get("/api/jobs", headers={"Authorization": f"Bearer {key}"}).status_code == 429
        assert client.post("/api/session", json={"key": key}).status_code == 429
        assert client.get("/v1/models").json()["error"]["type"] == "rate_limit_error"


def test_a_key_that_asks_too_often_is_put_off_and_another_is_not(tmp_path: Path) -> None:
    with asked(tmp_path, keys=True, requests_per_minute=5) as client, Library(tmp_path / "library.sqlite") as library:
        ada, bob = ({"Authorization": f"Bearer {keys.new(library, name)}"} for name in ("ada", "bob"))
        found = [client.get("/api/jobs", headers=ada) for _ in range(6)]
        assert [answer.status_code for answer in found] == [200] * 5 + [429]
        assert 1 <= int(found[-1].headers["retry-after"]) <= 12
        assert client.get("/api/jobs", headers=bob).status_code == 200
    with asked(tmp_path, requests_per_minute=5) as client:
        assert {client.get("/api/jobs").status_code for _ in range(20)} == {200}  # on this machine nobody is put off


def test_a_key_that_listens_to_all_it_may_is_put_off_until_it_listens_to_less(
    tmp_path: Path, serve: Callable[..., Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "AT_ONCE", 3)
    server = serve(tmp_path, keys=True)
    with server.service.library() as library:
        ada, bob = ({"Authorization": f"Bearer {keys.new(library, name)}"} for name in ("ada", "bob"))
    with server.client(headers=ada) as client, server.client(headers=bob) as other, ExitStack() as streams:
        for _ in range(3):
            assert streams.enter_context(client.stream("GET", "/api/jobs/events")).status_code == 200
        refused = client.get("/api/jobs")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert other.get("/api/jobs").status_code == 200
        streams.close()
        until(lambda: client.get("/api/jobs").status_code == 200)


@pytest.mark.parametrize("first", ["", "hello", "[]", "[" * 100_000, '{"sample_rate": "16000"}', '{"sample_rate": 0}'])
def test_a_session_that_begins_with_garbage_is_told_so(tmp_path: Path, first: str) -> None:
    with asked(tmp_path) as client, client.websocket_connect("/api/live", headers={"Host": "localhost"}) as socket:
        socket.send_text(first)
        assert socket.receive_json()["type"] == "error"


@pytest.mark.parametrize("wrong", ["END", b"0" * (2**20 + 1)])
def test_a_session_is_told_what_is_no_sound(tmp_path: Path, wrong: str | bytes) -> None:
    with asked(tmp_path) as client, client.websocket_connect("/api/live", headers={"Host": "localhost"}) as socket:
        socket.send_json({"sample_rate": 16_000})
        assert socket.receive_json() == {"type": "ready"}
        socket.send({"type": "websocket.receive", "text" if isinstance(wrong, str) else "bytes": wrong})
        told = iter(socket.receive_json, None)
        assert "send sound" in next(event["detail"] for event in told if event["type"] == "error")


def test_bodies_are_counted_whoever_reads_them(tmp_path: Path) -> None:
    with asked(tmp_path, max_body_bytes=100, max_upload_bytes=1000) as client:
        for path in ("/api/feeds", "/api/session", "/v1/audio/speech", "/api/nowhere", "/api/jobs/"):
            refused = client.post(path, content=b"1" * 101, headers={"Content-Type": "application/json"})
            assert (refused.status_code, refused.headers["connection"]) == (413, "close"), path
        for path in ("/api/jobs", "/v1/audio/transcriptions"):
            refused = client.post(path, files={"file": ("a", b"1" * 1001)})
            assert (refused.status_code, refused.headers["connection"]) == (413, "close"), path
        assert client.post("/api/jobs", json={"url": "x" * 101}).status_code == 413
        assert client.post("/api/session", json={"key": "x"}).status_code == 204
        assert [list(coming.iterdir()) for coming in tmp_path.glob("*.recordings/coming")] == [[]]


def test_metrics_name_routes_and_never_what_was_asked_for(tmp_path: Path) -> None:
    with asked(tmp_path) as client:
        for number in range(3):
            client.get(f"/api/jobs/{number}")
            client.get(f"/secret/{number}")
        text = client.get("/metrics").text
        assert 'earwitness_http_requests_total{method="GET",route="/api/jobs/{job}",status="404"} 3.0' in text
        assert 'earwitness_http_requests_total{method="GET",route="other",status="404"} 3.0' in text
        assert 'earwitness_jobs{state="waiting"} 0.0' in text
        assert "secret" not in text
