"""earwitness transcribe"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from earwitness.batch import Job, Outcome, linked, transcribe_all
from earwitness.checkpoints import default_folder
from earwitness.cli import arguments, tables
from earwitness.cli.progress import Quiet, display
from earwitness.cli.writer import announced
from earwitness.coverage import total
from earwitness.exports import parse_formats
from earwitness.options import Options
from earwitness.source import Reference, find
from earwitness.units import short_clock

HELP = """Transcribe recordings: who said what, when, and what it was about.

SOURCE is a file, a folder (with all recordings in it), a pattern such as 'season1/*.mp3', an http(s) address, or - for
standard input. A second run redoes nothing; a run that was stopped goes on where it was."""

Sources = Annotated[list[str], typer.Argument(metavar="SOURCE...", show_default=False)]


def transcribe(
    sources: Sources,
    output_dir: arguments.OutputDir = Path(),
    formats: arguments.Formats = "all",
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    task: Annotated[str, typer.Option(help="transcribe, or translate into English.")] = "transcribe",
    hotwords: arguments.Hotwords = None,
    initial_prompt: Annotated[
        str | None, typer.Option(help="Text taken as having gone before; sets the style.", show_default=False)
    ] = None,
    temperature: Annotated[
        float, typer.Option(help="At which text is sampled, 0 to 1; what fails the checks is tried at higher ones.")
    ] = 0.0,
    beam_size: arguments.BeamSize = 5,
    batch_size: arguments.BatchSize = 8,
    speakers: arguments.Speakers = None,
    min_speakers: arguments.MinSpeakers = 1,
    max_speakers: arguments.MaxSpeakers = 20,
    diarize: arguments.Diarize = True,
    diarizer: arguments.Diarizer = "auto",
    known_voices: arguments.KnownVoices = False,
    library: arguments.Library = None,
    sound_model: arguments.SoundModel = "builtin",
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    sentence_model: arguments.SentenceModel = "auto",
    unsupported: arguments.Unsupported = "mark",
    publish_url: arguments.PublishUrl = "",
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    workers: arguments.Workers = 1,
    ray: arguments.Ray = None,
    offline: arguments.Offline = False,
    allow_private: arguments.AllowPrivate = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    options = Options.of(
        model=model, engine=engine, device=device, compute_type=compute_type, threads=threads, offline=offline,
        language=language, task=task, hotwords=hotwords, initial_prompt=initial_prompt, temperature=temperature,
        beam_size=beam_size, batch_size=batch_size, diarize=diarize, diarizer=diarizer, speakers=speakers,
        min_speakers=min_speakers, max_speakers=max_speakers, known_voices=known_voices, library=library,
        summarizer=summarizer, chat_url=chat_url, sentence_model=sentence_model, unsupported=unsupported,
        allow_private=allow_private, sound_model=sound_model,
    )  # fmt: skip
    announced(options, quiet=quiet)
    references = find(sources)
    job = Job(options, output_dir, parse_formats(formats), default_folder(), resume, publish_url)
    try:
        with display(len(references), quiet=quiet) as shown:
            outcomes = _run(references, job, workers, ray, shown)
    except KeyboardInterrupt:
        typer.echo("stopped; what is finished is kept, and the same command goes on from there", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    if not quiet:
        for line in linked(outcomes):
            typer.echo(line, err=True)
    if as_json:
        tables.print_json([plain(outcome) for outcome in outcomes])
    elif not quiet:
        print_outcomes(outcomes, output_dir)
    if any(outcome.error or outcome.fell_short for outcome in outcomes):
        raise typer.Exit(1)


def _run(references: list[Reference], job: Job, workers: int, ray: str | None, shown: Quiet) -> list[Outcome]:
    """All outcomes in the order of the sources; warnings and errors are said as they come."""
    found: dict[str, Outcome] = {}
    for outcome in transcribe_all(references, job, workers=workers, ray=ray, report=shown.report, say=shown.say):
        tell(outcome, shown)
        found[outcome.stem] = outcome
    return [found[reference.stem] for reference in references]


def tell(outcome: Outcome, shown: Quiet) -> None:
    """Says that a recording is finished, and what is to be said of it."""
    shown.finished(outcome.name)
    if outcome.error:
        shown.say(f"error: {outcome.error}")
    for line in (*outcome.proposals, *outcome.warnings):
        shown.say(f"{outcome.name}: {line}")


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON has it."""
    content = {
        **dataclasses.asdict(dataclasses.replace(outcome, heard=None)),
        "real_time_factor": outcome.real_time_factor,
    }
    del content["heard"]  # a print is for comparing, not for showing
    content["speech"] = {"heard_s": outcome.speech.heard_s, **content["speech"]}
    return content


def print_outcomes(outcomes: list[Outcome], folder: Path) -> None:
    """The table at the end."""
    columns = ("file", "length", "speakers", "words", "doubtful", "time", "x real time")
    tables.print_table(columns, [_row(outcome) for outcome in outcomes], right=columns[1:])
    done = [outcome for outcome in outcomes if not outcome.error]
    if done:
        print(f"{len(done)} of {len(outcomes)} done; results in {folder.resolve()}")
        print(total(outcome.speech for outcome in done))
    if any(outcome.doubtful for outcome in done):
        print("doubtful: words that may be another speaker's; the page and the Markdown show them")


def _row(outcome: Outcome) -> tuple[Any, ...]:
    if outcome.error:
        return (outcome.name, "failed", "", "", "", "", "")
    speed = outcome.duration_s / outcome.elapsed_s if outcome.elapsed_s else 0.0
    return (
        outcome.name, short_clock(outcome.duration_s), str(outcome.speakers), str(outcome.words), str(outcome.doubtful),
        f"{outcome.elapsed_s:.1f} s", f"{speed:.1f}",
    )  # fmt: skip
