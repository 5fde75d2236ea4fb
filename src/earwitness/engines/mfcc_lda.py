"""The built-in voice embedder: statistics of MFCCs and pitch under a linear discriminant, without a neural network.

A span of speech becomes 63 numbers: mean and log deviation of 24 cepstra over its louder frames (the vocal tract, and
how much it moves), deviation of the slopes of 12 of them (the pace of that), and three statistics of log pitch. A
linear discriminant, trained by `training/voices.py` on many readers, turns them into 32 numbers in which one voice
varies by about 1 a dimension and voices lie apart.

Reynolds and Rose, "Robust text-independent speaker identification using Gaussian mixture speaker models", 1995, for
cepstra as a voice's mark; Talkin, "A robust algorithm for pitch tracking", 1995, for the cross-correlation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from earwitness.errors import ModelError
from earwitness.types import Region
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

SHIPPED = Path(__file__).parent / "data" / "voices.npz"

FRAME_HOP = SAMPLE_RATE_HZ // 100
"""Samples between two frames: 10 ms."""
CEPSTRA = 24
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


def cepstra(samples: FloatArray) -> FloatArray:
    """Mel-frequency cepstra, Kaldi's, every 10 ms: shape (frames, 25), the first of them the loudness.

    Args:
        samples: shape (n,), at 16 kHz.
    """
    import kaldi_native_fbank as knf

    options = knf.MfccOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 40
    options.num_ceps = CEPSTRA + 1
    options.use_energy = False
    extractor = knf.OnlineMfcc(options)
    # Kaldi expects the range of 16-bit samples; below it, its floor for the logarithm would show in quiet frames.
    extractor.accept_waveform(SAMPLE_RATE_HZ, samples * 32768)
    extractor.input_finished()
    frames = [extractor.get_frame(index) for index in range(extractor.num_frames_ready)]
    return np.array(frames, np.float32).reshape(-1, CEPSTRA + 1)


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
    longest, shortest = int(PITCH_RATE_HZ / LOWEST_HZ) + 2, int(PITCH_RATE_HZ / HIGHEST_HZ) - 1
    width = PITCH_WINDOW + longest
    padded = np.pad(slow, (width // 2, PITCH_HOP + width))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::PITCH_HOP][: len(samples) // FRAME_HOP + 1]
    frames = frames - frames.mean(axis=1, keepdims=True)

    size = 1 << (width - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(frames[:, :PITCH_WINDOW], size)) * np.fft.rfft(frames, size)
    products = np.fft.irfft(spectrum, size)[:, :longest]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energy = energy[:, PITCH_WINDOW:width] - energy[:, :longest]
    # The small number keeps digital silence at zero; it is the energy of a few bits of 16.
    correlation = (products / np.sqrt(energy[:, :1] * energy + 1e-6))[:, shortest:]

    before, at, after = correlation[:, :-2], correlation[:, 1:-1], correlation[:, 2:]
    # A parabola through three samples: where the peak between them is, in samples, and how high.
    curve = np.minimum(before - 2 * at + after, -1e-9)
    offsets = np.clip((before - after) / (2 * curve), -0.5, 0.5)
    peaks = np.where((at >= before) & (at > after), at - (before - after) * offsets / 4, -1.0)
    best = peaks.max(axis=1)
    # A period's multiples correlate as well as itself, so the shortest good one is taken.
    chosen = (peaks >= NEARLY_BEST * best[:, None]).argmax(axis=1)
    lag = shortest + 1 + chosen + offsets[np.arange(len(chosen)), chosen]
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

    `which` are the indices of the spans, shape (n,); `edges` their first frames and those after their last, shape
    (n, 2), counted in `frames`, which holds `cepstra`; `hertz` and `correlation` are those of `pitch`.
    """

    which: IntArray
    edges: IntArray
    frames: FloatArray
    hertz: FloatArray
    correlation: FloatArray

    def fill(self, result: FloatArray) -> None:
        """Writes the statistics of the spans into their rows of `result`, whose columns they fill."""
        lengths = self.edges[:, 1] - self.edges[:, 0]
        for length in np.unique(lengths):
            same = lengths == length
            at = np.clip(self.edges[same, :1] + np.arange(length), 0, len(self.frames) - 1)
            result[self.which[same]] = window_statistics(self.frames[at], self.hertz[at], self.correlation[at])


def heard(samples: FloatArray, spans: Sequence[Region]) -> Iterator[Heard]:
    """The frames of the spans, about a minute at a time, whatever is in the samples; nothing where nothing is heard.

    Args:
        samples: a whole recording, shape (n,), at 16 kHz.
        spans: in seconds; those shorter than 0.2 s are widened.
    """
    if not len(spans) or not len(samples):
        return
    edges = _frame_spans(spans, len(samples) // FRAME_HOP)
    for chunk in _chunks(edges):
        origin = max(0, int(edges[chunk, 0].min()) - MARGIN_FRAMES)
        piece = samples[origin * FRAME_HOP : (int(edges[chunk, 1].max()) + MARGIN_FRAMES) * FRAME_HOP]
        piece = np.nan_to_num(np.asarray(piece, np.float32), posinf=0.0, neginf=0.0)
        frames, (hertz, correlation) = cepstra(piece), pitch(piece)
        count = min(len(frames), len(hertz))
        if count:
            yield Heard(chunk, edges[chunk] - origin, frames[:count], hertz[:count], correlation[:count])


def statistics(samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
    """What the discriminant sees of each span: shape (len(spans), 63), finite.

    Args:
        samples: a whole recording, shape (n,), at 16 kHz; read a minute at a time.
        spans: in seconds; those shorter than 0.2 s are widened.
    """
    result = np.zeros((len(spans), STATISTICS), np.float32)
    for sound in heard(samples, spans):
        sound.fill(result)
    return result


class MfccLda:
    """The `VoiceEmbedder` "builtin".

    >>> import numpy as np
    >>> MfccLda().embed(np.zeros(32_000, np.float32), [Region(0, 1.6), Region(0.4, 2)]).shape
    (2, 32)
    """

    name = "builtin"
    window_s = 1.6

    def __init__(self, projection: Path = SHIPPED) -> None:
        """Loads a projection that `training/voices.py` wrote.

        Raises:
            ModelError: the file is missing or not a projection.
        """
        try:
            with np.load(projection) as arrays:
                self._mean, self._matrix = arrays["mean"], arrays["matrix"]
                self.between: FloatArray = arrays["between"]
                """How much voices differ in each of the 32 dimensions, as a variance, to how much one of them does."""
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelError(f"{projection}: not a voice projection ({error}); reinstall earwitness") from error

    def identity(self) -> str:
        """The projection itself."""
        return f"{self.name}:{sha256(self._mean.tobytes() + self._matrix.tobytes()).hexdigest()[:16]}"

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), 32): one voice varies by about 1 in each dimension, whatever it says."""
        points: FloatArray = (statistics(samples, spans) - self._mean) @ self._matrix
        return points
