"""The lines to paste into a feed say what lies beside them and who is named; pages say what the feed says."""

from __future__ import annotations

from dataclasses import replace

from earwitness.exports import FORMATS, Beside, feed, md, notes
from earwitness.exports.html import write as write_page
from earwitness.feeds.lines import read
from earwitness.types import EpisodeInfo, Person, Speaker
from factories import make_transcript

ABOUT = EpisodeInfo(
    "On <b>Bread</b>", "Rye & wheat", "1", "2025-09-01T07:00:00+00:00", season=2, number=3.0,
    people=(Person("Ann Lee", "host", "cast", "https://ann.org"), Person("<script>", "guest")),
)  # fmt: skip


def test_lines_are_of_what_is_written() -> None:
    made = feed.write(make_transcript(), Beside("one two", "https://x.org/", ("vtt", "chapters", "feed", "html")))
    assert made.decode() == (
        '<podcast:transcript url="https://x.org/one%20two.vtt" type="text/vtt" language="en" rel="captions"/>\n'
        '<podcast:chapters url="https://x.org/one%20two.chapters.json" type="application/json+chapters"/>\n'
        "<podcast:person>Ann Lee</podcast:person>\n"
        "<podcast:person>Bob</podcast:person>\n"
    )


def test_without_an_address_files_are_named() -> None:
    lines = read(FORMATS["feed"].write(make_transcript()), "x")
    assert [line.url for line in lines if line.url] == [
        "episode%20one.podcast.json", "episode%20one.vtt", "episode%20one.srt", "episode%20one.chapters.json",
    ]  # fmt: skip


def test_people_of_the_feed_and_those_whom_the_user_has_named() -> None:
    told = make_transcript(episode=ABOUT)
    speakers = (
        replace(told.speakers[0], name="ann lee"),
        replace(told.speakers[1], name="Speaker 2", proposal="Bob"),
        Speaker("C", "Cleo", 1.0),
        Speaker("D", "D", 1.0),
    )
    assert feed.people(replace(told, speakers=speakers)) == (*ABOUT.people, Person("Cleo", "", ""))
    lines = feed.write(replace(told, speakers=speakers), Beside("x", "", ("feed",)))
    assert lines.decode().splitlines() == [
        '<podcast:person role="host" group="cast" href="https://ann.org">Ann Lee</podcast:person>',
        '<podcast:person role="guest" group="cast">&lt;script&gt;</podcast:person>',
        "<podcast:person>Cleo</podcast:person>",
    ]


def test_nothing_is_linked_that_says_nothing() -> None:
    assert feed.write(make_transcript([], chapters=()), Beside("x", "", tuple(FORMATS))) == b""


def test_pages_say_what_the_feed_says() -> None:
    told = make_transcript(episode=ABOUT)
    page, text, shown = (write(told).decode() for write in (write_page, md.write, notes.write))
    assert '<h1 dir="auto">Rye &amp; wheat</h1>' in page
    assert "On &lt;b&gt;Bread&lt;/b&gt;" in page
    assert "season 2, episode 3" in page
    assert "In the feed: Ann Lee (host), &lt;script&gt; (guest)" in page
    assert text.startswith("# Rye &amp; wheat\n\nOn &lt;b&gt;Bread&lt;/b&gt; · season 2, episode 3 · 2025-09-01\n\n")
    assert "In the feed: Ann Lee (host), &lt;script&gt; (guest)" in text
    assert shown.startswith("# Rye &amp; wheat\n\nOn &lt;b&gt;Bread&lt;/b&gt; · season 2, episode 3 · 2025-09-01\n\n")
    assert all("<b>Bread" not in made and "<script>alert" not in made for made in (page, text, shown))
