"""The built-in voice embedder: a small network, and the statistics of `mfcc_lda`.

The network, which is three that learnt differently (1,700,000 weights together, run by onnxruntime), hears the frames
that the statistics are taken of: 25 cepstra, log pitch and periodicity. Every 20 ms each of the three gives 256 values
and how much they count; the means and deviations of these over a span, three times 512 numbers, join the span's 63
statistics. A matrix makes 96 numbers of them, in which one voice varies by about 1 a dimension and voices lie apart: 32
by a linear discriminant of what two of the networks and the statistics say, 64 by the third network, which learnt from
another embedder that knows many more voices. Another matrix makes prints, for which what a telephone or a room does to
a voice counts as that voice's own variation. `training/embedder/train.py` made all of it; see there for figures.

Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", 2018, for statistics of a network's frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from earwitness.engines.mfcc_lda import Heard, projected, rows_of
from earwitness.errors import ModelError
from earwitness.types import Region
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

SHIPPED = Path(__file__).parent / "data"
TRUNK, POINTS = "voice_trunk.onnx", "voice_points.npz"

STRIDE = 2
"""Frames to one of the network's values."""
LOUD_PERCENTILE = 90
"""Loudness is taken against this percentile of it, so that gain does not matter."""
LEAST_VARIANCE = 1e-4
NARROW_DB, NARROW_WEIGHT = -33.0, 1.7
"""With less power than this above 4.2 kHz, beside that of the voice's band, sound has come over a telephone or was
recorded at 8 kHz: from -41 dB down, where speech has -27 dB and more. There the taught network tells voices apart much
better, and counts for so much more."""
HIGH_HZ, VOICE_HZ = (4200.0, 7500.0), (300.0, 3400.0)
LISTENED_WINDOWS, LISTENED_SAMPLES = 200, 4096


def network_frames(frames: FloatArray) -> FloatArray:
    """Frames as the network wants them, from shape (n, 27): loudness against that of the loud frames."""
    result = np.array(frames, np.float32)
    result[:, 0] -= np.percentile(result[:, 0], LOUD_PERCENTILE)
    return result


