"""The third network: taught by one that knows thousands of voices what it makes of ours.

Two hundred readers are few to learn from which voices are alike. The GE2E embedding of the `resemblyzer` package
(Apache-2.0) has heard some ten thousand people; the pupil learns to say what it says, of speech that sounds as
different as we can make it: faster and slower, with longer and shorter vocal tracts, other microphones, rooms and
telephones. The teacher is needed while teaching only.

    pip install --no-deps resemblyzer==0.1.4 && pip install librosa webrtcvad 'setuptools<81'

Wan et al., "Generalized end-to-end loss for speaker verification", 2018; Hinton et al., "Distilling the knowledge in a
neural network", 2015; Park et al., "Relational knowledge distillation", 2019, for the loss on distances.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import hearing
import numpy as np
import torch
from frames import frames
from learning import RATE, heard_frames, learn
from listening import babble_of, kept
from network import OUTPUTS, Trunk, pooled
from scipy.signal import resample_poly
from torch import nn
from torch.nn import functional
from voices import readers

from earwitness.audio import load

TAUGHT = 256
"""Numbers in what the teacher says."""
WINDOW_FRAMES, HOP_FRAMES = 160, 40
"""The teacher listens to 1.6 s at a time, and so do our spans."""
PER_READER = 72
SPEEDS = (0.75, 1.33)
TRACT_SHARE, TRACT = 0.65, (0.83, 1.19)
"""How often formants are moved, and how far."""
COLOUR_SHARE = 0.7
TELEPHONE_SHARE, BAD_SHARE = 0.45, 0.25
PEAK = (0.1, 0.95)

CHANNELS, DILATIONS = 256, (1, 2, 3, 1)
STEPS, WARM_UP_STEPS, WINDOWS_A_STEP = 40_000, 150, 128
SPOILT_SHARE, SPOILING = 0.4, (0.05, 0.5, 0.05, 0.2)
JITTER = (0.3, 0.05)
"""Deviations, in those of the frames, of a window's level and of every frame."""
DISTANCE = 16.0
"""Between two voices the teacher knows, about: the root of its numbers."""


@dataclass(frozen=True)
class Lesson:
    """One sound: frames (n, 42), first frames of its windows (m,), and what the teacher says of each, (m, 256)."""

    frames: np.ndarray
    starts: np.ndarray
    said: np.ndarray


