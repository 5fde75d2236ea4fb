"""Feeds say what they say, however sloppy; what is hostile in them is refused or left out."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from earwitness.errors import SourceError
from earwitness.feeds import ChaptersLink, Enclosure, Episode, TranscriptLink, parse, xml
from earwitness.types import Person

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
        enclosures=(Enclosure("https://example.org/1.mp3", "audio/mpeg"),),
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
        Episode(
            "Eins",
            "urn:1",
            datetime(2003, 12, 13, 18, 30, 2, tzinfo=UTC),
            "https://example.org/1.ogg",
            enclosures=(Enclosure("https://example.org/1.ogg", "audio/ogg"),),
            link="https://example.org/1",
        ),
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
    monkeypatch.setattr(xml, "MAX_ELEMENTS", 100)
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


def test_what_podcasting_2_says_of_an_episode() -> None:
    episode = only(
        rss(
            item(
                enclosure("https://example.org/a.mp3"),
                '<podcast:season name="The river">2</podcast:season>',
                '<podcast:episode display="Ch. 3">3.5</podcast:episode>',
                '<podcast:chapters url="https://example.org/c.json" type="application/json+chapters"/>',
                '<podcast:person role="Guest" href="https://bob.org" img="javascript:x">Bob</podcast:person>',
                "<podcast:person> Ada\n Lovelace </podcast:person><podcast:person/>",
                '<podcast:person group="Visuals" role="cover art designer">Becky</podcast:person>',
                '<podcast:alternateEnclosure type="audio/opus"><podcast:source uri="https://example.org/a.opus"/>'
                '<podcast:integrity type="sri" value="sha256-bbb"/></podcast:alternateEnclosure>',
                '<podcast:alternateEnclosure type="audio/mpeg"><podcast:source uri="https://example.org/a.mp3"/>'
                '<podcast:integrity type="sri" value=" sha256-aaa "/></podcast:alternateEnclosure>',
            )
        )
    )
    assert (episode.season, episode.number, episode.integrity) == (2, 3.5, "sha256-aaa")
    assert episode.chapters == ChaptersLink("https://example.org/c.json", "application/json+chapters")
    assert episode.people == (
        Person("Bob", "guest", "cast", "https://bob.org", None),
        Person("Ada Lovelace", "host", "cast"),
        Person("Becky", "cover art designer", "visuals"),
    )


def test_an_alternate_enclosure_stands_in_where_there_is_no_other() -> None:
    alternate = (
        '<podcast:alternateEnclosure type="audio/opus"><podcast:source uri="ipfs://x"/>'
        '<podcast:source uri="https://example.org/a.opus"/></podcast:alternateEnclosure>'
    )
    assert only(rss(item(alternate))).audio == "https://example.org/a.opus"
    assert only(rss(item(alternate, enclosure()))).audio == "https://example.org/1.mp3"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1:02:03", 3723.0), ("62:03", 3723.0), ("3723", 3723.0), ("12.5", 12.5), ("", None), ("an hour", None),
     ("1:2:3:4", None), ("9" * 400, None)],
)  # fmt: skip
def test_lengths(written: str, seconds: float | None) -> None:
    assert only(rss(item(f"<itunes:duration>{written}</itunes:duration>"))).duration_s == seconds


@pytest.mark.parametrize(
    ("written", "number"), [("7", 7), (" 7 ", 7), ("0", None), ("-1", None), ("x", None), ("1e9", None)]
)
def test_numbers(written: str, number: int | None) -> None:
    episode = only(rss(item(f"<itunes:episode>{written}</itunes:episode><itunes:season>{written}</itunes:season>")))
    assert (episode.number, episode.season) == (number, number)


def test_notes_are_text() -> None:
    episode = only(
        rss(
            item(
                "<description>In short.</description>",
                '<content:encoded><![CDATA[<p>With <a href="javascript:alert(1)">Ada &amp; Bob</a></p><script>alert(2)'
                "</script><style>p {}</style><p>On bread\u202e.<br>1 &lt; 2</p>]]></content:encoded>",
            )
        )
    )
    assert episode.description == "In short."
    assert episode.notes == "With Ada & Bob\nOn bread.\n1 < 2"


def test_markup_in_titles_is_text_and_its_links_are_left_out() -> None:
    feed = parse(
        rss(
            "<link>javascript:alert(1)</link><itunes:author><b>Ada</b></itunes:author>",
            item("<link>data:text/html,x</link>", title="&lt;script&gt;alert(1)&lt;/script&gt;\u202e"),
        )
    )
    [episode] = feed.episodes
    assert episode.title == "<script>alert(1)</script>"
    assert (feed.link, episode.link, feed.author) == (None, None, "Ada")


def test_long_notes_do_not_take_long() -> None:
    began = time.monotonic()
    for hostile in ("<" * 300_000, "<script>" * 60_000, "<!--" * 90_000, "&" * 300_000, "<a href='" * 40_000):
        only(rss(item(f"<description><![CDATA[{hostile}]]></description>")))
    assert time.monotonic() - began < 5


def test_who_a_show_is_by() -> None:
    feed = parse(rss("<managingEditor>ada@example.org (Ada Lovelace)</managingEditor>"))
    assert feed.author == "Ada Lovelace"
    assert parse(rss("<itunes:author>Bob &lt;bob@example.org&gt;</itunes:author>")).author == "Bob"
