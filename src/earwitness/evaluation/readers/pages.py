"""Transcripts to read: our text and Markdown, Podcasting 2.0's HTML, and plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from earwitness.errors import TranscriptError
from earwitness.evaluation.readers.names import named
from earwitness.evaluation.truth import Truth, Utterance, of_utterances

_CLOCK = r"((?:\d+:)?\d?\d:\d\d)"
_TIMED_LINE = re.compile(rf"\[{_CLOCK}\] ?(.*)")
_EVENT_LINE = re.compile(rf"\[[^\[\]]+ {_CLOCK}-{_CLOCK}\]")
"""What is heard and not said, as our text tells of it."""
_MD_BODY = "\n## Transcript\n"
_MD_PARAGRAPH = re.compile(rf"(?:\*\*(.+?)\*\* )?\\\[{_CLOCK}\\\] (.*)")
_MD_MARKUP = re.compile(r'<a id="t\d+"></a>')
_MD_ESCAPE = re.compile(r"\\(.)")


def read_txt(text: str, name: str) -> Truth:
    """All of the text, but from lines `[M:SS] Name: said`, as our export writes them, and from two or more `Name: said`
    only what is said. A name counts only where every line has one; lines `[music M:SS-M:SS]` say nothing.

    >>> read_txt("[0:01] Ann: Hello.\\n\\n[0:05] Bob: Hi.", "talk.txt").utterances
    (Utterance(text='Hello.', speaker='Ann', start=None, end=None), Utterance(text='Hi.', speaker='Bob', start=None, \
end=None))
    >>> read_txt("Remember: Hello", "talk.txt").text
    'Remember: Hello'
    """
    lines = [line.strip() for line in text.split("\n") if line.strip() and not _EVENT_LINE.fullmatch(line.strip())]
    timed = [_TIMED_LINE.fullmatch(line) for line in lines]
    ours = bool(lines) and all(timed)
    said = [match[2] if match and ours else line for match, line in zip(timed, lines, strict=True)]
    speakers = [named(line) for line in said]
    if all(speaker for speaker, _ in speakers) and (ours or len(lines) > 1):
        return of_utterances(name, [Utterance(words, speaker) for speaker, words in speakers])
    return Truth(name, "\n".join(said))


def read_md(text: str, name: str) -> Truth:
    """What is said, from our Markdown; other Markdown is text."""
    _, found, body = text.partition(_MD_BODY)
    blocks = [block.replace("\n", " ").strip() for block in body.split("\n\n")]
    paragraphs = [match for block in blocks if (match := _MD_PARAGRAPH.fullmatch(block))]
    if not found or not paragraphs:
        return Truth(name, text)
    utterances = [Utterance(_unescaped(match[3]), match[1] and _unescaped(match[1])) for match in paragraphs]
    return of_utterances(name, utterances)


def read_html(text: str, name: str) -> Truth:
    """Podcasting 2.0's: `<cite>` says who speaks, `<p>` what is said.

    Raises:
        TranscriptError: the page has no `<cite>`, so that nobody knows what of it is said.
    """
    page = _Page()
    page.feed(text)
    page.close()
    if not page.cited:
        raise TranscriptError("is a web page without <cite>, not a podcast's transcript; give its JSON, VTT or text")
    return of_utterances(name, page.utterances)


class _Page(HTMLParser):
    """Collects the paragraphs of a page, and whose they are."""

    def __init__(self) -> None:
        super().__init__()
        self.utterances: list[Utterance] = []
        self.cited = False
        self._speaker: str | None = None
        self._inside: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("cite", "p", "time"):
            self._inside, self._text = tag, []

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag != self._inside:
            return
        text = " ".join("".join(self._text).split())
        self._inside = None
        if tag == "cite":
            self.cited, self._speaker = True, text.rstrip(":") or None
        elif tag == "p" and text:
            self.utterances.append(Utterance(text, self._speaker))


def _unescaped(text: str) -> str:
    return html.unescape(_MD_ESCAPE.sub(r"\1", _MD_MARKUP.sub("", text))).strip()
