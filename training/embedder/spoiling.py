"""Noise, rooms, babble and lines added to pieces of frames while the network learns, so that it hears none twice.

Powers in mel bands of independent sounds add up. A room smears power over time, a line takes bands away; what a
microphone colours is an offset of the cepstra. None of it is exact, and all of it is cheap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from frames import BANDS

FRAME_S = 0.01
DECAY_S = (0.15, 0.9)
"""Until a room's answer has fallen by 60 dB."""
ANSWER = (0.03, 2.0)
"""Power of a room's answer to that of the direct sound."""
NOISE_DB, BABBLE_DB = (3.0, 30.0), (8.0, 25.0)
"""How far below the voice."""
STEEPNESS = (0.5, 8.0)
"""Natural logarithms of power by which a line falls a band beyond its limits."""
LINE_NOISE_DB = (30.0, 80.0)
TILT = 5.0
"""Most that noise falls or rises from the lowest band to the highest, in natural logarithms of power."""
FLUCTUATION = (0.7, 0.25)
"""Deviation of noise from frame to frame, lowest band and highest: the lowest hold one bin of the spectrum."""
VOICED_BANDS = 14
"""Bands below 1 kHz, of which pitch is taken."""


def _uniform(count: int, low: float, high: float) -> torch.Tensor:
    """Shape (n, 1, 1)."""
    return torch.rand(count, 1, 1) * (high - low) + low


def _level(power: torch.Tensor) -> torch.Tensor:
    return power.mean((1, 2), keepdim=True)


def in_room(power: torch.Tensor) -> torch.Tensor:
    """Powers (n, 40, t), each with the decaying answer of a room of its own."""
    count, _, length = power.shape
    decay = 6 * math.log(10) * FRAME_S / _uniform(count, *DECAY_S)
    behind = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    answer = torch.where(behind > 0, torch.exp(-decay * behind.clamp(min=0)), torch.zeros(()))
    strength = torch.exp(_uniform(count, math.log(ANSWER[0]), math.log(ANSWER[1])))
    # A decaying series sums to this; the piece may be too short to hold all of it.
    return power + torch.bmm(power, answer) * strength * (torch.exp(decay) - 1)


def noise(power: torch.Tensor) -> torch.Tensor:
    """Noise of a tilt and level of its own for each of the powers (n, 40, t), of their shape."""
    count = len(power)
    tilt = _uniform(count, -TILT, TILT) * torch.linspace(-0.5, 0.5, BANDS)[None, :, None]
    uneven = torch.randn(count, BANDS, 1) * 0.3
    jitter = torch.randn_like(power) * torch.linspace(*FLUCTUATION, BANDS)[None, :, None]
    found = torch.exp(tilt + uneven + jitter)
    return found * _level(power) / _level(found) * 10 ** (-_uniform(count, *NOISE_DB) / 10)


def line(power: torch.Tensor) -> torch.Tensor:
    """Powers (n, 40, t) within a band, as over a telephone or a poor microphone, and the noise of the line."""
    count, band = len(power), torch.arange(BANDS)[None, :, None]
    lowest, highest = _uniform(count, 0, 7), _uniform(count, 24, BANDS)
    beyond = (lowest - band).clamp(min=0) + (band - highest).clamp(min=0)
    kept = torch.exp(-beyond * torch.exp(_uniform(count, *map(math.log, STEEPNESS))))
    return power * kept + 10 ** (-_uniform(count, *LINE_NOISE_DB) / 10) * _level(power)


def spoiled(
    bands: torch.Tensor, correlation: torch.Tensor, shares: Sequence[float]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bands (n, 40, t), natural logarithms of power, and periodicity (n, 1, t), as heard elsewhere.

    `shares` is how often a room, noise, babble and a line happen to a piece.
    """
    count = len(bands)
    clean = torch.exp(bands)
    power = clean.clone()
    far, noisy, crowd, bad = (torch.rand(count) < share for share in shares)
    power[far] = in_room(power[far])
    added = torch.zeros_like(power)
    added[noisy] = noise(power[noisy])
    others = clean[torch.randperm(count)[: int(crowd.sum())]]
    level = _level(power[crowd]) / _level(others).clamp(min=1e-6)
    added[crowd] += others * level * 10 ** (-_uniform(len(others), *BABBLE_DB) / 10)
    # Of two sounds that have nothing to do with each other, only the voice's share of the power repeats.
    voice, rest = (part[:, :VOICED_BANDS].sum(1, keepdim=True) for part in (power, added))
    power = power + added
    power[bad] = line(power[bad])
    return torch.log(power.clamp(min=1e-6)), correlation * voice / (voice + rest + 1e-6)
