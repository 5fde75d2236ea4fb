"""What the pyannote adapter needs of torch, for tests that run without it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

cuda = SimpleNamespace(is_available=lambda: False)
threads: list[int] = []


class Tensor:
    def __init__(self, values: np.ndarray) -> None:
        assert values.flags.writeable
        self.values = values


def from_numpy(values: np.ndarray) -> Tensor:
    return Tensor(values)


def device(name: str) -> str:
    return f"device {name}"


def set_num_threads(count: int) -> None:
    threads.append(count)
