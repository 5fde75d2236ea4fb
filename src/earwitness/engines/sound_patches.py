"""The sound embedder that ships with earwitness: what a second of sound looks like, without any learning.

The mel spectrogram of the second, in logarithms, is taken for a picture; the lowest of its two-dimensional cosine
coefficients tell how loudness moves over time and frequency, as in image hashing and in cepstra, of which they are the
two-dimensional kind (Ariki et al., "Spoken word recognition using dynamic features analysed by two-dimensional
cepstrum", 1989). Each is weighed by its order, since in sound of any kind they get smaller with it, so that all count
about alike.

Two recordings of one sound lie close together, whatever their loudness and coding; two dogs do not. So it finds a
jingle, and knows nothing of what sounds are called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.base import SoundEmbedding
from earwitness.engines.cepstra import BANDS, mel_bands
from earwitness.errors import OptionError
from earwitness.options import PretrainedOptions
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

VERSION = 1
"""Another number whenever the same sound becomes another point."""
WINDOW_S = 1.0
FRAMES, JOINED = 25, 4
"""The second's hundred spectra, four and four together."""
RANGE = 8.0
"""Nepers of power below the loudest (35 dB) from where on nothing counts, so that soft noise in pauses does not."""
SILENT = 1e-3
"""What the coefficients of silence stay below: they are what rounding leaves."""
TIMES, QUEFRENCIES = 6, 16
"""So many orders of coefficients, up to 2.5 Hz and 8 waves over the spectrum; all but the first, the loudness."""
DIMENSIONS = TIMES * QUEFRENCIES - 1


class SoundPatches:
    """Seconds of sound to points, with numpy and scipy only.

    >>> patches = SoundPatches("", PretrainedOptions())
    >>> tone = np.sin(np.arange(16_000) / 5, dtype=np.float32)
    >>> loud, soft = (patches.embed([tone * gain])[0].clip for gain in (0.5, 0.05))
    >>> loud.shape, round(float(loud @ soft), 3)
    ((95,), 1.0)
    """

    name = "builtin"

    def __init__(self, model: str, options: PretrainedOptions) -> None:
        """There is one model, which needs no file: `model` is empty, and `options` say nothing to it.

        Raises:
            OptionError: another model.
        """
        if model:
            raise OptionError(f"builtin has no other model, such as {model}; give --model {model} alone")
        self.model = self.name
        self.sample_rate = SAMPLE_RATE_HZ
        self.window_s = WINDOW_S

    @property
    def versions(self) -> Mapping[str, str]:
        return {name: version(name) for name in ("numpy", "scipy")}

    def identity(self) -> str:
        return f"{self.name}:{VERSION}"

    def embed(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        """Points of length 1, float32 (95,); that of silence is all zeros. There are no frames."""
        return [SoundEmbedding(_point(window), np.zeros((0, DIMENSIONS), np.float32), 0.0) for window in windows]


def _point(window: FloatArray) -> FloatArray:
    from scipy.fft import dctn

    samples = np.zeros(int(WINDOW_S * SAMPLE_RATE_HZ), np.float32)
    samples[: len(window)] = window[: len(samples)]
    bands: Any = mel_bands(samples)
    bands = np.maximum(bands, bands.max() - RANGE).reshape(FRAMES, JOINED, BANDS).mean(axis=1)
    coefficients = dctn(bands - bands.mean(), norm="ortho")[:TIMES, :QUEFRENCIES] * _weights()
    point = coefficients.ravel()[1:].astype(np.float32)
    length = np.linalg.norm(point)
    found: FloatArray = point / length if length > SILENT else np.zeros_like(point)
    return found


def _weights() -> Any:
    return np.outer(1 + np.arange(TIMES), 1 + np.arange(QUEFRENCIES))
