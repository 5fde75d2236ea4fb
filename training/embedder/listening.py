"""The frames of all readers' voices, computed once and kept in a folder.

`python training/embedder/train.py` calls this; a run that breaks off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import hearing
import numpy as np
from frames import frames
from voices import readers

from earwitness.audio import load

VERSIONS = 1 + hearing.BAD_CHANNELS
PER_READER = len(hearing.SPEEDS) * VERSIONS

Sounds = list[np.ndarray]


def kept(path: Path, arrays: Callable[[], Iterable[np.ndarray]]) -> list[np.ndarray]:
    """Those of the file, or what comes of the call, and then they are in the file."""
    if not path.exists():
        # Written beside and moved, so that what lies there is whole.
        part = path.with_suffix(".part.npz")
        np.savez(part, *arrays())
        part.rename(path)
    with np.load(path) as file:
        return [file[f"arr_{number}"] for number in range(len(file.files))]


def babble_of(
    known: Mapping[str, tuple[Path, str]], names: list[str], index: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The samples of two or three other readers."""
    others = [int(other) for other in rng.choice(len(names), 3, replace=False) if other != index]
    return [np.asarray(load(known[names[other]][0]).samples) for other in others]


def heard(folder: Path, names: list[str], index: int, seed: int, work: Path) -> Sounds:
    """Frames (n, 42) of one reader's voices, `VERSIONS` each, clean first: from `work`, or computed and put there."""

    def computed() -> Iterator[np.ndarray]:
        known, rng = readers(folder), np.random.default_rng([seed, index])
        babble = babble_of(known, names, index, rng)
        for voice in hearing.speeds(np.asarray(load(known[names[index]][0]).samples)):
            for version in range(VERSIONS):
                samples = hearing.bad_channel(voice, babble, rng) if version else voice
                yield frames(samples.astype(np.float32))

    return kept(work / f"{names[index]}.npz", computed)


def all_heard(folder: Path, names: list[str], seed: int, work: Path, processes: int) -> list[Sounds]:
    """Of each reader in `names`, in their order."""
    work.mkdir(parents=True, exist_ok=True)
    count = len(names)
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(heard, repeat(folder), repeat(names), range(count), repeat(seed), repeat(work)))
