"""Show notes: what a podcast host or a listener gets to see."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt

from earwitness.exports.notes import write
from earwitness.types import Chapter, Summary, SummarySentence
from factories import make_transcript

LINE = SummarySentence("About the river & its bridge.", (1,), 1.0)


def test_all_parts_in_order_without_links_that_lead_nowhere() -> None:
    told = make_transcript(description=LINE, evidence=(1,))
    speakers = tuple(replace(speaker, summary=Summary((LINE,))) for speaker in told.speakers)
    assert (
        write(replace(told, speakers=speakers)).decode()
        == """# episode one

About the river &amp; its bridge.

## Summary

Ann Lee: Today we talk about the river and its bridge. (0:02)

## Chapters

- 00:00 Opening
- 00:09 The bridge

## Speakers

- **Bob** (53%) About the river &amp; its bridge. (0:02)
- **Ann Lee** (47%) About the river &amp; its bridge. (0:02)

**Keywords:** river, bridge
"""
    )


def test_times_of_a_long_show_are_all_alike() -> None:
    chapters = (Chapter(0, 0.0, 754.0, "One", ()), Chapter(1, 754.0, 4000.0, "*Two*", ()))
    told = make_transcript(chapters=())
    page = write(replace(told, chapters=chapters, source=replace(told.source, duration=4000.0))).decode()
    assert "- 0:00:00 One\n- 0:12:34 \\*Two\\*\n" in page


def test_a_doubtful_line_says_so() -> None:
    page = write(make_transcript(description=replace(LINE, unsupported=True))).decode()
    assert "About the river &amp; its bridge. *(unsupported)*" in page
    assert "not borne out" in page


def test_nothing_said() -> None:
    page = write(make_transcript([], keywords=())).decode()
    assert MarkdownIt("commonmark").render(page) == "<h1>episode one</h1>\n"
