"""earwitness evaluate"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from earwitness import extras
from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.cli import arguments, tables, totals
from earwitness.cli.progress import Quiet, display
from earwitness.errors import EarwitnessError, OptionError, StorageError
from earwitness.evaluation import datasets, json, report
from earwitness.evaluation.comparison import compare as compared
from earwitness.evaluation.results import Comparison, Evaluation, FileResult
from earwitness.evaluation.runs import Plan, results, summed_up
from earwitness.files import write_whole
from earwitness.options import Options
from earwitness.pipeline import Engines

HELP = """Transcribe a dataset, score every recording against its truth, and the whole.

MANIFEST is a manifest.jsonl, or the folder of a dataset: with a manifest, of LibriSpeech, of RTTM files as AMI has
them, of TED-LIUM's STM files; or the address of a podcast feed whose episodes have transcripts. Writes evaluation.json
and evaluation.html. A run that was stopped goes on where it was.

Totals are weighted by length; their intervals are 95 % bootstrap intervals over recordings."""

JSON_NAME, PARTIAL_NAME, REPORT_NAME = "evaluation.json", "evaluation.partial.json", "evaluation.html"
ESTIMATE_FROM = 10
"""The last so many recordings tell how long the next ones will take."""
ESTIMATE_OVER_S = 5.0


def evaluate(
    manifest: Annotated[str, typer.Argument(metavar="MANIFEST", show_default=False)],
    output_dir: arguments.OutputDir = Path(),
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Say what changed since this evaluation.", show_default=False),
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Score the STEM.json in this folder; transcribe nothing.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many recordings, the first ones.", show_default=False)
    ] = None,
    known_speakers: Annotated[
        bool, typer.Option("--known-speakers", help="Tell the diarizer how many speakers the truth has.")
    ] = False,
    normaliser: arguments.Normaliser = "auto",
    collar: arguments.Collar = 0.0,
    skip_overlap: arguments.SkipOverlap = False,
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    beam_size: arguments.BeamSize = 5,
    batch_size: arguments.BatchSize = 8,
    diarize: arguments.Diarize = True,
    diarizer: arguments.Diarizer = "auto",
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    allow_private: arguments.AllowPrivate = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    options = Options.of(
        model=model, engine=engine, device=device, compute_type=compute_type, threads=threads, offline=offline,
        language=language, beam_size=beam_size, batch_size=batch_size,
        diarize=diarize, diarizer=diarizer, summarizer=summarizer, chat_url=chat_url, allow_private=allow_private,
    )  # fmt: skip
    if transcripts and not transcripts.is_dir():
        raise OptionError(f"--transcripts {transcripts} is no folder; give the one that holds STEM.json")
    old = json.read(compare) if compare else None
    name, items = datasets.load(manifest, options=options.source, say=None if quiet else _say, limit=limit)
    plan = Plan(
        name=name,
        items=items,
        options=options,
        engines=None if transcripts else Engines(options),
        checkpoints=Checkpoints(default_folder(), resume=resume),
        normaliser=normaliser,
        collar_s=collar,
        skip_overlap=skip_overlap,
        known_speakers=known_speakers,
        transcripts=transcripts,
    )
    # What is missing or cannot be written is known before hours of work.
    extras.require("matplotlib")
    _make(output_dir)
    files: list[FileResult] = []
    try:
        _run(plan, files, quiet)
    except KeyboardInterrupt:
        _save(output_dir, PARTIAL_NAME, json.write(summed_up(plan, files)))
        _say(f"stopped; what is finished is in {output_dir / PARTIAL_NAME}, and the same command goes on from there")
        raise typer.Exit(arguments.INTERRUPTED) from None
    evaluation = summed_up(plan, files)
    _save(output_dir, JSON_NAME, json.write(evaluation))
    (output_dir / PARTIAL_NAME).unlink(missing_ok=True)
    comparison = _compared(old, evaluation) if old else None
    if as_json:
        tables.print_json(totals.as_plain(evaluation, comparison))
    elif not quiet:
        totals.print_evaluation(evaluation)
        if old and comparison:
            totals.print_comparison(comparison, old, evaluation)
    _save(output_dir, REPORT_NAME, report.render(evaluation, comparison))
    if not (quiet or as_json):
        print(f"all of it in {(output_dir / REPORT_NAME).resolve()}")
    if any(file.error or file.fell_short for file in files) or (old and not comparison):
        raise typer.Exit(1)


def _run(plan: Plan, files: list[FileResult], quiet: bool) -> None:
    """Fills `files`, and says how each went as it comes."""
    count = sum(item.counted for item in plan.items)
    took: deque[float] = deque(maxlen=ESTIMATE_FROM)
    with display(count, quiet=quiet) as shown:
        if not quiet:
            _say_once(plan, count, shown)
        began = time.monotonic()
        for result in results(plan, shown.report):
            files.append(result)
            took.append(time.monotonic() - began)
            began = time.monotonic()
            if result.error:
                shown.say(f"error: {result.error}")
            for warning in result.warnings if result.fell_short else ():
                shown.say(f"{result.file}: {warning}")
            left_s = sum(took) / len(took) * (count - len(files))
            shown.finished(result.file, f": {totals.in_short(result)}{_left(left_s)}")


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _say_once(plan: Plan, count: int, shown: Quiet) -> None:
    if again := len(plan.items) - count:
        shown.say(f"left out: {again} that are other encodings of recordings that count")
    if plan.engines and plan.engines.recognizer.notice:
        shown.say(plan.engines.recognizer.notice)


def _left(seconds: float) -> str:
    if seconds < ESTIMATE_OVER_S:
        return ""
    return f", about {seconds:.0f} s left" if seconds < 100 else f", about {seconds / 60:.0f} min left"


def _compared(old: Evaluation, new: Evaluation) -> Comparison | None:
    try:
        return compared(old, new)
    except EarwitnessError as problem:  # the run itself is good, and is not thrown away
        _say(f"error: {problem}")
        return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _storage_error(folder, error) from error


def _save(folder: Path, name: str, content: bytes) -> None:
    try:
        write_whole(folder / name, content)
    except OSError as error:
        raise _storage_error(folder / name, error) from error


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {error.strerror or error}; free space there or choose another folder")
