"""Many recordings: one bad one never stops the others.

With one worker everything runs in this process, two recordings at a time with the same engines: many a stage has work
for one core only, and a batch of few windows for less than all. With more, each worker is a process with engines of its
own; one that dies (a crash in a decoder, the system out of memory) fails its recording and is replaced.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any, TypeVar

from earwitness import exports, source
from earwitness.checkpoints import Checkpoints
from earwitness.cores import cores
from earwitness.coverage import Speech, speech_of
from earwitness.errors import AudioError, EarwitnessError, OptionError, StorageError
from earwitness.exports.reading import introduced
from earwitness.files import sweep
from earwitness.library.corrections import unfitting
from earwitness.library.episodes import corrections, keep
from earwitness.library.overlay import corrected
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.peaks import Peaks
from earwitness.pipeline import Engines, Stages, transcript_of
from earwitness.source import Reference
from earwitness.summaries import fell_short
from earwitness.types import Seconds, Transcript
from earwitness.voices import Print, across
from earwitness.words import Said

T = TypeVar("T")

AT_WORK = 2
"""Recordings at a time in one process."""
Report = Callable[[str, str, Seconds, Seconds], None]
"""Called with a recording, a stage, and how much it has done of how much, in seconds (while fetching, in bytes)."""
Say = Callable[[str], None]
"""Called with a line that the user should read."""


@dataclass(frozen=True)
class Outcome:
    """What became of one recording, whose exports are called `stem`.

    `doubtful` words may be another speaker's, and `speech` says what became of what was heard. `proposals` name
    speakers who are perhaps known voices. `error` is none where it went well; where the library cannot keep it, there
    are `files` nevertheless. Where all went well but for the summary, which is in extracts since the engine that was
    asked for failed, `fell_short` is true. `elapsed_s` is the wall time.
    """

    name: str
    stem: str
    duration_s: Seconds = 0.0
    speakers: int = 0
    words: int = 0
    doubtful: int = 0
    speech: Speech = field(default_factory=Speech)
    proposals: tuple[str, ...] = ()
    elapsed_s: Seconds = 0.0
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    fell_short: bool = False
    error: str | None = None
    episode: int | None = None
    heard: Mapping[str, Print] | None = field(default=None, compare=False, repr=False)
    """The prints of those speakers for whom no known voice is proposed, where known voices are asked for."""

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of sound."""
        return self.elapsed_s / self.duration_s if self.duration_s else 0.0


@dataclass(frozen=True)
class Job:
    """What is done to every recording of a batch."""

    options: Options
    folder: Path
    formats: Sequence[str]
    cache: Path | None
    resume: bool = True
    publish_url: str = ""
    """Where the exports will be on the web, for those that link to others."""

    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.cache, resume=self.resume)


def transcribe_all(
    references: Iterable[Reference],
    job: Job,
    *,
    workers: int = 1,
    ray: str | None = None,
    report: Report | None = None,
    say: Say | None = None,
) -> Iterator[Outcome]:
    """Transcribes recordings and writes their exports; yields each outcome as it is reached, in any order.

    Args:
        references: what there is to do; the next one is taken when there is somebody to do it, so that it may come of a
            queue. Of a sequence that has standard input in it, all are done in this process.
        workers: processes on this machine.
        ray: the address of a Ray cluster that does the work instead, or `auto` (see `earwitness.cluster`).
        say: called with what the cluster has to tell.

    Raises:
        OptionError, ModelError, StorageError: no recording could be transcribed with these options.
    """
    if job.options.library.known_voices:
        Library(job.options.library.library).close()  # one that cannot be read fails the batch, before any work
    sweep(job.folder)
    if ray:
        from earwitness.cluster import transcribe_all as on_cluster

        if workers > 1:
            raise OptionError("--workers are processes on this machine, and --ray has workers of its own; give one")
        return on_cluster(references, job, ray, report=report, say=say)
    if isinstance(references, Sequence):
        # The fewer workers the more threads each; and standard input cannot be handed to another process.
        workers = 1 if any(reference.kind == "stdin" for reference in references) else min(workers, len(references))
    todo = iter(references)
    if workers == 1 and (job.options.model.threads or cores()) == 1:
        return _one_by_one(todo, job, report)
    first = list(islice(todo, 2))
    todo = chain(first, todo)
    if len(first) < 2:
        return _one_by_one(todo, job, report)
    return _in_processes(todo, job, workers, report) if workers > 1 else _overlapping(todo, job, report)


