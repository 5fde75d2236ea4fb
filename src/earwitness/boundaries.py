"""Where voices change: speech cut into pieces, and whose each piece is, with how sure that is.

Speech is cut to 20 ms wherever its loudness dips, a few times a second: nobody begins in the middle of a vowel. Two
witnesses say whose a piece is. The embedder's spans know a voice well, but last longer than a "yes". The spectra of the
piece itself, under a Gaussian for each voice, know where it begins; the Gaussians are learned from the recording, from
what the spans alone make of it. Both, and what a change costs at each dip (little in a pause, much in running speech),
are a hidden Markov model, whose forward-backward probabilities are the answer.

Anguera et al., "Speaker diarization: a review of recent research", 2012, for resegmentation by frames; Rabiner, "A
tutorial on hidden Markov models", 1989.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.mapped import release
from earwitness.types import Audio, Region
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    Array = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.intp]

FRAME_S = 0.02
FRAME = to_samples(FRAME_S)
WINDOW = 512
"""Samples a spectrum is taken of: 32 ms."""
BANDS, CEPSTRA = 32, 19
BANDS_HZ = (60.0, 7600.0)
SILENCE = 1e-7
"""Added to the power of every band; less than the noise of 16 bits."""

SMOOTH_FRAMES = 3
"""Loudness is a mean over 60 ms: a creaky voice has gaps, too."""
PEAK_FRAMES = 41
"""A dip is as deep as the loudest moment within 0.4 s is louder."""
LONGEST_FRAMES = 20
"""Where nothing dips for so long, speech is cut all the same."""
QUIET_DB = 40.0
"""What is so far below the loud tenth of its region is no speech."""

SPANS_WEIGHT, FRAMES_WEIGHT = 0.16, 0.1
"""What a frame counts: the log likelihood of the spans about it, and its own. Below 1, as neighbours are alike."""
WORST = -20.0
"""With no more than this a frame speaks against a voice: a natural logarithm, like the costs."""
CHANGE_COST, DIP_WORTH = 4.7, 0.12
"""What a change costs where nothing dips, and how much less for each decibel of the dip."""
LEAST_COST, BORDER_COST = 0.16, 1.3
"""What it costs at the deepest dip, and between two regions."""
LEARNED_FRAMES, MEAN_FRAMES = 100.0, 20.0
"""The covariance and the mean that all voices share count for so many frames of each."""
LEAST_VARIANCE = 0.01
"""Of a cepstrum; those of speech vary by 0.1 and more."""
BLOCK_PIECES = 2_000


@dataclass(frozen=True)
class Pieces:
    """Speech cut at its dips, in order of time.

    Of the pieces, shape (n,): `starts` and `ends` of the speech in each, in seconds, infinity and its negative where
    there is none; `costs`, what a change before it costs; `first`, its first frame. Of the frames: `times`, when they
    begin, `speech`, whether they are loud enough for it, shape (frames,), and `spectra`, shape (frames, CEPSTRA).
    """

    starts: Array
    ends: Array
    costs: Array
    first: IntArray
    times: Array
    speech: Any
    spectra: FloatArray

    @property
    def spoken(self) -> Any:
        """Whether there is speech in each piece."""
        return self.starts < self.ends

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Some thousand pieces at a time, and their frames."""
        edges = np.append(self.first, len(self.times))
        for begin in range(0, len(self.first), BLOCK_PIECES):
            end = min(begin + BLOCK_PIECES, len(self.first))
            yield slice(begin, end), slice(int(edges[begin]), int(edges[end]))

    def on_frames(self, values: Any) -> Any:
        """What holds of each piece for each of its frames: (n,) to (frames,)."""
        return np.repeat(values, np.diff(np.append(self.first, len(self.times))))

    def sums(self, of_frames: Callable[[slice], Any]) -> Array:
        """Over the frames of each piece what `of_frames` gives for some frames, (frames, k): shape (n, k)."""
        return np.concatenate(
            [
                np.add.reduceat(of_frames(frames), self.first[pieces] - frames.start, axis=0, dtype=np.float64)
                for pieces, frames in self.blocks()
            ]
        )


