"""Many recordings on a Ray cluster.

Ray places workers, brings them their work, notices when one is lost and starts it anew; this module says what the work
is. A worker has a GPU, or some cores where the cluster has no GPU, and engines of its own. It is given no more than it
works on, so that nothing piles up. A recording is one task; a long one is divided (`earwitness.portions`), so that all
workers hear it together. What comes back is written here: workers need neither the user's folders nor a common disk.

What a lost worker was at is done again by another; a recording that has lost three of them is set aside.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from earwitness import __version__, source
from earwitness.batch import (
    AT_WORK,
    Job,
    Outcome,
    Report,
    Say,
    Transcribed,
    attempted,
    kept,
    opened,
    options_for,
    transcribed,
)
from earwitness.checkpoints import Shelf, default_folder
from earwitness.cores import cores
from earwitness.errors import ExtraError, ModelError, OptionError, reason
from earwitness.options import ModelOptions
from earwitness.pipeline import Engines, Stages
from earwitness.portions import said
from earwitness.repair import Heard
from earwitness.source import Reference
from earwitness.types import Seconds

AUTO = "auto"
CORES = 2
"""A worker without a GPU has so many cores unless `--threads` says otherwise; each has the model in memory."""
LONG_S: Seconds = 1200.0
"""A recording with so much speech is divided; of a shorter one the sound need not travel."""
MAX_LOSSES = 3
REACH_S: Seconds = 5.0
"""An address that nobody answers for so long is wrong. Ray itself would try for two minutes."""
FORSAKEN_S: Seconds = 600.0
"""A cluster without a worker for so long is given up; until then a node may come back, or another job end."""
NEWS_S: Seconds = 1.0
"""Workers tell of their progress so often at most."""


def transcribe_all(
    references: Iterable[Reference], job: Job, address: str, *, report: Report | None = None, say: Say | None = None
) -> Iterator[Outcome]:
    """As `earwitness.batch.transcribe_all`, on the cluster at this address.

    Args:
        address: HOST:PORT; or `auto`, which is a cluster that this machine belongs to, or else one that is started on
            this machine and ends with the work. Where this process is connected to a cluster, that one is used.
        say: told what happens to the cluster.

    Raises:
        ExtraError: Ray is not installed.
        OptionError: there is no cluster at `address`, or its nodes are not fit for this job.
        ModelError: no worker could be had.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # a cluster that is started here reports to nobody
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # Ray would print to stdout, where results go
    try:
        import ray
    except ImportError as error:
        raise ExtraError("--ray needs Ray: pip install 'earwitness[ray]'") from error
    if job.options.library.known_voices:
        raise OptionError("--known-voices reads this machine's library, which a cluster's nodes lack; leave out --ray")
    tell = say or (lambda line: None)
    with _joined(ray, address, tell):
        workers = [_Seat(handle, slots) for handle, slots in _workers(ray, job)]
        try:
            yield from _Driver(ray, workers, references, job, report, tell).outcomes()
        finally:
            for seat in workers:
                ray.kill(seat.handle)


# What a worker does


