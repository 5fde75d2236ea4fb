"""From the networks' embeddings and the engine's statistics to points and prints.

Points tell voices apart within one recording. Half of them are a linear discriminant: what differs within a recording
of a voice counts as within it, and a channel of its own helps to tell it from others. The other half are what the
taught network says, less the directions in which that hardly varies, and otherwise as it is: readers with one recording
each do not show how differently somebody may talk, so that a discriminant of theirs would undo what the teacher knows.
Prints know a voice again in another recording, so there the channel counts as within the voice, and what differs from
span to span only as far as it is left in the mean of some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from learning import engine_frames
from listening import PER_READER, VERSIONS, Sounds
from network import OUTPUTS, Network, Trunk, Trunks
from scipy.linalg import block_diag, eigh
from teaching import Lesson, Pupil
from torch import nn

from earwitness.engines.mfcc_lda import STATISTICS, window_statistics
from earwitness.engines.voice_net import all_pooled, network_frames

WINDOW_FRAMES, HOP_FRAMES = 160, 40
DIMENSIONS, SHRINKAGE = 32, 0.02
TAUGHT_DIMENSIONS, TAUGHT_WEIGHT = 64, 1.2
"""Of the points, by the taught network; and how much more than the others they vary within a voice, all together."""
EVERY_LESSON = 18
"""So many lessons apart are those that tell the directions."""
PRINT_DIMENSIONS, PRINT_SHRINKAGE, PRINT_WINDOWS = 48, 0.1, 30
"""Windows are those in a print of three quarters of a minute; channels are fewer than windows, so the shrinkage."""


@dataclass(frozen=True)
class Points:
    """What the engine makes points and prints with: numbers (1599,) of a span @ a matrix + a constant.

    Points have 96 dimensions, prints 48.
    """

    constant: np.ndarray
    matrix: np.ndarray
    print_constant: np.ndarray
    print_matrix: np.ndarray


@dataclass(frozen=True)
class Scatter:
    """Covariances, shape (d, d): within a recording, between recordings of a voice, and between voices."""

    within: np.ndarray
    channel: np.ndarray
    voices: np.ndarray


@torch.no_grad()
def heads(networks: Sequence[Network]) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (512, 96) and offset (96,) a network, joined."""
    matrices, offsets = zip(*(linear(network.head) for network in networks), strict=True)
    return block_diag(*matrices), np.concatenate(offsets)


