"""Every feed of the data says to us what its truth says: podcastparser's JSON, feedparser's `Expect` line, or its XML.

What those readers call otherwise, or do in a way of their own, is written down here, and nothing is left out unsaid.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from earwitness.feeds import ChaptersLink, Enclosure, Episode, Feed, TranscriptLink, parse
from earwitness.types import Person

PODCAST = "{https://podcastindex.org/namespace/1.0}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"


@pytest.fixture(scope="module")
def feeds(data: Path) -> dict[str, Path | None]:
    """File -> its truth, of every feed in the manifest."""
    rows = map(json.loads, (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return {
        row["file"]: data / row["reference_file"] if "reference_file" in row else None
        for row in rows
        if row["kind"] == "feed"
    }


def test_every_feed_has_a_truth_here(feeds: Mapping[str, Path | None]) -> None:
    kinds = ("feeds/podcastparser_", "feeds/feedparser_", "feeds/scraper_", "feeds/podcast-namespace_")
    assert all(name.startswith(kinds) for name in feeds)
    assert [name for name, truth in feeds.items() if truth] == [name for name in feeds if name.startswith(kinds[0])]
    assert len(feeds) == 62


# podcastparser reads every feed as if it came from file://tests/data/NAME.rss, which is no address to us.
FILE, WEB = "file://tests/", "http://tests/"
UNKNOWN_TYPE, UNKNOWN_SIZE = "application/octet-stream", -1


def _link(theirs: str) -> str | None:
    """podcastparser takes a guid for a link even where it is no address, and says "" where there is none."""
    address = theirs.replace(FILE, WEB)
    return address if address.startswith("http") else None


def _enclosures(episode: Episode) -> list[dict[str, Any]]:
    return [
        {"url": file.url, "mime_type": file.type or UNKNOWN_TYPE, "file_size": file.size_bytes or UNKNOWN_SIZE}
        for file in episode.enclosures
    ]


def _guid(episode: Episode, theirs: str) -> bool:
    """podcastparser makes an address of a guid that may be one; to us it stays as it is, for it must never change."""
    return episode.guid == theirs or (episode.link == theirs and theirs.endswith(episode.guid))


ATOM_SUMMARIES = ("atom_content_encoded", "atom_updated")
"""Here podcastparser does not read Atom's `summary`, which is "Some text."."""

EPISODE: Mapping[str, Callable[[str, Episode, Any], bool]] = {
    "title": lambda _, ours, theirs: ours.title == theirs,
    "description": lambda name, ours, theirs: ours.description == ("Some text." if name in ATOM_SUMMARIES else theirs),
    "description_html": lambda _, ours, theirs: ours.description_html == theirs,
    "subtitle": lambda _, ours, theirs: ours.subtitle == theirs,
    "published": lambda _, ours, theirs: (int(ours.published.timestamp()) if ours.published else 0) == theirs,
    "guid": lambda _, ours, theirs: _guid(ours, theirs.replace(FILE, WEB)),
    "link": lambda _, ours, theirs: ours.link == _link(theirs),
    "total_time": lambda _, ours, theirs: (ours.duration_s or 0) == theirs,
    "payment_url": lambda _, _ours, theirs: theirs is None,  # no feed here has one
    "enclosures": lambda _, ours, theirs: _enclosures(ours) == json.loads(json.dumps(theirs).replace(FILE, WEB)),
    "episode_art_url": lambda _, ours, theirs: ours.image == theirs,
    "type": lambda _, ours, theirs: ours.type == theirs,
    "number": lambda _, ours, theirs: ours.number == theirs,
    "transcript_url": lambda _, ours, theirs: [link.url for link in ours.transcripts] == [theirs],
    "persons": lambda _, ours, theirs: ours.people == tuple(Person(**person) for person in theirs),
}
FEED: Mapping[str, Callable[[str, Feed, Any], bool]] = {
    # Without a title podcastparser takes the file's name.
    "title": lambda name, ours, theirs: (ours.title or name) == theirs,
    "description": lambda _, ours, theirs: ours.description == theirs,
    "cover_url": lambda _, ours, theirs: ours.image == theirs.replace(FILE, WEB),
    "explicit": lambda _, ours, theirs: ours.explicit == theirs,
    "generator": lambda _, ours, theirs: ours.generator == theirs,
    "language": lambda _, ours, theirs: ours.language == theirs,
    "itunes_author": lambda _, ours, theirs: ours.author == theirs,
    "itunes_owner": lambda _, ours, theirs: ours.owner == (theirs["name"], theirs["email"]),
    "itunes_categories": lambda _, ours, theirs: [list(path) for path in ours.categories] == theirs,
    "funding_url": lambda _, ours, theirs: ours.funding == theirs,
    "new_url": lambda _, ours, theirs: ours.new_url == theirs,
    "paged_feed_first": lambda _, ours, theirs: ours.first == theirs,
    "paged_feed_next": lambda _, ours, theirs: ours.next == theirs,
    "type": lambda _, ours, theirs: ours.type == theirs,
}
ABSENT = {"type": None, "number": None, "subtitle": "", "description_html": "", "people": (), "image": None}
"""What ours has where podcastparser says nothing."""
THEIRS = {"people": "persons", "image": "episode_art_url"}


