"""Feeds say what they say, however sloppy; what is hostile in them is refused or left out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness import feeds
from earwitness.errors import SourceError
from earwitness.feeds import Episode, TranscriptLink, parse

NAMESPACES = (
    'xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)
AT = "https://example.org/show/feed.xml"


def rss(*items: str, attributes: str = NAMESPACES, before: str = "") -> bytes:
    return f"{before}<rss {attributes}><channel><title>Show</title>{''.join(items)}</channel></rss>".encode()


def item(*tags: str, title: str = "Pilot") -> str:
    return f"<item><title>{title}</title>{''.join(tags)}</item>"


def enclosure(url: str = "https://example.org/1.mp3", media_type: str = "audio/mpeg") -> str:
    return f'<enclosure url="{url}" type="{media_type}"/>'


def only(content: bytes, url: str | None = None) -> Episode:
    [episode] = parse(content, url=url).episodes
    return episode


def test_an_episode_keeps_every_transcript() -> None:
    episode = only(
        rss(
            item(
                "<guid isPermaLink='false'>  e-1 </guid><pubDate>Fri, 09 Oct 2020 04:30:38 -0200</pubDate>",
                enclosure(),
                '<podcast:transcript url="https://example.org/1.vtt" type="Text/VTT; charset=utf-8" language="es"'
                ' rel="captions"/>',
                '<podcast:transcript url="https://example.org/1.json" type="application/json"/>',
            )
        )
    )
    assert episode == Episode(
        title="Pilot",
        guid="e-1",
        published=datetime(2020, 10, 9, 6, 30, 38, tzinfo=UTC),
        audio="https://example.org/1.mp3",
        transcripts=(
            TranscriptLink("https://example.org/1.vtt", "text/vtt", "es", "captions"),
            TranscriptLink("https://example.org/1.json", "application/json"),
        ),
    )


def test_atom() -> None:
    feed = parse(
        b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-AT"><title>Sendung</title>
        <entry><title>Eins</title><id>urn:1</id><updated>2003-12-13T18:30:02Z</updated>
        <link rel="alternate" href="https://example.org/1"/>
        <link rel="enclosure" type="audio/ogg" href="https://example.org/1.ogg"/></entry></feed>"""
    )
    assert (feed.title, feed.language) == ("Sendung", "de-AT")
    assert feed.episodes == (
        Episode("Eins", "urn:1", datetime(2003, 12, 13, 18, 30, 2, tzinfo=UTC), "https://example.org/1.ogg"),
    )


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'xmlns:p="https://podcastindex.org/namespace/1.0"',
        'xmlns:p="https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"',
    ],
    ids=["undeclared", "another prefix", "the old name"],
)
def test_the_podcast_namespace_under_its_names(attributes: str) -> None:
    prefix = "p" if attributes else "podcast"
    tag = f'<{prefix}:transcript url="https://example.org/1.srt" type="application/x-subrip"/>'
    episode = only(rss(item(enclosure(), tag), attributes=attributes))
    assert episode.transcripts == (TranscriptLink("https://example.org/1.srt", "application/x-subrip"),)


def test_a_prefix_means_what_it_is_declared_as_where_it_stands() -> None:
    inner = (
        '<p:transcript xmlns:p="https://podcastindex.org/namespace/1.0" url="https://example.org/a" type="text/vtt"/>'
    )
    outer = '<p:transcript url="https://example.org/b" type="text/vtt"/>'
    episode = only(rss(item(enclosure(), inner, outer), attributes='xmlns:p="urn:something-else"'))
    assert [link.url for link in episode.transcripts] == ["https://example.org/a"]


@pytest.mark.parametrize(
    ("before", "title", "read"),
    [
        ('\ufeff \n<?xml version="1.0"?>\n', "A", "A"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "Caf&eacute;&nbsp;&amp; bar &bogus;", "Café & bar &bogus;"),
        ("", "<![CDATA[<b>Loud</b> & clear]]>", "<b>Loud</b> & clear"),
        ("", "two\n   lines \u202e", "two lines"),
        (
            "<!DOCTYPE rss PUBLIC '-//Netscape Communications//DTD RSS 0.91//EN' 'http://127.0.0.1/rss.dtd'>",
            "Old",
            "Old",
        ),
    ],
)
def test_sloppy_documents_are_read(before: str, title: str, read: str) -> None:
    assert only(rss(item(enclosure(), title=title), before=before)).title == read


def test_encodings() -> None:
    for encoding in ("utf-16", "iso-8859-1", "windows-1252"):
        content = f'<?xml version="1.0" encoding="{encoding}"?><rss><channel><title>Déjà vu</title></channel></rss>'
        assert parse(content.encode(encoding)).title == "Déjà vu"


@pytest.mark.parametrize(
    ("given", "base", "address"),
    [
        (" https://example.org/a b.mp3 ", None, "https://example.org/a%20b.mp3"),
        ("/audio/1.mp3", AT, "https://example.org/audio/1.mp3"),
        ("1.mp3", AT, "https://example.org/show/1.mp3"),
        ("//cdn.example.org/1.mp3", AT, "https://cdn.example.org/1.mp3"),
        ("1.mp3", None, None),
        ("", AT, None),
        ("javascript:alert(1)", AT, None),
        ("file:///etc/passwd", AT, None),
        ("ftp://example.org/1.mp3", None, None),
        ("data:audio/mpeg;base64,AAAA", AT, None),
        ("http:///1.mp3", None, None),
        ("http://[::1/1.mp3", AT, None),
    ],
)
def test_only_web_addresses_are_kept(given: str, base: str | None, address: str | None) -> None:
    transcript = f'<podcast:transcript url="{given}" type="text/vtt"/>'
    episode = only(rss(item(enclosure(given), transcript)), base)
    assert episode.audio == address
    assert [link.url for link in episode.transcripts] == ([address] if address else [])


