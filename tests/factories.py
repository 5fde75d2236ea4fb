"""Small transcripts for tests, whole and true to the contracts of `earwitness.types`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from earwitness.types import (
    Chapter,
    Coverage,
    EngineInfo,
    Segment,
    SourceInfo,
    Speaker,
    Summary,
    SummarySentence,
    Transcript,
    Turn,
    Word,
)

Line = tuple[str | None, str]
"""Who (a speaker's label, or none) says what."""

CONVERSATION: tuple[Line, ...] = (
    ("A", "Welcome to the show."),
    ("A", "Today we talk about the river and its bridge."),
    ("B", "Thank you, I am glad to be here."),
    ("A", "How old is the bridge?"),
    ("B", "It was built in 1871, and it has been mended twice since then."),
    ("A", "Goodbye."),
)
NAMES = {"A": "Ann Lee", "B": "Bob"}

WORD_S = 0.25
"""How long every word lasts."""
WORD_STEP_S = 0.3
PAUSE_S = 0.7
"""From the end of a line to the beginning of the next."""


def make_segment(id_: int, text: str, speaker: str | None = None, start: float = 0.0, **changes: Any) -> Segment:
    """A segment whose words, split at white space, last 0.25 s and begin 0.3 s apart."""
    words = tuple(
        Word(
            f" {word}",
            start + i * WORD_STEP_S,
            start + i * WORD_STEP_S + WORD_S,
            0.9,
            speaker,
            0.8 if speaker else None,
        )
        for i, word in enumerate(text.split())
    )
    end = words[-1].end if words else start
    return Segment(
        **{"id": id_, "start": start, "end": end, "text": text, "speaker": speaker, "words": words, **changes}
    )


def make_transcript(
    lines: Sequence[Line] = CONVERSATION,
    *,
    names: Mapping[str, str] = NAMES,
    chapters: Sequence[tuple[int, str]] = ((0, "Opening"), (3, "The bridge")),
    evidence: Sequence[int] = (1, 4),
    name: str = "episode one.mp3",
    start_s: float = 1.0,
    **changes: Any,
) -> Transcript:
    """A transcript with one segment a line and one turn a speaker change.

    Args:
        lines: who says what; words are split at white space.
        names: label -> name; a label that is not in it is its own name.
        chapters: the id of the first segment (its place in `lines`) and the title of each; those beyond are left out.
        evidence: ids of segments; the summary has a sentence for each, which quotes it.
        start_s: when the first line begins.
        changes: other fields of `Transcript`, as they shall be.

    >>> make_transcript().text[:20]
    'Welcome to the show.'
    """
    segments: list[Segment] = []
    start = start_s
    for i, (speaker, text) in enumerate(lines):
        segments.append(make_segment(i, text, speaker, start))
        start = segments[-1].end + PAUSE_S
    duration = segments[-1].end + 1.0 if segments else 2.0
    content: dict[str, Any] = {
        "source": SourceInfo(name, "0" * 64, duration),
        "engine": EngineInfo("fake", "fake-1", "builtin", "extractive", {"earwitness": "0.1.0"}),
        "language": "en",
        "segments": tuple(segments),
        "turns": _turns(segments),
        "speakers": _speakers(segments, names),
        "chapters": _chapters(segments, chapters, duration),
        "summary": _summary(segments, evidence),
        "keywords": ("river", "bridge") if segments else (),
        "coverage": _coverage(segments, duration),
        "timings": {"audio": 0.1, "words": 1.5},
    }
    return Transcript(**{**content, **changes})


def _turns(segments: Sequence[Segment]) -> tuple[Turn, ...]:
    grouped = [list(group) for _, group in groupby(segments, key=lambda segment: segment.speaker)]
    return tuple(
        Turn(group[0].start, group[-1].end, group[0].speaker, i, tuple(segment.id for segment in group))
        for i, group in enumerate(grouped)
    )


def _speakers(segments: Sequence[Segment], names: Mapping[str, str]) -> tuple[Speaker, ...]:
    seconds: dict[str, float] = {}
    for segment in segments:
        if segment.speaker is not None:
            seconds[segment.speaker] = seconds.get(segment.speaker, 0.0) + segment.end - segment.start
    return tuple(Speaker(label, names.get(label, label), spoken) for label, spoken in seconds.items())


def _chapters(segments: Sequence[Segment], chapters: Sequence[tuple[int, str]], duration: float) -> tuple[Chapter, ...]:
    known = [(first, title) for first, title in chapters if first < len(segments)]
    starts = [0.0 if i == 0 else segments[first].start for i, (first, _) in enumerate(known)]
    lasts = [*(first for first, _ in known[1:]), len(segments)][: len(known)]
    return tuple(
        Chapter(
            i, starts[i], [*starts[1:], duration][i], title, tuple(range(first, last)), _summary(segments, (first,))
        )
        for i, ((first, title), last) in enumerate(zip(known, lasts, strict=True))
    )


def _summary(segments: Sequence[Segment], evidence: Sequence[int]) -> Summary | None:
    cited = [segments[i] for i in evidence if i < len(segments)]
    return Summary(tuple(SummarySentence(segment.text, (segment.id,), 1.0) for segment in cited)) if cited else None


def _coverage(segments: Sequence[Segment], duration: float) -> tuple[Coverage, ...]:
    spans: list[Coverage] = []
    at = 0.0
    for segment in segments:
        if segment.start > at:
            spans.append(Coverage(at, segment.start, "silence"))
        if segment.end > segment.start:
            spans.append(Coverage(segment.start, segment.end, "transcribed"))
        at = segment.end
    return (*spans, Coverage(at, duration, "silence"))
