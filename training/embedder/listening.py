"""The frames of all readers' voices, computed once and kept in a folder.

`python training/embedder/train.py` calls this; a run that breaks off goes on where it was.
"""

from __future__ import annotations

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


def heard(folder: Path, names: list[str], index: int, seed: int, work: Path) -> Sounds:
    """Frames (n, 42) of one reader's voices, `VERSIONS` each, clean first: from `work`, or computed and put there."""
    kept = work / f"{names[index]}.npz"
    if not kept.exists():
        known, rng = readers(folder), np.random.default_rng([seed, index])
        others = [int(other) for other in rng.choice(len(names), 3, replace=False) if other != index]
        babble = [np.asarray(load(known[names[other]][0]).samples) for other in others]
        found = []
        for voice in hearing.speeds(np.asarray(load(known[names[index]][0]).samples)):
            for version in range(VERSIONS):
                samples = hearing.bad_channel(voice, babble, rng) if version else voice
                found.append(frames(samples.astype(np.float32)))
        # Written beside and moved, so that what lies there is whole.
        part = kept.with_suffix(".part.npz")
        np.savez(part, *found)
        part.rename(kept)
    with np.load(kept) as arrays:
        return [arrays[f"arr_{number}"] for number in range(PER_READER)]


def all_heard(folder: Path, names: list[str], seed: int, work: Path, processes: int) -> list[Sounds]:
    """Of each reader in `names`, in their order."""
    work.mkdir(parents=True, exist_ok=True)
    count = len(names)
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(heard, repeat(folder), repeat(names), range(count), repeat(seed), repeat(work)))
