"""One page to read, hear and check a transcript: the reader of the server's page, all inside it, nothing fetched.

The transcript stands in it twice: as text, for those without scripts, and as data, of which the script makes the reader
in the place of that text. The shape of the recording stands beside it as data, where the recording is at hand. The
frame is `page.html` beside this file; style and script are the files of the server's page, the modules bundled into
one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from earwitness.exports import Beside
from earwitness.exports.bundle import bundle
from earwitness.exports.frame import VOICES, count, escape, framed
from earwitness.exports.reading import (
    UNSUPPORTED,
    Cited,
    Paragraph,
    cast,
    doubtful_runs,
    evidence,
    gap,
    introduced,
    last_events,
    made_by,
    openings,
    origin,
    paragraphs,
    remarks,
    shown_name,
    timed_words,
    title,
    together,
    told,
    unread,
)
from earwitness.peaks import outline
from earwitness.types import COVERAGE_KINDS, Event, Seconds, Segment, Summary, Transcript, Word
from earwitness.units import short_clock

DOUBTFUL_PROBABILITY = 0.5
"""Words that the recogniser is less sure of are marked."""

_KIND_NAMES = {
    "transcribed": "transcribed",
    "silence": "silence",
    "music": "music",
    "noise": "noise",
    "dropped": "speech without words",
    "repaired": "transcribed at a second hearing",
}
_STYLES = ("base", "shell", "reader")
_ENTRY = "offline.js"


def write(transcript: Transcript, beside: Beside | None = None) -> bytes:
    """The page. All text of the transcript is escaped; the content security policy allows this style and script only.

    Its policy forbids every request; `media-src blob:` is the recording that the reader chooses on their computer.
    """
    voices = {speaker.id: _voice(speaker.id, place) for place, speaker in enumerate(transcript.speakers)}
    return framed(
        files(__package__).joinpath("page.html").read_text(encoding="utf-8"),
        _style(),
        _script(),
        allowed="media-src blob:; ",
        title=escape(title(transcript)),
        description=escape(transcript.description.text if transcript.description else ""),
        facts=_facts(transcript),
        warnings="\n".join(f'<p class="warning"><b>Note</b> {escape(text)}</p>' for text in remarks(transcript)),
        ledger=_ledger(transcript),
        contents=_contents(transcript),
        summary=_summary(transcript),
        turns="\n".join([*_nobody(transcript), *_turns(transcript, voices)]),
        whose=_parts(transcript) + _whose(transcript) + _together(transcript) + _unread(transcript),
        made_by=escape(made_by(transcript)),
        data=_data(transcript.to_dict()),
        peaks=_data(outline(beside.peaks) if beside and beside.peaks else None),
    )


@cache
def _style() -> str:
    return "\n".join(_page_file(f"css/{name}.css") for name in _STYLES)


@cache
def _script() -> str:
    return bundle(_ENTRY, lambda path: _page_file(f"js/{path}"))


def _page_file(path: str) -> str:
    return files("earwitness").joinpath("server", "page", *path.split("/")).read_text(encoding="utf-8")


def _data(value: Any) -> str:
    """JSON in which nothing ends the element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _voice(label: str, place: int) -> str:
    """The colour of a speaker, as the reader gives it: by the number in the label, where there is one."""
    number = re.fullmatch(r"SPEAKER_(\d+)", label)
    return f"v{(int(number[1]) if number else place) % VOICES}"


def _facts(transcript: Transcript) -> str:
    """What the feed says it is, what the recording has, and who is perhaps heard: a line each."""
    words = sum(len(segment.words) or len(segment.text.split()) for segment in transcript.segments)
    facts = [short_clock(transcript.duration)]
    facts += [count(len(transcript.speakers), "speaker")] if transcript.speakers else []
    facts += [count(words, "word"), f"language: {transcript.language}"]
    named = [introduced(speaker) for speaker in transcript.speakers if speaker.proposal]
    lines = (origin(transcript), facts, [*named, *filter(None, [cast(transcript)])])
    return "\n".join(
        f'<p class="facts">{" · ".join(f"<bdi>{escape(part)}</bdi>" for part in line)}</p>' for line in lines if line
    )


