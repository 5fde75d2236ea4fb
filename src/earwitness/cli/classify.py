"""earwitness classify"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness import audio, engines
from earwitness.cli import arguments, tables
from earwitness.cli.progress import Quiet, display
from earwitness.errors import EarwitnessError
from earwitness.options import PretrainedOptions
from earwitness.source import Reference, Source, find
from earwitness.toolkit import classification
from earwitness.toolkit.classification import THRESHOLD, TOP_K, Label, Timeline
from earwitness.toolkit.recordings import each
from earwitness.types import Event, Seconds
from earwitness.units import clock, rounded

if TYPE_CHECKING:
    from earwitness.engines.base import SoundClassifier

HELP = """Say what recordings are of: music, speech, a dog, a word, by the labels of a classifier.

AUDIO is a file, a folder (with all recordings in it), a pattern, an http(s) address, or - for standard input. Long
recordings are heard in windows; the scores of the whole are the mean over time, and --events tells what is heard when.

--json prints a list: file, duration, model, labels (of the whole: label, score), events (start, end, label, score) and
timeline (every second, in steps: start, end, labels); or file and error."""


def classify(
    recordings: Annotated[list[str], typer.Argument(metavar="AUDIO...", show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            help="builtin, or a checkpoint for audio classification: a folder or a hub id, such as "
            "superb/hubert-base-superb-ks or MIT/ast-finetuned-audioset-10-10-0.4593."
        ),
    ] = engines.BUILTIN,
    top_k: Annotated[int, typer.Option(min=1, help="So many labels, the likeliest first.")] = TOP_K,
    window: Annotated[
        float | None, typer.Option(help="Seconds heard at once; by default what suits the model.", show_default=False)
    ] = None,
    hop: Annotated[
        float | None, typer.Option(help="Seconds from window to window; by default half a window.", show_default=False)
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Print what is heard when.")] = False,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="For events: the score that they reach.")
    ] = THRESHOLD,
    min_length: Annotated[float, typer.Option(min=0.0, help="For events: leave out shorter ones (seconds).")] = 0.0,
    revision: arguments.Revision = None,
    cache_dir: arguments.CacheDir = None,
    offline: arguments.Offline = False,
    device: arguments.Device = "auto",
    dtype: arguments.Dtype = "auto",
    threads: arguments.Threads = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    options = PretrainedOptions(revision, cache_dir, offline, device, dtype, threads)
    classifier = engines.sound_classifier(model, options)
    references = find(recordings)
    results: list[dict[str, Any]] = []
    with display(len(references), quiet=False) as shown:

        def one(reference: Reference, recording: Source, folder: Path) -> None:
            timeline = _heard(reference.name, recording, folder, classifier, window, hop, shown)
            found = _found(timeline, top_k, timeline.events(threshold, min_length), whole=as_json)
            results.append({"file": reference.name, "model": classifier.model, **found})
            shown.finished(reference.name)

        def failed(name: str, error: EarwitnessError) -> None:
            results.append({"file": name, "error": str(error)})
            shown.finished(name)
            shown.say(f"error: {error}")

        each(references, one, failed)
    if as_json:
        tables.print_json(results)
    elif events:
        _print_events(results, threshold)
    else:
        _print_labels(results)
    if any("error" in result for result in results):
        raise typer.Exit(1)


def _heard(
    name: str,
    recording: Source,
    scratch: Path,
    classifier: SoundClassifier,
    window: float | None,
    hop: float | None,
    shown: Quiet,
) -> Timeline:
    sound = audio.load(recording.path, sample_rate=classifier.sample_rate, scratch=scratch)
    for warning in (*recording.warnings, *sound.warnings):
        shown.say(f"{name}: {warning}")

    def report(done: Seconds) -> None:
        shown.report(name, "listening", done, sound.duration)

    return classification.listen(sound, classifier, window_s=window, hop_s=hop, progress=report)


def _found(timeline: Timeline, top_k: int, events: Sequence[Event], *, whole: bool) -> dict[str, Any]:
    """What is printed of a recording; `whole` with what is heard in every second of it."""
    found: dict[str, Any] = {
        "duration": rounded(timeline.duration),
        "labels": _plain(timeline.top(top_k)),
        "events": _plain(events),
    }
    if whole:
        found["timeline"] = [
            {"start": step.start, "end": step.end, "labels": _plain(step.labels)} for step in timeline.steps(top_k)
        ]
    return found


def _plain(scored: Sequence[Label] | Sequence[Event]) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(one), "score": round(one.score, 6)} for one in scored]


def _print_labels(results: list[dict[str, Any]]) -> None:
    rows = [
        (result["file"], label["label"], f"{label['score']:.3f}")
        for result in results
        for label in result.get("labels", ())
    ]
    if rows:
        tables.print_table(("file", "label", "score"), rows, right=("score",))


def _print_events(results: list[dict[str, Any]], threshold: float) -> None:
    rows = [
        (result["file"], clock(event["start"]), clock(event["end"]), event["label"], f"{event['score']:.3f}")
        for result in results
        for event in result.get("events", ())
    ]
    if rows:
        tables.print_table(("file", "start", "end", "label", "score"), rows, right=("start", "end", "score"))
    else:
        typer.echo(f"nothing reaches --threshold {threshold:g}", err=True)
