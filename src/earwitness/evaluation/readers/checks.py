"""What every reader asks of times."""

from __future__ import annotations

import math
from typing import Any

from earwitness.errors import TranscriptError
from earwitness.types import Seconds


def seconds(value: Any, where: str) -> Seconds:
    """A time that can be one: a finite number, not negative. `where` names its line or entry.

    >>> seconds("1.50", "line 3")
    1.5

    Raises:
        TranscriptError: it is none.
    """
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise TranscriptError(f"{where}: {str(value)[:40]!r} is not a time in seconds")
    if number < 0:
        raise TranscriptError(f"{where}: a time is negative ({number:g} s)")
    return number


def span(start: Any, end: Any, where: str) -> tuple[Seconds, Seconds]:
    """Two times, the first not after the second.

    Raises:
        TranscriptError: they are not.
    """
    first, last = seconds(start, where), seconds(end, where)
    if last < first:
        raise TranscriptError(f"{where}: ends ({last:g} s) before it begins ({first:g} s)")
    return first, last
