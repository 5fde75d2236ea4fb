"""RTTM, the diarization format of NIST's Rich Transcription evaluations: who speaks when.

Ten fields a line: `SPEAKER file 1 onset duration <NA> <NA> name <NA> <NA>`, seconds to the millisecond.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from earwitness.exports.reading import clean, encode, timed_words, title
from earwitness.types import Region, Segment, Transcript
from earwitness.units import to_milliseconds

RUN_PAUSE_S = 0.5
"""A longer pause ends a run: the tolerance to pauses that RTTM references are made with varies about this."""

# Readers split at white space, take ";" for a comment and quotes for quoting.
_UNSAFE = re.compile(r"[\s;\"']+")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Names that table readers take for a missing value."""


def write(transcript: Transcript) -> bytes:
    """One line a run of a speaker's words, in the order of time; segments without a speaker are left out."""
    names = _names(transcript)
    runs = sorted(
        ((run, names[speaker]) for speaker in names for run in _runs(transcript, speaker)),
        key=lambda named: (named[0].start, named[1]),
    )
    uri = _token(title(transcript))
    lines = (
        f"SPEAKER {uri} 1 {run.start:.3f} {run.duration:.3f} <NA> <NA> {name} <NA> <NA>\n"
        for run, name in runs
        if to_milliseconds(run.duration) > 0
    )
    return encode("".join(lines))


def _names(transcript: Transcript) -> dict[str, str]:
    """Label -> name without white space; where two speakers share a name, their labels tell them apart."""
    labels = dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker is not None)
    names = {label: _token(transcript.name_of(label) or label) for label in labels}
    shared = Counter(names.values())
    return {label: name if shared[name] == 1 else _token(f"{name}_{label}") for label, name in names.items()}


def _runs(transcript: Transcript, speaker: str) -> list[Region]:
    spans: list[tuple[float, float]] = sorted(
        span
        for segment in transcript.segments
        if segment.speaker == speaker
        for span in _spans(segment, transcript.language)
    )
    cuts = [i for i, (before, after) in enumerate(pairwise(spans), 1) if after[0] - before[1] > RUN_PAUSE_S]
    edges = [0, *cuts, len(spans)] if spans else []
    return [Region(spans[a][0], max(end for _, end in spans[a:b])) for a, b in pairwise(edges)]


def _spans(segment: Segment, language: str) -> list[tuple[float, float]]:
    return [(word.start, word.end) for word in timed_words(segment, language)]


def _token(text: str) -> str:
    token = _UNSAFE.sub("_", clean(text))
    return f"{token}_" if token.strip("<>#").casefold() in _MISSING else token
