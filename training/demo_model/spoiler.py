"""What spoils a window: another loudness, noise, music; then Whisper's own scaling."""

from __future__ import annotations

from random import Random

import numpy as np

from earwitness.evaluation.synth.sound import music
from mel import BANDS, FLOOR, log_power, scaled

MUSIC_PIECES = 6
NOISY, MUSICAL, NOISY_TO_THE_END = 0.7, 0.3, 0.6
"""How often; noise that ends with the speech leaves digital silence, with which files are padded."""

# All of these are powers of ten.
GAIN, TILT, NOISE = (-1.6, 0.4), (-0.6, 0.6), (-9.5, -3.2)
MUSIC_ALONE, MUSIC_BELOW = (-3.0, 0.0), (0.5, 3.0)
"""How loud music is where nobody speaks, and how far below the loudest speech it stays."""


class Spoiler:
    """Has music ready; the same pieces each time."""

    def __init__(self) -> None:
        self._music = [log_power(music(np.random.default_rng([0, piece]))) for piece in range(MUSIC_PIECES)]

    def spoil(self, mel: np.ndarray, end: int, r: Random, rng: np.random.Generator) -> np.ndarray:
        """Log power, shape (80, frames), as Whisper's front end would give it: float32; `end` is the window's."""
        frames = mel.shape[1]
        mel = mel + r.uniform(*GAIN)
        if r.random() < NOISY:
            quiet = frames if r.random() < NOISY_TO_THE_END else min(frames, end + r.randint(0, 100))
            mel = _sum(mel, _noise(frames, quiet, r, rng))
        if r.random() < MUSICAL:
            piece = r.choice(self._music).astype(np.float32)
            begin = r.randrange(piece.shape[1])
            level = max(mel.max(), r.uniform(*MUSIC_ALONE)) - piece.max() - r.uniform(*MUSIC_BELOW)
            mel = _sum(mel, np.take(piece, range(begin, begin + frames), 1, mode="wrap") + level)
        return scaled(mel)


def _noise(frames: int, end: int, r: Random, rng: np.random.Generator) -> np.ndarray:
    """Noise of some loudness and colour up to the frame `end`, as log power."""
    tilt = np.linspace(r.uniform(*TILT), r.uniform(*TILT), BANDS)[:, None]
    grain = np.log10(rng.gamma(4, 0.25, (BANDS, frames)).astype(np.float32) + 1e-6)
    noise: np.ndarray = r.uniform(*NOISE) + tilt + grain
    noise[:, end:] = FLOOR
    return noise


def _sum(mel: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.log10(10**mel + 10**other)
