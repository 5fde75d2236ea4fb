"""Leaving out what was heard where the truth says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from earwitness.evaluation.truth import Truth, of_transcript
from earwitness.types import Region, Seconds, Segment, Transcript


def outside(said: Truth, spans: Sequence[Region]) -> Truth:
    """A hypothesis without the words whose middle lies in `spans`; of one without times, all of it."""
    if not spans:
        return said
    if said.transcript is not None:
        return of_transcript(_cut(said.transcript, spans), name=said.name)
    if said.utterances is None:
        return said
    kept = tuple(line for line in said.utterances if not _within(line.start, line.end, spans))
    return replace(said, utterances=kept, text=" ".join(line.text for line in kept))


def _cut(transcript: Transcript, spans: Sequence[Region]) -> Transcript:
    cut = (_without(segment, spans) for segment in transcript.segments)
    return replace(transcript, segments=tuple(segment for segment in cut if segment))


def _without(segment: Segment, spans: Sequence[Region]) -> Segment | None:
    if not segment.words:
        return None if _within(segment.start, segment.end, spans) else segment
    words = tuple(word for word in segment.words if not _within(word.start, word.end, spans))
    if len(words) == len(segment.words):
        return segment
    text = "".join(word.word for word in words).strip()
    return replace(segment, words=words, text=text, start=words[0].start, end=words[-1].end) if words else None


def _within(start: Seconds | None, end: Seconds | None, spans: Sequence[Region]) -> bool:
    if start is None or end is None:
        return False
    middle = (start + end) / 2
    return any(span.start <= middle < span.end for span in spans)
