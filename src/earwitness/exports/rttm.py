"""RTTM, the diarization format of NIST's Rich Transcription evaluations: who speaks when.

Ten fields a line: `SPEAKER file 1 onset duration <NA> <NA> name <NA> <NA>`, seconds to the millisecond.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from earwitness.exports.reading import clean, encode, recording, timed_words
from earwitness.types import Region, Segment, Transcript, Turn
from earwitness.units import to_milliseconds

RUN_PAUSE_S = 0.5
"""A longer pause ends a run: the tolerance to pauses that RTTM references are made with varies about this."""

# Readers split at white space, take ";" for a comment and quotes for quoting.
_UNSAFE = re.compile(r"[\s;\"']+")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Names that table readers take for a missing value."""


def write(transcript: Transcript) -> bytes:
    """One line a run of a speaker's words, in the order of time; segments without a speaker are left out."""
    uri, names = _token(recording(transcript)), _names(transcript)
    lines = (
        f"SPEAKER {uri} 1 {run.start:.3f} {run.end - run.start:.3f} <NA> <NA> {names[run.speaker]} <NA> <NA>\n"
        for run in runs(transcript)
    )
    return encode("".join(lines))


def runs(transcript: Transcript) -> tuple[Turn, ...]:
    """The lines as turns of the speakers' labels; no run is shorter than half a millisecond."""
    found = (Turn(run.start, run.end, label) for label in _labels(transcript) for run in _runs(transcript, label))
    return tuple(
        sorted(
            (turn for turn in found if to_milliseconds(turn.end - turn.start) > 0),
            key=lambda turn: (turn.start, str(turn.speaker)),
        )
    )


def _labels(transcript: Transcript) -> list[str]:
    return list(dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker is not None))


def _names(transcript: Transcript) -> dict[str | None, str]:
    """Label -> name without white space; where two speakers share a name, their labels tell them apart."""
    names = {label: _token(transcript.name_of(label) or label) for label in _labels(transcript)}
    shared = Counter(names.values())
    return {label: name if shared[name] == 1 else _token(f"{name}_{label}") for label, name in names.items()}


def _runs(transcript: Transcript, speaker: str) -> list[Region]:
    turns: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in transcript.turns:
        for id_ in turn.segments:
            turns[id_].append(turn)
    spans: list[tuple[float, float]] = sorted(
        span
        for segment in transcript.segments
        if segment.speaker == speaker
        for span in _spans(segment, turns[segment.id], transcript.language)
    )
    cuts = [i for i, (before, after) in enumerate(pairwise(spans), 1) if after[0] - before[1] > RUN_PAUSE_S]
    edges = [0, *cuts, len(spans)] if spans else []
    return [Region(spans[a][0], max(end for _, end in spans[a:b])) for a, b in pairwise(edges)]


def _spans(segment: Segment, turns: Sequence[Turn], language: str) -> list[tuple[float, float]]:
    """The words of a segment; of one without words, as much as its turns take up of it."""
    if segment.words:
        return [(word.start, word.end) for word in timed_words(segment, language)]
    clipped = [(max(turn.start, segment.start), min(turn.end, segment.end)) for turn in turns]
    return [(start, end) for start, end in clipped if start < end] or [(segment.start, segment.end)]


def _token(text: str) -> str:
    token = _UNSAFE.sub("_", clean(text))
    return f"{token}_" if token.strip("<>#").casefold() in _MISSING else token