@dataclass(frozen=True)
class File:
    """A file as it is on the machine that the user is at."""

    path: str
    size_bytes: int
    changed_ns: int

    @classmethod
    def of(cls, path: str) -> File | None:
        """None where there is no such file."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError):
            return None
        return cls(path, found.st_size, found.st_mtime_ns)

    def is_here(self) -> bool:
        """Whether this machine sees the same file, on a common disk or because it is the same machine."""
        return File.of(self.path) == self


@dataclass(frozen=True)
class Fitness:
    """What a worker found when it started, on which node; `engines` says what will hear, and how."""

    node: str
    host: str
    version: str
    engines: str


class NotHere:
    """The answer where a file has to be sent."""


@dataclass(frozen=True)
class Part:
    """A portion that is somewhere on the cluster; `windows` are their names."""

    number: int
    speech_s: Seconds
    windows: tuple[str, ...]
    portion: Any


@dataclass(frozen=True)
class Divided:
    """The answer where a recording is long; `shelf` names the checkpoints of its windows."""

    parts: tuple[Part, ...]
    shelf: tuple[Any, ...]


class Worker:
    """What runs on the nodes, as a Ray actor: engines, and the recordings that it has divided."""

    def __init__(self, job: Job, threads: int, usual_cache: bool) -> None:
        options = replace(job.options, model=replace(job.options.model, threads=threads))
        self._job = replace(job, options=options, cache=default_folder() if usual_cache else job.cache)
        self._open: dict[str, tuple[ExitStack, Stages]] = {}
        self._news: dict[str, tuple[str, str, Seconds, Seconds]] = {}
        self._is_new = Event()

    def ready(self) -> Fitness:
        """Answers once there are engines. It is asked first, and before anything else is."""
        import ray

        self._engines = Engines(self._job.options)
        node = ray.get_runtime_context().get_node_id()
        made = (self._engines.recognizer, self._engines.tells_voices, self._engines.sentences)
        engines = ", ".join(f"{engine.name} {engine.identity()}" for engine in made if engine)
        return Fitness(node, socket.gethostname(), __version__, engines)

    def transcribe(
        self,
        reference: Reference,
        file: File | None,
        content: bytes | None,
        known: Mapping[str, Any],
        long_s: Seconds | None,
    ) -> Transcribed | Divided | NotHere | Outcome:
        """A recording; or its portions, where `known` lacks `long_s` of it, or more."""
        if content is None and (reference.kind == "stdin" or (file and not file.is_here())):
            return NotHere()

        def work() -> Transcribed | Divided:
            with ExitStack() as stack:
                stages = self._opened(stack, reference, content, known)
                divided = None if long_s is None else self._divided(stages, long_s)
                if not divided:
                    return transcribed(stages, self._job, self._engines)
                self._open[reference.stem] = stack.pop_all(), stages
                return divided

        return attempted(reference, work)

    def _opened(
        self, stack: ExitStack, reference: Reference, content: bytes | None, known: Mapping[str, Any]
    ) -> Stages:
        """A recording that is open already, with all that was made of it, or else anew."""
        earlier, stages = self._open.pop(reference.stem, (None, None))
        if earlier and stages:
            stack.enter_context(earlier)
            stages.known = known
            return stages
        return stack.enter_context(opened(reference, self._job, self._report, content=content, known=known))

    def _divided(self, stages: Stages, long_s: Seconds) -> Divided | None:
        import ray

        recognizer, speech = self._engines.recognizer, stages.regions(self._engines.detector)
        parts = tuple(
            Part(portion.number, portion.speech_s, portion.names, ray.put(portion))
            for portion in stages.portions(recognizer, speech, long_s)
        )
        return Divided(parts, stages.windows(recognizer, speech)) if parts else None

    def diarize(self, reference: Reference) -> Outcome | None:
        """Tells speakers apart in a recording that is divided, while others hear it."""
        _, stages = self._open[reference.stem]
        return attempted(reference, lambda: self._diarized(stages))

    def _diarized(self, stages: Stages) -> None:
        stages.speakers(self._engines, stages.regions(self._engines.detector))

    def hear(self, reference: Reference, portion: Any) -> Mapping[str, Any] | Outcome:
        """What a portion of any recording says."""
        options = options_for(reference, self._job).words
        return attempted(reference, lambda: said(portion, self._engines.recognizer, options))

    def forget(self, reference: Reference) -> None:
        """Closes a recording that will not be finished."""
        stack, _ = self._open.pop(reference.stem, (None, None))
        if stack:
            stack.close()

    def _report(self, name: str, stage: str, done: Seconds, total: Seconds) -> None:
        self._news[name] = (name, stage, done, total)
        self._is_new.set()

    def news(self) -> list[tuple[str, str, Seconds, Seconds]]:
        """How far the recordings are; answers when there is something new, or after a minute."""
        time.sleep(NEWS_S)
        self._is_new.wait(60.0)
        self._is_new.clear()
        news, self._news = self._news, {}
        return list(news.values())


# Where the workers are


@contextmanager
def _joined(ray: Any, address: str, say: Say) -> Iterator[None]:
    if ray.is_initialized():  # by whoever uses earwitness from Python: it is theirs to end
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != AUTO:
        _require_answer(address)
    try:
        try:
            ray.init(address, **quiet)
        except ConnectionError:
            if address != AUTO:
                raise
            ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
            say("no Ray cluster is running on this machine: one is started, with this machine as its only node")
    except (OSError, RuntimeError, ValueError) as error:
        raise OptionError(f"--ray {address}: {reason(error)}; {ADDRESSES}") from error
    try:
        yield
    finally:
        ray.shutdown()


ADDRESSES = (
    "give auto, or the HOST:PORT that `ray start --head` has told, on a machine that has joined it by `ray start`"
)


def _require_answer(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise OptionError(f"--ray {address}: not an address; {ADDRESSES}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (OSError, OverflowError) as error:
        raise OptionError(f"--ray {address}: nobody answers ({reason(error)}); {ADDRESSES}") from error


@dataclass(frozen=True)
class Share:
    """What a worker gets of a node."""

    node: str
    cpus: int
    gpus: int


def shares(nodes: Iterable[Mapping[str, Any]], options: ModelOptions) -> list[Share]:
    """A worker for each GPU of a cluster, or else for each group of cores.

    Args:
        nodes: as `ray.nodes` tells them.

    >>> shares([{"NodeID": "a", "Alive": True, "Resources": {"CPU": 5.0}}], ModelOptions())
    [Share(node='a', cpus=2, gpus=0), Share(node='a', cpus=2, gpus=0)]
    >>> machine = {"NodeID": "b", "Alive": True, "Resources": {"CPU": 16.0, "GPU": 2.0}}
    >>> shares([machine, {"NodeID": "c", "Alive": True, "Resources": {"CPU": 4.0}}], ModelOptions())
    [Share(node='b', cpus=8, gpus=1), Share(node='b', cpus=8, gpus=1)]
    """
    found = [
        (node["NodeID"], int(node["Resources"].get("CPU", 0)), int(node["Resources"].get("GPU", 0)))
        for node in nodes
        if node["Alive"]
    ]
    if options.device != "cpu" and any(gpus for _, _, gpus in found):
        return [Share(node, cpus // gpus, 1) for node, cpus, gpus in found for _ in range(gpus)]
    sizes = [(node, cpus, options.threads or min(cpus, CORES)) for node, cpus, _ in found if cpus]
    return [Share(node, size, 0) for node, cpus, size in sizes for _ in range(cpus // size)]


def _workers(ray: Any, job: Job) -> list[tuple[Any, int]]:
    """Ray's handle of each worker, and how many tasks it takes at a time."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.method(max_task_retries=-1)(Worker.ready)  # so that it answers again once a lost worker is back
    ray.method(concurrency_group="news")(Worker.news)
    actor = ray.remote(max_restarts=-1, concurrency_groups={"news": 1})(Worker)
    found = shares(ray.nodes(), job.options.model)
    if not found:
        raise OptionError("--ray: no node of the cluster has the cores that a worker needs; try fewer --threads")
    made = []
    for share in found:
        slots = AT_WORK if share.gpus or share.cpus > 1 else 1
        where = NodeAffinitySchedulingStrategy(share.node, soft=True)
        placed = actor.options(
            num_cpus=share.cpus, num_gpus=share.gpus, max_concurrency=slots, scheduling_strategy=where
        )
        threads = job.options.model.threads or max(1, share.cpus)
        made.append((placed.remote(job, threads, job.cache == default_folder()), slots))
    return made


