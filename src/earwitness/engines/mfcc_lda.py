"""Statistics of MFCCs and pitch: a voice embedder without a neural network, and a part of the one that is built in.

A span of speech becomes 63 numbers: mean and log deviation of 24 cepstra over its louder frames (the vocal tract, and
how much it moves), deviation of the slopes of 12 of them (the pace of that), and three statistics of log pitch. A
linear discriminant, trained by `training/voices.py` on many readers, turns them into 32 numbers in which one voice
varies by about 1 a dimension and voices lie apart.

Reynolds and Rose, "Robust text-independent speaker identification using Gaussian mixture speaker models", 1995, for
cepstra as a voice's mark; Talkin, "A robust algorithm for pitch tracking", 1995, for the cross-correlation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from earwitness.cores import cores
from earwitness.engines.cepstra import BLOCK_FRAMES, CEPSTRA, FULL_SCALE, cepstra
from earwitness.errors import ModelError
from earwitness.mapped import release
from earwitness.types import Region
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

SHIPPED = Path(__file__).parent / "data" / "voices.npz"

FRAME_HOP = SAMPLE_RATE_HZ // 100
"""Samples between two frames: 10 ms."""
SLOPES = 12
SLOPE_FRAMES = 4
"""Frames over which a slope is taken: 40 ms."""
STATISTICS = 2 * CEPSTRA + SLOPES + 3

PITCH_RATE_HZ = 4_000
PITCH_HOP = PITCH_RATE_HZ // 100
PITCH_WINDOW = 3 * PITCH_RATE_HZ // 100
"""30 ms: two periods of the lowest voices, so that the correlation sees a repetition."""
PITCH_SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16
LOWEST_HZ, HIGHEST_HZ = 55.0, 420.0
SHORTEST_LAG, LONGEST_LAG = int(PITCH_RATE_HZ / HIGHEST_HZ) - 1, int(PITCH_RATE_HZ / LOWEST_HZ) + 2
NEARLY_BEST = 0.85
VOICED = 0.6
"""Correlation from which a frame counts as voiced."""

LOUD_SHARE = 0.6
"""Share of a span's frames, the louder ones, that are taken for speech."""
MIN_VOICED_FRAMES = 8
MIN_SPAN_FRAMES = 20
CHUNK_FRAMES = 6_000
"""Frames computed at a time: a minute, so that memory does not grow with the recording."""
MARGIN_FRAMES = 10
"""Frames computed beyond a chunk and dropped, so that chunks do not show."""

Rows = Callable[["Heard"], "FloatArray"]
"""The spans in a piece of a recording to a row of numbers each."""


