"""Markdown (CommonMark) to read, with the summary's sentences linked to the segments that they rest on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from earwitness.exports.reading import (
    UNSUPPORTED,
    cast,
    clean,
    doubtful_runs,
    encode,
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
    talk_shares,
    title,
    together,
    told,
    unread,
)
from earwitness.types import Chapter, Event, Overlap, Segment, Speaker, Summary, Transcript, Word
from earwitness.units import short_clock

_MARKS = re.compile(r"([\\`*_{}\[\]#|~$])")
_BLOCK_START = re.compile(r"^(\d+)([.)])|^([-+=])")
WHOSE_WORDS = "It is not clear who says these words; listen to them."
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(transcript: Transcript) -> bytes:
    """Title, what it is, summaries, keywords, chapters, the transcript by turns, then what to check of its speakers.

    All of its text is shown as text.
    """
    blocks = [f"# {escape(title(transcript))}", *_meta(transcript)]
    if transcript.summary and transcript.summary.sentences:
        blocks += ["## Summary", sentences(transcript, transcript.summary, named=True)]
    if transcript.keywords:
        blocks.append(f"**Keywords:** {', '.join(map(escape, transcript.keywords))}")
    if transcript.chapters:
        blocks += ["## Chapters", "\n".join(_chapter(transcript, *opening) for opening in openings(transcript))]
    if heard := [speaker for speaker in transcript.speakers if speaker.summary and speaker.summary.sentences]:
        blocks += ["## Speakers", "\n".join(_part(transcript, speaker) for speaker in heard)]
    if missed := unread(transcript):
        blocks += ["## Not in the summary", f"The summariser did not get to read {_link(missed)}."]
    if transcript.segments or transcript.events:
        blocks += ["## Transcript", *_body(transcript)]
    if doubtful := doubtful_runs(transcript):
        blocks += ["## Whose words?", WHOSE_WORDS, "\n".join(_doubtful(transcript, *run) for run in doubtful)]
    if transcript.overlaps:
        blocks += ["## Spoken at once", "\n".join(_overlap(*overlap) for overlap in together(transcript))]
    return encode("\n\n".join(blocks) + "\n")


def escape(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> escape("*5 < 6*"), escape("1. one")
    ('\\*5 &lt; 6\\*', '1\\. one')
    """
    marked = _MARKS.sub(r"\\\1", clean(text)).translate(_ENTITIES)
    return _BLOCK_START.sub(lambda match: f"{match[1] or ''}\\{match[2] or match[3]}", marked)


def _meta(transcript: Transcript) -> list[str]:
    speakers = [f"{escape(introduced(speaker))} {share:.0%}" for speaker, share in talk_shares(transcript)]
    parts = [short_clock(transcript.duration), *speakers, escape(made_by(transcript))]
    lines = [" · ".join(map(escape, origin(transcript))), " · ".join(parts), escape(cast(transcript))]
    return [*filter(None, lines), *(f"> **Note:** {escape(note)}" for note in remarks(transcript))]


def _chapter(transcript: Transcript, chapter: Chapter, opening: Segment | None) -> str:
    place = _link([opening]) if opening else short_clock(chapter.start)
    gist = sentences(transcript, chapter.summary, named=True)
    return f"- {place} **{escape(chapter.title)}**" + (f"  \n  {gist}" if gist else "")


def _part(transcript: Transcript, speaker: Speaker) -> str:
    return f"- **{escape(speaker.name)}**  \n  {sentences(transcript, speaker.summary)}"


def sentences(transcript: Transcript, summary: Summary | None, *, named: bool = False, linked: bool = True) -> str:
    """A summary's sentences, each with the times of its evidence, and marked where this does not support it."""
    return " ".join(
        (f"{escape(cited.quoted)}: " if cited.quoted else "")
        + escape(cited.sentence.text)
        + (f" ({_link(cited.segments, linked=linked)})" if cited.segments else "")
        + (f" *({UNSUPPORTED})*" if cited.sentence.unsupported else "")
        for cited in evidence(transcript, summary, named=named)
    )


def _link(segments: Sequence[Segment], *, linked: bool = True) -> str:
    places = {_anchor(segment): short_clock(segment.start) for segment in segments}
    return ", ".join(f"[{time}](#{anchor})" if linked else time for anchor, time in places.items())


def _doubtful(transcript: Transcript, segment: Segment, words: Sequence[Word]) -> str:
    text = clean("".join(word.word for word in words))
    return f"- {_link([segment])} {escape(shown_name(transcript, segment.speaker) or '')}: “{escape(text)}”"


def _overlap(overlap: Overlap, names: Sequence[str], segment: Segment | None) -> str:
    start = short_clock(overlap.start)
    place = f"[{start}](#{_anchor(segment)})" if segment else start
    return f"- {place}, {overlap.end - overlap.start:.1f} s: {', '.join(map(escape, names))}"


def _anchor(segment: Segment) -> str:
    return f"t{int(segment.start)}"


def _body(transcript: Transcript) -> Iterable[str]:
    """Paragraphs; the first segment within each second carries the anchor that links to that second lead to."""
    placed: set[str] = set()
    for paragraph in paragraphs(transcript):
        yield from map(_event, paragraph.events)
        if paragraph.chapter:
            yield f"### {escape(paragraph.chapter.title)}"
        if paragraph.gist:
            yield f"> *In short:* {sentences(transcript, paragraph.gist)}"
        texts = []
        for segment in paragraph.segments:
            anchor = _anchor(segment)
            texts.append(("" if anchor in placed else f'<a id="{anchor}"></a>') + escape(segment.text))
            placed.add(anchor)
        name = f"**{escape(paragraph.name)}** " if paragraph.name else ""
        yield f"{name}\\[{short_clock(paragraph.start)}\\] {gap(transcript.language).join(texts)}"
    yield from map(_event, last_events(transcript))


def _event(event: Event) -> str:
    return f"*{escape(told(event))}*"
