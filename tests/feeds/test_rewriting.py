"""A feed gets our lines, and is otherwise as it was, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from earwitness.errors import SourceError
from earwitness.feeds import parse
from earwitness.feeds.lines import Line, read, write
from earwitness.feeds.reading import guid_of, items
from earwitness.feeds.rewriting import rewritten
from earwitness.feeds.xml import PODCAST, tree

URL = "https://example.org/made"


def lines(stem: str = "one", url: str = URL) -> list[Line]:
    return [
        Line("transcript", (("url", f"{url}/{stem}.vtt"), ("type", "text/vtt"), ("rel", "captions"))),
        Line("chapters", (("url", f"{url}/{stem}.chapters.json"), ("type", "application/json+chapters"))),
        Line("person", (("role", "guest"),), "Zoë & Bob"),
    ]


FEED = """<?xml version="1.0" encoding="UTF-8"?>
<!-- kept -->
<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0">
  <channel>
    <title>Show &amp; tell</title>
    <item>
      <title><![CDATA[One > two]]></title>
      <guid>1</guid>
    </item>
    <item><guid>2</guid><a b='>'/></item>
  </channel>
</rss>
"""


def test_lines_stand_at_the_end_of_their_items_and_no_other_byte_changes() -> None:
    made = rewritten(FEED.encode(), {"1": lines("one"), "2": lines("two")[:1]}).decode()
    assert made == FEED.replace(
        "      <guid>1</guid>\n",
        "      <guid>1</guid>\n"
        '      <podcast:transcript url="https://example.org/made/one.vtt" type="text/vtt" rel="captions"/>\n'
        '      <podcast:chapters url="https://example.org/made/one.chapters.json" type="application/json+chapters"/>\n'
        '      <podcast:person role="guest">Zo&#235; &amp; Bob</podcast:person>\n',
    ).replace(
        "<a b='>'/></item>",
        "<a b='>'/>"
        '<podcast:transcript url="https://example.org/made/two.vtt" type="text/vtt" rel="captions"/></item>',
    )


def test_lines_are_replaced_not_doubled() -> None:
    once = rewritten(FEED.encode(), {"1": lines(), "2": lines()})
    assert rewritten(once, {"1": lines(), "2": lines()}) == once
    moved = rewritten(once, {"1": lines(url="https://example.com/new"), "2": lines(url="https://example.com/new")})
    assert moved == rewritten(FEED.encode(), {guid: lines(url="https://example.com/new") for guid in "12"})
    assert b"example.org" not in moved


def test_chapters_and_people_of_the_show_stay() -> None:
    theirs = (
        '<podcast:chapters url="https://show.org/c.json" type="application/json+chapters"/>'
        '<podcast:person role="host">zoë &amp; BOB</podcast:person>'
        '<podcast:transcript url="https://show.org/t.vtt" type="text/vtt"/>'
    )
    feed = FEED.replace("<guid>2</guid>", f"<guid>2</guid>{theirs}").encode()
    episode = parse(rewritten(feed, {"2": lines()})).episodes[1]
    assert episode.chapters
    assert episode.chapters.url == "https://show.org/c.json"
    assert [link.url for link in episode.transcripts] == ["https://show.org/t.vtt", f"{URL}/one.vtt"]
    assert [person.role for person in episode.people] == ["host"]


def test_people_of_the_show_alone_are_not_said_again() -> None:
    feed = FEED.replace("<item>", "<podcast:person>Ada</podcast:person><item>", 1).encode()
    ada, bob = Line("person", (), "Ada"), Line("person", (), "Bob")
    assert rewritten(feed, {"1": [ada]}) == feed
    assert [person.name for person in parse(rewritten(feed, {"1": [ada, bob]})).episodes[0].people] == ["Ada", "Bob"]


@pytest.mark.parametrize(
    ("attributes", "prefix", "declared"),
    [
        (f'version="2.0" xmlns:p="{PODCAST}"', "p", False),
        ('xmlns:p="https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"', "p", False),
        ("", "podcast", True),
        ('xmlns:podcast="urn:something-else"', "podcast20", True),
    ],
)
def test_the_namespace_is_declared_where_it_is_not(attributes: str, prefix: str, declared: bool) -> None:
    content = f"<rss {attributes}><channel><item><guid>1</guid></item></channel></rss>".encode()
    made = rewritten(content, {"1": lines()})
    assert f"<{prefix}:transcript " in made.decode()
    assert made.startswith(f'<rss xmlns:{prefix}="{PODCAST}"'.encode()) is declared
    assert len(parse(made).episodes[0].transcripts) == 1
    ElementTree.fromstring(made)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "iso-8859-1", "windows-1252", "utf-16"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    feed = f'<?xml version="1.0" encoding="{declared}"?><rss><channel><item><title>Déjà</title><guid>é</guid></item>'
    made = rewritten(f"{feed}</channel></rss>".encode(encoding), {"é": lines()})
    [episode] = parse(made).episodes
    assert (episode.title, episode.people[0].name) == ("Déjà", "Zoë & Bob")
    [title] = ElementTree.fromstring(made).iter("title")
    assert title.text == "Déjà"


def test_a_line_break_is_what_it_is_in_the_feed() -> None:
    made = rewritten(FEED.replace("\n", "\r\n").encode(), {"1": lines()})
    assert b"\n" not in made.replace(b"\r\n", b"")


def test_atom() -> None:
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>'
    made = rewritten(feed, {"1": lines()})
    assert parse(made).episodes[0].transcripts[0].url == f"{URL}/one.vtt"
    assert len(ElementTree.fromstring(made)) == 1


def test_an_item_without_a_guid_is_known_by_its_sound() -> None:
    feed = b'<rss><channel><item><enclosure url="/1.mp3" type="audio/mpeg"/></item></channel></rss>'
    url = "https://example.org/feed"
    [episode] = parse(feed, url=url).episodes
    assert episode.guid == "https://example.org/1.mp3"
    assert len(parse(rewritten(feed, {episode.guid: lines()}, url=url)).episodes[0].transcripts) == 1


def test_what_is_no_feed() -> None:
    for content in (b"<html/>", b"<rss><channel>", b'<!DOCTYPE a [<!ENTITY b "c">]><rss>&b;</rss>'):
        with pytest.raises(SourceError):
            rewritten(content, {})


def test_hostile_texts_stay_texts() -> None:
    line = Line("person", (("href", 'https://x.org/"><script>'),), "</item><script>&")
    made = rewritten(FEED.encode(), {"1": [line]})
    assert b"<script>" not in made
    assert parse(made).episodes[0].people[0].name == "</item><script>&"


def test_lines_are_read_as_they_were_written() -> None:
    assert read(write(lines()), "one.feed.xml") == tuple(lines())
    assert read(b"<podcast:person>Ada</podcast:person><a/>", "x") == (Line("person", (), "Ada"),)
    with pytest.raises(SourceError):
        read(b"<podcast:person>", "x")


def test_every_feed_of_the_data_keeps_all_else(data: Path) -> None:
    """An independent reader sees the same elements, ours aside, and our own reader the links."""
    done = 0
    for path in sorted((data / "feeds").glob("*")):
        if path.suffix not in (".rss", ".xml"):
            continue
        content = path.read_bytes()
        guids = {guid_of(item) for item in items(tree(content, path.name, "https://example.org/"))}
        made = rewritten(content, {guid: lines("ours") for guid in guids if guid}, name=path.name)
        for episode in parse(made).episodes:
            assert not episode.guid or f"{URL}/ours.vtt" in [link.url for link in episode.transcripts]
        try:
            before = ElementTree.fromstring(content)
        except ElementTree.ParseError:  # prefixes that nobody declared: our bytes only are added
            assert _without_ours(made) == content, path.name
        else:
            assert _seen(made) == _seen(content), path.name
            assert before.tag
        done += 1
    assert done == 62


OURS = re.compile(
    rb'\s*<\w+:(?:transcript|chapters) url="https://example.org/made/[^>]*/>'
    rb'|\s*<\w+:person role="guest">Zo&#235;[^/]*/\w+:person>'
    rb'| xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)


def _without_ours(content: bytes) -> bytes:
    return OURS.sub(b"", content)


def _seen(content: bytes) -> list[tuple[str, dict[str, str], str, str]]:
    return [
        (element.tag, element.attrib, element.text or "", (element.tail or "").strip())
        for element in ElementTree.fromstring(content).iter()
        if not element.get("url", "").startswith(URL) and element.text != "Zoë & Bob"
    ]