def test_an_address_is_relative_to_the_nearest_base() -> None:
    content = rss(
        item(enclosure("1.mp3")),
        '<item xml:base="two/"><enclosure url="2.mp3" type="audio/mpeg"/></item>',
        attributes='xml:base="https://example.com/podcast/"',
    )
    audio = [episode.audio for episode in parse(content, url=AT).episodes]
    assert audio == ["https://example.com/podcast/1.mp3", "https://example.com/podcast/two/2.mp3"]


@pytest.mark.parametrize(
    ("enclosures", "audio"),
    [
        ([("https://x.org/cover.jpg", "image/jpeg"), ("https://x.org/a.mp3", "audio/mpeg")], "https://x.org/a.mp3"),
        ([("https://x.org/v", "video/mp4"), ("https://x.org/a", "audio/mp4")], "https://x.org/a"),
        ([("https://x.org/play?id=1", "")], "https://x.org/play?id=1"),
        ([("https://x.org/a.mp3", "application/x-bittorrent")], "https://x.org/a.mp3"),
        ([("https://x.org/cover.jpg", "image/jpeg")], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_enclosure_that_sounds(enclosures: list[tuple[str, str]], audio: str | None) -> None:
    assert only(rss(item(*(enclosure(*given) for given in enclosures)))).audio == audio


def test_what_is_missing() -> None:
    bare, titled, silent = parse(
        rss("<item>" + enclosure() + "</item>", item(enclosure("https://a.org/9.mp3")), item())
    ).episodes
    assert (bare.title, bare.guid, bare.published) == ("1", "https://example.org/1.mp3", None)
    assert (titled.title, titled.guid) == ("Pilot", "https://a.org/9.mp3")
    assert (silent.audio, silent.guid) == (None, "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mon, 01 Sep 2025 07:00:00 EST", datetime(2025, 9, 1, 12, tzinfo=UTC)),
        ("Mon, 01 Sep 2025 07:00:00", datetime(2025, 9, 1, 7, tzinfo=UTC)),
        ("2025-09-01", datetime(2025, 9, 1, tzinfo=UTC)),
        ("2025-09-01T07:00:00.5+02:00", datetime(2025, 9, 1, 5, 0, 0, 500_000, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 99 Sep 99999 77:00:00 +9999", None),
    ],
)
def test_dates(written: str, meant: datetime | None) -> None:
    assert only(rss(item(f"<pubDate>{written}</pubDate>"))).published == meant


def test_a_live_item_is_no_episode() -> None:
    live = '<podcast:liveItem status="live"><title>Live</title>' + enclosure() + "</podcast:liveItem>"
    assert [episode.title for episode in parse(rss(live, item(enclosure()))).episodes] == ["Pilot"]


BILLION_LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    "before",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    ],
    ids=["billion laughs", "external", "parameter"],
)
def test_entities_are_refused(before: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"^bad: defines entities"):
        parse(rss(item(title="&j;&x;"), before=before), name="bad")
    assert time.monotonic() - began < 1


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_ELEMENTS", 100)
    assert len(parse(rss("<item/>" * 97)).episodes) == 97
    with pytest.raises(SourceError, match="more than 100 elements"):
        parse(rss("<item/>" * 98))


def test_a_deep_document_does_not_exhaust_the_stack() -> None:
    assert parse(rss("<a>" * 200_000 + "</a>" * 200_000)).episodes == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no element found in line 1"),
        (b"not xml", "syntax error in line 1"),
        (b"<rss>\n<channel></rss>", "mismatched tag in line 2"),
        (b"<html><body/></html>", "begins with <html>"),
        ('<?xml version="1.0" encoding="shift_jis"?><rss/>'.encode("shift_jis"), "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "klingon|encoding"),
        (b"\x00\xff\xfe\x80", "not a feed"),
    ],
)
def test_what_is_no_feed_is_one_clear_line(content: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=f"^show.xml: .*({said})") as caught:
        parse(content, name="show.xml")
    assert "\n" not in str(caught.value)


def test_real_feeds_say_what_podcastparser_reads_in_them(data: Path) -> None:
    """Titles, times, ids and sound of every feed of podcastparser's whose truth does not hang on where it lies."""
    compared = 0
    for path in sorted((data / "feeds").glob("podcastparser_*.rss")):
        truth = json.loads(path.with_suffix(".json").read_text())
        episodes = [e for e in parse(path.read_bytes()).episodes if e.audio or e.guid]
        if "file://" in json.dumps(truth) or "media:content" in path.read_text() or "isPermaLink" in path.read_text():
            continue
        expected = sorted((row["title"], row["published"], row["guid"], _sound(row)) for row in truth["episodes"])
        found = sorted(
            (e.title, int(e.published.timestamp()) if e.published else 0, e.guid, e.audio or "") for e in episodes
        )
        assert found == expected, path.name
        compared += len(found)
    assert compared >= 20


def _sound(row: dict) -> str:
    return next((link["url"] for link in row["enclosures"] if not link["mime_type"].startswith("image/")), "")


def test_the_example_of_the_podcast_namespace(data: Path) -> None:
    feed = parse((data / "feeds" / "podcast-namespace_example.xml").read_bytes())
    assert feed.language == "en-US"
    assert [episode.title for episode in feed.episodes] == [
        "Episode 3 - The Future", "Episode 2 - The Present", "Episode 1 - The Past",
    ]  # fmt: skip
    assert feed.episodes[0].transcripts == (
        TranscriptLink("https://example.com/ep3/transcript.txt", "text/plain"),
        TranscriptLink("https://example.com/episode1/transcript.vtt", "text/vtt", "es", "captions"),
    )