def _ledger(transcript: Transcript) -> str:
    """What became of every second, in words."""
    total = max(transcript.duration, 0.001)
    seconds = {kind: sum(s.end - s.start for s in transcript.coverage if s.kind == kind) for kind in COVERAGE_KINDS}
    return "".join(
        f'<li><span class="swatch {kind}"></span>{_KIND_NAMES[kind]} {short_clock(length)} ({length / total:.0%})</li>'
        for kind, length in seconds.items()
        if length > 0
    )


def _contents(transcript: Transcript) -> str:
    entries = []
    for chapter, opening in openings(transcript):
        entry = (
            f'<span class="when">{short_clock(chapter.start)}</span><span class="name">{escape(chapter.title)}</span>'
        )
        tag = f'a href="#c{opening.id}"' if opening else 'span class="entry"'
        entries.append(f"<li><{tag}>{entry}</{tag.partition(' ')[0]}></li>")
    if not entries:
        return ""
    heading = '<h2 id="chapters">Chapters</h2>'
    return f'<nav class="contents" aria-labelledby="chapters">{heading}<ol>{"".join(entries)}</ol></nav>'


def _summary(transcript: Transcript) -> str:
    told = _sentences(transcript, transcript.summary, named=True)
    keywords = ", ".join(map(escape, transcript.keywords))
    if not (told or keywords):
        return ""
    parts = [f'<p class="summary" dir="auto">{told}</p>'] if told else []
    parts += [f'<p class="keywords"><b>Keywords</b> {keywords}</p>'] if keywords else []
    return (
        f'<section class="brief" aria-labelledby="in-short"><h2 id="in-short">In short</h2>{"".join(parts)}</section>'
    )


def _sentences(transcript: Transcript, summary: Summary | None, *, named: bool = False) -> str:
    """A summary's sentences, each with links to the segments that it rests on; marked where these do not support it."""
    return " ".join(map(_sentence, evidence(transcript, summary, named=named)))


def _sentence(cited: Cited) -> str:
    name = f"<bdi>{escape(cited.quoted)}:</bdi> " if cited.quoted else ""
    links = "".join(f' <a class="cite" {_goes_to(one)}>{short_clock(one.start)}</a>' for one in cited.segments)
    if cited.sentence.unsupported:
        return f'{name}<span class="unsupported">{escape(cited.sentence.text)}{links} <em>{UNSUPPORTED}</em></span>'
    return name + escape(cited.sentence.text) + links


def _goes_to(segment: Segment) -> str:
    return f'href="#s{segment.id}"'


def _nobody(transcript: Transcript) -> Sequence[str]:
    return () if transcript.segments else ('<p class="empty">Nobody speaks in this recording.</p>',)


def _turns(transcript: Transcript, voices: dict[str, str]) -> Iterator[str]:
    before: Paragraph | None = None
    for paragraph in paragraphs(transcript):
        yield from map(_event, paragraph.events)
        if paragraph.chapter:
            yield f'<h3 id="c{paragraph.segments[0].id}" dir="auto">{escape(paragraph.chapter.title)}</h3>'
            gist = _sentences(transcript, paragraph.chapter.summary, named=True)
            yield f'<p class="gist" dir="auto">{gist}</p>' if gist else ""
        more = (
            before is not None and before.speaker == paragraph.speaker and not (paragraph.chapter or paragraph.events)
        )
        yield _turn(transcript, paragraph, voices.get(paragraph.speaker or "", "unknown"), more)
        before = paragraph
    yield from map(_event, last_events(transcript))


def _event(event: Event) -> str:
    return f'<p class="event">{escape(told(event))}</p>'


