"""What is heard where nobody speaks: silence, noise or music.

Loud enough to be heard and its spectrum standing still for a quarter of a second: that is music. The fine structure of
a spectrum (its peaks, without its slope) is compared with itself a moment later. Tones of instruments stay where they
are, while noise of whatever colour draws new peaks each time. A machine's hum stays too, but for seconds on end.

So singing birds and crowing cocks are noise as they should be, a chainsaw at constant speed may be music, and drums
without any tone are noise. Figures: docs/benchmarks.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from earwitness.coverage import joined
from earwitness.mapped import release
from earwitness.types import Audio, Coverage, Region, Seconds
from earwitness.units import SAMPLE_RATE_HZ, rounded, to_samples

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

PIECE_S = 3.0
CONTEXT_S = 4.0
"""Sounds are judged in pieces of this length at most, together with others so near."""
MOMENT_CONTEXT_S = 120.0
"""A moment is too short to tell, so it goes with the nearest that can be told, as music lasts."""
FRAME, HOP = 1024, 512
BINS = slice(4, 384)
"""64 ms of sound at 16 kHz every 32 ms, and its spectrum from 62 Hz to 6 kHz."""
SLOPE_BINS = 15
"""What is left of a spectrum without its mean over so many bins (234 Hz) is its fine structure."""
LAG, LONG_LAG = 8, 31
"""A quarter of a second and a whole one, in hops."""
SHORTEST_S = (FRAME + LAG * HOP) / SAMPLE_RATE_HZ
"""The shortest sound of which all that can be said."""
FLOOR = 1e-6
"""Weaker than the strongest by this factor (120 dB) is nothing; so peaks and troughs are bounded (nepers)."""
DEPTH = (-1.5, 3.0)
MUSIC_STEADINESS = 0.13
MUSIC_RELIEF = 0.62
"""The correlation over a quarter of a second, and how far the fine structure stands out (standard deviation, nepers;
that of noise is 0.57): from here on it is music. Fitted to 15 pieces of music and 78 recordings of other sounds."""
HUM_STILLNESS = 0.85
"""What has not changed in a whole second by more than this correlation is no music but a machine."""


@dataclass(frozen=True)
class Texture:
    """How a sound's fine structure stays over a quarter of a second and a whole one (correlations, -1 to 1; 0 where the
    sound is too short), and how far it stands out (nepers)."""

    steadiness: float
    stillness: float
    relief: float

    @property
    def is_music(self) -> bool:
        return (
            self.steadiness >= MUSIC_STEADINESS and self.relief >= MUSIC_RELIEF and self.stillness < HUM_STILLNESS
        )  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    start: Seconds
    end: Seconds
    texture: Texture

    @property
    def middle(self) -> Seconds:
        return (self.start + self.end) / 2


def listen(audio: Audio, speech: Sequence[Region]) -> tuple[Coverage, ...]:
    """The spans of `music` and `noise` outside of speech, in order of time; what lies between them is silence.

    Args:
        audio: at 16 kHz; read in blocks.
        speech: sorted and disjoint.

    >>> import numpy as np
    >>> rain = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    >>> [(span.start, span.end, span.kind) for span in listen(Audio(rain), [Region(0.0, 1.0)])]
    [(1.0, 3.0, 'noise')]
    """
    quiet_db = _silence_db(audio, speech)
    pieces: list[_Piece] = []
    for gap in _gaps(speech, audio.duration):
        for sound in _audible(audio, gap, quiet_db):
            pieces += _pieces(audio, sound)
    return joined(_judged(pieces))


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


def _pieces(audio: Audio, sound: Region) -> Iterator[_Piece]:
    edges = np.linspace(sound.start, sound.end, int(np.ceil(sound.duration / PIECE_S - 1e-9)) + 1)
    for start, end in pairwise(map(float, edges)):
        yield _Piece(start, end, texture(audio.between(start, end)))
        release(audio.samples)


def texture(samples: FloatArray) -> Texture:
    """What a sound is like: medians over it, float32 (n,) at 16 kHz.

    >>> texture(np.zeros(1000, np.float32))
    Texture(steadiness=0.0, stillness=0.0, relief=0.0)
    """
    if len(samples) < FRAME:
        return Texture(0.0, 0.0, 0.0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP] * np.hanning(FRAME).astype(np.float32)
    spectra = np.abs(np.fft.rfft(frames, axis=1))[:, BINS]
    levels = np.log(spectra + FLOOR * float(spectra.max()) + 1e-9)
    sums = np.cumsum(np.pad(levels, ((0, 0), (SLOPE_BINS // 2 + 1, SLOPE_BINS // 2)), "edge"), axis=1)
    slope = (sums[:, SLOPE_BINS:] - sums[:, :-SLOPE_BINS]) / SLOPE_BINS
    fine = np.clip(levels - slope, *DEPTH)
    fine -= fine.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(fine, axis=1)
    fine /= np.maximum(lengths, 1e-9)[:, np.newaxis]
    relief = float(np.median(lengths)) / float(np.sqrt(fine.shape[1]))
    return Texture(_correlation(fine, LAG), _correlation(fine, LONG_LAG), relief)


def _correlation(rows: FloatArray, lag: int) -> float:
    """The median one between rows so far apart, each of length one."""
    return float(np.median((rows[:-lag] * rows[lag:]).sum(axis=1))) if len(rows) > lag else 0.0


def _judged(pieces: Sequence[_Piece]) -> Iterator[Coverage]:
    """What each piece is, by what is heard in it and around it; a moment is what the nearest longer piece is."""
    told = [piece for piece in pieces if piece.end - piece.start > SHORTEST_S]
    middles = [piece.middle for piece in told]
    are_music = [_is_music(told[slice(*_near(middles, piece.middle, CONTEXT_S))]) for piece in told]
    for piece in pieces:
        first, last = _near(middles, piece.middle, MOMENT_CONTEXT_S)
        nearest = min(range(first, last), key=lambda at: abs(middles[at] - piece.middle), default=None)
        is_music = nearest is not None and are_music[nearest]
        yield Coverage(rounded(piece.start), rounded(piece.end), "music" if is_music else "noise")


def _near(middles: Sequence[Seconds], time: Seconds, within_s: Seconds) -> tuple[int, int]:
    return bisect_left(middles, time - within_s), bisect_right(middles, time + within_s)


def _is_music(pieces: Sequence[_Piece]) -> bool:
    rows = [(piece.texture.steadiness, piece.texture.stillness, piece.texture.relief) for piece in pieces]
    mean = np.average(rows, axis=0, weights=[piece.end - piece.start for piece in pieces])
    return Texture(*map(float, mean)).is_music
