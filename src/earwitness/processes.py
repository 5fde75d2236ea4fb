"""Processes: children to talk to, and who holds what: a name for the process at work, and whether one still lives."""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PROCESSES = Path("/proc")
_DEAD = ("Z", "X", "")
"""States of a process that has ended, though its parent has not asked yet; none where there is no such process."""


def holder() -> str:
    """This process, unlike any other: a name for where it runs, its number, and when it began.

    >>> holder() == holder() and holder().count("-")
    2
    """
    return f"{_place()}-{os.getpid()}-{_began(os.getpid())}"


def spawned(target: Callable[..., None], *arguments: Any, name: str) -> tuple[Any, Connection]:
    """A child that runs `target(connection, *arguments)` until it or this process ends, and the other end of that.

    Raises:
        OSError: there is no memory, or there are too many processes.
    """
    context = multiprocessing.get_context("spawn")  # what threads of this process hold is not copied
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), name=name, daemon=True)
    process.start()
    theirs.close()
    return process, ours


def is_gone(name: str) -> bool:
    """Whether the process called so has surely ended.

    Nothing is sure of one on another machine or in another container, and where the system does not tell when a
    process began: its number may by now be another's.

    >>> is_gone(holder()), is_gone("elsewhere-1-1")
    (False, False)
    """
    place, _, rest = name.partition("-")
    number, _, began = rest.partition("-")
    return bool(began) and number.isdecimal() and place == _place() and _began(int(number)) != began


@cache
def _place() -> str:
    """This machine since it was started, and the container: where process numbers mean the same, 12 digits."""
    try:
        told = (PROCESSES / "sys/kernel/random/boot_id").read_text(), (PROCESSES / "self/ns/pid").readlink().name
    except OSError:
        told = ("", "")
    return sha256("\n".join((platform.node(), *told)).encode()).hexdigest()[:12]


def _began(number: int) -> str:
    """When a living process began, in ticks since the machine was started; empty where that is not told."""
    try:
        fields = (PROCESSES / str(number) / "stat").read_bytes().rpartition(b")")[2].decode().split()
    except OSError:
        return ""
    return fields[19] if fields[0] not in _DEAD else ""