def voiced(samples: np.ndarray, babble: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """The speech in some other voice, over some channel: float32 of at most 1."""
    up = round(100 / float(np.exp(rng.uniform(*np.log(SPEEDS)))))
    heard = resample_poly(samples, up, 100) if up != 100 else samples
    if rng.random() < TRACT_SHARE:
        heard = hearing.other_tract(heard, rng.uniform(*TRACT))
    if rng.random() < COLOUR_SHARE:
        heard = hearing.coloured(heard, rng)
    channel = rng.random()
    if channel < TELEPHONE_SHARE:
        heard = hearing.telephone(heard, rng)
    elif channel < TELEPHONE_SHARE + BAD_SHARE:
        heard = hearing.bad_channel(heard, babble, rng)
    heard = np.asarray(heard, np.float32)
    return heard / max(np.abs(heard).max(), 1e-6) * np.float32(rng.uniform(*PEAK))


class Teacher:
    def __init__(self) -> None:
        from resemblyzer import VoiceEncoder

        self._encoder = VoiceEncoder("cpu", verbose=False)

    @torch.no_grad()
    def says(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First frames of windows (m,) and numbers of each, (m, 256)."""
        from resemblyzer.audio import normalize_volume, wav_to_mel_spectrogram
        from resemblyzer.hparams import audio_norm_target_dBFS

        mel = wav_to_mel_spectrogram(normalize_volume(samples, audio_norm_target_dBFS, increase_only=True))
        starts = np.arange(0, len(mel) - WINDOW_FRAMES, HOP_FRAMES)
        windows = torch.from_numpy(mel[starts[:, None] + np.arange(WINDOW_FRAMES)])
        return starts, self._encoder(windows).numpy()


def lessons_of(folder: Path, names: list[str], index: int, seed: int, work: Path) -> list[Lesson]:
    """Of one reader, `PER_READER`: from `work`, or worked out and put there."""

    def given() -> Iterator[np.ndarray]:
        torch.set_num_threads(1)
        known, teacher, rng = readers(folder), Teacher(), np.random.default_rng([seed, index])
        samples = np.asarray(load(known[names[index]][0]).samples, np.float64)
        babble = babble_of(known, names, index, rng)
        for _ in range(PER_READER):
            heard = voiced(samples, babble, rng)
            starts, said = teacher.says(heard)
            seen = frames(heard)
            whole = starts + WINDOW_FRAMES <= len(seen)
            yield from (seen.astype(np.float16), starts[whole], said[whole].astype(np.float16))

    parts = kept(work / f"{names[index]}.npz", given)
    return [Lesson(*parts[at : at + 3]) for at in range(0, len(parts), 3)]


def all_lessons(folder: Path, names: list[str], seed: int, work: Path, processes: int) -> list[Lesson]:
    work.mkdir(parents=True, exist_ok=True)
    count = len(names)
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(lessons_of, repeat(folder), repeat(names), range(count), repeat(seed), repeat(work))
        return [lesson for of in found for lesson in of]


class Pupil(nn.Module):
    """`mean` and `scale` bring the teacher's numbers to a mean of 0 and a variance of 1."""

    def __init__(self, trunk: Trunk, mean: np.ndarray, scale: float) -> None:
        super().__init__()
        self.trunk, self.mean, self.scale = trunk, mean, scale
        self.head = nn.Sequential(nn.BatchNorm1d(2 * OUTPUTS), nn.Dropout(0.05), nn.Linear(2 * OUTPUTS, TAUGHT))

    def loss(self, normalised: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Squared differences to what the teacher said, and those of the distances within the batch."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            values, gate = self.trunk.after_normalisation(normalised)
        points = self.head(pooled(values.float(), gate.float()))
        apart, wanted_apart = torch.cdist(points, points), torch.cdist(wanted, wanted)
        return functional.mse_loss(points, wanted) + ((apart - wanted_apart) / DISTANCE).square().mean()


def _windows(
    sounds: list[torch.Tensor], places: list[tuple[int, int]], trunk: Trunk, rng: np.random.Generator
) -> torch.Tensor:
    """Normalised windows (n, 27, t) at these sounds and frames."""
    cut = [sounds[sound][at : at + WINDOW_FRAMES].T for sound, at in places]
    spoiling = SPOILING if rng.random() < SPOILT_SHARE else (0.0,) * len(SPOILING)
    x = trunk.normalised(heard_frames(torch.stack(cut).float(), spoiling))
    level, frame = JITTER
    x[:, :1] += level * torch.randn(len(x), 1, 1)
    return x + frame * torch.randn_like(x)


def taught(lessons: list[Lesson], statistics: tuple[np.ndarray, np.ndarray], seed: int, checkpoint: Path) -> Pupil:
    """A pupil that has had these lessons; from the checkpoint on where there is one.

    Args:
        statistics: mean and deviation of the frames as the engine sees them, each of shape (27,).
    """
    torch.manual_seed(seed)
    said = torch.from_numpy(np.concatenate([lesson.said for lesson in lessons]).astype(np.float32))
    mean = said.mean(0)
    scale = float((said - mean).square().mean().sqrt())
    wanted = (said - mean) / scale
    shift, deviation = (torch.from_numpy(np.float32(array)) for array in statistics)
    pupil = Pupil(Trunk(shift, deviation, CHANNELS, DILATIONS), mean.numpy(), scale)
    sounds = [torch.from_numpy(lesson.frames) for lesson in lessons]
    places = [(sound, int(at)) for sound, lesson in enumerate(lessons) for at in lesson.starts]

    def loss_at(step: int, rng: np.random.Generator) -> torch.Tensor:
        chosen = rng.choice(len(places), WINDOWS_A_STEP, replace=False)
        x = _windows(sounds, [places[index] for index in chosen], pupil.trunk, rng)
        return pupil.loss(x, wanted[torch.from_numpy(chosen)])

    optimizer = torch.optim.AdamW(pupil.parameters(), RATE, weight_decay=0.02)
    learn(pupil, optimizer, loss_at, STEPS, WARM_UP_STEPS, seed, checkpoint)
    return pupil.eval()
