"""What is true of a podcast: its transcript, from the words that were spoken and when."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

from earwitness.coverage import coverage
from earwitness.options import SegmentOptions
from earwitness.segments import segment, speakers
from earwitness.types import (
    Chapter,
    Coverage,
    EngineInfo,
    Region,
    Seconds,
    Segment,
    SourceInfo,
    Transcript,
    Turn,
    Word,
)  # fmt: skip

WHOLE_SENTENCES = SegmentOptions(max_pause_s=inf, max_segment_s=inf)


def transcript_of(
    said: Sequence[Sequence[Word]],
    source: SourceInfo,
    engine: EngineInfo,
    *,
    languages: Mapping[str, str],
    chapters: Sequence[tuple[Seconds, str]] = (),
    music: Sequence[Region] = (),
) -> Transcript:
    """The transcript of a recording of which everything is known.

    Args:
        said: the words of each turn, one at least, with times and their speaker; turns in the order of their beginning.
        languages: what each speaker speaks, ISO 639-1; that of most words is the transcript's.
        chapters: where each begins, and its title; a chapter lasts until the next one.
        music: where it plays.

    >>> hello = Word(" Hello!", 1.0, 1.4, 1.0, "Ann")
    >>> source, engine = SourceInfo("greeting", "", 2.0), EngineInfo("espeak-ng", "en-us", None, None)
    >>> told = transcript_of([[hello]], source, engine, languages={"Ann": "en"})
    >>> [(span.start, span.end, span.kind) for span in told.coverage]
    [(0.0, 1.0, 'silence'), (1.0, 1.4, 'transcribed'), (1.4, 2.0, 'silence')]
    """
    lines, turns = _lines_and_turns(said, languages)
    words = [word for turn in said for word in turn]
    spoken = Counter(languages[str(word.speaker)] for word in words)
    speech = [Region(turn.start, turn.end) for turn in turns]
    return Transcript(
        source=source,
        engine=engine,
        language=spoken.most_common(1)[0][0],
        segments=lines,
        turns=turns,
        speakers=tuple(replace(speaker, name=speaker.id) for speaker in speakers(lines)),
        chapters=_chapters(chapters, lines, source.duration),
        coverage=coverage(
            source.duration, speech, words, sounds=[Coverage(span.start, span.end, "music") for span in music]
        ),
    )


def _lines_and_turns(
    said: Sequence[Sequence[Word]], languages: Mapping[str, str]
) -> tuple[tuple[Segment, ...], tuple[Turn, ...]]:
    """Sentences in the order of their beginning, which those of different turns share where they overlap; and turns."""
    sentences = [
        (sentence, turn)
        for turn, words in enumerate(said)
        for sentence in segment(words, (), languages[str(words[0].speaker)], WHOLE_SENTENCES)
    ]
    sentences.sort(key=lambda placed: (placed[0].start, placed[1]))
    ids: list[list[int]] = [[] for _ in said]
    for number, (_, turn) in enumerate(sentences):
        ids[turn].append(number)
    return (
        tuple(replace(sentence, id=number) for number, (sentence, _) in enumerate(sentences)),
        tuple(
            Turn(words[0].start, words[-1].end, words[0].speaker, number, tuple(ids[number]))
            for number, words in enumerate(said)
        ),
    )


def _chapters(
    openings: Sequence[tuple[Seconds, str]], lines: Sequence[Segment], duration: Seconds
) -> tuple[Chapter, ...]:
    starts = [line.start for line in lines]
    edges = [*(start for start, _ in openings), duration]
    return tuple(
        Chapter(number, start, end, title, tuple(range(bisect_left(starts, start), bisect_left(starts, end))))
        for number, ((start, title), end) in enumerate(zip(openings, edges[1:], strict=True))
    )
