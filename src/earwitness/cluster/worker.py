"""What runs on the nodes: a Ray actor with engines of its own, and what it is told and answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from earwitness import __version__
from earwitness.batch import Job, Outcome, Transcribed, attempted, opened, options_for, transcribed
from earwitness.checkpoints import default_folder
from earwitness.pipeline import Engines, Stages
from earwitness.portions import said
from earwitness.source import Reference
from earwitness.types import Seconds

NEWS_S: Seconds = 1.0
"""Workers tell of their progress so often at most."""


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
