"""How often somebody may ask, a bucket each, which fills at a steady rate; and how much at the same time."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

MAX_CALLERS = 10_000
"""So many are remembered, those who asked last; whoever is forgotten begins with a full bucket."""


class Limit:
    """At most so many times a minute, for each caller by themselves.

    >>> limit = Limit(60, clock=lambda: 0.0)
    >>> [limit.wait_s("ada") for _ in range(61)][-2:]
    [0.0, 1.0]
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._size, self._clock = per_minute / 60, float(per_minute), clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str, *, take: bool = True) -> float:
        """0 where they may ask now, which is then counted unless `take` is false; else in how many seconds they may."""
        now = self._clock()
        with self._lock:
            left, last = self._buckets.get(caller, (self._size, now))
            left = min(self._size, left + (now - last) * self._rate)
            allowed = left >= 1
            self._buckets[caller] = (left - 1 if allowed and take else left, now)
            self._buckets.move_to_end(caller)
            while len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate


class AtOnce:
    """At most so many things at the same time, for each caller by themselves; for one thread.

    >>> at_once = AtOnce(1)
    >>> with at_once.begun("ada") as first, at_once.begun("ada") as second, at_once.begun("bob") as third:
    ...     first, second, third
    (True, False, True)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: Counter[str] = Counter()

    @contextmanager
    def begun(self, caller: str) -> Iterator[bool]:
        """Whether there is room for what the block does."""
        self._begun[caller] += 1
        try:
            yield self._begun[caller] <= self._most
        finally:
            self._begun[caller] -= 1
            if not self._begun[caller]:
                del self._begun[caller]
