"""What happens to jobs, told to whoever listens while it happens.

Workers tell it from their threads; each listener has a queue of its own in the server's event loop. A listener who does
not keep up misses steps of progress, never an end: of several steps of one job that wait for it, only the last is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from threading import Lock

from earwitness.progress import share_done
from earwitness.types import Seconds

ENDS = ("done", "failed", "cancelled")
EVERY_S = 0.25
"""Steps of one job that follow sooner are not told."""


@dataclass(frozen=True)
class Step:
    """How far a job is: its stage, how much of all is done (0 to 1), and how long it still takes, if that is known."""

    stage: str = ""
    share: float = 0.0
    left_s: Seconds | None = None


@dataclass(frozen=True)
class News:
    """Something about a job: its id, its state, the step it is at, the episode it made, or why it failed."""

    job: str
    state: str
    step: Step = Step()
    episode: int | None = None
    reason: str | None = None


class Newsroom:
    """Everybody who listens, and the step that each running job is at."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: set[_Listener] = set()
        self._steps: dict[str, Step] = {}
        self._began: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._closed = False

    def step_of(self, job: str) -> Step:
        with self._lock:
            return self._steps.get(job, Step())

    def progress(self, job: str, stage: str, done: Seconds, total: Seconds, now_s: float) -> None:
        """Tells how far a running job is, at a time of a clock that never goes back."""
        if now_s - self._told.get(job, -EVERY_S) < EVERY_S:
            return
        self._told[job] = now_s
        share = min(1.0, share_done(stage, done, total))
        began = self._began.setdefault(job, now_s)
        left = (now_s - began) * (1 - share) / share if share > 0.05 else None
        step = Step(stage, share, left)
        with self._lock:
            self._steps[job] = step
        self.tell(News(job, "running", step))

    def tell(self, news: News) -> None:
        """Passes news on; callable from any thread."""
        with self._lock:
            if news.state != "running":
                self._steps.pop(news.job, None)
                self._began.pop(news.job, None)
                self._told.pop(news.job, None)
            listeners = list(self._listeners)
        for listener in listeners:
            listener.put(news)

    async def listen(self, job: str | None = None) -> AsyncIterator[News]:
        """News of a job, or of all, from now on until the server stops; that of one job ends with its end."""
        listener = _Listener(asyncio.get_running_loop(), job)
        with self._lock:
            if self._closed:
                return
            self._listeners.add(listener)
        try:
            while (news := await listener.get()) is not None:
                yield news
                if job and news.state in ENDS:
                    return
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def close(self) -> None:
        """Lets everybody go, so that the server can stop."""
        with self._lock:
            self._closed = True
            listeners = list(self._listeners)
        for listener in listeners:
            listener.put(None)


class _Listener:
    """What one listener has still to be told: the last news of each job, in the order of their first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, job: str | None) -> None:
        self._loop, self._job = loop, job
        self._waiting: dict[str, News] = {}
        self._closed = False
        self._something = asyncio.Event()

    def put(self, news: News | None) -> None:
        if news is None or self._job in (None, news.job):
            try:
                self._loop.call_soon_threadsafe(self._put, news)
            except RuntimeError:  # its loop is closed: nobody listens any more
                return

    def _put(self, news: News | None) -> None:
        if news is None:
            self._closed = True
        else:
            self._waiting[news.job] = news
        self._something.set()

    async def get(self) -> News | None:
        while not self._waiting:
            if self._closed:
                return None
            self._something.clear()
            await self._something.wait()
        return self._waiting.pop(next(iter(self._waiting)))
