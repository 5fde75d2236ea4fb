"""A transcript as a search finds it: in passages, with the time of every word."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from itertools import groupby, zip_longest

import numpy as np

from earwitness.exports.reading import clean, gap, timed_words
from earwitness.options import EXTRACTIVE
from earwitness.types import Chapter, Seconds, Segment, Summary, Transcript

PASSAGE_S: Seconds = 60.0
"""A passage ends with the segment that makes it longer: words of two sentences are found together, but not of two
topics."""
SPEECH, CHAPTER, EPISODE = "speech", "chapter", "episode"
"""What a passage is made of: somebody's words, the title of a chapter with its summary, or those of the whole. The
summaries count only where they are in other words than the speakers'."""

SEPARATOR = "\u200b"
"""Stands between the characters of scripts written without spaces, so that each is found as a word; it has no width."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Vowels and tones above and below letters stay with their letter.
_MARKS = "".join(
    character for character in map(chr, range(0x0E00, 0x1800)) if unicodedata.category(character) in ("Mn", "Mc")
)
_BETWEEN = re.compile(rf"(?<=[{_UNSPACED}])(?=[^\s{_MARKS}])|(?<=\S)(?=[{_UNSPACED}])(?![{_MARKS}])")
_STEP_S = 0.01
_TIMES = np.dtype("<u2")


@dataclass(frozen=True)
class Passage:
    """What a search finds: its words lie between blanks and `SEPARATOR`s, and `times` has the start of each."""

    kind: str
    speaker: str | None
    start: Seconds
    text: str
    times: tuple[Seconds, ...] = ()


def passages(transcript: Transcript, title: str) -> Iterator[Passage]:
    """The passages of a transcript: its title, its chapters, and all that is said, never over a change of speaker."""
    written = transcript.engine.summarizer != EXTRACTIVE  # extracts would only be found twice
    about = [title]
    if written:
        about += [transcript.description.text if transcript.description else "", _text(transcript.summary)]
    yield Passage(EPISODE, None, 0.0, spaced(". ".join(filter(None, about))))
    for chapter in transcript.chapters:
        yield _chapter(chapter, written)
    for speaker, said in groupby(transcript.segments, key=lambda segment: segment.speaker):
        held: list[Segment] = []
        for segment in said:
            held.append(segment)
            if held[-1].end - held[0].start >= PASSAGE_S:
                yield _passage(held, speaker, transcript.language)
                held = []
        if held:
            yield _passage(held, speaker, transcript.language)


def spaced(text: str) -> str:
    """Text on one line, composed (Unicode NFC), with separators between characters of scripts without spaces.

    >>> spaced("in 東京").replace(SEPARATOR, "|")
    'in 東|京'
    """
    return _BETWEEN.sub(SEPARATOR, clean(unicodedata.normalize("NFC", text)).replace(SEPARATOR, ""))


def speaker_filter(name: str) -> str:
    """The word that stands for a speaker's name in `filters`: upper and lower case are the same name."""
    return "s" + blake2b(name.casefold().encode("utf-8", "replace"), digest_size=8).hexdigest()


def date_filters(day: date) -> tuple[str, str, str]:
    """The words that stand for a day: the year, the month and the day itself.

    >>> date_filters(date(2024, 3, 15))
    ('y2024', 'm202403', 'd20240315')
    """
    return f"y{day:%Y}", f"m{day:%Y%m}", f"d{day:%Y%m%d}"


def packed(passage: Passage) -> bytes:
    """The times of a passage's words as hundredths of a second after its start, two bytes each."""
    steps = np.round((np.array(passage.times) - passage.start) / _STEP_S)
    return np.clip(steps, 0, np.iinfo(_TIMES).max).astype(_TIMES).tobytes()


def time_at(start: Seconds, text: str, times: bytes, position: int) -> Seconds:
    """When the word at a position of a passage's text begins; the start of the passage where it has no times."""
    known = np.frombuffer(times, _TIMES)
    before = sum(text.count(separator, 0, position) for separator in (" ", SEPARATOR))
    return start + float(known[min(before, len(known) - 1)]) * _STEP_S if len(known) else start


def _text(summary: Summary | None) -> str:
    return summary.text if summary else ""


def _chapter(chapter: Chapter, written: bool) -> Passage:
    text = f"{chapter.title}. {_text(chapter.summary)}" if written and chapter.summary else chapter.title
    return Passage(CHAPTER, None, chapter.start, spaced(text))


def _passage(segments: Sequence[Segment], speaker: str | None, language: str) -> Passage:
    said, begins, starts = "", [0], [segments[0].start]
    for segment in segments:
        between = gap(language) if said else ""
        for word in timed_words(segment, language):
            text = unicodedata.normalize("NFC", word.word).replace(SEPARATOR, "")
            begins.append(len(said))
            starts.append(word.start)
            said += text if said and text[:1].isspace() else between + text.lstrip()
            between = ""
    text = _BETWEEN.sub(SEPARATOR, said)
    return Passage(SPEECH, speaker, segments[0].start, text, tuple(_times(text, begins, starts)))


def _times(text: str, begins: Sequence[int], starts: Sequence[Seconds]) -> Iterator[Seconds]:
    """The time of each unit of a text: that of the word which its first letter is in.

    Args:
        begins: where words begin in the text without its separators, each with the blank before it.
        starts: when they begin.
    """
    position = 0
    for unit, separator in zip_longest(*[iter(re.split(f"([ {SEPARATOR}])", text))] * 2, fillvalue=""):
        yield starts[bisect_right(begins, position) - 1]
        position += len(unit) + (separator == " ")
