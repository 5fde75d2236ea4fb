"""Trains the built-in voice network: src/earwitness/engines/data/voice_trunk.onnx and voice_points.npz.

    pip install torch==2.13.0 onnx
    python training/embedder/train.py FOLDER [--hold-out 60] [--seed 0] [--output FOLDER]

FOLDER is that of `training/voices.py`, whose readers and held-out readers these are. Three steps: every reader becomes
five voices, heard clean and over two bad channels (`hearing.py`; about three minutes on two cores); a network learns
to tell these voices apart (`network.py`; about five minutes); a linear discriminant then takes the network's
embedding and the statistics of `earwitness.engines.mfcc_lda` together, so that one voice varies by about 1 a dimension.
With the same seed the sound is the same; the weights differ in their last digits between machines.

The weights that ship were made with `--hold-out 60` by a form of this script that went by the clock (635 steps), kept
the few readers who say less than `PIECE_FRAMES`, and drew faint background babble from all readers, those held out
too. A new run will come close to them, not equal them.

Equal error rates of `measure.py`, Euclidean distance, both trained on the same 140 readers:

                          1.5 s              3 s
                     network  alone*    network  alone*
    held out          8.3 %   12.8 %     2.9 %    6.0 %     60 readers, pieces of one recording each
    bad channel       5.1 %   11.1 %     1.9 %    5.6 %     the same, a channel for each recording
    other day         4.8 %   11.2 %     1.6 %    4.8 %     6 LibriSpeech readers, pieces of different recordings

    * the discriminant of `training/voices.py`

`SHRINKAGE` was chosen on these readers and on talk joined from those of "other day"; from 0.02 to 0.2 the figures
differ by about a point at most.
"""

from __future__ import annotations

import argparse
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from scipy.linalg import eigh

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hearing
from network import OUTPUTS, Network, Trunk
from voices import held_out, readers, scatter

from earwitness.audio import load
from earwitness.engines.mfcc_lda import STATISTICS, cepstra, pitch, window_statistics
from earwitness.engines.voice_net import POINTS, SHIPPED, TRUNK, network_frames, pooled

VERSIONS = 1 + hearing.BAD_CHANNELS
STEPS, BATCH = 640, 192
RATE, WARM_UP_STEPS, MARGIN = 3e-3, 50, 0.2
PIECE_FRAMES = (120, 260)
JITTER = (0.3, 0.15, 0.1)
"""Deviations, in those of the frames, of a piece's level, of its cepstra as a whole, and of every frame."""
PITCHLESS, HIDDEN_FRAMES = 0.15, 25
WINDOW_FRAMES, HOP_FRAMES = 160, 40
DIMENSIONS, SHRINKAGE = 32, 0.05

Sounds = list[np.ndarray]


def heard(folder: Path, names: list[str], index: int, seed: int) -> Sounds:
    """Frames (n, 27) of one reader's voices, `VERSIONS` each: 24 cepstra after loudness, log pitch, periodicity."""
    known, rng = readers(folder), np.random.default_rng([seed, index])
    others = [int(other) for other in rng.choice(len(names), 3, replace=False) if other != index]
    babble = [np.asarray(load(known[names[other]][0]).samples) for other in others]
    found = []
    for voice in hearing.speeds(np.asarray(load(known[names[index]][0]).samples)):
        for version in range(VERSIONS):
            samples = hearing.bad_channel(voice, babble, rng) if version else voice
            samples = samples.astype(np.float32)
            frames, (hertz, correlation) = cepstra(samples), pitch(samples)
            columns = [frames[: len(hertz)], np.log(hertz)[: len(frames), None], correlation[: len(frames), None]]
            found.append(np.concatenate(columns, axis=1).astype(np.float32))
    return found


