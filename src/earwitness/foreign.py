"""Transcript files, whoever wrote them, to a whole `Transcript`: ours, Whisper's, whisperX's, Podcasting 2.0's.

Of what others wrote there is no ledger and no word of the engine, and chapters and turns are made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from earwitness import chapters, segments
from earwitness.errors import TranscriptError
from earwitness.evaluation import truth
from earwitness.evaluation.truth import Truth, Utterance
from earwitness.options import ChapterOptions
from earwitness.types import Chapter, EngineInfo, Seconds, Segment, SourceInfo, Speaker, Transcript, Turn, Word

UNKNOWN = "unknown"
_REMEDY = "give a STEM.json of ours, Whisper's, whisperX's or Podcasting 2.0's"


def read(path: Path) -> tuple[Transcript, bool]:
    """The transcript in a JSON file, and whether it is one of ours.

    Raises:
        TranscriptError: there is no such file, it is not JSON, or holds no segments with times.
    """
    if path.suffix.lower() != ".json":
        raise TranscriptError(f"{path}: not a .json file; {_REMEDY}")
    try:
        found = truth.read(path)
    except TranscriptError as error:
        # References are read by the same readers, and may be more.
        wrong = str(error).removesuffix(f"; {truth.REMEDY}")
        raise TranscriptError(wrong if "; " in wrong else f"{wrong}; {_REMEDY}") from error
    try:
        if found.transcript:
            return _whole(found.transcript), True
        return _whole(_of_others(found, path.stem)), False
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error


def _whole(transcript: Transcript) -> Transcript:
    """With turns and chapters, if it has none; those that it has must hold every segment once."""
    lines = transcript.segments
    if repeated := [number for number, count in Counter(line.id for line in lines).items() if count > 1]:
        raise TranscriptError(f"segment {repeated[0]} is there twice; give each an id of its own")
    turns = transcript.turns or segments.turns(lines)
    topics = transcript.chapters or chapters.chapters(lines, ChapterOptions(), transcript.language)
    for what, spans in (("turn", turns), ("chapter", topics)):
        _check(what, spans, lines)
    return replace(transcript, turns=turns, chapters=topics)


def _check(what: str, spans: Iterable[Turn | Chapter], lines: Sequence[Segment]) -> None:
    held = Counter(number for span in spans for number in span.segments)
    known = {line.id for line in lines}
    for number in sorted(known | set(held)):
        if number not in known:
            raise TranscriptError(f"a {what} has segment {number}, which is not there; leave it out of `segments`")
        if held[number] != 1:
            raise TranscriptError(f"segment {number} is in {held[number]} {what}s; it must be in one")


def _of_others(found: Truth, name: str) -> Transcript:
    said = sorted(_timed(found.utterances or ()), key=lambda timed: timed[:2])
    if not said:
        raise TranscriptError(f"it has no segments with times; {_REMEDY}")
    lines = tuple(
        Segment(number, start, end, text.text, text.speaker, _words(found.words or (), start, end))
        for number, (start, end, text) in enumerate(said)
    )
    seconds = Counter[str]()
    for line in lines:
        if line.speaker:
            seconds[line.speaker] += line.end - line.start  # type: ignore[assignment]
    return Transcript(
        source=SourceInfo(name, "", max(line.end for line in lines)),
        engine=EngineInfo(UNKNOWN, UNKNOWN, None, None),
        language=found.language or "und",
        segments=lines,
        speakers=tuple(Speaker(label, label, spoken) for label, spoken in seconds.items()),
    )


def _timed(said: Iterable[Utterance]) -> Iterable[tuple[Seconds, Seconds, Utterance]]:
    return ((text.start, text.end, text) for text in said if text.start is not None and text.end is not None)


def _words(words: Sequence[Word], start: Seconds, end: Seconds) -> tuple[Word, ...]:
    """The words whose middle lies in a span."""
    return tuple(word for word in words if start <= (word.start + word.end) / 2 < end)
