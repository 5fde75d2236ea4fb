"""Trains the projection of the embedder `discriminant`: src/earwitness/engines/data/voices.npz.

    python training/voices.py FOLDER [--hold-out 60] [--seed 0] [--output FILE]

FOLDER holds `manifest.jsonl`, whose rows of kind "speaker" name a `file`, its one reader in `speakers` and the
reader's `gender`: many readers with a quarter of a minute each are enough. `--hold-out` leaves readers out, half of
them women, to measure on; the file written records who was trained on.

Every reader is heard five times: as recorded; faster and slower, each of which makes another voice of them (pitch
and vocal tract shift together); over a telephone; and in a noisy room. A discriminant that only ever met clean
recordings would take the channel for the voice. Scatter is taken about the mean of each kind of recording, so that
no dimension is spent on telling the kinds apart. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.linalg import eigh
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from earwitness.audio import load
from earwitness.engines.mfcc_lda import SHIPPED, MfccLda, statistics
from earwitness.types import Region

SAMPLE_RATE_HZ = 16_000
HOP_S = 0.2
DIMENSIONS = 32
SHRINKAGE = 0.2
"""How far the scatter within voices is drawn to a sphere: there are few readers for 63 dimensions."""
CONDITIONS = {"clean": 1.0, "faster": 0.5, "slower": 0.5, "telephone": 0.5, "room": 0.5}
"""How much each kind of recording counts."""


def readers(folder: Path) -> dict[str, tuple[Path, str]]:
    """Reader to file and gender, from the rows of kind "speaker"."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    return {str(r["speakers"][0]): (folder / r["file"], r["gender"]) for r in rows if r["kind"] == "speaker"}


def held_out(known: Mapping[str, tuple[Path, str]], count: int, seed: int) -> set[str]:
    """`count` readers, as many women as men."""
    chosen: set[str] = set()
    for gender in ("F", "M"):
        names = sorted(name for name, (_, of) in known.items() if of == gender)
        chosen.update(np.random.default_rng(seed).permutation(names)[: count // 2].tolist())
    return chosen


def with_noise(samples: np.ndarray, ratio_db: float, rng: np.random.Generator) -> np.ndarray:
    return samples + rng.normal(0, np.sqrt(np.mean(samples**2)) * 10 ** (-ratio_db / 20), len(samples))


def telephone(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    band = sosfilt(butter(4, [300, 3400], "band", fs=SAMPLE_RATE_HZ, output="sos"), samples)
    return with_noise(band, rng.uniform(15, 30), rng)


def room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponentially decaying noise as the room's answer, and background noise."""
    decay_s = rng.uniform(0.2, 0.5)
    time = np.arange(int(SAMPLE_RATE_HZ * decay_s)) / SAMPLE_RATE_HZ
    answer = rng.normal(size=len(time)) * np.exp(-6.9 * time / decay_s) * rng.uniform(0.05, 0.2)
    answer[0] = 1
    return with_noise(fftconvolve(samples, answer)[: len(samples)], rng.uniform(12, 25), rng)


HEARD: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "clean": lambda samples, rng: samples,
    "faster": lambda samples, rng: resample_poly(samples, 22, 25),
    "slower": lambda samples, rng: resample_poly(samples, 28, 25),
    "telephone": telephone,
    "room": room,
}


def windows(samples: np.ndarray) -> list[Region]:
    last_s = len(samples) / SAMPLE_RATE_HZ - MfccLda.window_s
    return [Region(start, start + MfccLda.window_s) for start in np.arange(0, max(HOP_S, last_s), HOP_S)]


def scatter(voices: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Covariance within voices, and of the voices' means, of points of shape (n, d) a voice."""
    means = np.array([points.mean(axis=0) for points in voices])
    rest = np.concatenate([points - mean for points, mean in zip(voices, means, strict=True)])
    return rest.T @ rest / len(rest), np.cov(means.T)


def train(heard: Mapping[str, Sequence[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (63,) and matrix (63, 32), so that one voice has unit variance in every dimension."""
    clean = np.concatenate(heard["clean"])
    mean, scale = clean.mean(axis=0), clean.std(axis=0) + 1e-6
    within, between = 0.0, 0.0
    for condition, weight in CONDITIONS.items():
        parts = scatter([(points - mean) / scale for points in heard[condition]])
        within, between = within + weight * parts[0], between + weight * parts[1]
    within = within / sum(CONDITIONS.values())
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = eigh(between, within)
    best = np.argsort(-values)[:DIMENSIONS]
    return mean, vectors[:, best] / scale[:, None]


def arguments(description: str | None, output: Path) -> argparse.ArgumentParser:
    """What every training of voices is told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hold-out", type=int, default=0, metavar="READERS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=output)
    return parser


def main() -> None:
    given = arguments(__doc__, SHIPPED).parse_args()

    known = readers(given.folder)
    names = sorted(set(known) - held_out(known, given.hold_out, given.seed))
    heard: dict[str, list[np.ndarray]] = {condition: [] for condition in CONDITIONS}
    rng = np.random.default_rng(given.seed)
    for name in names:
        clean = np.asarray(load(known[name][0]).samples)
        for condition, change in HEARD.items():
            samples = change(clean, rng).astype(np.float32)
            heard[condition].append(statistics(samples, windows(samples)))
    mean, matrix = train(heard)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        given.output, mean=mean.astype(np.float32), matrix=matrix.astype(np.float32), readers=np.array(names)
    )
    print(f"{len(names)} readers -> {given.output} ({given.output.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
