"""A feed is transcribed once, whatever its server and its episodes are up to; its server is real, on this machine."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest

from earwitness import download
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.cli import main
from earwitness.feeds import parse
from earwitness.library.corrections import Correction
from earwitness.library.episodes import correct, episodes, raw_transcript_of
from earwitness.library.jobs import Queue
from earwitness.library.shows import job_key
from earwitness.library.store import Library
from servers import Server, body, serving, versioned
from sounds import speech, write_wav

NAMESPACES = 'xmlns:podcast="https://podcastindex.org/namespace/1.0"'
HOST = "<podcast:person>Ada Lovelace</podcast:person>"
RESULTS = "https://example.org/results"


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith(("error: ", "earwitness: "))]


@dataclass
class Show:
    """A feed of three episodes and its server, and the command that transcribes it."""

    server: Server
    folder: Path
    capture: pytest.CaptureFixture[str]
    recordings: dict[str, bytes]
    items: list[str] = field(default_factory=list)

    def item(self, guid: str, title: str, day: int, *tags: str, path: str = "") -> None:
        url = self.server.url(path or f"/{guid}.wav")
        size = len(self.recordings.get(guid, b""))
        self.items.append(
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title>"
            f"<pubDate>0{day} Sep 2025 07:00:00 GMT</pubDate>"
            f'<enclosure url="{url}" length="{size}" type="audio/wav"/>{"".join(tags)}</item>'
        )

    def xml(self, *before: str) -> bytes:
        channel = f"<title>On Bread</title><language>en</language>{''.join(before)}"
        return f"<rss {NAMESPACES}><channel>{channel}{''.join(self.items)}</channel></rss>".encode()

    def publish(self, *before: str, etag: str = '"one"') -> None:
        self.server.answers["/feed"] = versioned(self.xml(*before), etag=etag)

    def command(self, place: str = "") -> list[str]:
        return [
            "feed", place or self.server.url("/feed"), "--engine", "fake", "-f", "txt,json",
            "-o", str(self.folder / "out"), "--library", str(self.folder / "library.sqlite"),
        ]  # fmt: skip

    def run(self, *arguments: str, place: str = "", private: str = "--allow-private") -> Result:
        self.capture.readouterr()
        self.server.asked.clear()
        self.server.headers.clear()
        with pytest.raises(SystemExit) as ended:
            main([*self.command(place), *arguments, *filter(None, [private])])
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        return Result(int(ended.value.code or 0), out, err)

    @property
    def made(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "out").glob("*.txt"))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("recordings")
    return {
        guid: write_wav(folder / f"{guid}.wav", speech(12.0, start=20.0 * number)).read_bytes()
        for number, guid in enumerate(("e1", "e2", "e3"))
    }


@pytest.fixture
def show(
    tmp_path: Path,
    recordings: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Show]:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    with serving({f"/{guid}.wav": versioned(content) for guid, content in recordings.items()}) as server:
        made = Show(server, tmp_path, capsys, recordings)
        made.item("e1", "Rye", 1)
        made.item("e2", "Wheat and rye", 2)
        made.item("e3", "Ovens", 3)
        made.publish()
        yield made


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_episode_once(show: Show, workers: str) -> None:
    first = show.run("--workers", workers)
    assert (first.status, first.errors) == (0, [])
    assert "On Bread: 3 of 3 episodes to do" in first.err
    assert show.made == ["2025-09-01 Rye", "2025-09-02 Wheat and rye", "2025-09-03 Ovens"]
    content = json.loads((show.folder / "out" / "2025-09-01 Rye.json").read_text())
    assert content["episode"] == {
        "show": "On Bread", "title": "Rye", "guid": "e1", "published": "2025-09-01T07:00:00+00:00", "link": None,
        "season": None, "number": None, "people": [],
    }  # fmt: skip
    assert content["warnings"] == ["the fake engine counts to ten, whatever is said"]

    again = show.run()
    assert (again.status, again.errors) == (0, [])
    assert "0 of 3 episodes to do, 3 done" in again.err
    assert show.server.asked == ["/feed"]
    assert show.server.headers[0]["If-None-Match"] == '"one"'


def test_a_new_episode_is_the_only_one_to_be_done(show: Show) -> None:
    newest = show.items.pop()
    show.publish(etag='"old"')
    show.run()
    show.items.append(newest)
    show.publish()
    assert show.run().status == 0
    assert show.server.asked == ["/feed", "/e3.wav"]
    assert len(show.made) == 3


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        (["--limit", "2"], [2, 3]),
        (["--since", "2025-09-02T08:00"], [3]),
        (["--since", "2025-09-02"], [2, 3]),
        (["--match", "RYE"], [1, 2]),
        (["--match", "rye wheat"], [2]),
        (["--match", "rye", "--limit", "1"], [2]),
        (["--match", "cake"], []),
    ],
)
def test_what_is_asked_for(show: Show, arguments: list[str], days: list[int]) -> None:
    assert show.run(*arguments).status == 0
    assert [int(stem[8:10]) for stem in show.made] == days
    assert f"{len(days)} of 3 episodes to do" in show.run("--library", str(show.folder / "other"), *arguments).err
    assert "0 of 3 episodes to do" in show.run(*arguments).err


def test_a_bad_episode_is_set_aside_and_stops_no_other(show: Show) -> None:
    show.server.answers["/e2.wav"] = body(b"this is no recording")
    first = show.run()
    assert first.status == 1
    assert len(show.made) == 2
    [error] = first.errors
    assert "Wheat and rye" in error

    second = show.run()
    assert (second.status, show.server.asked) == (0, ["/feed"])
    assert "2 done, 1 set aside (--retry tries them again)" in second.err

    show.server.answers["/e2.wav"] = versioned(show.recordings["e2"])
    third = show.run("--retry")
    assert (third.status, show.server.asked) == (0, ["/feed", "/e2.wav"])
    assert len(show.made) == 3
    assert "3 done" in show.run("--retry").err


def test_what_another_run_is_at_is_left_to_it(show: Show) -> None:
    show.run("--match", "cake")  # so that the library knows the feed
    with Library(show.folder / "library.sqlite") as library:
        queue = Queue(library)
        queue.add(job_key(1, "e2"), "{}")
        taken = queue.claim()
        assert taken
        run = show.run()
        assert (run.status, run.errors) == (0, [])
        assert "On Bread: another run is at 1 more" in run.err
        assert show.made == ["2025-09-01 Rye", "2025-09-03 Ovens"]
        assert queue.give_back(taken)
        assert "1 of 3 episodes to do, 2 done" in show.run().err
    assert len(show.made) == 3


def test_names_that_were_put_right_are_expected_in_the_next_episode(show: Show) -> None:
    show.run("--limit", "1")
    with Library(show.folder / "library.sqlite") as library:
        (done,) = episodes(library)
        first = raw_transcript_of(library, done.id).words[0]
        right = Correction("text", first.start, first.end, first.word.strip(), "Lois Lane")
        assert correct(library, done.recording, [right]) == ()
        show.run()
        works = {job.key: json.loads(job.work)["expected"]["hotwords"] for job in Queue(library).jobs()}
    assert works == {job_key(1, "e3"): [], job_key(1, "e2"): ["Lois Lane"], job_key(1, "e1"): ["Lois Lane"]}


def test_whoever_reads_the_transcripts_elsewhere_is_named_first(show: Show) -> None:
    run = show.run("--match", "cake", "--summarizer", "chat:some", "--chat-url", "https://example.org/v1")
    assert run.err.startswith("the text of the transcript is sent to example.org, as --summarizer chat asks\n")


def test_a_file_is_a_feed_too(show: Show) -> None:
    path = show.folder / "my feed.xml"
    path.write_bytes(show.xml())
    assert show.run("--limit", "1", place=str(path)).status == 0
    assert "0 of 3 episodes to do, 1 done" in show.run("--limit", "1", place=str(path)).err


def test_older_pages_are_read_as_far_as_they_are_asked_for(show: Show) -> None:
    older = show.items[:2]
    show.server.answers["/older"] = body(f"<rss><channel>{''.join(older)}</channel></rss>".encode())
    show.items = show.items[2:]
    show.publish(f'<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="{show.server.url("/older")}"/>')
    assert show.run("--limit", "1").status == 0
    assert show.server.asked == ["/feed", "/e3.wav"]
    assert show.run().status == 0
    assert sorted(show.server.asked) == ["/e1.wav", "/e2.wav", "/feed", "/older"]
    del show.server.answers["/older"]
    show.server.answers["/older"] = body(b"", 404)
    broken = show.run()
    assert broken.status == 1
    assert broken.errors == [
        f"error: older episodes: {show.server.url('/older')}: the server answered 404 Not Found; check the address"
    ]


def test_a_size_that_is_wrong_is_a_warning_and_a_hash_that_is_an_error(show: Show) -> None:
    show.items.clear()
    digest = base64.b64encode(hashlib.sha256(show.recordings["e1"]).digest()).decode()
    for number, known in ((1, digest), (2, digest)):
        show.item(
            f"e{number}", f"Part {number}", number,
            '<podcast:alternateEnclosure type="audio/wav" default="true">'
            f'<podcast:integrity type="sri" value="sha256-{known}"/></podcast:alternateEnclosure>',
        )  # fmt: skip
    show.items[0] = show.items[0].replace(f'length="{len(show.recordings["e1"])}"', 'length="1000"')
    show.publish()
    done = show.run()
    assert done.status == 1
    assert done.errors == ["error: 2025-09-02 Part 2: not the file that its feed has the hash of; try later"]
    assert f"its feed says that the file has 1000 bytes; it has {len(show.recordings['e1'])}" in done.err


def test_episodes_of_one_name_keep_apart_and_no_name_leads_elsewhere(show: Show) -> None:
    show.items.clear()
    show.item("e1", "../../etc/passwd", 1)
    show.item("e2", "&lt;script&gt;alert(1)&lt;/script&gt;", 2)
    show.item("e3", "&lt;SCRIPT&gt;alert(1)&lt;/script&gt;", 2)
    show.publish()
    assert show.run("-f", "txt,html").status == 0
    assert len(show.made) == 3
    assert len({stem.casefold() for stem in show.made}) == 3
    assert all(path.parent == show.folder / "out" for path in show.folder.rglob("*.txt"))
    for page in (show.folder / "out").glob("*.html"):
        assert "<script>alert" not in page.read_text().lower()


def test_a_download_that_broke_off_goes_on(show: Show) -> None:
    show.server.answers["/e1.wav"] = versioned(show.recordings["e1"], stop_after=200_000)
    assert show.run("--match", "rye").status == 1
    show.server.answers["/e1.wav"] = versioned(show.recordings["e1"])
    assert show.run("--match", "rye", "--retry").status == 0
    assert show.server.headers[-1]["Range"] == "bytes=200000-"


def test_a_killed_run_does_no_finished_episode_again(show: Show) -> None:
    command = [sys.executable, "-m", "earwitness", *show.command(), "--allow-private", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("[1/3]"):
                break
        process.kill()
    assert show.made[-1] == "2025-09-03 Ovens"
    again = show.run()
    assert again.status == 0
    assert "/e3.wav" not in show.server.asked
    assert len(show.made) == 3


# Servers and feeds that are bad


def drip(handler: object) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>")  # type: ignore[attr-defined]
    while not handler.server.closing.wait(0.02):  # type: ignore[attr-defined]
        handler.wfile.write(b" ")  # type: ignore[attr-defined]


def stall(handler: object) -> None:
    handler.server.closing.wait(20)  # type: ignore[attr-defined]


BOMB = gzip.compress(bytes(50_000_000))
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel><title>&b;</title></channel></rss>'


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (body(b"", 404), "the server answered 404 Not Found"),
        (body(b"<html><body>No</body></html>"), "not a podcast feed, it begins with <html>"),
        (body(b"RSS"), "not a feed, or a damaged one"),
        (body(b""), "not a feed, or a damaged one"),
        (body(LAUGHS), "defines entities"),
        (body(BOMB, Content_Encoding="gzip"), "compresses its answer unasked"),
        (body(BOMB), "not a feed, or a damaged one"),
        (body(b"", 302, Location="file:///etc/passwd"), "only http and https"),
        (stall, "no answer"),
        (drip, "took longer than 0.5 s"),
    ],
    ids=["404", "page", "text", "empty", "laughs", "gzip", "gzip unsaid", "file", "stall", "drip"],
)
def test_a_bad_feed_is_one_line(
    show: Show, answer: Callable[[object], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer in (stall, drip):
        monkeypatch.setattr(download, "SOCKET_TIMEOUT_S", 0.3)
        monkeypatch.setattr("earwitness.feeds.fetching.MAX_WAIT_S", 0.5)
    show.server.answers["/feed"] = answer  # type: ignore[assignment]
    began = time.monotonic()
    done = show.run()
    assert time.monotonic() - began < 10
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert reason in done.err
    assert not (show.folder / "out").exists()


def test_private_addresses_are_refused_at_every_hop(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    done = show.run(private="")
    assert (done.status, show.server.asked, len(done.err.splitlines())) == (1, [], 1)
    assert "not on the public internet" in done.err
    show.server.answers["/feed"] = body(b"", 302, Location="http://10.0.0.1/feed")
    monkeypatch.setattr("earwitness.addresses.is_public", lambda address: address == "127.0.0.1")
    done = show.run(private="")
    assert (done.status, show.server.asked, len(done.err.splitlines())) == (1, ["/feed"], 1)
    assert "http://10.0.0.1/feed: leads to an address that is not on the public internet" in done.err


def test_what_is_known_stays_when_the_feed_fails(show: Show) -> None:
    show.run("--limit", "1")
    show.server.answers["/feed"] = body(b"<html/>")
    assert show.run().status == 1
    show.publish()
    assert "2 of 3 episodes to do, 1 done" in show.run().err


@pytest.mark.parametrize("place", ["missing.xml", ".", "a\0b", "ftp://example.org/feed", "x" * 5000, ""])
def test_what_is_no_place_of_a_feed_is_one_line(show: Show, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(show.folder)
    show.capture.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["feed", place, "--engine", "fake", "--library", str(show.folder / "library.sqlite")])
    assert ended.value.code == 1
    err = show.capture.readouterr().err
    assert (len(err.splitlines()), "Traceback" in err) == (1, False)


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--limit", "0"], ["-f", "pdf"], ["--publish-url", "javascript:alert(1)"]]
)
def test_wrong_usage(show: Show, arguments: list[str]) -> None:
    assert show.run(*arguments).status == 2
    assert show.server.asked == []


def test_a_library_that_cannot_be_written(show: Show) -> None:
    (show.folder / "no.sqlite").write_bytes(b"this is no database, but it is long enough to be looked at" * 20)
    done = show.run("--library", str(show.folder / "no.sqlite"))
    assert (done.status, len(done.err.splitlines()), show.server.asked) == (1, 1, [])
    assert "no library, or a damaged one" in done.err


def test_a_feed_that_is_too_long(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.feeds.fetching.MAX_FEED_BYTES", 500)
    for place in ("", str(show.folder / "long.xml")):
        (show.folder / "long.xml").write_bytes(show.xml())
        done = show.run(place=place)
        assert (done.status, len(done.err.splitlines())) == (1, 1)
        assert "longer than 500 bytes" in done.err


def test_bad_servers_of_episodes_are_a_line_each(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.addresses.is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(download, "SOCKET_TIMEOUT_S", 0.3)
    for number, answer in enumerate(
        (stall, body(b"", 302, Location="http://10.0.0.1/x"), body(BOMB, Content_Encoding="gzip"))
    ):
        show.server.answers[f"/bad{number}.wav"] = answer
        show.item(f"bad{number}", f"Bad {number}", 4 + number)
    show.publish(etag='"more"')
    done = show.run(private="")
    assert done.status == 1
    assert len(show.made) == 3
    assert len(done.errors) == 3
    for reason in ("no answer", "not on the public internet", "compresses its answer unasked"):
        assert sum(reason in error for error in done.errors) == 1
    assert list((show.folder / "cache" / "scratch").iterdir()) == []


# The Podcasting 2.0 bundle


def test_the_bundle_and_the_feed_with_its_lines(show: Show) -> None:
    show.items[0] = show.items[0].replace("</item>", f"{HOST}</item>")
    show.publish()
    out = show.folder / "new.xml"
    arguments = ("-f", "podcast,vtt,srt,chapters", "--publish-url", RESULTS, "--write-feed", str(out))
    assert show.run("--limit", "2", *arguments).status == 0
    assert show.run(*arguments).status == 0  # with the lines of what was done before
    old, new = parse(show.xml()), parse(out.read_bytes())
    assert [episode.transcripts for episode in old.episodes] == [()] * 3
    for episode in new.episodes:
        stem = f"{RESULTS}/{episode.published:%Y-%m-%d}%20{episode.title.replace(' ', '%20')}"
        assert [(link.url, link.type, link.language, link.rel) for link in episode.transcripts] == [
            (f"{stem}.podcast.json", "application/json", "en", None),
            (f"{stem}.vtt", "text/vtt", "en", "captions"),
            (f"{stem}.srt", "application/x-subrip", "en", "captions"),
        ]
        assert episode.chapters
        assert (episode.chapters.url, episode.chapters.type) == (f"{stem}.chapters.json", "application/json+chapters")
    assert [[person.name for person in episode.people] for episode in new.episodes] == [["Ada Lovelace"], [], []]
    ours = {f"{{https://podcastindex.org/namespace/1.0}}{tag}" for tag in ("transcript", "chapters")}
    assert _elements(out.read_bytes(), ours) == _elements(show.xml(), ours)
    again = out.read_bytes()
    show.server.answers["/feed"] = versioned(again, etag='"written"')
    assert show.run(*arguments).status == 0
    assert out.read_bytes() == again


def _elements(content: bytes, without: set[str]) -> list[tuple[str, dict[str, str], str]]:
    return [
        (element.tag, element.attrib, (element.text or "").strip())
        for element in ElementTree.fromstring(content).iter()
        if element.tag not in without
    ]


def test_outcomes_as_json(show: Show) -> None:
    rows = json.loads(show.run("--limit", "1", "--json", "--quiet").out)
    assert [(row["guid"], row["name"], row["error"]) for row in rows] == [("e3", "2025-09-03 Ovens", None)]


# With the demo model


def test_an_interview_from_the_feed_to_the_page(show: Show) -> None:
    """The host says "I am Laura": proposed, not named; the outputs are those of Podcasting 2.0."""
    show.server.answers["/talk.wav"] = versioned(write_wav(show.folder / "talk.wav", speech(20.0)).read_bytes())
    show.items.clear()
    guest = '<podcast:person role="guest">Victor Hale</podcast:person>'
    show.item("talk", "The old bridge", 1, "<podcast:person>Laura Marsh</podcast:person>", guest)
    show.publish()
    formats = ("-f", "json,md,html,podcast,vtt,srt,chapters,feed")
    assert show.run("--engine", "auto", "--model", "demo", "--threads", "1", *formats).status == 0
    made = {path.name.partition(".")[2]: path.read_text() for path in (show.folder / "out").iterdir()}

    told = json.loads(made["json"])
    assert "I am Laura" in told["text"]
    assert [(speaker["name"], speaker["proposal"]) for speaker in told["speakers"]] == [
        ("Speaker 1", "Laura Marsh"),
        ("Speaker 2", None),
    ]
    for text in (made["md"], made["html"]):
        assert "The old bridge" in text
        assert "In the feed: Laura Marsh (host), Victor Hale (guest)" in text
        assert "Speaker 1 (perhaps Laura Marsh, by their own words)" in text
    cards = [card.splitlines()[2:] for card in made["srt"].strip().split("\n\n")]
    assert all(1 <= len(card) <= 2 and max(map(len, card)) <= 32 for card in cards)
    assert [card[0].split(":")[0] for card in cards if ":" in card[0]] == ["Speaker 1", "Speaker 2"]
    assert "<v Speaker 2>Thank you for having me, Laura." in made["vtt"]
    assert [entry["speaker"] for entry in json.loads(made["podcast.json"])["segments"]][-1] == "Speaker 2"
    assert made["feed.xml"].splitlines()[4:] == [
        '<podcast:person role="host" group="cast">Laura Marsh</podcast:person>',
        '<podcast:person role="guest" group="cast">Victor Hale</podcast:person>',
    ]