def test_what_podcastparser_reads(feeds: Mapping[str, Path | None], data: Path) -> None:
    read = 0
    for file, truth in feeds.items():
        if not truth:
            continue
        name = truth.stem.removeprefix("podcastparser_")
        feed = parse((data / file).read_bytes(), url=f"{WEB}data/{name}.rss")
        content = json.loads(truth.read_text(encoding="utf-8"))
        # podcastparser drops episodes that have neither guid nor file, and sorts those of serial shows by time.
        ours = [episode for episode in feed.episodes if episode.guid]
        if feed.type == "serial":
            ours.sort(key=lambda episode: episode.published.timestamp() if episode.published else 0)
        theirs = content.pop("episodes")
        for key, value in content.items():
            assert FEED[key](name, feed, value), f"{file}: {key} is {value!r}"
        assert len(ours) == len(theirs), file
        for episode, said in zip(ours, theirs, strict=True):
            for key, value in said.items():
                assert EPISODE[key](name, episode, value), f"{file}: {key} is {value!r}: {episode}"
            for key, value in ABSENT.items():
                assert THEIRS.get(key, key) in said or getattr(episode, key) == value, f"{file}: {key}: {episode}"
        read += 1
    assert read == 47


def test_what_feedparser_reads(feeds: Mapping[str, Path | None], data: Path) -> None:
    claims = 0
    for file in feeds:
        if not file.startswith("feeds/feedparser_"):
            continue
        content = (data / file).read_bytes()
        feed = parse(content)  # "not bozo": it is well-formed
        said = re.search(r"Expect:\s*not bozo and (.*)", content.decode())
        assert said, file
        for claim in said[1].split(" and "):
            path, value = claim.split(" == ")
            assert _at(_as_feedparser(feed), path) == ast.literal_eval(value), f"{file}: {claim}"
            claims += 1
    assert claims == 11


def _at(value: Any, path: str) -> Any:
    """What stands at a path such as `entries[0]['guid']`."""
    first, *keys = re.findall(r"\w+(?=\[)|(?<=\[)[^\]]+", path)
    for key in (f"'{first}'", *keys):
        value = value[ast.literal_eval(key)]
    return value


def _as_feedparser(feed: Feed) -> dict[str, Any]:
    return {
        "feed": {
            "published": format_datetime(feed.published, usegmt=True) if feed.published else None,
            # feedparser puts all categories into one list, outer ones first.
            "tags": [{"term": name} for name in dict.fromkeys(name for path in feed.categories for name in path)],
        },
        "entries": list(map(_entry, feed.episodes)),
    }