# Who gets what


@dataclass(eq=False)
class _Seat:
    """A worker as it is seen from here. After a loss it begins another life."""

    handle: Any
    slots: int
    free: int = 0
    life: int = 0
    alive: bool = False
    own: deque[_Task] = field(default_factory=deque)
    """What no other can do as well."""


@dataclass(eq=False)
class _Episode:
    """A recording that is not finished; where it is `divided`, `owner` has it open and some parts are `unheard`."""

    reference: Reference
    file: File | None
    began: float
    content: Any = None
    known: dict[str, Any] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=lambda: Shelf(None))
    owner: _Seat | None = None
    divided: Divided | None = None
    unheard: dict[int, Seconds] = field(default_factory=dict)
    speech_s: Seconds = 0.0
    diarized: bool = False
    losses: Counter[int] = field(default_factory=Counter)


@dataclass(eq=False)
class _Task:
    """Something that a worker is to do for a recording as it is `divided`, if it is; of no use once that is lost."""

    episode: _Episode
    work: str
    divided: Divided | None = None
    part: Part | None = None

    @property
    def is_wanted(self) -> bool:
        return self.divided is self.episode.divided

    @property
    def number(self) -> int:
        return self.part.number if self.part else -1


class _Driver:
    """Hands out recordings and portions as workers get free, and takes what comes back."""

    def __init__(
        self, ray: Any, seats: list[_Seat], references: Iterable[Reference], job: Job, report: Report | None, say: Say
    ) -> None:
        self._ray, self._seats, self._job, self._report, self._say = ray, seats, job, report, say
        self._references = iter(references)
        self._first: deque[_Task] = deque()
        """What is done before another recording is begun."""
        self._open: list[_Episode] = []
        self._finished: deque[tuple[_Episode, Transcribed]] = deque()
        self._awaited: dict[Any, Callable[[Any], Iterable[Outcome]]] = {}
        self._fitness: list[Fitness] = []
        self._takes: dict[str, Callable[[_Seat, _Task, Any], Iterable[Outcome]]] = {
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

    def _call(self, seat: _Seat) -> None:
        self._awaited[seat.handle.ready.remote()] = partial(self._is_ready, seat)

    def _is_ready(self, seat: _Seat, answer: Any) -> Iterable[Outcome]:
        try:
            self._fitness.append(self._ray.get(answer))
        except self._ray.exceptions.RayTaskError as problem:
            raise problem.cause from problem
        except self._ray.exceptions.RayActorError as problem:
            raise ModelError(
                f"a worker cannot start: {_last_line(problem)}; install earwitness on all nodes"
            ) from problem
        _require_fit(self._fitness)
        seat.alive, seat.free, seat.life = True, seat.slots, seat.life + 1
        if len(self._fitness) == len(self._seats):
            nodes = len({fitness.node for fitness in self._fitness})
            self._say(f"ready: workers {len(self._seats)}, nodes {nodes}")
        self._ask_for_news(seat, seat.life)
        return ()

    def _ask_for_news(self, seat: _Seat, life: int) -> None:
        self._awaited[seat.handle.news.remote()] = partial(self._tell_news, seat, life)

    def _tell_news(self, seat: _Seat, life: int, answer: Any) -> Iterable[Outcome]:
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

    def _next_for(self, seat: _Seat) -> _Task | None:
        for queue in (seat.own, self._first):
            if queue:
                return queue.popleft()
        reference = next(self._references, None)
        if reference is None:
            return None
        if reference.kind == "file":
            reference = replace(reference, argument=os.path.abspath(reference.argument))  # noqa: PTH100 - as it is named
        file = File.of(reference.argument) if reference.kind == "file" else None
        self._open.append(_Episode(reference, file, time.perf_counter()))
        return _Task(self._open[-1], "transcribe")

    def _start(self, seat: _Seat, task: _Task) -> None:
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

    def _arrived(self, seat: _Seat, life: int, task: _Task, answer: Any) -> Iterable[Outcome]:
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

    def _transcribed(self, seat: _Seat, task: _Task, result: Transcribed | Divided | NotHere) -> Iterable[Outcome]:
        episode = task.episode
        if isinstance(result, Transcribed):
            episode.owner = None  # it has nothing of it any more
            self._finished.append((episode, result))
            return ()
        if isinstance(result, NotHere):
            return self._sent(task)
        self._divide(episode, seat, result)
        return ()

    def _divide(self, episode: _Episode, seat: _Seat, divided: Divided) -> None:
        """Has all heard that was not heard already, by an earlier run too, and has voices told apart meanwhile."""
        episode.owner, episode.divided, episode.diarized = seat, divided, False
        episode.shelf = self._job.checkpoints().shelf(*divided.shelf)
        episode.speech_s = max(episode.speech_s, sum(part.speech_s for part in divided.parts))
        seat.own.append(_Task(episode, "diarize", divided))
        for part in divided.parts:
            found = {name: heard for name in part.windows if (heard := episode.shelf.get(name, Heard)) is not None}
            episode.known |= found
            if len(found) < len(part.windows):
                episode.unheard[part.number] = part.speech_s
                self._first.append(_Task(episode, "hear", divided, part))

    def _sent(self, task: _Task) -> Iterable[Outcome]:
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

    def _heard(self, seat: _Seat, task: _Task, result: Mapping[str, Any]) -> Iterable[Outcome]:
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

    def _diarized(self, seat: _Seat, task: _Task, result: None) -> Iterable[Outcome]:
        if task.is_wanted:
            task.episode.diarized = True
            self._put_together(task.episode)
        return ()

    def _put_together(self, episode: _Episode) -> None:
        if episode.owner and episode.diarized and not episode.unheard:
            episode.owner.own.append(_Task(episode, "transcribe", episode.divided))

    def _closed(self, episode: _Episode, outcome: Outcome) -> Outcome:
        self._open.remove(episode)
        self._drop(episode)
        if episode.owner and outcome.error:
            episode.owner.handle.forget.remote(episode.reference)
        return replace(outcome, elapsed_s=time.perf_counter() - episode.began)

    def _drop(self, episode: _Episode) -> None:
        """Nothing is begun any more of what was to be done for a recording."""
        for queue in (self._first, *(seat.own for seat in self._seats)):
            for task in [task for task in queue if task.episode is episode]:
                queue.remove(task)

    # Losses

    def _lose(self, seat: _Seat, life: int) -> None:
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
                self._first.append(_Task(episode, "transcribe"))

    def _try_again(self, task: _Task, problem: Exception) -> Iterable[Outcome]:
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


def _require_fit(found: list[Fitness]) -> None:
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