def _one_by_one(references: Iterable[Reference], job: Job, report: Report | None) -> Iterator[Outcome]:
    engines = _engines(job)
    for reference in references:
        yield one(reference, job, engines, report)


def _overlapping(todo: Iterator[Reference], job: Job, report: Report | None) -> Iterator[Outcome]:
    """Several at a time, each in a thread; whoever stops listening stops them where they next tell of progress."""
    engines, said, stopped = _engines(job), Queue[Any](), Event()

    def tell(*progress: Any) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        said.put(progress)

    with ThreadPoolExecutor(AT_WORK) as pool:

        def start(most: int) -> int:
            futures = [pool.submit(one, reference, job, engines, tell) for reference in islice(todo, most)]
            for future in futures:
                future.add_done_callback(said.put)
            return len(futures)

        try:
            at_work = start(AT_WORK)
            while at_work:
                message = said.get()
                if isinstance(message, Future):
                    yield message.result()
                    at_work += start(1) - 1
                elif report:
                    report(*message)
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _engines(job: Job) -> Engines:
    made = Engines(job.options)
    made.recognizer.identity()  # a model that cannot be had fails the batch, not each recording in turn
    return made


def one(reference: Reference, job: Job, engines: Engines, report: Report | None = None) -> Outcome:
    """One recording: fetched, transcribed, exported. What is wrong with it is in the outcome, never raised."""
    began = time.perf_counter()

    def work() -> Outcome:
        with opened(reference, job, report) as stages:
            return kept(transcribed(stages, job, engines), job)

    return replace(attempted(reference, work), elapsed_s=time.perf_counter() - began)


def attempted(reference: Reference, work: Callable[[], T]) -> T | Outcome:
    """What comes of some work on a recording: where the recording is what is wrong, an outcome that says so."""
    try:
        return work()
    except EarwitnessError as problem:
        error = str(problem) if reference.name in str(problem) else f"{reference.name}: {problem}"
    except MemoryError:
        error = f"{reference.name}: out of memory; try a smaller --batch-size or fewer --workers"
    return Outcome(reference.name, reference.stem, error=error)


def options_for(reference: Reference, job: Job) -> Options:
    """The options of a job, with what is known of a recording beforehand."""
    known = reference.expected
    return job.options.expecting(known.hotwords, known.min_speakers, known.max_speakers)


@contextmanager
def opened(
    reference: Reference,
    job: Job,
    report: Report | None = None,
    *,
    content: bytes | None = None,
    known: Mapping[str, Any] | None = None,
    said: Said | None = None,
) -> Iterator[Stages]:
    """A recording that is fetched, and here as long as the block lasts.

    Args:
        content: what the file has in it, where that was sent here.
        known: what some windows say, as `earwitness.portions` names them.
        said: told of words while they are heard.
    """
    name, options, checkpoints = reference.name, options_for(reference, job), job.checkpoints()
    fetched = (lambda done, total: report(name, "source", done, total or 0)) if report else None
    progress = (lambda stage, done, total: report(name, stage, done, total)) if report else None
    found = source.fetch(reference, options.source, checkpoints.scratch(), fetched, content=content)
    try:
        yield Stages(found, options, checkpoints, progress, known or {}, said)
    except AudioError as problem:  # what was fetched lies under a name of ours, which is nobody's business
        raise AudioError(str(problem).replace(f"{found.path.name}: ", f"{found.name}: ")) from problem
    finally:
        found.discard()


@dataclass(frozen=True)
class Transcribed:
    """A recording's transcript and exports, none of it written yet; `heard` and `fell_short` as in `Outcome`."""

    stem: str
    transcript: Transcript
    exports: tuple[tuple[str, bytes], ...]
    fell_short: bool
    heard: Mapping[str, Print] | None
    peaks: Peaks | None = None
    """The shape of the recording, where an export draws it."""


def transcribed(stages: Stages, job: Job, engines: Engines) -> Transcribed:
    """What becomes of a recording, wherever that is computed."""
    heard: list[Mapping[str, Print]] = []
    transcript = transcript_of(stages, engines, heard.append)
    stem = stages.source.stem
    peaks = stages.outline if "html" in job.formats else None
    return Transcribed(
        stem,
        transcript,
        exports.rendered(transcript, stem, job.formats, job.publish_url, peaks),
        fell_short(transcript, engines.summarizer, engines.sentences),
        _strangers(transcript, stem, heard[0]) if heard else None,
        peaks,
    )


