"""How the network learns: pieces of voices, spoiled anew at every step, and a checkpoint from which a run goes on.

The number of steps is fixed; with the same seed and machine the weights are the same, broken off or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from frames import BANDS, cosines
from listening import VERSIONS, Sounds
from network import INPUTS, Network, Trunk
from spoiling import spoiled
from torch import nn

from earwitness.engines.voice_net import LOUD_PERCENTILE, network_frames

STEPS_TO_CHECKPOINT = 100
RATE, MARGIN = 3e-3, 0.2
JITTER = (0.3, 0.15, 0.1)
"""Deviations, in those of the frames, of a piece's level, of its cepstra as a whole, and of every frame."""
PITCHLESS, HIDDEN_FRAMES = 0.15, 25


@dataclass(frozen=True)
class Recipe:
    """The size of a network and how it is taught.

    `frames_a_step` are those of all pieces of a step together: of longer pieces there are fewer. `spoiling` is how
    often a piece gets a room, noise, babble and a line.
    """

    name: str
    channels: int
    dilations: tuple[int, ...]
    steps: int
    warm_up_steps: int
    frames_a_step: int
    piece_frames: tuple[int, int]
    spoiling: tuple[float, float, float, float]


RECIPES = (
    Recipe("long", 192, (1, 2, 3, 1), 4800, 150, 16_000, (60, 320), (0.25, 0.4, 0.15, 0.4)),
    Recipe("short", 128, (1, 2, 3), 1000, 75, 20_000, (120, 260), (0.1, 0.25, 0.1, 0.3)),
)
"""One that hears short and spoiled pieces and learns long, and one that learns a little of clearer ones: they err in
different ways, and together less than either."""
LONGEST_FRAMES = max(recipe.piece_frames[1] for recipe in RECIPES)


def engine_frames(sound: np.ndarray) -> np.ndarray:
    """Shape (t, 27), before loudness is taken against the loud frames, of (t, 42): bands, log pitch, periodicity."""
    return np.concatenate([sound[:, :BANDS] @ cosines(), sound[:, BANDS:]], axis=1)


def heard_frames(x: torch.Tensor, spoiling: Sequence[float]) -> torch.Tensor:
    """What the engine would see (n, 27, t) of pieces (n, 42, t), each spoiled in its own way."""
    bands, correlation = spoiled(x[:, :BANDS], x[:, BANDS + 1 :], spoiling)
    cepstra = torch.einsum("nbt,bc->nct", bands, torch.from_numpy(cosines()))
    cepstra[:, :1] -= torch.quantile(cepstra[:, :1], LOUD_PERCENTILE / 100, dim=2, keepdim=True)
    return torch.cat([cepstra, x[:, BANDS : BANDS + 1], correlation], 1)


def pieces(
    sounds: list[torch.Tensor], trunk: Trunk, recipe: Recipe, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised pieces (n, 27, t) of one length, short as often as long, and which sounds they are of."""
    length = int(np.exp(rng.uniform(*np.log(recipe.piece_frames))))
    chosen = rng.integers(len(sounds), size=recipe.frames_a_step // length)
    starts = [int(rng.integers(len(sounds[index]) - length + 1)) for index in chosen]
    cut = [sounds[index][at : at + length].T for index, at in zip(chosen, starts, strict=True)]
    x = trunk.normalised(heard_frames(torch.stack(cut), recipe.spoiling))
    level, tract, frame = JITTER
    x[:, :1] += level * torch.randn(len(x), 1, 1)
    x[:, 1:25] += tract * torch.randn(len(x), 24, 1)
    x += frame * torch.randn_like(x)
    x[:, 25:] *= torch.rand(len(x), 1, 1) > PITCHLESS
    for row in x:
        start, count = int(rng.integers(length - HIDDEN_FRAMES)), int(rng.integers(HIDDEN_FRAMES))
        row[:, start : start + count] = 0
    return x, torch.from_numpy(chosen)


def statistics(sounds: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of what the network sees of sounds (t, 42), each of shape (27,)."""
    total, squares, count = np.zeros(INPUTS), np.zeros(INPUTS), 0
    for sound in sounds:
        seen = network_frames(engine_frames(sound)).astype(np.float64)
        total, squares, count = total + seen.sum(axis=0), squares + (seen**2).sum(axis=0), count + len(seen)
    mean = total / count
    return mean, np.sqrt(squares / count - mean**2) + 1e-3


def untrained(sounds: Sounds, recipe: Recipe, seed: int) -> Network:
    """For sounds that come `VERSIONS` a voice."""
    torch.manual_seed(seed)
    shift, scale = (torch.from_numpy(np.float32(array)) for array in statistics(sounds))
    trunk = Trunk(shift, scale, recipe.channels, recipe.dilations)
    return Network(trunk, len(sounds) // VERSIONS)


def rate_at(step: int, steps: int, warm_up_steps: int) -> float:
    """Rises over the first steps, then falls along a cosine."""
    falling = 0.5 + 0.5 * math.cos(math.pi * step / steps) + 0.003
    return RATE * min(1.0, (step + 1) / warm_up_steps) * falling


def trained(sounds: Sounds, recipe: Recipe, seed: int, checkpoint: Path) -> Network:
    """A network that tells the voices apart; from the checkpoint on where there is one."""
    network = untrained(sounds, recipe, seed)
    tensors = [torch.from_numpy(sound) for sound in sounds]

    def loss_at(step: int, rng: np.random.Generator) -> torch.Tensor:
        x, chosen = pieces(tensors, network.trunk, recipe, rng)
        return network.loss(x, chosen // VERSIONS, MARGIN * min(1.0, step / recipe.steps / 0.4))

    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
    learn(network, optimizer, loss_at, recipe.steps, recipe.warm_up_steps, seed, checkpoint)
    return network.eval()


def learn(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_at: Callable[[int, np.random.Generator], torch.Tensor],
    steps: int,
    warm_up_steps: int,
    seed: int,
    checkpoint: Path,
) -> None:
    """Takes these steps, of which `loss_at` says the loss; from the checkpoint on where there is one."""
    rng = np.random.default_rng(seed)
    first = restored(checkpoint, network, optimizer, rng) if checkpoint.exists() else 0
    losses = []
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, steps, warm_up_steps)
        loss = loss_at(step, rng)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % STEPS_TO_CHECKPOINT == 0:
            print(f"{checkpoint.stem}, step {step + 1}: loss {np.mean(losses):.3f}", flush=True)
            losses = []
            keep(checkpoint, step + 1, network, optimizer, rng)


def keep(path: Path, step: int, network: nn.Module, optimizer: torch.optim.Optimizer, rng: np.random.Generator) -> None:
    part = path.with_suffix(".part")
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**state, "step": step, "torch": torch.get_rng_state(), "numpy": rng.bit_generator.state}, part)
    part.rename(path)


def restored(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, rng: np.random.Generator) -> int:
    """The step to go on with."""
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["torch"])
    rng.bit_generator.state = state["numpy"]
    return int(state["step"])
