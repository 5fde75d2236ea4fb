"""Markdown, read back by a CommonMark parser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from earwitness.evaluation.readers.pages import read_md
from earwitness.exports.md import escape, write
from earwitness.exports.reading import DOUBTED, clean
from earwitness.types import Overlap, Summary, SummarySentence, Word
from factories import make_segment, make_transcript


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


def test_every_level_is_summed_up_and_what_is_unsupported_or_unread_is_said() -> None:
    told = make_transcript()
    weak = Summary((SummarySentence("It was *never* built.", (4,), 0.2, unsupported=True),), unread=(0, 5))
    speakers = tuple(replace(speaker, summary=weak) for speaker in told.speakers)
    page = write(replace(told, summary=weak, speakers=speakers)).decode()
    sentence = "It was \\*never\\* built. ([0:11](#t11)) *(unsupported)*"
    assert f"## Summary\n\nBob: {sentence}\n" in page
    assert f"- **Ann Lee**  \n  {sentence}\n- **Bob**  \n  {sentence}" in page
    assert "## Not in the summary\n\nThe summariser did not get to read [0:01](#t1), [0:15](#t15)." in page
    assert DOUBTED in page
    assert DOUBTED not in write(told).decode()


def test_words_of_doubtful_speakers_are_listed() -> None:
    words = (
        Word(" Yes", 1.0, 1.2, 0.9, "A", 1.0),
        Word(" no", 1.3, 1.5, 0.9, "A", 0.4),
        Word(" *x*", 2, 3, 1, "A", 0.6),
    )
    transcript = make_transcript(segments=(make_segment(0, "Yes no *x*", "A", 1.0, words=words),))
    page = write(transcript).decode()
    _, found, listed = page.partition("\n## Whose words?\n")
    assert found
    name = transcript.name_of("A")
    assert listed.splitlines()[-1] == f"- [0:01](#t1) {name}: “no \\*x\\*”"
    assert read_md(page, "x.md").text == "Yes no *x*"
    assert "Whose words?" not in write(make_transcript()).decode()


def test_who_speaks_at_once_is_named() -> None:
    transcript = make_transcript(overlaps=(Overlap(9.5, 10.75, ("A", "B")), Overlap(900.0, 901.0, ("B", "?"))))
    _, _, listed = write(transcript).decode().partition("\n## Spoken at once\n\n")
    a, b = transcript.name_of("A"), transcript.name_of("B")
    assert listed.splitlines() == [f"- [0:09](#t9), 1.2 s: {a}, {b}", f"- 15:00, 1.0 s: {b}, ?"]
