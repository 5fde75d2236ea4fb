"""Trains the built-in sound classifier: src/earwitness/engines/data/sounds.npz.

    pip install '.[tts]'
    python training/sound_classifier/train.py FOLDER [--seed 0] [--work FILE] [--output FILE]

FOLDER has a `manifest.jsonl` with rows of kind "sound" (clips with labels and licences, of which those under CC BY and
CC0 are learnt from) and "speaker" (one reader's speech each). To these come music and noise made here (`music.py`,
`noises.py`) and synthetic voices. Every recording is cut into windows, as they are and spoiled (`hearing.py`), and
three networks learn from their statistics, a label as much as another. This takes five minutes of processor time,
nearly all of it to make the sounds; `--work` keeps their statistics. With the same seed the sounds are the same.

Figures, by `measure.py`: docs/sounds.md.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from hearing import heard
from recordings import Recording, clips, made, readers, spoken
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from earwitness.engines.sound_net import HEARD, SHIPPED

MADE = 4000
TIMES = {"real": 40, "made": 4, "speech": 8}
"""Windows spoiled of each recording; of recorded clips there are few, so each is heard more often."""
HIDDEN, NETWORKS, PENALTY, ROUNDS = 32, 3, 0.3, 30
WORKERS = 2


def rows_of(recording: Recording, seed: int) -> tuple[np.ndarray, str, str, bool]:
    """Statistics, label, source, and whether it was recorded."""
    kind = "speech" if recording.label == "speech" else "real" if recording.real else "made"
    rng = np.random.default_rng([seed, *recording.source.encode()])
    return heard(recording, TIMES[kind], rng), recording.label, recording.source, recording.real


def rows_made(number: int, seed: int) -> tuple[np.ndarray, str, str, bool]:
    return rows_of(made(number, seed), seed)


def all_rows(folder: Path, seed: int) -> dict[str, np.ndarray]:
    recordings = [recording for recording, usable in clips(folder) if usable]
    recordings += [*readers(folder), *spoken()]
    with ProcessPoolExecutor(WORKERS) as workers:
        parts = list(workers.map(partial(rows_of, seed=seed), recordings, chunksize=8))
        parts += workers.map(partial(rows_made, seed=seed), range(MADE), chunksize=50)
    parts = [part for part in parts if len(part[0])]
    counts = [len(part[0]) for part in parts]
    return {
        "rows": np.concatenate([part[0] for part in parts]),
        "labels": np.repeat([part[1] for part in parts], counts),
        "sources": np.repeat([part[2] for part in parts], counts),
        "real": np.repeat([part[3] for part in parts], counts),
    }


def kept_rows(folder: Path, seed: int, work: Path) -> dict[str, np.ndarray]:
    """The same, from the file where they are already."""
    if not work.exists():
        np.savez(work, **all_rows(folder, seed))
    with np.load(work) as file:
        return dict(file)


def weights_of(data: dict[str, np.ndarray]) -> np.ndarray:
    """Each label counts alike; of noise, what was recorded counts as much as what was made."""
    groups = [
        f"{label} {real}" if label == "noise" else label
        for label, real in zip(data["labels"], data["real"], strict=True)
    ]
    sizes = Counter(groups)
    shares = {group: (0.5 if group.startswith("noise") else 1.0) / size for group, size in sizes.items()}
    weights = np.array([shares[group] for group in groups])
    return weights / weights.mean()


def trained(data: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The arrays of the file."""
    rows = data["rows"].astype(np.float64)
    shift, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    weights = weights_of(data)
    networks = []
    for number in range(NETWORKS):
        network = MLPClassifier(
            (HIDDEN,),
            alpha=PENALTY,
            max_iter=ROUNDS,
            batch_size=256,
            learning_rate_init=2e-3,
            random_state=seed + number,
        )
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            network.fit((rows - shift) / scale, data["labels"], sample_weight=weights)
        assert tuple(network.classes_) == HEARD
        networks.append(network)
    layers = {
        "inner": [network.coefs_[0] for network in networks],
        "inner_bias": [network.intercepts_[0] for network in networks],
        "outer": [network.coefs_[1] for network in networks],
        "outer_bias": [network.intercepts_[1] for network in networks],
    }
    arrays = {name: np.array(layer).astype(np.float16) for name, layer in layers.items()}
    return {"shift": shift.astype(np.float32), "scale": scale.astype(np.float32), **arrays}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("sound-training.npz"), help="statistics, made once")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    given = parser.parse_args()

    data = kept_rows(given.folder, given.seed, given.work)
    for (label, real), count in sorted(
        Counter(zip(data["labels"].tolist(), data["real"].tolist(), strict=True)).items()
    ):
        print(f"{count} windows of {label}, {'recorded' if real else 'made'}")
    np.savez_compressed(given.output, **trained(data, given.seed))
    print(f"{given.output}: {given.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
