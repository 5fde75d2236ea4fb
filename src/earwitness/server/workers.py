"""The threads that take jobs from the queue and look after the processes that do them.

Each thread takes a job, hands it to its child (`earwitness.server.child`), and passes on what that tells. A child that
dies is replaced, and its job waits again until that has happened three times. When the server stops, jobs under way are
given back: their checkpoints are kept, so the next server goes on where they were.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

from earwitness.errors import EarwitnessError, StorageError
from earwitness.leases import LEASE_S, beating
from earwitness.library.jobs import Job, Queue
from earwitness.library.store import Library
from earwitness.server import requests
from earwitness.server.child import Answer, Child, Ended, Said, Task
from earwitness.server.news import News, Newsroom
from earwitness.server.requests import CANCELLED
from earwitness.server.settings import Settings
from earwitness.types import Word

LOOK_S = 2.0
"""So often a free worker looks for jobs that another process has put into the queue, and tries again what the library
refused."""


@dataclass
class _Run:
    """A job that a child is at."""

    job: Job
    process: Any
    is_stopped: bool = False
    """Whether the child was ended since nobody wants the job any more."""


class Workers:
    """The workers of a server; `start` and `stop` them once."""

    def __init__(self, settings: Settings, news: Newsroom) -> None:
        self._settings, self._news = settings, news
        self._stopped, self._wake = Event(), Event()
        self._lock = Lock()
        self._running: dict[str, _Run] = {}
        self._said: dict[str, list[Word]] = {}
        self._results: dict[str, Answer] = {}
        self._threads: Sequence[Thread] = ()

    def start(self) -> None:
        self._threads = [Thread(target=self._live, daemon=True) for _ in range(self._settings.workers)]
        self._threads = [*self._threads, Thread(target=self._beat_on, daemon=True)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Gives back what is being done."""
        self._stopped.set()
        self._wake.set()
        with self._lock:
            for run in self._running.values():
                run.process.kill()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """There is something new to do."""
        self._wake.set()

    def cancel(self, request: str) -> None:
        """Stops work on a request that was cancelled; in the library it is by now."""
        self._stop_unwanted()
        self._news.tell(News(request, CANCELLED))

    def said(self, request: str, since: int) -> Sequence[Word]:
        """The words that a request which is not kept has by now, from that number on; those it has do not change."""
        with self._lock:
            return self._said.get(request, [])[since:]

    def result(self, request: str) -> Answer | None:
        """What became of a request that is not kept, once; none where there is nothing."""
        with self._lock:
            self._said.pop(request, None)
            return self._results.pop(request, None)

    def _beat_on(self) -> None:
        with beating(self._beat, LEASE_S):
            self._stopped.wait()

    def _beat(self) -> None:
        with Library(self._settings.library) as library:
            Queue(library).beat()
        self._stop_unwanted()

    def _stop_unwanted(self) -> None:
        """Ends the children whose jobs were cancelled, by this server or by another.

        Not by SIGTERM, which one that is halted does not heed: until a child is gone nobody else can have its job.
        """
        with self._lock:
            for run in self._running.values():
                if not run.is_stopped and not self._is_wanted(run.job):
                    run.is_stopped = True
                    run.process.kill()

    def _live(self) -> None:
        child: Child | None = None
        while not self._stopped.is_set():
            self._wake.clear()
            job = self._claimed()
            if job is None:
                self._wake.wait(LOOK_S)
                continue
            try:
                child = child or Child(self._settings)
            except OSError:  # no memory, no processes: that may pass
                self._settle(job, requests.id_of(job.key), None, give_back=True)
                self._stopped.wait(LOOK_S)
                continue
            if not self._do(job, child):
                child = None
        if child:
            child.end()

    def _claimed(self) -> Job | None:
        try:
            with Library(self._settings.library) as library:
                return Queue(library).claim(prefixes=requests.prefixes())
        except StorageError:  # it is held by another process, or the disk is full: that may pass
            return None

    def _do(self, job: Job, child: Child) -> bool:
        """Does a job; false where the child was of no use any more: then it is gone, before another can have the job.

        From when its child is known `stop` and `cancel` end it; what they missed before is seen here.
        """
        request, run, ended = requests.id_of(job.key), _Run(job, child.process), None
        with self._lock:
            self._running[request] = run
        self._news.tell(News(request, "running"))
        if not self._stopped.is_set() and self._is_wanted(job):
            ended = self._listened(job, request, child)
        with self._lock:
            del self._running[request]
        is_useless = ended is None or run.is_stopped
        if is_useless:
            child.end()
        self._settle(job, request, ended, give_back=self._stopped.is_set())
        return not is_useless

    def _is_wanted(self, job: Job) -> bool:
        try:
            with Library(self._settings.library) as library:
                return Queue(library).is_held(job)
        except StorageError:
            return True

    def _listened(self, job: Job, request: str, child: Child) -> Ended | None:
        """What a child says at the end; none where it died.

        Words of one that hears again what another died of are not told: they might be others than were told before.
        """
        with self._lock:
            heard_before = request in self._said
        try:
            work = requests.work_of(job.work)
            child.connection.send(Task(work, work.over(self._settings.options)))
            while not isinstance(message := child.connection.recv(), Ended):
                if isinstance(message, Said):
                    if not heard_before:
                        self._tell_words(request, message.words)
                    continue
                stage, done, total = message
                self._news.progress(request, stage, done, total, time.monotonic())
            return message
        except (EOFError, OSError):
            return None
        except (EarwitnessError, LookupError, ValueError, TypeError) as error:  # a job of an older version
            return Ended(error=str(error))

    def _tell_words(self, request: str, words: Sequence[Word]) -> None:
        with self._lock:
            self._said.setdefault(request, []).extend(words)
        self._news.said(request)

    def _settle(self, job: Job, request: str, ended: Ended | None, *, give_back: bool) -> None:
        """Notes what became of a job, as soon as the library can be written; this process holds it until then."""
        while True:
            try:
                with Library(self._settings.library) as library:
                    self._note(library, job, request, ended, give_back=give_back)
                    now = requests.request_of(library, request)
            except StorageError:
                if self._stopped.wait(LOOK_S):
                    return  # the next server finds it held by nobody
            except requests.UnknownRequestError:  # its answer is nobody's business any more
                self.result(request)
                self._news.tell(News(request, CANCELLED))
                return
            else:
                self._news.tell(News(request, now.state, episode=now.episode, reason=now.reason))
                return

    def _note(self, library: Library, job: Job, request: str, ended: Ended | None, *, give_back: bool) -> None:
        queue = Queue(library)
        if ended is None:
            (queue.give_back if give_back else queue.died)(job)
        elif ended.error:
            queue.failed(job, ended.error)
        else:
            if ended.episode is not None:
                requests.finished(library, request, ended.episode)
            if queue.done(job) and ended.answer is not None:
                with self._lock:
                    self._results[request] = ended.answer
