"""Episodes, corrections, feeds and voices by the API, and what the library does for them."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

from starlette.testclient import TestClient  # noqa: E402

from earwitness.errors import AudioError, OptionError  # noqa: E402
from earwitness.library import episodes  # noqa: E402
from earwitness.library.edits import giving  # noqa: E402
from earwitness.library.store import Library  # noqa: E402
from earwitness.options import Options  # noqa: E402
from earwitness.server import known_speakers, recordings  # noqa: E402
from earwitness.server.app import application  # noqa: E402
from earwitness.server.recordings import Recordings  # noqa: E402
from earwitness.server.settings import Settings  # noqa: E402
from earwitness.server.transcripts import KEPT, Transcripts, UnknownEpisodeError  # noqa: E402
from factories import make_transcript  # noqa: E402
from servers import body, serving  # noqa: E402
from sounds import speech, write_wav  # noqa: E402

TRANSCRIPT = make_transcript()
SHA = TRANSCRIPT.source.sha256


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        episodes.keep(opened, TRANSCRIPT)
        yield opened


@pytest.fixture
def client(store: Library) -> TestClient:
    """An application whose life is not begun: no workers are needed here."""
    options = Options.of(engine="fake", library=store.path, allow_private=True)
    app = application(Settings(library=store.path, options=options))
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


def correct(client: TestClient, **correction: Any) -> Any:
    answer = client.post("/api/episodes/1/corrections", json=correction)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_transcript_is_made_once_for_as_long_as_nothing_changes(store: Library) -> None:
    kept = Transcripts()
    first = kept.shown(store, 1)
    assert kept.shown(store, 1) is first
    [unfit] = [episodes.correct(store, SHA, [giving(TRANSCRIPT, 1.0, 2.0, "Cleo")])]
    assert unfit == ()
    second = kept.shown(store, 1)
    assert second.tag != first.tag
    assert b"Cleo" in second.content
    episodes.undo(store, SHA)
    third = kept.shown(store, 1)
    assert (third.tag, b"Cleo" in third.content) == (first.tag, False)
    episodes.keep(store, make_transcript([("A", "All anew.")], names={"A": "A"}))
    assert kept.shown(store, 1).tag != first.tag
    with pytest.raises(UnknownEpisodeError):
        kept.shown(store, 2)


def test_no_more_transcripts_are_kept_than_fit(store: Library) -> None:
    kept = Transcripts()
    first = kept.shown(store, 1)
    for second in range(KEPT):
        episodes.correct(store, SHA, [giving(TRANSCRIPT, 1.0, 2.0, f"Guest {second}")])
        kept.shown(store, 1)
    assert len(kept._kept) == KEPT
    assert first not in kept._kept.values()


def test_what_is_said_is_given_to_a_label_a_name_or_somebody_new() -> None:
    line = TRANSCRIPT.segments[2]
    by_label, by_name = (giving(TRANSCRIPT, line.start, line.end, who) for who in ("A", "Ann Lee"))
    assert by_label == by_name
    assert (by_label.kind, by_label.before, by_label.after) == ("speaker", "Bob", "Ann Lee")
    assert by_label.spans
    new = giving(TRANSCRIPT, line.start, line.end, "Cleo")
    assert (new.after, new.spans) == ("Cleo", ())
    assert line.start <= new.start < new.end <= line.end
    with pytest.raises(OptionError, match="nothing is said"):
        giving(TRANSCRIPT, 900.0, 901.0, "A")


def test_the_last_correction_is_taken_back_one_by_one(store: Library) -> None:
    before = episodes.transcript_of(store, 1)
    one, two = (giving(TRANSCRIPT, *span) for span in ((1.0, 2.0, "Cleo"), (3.0, 5.0, "Dan")))
    for correction in (one, two):
        episodes.correct(store, SHA, [correction])
    found = [episodes.undo(store, SHA) for _ in range(3)]
    assert [last.after if last else None for last in found] == ["Dan", "Cleo", None]
    assert episodes.transcript_of(store, 1) == before
    with pytest.raises(OptionError, match="no episode has the recording"):
        episodes.undo(store, "f" * 64)
    found_one = episodes.numbered(store, 1)
    assert found_one
    assert found_one.recording == SHA
    assert episodes.numbered(store, 2) is None


def test_corrections_are_made_listed_and_undone(client: TestClient) -> None:
    first = TRANSCRIPT.segments[0]
    before = client.get("/api/episodes/1")
    named = correct(client, kind="name", speaker="A", name="<script>alert(1)</script>")
    assert {one["name"] for one in named["transcript"]["speakers"]} == {"<script>alert(1)</script>", "Bob"}
    said = correct(client, kind="text", start=first.start, end=first.end, before="Welcome", after="You  are welcome")
    assert said["transcript"]["segments"][0]["text"].startswith("You are welcome to")
    assert client.get("/api/episodes/1").json() == said["transcript"]
    tag = client.get("/api/episodes/1").headers["etag"]
    assert tag != before.headers["etag"]
    for known, status in ((tag, 304), (f"W/{tag}", 304), (f'"x", {tag}', 304), (before.headers["etag"], 200)):
        assert client.get("/api/episodes/1", headers={"If-None-Match": known}).status_code == status
    assert [one["kind"] for one in client.get("/api/episodes/1/corrections").json()] == ["name", "text"]
    assert correct(client, kind="text", start=0, end=1, before="never said", after="x")["unfit"]
    for _ in range(3):
        undone = client.delete("/api/episodes/1/corrections/last").json()
    assert undone["transcript"] == before.json()
    assert client.get("/api/episodes/1").headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "name", "speaker": "Z", "name": "Ada"},
        {"kind": "name", "speaker": "A", "name": " "},
        {"kind": "text", "start": 1, "end": 2, "before": " ", "after": "x"},
        {"kind": "text", "start": -1, "end": 2, "before": "x", "after": "x"},
        {"kind": "speaker", "start": 900, "end": 901, "speaker": "A"},
        {"kind": "boundary", "at": 1, "after": "torn"},
        {"kind": "song"},
        {},
    ],
    ids=str,
)
def test_a_correction_that_is_none_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    refused = client.post("/api/episodes/1/corrections", json=wrong)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert client.get("/api/episodes/1/corrections").json() == []


def test_links_of_a_feed_are_called_as_the_files_are(client: TestClient, store: Library) -> None:
    episodes.keep(store, replace(TRANSCRIPT, source=replace(TRANSCRIPT.source, name="AC: live?.mp3")))
    asked = client.get("/api/episodes/1/exports/vtt")
    assert asked.headers["content-disposition"].endswith(quote("AC_ live_.vtt"))
    assert quote("AC_ live_.vtt") in client.get("/api/episodes/1/exports/feed").text


def test_options_that_are_none_are_named(client: TestClient) -> None:
    for options, told in (("", "options: "), ("[]", "options: "), ('{"speakers": 0}', "speakers: ")):
        refused = client.post("/api/jobs", files={"file": ("a.wav", b"x")}, data={"options": options})
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith(told)


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for path in ("", "/audio", "/peaks", "/exports/txt", "/corrections"):
        assert client.get(f"/api/episodes/2{path}").status_code == 404
    assert client.get("/api/episodes/1/exports/exe").status_code == 404
    assert client.get("/api/episodes/1/audio").status_code == 404  # its recording never was here
    assert client.delete("/api/voices/nobody").status_code == 404
    for number in ("0", "-1", "1.5", "x", "9" * 30):
        assert client.get(f"/api/episodes/{number}").status_code == 422


def test_an_episode_is_removed_with_all_that_belongs_to_it(client: TestClient, store: Library, tmp_path: Path) -> None:
    kept = Recordings(tmp_path / "library.sqlite.recordings")
    kept.path(SHA).write_bytes(write_wav(tmp_path / "a.wav", speech(1.0)).read_bytes())
    kept.write_peaks(SHA, {})
    recordings.note(store, SHA, "audio/wav", 3)
    assert client.get("/api/episodes").json()[0]["has_audio"]
    assert client.get("/api/search", params={"q": "bridge"}).json()[0]["has_audio"]
    assert client.get("/api/episodes/1/audio", headers={"Range": "bytes=0-3"}).content == b"RIFF"
    correct(client, kind="name", speaker="A", name="Ada")
    assert client.delete("/api/episodes/1").status_code == 204
    assert client.get("/api/episodes").json() == client.get("/api/search", params={"q": "bridge"}).json() == []
    assert not kept.path(SHA).exists()
    assert not kept.peaks(SHA).exists()
    assert recordings.kind_of(store, SHA) is None
    assert client.delete("/api/episodes/1").status_code == 404


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said_and_leaves_nothing_of_an_upload(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def full(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        if "coming" not in str(path):
            return opened(path, flags, mode, **options)
        os.close(opened(path, flags, mode))
        return opened("/dev/full", os.O_WRONLY)

    monkeypatch.setattr("os.open", full)
    for path in ("/api/jobs", "/v1/audio/transcriptions"):
        for size in (10, 10**6):
            refused = client.post(path, files={"file": ("a.wav", b"1" * size)}, data={"model": "whisper-1"})
            assert (refused.status_code, "No space left" in refused.text) == (507, True)
    assert [path for path in (tmp_path / "library.sqlite.recordings").rglob("*") if path.is_file()] == []
    assert client.get("/api/jobs").json() == []


FEED = """<rss version="2.0"><channel><title>River talk</title>{}</channel></rss>"""
ITEM = '<item><title>{0}</title><guid>{0}</guid><enclosure url="{1}/{0}.mp3" length="1" type="audio/mpeg"/></item>'


def test_the_episodes_of_a_feed_are_asked_for_once_each(client: TestClient) -> None:
    with serving({}) as server:
        items = "".join(ITEM.format(name, server.url("")) for name in ("one", "two", "&lt;script&gt;"))
        server.answers["/feed"] = body(FEED.format(items).encode(), Content_Type="application/rss+xml")
        asked = {"feed": server.url("/feed"), "limit": 2}
        first = client.post("/api/feeds", json=asked)
        assert first.status_code == 202
        assert [(one["origin"], one["state"]) for one in first.json()] == [("feed", "waiting")] * 2
        again = client.post("/api/feeds", json={**asked, "limit": 3}).json()
        assert {one["id"] for one in first.json()} < {one["id"] for one in again}
        assert len(client.get("/api/jobs").json()) == 3
        server.answers["/feed"] = body(b"<!DOCTYPE x [<!ENTITY a 'b'>]><rss>&a;</rss>")
        server.answers["/page"] = body(b"<html>no feed</html>")
        for wrong in ("/feed", "/page"):
            refused = client.post("/api/feeds", json={"feed": server.url(wrong)})
            assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    for wrong in ({"feed": "file:///etc/passwd"}, {"feed": "http://a.example/x", "limit": 0}, {}):
        assert client.post("/api/feeds", json=wrong).status_code == 422


def data_url(path: Path) -> str:
    return "data:audio/wav;base64," + base64.b64encode(path.read_bytes()).decode()


def test_speakers_who_are_known_are_given_as_names_and_sounds(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "a.wav", speech(1.0))
    [found] = known_speakers.parsed(["Ada"], [data_url(sound)])
    assert (found.name, found.content) == ("Ada", sound.read_bytes())
    assert known_speakers.parsed([], []) == []
    for names, references in (
        (["Ada"], []),
        (["a", "b", "c", "d", "e"], [data_url(sound)] * 5),
        (["Ada"], ["https://example.org/ada.wav"]),
        (["Ada"], ["data:audio/wav,RIFF"]),
        (["Ada"], ["data:audio/wav;base64,!!"]),
        ([" "], [data_url(sound)]),
    ):
        with pytest.raises(OptionError):
            known_speakers.parsed(names, references)
    with pytest.raises(OptionError, match="that of Ada is too short"):
        known_speakers.found([found], TRANSCRIPT, sound)
    with pytest.raises(AudioError):
        known_speakers.found(known_speakers.parsed(["Ada"], ["data:a/b;base64,AAAA"]), TRANSCRIPT, sound)