def _entry(episode: Episode) -> dict[str, Any]:
    files = [{"url": file.url} for file in episode.enclosures]
    minutes, seconds = divmod(round(episode.duration_s or 0), 60)
    return {
        "guid": episode.guid,
        "link": episode.link,
        "links": [{"rel": "enclosure"} for _ in files] + [{"rel": "alternate"}],
        "enclosures": files,
        "content": [{"value": episode.description_html}],
        "itunes_duration": f"{minutes}:{seconds:02d}",  # feedparser leaves it as it is written
        "itunes_explicit": episode.explicit,
        "image": {"href": episode.image},
    }


def test_what_an_independent_reader_of_xml_sees(feeds: Mapping[str, Path | None], data: Path) -> None:
    """These have no truth beside them; their XML says plainly what they mean."""
    compared = 0
    for file in feeds:
        if not file.startswith("feeds/scraper_"):
            continue
        root = ElementTree.parse(data / file).getroot()
        for ours, item in zip(parse((data / file).read_bytes()).episodes, root.iter("item"), strict=True):
            assert (ours.title, ours.guid) == (item.findtext("title"), item.findtext("guid"))
            assert ours.description == (item.findtext("description") or "")
            assert ours.published == parsedate_to_datetime(item.findtext("pubDate") or "")
            assert ours.number == (int(item.findtext(f"{ITUNES}episode") or 0) or None)
            assert ours.duration_s == _clock(item.findtext(f"{ITUNES}duration"))
            assert ours.type == item.findtext(f"{ITUNES}episodeType")
            assert len(ours.transcripts) == sum(_is_web(link) for link in item.iter(f"{PODCAST}transcript"))
            assert len(ours.enclosures) == sum(_is_web(link) for link in item.iter("enclosure"))
            compared += 1
    assert compared == 13


def _is_web(link: ElementTree.Element) -> bool:
    return link.get("url", "").startswith("http")


def _clock(text: str | None) -> float | None:
    if not text:
        return None
    hours, minutes, seconds = map(int, text.split(":"))
    return 3600.0 * hours + 60 * minutes + seconds


def test_the_example_of_the_podcast_namespace(data: Path) -> None:
    feed = parse((data / "feeds" / "podcast-namespace_example.xml").read_bytes())
    assert (feed.language, feed.author, feed.type) == ("en-US", "John Doe", "episodic")
    assert (feed.owner, feed.explicit) == (("John Doe", "johndoe@example.com"), False)
    assert (feed.link, feed.funding) == ("https://example.com/podcast", "https://example.com/donate")
    assert feed.categories == (("Technology",), ("News", "Tech News"))
    assert feed.image == "https://example.com/images/pci_avatar-massive.jpg"
    assert [episode.title for episode in feed.episodes] == [
        "Episode 3 - The Future", "Episode 2 - The Present", "Episode 1 - The Past",
    ]  # fmt: skip
    newest = feed.episodes[0]
    assert newest.transcripts == (
        TranscriptLink("https://example.com/ep3/transcript.txt", "text/plain"),
        TranscriptLink("https://example.com/episode1/transcript.vtt", "text/vtt", "es", "captions"),
    )
    assert newest.chapters == ChaptersLink("https://example.com/ep3_chapters.json", "application/json")
    assert newest.enclosures == (Enclosure("https://example.com/file-03.mp3", "audio/mpeg", 43_200_000),)
    assert (newest.season, newest.number, newest.author) == (1, 3, "John Doe")
    assert newest.integrity is None  # the only hash is of the video
    assert newest.description == "A look into the future of podcasting and how we get to Podcasting 2.0!"
    assert [(person.name, person.role, person.group) for person in newest.people] == [
        ("Adam Curry", "host", "cast"),
        ("Dave Jones", "guest", "cast"),
        ("Becky Smith", "cover art designer", "visuals"),
    ]
