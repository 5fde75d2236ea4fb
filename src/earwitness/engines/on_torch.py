"""What the engines on torch share: whether it is installed, where it computes, and in which numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from earwitness.errors import ExtraError
from earwitness.options import ModelOptions, PretrainedOptions

PACKAGES = ("transformers", "torch")
COMPUTE_TYPES = ("float32", "float16", "bfloat16")
_SEEDING = threading.Lock()


def installed(asked: str, otherwise: str) -> Mapping[str, str]:
    """The versions of the packages, asked without importing them: that takes seconds.

    Args:
        asked: the option that wants them, for the error.
        otherwise: what to use without them.

    Raises:
        ExtraError: one is not installed.
    """
    try:
        return {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise ExtraError(
            f"{asked}: {error.name} is not installed; pip install 'earwitness[models]', or use {otherwise}"
        ) from error


def device(options: ModelOptions | PretrainedOptions) -> str:
    """cpu or cuda; auto is the GPU where there is one."""
    if options.device != "auto":
        return options.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def compute_type(options: ModelOptions, place: str) -> str:
    """One of `COMPUTE_TYPES`; auto is half precision on a GPU."""
    if options.compute_type in COMPUTE_TYPES:
        return options.compute_type
    return "float32" if place == "cpu" else "float16"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """What torch draws at random inside depends on the seed alone; outside, nothing has happened.

    One thread at a time: torch has one generator for all of them.
    """
    import torch

    with _SEEDING, torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