def _turn(transcript: Transcript, paragraph: Paragraph, voice: str, more: bool) -> str:
    """A paragraph; `more` where the one before is by the same speaker, whose name is then not said again."""
    name = f'<bdi class="name">{escape(paragraph.name)}</bdi>' if paragraph.name and not more else ""
    time = f'<a class="time" {_goes_to(paragraph.segments[0])}>{short_clock(paragraph.start)}</a>'
    said = gap(transcript.language).join(_segment(segment, transcript.language) for segment in paragraph.segments)
    gist = _sentences(transcript, paragraph.gist)
    return (
        f'<div class="turn {voice}"><p class="who">{name} {time}</p>'
        f"{f'<p class=gist dir=auto>In short: {gist}</p>' if gist else ''}"
        f'<p class="said" lang="{escape(transcript.language)}" dir="auto">{said}</p></div>'
    )


def _segment(segment: Segment, language: str) -> str:
    words = []
    for i, word in enumerate(timed_words(segment, language)):
        doubt = _doubt(word)
        space = " " if i and word.word.startswith(" ") else ""
        words.append(f"{space}<span{doubt}>{escape(word.word)}</span>" if doubt else f"{space}{escape(word.word)}")
    return f'<span class="seg" id="s{segment.id}">{"".join(words)}</span>'


def _doubt(word: Word) -> str:
    """The attributes of a word that is hard to hear, or hard to give to a speaker."""
    kinds, said = [], []
    if word.probability < DOUBTFUL_PROBABILITY:
        kinds.append("doubt")
        said.append(f"{word.probability:.0%} sure")
    if word.has_doubtful_speaker:
        kinds.append("whose")
        said.append(f"{word.speaker_probability:.0%} sure who says it")
    return f' class="{" ".join(kinds)}" title="{", ".join(said)}"' if kinds else ""


def _parts(transcript: Transcript) -> str:
    """What each speaker says in short."""
    parts = [
        f'<dt><bdi>{escape(speaker.name)}</bdi></dt><dd dir="auto">{_sentences(transcript, speaker.summary)}</dd>'
        for speaker in transcript.speakers
        if speaker.summary and speaker.summary.sentences
    ]
    if not parts:
        return ""
    return (
        f'<section class="parts" aria-labelledby="parts"><h2 id="parts">What each says in short</h2>'
        f"<dl>{''.join(parts)}</dl></section>"
    )


def _unread(transcript: Transcript) -> str:
    """What the summary leaves out because its maker did not read it."""
    entries = [f"<li>{_place(segment, segment.start)}</li>" for segment in unread(transcript)]
    return _checks("Not read by the summariser:", entries)


def _whose(transcript: Transcript) -> str:
    """What may be another speaker's, as links: marks in the text are for those who see it and point at it."""
    entries = [
        f"<li>{_place(segment, words[0].start)} <bdi>{escape(shown_name(transcript, segment.speaker) or '')}</bdi>: "
        f'<q lang="{escape(transcript.language)}" dir="auto">{escape("".join(word.word for word in words))}</q></li>'
        for segment, words in doubtful_runs(transcript)
    ]
    return _checks("Who says it?", entries)


def _together(transcript: Transcript) -> str:
    """Where several speak at once, and who."""
    entries = []
    for overlap, names, segment in together(transcript):
        place = _place(segment, overlap.start) if segment else short_clock(overlap.start)
        said = ", ".join(f"<bdi>{escape(name)}</bdi>" for name in names)
        entries.append(f"<li>{place}, {overlap.end - overlap.start:.1f} s: {said}</li>")
    return _checks("Spoken at once:", entries)


def _place(segment: Segment, start: Seconds) -> str:
    return f'<a class="cite" href="#s{segment.id}">{short_clock(start)}</a>'


def _checks(title: str, entries: Sequence[str]) -> str:
    if not entries:
        return ""
    return (
        f'<details class="checks"><summary>{title} {count(len(entries), "place")} to listen to</summary>'
        f"<ul>{''.join(entries)}</ul></details>"
    )
