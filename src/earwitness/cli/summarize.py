"""earwitness summarize"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from earwitness import engines
from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.cli import arguments, tables
from earwitness.cli.progress import Quiet, display
from earwitness.cli.writer import announced
from earwitness.errors import OptionError
from earwitness.exports import parse_formats
from earwitness.options import Options
from earwitness.revision import Job, Revised

HELP = """Summarize transcripts anew, without transcribing.

TRANSCRIPT.json is one of ours, Whisper's, whisperX's or Podcasting 2.0's. All but the summaries stays as it is. What a
model has read before it does not read again: after an edit, only the parts that changed."""

Transcripts = Annotated[list[Path], typer.Argument(metavar="TRANSCRIPT.json...", show_default=False)]


def summarize(
    transcripts: Transcripts,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", "-o", help="Where the results go; else beside each one.", show_default=False),
    ] = None,
    formats: arguments.Formats = "all",
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    sentence_model: arguments.SentenceModel = "auto",
    unsupported: arguments.Unsupported = "mark",
    library: arguments.Library = None,
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    options = Options.of(
        summarizer=summarizer, chat_url=chat_url, sentence_model=sentence_model, unsupported=unsupported, device=device,
        compute_type=compute_type, threads=threads, offline=offline,
    )  # fmt: skip
    if summarizer == engines.NO_SUMMARY:
        raise OptionError("--summarizer none: nothing to do; give auto, extractive, seq2seq or chat")
    writer = announced(options, quiet=quiet)
    sentences = engines.sentence_embedder(sentence_model, options.model)
    kept = Checkpoints(default_folder(), resume=resume)
    job = Job(options.summary, writer, parse_formats(formats), kept, output_dir, library, sentences)
    try:
        with display(len(transcripts), quiet=quiet) as shown:
            results = _run(job, transcripts, shown)
    except KeyboardInterrupt:
        typer.echo("stopped; what was read is kept, and the same command goes on from there", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    if as_json:
        tables.print_json([dataclasses.asdict(result) for result in results])
    elif not quiet:
        _print(results)
    if any(result.error or result.fell_short for result in results):
        raise typer.Exit(1)


def _run(job: Job, transcripts: list[Path], shown: Quiet) -> list[Revised]:
    """All outcomes; warnings and errors are said as they come."""
    results = []
    for result in job.revise_all(transcripts, shown.report):
        shown.finished(result.name)
        if result.error:
            shown.say(f"error: {result.error}")
        for warning in result.warnings:
            shown.say(f"{result.name}: {warning}")
        results.append(result)
    return results


def _print(results: list[Revised]) -> None:
    columns = ("transcript", "chapters", "sentences", "unsupported", "time")
    tables.print_table(columns, [_row(result) for result in results], right=columns[1:])
    folders = dict.fromkeys(Path(file).parent.resolve() for result in results for file in result.files)
    if folders:
        print(f"results in {', '.join(map(str, folders))}")


def _row(result: Revised) -> tuple[str, ...]:
    if result.error:
        return (result.name, "failed", "", "", "")
    counts = map(str, (result.chapters, result.sentences, result.unsupported))
    return (result.name, *counts, f"{result.elapsed_s:.1f} s")