def pitch(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fundamental frequency and how periodic the sound is, every 10 ms.

    Args:
        samples: shape (n,), at 16 kHz.

    Returns:
        Hertz, 55 to 420, and the normalised cross-correlation at that period, up to 1: both shape (frames,). Where
        nothing repeats the frequency means nothing and the correlation is low.

    >>> import numpy as np
    >>> time = np.arange(16_000) / 16_000
    >>> hertz, correlation = pitch(np.sign(np.sin(2 * np.pi * 120 * time)).astype(np.float32))
    >>> round(float(np.median(hertz))), bool(correlation[10:-10].min() > 0.9)
    (120, True)
    """
    from scipy.signal import resample_poly

    slow = resample_poly(samples, 1, SAMPLE_RATE_HZ // PITCH_RATE_HZ)
    # Above 1 kHz a period that is no whole number of samples would correlate less than twice that period.
    slow = np.convolve(slow, PITCH_SMOOTHING, mode="same").astype(np.float32)
    width = PITCH_WINDOW + LONGEST_LAG
    padded = np.pad(slow, (width // 2, PITCH_HOP + width))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::PITCH_HOP][: len(samples) // FRAME_HOP + 1]
    found = [_periods(frames[first : first + BLOCK_FRAMES]) for first in range(0, len(frames), BLOCK_FRAMES)]
    hertz, correlation = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return hertz, correlation


def _periods(frames: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`pitch` of frames of samples at 4 kHz."""
    from scipy.fft import irfft, rfft

    frames = frames - frames.mean(axis=1, keepdims=True)
    width = frames.shape[1]
    size = 1 << (width - 1).bit_length()
    spectrum = np.conj(rfft(frames[:, :PITCH_WINDOW], size)) * rfft(frames, size)
    products = irfft(spectrum, size)[:, :LONGEST_LAG]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energy = energy[:, PITCH_WINDOW:width] - energy[:, :LONGEST_LAG]
    # The small number keeps digital silence at zero; it is the energy of a few bits of 16.
    correlation = (products / np.sqrt(energy[:, :1] * energy + 1e-6))[:, SHORTEST_LAG:]

    before, at, after = correlation[:, :-2], correlation[:, 1:-1], correlation[:, 2:]
    # A parabola through three samples: where the peak between them is, in samples, and how high.
    curve = np.minimum(before - 2 * at + after, -1e-9)
    offsets = np.clip((before - after) / (2 * curve), -0.5, 0.5)
    peaks = np.where((at >= before) & (at > after), at - (before - after) * offsets / 4, -1.0)
    best = peaks.max(axis=1)
    # A period's multiples correlate as well as itself, so the shortest good one is taken.
    chosen = (peaks >= NEARLY_BEST * best[:, None]).argmax(axis=1)
    lag = SHORTEST_LAG + 1 + chosen + offsets[np.arange(len(chosen)), chosen]
    return (PITCH_RATE_HZ / lag).astype(np.float32), np.clip(best, 0, 1).astype(np.float32)


def _masked_mean(values: Any, weights: Any) -> Any:
    return np.einsum("nt,ntc->nc", weights, values)


def _pitch_statistics(hertz: Any, usable: Any) -> Any:
    """20th percentile, median and log deviation of the log pitch in the usable frames: shape (n, 3)."""
    log_pitch = np.log(hertz)
    count = usable.sum(axis=1)
    ordered = np.sort(np.where(usable, log_pitch, np.inf), axis=1)
    row = np.arange(len(ordered))
    low, median = (ordered[row, ((count - 1) * share).astype(int)] for share in (0.2, 0.5))
    mean = np.where(usable, log_pitch, 0).sum(axis=1) / count
    variance = np.where(usable, (log_pitch - mean[:, None]) ** 2, 0).sum(axis=1) / count
    return np.stack([low, median, np.log(np.sqrt(variance) + 0.02)], axis=1)


def window_statistics(frames: Any, hertz: Any, correlation: Any) -> FloatArray:
    """Of windows of one length: shape (n, 63) from (n, frames, 25) cepstra and (n, frames) pitch and correlation."""
    loudness, tract = frames[:, :, 0], frames[:, :, 1:]
    rank = int(loudness.shape[1] * (1 - LOUD_SHARE))
    loud = loudness >= np.partition(loudness, rank, axis=1)[:, rank, None]
    weights = (loud / loud.sum(axis=1, keepdims=True)).astype(np.float32)
    mean = _masked_mean(tract, weights)
    variance = _masked_mean(tract**2, weights) - mean**2

    slopes = tract[:, SLOPE_FRAMES:, :SLOPES] - tract[:, :-SLOPE_FRAMES, :SLOPES]
    centred = weights[:, SLOPE_FRAMES // 2 : -(SLOPE_FRAMES // 2)]
    centred = centred / np.maximum(centred.sum(axis=1, keepdims=True), 1e-6)
    agility = _masked_mean(slopes**2, centred)

    voiced = (correlation > VOICED) & loud
    usable = np.where(voiced.sum(axis=1, keepdims=True) < MIN_VOICED_FRAMES, loud, voiced)
    # Half the logarithm of a variance is the logarithm of the deviation; the floor is far below that of speech.
    deviations = [0.5 * np.log(np.maximum(value, 1e-3)) for value in (variance, agility)]
    parts = [mean, *deviations, _pitch_statistics(hertz, usable)]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _frame_spans(spans: Sequence[Region], frames: int) -> IntArray:
    """First and last-but-one frame of each span, widened to `MIN_SPAN_FRAMES` where shorter."""
    edges = np.array([[to_samples(span.start), to_samples(span.end)] for span in spans]) // FRAME_HOP
    short = np.maximum(0, MIN_SPAN_FRAMES - (edges[:, 1] - edges[:, 0]))
    first = np.clip(edges[:, 0] - short // 2, 0, max(0, frames - MIN_SPAN_FRAMES))
    return np.stack([first, np.maximum(edges[:, 1], first + MIN_SPAN_FRAMES)], axis=1).astype(np.intp)


def _chunks(edges: IntArray) -> Iterator[IntArray]:
    """Indices of spans, by start, in groups that lie within `CHUNK_FRAMES`."""
    order, begin = np.argsort(edges[:, 0], kind="stable"), 0
    while begin < len(order):
        limit = edges[order[begin], 0] + CHUNK_FRAMES
        end = begin + max(1, int(np.searchsorted(edges[order[begin:], 0], limit)))
        yield order[begin:end]
        begin = end


@dataclass(frozen=True)
class Heard:
    """Frames of at most a minute or so of a recording, and the spans in them.

    `edges` are the spans' first frames and those after their last, shape (n, 2), counted in `frames`, which holds
    `cepstra`; `hertz` and `correlation` are those of `pitch`.
    """

    edges: IntArray
    frames: FloatArray
    hertz: FloatArray
    correlation: FloatArray

    def statistics(self) -> FloatArray:
        """What the discriminant sees of each span: shape (n, 63), finite."""
        lengths = self.edges[:, 1] - self.edges[:, 0]
        result = np.zeros((len(lengths), STATISTICS), np.float32)
        for length in np.unique(lengths):
            same = lengths == length
            at = np.clip(self.edges[same, :1] + np.arange(length), 0, len(self.frames) - 1)
            result[same] = window_statistics(self.frames[at], self.hertz[at], self.correlation[at])
        return result


def heard(samples: FloatArray, edges: IntArray) -> Heard:
    """The frames of a group of spans, given by their first frames and those after their last: shape (n, 2)."""
    origin = max(0, int(edges[:, 0].min()) - MARGIN_FRAMES)
    piece = samples[origin * FRAME_HOP : (int(edges[:, 1].max()) + MARGIN_FRAMES) * FRAME_HOP]
    piece = np.nan_to_num(np.asarray(piece, np.float32), posinf=0.0, neginf=0.0)
    piece = np.pad(piece, (0, max(0, FRAME_HOP - len(piece))))  # of one frame at least
    # All training had the noise of 16 bits. Decoders of MP3 leave nothing at all above some frequency, and what the
    # logarithm of nothing is, changes with every rounding.
    piece = (np.round(piece * FULL_SCALE) / FULL_SCALE).astype(np.float32)
    frames, (hertz, correlation) = cepstra(piece), pitch(piece)
    count = min(len(frames), len(hertz))
    return Heard(edges - origin, frames[:count], hertz[:count], correlation[:count])


def rows_of(samples: FloatArray, spans: Sequence[Region], columns: int, rows: Rows, threads: int = 0) -> FloatArray:
    """What `rows` makes of the spans, computed a minute of sound at a time: shape (len(spans), columns).

    Args:
        samples: a whole recording, shape (n,), at 16 kHz, whatever is in them.
        spans: in seconds; those shorter than 0.2 s are widened.
        columns: as many as `rows` gives.
        rows: called from several threads. The result is the same whatever their number.
        threads: 0 is one a core.
    """
    result = np.zeros((len(spans), columns), np.float32)
    if not len(spans):
        return result
    edges = _frame_spans(spans, len(samples) // FRAME_HOP)

    def fill(chunk: IntArray) -> None:
        result[chunk] = rows(heard(samples, edges[chunk]))
        release(samples)

    with ThreadPoolExecutor(threads or cores()) as pool:
        for _ in pool.map(fill, _chunks(edges)):  # looked at, so that what a thread raises is raised here
            pass
    return result


def statistics(samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
    """What the discriminant sees of each span: shape (len(spans), 63), finite."""
    return rows_of(samples, spans, STATISTICS, Heard.statistics)


def projected(numbers: FloatArray, matrix: FloatArray) -> FloatArray:
    """`numbers @ matrix`, to the last bit the same on any machine of a kind.

    Products of matrices are computed by threads of their own, in an order that depends on the number of cores.
    """
    points: FloatArray = np.einsum("ij,kj->ik", numbers, np.ascontiguousarray(matrix.T))
    return points


class MfccLda:
    """The `VoiceEmbedder` "discriminant".

    >>> import numpy as np
    >>> MfccLda().embed(np.zeros(32_000, np.float32), [Region(0, 1.6), Region(0.4, 2)]).shape
    (2, 32)
    """

    name = "discriminant"
    window_s = 1.6

    def __init__(self, projection: Path = SHIPPED, threads: int = 0) -> None:
        """Loads a projection that `training/voices.py` wrote.

        Args:
            projection: the file.
            threads: to work in; 0 is one a core.

        Raises:
            ModelError: the file is missing or not a projection.
        """
        self._threads = threads
        try:
            with np.load(projection) as arrays:
                self._mean, self._matrix = arrays["mean"], arrays["matrix"]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelError(f"{projection}: not a voice projection ({error}); reinstall earwitness") from error

    def identity(self) -> str:
        """The projection itself."""
        return f"{self.name}:{sha256(self._mean.tobytes() + self._matrix.tobytes()).hexdigest()[:16]}"

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), 32): one voice varies by about 1 in each dimension, whatever it says."""
        return rows_of(samples, spans, self._matrix.shape[1], self._points, self._threads)

    def _points(self, sound: Heard) -> FloatArray:
        return projected(sound.statistics() - self._mean, self._matrix)
