"""The network: time-delay layers over frames, gated statistics of them over a span, and a loss with an angular margin.

Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", 2018, for the statistics; Deng et al.,
"ArcFace: additive angular margin loss for deep face recognition", 2019, for the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

INPUTS = 27
OUTPUTS = 256
EMBEDDING = 96
SCALE = 24.0
SMOOTHING = 0.05


class Block(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, dilation=dilation, padding=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + functional.relu(self.norm(self.conv(x)))


class Trunk(nn.Module):
    """Frames (n, 27, t) every 10 ms to values (n, 256, t / 2) every 20 ms and how much each counts (n, 1, t / 2).

    `shift` and `scale` hold the statistics of the frames trained on.
    """

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, shift: torch.Tensor, scale: torch.Tensor, channels: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("shift", shift.reshape(1, INPUTS, 1))
        self.register_buffer("scale", scale.reshape(1, INPUTS, 1))
        first = nn.Conv1d(INPUTS, channels, 5, stride=2, padding=2, bias=False)
        last = nn.Conv1d(channels, OUTPUTS, 1, bias=False)
        self.layers = nn.Sequential(
            *(first, nn.BatchNorm1d(channels), nn.ReLU()),
            *(Block(channels, dilation) for dilation in dilations),
            *(last, nn.BatchNorm1d(OUTPUTS), nn.ReLU()),
        )
        self.gate = nn.Conv1d(OUTPUTS, 1, 1)

    def normalised(self, frames: torch.Tensor) -> torch.Tensor:
        return (frames - self.shift) / self.scale

    def after_normalisation(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values = self.layers(frames)
        return values, self.gate(values)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.after_normalisation(self.normalised(frames))


class Trunks(nn.Module):
    """Several trunks as one: values (n, 256 a trunk, t / 2) and gates (n, trunks, t / 2)."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        super().__init__()
        self.trunks = nn.ModuleList(trunks)
        # For use, not for learning: an exporter that finds it learning leaves the trunks so.
        self.eval()

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values, gates = zip(*(trunk(frames) for trunk in self.trunks), strict=True)
        return torch.cat(values, 1), torch.cat(gates, 1)


def pooled(values: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """Means and deviations over time under the gate: (n, 512)."""
    weights = torch.softmax(gate, 2)
    mean = (values * weights).sum(2)
    variance = (values * values * weights).sum(2) - mean * mean
    return torch.cat([mean, torch.sqrt(variance.clamp_min(1e-4))], 1)


class Network(nn.Module):
    def __init__(self, trunk: Trunk, voices: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Sequential(
            nn.BatchNorm1d(2 * OUTPUTS),
            nn.Dropout(0.2),
            nn.Linear(2 * OUTPUTS, EMBEDDING, bias=False),
            nn.BatchNorm1d(EMBEDDING),
        )
        self.voices = nn.Parameter(torch.randn(voices, EMBEDDING) * 0.1)

    def loss(self, normalised: torch.Tensor, voices: torch.Tensor, margin: float) -> torch.Tensor:
        """Cross entropy of the voices, the right one moved off by `margin` radians."""
        # Half the digits do for the convolutions, in half the time; not for the statistics and the angles.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            values, gate = self.trunk.after_normalisation(normalised)
        points = self.head(pooled(values.float(), gate.float()))
        cosine = functional.linear(functional.normalize(points), functional.normalize(self.voices))
        angle = torch.acos(cosine.clamp(-1 + 1e-5, 1 - 1e-5))
        right = functional.one_hot(voices, cosine.shape[1]).bool()
        moved = torch.where(right, torch.cos((angle + margin).clamp(max=math.pi)), cosine)
        return functional.cross_entropy(SCALE * moved, voices, label_smoothing=SMOOTHING)
