"""What is heard where nobody speaks: silence, noise or music.

Loud enough to be heard, and music by the judgement of a classifier over some seconds of it: that is music, and the rest
of what can be heard is noise. Figures: docs/sounds.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.base import SoundClassifier
from earwitness.errors import ModelError
from earwitness.mapped import release
from earwitness.sound_labels import EVENTS, JINGLE, MUSIC, NOISE, meaning, meanings
from earwitness.types import Audio, Coverage, Event, Region, Seconds
from earwitness.units import rounded, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

STEP_S = 0.1
BLOCK_S = 60.0
"""Loudness is taken over steps of this length, in blocks of that."""
SILENT_DB = -55.0
SPEECH_TO_SILENCE_DB = 30.0
SILENT_DB_RANGE = (-70.0, -45.0)
"""Silence is softer than this, or than the recording's speech by that, within a range (RMS, dB of full scale)."""
MIN_SILENCE_S, MIN_SOUND_S = 0.5, 0.2
"""Shorter silence between sounds belongs to them, and a shorter sound is a click in the silence."""

PIECE_S, CONTEXT_S = 3.0, 4.0
"""Sounds are judged in pieces of this length at most, together with others so near."""
SHORTEST_S = 0.4
"""What is shorter cannot be told by itself."""
MOMENT_CONTEXT_S = 120.0
"""So it goes with the nearest that can be told, as music lasts."""
CHANCE = 0.5
"""From this probability on it is music, or an event by itself."""


@dataclass(frozen=True)
class _Piece:
    start: Seconds
    end: Seconds
    music: float
    """The probability of music against noise."""
    event: str | None
    """What is heard by itself, one of `EVENTS`; `score` is how sure that is."""
    score: float

    @property
    def middle(self) -> Seconds:
        return (self.start + self.end) / 2

    @property
    def length(self) -> Seconds:
        return self.end - self.start


def listen(audio: Audio, speech: Sequence[Region], classifier: SoundClassifier) -> tuple[Event, ...]:
    """What is heard outside of speech, in order of time; what lies between is silence.

    The labels are `music` and `noise`, and of noise `applause`, `cheering` and `laughter` where the classifier has
    labels for them.

    Args:
        audio: at 16 kHz; read in blocks.
        speech: sorted and disjoint.
        classifier: tells music, by labels that `earwitness.sound_labels` knows, and hears 16 kHz.

    Raises:
        ModelError: the classifier cannot be had or run, does not tell music, or hears another rate.

    >>> import numpy as np
    >>> from earwitness.engines import sound_classifier
    >>> rain = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    >>> heard = listen(Audio(rain), [Region(0.0, 1.0)], sound_classifier())
    >>> [(event.start, event.end, event.label) for event in heard]
    [(1.0, 3.0, 'noise')]
    """
    _require_music(classifier, audio.sample_rate)
    quiet_db = _silence_db(audio, speech)
    pieces: list[_Piece] = []
    for gap in _gaps(speech, audio.duration):
        for sound in _audible(audio, gap, quiet_db):
            pieces += _pieces(audio, sound, classifier)
    return _joined(_judged(pieces))


def spans(heard: Sequence[Event]) -> tuple[Coverage, ...]:
    """The same for the ledger."""
    return tuple(Coverage(event.start, event.end, "music" if event.label == MUSIC else "noise") for event in heard)


def _require_music(classifier: SoundClassifier, sample_rate: int) -> None:
    if not {JINGLE, MUSIC} & set(map(meaning, classifier.labels)):
        raise ModelError(
            f"{classifier.model}: its labels ({', '.join(classifier.labels[:5])}, ...) tell no music; give "
            "--sound-model builtin, or a checkpoint trained on AudioSet"
        )
    if classifier.sample_rate != sample_rate:
        raise ModelError(
            f"{classifier.model} hears {classifier.sample_rate} Hz and recordings are decoded at {sample_rate} Hz; "
            "give --sound-model builtin, or another checkpoint"
        )


def _silence_db(audio: Audio, speech: Sequence[Region]) -> float:
    """How soft silence is in this recording."""
    power, count = 0.0, 0
    for region in speech:
        samples = audio.between(region.start, region.end)
        power += float(np.square(samples, dtype=np.float32).sum())
        count += len(samples)
        release(audio.samples)
    if not power:
        return SILENT_DB
    low, high = SILENT_DB_RANGE
    return min(max(10 * float(np.log10(power / count)) - SPEECH_TO_SILENCE_DB, low), high)


