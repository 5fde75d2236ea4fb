"""Phrases that are none of the known voices': somebody who says a word or two in the whole recording.

Spans of 1.6 s do not find such a voice, and no clustering of them does. So every short phrase between two pauses is
asked whether it can be of the voice that it was given to, by two measures that err in different ways: how far the mean
of its spectra lies from the means of equally long pieces of that voice, and how far its own point, of the phrase alone,
lies from the voices. A laugh or a cough is odd by one of them, as a rule, and a stranger by both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.boundaries import CEPSTRA, LEAST_VARIANCE, Pieces
from earwitness.engines.base import VoiceEmbedder
from earwitness.types import Audio, Region

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

PAUSE_S = 0.12
"""What parts two phrases."""
SHORTEST_S, LONGEST_S = 0.55, 2.5
"""Shorter phrases say too little; longer ones are for the clustering."""
ODD, MOST_ODD = 30.0, 60.0
"""From how many squared deviations on spectra are odd, and what counts for no more: their mean is 19 in one voice."""
FAR = 4.0
"""From how many spreads a dimension on a point is far from a voice; in one voice it is 1 to 2, and seldom 4."""
STRANGE = 260.0
"""From this product of both on a phrase is a stranger's: of 59 odd ones of guests two in three have it, of 50 odd ones
of known voices none; theirs is 185 at most."""
KNOWN_FRAMES = 30_000
"""As many of a voice's frames, ten minutes, are looked at."""
ALIKE_FRAMES = 8
"""So many neighbouring frames say as much as one would alone."""
ASSUMED = 20
"""The covariance that would follow from that counts like so many measured pieces."""
ROUNDED = 10
"""Lengths are equal up to so many frames."""


@dataclass(frozen=True)
class _Phrase:
    """Speech without a pause: its first piece, the one after its last, and seconds."""

    first: int
    end: int
    span: Region


def strangers(
    audio: Audio, pieces: Pieces, labels: IntArray, embedder: VoiceEmbedder, voices: FloatArray, spread: float
) -> Any:
    """Which pieces belong to phrases that are nobody's: bool, shape (pieces,).

    Where one phrase surely is a stranger's, so are other odd ones that lie nearer to it than to any voice.

    Args:
        labels: the voice that each piece was given to, shape (pieces,).
        voices: their mean points, shape (voices, d).
        spread: the variance a dimension of one voice.
    """
    found = np.zeros(len(labels), bool)
    odd = list(_odd(audio, pieces, labels, embedder, voices, spread))
    surely = [phrase for phrase in odd if phrase.strangeness >= STRANGE]
    if surely:
        stranger = np.mean([phrase.point for phrase in surely], axis=0)
        for phrase in odd:
            if ((phrase.point - stranger) ** 2).mean() < phrase.distance * spread:
                found[phrase.first : phrase.end] = True
    return found


@dataclass(frozen=True)
class _Odd:
    """A phrase that is far from all voices: its pieces, its point (d,), and how far that is, in spreads a dimension."""

    first: int
    end: int
    point: FloatArray
    distance: float
    strangeness: float


def _odd(
    audio: Audio, pieces: Pieces, labels: IntArray, embedder: VoiceEmbedder, voices: FloatArray, spread: float
) -> Iterator[_Odd]:
    edges = np.append(pieces.first, len(pieces.times))
    known = [_Known.of(pieces, labels == voice) for voice in np.unique(labels[pieces.spoken])]
    for phrase in _phrases(pieces):
        frames = slice(edges[phrase.first], edges[phrase.end])
        spectra = pieces.spectra[frames][pieces.speech[frames]]
        oddity = min(voice.oddity(spectra) for voice in known)
        if oddity < ODD:
            continue
        point = embedder.embed(audio.samples, [phrase.span])[0]
        distance = float(((voices - point) ** 2).mean(axis=1).min()) / spread
        if distance >= FAR:
            yield _Odd(phrase.first, phrase.end, point, distance, distance * min(oddity, MOST_ODD))


def _phrases(pieces: Pieces) -> Iterator[_Phrase]:
    """Those of `SHORTEST_S` to `LONGEST_S`, in order of time."""
    spoken = np.flatnonzero(pieces.spoken)
    pauses = pieces.starts[spoken[1:]] - pieces.ends[spoken[:-1]]
    for run in np.split(spoken, np.flatnonzero(pauses >= PAUSE_S) + 1):
        start, end = float(pieces.starts[run[0]]), float(pieces.ends[run[-1]])
        if SHORTEST_S <= end - start <= LONGEST_S:
            yield _Phrase(int(run[0]), int(run[-1]) + 1, Region(start, end))


@dataclass
class _Known:
    """The first `KNOWN_FRAMES` of a voice: their mean, their covariance, and the sums of all up to each."""

    mean: Any
    covariance: Any
    sums: Any
    inverses: dict[int, Any]

    @classmethod
    def of(cls, pieces: Pieces, own: Any) -> _Known:
        frames = np.flatnonzero(pieces.speech & pieces.on_frames(own))[:KNOWN_FRAMES]
        spectra = pieces.spectra[frames].astype(np.float64)
        mean = spectra.mean(axis=0)
        sums = np.vstack([np.zeros(CEPSTRA), np.cumsum(spectra - mean, axis=0)])
        return cls(mean, np.cov(spectra.T, bias=True), sums, {})

    def oddity(self, spectra: FloatArray) -> float:
        """Squared Mahalanobis distance of the mean of these frames among means of as many frames of the voice."""
        length = max(ROUNDED, len(spectra) // ROUNDED * ROUNDED)
        if length not in self.inverses:
            means = (self.sums[length:] - self.sums[:-length])[:: length // 3] / length
            measured = np.cov(means.T, bias=True) * len(means) if len(means) > 1 else np.zeros(self.covariance.shape)
            assumed = self.covariance * ALIKE_FRAMES / length
            covariance = (measured + ASSUMED * assumed) / (len(means) + ASSUMED)
            self.inverses[length] = np.linalg.inv(covariance + LEAST_VARIANCE / length * np.eye(CEPSTRA))
        away = spectra.mean(axis=0) - self.mean
        return float(away @ self.inverses[length] @ away)
