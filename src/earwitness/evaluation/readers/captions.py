"""Subtitles: SubRip, WebVTT with its voices, and Whisper's TSV."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from earwitness.errors import TranscriptError
from earwitness.evaluation.readers.checks import span
from earwitness.evaluation.readers.names import named
from earwitness.evaluation.truth import Truth, Utterance, of_utterances
from earwitness.extras import require
from earwitness.types import Seconds
from earwitness.units import MILLISECONDS_PER_SECOND

Cue = tuple[Seconds, Seconds, str]

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def read_srt(text: str, name: str) -> Truth:
    """Cues; where the first begins with `Name: `, such a beginning says who speaks from there on."""
    cues = list(_cues(text, "srt"))
    if text.strip() and not cues:
        raise TranscriptError("has no cue, so it is no SubRip file")
    return of_utterances(name, _named(cues))


def read_vtt(text: str, name: str) -> Truth:
    """Cues; `<v Name>` says who speaks, and where no cue has a voice, `Name: ` does."""
    if text.strip() and not text.startswith("WEBVTT"):
        raise TranscriptError("does not begin with WEBVTT, so it is no WebVTT file")
    cues = list(_cues(text, "vtt"))
    if not any(_VOICE.search(said) for *_, said in cues):
        return of_utterances(name, _named(cues))
    return of_utterances(name, [said for cue in cues for said in _voiced(cue)])


def read_tsv(text: str, name: str) -> Truth:
    """Whisper's: a line of `start`, `end` (milliseconds) and `text`, parted by tabs, below a line that says so."""
    head, *lines = text.strip("\n").split("\n")
    if head.strip() and head.split() != ["start", "end", "text"]:
        raise TranscriptError("does not begin with start, end, text, so it is no TSV of Whisper's")
    utterances = []
    for number, line in enumerate(lines, 2):
        start, end, *said = line.split("\t")[:3] if line.count("\t") > 1 else (None, None, "")
        times = span(start, end, f"line {number}")
        utterances.append(
            Utterance(said[0].strip(), None, *(milliseconds / MILLISECONDS_PER_SECOND for milliseconds in times))
        )
    return of_utterances(name, utterances)


def _cues(text: str, kind: str) -> Iterator[Cue]:
    # With the tags kept, voices are; a blank line ends a cue, and what follows is the next one's name.
    events = require("pysubs2").SSAFile.from_string(text, format_=kind, keep_html_tags=True)
    for number, event in enumerate(events, 1):
        start, end = (milliseconds / MILLISECONDS_PER_SECOND for milliseconds in (event.start, event.end))
        said = event.text.split(r"\N\N")[0].replace(r"\N", " ")
        yield *span(start, end, f"cue {number}"), said


def _named(cues: list[Cue]) -> list[Utterance]:
    texts = [_plain(said) for *_, said in cues]
    first = next((text for text in texts if text), "")
    if not named(first)[0]:
        return [Utterance(text, None, start, end) for text, (start, end, _) in zip(texts, cues, strict=True) if text]
    utterances: list[Utterance] = []
    speaker = None
    for text, (start, end, _) in zip(texts, cues, strict=True):
        found, said = named(text)
        speaker = found or speaker
        if said:
            utterances.append(Utterance(said, speaker, start, end))
    return utterances


def _voiced(cue: Cue) -> Iterator[Utterance]:
    start, end, said = cue
    before, *voices = _VOICE.split(said)
    pieces = [(None, before), *zip(voices[::2], voices[1::2], strict=True)]
    for speaker, piece in pieces:
        if text := _plain(piece):
            yield Utterance(text, html.unescape(speaker).strip() or None if speaker else None, start, end)


def _plain(said: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", said)).split())
