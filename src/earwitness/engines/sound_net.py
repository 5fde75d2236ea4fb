"""The built-in sound classifier: music, noise, silence or speech, told by small networks that ship with the package.

What is as soft as silence is silent. Of the rest three networks of one hidden layer, which learnt from the same sounds,
each judge the window's statistics (`sound_statistics`), and their judgements are averaged. `training/sound_classifier`
made the weights; figures: docs/sounds.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from earwitness.engines.sound_statistics import SIZE, statistics
from earwitness.errors import ModelError
from earwitness.options import PretrainedOptions
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SHIPPED = Path(__file__).parent / "data" / "sounds.npz"
HEARD = ("music", "noise", "speech")
"""What the networks tell."""
LABELS = ("music", "noise", "silence", "speech")
SILENT_DB, SILENCE_WIDTH_DB = -60.0, 1.5
"""Where silence is as likely as not (RMS, dB of full scale), and how soon it becomes sure to either side."""


LOUDEST = 10.0
"""Samples far beyond full scale are damage."""


def _bounded(samples: FloatArray) -> FloatArray:
    """Without what is no number, or too large to be squared."""
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)


def level_db(samples: FloatArray) -> float:
    """The RMS in dB of full scale; -120 and less are -120.

    >>> level_db(np.full(10, 0.1, np.float32))
    -20.0
    """
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return round(10 * float(np.log10(max(power, 1e-12))), 6)


class SoundNet:
    """The `SoundClassifier` "builtin".

    >>> SoundNet().classify([np.zeros(16_000, np.float32)]).round(2).tolist()
    [[0.0, 0.0, 1.0, 0.0]]
    """

    name = "builtin"
    model = "builtin"
    labels: Sequence[str] = LABELS
    sample_rate = SAMPLE_RATE_HZ
    window_s = 3.0
    exclusive = True
    versions: Mapping[str, str] = {}

    def __init__(self, model: str = "", options: PretrainedOptions | None = None, *, file: Path = SHIPPED) -> None:
        """Nothing is loaded before the first sound.

        Args:
            model: there is one only.
            options: not needed.
            file: what `training/sound_classifier/train.py` wrote.
        """
        self._file = file

    def identity(self) -> str:
        """The name and the hash of the weights."""
        return f"{self.name} {sha256(self._content).hexdigest()}"

    def classify(self, windows: Sequence[FloatArray]) -> FloatArray:
        """Probabilities, float32 (len(windows), 4), each row adding up to 1.

        Args:
            windows: float32 (n,) at 16 kHz, of any length; samples that are no number count as silence.

        Raises:
            ModelError: the weights are missing or not what they should be.
        """
        return np.array([self._judged(_bounded(window)) for window in windows], np.float32).reshape(-1, len(LABELS))

    def _judged(self, samples: FloatArray) -> list[float]:
        silence = float(1 / (1 + np.exp((level_db(samples) - SILENT_DB) / SILENCE_WIDTH_DB)))
        music, noise, speech = map(float, (1 - silence) * self._heard(statistics(samples)))
        return [music, noise, silence, speech]

    def _heard(self, row: FloatArray) -> FloatArray:
        """What the networks say together, shape (3,)."""
        shift, scale, inner, inner_bias, outer, outer_bias = self._weights
        hidden = np.maximum(np.einsum("i,nih->nh", (row - shift) / scale, inner) + inner_bias, 0)
        scores = np.einsum("nh,nho->no", hidden, outer) + outer_bias
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray((chances / chances.sum(axis=1, keepdims=True)).mean(axis=0), np.float32)

    @cached_property
    def _content(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError as error:
            raise self._broken(error) from error

    @cached_property
    def _weights(self) -> tuple[FloatArray, ...]:
        names = ("shift", "scale", "inner", "inner_bias", "outer", "outer_bias")
        try:
            with np.load(self._file) as file:
                weights = tuple(file[name].astype(np.float32) for name in names)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise self._broken(error) from error
        if weights[2].ndim != 3 or weights[2].shape[1] != SIZE:
            raise self._broken(f"weights of shape {weights[2].shape}")
        return weights

    def _broken(self, why: object) -> ModelError:
        return ModelError(f"{self._file}: not the sound classifier ({why}); reinstall earwitness")
