"""A process that transcribes: it is handed tasks, and tells how far it is, what it hears and what became of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from earwitness.batch import Job as BatchJob
from earwitness.batch import Outcome, attempted, opened, transcribed
from earwitness.checkpoints import default_folder
from earwitness.library import episodes
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.pipeline import Engines
from earwitness.processes import spawned
from earwitness.server import requests
from earwitness.server.recordings import Recordings, keep_sound
from earwitness.server.settings import Settings
from earwitness.types import Transcript, Word
from earwitness.words import spelled

NICENESS = 5
"""Of children: whoever reads goes before whoever computes."""


@dataclass(frozen=True)
class Answer:
    """A transcript that is not kept, and of each segment the recogniser's tokens, where it has any."""

    transcript: Transcript
    tokens: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Task:
    """What a child is handed."""

    work: requests.Work
    options: Options


@dataclass(frozen=True)
class Said:
    """The next words of a recording."""

    words: Sequence[Word]


@dataclass(frozen=True)
class Ended:
    """What became of a task: an episode of the library, or a transcript that is not kept."""

    episode: int | None = None
    answer: Answer | None = None
    error: str | None = None


class Child:
    """A process that transcribes."""

    def __init__(self, settings: Settings) -> None:
        self.process, self.connection = spawned(_work, settings.library, settings.recordings, name="earwitness worker")

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def _work(connection: Connection, library: Path | None, folder: Path) -> None:
    """A child's life: tasks in, progress and ends out, until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the parent says when to stop
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    engines: Engines | None = None
    made_for: Options | None = None
    kept = Recordings(folder)
    try:
        while True:
            task: Task = connection.recv()
            if made_for != task.options:
                engines, made_for = _engines(task.options, engines, made_for), task.options
            assert engines
            connection.send(_done(task, engines, library, kept, connection))
    except (EOFError, OSError):
        return


def _done(task: Task, engines: Engines, library: Path | None, kept: Recordings, connection: Connection) -> Ended:
    reference = task.work.reference
    if not task.work.has_recording:
        return Ended(error=requests.GONE)
    # What nobody keeps leaves no checkpoints either.
    job = BatchJob(task.options, Path(), (), default_folder() if task.work.keep else None)

    def tell(words: Sequence[Word]) -> None:
        connection.send(Said([word for word in words if word.word.strip()]))

    said = None if task.work.keep else tell

    def work() -> Ended:
        with opened(reference, job, lambda _name, *progress: connection.send(progress), said=said) as stages:
            made = transcribed(stages, job, engines).transcript
            if not task.work.keep:
                tokens = (tuple(engines.recognizer.token_ids(spelled(one.words))) for one in made.segments)
                return Ended(answer=Answer(made, tuple(tokens)))
            keep_sound(stages, library, kept)
        with Library(library) as opened_library:
            return Ended(episodes.keep(opened_library, made))

    try:
        result = attempted(reference, work)
    except (EOFError, OSError):
        raise
    except Exception as error:  # a fault of ours must fail its job, and not take the next ones with it
        return Ended(error=f"{reference.name}: {type(error).__name__}: {error}")
    if isinstance(result, Outcome):
        why = result.error or ""
        if reference.kind == "file":  # what it is called here is nobody's business
            why = why.replace(f"{Path(reference.argument).name}: ", "")
        return Ended(error=why)
    return result


def _engines(options: Options, before: Engines | None, made_for: Options | None) -> Engines:
    """The engines for some options; the recogniser, which takes long to load, is the last one's where it may be."""
    same = before and made_for and made_for.model == options.model
    return Engines(options, recognizer=before.recognizer if before and same else None)
