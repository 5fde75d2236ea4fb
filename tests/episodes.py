"""Whole transcripts of made-up conversations, with chapters, turns and speakers, as the pipeline would make them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from conversations import INTERVIEW, ISLAND, OCTOPUS, say
from earwitness.chapters import chapters
from earwitness.options import ChapterOptions
from earwitness.segments import speakers, turns
from earwitness.types import EngineInfo, Segment, SourceInfo, Transcript

LONG_S = 5 * 3600.0


def transcript_of(segments: tuple[Segment, ...], language: str = "en") -> Transcript:
    end = max((item.end for item in segments), default=1.0)
    return Transcript(
        SourceInfo("episode.mp3", "e" * 64, end + 1),
        EngineInfo("fake", "fake-1", "builtin", "extractive", {"earwitness": "0.1.0"}),
        language,
        segments,
        turns(segments),
        tuple(replace(known, name=known.id) for known in speakers(segments)),
        chapters(segments, ChapterOptions(), language),
    )


def episode(script: str = INTERVIEW, language: str = "en") -> Transcript:
    """A conversation of a few minutes."""
    return transcript_of(say(script, language=language)[0], language)


@cache
def five_hours() -> Transcript:
    """The conversations over and over, each sentence with the number of its round, so that no two are alike."""
    held: list[Segment] = []
    start, number = 0.0, 0
    while start < LONG_S:
        script = (INTERVIEW, ISLAND, OCTOPUS)[number % 3]
        segments, _ = say(script)
        for item in segments:
            words = tuple(replace(word, start=word.start + start, end=word.end + start) for word in item.words)
            text = f"In part {number}, {item.text}"
            held.append(
                replace(item, id=len(held), start=item.start + start, end=item.end + start, words=words, text=text)
            )
        start, number = held[-1].end + 2.0, number + 1
    return transcript_of(tuple(held))