@torch.no_grad()
def linear(head: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (512, d) and offset (d,) of a head: they are linear once they are trained."""
    offset = head(torch.zeros(1, 2 * OUTPUTS))
    return (head(torch.eye(2 * OUTPUTS)) - offset).numpy(), offset[0].numpy()


@torch.no_grad()
def described(networks: Sequence[Network], sound: np.ndarray) -> np.ndarray:
    """Shape (windows, 63 + 512 a network): what the engine sees of a sound's windows, by the engine's own functions."""
    frames = engine_frames(sound)
    starts = np.arange(0, len(frames) - WINDOW_FRAMES, HOP_FRAMES)
    at = starts[:, None] + np.arange(WINDOW_FRAMES)
    plain = window_statistics(frames[at][:, :, :25], np.exp(frames[at][:, :, 25]), frames[at][:, :, 26])
    edges = np.stack([starts, starts + WINDOW_FRAMES], axis=1)
    heard = Trunks([network.trunk for network in networks])(torch.from_numpy(network_frames(frames).T)[None])
    return np.concatenate([plain, all_pooled(*(part[0].numpy() for part in heard), edges)], axis=1)


def scatter(sounds: list[np.ndarray]) -> Scatter:
    """Of points (n, d) of each sound, in the order of `listening.all_heard`.

    Means are taken about that of each version of each speed, so that no dimension is spent on telling those apart.
    """
    means = np.array([points.mean(axis=0) for points in sounds])
    rest = np.concatenate([points - mean for points, mean in zip(sounds, means, strict=True)])
    by_kind = means.reshape(-1, PER_READER, means.shape[1])
    voices = (by_kind - by_kind.mean(axis=0)).reshape(-1, VERSIONS, means.shape[1])
    spread = (voices - voices.mean(axis=1, keepdims=True)).reshape(len(means), -1)
    channel = spread.T @ spread / (len(means) * (1 - 1 / VERSIONS))
    whole = voices.reshape(len(means), -1)
    return Scatter(rest.T @ rest / len(rest), channel, whole.T @ whole / len(whole) - channel)


def directions(voices: np.ndarray, within: np.ndarray, count: int, shrinkage: float) -> np.ndarray:
    """Shape (d, count): in which voices differ the most; within a voice the variance is about 1 in each."""
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = eigh(voices, within)
    return vectors[:, np.argsort(-values)[:count]]


def points_of(networks: Sequence[Network], sounds: Sounds, pupil: Pupil, lessons: Sequence[Lesson]) -> Points:
    told = fitted([described(networks, sound) for sound in sounds], *heads(networks))
    return with_taught(told, *directions_taught(pupil, lessons))


def with_taught(told: Points, constant: np.ndarray, matrix: np.ndarray) -> Points:
    """Both kinds of points side by side, in which one voice varies by 1 a dimension, taken over all."""
    measure = np.float32(np.sqrt((1 + TAUGHT_DIMENSIONS / DIMENSIONS) / (1 + TAUGHT_WEIGHT**2)))
    return Points(
        np.concatenate([told.constant, constant]) * measure,
        block_diag(told.matrix, matrix).astype(np.float32) * measure,
        told.print_constant,
        # Prints were not made for what the pupil knows.
        np.concatenate([told.print_matrix, np.zeros((len(matrix), PRINT_DIMENSIONS), np.float32)]),
    )


def directions_taught(pupil: Pupil, lessons: Sequence[Lesson]) -> tuple[np.ndarray, np.ndarray]:
    """A constant (64,) and a matrix (512, 64): principal components of what the pupil says, in the points' measure."""
    matrix, offset = linear(pupil.head)
    said = [numbers @ matrix + offset for numbers in (pooled_of(pupil.trunk, one) for one in lessons[::EVERY_LESSON])]
    whole = np.concatenate(said)
    mean = whole.mean(axis=0)
    _, vectors = eigh(np.cov(whole.T), subset_by_index=(whole.shape[1] - TAUGHT_DIMENSIONS, whole.shape[1] - 1))
    within = np.mean([((numbers - numbers.mean(axis=0)) @ vectors).var(axis=0).sum() for numbers in said])
    best = vectors * TAUGHT_WEIGHT / np.sqrt(within / DIMENSIONS)
    return ((offset - mean) @ best).astype(np.float32), (matrix @ best).astype(np.float32)


@torch.no_grad()
def pooled_of(trunk: Trunk, lesson: Lesson) -> np.ndarray:
    """Shape (windows, 512): by the engine's own functions."""
    frames = network_frames(engine_frames(lesson.frames.astype(np.float32)))
    values, gate = trunk(torch.from_numpy(np.ascontiguousarray(frames.T))[None])
    edges = np.stack([lesson.starts, lesson.starts + WINDOW_FRAMES], axis=1)
    return all_pooled(values[0].numpy(), gate[0].numpy(), edges)


def fitted(seen: list[np.ndarray], matrix: np.ndarray, offset: np.ndarray) -> Points:
    """Over what `described` gave of each sound; the head's matrix and offset are folded into the results."""
    joined = [np.concatenate([s[:, :STATISTICS], s[:, STATISTICS:] @ matrix + offset], axis=1) for s in seen]
    whole = np.concatenate(joined)
    mean, scale = whole.mean(axis=0), whole.std(axis=0) + 1e-6
    joined = [(numbers - mean) / scale for numbers in joined]
    found = scatter(joined)
    points = directions(found.voices + found.channel, found.within, DIMENSIONS, SHRINKAGE)
    channel = found.channel + found.within / PRINT_WINDOWS
    prints = directions(found.voices, channel, PRINT_DIMENSIONS, PRINT_SHRINKAGE)

    def folded(best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        best = best / scale[:, None]
        constant = (offset - mean[STATISTICS:]) @ best[STATISTICS:] - mean[:STATISTICS] @ best[:STATISTICS]
        whole = np.concatenate([best[:STATISTICS], matrix @ best[STATISTICS:]])
        return constant.astype(np.float32), whole.astype(np.float32)

    return Points(*folded(points), *folded(prints))
