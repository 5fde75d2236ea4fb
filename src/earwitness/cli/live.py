"""earwitness live"""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness import audio
from earwitness.batch import Job, Outcome, kept, transcribed
from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.cli import arguments
from earwitness.cli.captions import Captions, JsonLines, captions
from earwitness.cli.transcribe import plain, print_outcomes
from earwitness.cli.writer import announced
from earwitness.engines.microphone import Microphone
from earwitness.errors import EarwitnessError, OptionError, StorageError
from earwitness.exports import parse_formats
from earwitness.live import Listening
from earwitness.options import Options
from earwitness.pipeline import Engines, Stages
from earwitness.source import Source, fetch, find
from earwitness.tape import PLAYED_S, Tape
from earwitness.types import Audio, Seconds
from earwitness.units import short_clock, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

HELP = """Transcribe while it is being said: the microphone, or a file as if it were one.

Ctrl-C ends it. Then the transcript is written as `earwitness transcribe` writes it, and beside it, of the microphone,
the recording."""


def live(
    source: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="Instead of the microphone.", show_default=False)
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Play --input as fast as it was spoken.")] = False,
    microphone: Annotated[
        str | None, typer.Option(help="A part of its name, or its number.", show_default=False)
    ] = None,
    output_dir: arguments.OutputDir = Path(),
    formats: arguments.Formats = "all",
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    hotwords: arguments.Hotwords = None,
    beam_size: arguments.BeamSize = 5,
    speakers: arguments.Speakers = None,
    diarize: arguments.Diarize = True,
    diarizer: arguments.Diarizer = "auto",
    library: arguments.Library = None,
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    sentence_model: arguments.SentenceModel = "auto",
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    quiet: arguments.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every event as JSON, one a line.")] = False,
) -> None:
    if source is None and realtime:
        raise OptionError("--realtime goes with --input FILE: a microphone is never faster")
    if source is not None and microphone is not None:
        raise OptionError("--input and --microphone: give one of them")
    options = Options.of(
        model=model, engine=engine, language=language, hotwords=hotwords,
        beam_size=beam_size, speakers=speakers, diarize=diarize, diarizer=diarizer, library=library,
        summarizer=summarizer, chat_url=chat_url, sentence_model=sentence_model, device=device,
        compute_type=compute_type, threads=threads, offline=offline,
    )  # fmt: skip
    announced(options, quiet=quiet)
    job = Job(options, output_dir, parse_formats(formats), default_folder())
    engines = Engines(options)
    Listening(engines, options).load()
    notice = engines.recognizer.notice
    if notice and not quiet:
        typer.echo(notice, err=True)
    shown = captions(quiet=quiet, as_json=as_json)
    try:
        with _of_file(source, realtime, job) if source else _of_microphone(microphone, job, quiet=quiet) as session:
            outcome = _session(session, job, engines, shown)
    except KeyboardInterrupt:
        typer.echo("stopped before the transcript was written", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    for line in outcome.warnings:
        if line != notice:
            typer.echo(f"{outcome.name}: {line}", err=True)
    _tell(outcome, shown, output_dir, quiet=quiet)
    for problem in filter(None, (session.problem, outcome.error)):
        typer.echo(f"error: {problem}", err=True)
    if session.problem or outcome.error or outcome.fell_short:
        raise typer.Exit(1)


@dataclass
class _Session:
    """A stream, and how to get at its recording when it has ended; `now` is its time where it has one of its own."""

    blocks: Iterator[FloatArray]
    stop: Callable[[], None]
    stages: Callable[[tuple[str, ...]], Stages]
    now: Callable[[], Seconds] | None = None
    problem: EarwitnessError | None = field(default=None, init=False)

    def until_it_ends(self) -> Iterator[FloatArray]:
        """The blocks; if the stream breaks off, what came before is worth a transcript."""
        try:
            yield from self.blocks
        except EarwitnessError as problem:
            self.problem = problem


def _session(session: _Session, job: Job, engines: Engines, shown: Captions) -> Outcome:
    """Listens until the end or Ctrl-C, then writes the transcript; a second Ctrl-C breaks that off."""

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        session.stop()

    before, began = signal.signal(signal.SIGINT, interrupted), time.perf_counter()
    try:
        listening = Listening(engines, job.options, session.now)
        for event in listening.events(session.until_it_ends()):
            shown.show(event)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        broken = (f"the sound broke off: {session.problem}",) if session.problem else ()
        stages = session.stages((*listening.warnings, *broken))
        listening.tell(stages)
        outcome = kept(transcribed(stages, job, engines), job)
        return replace(outcome, elapsed_s=time.perf_counter() - began)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _of_microphone(device: str | None, job: Job, *, quiet: bool) -> Iterator[_Session]:
    try:
        job.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{job.folder}: cannot be made ({error.strerror}); name another -o") from error
    path = job.folder / f"live-{datetime.now().astimezone():%Y%m%d-%H%M%S}.wav"
    microphone = Microphone(path, device)

    def stages(warnings: tuple[str, ...]) -> Stages:
        microphone.close()
        found = _fetched(str(path), job)
        return _stages(found, (*microphone.warnings, *warnings), job, job.checkpoints())

    if not quiet:
        typer.echo(f"{microphone.name} is recorded to {path}; Ctrl-C ends it", err=True)
    try:
        yield _Session(iter(microphone.tape), microphone.stop, stages, microphone.tape.now)
    finally:
        microphone.close()


@contextmanager
def _of_file(name: str, realtime: bool, job: Job) -> Iterator[_Session]:
    found = _fetched(name, job)
    stopped, heard = Event(), 0
    try:
        sound = audio.load(found.path, job.options.audio, scratch=job.checkpoints().scratch())
        tape = Tape(scratch=job.checkpoints().scratch())
        step = to_samples(PLAYED_S)

        def blocks() -> Iterator[FloatArray]:
            nonlocal heard
            pieces = (sound.samples[first : first + step] for first in range(0, len(sound.samples), step))
            for block in tape if realtime else pieces:
                if not realtime and stopped.is_set():
                    return
                heard += len(block)
                yield block

        def stop() -> None:
            stopped.set()
            tape.end()

        def stages(warnings: tuple[str, ...]) -> Stages:
            if heard == len(sound.samples):
                return _stages(found, warnings, job, job.checkpoints())
            part = Audio(sound.samples[:heard], sound.sample_rate, sound.warnings)
            cut = f"stopped at {short_clock(part.duration)} of {short_clock(sound.duration)}"
            # Checkpoints are of whole recordings.
            made = _stages(found, (cut, *warnings), job, Checkpoints(None))
            made.audio = part
            return made

        if realtime:
            Thread(target=tape.play, args=(sound.samples,), daemon=True).start()
        yield _Session(blocks(), stop, stages, tape.now if realtime else None)
        tape.close()
    finally:
        found.discard()


def _fetched(name: str, job: Job) -> Source:
    references = find([name])
    if len(references) != 1:
        raise OptionError(f"{name}: {len(references)} recordings; give one")
    return fetch(references[0], job.options.source, job.checkpoints().scratch())


def _stages(found: Source, warnings: tuple[str, ...], job: Job, checkpoints: Checkpoints) -> Stages:
    return Stages(replace(found, warnings=(*found.warnings, *warnings)), job.options, checkpoints)


def _tell(outcome: Outcome, shown: Captions, folder: Path, *, quiet: bool) -> None:
    if isinstance(shown, JsonLines):
        shown.tell({"event": "transcript", **plain(outcome)})
    elif not quiet:
        print_outcomes([outcome], folder)
        if shown.lags:
            print(_lags(shown.lags))


def _lags(lags: list[Any]) -> str:
    ordered = sorted(lags)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    return f"words were final {statistics.median(ordered):.1f} s after they were spoken, 95 % within {late:.1f} s"
