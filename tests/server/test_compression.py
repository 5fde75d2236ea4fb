"""Answers that come compressed, and those that must not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

import httpx  # noqa: E402

from earwitness.library.edits import giving  # noqa: E402
from earwitness.library.episodes import correct, transcript_of  # noqa: E402

if TYPE_CHECKING:
    from serving import Serving

GZIP, AS_IT_IS = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}


@pytest.fixture
def client(server: Serving) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def raw(client: httpx.Client, path: str, headers: dict[str, str]) -> tuple[httpx.Headers, bytes]:
    """The head of an answer, and its body as it goes over the line."""
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join(answer.iter_raw())


EPISODE = "/api/episodes/1"
TEXTS = (EPISODE, f"{EPISODE}/peaks", f"{EPISODE}/exports/srt", "/openapi.json", "/assets/js/app.js")


@pytest.mark.parametrize("path", TEXTS)
def test_text_comes_compressed_to_whoever_can_read_that(client: httpx.Client, path: str) -> None:
    plain, content = raw(client, path, AS_IT_IS)
    assert "content-encoding" not in plain
    packed, body = raw(client, path, GZIP)
    assert packed["content-encoding"] == "gzip"
    assert gzip.decompress(body) == content
    assert len(body) < len(content) / 2
    for headers in (plain, packed):
        assert headers["vary"] == "Accept-Encoding"


def test_a_tag_is_the_same_transcript_however_it_came(client: httpx.Client, server: Serving) -> None:
    tags = [raw(client, EPISODE, headers)[0]["etag"] for headers in (AS_IT_IS, GZIP)]
    assert tags[1] == f"W/{tags[0]}"
    for path in (EPISODE, "/assets/js/app.js"):
        for sent in (AS_IT_IS, GZIP):
            tag = raw(client, path, sent)[0]["etag"]
            for headers in (AS_IT_IS, GZIP):
                again = client.get(path, headers={**headers, "If-None-Match": tag})
                assert (again.status_code, again.content) == (304, b"")
    assert client.get(EPISODE, headers={"If-None-Match": '"other"'}).status_code == 200
    with server.service.library() as library:
        before = transcript_of(library, 1)
        line = before.segments[0]
        correct(library, before.source.sha256, [giving(before, line.start, line.end, "Cleo")])
    headers, body = raw(client, EPISODE, {**GZIP, "If-None-Match": tags[1]})
    assert headers["etag"] not in tags
    assert b"Cleo" in gzip.decompress(body)


def test_sound_and_its_parts_and_what_is_short_come_as_they_are(client: httpx.Client, server: Serving) -> None:
    (kept,) = (server.settings.recordings / "kept").iterdir()
    headers, body = raw(client, f"{EPISODE}/audio", GZIP)
    assert ("content-encoding" in headers, body) == (False, kept.read_bytes())
    part = client.get(f"{EPISODE}/audio", headers={**GZIP, "Range": "bytes=1000-4999"})
    assert (part.status_code, part.content) == (206, kept.read_bytes()[1000:5000])
    assert ("content-encoding" in part.headers, part.headers["etag"][0]) == (False, '"')
    part = client.get(f"{EPISODE}/peaks", headers={**GZIP, "Range": "bytes=0-4999"})
    assert (part.status_code, len(part.content), "content-encoding" in part.headers) == (206, 5000, False)
    for path in ("/health", "/api/jobs", f"{EPISODE}/exports/docx"):
        assert "content-encoding" not in raw(client, path, GZIP)[0]
    with server.service.library() as library, library.transaction() as database:
        database.execute("UPDATE media SET type = 'application/octet-stream'")
    assert "content-encoding" not in raw(client, f"{EPISODE}/audio", GZIP)[0]


def test_events_come_when_they_happen(client: httpx.Client) -> None:
    job = client.get("/api/jobs").json()[0]["id"]
    with client.stream("GET", f"/api/jobs/{job}/events", headers=GZIP) as events:
        assert "content-encoding" not in events.headers
        first = next(line for line in events.iter_lines() if line.startswith("data: "))
    assert json.loads(first.removeprefix("data: "))["state"] == "done"
    with client.stream("GET", "/api/jobs/events", headers=GZIP) as events:
        assert next(events.iter_lines()) == ": still here"