def pooled(values: FloatArray, gate: FloatArray, edges: npt.NDArray[np.intp]) -> FloatArray:
    """Means and deviations of the network's values over spans, weighted by the exponential of the gate.

    >>> values, edges = np.array([[1, 3, 5, 7]], np.float32), np.array([[0, 4], [4, 8]])
    >>> pooled(values, np.zeros(4, np.float32), edges).tolist()
    [[2.0, 1.0], [6.0, 1.0]]

    Args:
        values: shape (d, t).
        gate: shape (t,).
        edges: first frames of the spans and those after their last, `STRIDE` of them to a value: shape (n, 2).

    Returns:
        Shape (n, 2 d).
    """
    first = np.clip(edges[:, 0] // STRIDE, 0, len(gate) - 1)
    end = np.clip(edges[:, 1] // STRIDE, first + 1, len(gate))
    weights = np.exp(np.float64(gate - gate.max()))
    weighted = values.astype(np.float64) * weights

    def over_spans(series: Any) -> Any:
        sums = np.cumsum(np.pad(series, ((0, 0), (1, 0))), axis=1)
        return (sums[:, end] - sums[:, first]).T

    # The small number keeps spans of nothing finite: their weights may be far below those of speech.
    total = over_spans(weights[None]) + 1e-12
    mean = over_spans(weighted) / total
    variance = over_spans(weighted * values) / total - mean**2
    return np.concatenate([mean, np.sqrt(np.maximum(variance, LEAST_VARIANCE))], axis=1, dtype=np.float32)


def all_pooled(values: FloatArray, gates: FloatArray, edges: npt.NDArray[np.intp]) -> FloatArray:
    """The same of several networks' values, of which each has its gate.

    Args:
        values: those of one network after those of another, shape (networks d, t).
        gates: shape (networks, t).
        edges: as above.

    Returns:
        Shape (n, networks 2 d).
    """
    own = np.split(values, len(gates))
    return np.concatenate([pooled(part, gate, edges) for part, gate in zip(own, gates, strict=True)], axis=1)


def is_narrow(samples: FloatArray) -> bool:
    """Whether nothing is above the band of a telephone, by windows evenly over all of it.

    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    >>> is_narrow(hiss), is_narrow(np.convolve(hiss, np.ones(8) / 8).astype(np.float32))
    (False, False)

    Args:
        samples: shape (n,), at 16 kHz, whatever is in them.
    """
    from scipy.fft import rfft

    starts = np.linspace(0, max(0, len(samples) - LISTENED_SAMPLES), LISTENED_WINDOWS).astype(np.intp)
    hertz = np.fft.rfftfreq(LISTENED_SAMPLES, 1 / SAMPLE_RATE_HZ)
    power = np.zeros(len(hertz))
    for start in np.unique(starts):
        window = np.nan_to_num(samples[start : start + LISTENED_SAMPLES], posinf=0.0, neginf=0.0)
        power += np.abs(rfft(window * np.hanning(len(window)), LISTENED_SAMPLES)) ** 2
    high, voice = (power[(hertz > low) & (hertz < top)].sum() for low, top in (HIGH_HZ, VOICE_HZ))
    return bool(high < voice * 10 ** (NARROW_DB / 10))


class VoiceNet:
    """The `VoiceEmbedder` "builtin".

    >>> VoiceNet().embed(np.zeros(32_000, np.float32), [Region(0, 1.6), Region(0.4, 2)]).shape
    (2, 96)
    """

    name = "builtin"
    window_s = 1.6
    arrays = ("constant", "matrix")
    """Those of the file that make points of numbers."""
    told = 32
    """The first dimensions are the discriminant's, the others the taught network's."""

    def __init__(self, folder: Path = SHIPPED, threads: int = 0) -> None:
        """Loads the matrix that `training/embedder/train.py` wrote; the network, when it first hears something.

        Args:
            folder: where the files are.
            threads: to work in; 0 is one a core.

        Raises:
            ModelError: a file is missing or not what it should be.
        """
        self._folder, self._threads = folder, threads
        try:
            with np.load(folder / POINTS) as file:
                self._constant, self._matrix = (file[name] for name in self.arrays)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise self._broken(POINTS, error) from error

    def _broken(self, file: str, error: Exception) -> ModelError:
        return ModelError(f"{self._folder / file}: not the voice network ({error}); reinstall earwitness")

    def identity(self) -> str:
        """The name and the hash of the files."""
        content = b"".join((self._folder / file).read_bytes() for file in (TRUNK, POINTS))
        return f"{self.name} {sha256(content).hexdigest()}"

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Each thread runs the whole network on a piece of its own.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 4
        path = self._folder / TRUNK
        try:
            return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common class
            raise self._broken(TRUNK, error) from error

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), 96), of prints 48: one voice varies by about 1 a dimension, whatever it says."""
        _ = self._session  # loaded once, before several threads want it
        points = rows_of(samples, spans, self._matrix.shape[1], self._points, self._threads)
        if self.told < points.shape[1] and is_narrow(samples):
            points[:, self.told :] *= NARROW_WEIGHT
        return points

    def _points(self, sound: Heard) -> FloatArray:
        values, gates = self._session.run(None, {"frames": _input(sound)})
        numbers = np.concatenate([sound.statistics(), all_pooled(values[0], gates[0], sound.edges)], axis=1)
        points: FloatArray = projected(numbers, self._matrix) + self._constant
        return points


class VoicePrints(VoiceNet):
    """What prints of voices are made by, to know them again in other recordings, over other channels.

    Distance is the cosine's. Within a recording `VoiceNet` tells voices apart better.
    """

    name = "prints"
    arrays = ("print_constant", "print_matrix")
    told = 48


def _input(sound: Heard) -> FloatArray:
    """Shape (1, 27, t)."""
    columns = [sound.frames, np.log(sound.hertz)[:, None], sound.correlation[:, None]]
    frames = network_frames(np.concatenate(columns, axis=1))
    return np.ascontiguousarray(frames.T[None, :, :])
