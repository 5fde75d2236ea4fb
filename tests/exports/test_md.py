"""Markdown, read back by a CommonMark parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from earwitness.exports.md import escape, write
from earwitness.exports.reading import clean
from factories import make_transcript


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).render(text)


def test_the_page_has_its_parts_in_order() -> None:
    page = write(make_transcript(warnings=("The end is missing.",))).decode()
    assert re.findall(r"^#+ .*", page, re.MULTILINE) == [
        "# episode one",
        "## Summary",
        "## Chapters",
        "## Transcript",
        "### Opening",
        "### The bridge",
    ]
    assert "0:17 · Bob 53% · Ann Lee 47% · transcribed by fake with the model fake-1" in page
    assert "> **Note:** The end is missing." in page
    assert "**Keywords:** river, bridge" in page
    assert "- [0:09](#t9) **The bridge**" in page


def test_every_link_lands_on_the_segment_it_rests_on() -> None:
    page = rendered(write(make_transcript()).decode())
    anchors = re.findall(r'<a id="(t\d+)"></a>', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#(t\d+)"', page)) <= set(anchors)
    assert '<a id="t11"></a>It was built in 1871' in page
    assert 'since then. (<a href="#t11">0:11</a>)' in page


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "# x", "- x", "1. x", "1) x", "[a](javascript:b)", "![a](b)", "`a`", "**a**", "a_b_",
     "&copy; ~~a~~ | b |", "> x", "=== x", "\\", "$a$"],
)  # fmt: skip
def test_markup_shows_as_text(text: str) -> None:
    assert rendered(escape(text)) == f"<p>{_html(text)}</p>\n"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 #*_-+=.)(<>[]&!`\\|~$:/\n;\"'"), max_size=30))
def test_any_text_shows_as_it_is(text: str) -> None:
    shown = clean(text)
    assert rendered(f"x {escape(text)}") == f"<p>{_html(f'x {shown}'.strip())}</p>\n"
    assert rendered(escape(text)) == (f"<p>{_html(shown)}</p>\n" if shown else "")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def test_an_empty_transcript_has_a_title_and_its_facts() -> None:
    page = write(make_transcript([], keywords=())).decode()
    assert page.startswith("# episode one\n\n0:02 · transcribed by fake")
    assert "##" not in page
