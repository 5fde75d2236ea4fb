"""Who gets what: recordings and portions to workers as they get free, and what becomes of what comes back."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from earwitness import __version__, source
from earwitness.batch import Job, Outcome, Report, Say, Transcribed, attempted, kept
from earwitness.checkpoints import Shelf
from earwitness.cluster.worker import Divided, File, Fitness, NotHere, Part
from earwitness.errors import ModelError, OptionError, reason
from earwitness.repair import Heard
from earwitness.source import Reference
from earwitness.types import Seconds

LONG_S: Seconds = 1200.0
"""A recording with so much speech is divided; of a shorter one the sound need not travel."""
MAX_LOSSES = 3
FORSAKEN_S: Seconds = 600.0
"""A cluster without a worker for so long is given up; until then a node may come back, or another job end."""


@dataclass(eq=False)
class Seat:
    """A worker as it is seen from here. After a loss it begins another life."""

    handle: Any
    slots: int
    free: int = 0
    life: int = 0
    alive: bool = False
    own: deque[Task] = field(default_factory=deque)
    """What no other can do as well."""


@dataclass(eq=False)
class Episode:
    """A recording that is not finished; where it is `divided`, `owner` has it open and some parts are `unheard`."""

    reference: Reference
    file: File | None
    began: float
    content: Any = None
    known: dict[str, Any] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=lambda: Shelf(None))
    owner: Seat | None = None
    divided: Divided | None = None
    unheard: dict[int, Seconds] = field(default_factory=dict)
    speech_s: Seconds = 0.0
    diarized: bool = False
    losses: Counter[int] = field(default_factory=Counter)


@dataclass(eq=False)
class Task:
    """Something that a worker is to do for a recording as it is `divided`, if it is; of no use once that is lost."""

    episode: Episode
    work: str
    divided: Divided | None = None
    part: Part | None = None

    @property
    def is_wanted(self) -> bool:
        return self.divided is self.episode.divided

    @property
    def number(self) -> int:
        return self.part.number if self.part else -1


class Driver:
    """Hands out recordings and portions as workers get free, and takes what comes back."""

    def __init__(
        self, ray: Any, seats: list[Seat], references: Iterable[Reference], job: Job, report: Report | None, say: Say
    ) -> None:
        self._ray, self._seats, self._job, self._report, self._say = ray, seats, job, report, say
        self._references = iter(references)
        self._first: deque[Task] = deque()
        """What is done before another recording is begun."""
        self._open: list[Episode] = []
        self._finished: deque[tuple[Episode, Transcribed]] = deque()
        self._awaited: dict[Any, Callable[[Any], Iterable[Outcome]]] = {}
        self._fitness: list[Fitness] = []
        self._takes: dict[str, Callable[[Seat, Task, Any], Iterable[Outcome]]] = {
            "transcribe": self._transcribed,
            "hear": self._heard,
            "diarize": self._diarized,
        }

    def outcomes(self) -> Iterator[Outcome]:
        for seat in self._seats:
            self._call(seat)
        while True:
            self._hand_out()
            yield from self._written()  # while the workers are at their next tasks
            alive = any(seat.alive for seat in self._seats)
            if alive and not self._open:
                return
            arrived, _ = self._ray.wait(list(self._awaited), timeout=None if alive else FORSAKEN_S)
            if not arrived:
                raise ModelError(
                    f"the cluster has had no free worker for {FORSAKEN_S / 60:.0f} minutes; see `ray status`, and give "
                    "the same command again: what is finished is kept"
                )
            for answer in arrived:
                yield from self._awaited.pop(answer)(answer)

    def _written(self) -> Iterator[Outcome]:
        while self._finished:
            episode, done = self._finished.popleft()
            yield self._closed(episode, attempted(episode.reference, partial(kept, done, self._job)))

    def _call(self, seat: Seat) -> None:
        self._awaited[seat.handle.ready.remote()] = partial(self._is_ready, seat)

    def _is_ready(self, seat: Seat, answer: Any) -> Iterable[Outcome]:
        try:
            self._fitness.append(self._ray.get(answer))
        except self._ray.exceptions.RayTaskError as problem:
            raise problem.cause from problem
        except self._ray.exceptions.RayActorError as problem:
            raise ModelError(
                f"a worker cannot start: {_last_line(problem)}; install earwitness on all nodes"
            ) from problem
        require_fit(self._fitness)
        seat.alive, seat.free, seat.life = True, seat.slots, seat.life + 1
        if len(self._fitness) == len(self._seats):
            nodes = len({fitness.node for fitness in self._fitness})
            self._say(f"ready: workers {len(self._seats)}, nodes {nodes}")
        self._ask_for_news(seat, seat.life)
        return ()

    def _ask_for_news(self, seat: Seat, life: int) -> None:
        self._awaited[seat.handle.news.remote()] = partial(self._tell_news, seat, life)

    def _tell_news(self, seat: Seat, life: int, answer: Any) -> Iterable[Outcome]:
        try:
            news = self._ray.get(answer)
        except self._ray.exceptions.RayActorError:
            self._lose(seat, life)
            return ()
        for name, stage, done, total in news:
            self._tell(name, stage, done, total)
        if seat.life == life:
            self._ask_for_news(seat, life)
        return ()

    def _tell(self, name: str, stage: str, done: Seconds, total: Seconds) -> None:
        if self._report and any(episode.reference.name == name for episode in self._open):
            self._report(name, stage, done, total)

    # Out

    def _hand_out(self) -> None:
        """One task to each that has room, and again, until nobody has or nothing is left."""
        handed = True
        while handed:
            handed = False
            for seat in self._seats:
                if seat.free and (task := self._next_for(seat)):
                    self._start(seat, task)
                    handed = True

    def _next_for(self, seat: Seat) -> Task | None:
        for queue in (seat.own, self._first):
            if queue:
                return queue.popleft()
        reference = next(self._references, None)
        if reference is None:
            return None
        if reference.kind == "file":
            reference = replace(reference, argument=os.path.abspath(reference.argument))  # noqa: PTH100 - as it is named
        file = File.of(reference.argument) if reference.kind == "file" else None
        self._open.append(Episode(reference, file, time.perf_counter()))
        return Task(self._open[-1], "transcribe")

    def _start(self, seat: Seat, task: Task) -> None:
        episode, worker = task.episode, seat.handle
        if task.work == "transcribe":
            long_s = LONG_S if len(self._seats) > 1 else None
            arguments = (episode.reference, episode.file, episode.content, episode.known, long_s)
            answer = worker.transcribe.remote(*arguments)
        elif task.work == "hear":
            answer = worker.hear.remote(episode.reference, task.part.portion if task.part else None)
        else:
            answer = worker.diarize.remote(episode.reference)
        seat.free -= 1
        self._awaited[answer] = partial(self._arrived, seat, seat.life, task)

    # Back

    def _arrived(self, seat: Seat, life: int, task: Task, answer: Any) -> Iterable[Outcome]:
        errors, lost = self._ray.exceptions, None
        try:
            result = self._ray.get(answer)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError) as problem:
            self._lose(seat, life)
            lost = problem
        except errors.RayTaskError as problem:
            if not isinstance(problem.cause, errors.ObjectLostError):
                raise problem.cause from problem
            lost = problem.cause  # the sound of a portion, and most probably with the worker that had it
        if seat.alive and seat.life == life:
            seat.free += 1
        if task.episode not in self._open:
            return ()
        if lost:
            return self._try_again(task, lost)
        if isinstance(result, Outcome):
            return (self._closed(task.episode, result),)
        return self._takes[task.work](seat, task, result)

    def _transcribed(self, seat: Seat, task: Task, result: Transcribed | Divided | NotHere) -> Iterable[Outcome]:
        episode = task.episode
        if isinstance(result, Transcribed):
            episode.owner = None  # it has nothing of it any more
            self._finished.append((episode, result))
            return ()
        if isinstance(result, NotHere):
            return self._sent(task)
        self._divide(episode, seat, result)
        return ()

    def _divide(self, episode: Episode, seat: Seat, divided: Divided) -> None:
        """Has all heard that was not heard already, by an earlier run too, and has voices told apart meanwhile."""
        episode.owner, episode.divided, episode.diarized = seat, divided, False
        episode.shelf = self._job.checkpoints().shelf(*divided.shelf)
        episode.speech_s = max(episode.speech_s, sum(part.speech_s for part in divided.parts))
        seat.own.append(Task(episode, "diarize", divided))
        for part in divided.parts:
            found = {name: heard for name in part.windows if (heard := episode.shelf.get(name, Heard)) is not None}
            episode.known |= found
            if len(found) < len(part.windows):
                episode.unheard[part.number] = part.speech_s
                self._first.append(Task(episode, "hear", divided, part))

    def _sent(self, task: Task) -> Iterable[Outcome]:
        """Sends the content of a file along, if it can be read."""
        reference = task.episode.reference

        def read() -> bytes:
            found = source.fetch(reference, self._job.options.source, self._job.checkpoints().scratch())
            try:
                return found.path.read_bytes()
            finally:
                found.discard()

        content = attempted(reference, read)
        if isinstance(content, Outcome):
            return (self._closed(task.episode, content),)
        task.episode.content = self._ray.put(content)
        self._first.append(task)
        return ()

    def _heard(self, seat: Seat, task: Task, result: Mapping[str, Any]) -> Iterable[Outcome]:
        episode = task.episode
        episode.known |= result

        def keep() -> None:
            for name, heard in result.items():
                episode.shelf.put(name, heard)

        if failed := attempted(episode.reference, keep):
            return (self._closed(episode, failed),)
        if task.is_wanted:
            episode.unheard.pop(task.number, None)
            left = sum(episode.unheard.values())
            self._tell(episode.reference.name, "words", episode.speech_s - left, episode.speech_s)
            self._put_together(episode)
        return ()

    def _diarized(self, seat: Seat, task: Task, result: None) -> Iterable[Outcome]:
        if task.is_wanted:
            task.episode.diarized = True
            self._put_together(task.episode)
        return ()

    def _put_together(self, episode: Episode) -> None:
        if episode.owner and episode.diarized and not episode.unheard:
            episode.owner.own.append(Task(episode, "transcribe", episode.divided))

    def _closed(self, episode: Episode, outcome: Outcome) -> Outcome:
        self._open.remove(episode)
        self._drop(episode)
        if episode.owner and outcome.error:
            episode.owner.handle.forget.remote(episode.reference)
        return replace(outcome, elapsed_s=time.perf_counter() - episode.began)

    def _drop(self, episode: Episode) -> None:
        """Nothing is begun any more of what was to be done for a recording."""
        for queue in (self._first, *(seat.own for seat in self._seats)):
            for task in [task for task in queue if task.episode is episode]:
                queue.remove(task)

    # Losses

    def _lose(self, seat: Seat, life: int) -> None:
        """A worker is gone, unless that is known; Ray starts it anew where there is room, and then it answers."""
        if not seat.alive or seat.life != life:
            return
        seat.alive, seat.free = False, 0
        self._say("a worker was lost; what it was at is done again")
        seat.own.clear()
        self._call(seat)
        for episode in self._open:
            if episode.owner is seat:
                self._drop(episode)
                episode.owner, episode.divided, episode.unheard = None, None, {}
                self._first.append(Task(episode, "transcribe"))

    def _try_again(self, task: Task, problem: Exception) -> Iterable[Outcome]:
        """What was lost is done again, by whoever is free, but not for ever: it may be what kills."""
        episode = task.episode
        episode.losses[task.number] += 1
        if episode.losses[task.number] == MAX_LOSSES:
            name = episode.reference.name
            error = (
                f"{name}: lost {MAX_LOSSES} workers ({reason(problem)}); try a smaller --batch-size, or leave it out"
            )
            return (self._closed(episode, Outcome(name, episode.reference.stem, error=error)),)
        if task.is_wanted:
            self._first.append(task)
        return ()


def _last_line(problem: Exception) -> str:
    return str(problem).strip().rpartition("\n")[2].strip()


def require_fit(found: list[Fitness]) -> None:
    """All do the same: what a transcript says must not hang on where it was made.

    Raises:
        OptionError: some node has another version, or other engines.
    """
    first, last = found[0], found[-1]
    if last.version != __version__:
        raise OptionError(f"{last.host} has earwitness {last.version}, this is {__version__}; install the same")
    if last.engines != first.engines:
        raise OptionError(
            f"{last.host} has the engines {last.engines}; {first.host} has {first.engines}; name one with --engine and "
            "--model, and give all nodes the same models"
        )