def cut(audio: Audio, regions: Sequence[Region]) -> Pieces:
    """Cuts regions, sorted and disjoint, one at least, where they are quieter than before and after."""
    parts = []
    for region in regions:
        parts.append(_region_cut(audio, region))
        release(audio.samples)
    offsets = np.cumsum([0, *(len(part.times) for part in parts[:-1])])
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Pieces.__dataclass_fields__}
    joined["first"] += np.repeat(offsets, [len(part.first) for part in parts])
    return Pieces(**joined)


def _region_cut(audio: Audio, region: Region) -> Pieces:
    spectra, energy = _frames(audio.between(region.start, region.end))
    smooth = np.convolve(energy, np.ones(SMOOTH_FRAMES) / SMOOTH_FRAMES)[SMOOTH_FRAMES // 2 :][: len(energy)]
    loudness = 10 * np.log10(smooth + 1e-12)
    dips = 1 + np.flatnonzero((loudness[1:-1] < loudness[:-2]) & (loudness[1:-1] <= loudness[2:]))
    first = _none_too_long(np.concatenate([[0], dips, [len(energy)]]))
    around = np.pad(loudness, PEAK_FRAMES // 2, mode="edge")
    depths = np.lib.stride_tricks.sliding_window_view(around, PEAK_FRAMES)[first].max(axis=1) - loudness[first]
    costs = np.maximum(LEAST_COST, CHANGE_COST - DIP_WORTH * depths)
    costs[0] = BORDER_COST
    speech = loudness > np.percentile(loudness, 90) - QUIET_DB
    frames: Array = np.append(region.start + np.arange(len(energy), dtype=np.float64) * FRAME_S, region.end)
    times, ends = frames[:-1], frames[1:]
    return Pieces(
        # From the first frame of speech to the last one, so that turns end where their speech does.
        starts=np.minimum.reduceat(np.where(speech, times, np.inf), first),
        ends=np.maximum.reduceat(np.where(speech, ends, -np.inf), first),
        costs=costs,
        first=first,
        times=times,
        speech=speech,
        spectra=spectra,
    )


def _none_too_long(edges: IntArray) -> IntArray:
    """The first frames of pieces between these edges, cut where longer than `LONGEST_FRAMES`."""
    long = np.flatnonzero(np.diff(edges) > LONGEST_FRAMES)
    cuts = [np.arange(edges[piece] + LONGEST_FRAMES, edges[piece + 1], LONGEST_FRAMES) for piece in long]
    return np.sort(np.concatenate([edges[:-1], *cuts])).astype(np.intp)


def _mel_bands() -> FloatArray:
    """Triangles evenly over the mel scale: shape (WINDOW / 2 + 1, BANDS)."""
    low, high = (np.log1p(hertz / 700) for hertz in BANDS_HZ)
    edges = 700 * np.expm1(np.linspace(low, high, BANDS + 2))
    hertz = np.arange(WINDOW // 2 + 1)[:, None] * SAMPLE_RATE_HZ / WINDOW
    widths = np.diff(edges)
    rising, falling = (hertz - edges[:-2]) / widths[:-1], (edges[2:] - hertz) / widths[1:]
    bands: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return bands


MEL_BANDS = _mel_bands()
HANN = np.hanning(WINDOW).astype(np.float32)


def _frames(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cepstra without the loudness, (n, CEPSTRA), and mean squares, (n,), every `FRAME_S`; n is 1 at least."""
    from scipy.fft import dct, rfft

    count = max(1, round(len(samples) / FRAME))
    margin = (WINDOW - FRAME) // 2
    padded = np.zeros(count * FRAME + 2 * margin, np.float32)
    known = np.nan_to_num(samples[: count * FRAME], posinf=0.0, neginf=0.0)
    padded[margin : margin + len(known)] = known
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::FRAME]
    spectrum = rfft(windows * HANN, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    cepstra = dct(np.log(power @ MEL_BANDS + SILENCE), norm="ortho", axis=1)[:, 1 : CEPSTRA + 1]
    energy = np.square(padded[margin : margin + count * FRAME]).reshape(count, FRAME).mean(axis=1)
    return np.ascontiguousarray(cepstra), energy


def probabilities(pieces: Pieces, spans: Callable[[slice], Any]) -> Array:
    """Whose each piece is: shape (pieces, voices), rows that sum to 1.

    Args:
        pieces: n of them.
        spans: of frames the natural log likelihoods of the voices by the spans about them: shape (frames, voices).
    """
    by_spans = SPANS_WEIGHT * pieces.sums(spans)
    if by_spans.shape[1] == 1:
        return np.ones(by_spans.shape)
    labels = _forward_backward(by_spans, pieces.costs).argmax(axis=1)
    voices = _learned(pieces, labels, by_spans.shape[1])

    def by_frames(frames: slice) -> Any:
        likely = np.stack([voice.log_likelihoods(pieces.spectra[frames]) for voice in voices], axis=1)
        return pieces.speech[frames, None] * np.maximum(WORST, likely - likely.max(axis=1, keepdims=True))

    return _forward_backward(by_spans + FRAMES_WEIGHT * pieces.sums(by_frames), pieces.costs)


@dataclass(frozen=True)
class _Gaussian:
    """`mean` of shape (CEPSTRA,); `whitener`, shape (CEPSTRA, CEPSTRA), makes the covariance that of noise."""

    mean: FloatArray
    whitener: FloatArray
    constant: float

    @classmethod
    def of(cls, mean: Array, covariance: Array) -> _Gaussian:
        whitener = np.linalg.inv(np.linalg.cholesky(covariance)).T
        constant = float(np.log(np.diag(whitener)).sum())
        return cls(mean.astype(np.float32), whitener.astype(np.float32), constant)

    def log_likelihoods(self, spectra: FloatArray) -> FloatArray:
        """Less what all Gaussians have in common: (frames, CEPSTRA) to (frames,)."""
        likely: FloatArray = self.constant - np.square((spectra - self.mean) @ self.whitener).sum(axis=1) / 2
        return likely


def _learned(pieces: Pieces, labels: IntArray, voices: int) -> list[_Gaussian]:
    """A Gaussian for each voice, over the speech of the pieces that have its label, (pieces,).

    A voice with little to learn from is drawn to the mean and the covariance that all have in common.
    """
    counts, sums = np.zeros((voices, 1)), np.zeros((voices, CEPSTRA))
    products = np.zeros((voices, CEPSTRA, CEPSTRA))
    spoken_by = np.where(pieces.speech, pieces.on_frames(labels), -1)
    for _, frames in pieces.blocks():
        for voice in range(voices):
            spectra = pieces.spectra[frames][spoken_by[frames] == voice].astype(np.float64)
            counts[voice] += len(spectra)
            sums[voice] += spectra.sum(axis=0)
            products[voice] += spectra.T @ spectra
    means = sums / np.maximum(1, counts)
    scatters = products - sums[:, :, None] * means[:, None, :]
    total = max(1.0, float(counts.sum()))
    shared = scatters.sum(axis=0) / total
    means = (sums + MEAN_FRAMES * sums.sum(axis=0) / total) / (counts + MEAN_FRAMES)
    covariances = (scatters + LEARNED_FRAMES * shared) / (counts + LEARNED_FRAMES)[:, :, None]
    covariances += LEAST_VARIANCE * np.eye(CEPSTRA)
    return [_Gaussian.of(mean, covariance) for mean, covariance in zip(means, covariances, strict=True)]


def _forward_backward(scores: Array, costs: Array) -> Array:
    """The probability of each voice at each piece, given all scores: shape (pieces, voices).

    Args:
        scores: natural log likelihoods, shape (pieces, voices).
        costs: what a change before each piece costs, shape (pieces,).
    """
    likelihoods = np.exp(scores - scores.max(axis=1, keepdims=True))
    changes = np.exp(-costs)
    forward, backward = np.empty_like(likelihoods), np.empty_like(likelihoods)
    state = forward[0] = likelihoods[0] / likelihoods[0].sum()
    for index in range(1, len(scores)):
        state = (state + changes[index] * (1 - state)) * likelihoods[index]
        state = forward[index] = state / state.sum()
    state = backward[-1] = np.ones(scores.shape[1])
    for index in range(len(scores) - 1, 0, -1):
        ahead = state * likelihoods[index]
        ahead = ahead + changes[index] * (ahead.sum() - ahead)
        state = backward[index - 1] = ahead / ahead.sum()
    found = forward * backward
    probabilities: Array = found / found.sum(axis=1, keepdims=True)
    return probabilities
