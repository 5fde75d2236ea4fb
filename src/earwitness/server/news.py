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


@dataclass
class _Run:
    """A running job: when its first and its last step were told, and that step."""

    began_s: Seconds | None = None
    told_s: Seconds | None = None
    step: Step = Step()


class Newsroom:
    """Everybody who listens, and the step that each running job is at."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: set[_Listener] = set()
        self._running: dict[str, _Run] = {}
        self._closed = False

    def step_of(self, job: str) -> Step:
        with self._lock:
            known = self._running.get(job)
            return known.step if known else Step()

    def progress(self, job: str, stage: str, done: Seconds, total: Seconds, now_s: float) -> None:
        """Tells how far a running job is, at a time of a clock that never goes back; of one that is not, nothing."""
        with self._lock:
            known = self._running.get(job)
            if known is None or (known.told_s is not None and now_s - known.told_s < EVERY_S):
                return
            known.began_s = now_s if known.began_s is None else known.began_s
            known.told_s = now_s
            share = min(1.0, share_done(stage, done, total))
            left = (now_s - known.began_s) * (1 - share) / share if share > 0.05 else None
            known.step = Step(stage, share, left)
            self._pass_on(News(job, "running", known.step))

    def tell(self, news: News) -> None:
        """Passes news on; callable from any thread."""
        with self._lock:
            if news.state == "running":
                self._running[news.job] = _Run()
            else:
                self._running.pop(news.job, None)
            self._pass_on(news)

    def said(self, job: str) -> None:
        """Tells that a running job has heard something, which whoever waits for it may ask the workers for."""
        with self._lock:
            known = self._running.get(job)
            self._pass_on(News(job, "running", known.step if known else Step()))

    def waits(self, job: str) -> None:
        """Tells of a job that is new, or waits again; by now a worker may have it, which counts for more."""
        with self._lock:
            self._pass_on(News(job, "waiting"))

    def _pass_on(self, news: News) -> None:
        """To all who listen, in the order in which it happens: whoever calls this has the lock."""
        for listener in self._listeners:
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