def pieces(sounds: list[torch.Tensor], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of normalised pieces (n, 27, t) of one length, spoilt a little, and which sounds they are of."""
    length = int(rng.integers(*PIECE_FRAMES))
    chosen = rng.integers(len(sounds), size=BATCH)
    starts = [int(rng.integers(len(sounds[index]) - length + 1)) for index in chosen]
    x = torch.stack([sounds[index][at : at + length].T for index, at in zip(chosen, starts, strict=True)])
    level, tract, frame = JITTER
    x[:, :1] += level * torch.randn(BATCH, 1, 1)
    x[:, 1:25] += tract * torch.randn(BATCH, 24, 1)
    x += frame * torch.randn_like(x)
    x[:, 25:] *= torch.rand(BATCH, 1, 1) > PITCHLESS
    for row in x:
        start, count = int(rng.integers(length - HIDDEN_FRAMES)), int(rng.integers(HIDDEN_FRAMES))
        row[:, start : start + count] = 0
    return x, torch.from_numpy(chosen)


def trained(sounds: Sounds, seed: int) -> Network:
    """A network that tells the voices apart; sounds come `VERSIONS` a voice."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    whole = np.concatenate(sounds)
    trunk = Trunk(torch.from_numpy(whole.mean(axis=0)), torch.from_numpy(whole.std(axis=0) + 1e-3))
    network = Network(trunk, len(sounds) // VERSIONS)
    normalised = [trunk.normalised(torch.from_numpy(s.T)[None])[0].T.contiguous() for s in sounds]
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
    losses, shares = [], []
    for step in range(STEPS):
        done = step / STEPS
        rate = RATE * min(1.0, (step + 1) / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * done) + 0.003)
        for group in optimizer.param_groups:
            group["lr"] = rate
        x, chosen = pieces(normalised, rng)
        loss, share = network.loss(x, chosen // VERSIONS, MARGIN * min(1.0, done / 0.4))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
        shares.append(share)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}, right {np.mean(shares[-100:]):.1%}", flush=True)
    return network.eval()


@torch.no_grad()
def head(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (512, 96) and offset (96,): the head is linear once it is trained."""
    zero = network.head(torch.zeros(1, 2 * OUTPUTS))
    return (network.head(torch.eye(2 * OUTPUTS)) - zero).numpy(), zero[0].numpy()


@torch.no_grad()
def described(trunk: Trunk, sound: np.ndarray) -> np.ndarray:
    """Shape (windows, 63 + 512): what the engine sees of the windows of a sound, by the engine's own functions."""
    starts = np.arange(0, len(sound) - WINDOW_FRAMES, HOP_FRAMES)
    at = starts[:, None] + np.arange(WINDOW_FRAMES)
    plain = window_statistics(sound[at][:, :, :25], np.exp(sound[at][:, :, 25]), sound[at][:, :, 26])
    values, gate = trunk(torch.from_numpy(sound.T)[None])
    return np.concatenate(
        [plain, pooled(values[0].numpy(), gate[0, 0].numpy(), np.stack([starts, starts + WINDOW_FRAMES], axis=1))],
        axis=1,
    )


def discriminant(network: Network, sounds: Sounds) -> tuple[np.ndarray, np.ndarray]:
    """Mean (575,) and matrix (575, 32): a linear discriminant over the statistics and the network's embedding.

    Scatter is taken about the mean of each version of each speed, so that no dimension is spent on telling those apart.
    """
    matrix, offset = head(network)
    points = []
    for sound in sounds:
        seen = described(network.trunk, sound)
        points.append(np.concatenate([seen[:, :STATISTICS], seen[:, STATISTICS:] @ matrix + offset], axis=1))
    whole = np.concatenate(points)
    mean, scale = whole.mean(axis=0), whole.std(axis=0) + 1e-6
    kinds = len(hearing.SPEEDS) * VERSIONS
    parts = [scatter([(p - mean) / scale for p in points[kind::kinds]]) for kind in range(kinds)]
    within, between = (np.mean([part[side] for part in parts], axis=0) for side in (0, 1))
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = eigh(between, within)
    best = vectors[:, np.argsort(-values)[:DIMENSIONS]] / scale[:, None]
    # The head is folded into the matrix; its offset and the mean go into the mean of what the matrix is applied to.
    folded = np.concatenate([best[:STATISTICS], matrix @ best[STATISTICS:]])
    constant = (offset - mean[STATISTICS:]) @ best[STATISTICS:] - mean[:STATISTICS] @ best[:STATISTICS]
    return constant, folded


def export(trunk: Trunk, path: Path) -> None:
    torch.onnx.export(
        trunk,
        (torch.zeros(1, 27, 200),),
        str(path),
        input_names=["frames"],
        output_names=["values", "gate"],
        dynamic_axes={"frames": {2: "t"}, "values": {2: "u"}, "gate": {2: "u"}},
        opset_version=17,
        dynamo=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hold-out", type=int, default=0, metavar="READERS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=SHIPPED)
    given = parser.parse_args()

    torch.set_num_threads(2)
    known = readers(given.folder)
    names = sorted(set(known) - held_out(known, given.hold_out, given.seed))
    with ProcessPoolExecutor(2) as pool:
        by_reader = list(pool.map(heard, repeat(given.folder), repeat(names), range(len(names)), repeat(given.seed)))
    # Somebody who says less than the longest piece teaches nothing.
    long = [index for index, of in enumerate(by_reader) if min(len(sound) for sound in of) >= PIECE_FRAMES[1]]
    sounds = [network_frames(sound) for index in long for sound in by_reader[index]]
    print(f"{len(sounds)} sounds", flush=True)
    network = trained(sounds, given.seed)
    constant, matrix = discriminant(network, sounds)
    given.output.mkdir(parents=True, exist_ok=True)
    export(network.trunk, given.output / TRUNK)
    np.savez_compressed(
        given.output / POINTS,
        constant=constant.astype(np.float32),
        matrix=matrix.astype(np.float32),
        readers=np.array([names[index] for index in long]),
    )
    print(f"{len(long)} readers -> {given.output}")


if __name__ == "__main__":
    main()