def _gaps(speech: Sequence[Region], duration: Seconds) -> Iterator[Region]:
    edges = [0.0, *(edge for region in speech for edge in (region.start, region.end)), duration]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end > start:
            yield Region(start, end)


def _audible(audio: Audio, gap: Region, quiet_db: float) -> Iterator[Region]:
    """The parts of a gap that are no silence."""
    loud = np.concatenate([_power(audio, block) for block in _blocks(gap)]) > 10 ** (quiet_db / 10)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    runs: list[tuple[Seconds, Seconds]] = []
    for first, last in zip(edges[::2] * STEP_S, edges[1::2] * STEP_S, strict=True):
        begin = runs.pop()[0] if runs and first - runs[-1][1] < MIN_SILENCE_S else first
        runs.append((begin, last))
    for first, last in runs:
        if last - first >= MIN_SOUND_S - 1e-9:
            yield Region(gap.start + float(first), min(gap.start + float(last), gap.end))


def _blocks(span: Region) -> Iterator[Region]:
    count = max(1, int(np.ceil(span.duration / BLOCK_S)))
    # Each but the last is a whole number of steps long.
    for index in range(count):
        yield Region(span.start + index * BLOCK_S, min(span.start + (index + 1) * BLOCK_S, span.end))


def _power(audio: Audio, span: Region) -> FloatArray:
    """The mean square of each step; what is left after the last one is a step, too."""
    samples = audio.between(span.start, span.end)
    starts = np.arange(0, max(1, len(samples)), to_samples(STEP_S, audio.sample_rate))
    if not len(samples):
        return np.zeros(1, np.float32)
    sums = np.add.reduceat(np.square(samples, dtype=np.float32), starts)
    release(audio.samples)
    return np.asarray(sums / np.diff([*starts, len(samples)]), np.float32)


def _pieces(audio: Audio, sound: Region, classifier: SoundClassifier) -> Iterator[_Piece]:
    longest_s = min(PIECE_S, classifier.window_s)
    edges = np.linspace(sound.start, sound.end, int(np.ceil(sound.duration / longest_s - 1e-9)) + 1)
    for start, end in pairwise(map(float, edges)):
        chances = meanings(classifier.classify([audio.between(start, end)])[0], classifier.labels, classifier.exclusive)
        event = max(EVENTS, key=lambda name: chances[name])
        named = end - start > SHORTEST_S and chances[event] >= max(CHANCE, chances[MUSIC])
        yield _Piece(start, end, chances[MUSIC], event if named else None, chances[event])
        release(audio.samples)


def _judged(pieces: Sequence[_Piece]) -> Iterator[Event]:
    """What each piece is, by what is heard in it and around it; a moment is what the nearest longer piece is."""
    told = [piece for piece in pieces if piece.length > SHORTEST_S and not piece.event]
    middles = [piece.middle for piece in told]
    chances = [_together(told[slice(*_near(middles, piece.middle, CONTEXT_S))]) for piece in told]
    for piece in pieces:
        first, last = _near(middles, piece.middle, MOMENT_CONTEXT_S)
        nearest = min(range(first, last), key=lambda at: abs(middles[at] - piece.middle), default=None)
        music = 0.0 if nearest is None else chances[nearest]
        label, score = (MUSIC, music) if music >= CHANCE else (NOISE, 1 - music)
        if piece.event:
            label, score = piece.event, piece.score
        yield Event(rounded(piece.start), rounded(piece.end), label, score)


def _near(middles: Sequence[Seconds], time: Seconds, within_s: Seconds) -> tuple[int, int]:
    return bisect_left(middles, time - within_s), bisect_right(middles, time + within_s)


def _together(pieces: Sequence[_Piece]) -> float:
    """The mean probability of music."""
    return sum(piece.music * piece.length for piece in pieces) / sum(piece.length for piece in pieces)


def _joined(heard: Iterator[Event]) -> tuple[Event, ...]:
    """Neighbours that abut and are alike as one, with the mean of their scores."""
    found: list[list[Event]] = []
    for event in heard:
        if found and found[-1][-1].label == event.label and found[-1][-1].end == event.start:
            found[-1].append(event)
        else:
            found.append([event])
    return tuple(Event(group[0].start, group[-1].end, group[0].label, mean_score(group)) for group in found)


def mean_score(events: Sequence[Event]) -> float:
    """That of several events, each as much as it is long, to three digits."""
    total_s = sum(event.end - event.start for event in events)
    return round(sum(event.score * (event.end - event.start) for event in events) / max(total_s, 1e-9), 3)