def kept(done: Transcribed, job: Job) -> Outcome:
    """Writes the exports where the user wants them, and keeps the transcript in the library.

    The corrections that the library has for the recording are in the exports; the transcript is kept as it was made.
    """
    made, library = done.transcript, job.options.library.library
    transcript, trouble = _corrected(made, library)
    rendered = done.exports
    if transcript is not made:
        rendered = exports.rendered(transcript, done.stem, job.formats, job.publish_url, done.peaks)
    files = exports.write(rendered, job.folder)
    episode, trouble = (None, trouble) if trouble else _kept(made, library)
    name = made.source.name
    return Outcome(
        name,
        done.stem,
        duration_s=transcript.duration,
        speakers=len(transcript.speakers),
        words=len(transcript.words),
        doubtful=sum(word.has_doubtful_speaker for word in transcript.words),
        speech=speech_of(transcript.coverage),
        proposals=tuple(introduced(speaker) for speaker in transcript.speakers if speaker.proposal),
        warnings=transcript.warnings,
        files=tuple(str(path) for path in files),
        fell_short=done.fell_short,
        error=f"{name}: its files are written, but it is not in the library: {trouble}" if trouble else None,
        episode=episode,
        heard=done.heard,
    )


def _corrected(made: Transcript, path: Path | None) -> tuple[Transcript, str | None]:
    """The transcript with the corrections that the library has for its recording, or why those cannot be read."""
    try:
        with Library(path) as library:
            shown, unfit = corrected(made, corrections(library, made.source.sha256))
    except StorageError as problem:
        return made, str(problem)
    return replace(shown, warnings=(*shown.warnings, unfitting(unfit))) if unfit else shown, None


def _kept(made: Transcript, path: Path | None) -> tuple[int | None, str | None]:
    """The id of the transcript in the library, or why it cannot be kept."""
    try:
        with Library(path) as library:
            return keep(library, made), None
    except StorageError as problem:
        return None, str(problem)


def _strangers(transcript: Transcript, stem: str, heard: Mapping[str, Print]) -> dict[str, Print]:
    """The prints of those who are no known voice, each as "Speaker 1 of episode"."""
    called = {speaker.id: f"{speaker.name} of {stem}" for speaker in transcript.speakers if not speaker.proposal}
    return {called[label]: own for label, own in heard.items() if label in called}


def linked(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line for each speaker who is perhaps heard in an earlier recording of the batch and is no known voice.

    It follows the order of `outcomes`, so give them in that of the sources: then it is the same on any number of
    workers.
    """
    for links in across(outcome.heard for outcome in outcomes if outcome.heard):
        for name, first in links.items():
            yield f"{name} is perhaps {first.name} ({100 * first.probability:.0f} %)"


def _in_processes(todo: Iterator[Reference], job: Job, workers: int, report: Report | None) -> Iterator[Outcome]:
    _engines(job)  # and so that one process downloads, not each
    threads = job.options.model.threads or max(1, cores() // workers)
    job = replace(job, options=replace(job.options, model=replace(job.options.model, threads=threads)))
    busy: dict[Connection, tuple[Any, Reference]] = {}

    def start(process: Any = None, connection: Connection | None = None) -> None:
        reference = next(todo, None)
        if reference:
            if connection is None:
                process, connection = _new_worker(job)
            busy[connection] = (process, reference)
        if connection:
            with suppress(OSError):  # of a worker that has just died: that is seen where its answer is awaited
                connection.send(reference)

    try:
        for _ in range(workers):
            start()
        while busy:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                process, reference = busy[connection]
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    process.join()
                    del busy[connection]
                    yield Outcome(
                        reference.name,
                        reference.stem,
                        error=f"{reference.name}: its worker died ({process.exitcode}); try fewer --workers",
                    )
                    start()
                    continue
                if isinstance(message, Outcome):
                    del busy[connection]
                    yield message
                    start(process, connection)
                elif report:
                    report(*message)
    finally:
        for process, _ in busy.values():
            process.terminate()


def _new_worker(job: Job) -> tuple[Any, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, job), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _work(connection: Connection, job: Job) -> None:
    """A worker's life: recordings in, progress and outcomes out, until it is sent none or its parent is gone."""
    engines = Engines(job.options)
    try:
        while (reference := connection.recv()) is not None:
            connection.send(one(reference, job, engines, lambda *progress: connection.send(progress)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
