"""earwitness bench"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earwitness.cli import arguments, tables
from earwitness.errors import StorageError
from earwitness.evaluation.bench import ENOUGH_RUNS, Benchmark, Side, Spread, to_json
from earwitness.evaluation.bench import bench as measure
from earwitness.extras import require
from earwitness.files import write_whole
from earwitness.options import Options
from earwitness.units import short_clock

HELP = """Measure speed and memory: hours of audio an hour by stage, or with --against beside another recogniser.

Every run is a fresh process, model loading is apart, and two sides take turns. Writes bench.json after every round and
bench.svg at the end."""

JSON_NAME, PLOT_NAME = "bench.json", "bench.svg"


def bench(
    recordings: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False)],
    against: Annotated[
        str | None,
        typer.Option(help="faster-whisper, openai-whisper, whisperx or transformers.", show_default=False),
    ] = None,
    against_model: Annotated[
        str | None, typer.Option(help="The same weights in the peer's own format.", show_default=False)
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(help="Tokens that every window yields on both sides; for random weights.", show_default=False),
    ] = None,
    runs: Annotated[int, typer.Option(help=f"Of each side; fewer than {ENOUGH_RUNS} are a trial.")] = ENOUGH_RUNS,
    output_dir: arguments.OutputDir = Path(),
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    beam_size: arguments.BeamSize = 5,
    batch_size: arguments.BatchSize = 8,
    threads: arguments.Threads = 0,
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    offline: arguments.Offline = False,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    options = Options.of(
        model=model, engine=engine, language=language, beam_size=beam_size,
        batch_size=batch_size, threads=threads, device=device, compute_type=compute_type, offline=offline,
    )  # fmt: skip
    require("matplotlib")  # what is missing is said before the work, not after it
    finished: list[Benchmark] = []

    def keep(so_far: Benchmark) -> None:
        finished.append(so_far)
        _write(output_dir / JSON_NAME, to_json(so_far))

    try:
        result = measure(
            recordings, options, runs=runs, against=against, against_model=against_model, tokens=tokens,
            keep=keep, say=None if quiet else lambda line: typer.echo(line, err=True),
        )  # fmt: skip
    except KeyboardInterrupt:
        where = f"; what was finished is in {output_dir / JSON_NAME}" if finished else ""
        typer.echo(f"stopped after {len(finished)} of {runs} rounds{where}", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    from earwitness.evaluation.bench_plot import plot

    _write(output_dir / PLOT_NAME, plot(result))
    if as_json:
        print(to_json(result).decode(), end="")
        return
    print(_head(result))
    _print_comparison(result) if against else _print_stages(result)
    for warning in result.warnings:
        print(f"warning: {warning}")
    print(f"results in {(output_dir / JSON_NAME).resolve()} and {PLOT_NAME} beside it")


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}); give another -o") from error


def _head(result: Benchmark) -> str:
    here, count = result.machine, len(result.sides[0].runs)
    names = ", ".join(recording.name for recording in result.recordings)
    return (
        f"{names}: {short_clock(result.duration_s)} of audio, {count} {'run' if count == 1 else 'runs'} a side, on "
        f"{here.processor}, {here.cores} cores, {here.memory_gib:g} GiB, {here.system}, Python {here.python}"
    )


def _print_stages(result: Benchmark) -> None:
    (side,) = result.sides
    rows = [
        (
            name, f"{taken.median:.2f} s", f"{taken.low:.2f} to {taken.high:.2f}",
            f"{taken.median / side.elapsed_s.median:.1%}", _rate(result.duration_s, taken.median),
        )
        for name, taken in (*side.stages.items(), ("all", side.elapsed_s))
    ]  # fmt: skip
    columns = ("stage", "median", "spread", "share", "hours an hour")
    tables.print_table(columns, rows, right=columns[1:])
    print("; ".join(f"{name.replace('_', ' ')} {value}" for name, value in side.settings.items()))
    figures = _figures(side)
    print("; ".join(f"{name} {figures[name]}" for name in ("model loading", "processor time", "peak memory")))


def _print_comparison(result: Benchmark) -> None:
    ours, theirs = result.sides
    options = [
        (name.replace("_", " "), value, theirs.settings[name], "" if value == theirs.settings[name] else "differs")
        for name, value in ours.settings.items()
    ]
    tables.print_table(("option", ours.name, theirs.name, ""), options)
    left, right = _figures(ours), _figures(theirs)
    columns = ("measure", ours.name, theirs.name)
    rows = [(name, left.get(name, "?"), right.get(name, "?")) for name in {**left, **right}]
    tables.print_table(columns, rows, right=columns[1:])
    ratio = result.speedup
    assert ratio is not None
    print(
        f"{ours.name} is {ratio.median:.2f} times as fast as {theirs.name} "
        f"({ratio.low:.2f} to {ratio.high:.2f} in single rounds)"
    )
    if ratio.low < 1 < ratio.high:
        print("the rounds do not agree on which is faster")


def _figures(side: Side) -> dict[str, str]:
    """What a side took, by name, for people."""
    run = side.runs[0]
    figures = {
        "time": _spread(side.elapsed_s, ".2f", " s"),
        "hours an hour": _spread(side.hours_per_hour, ".1f"),
        "model loading": _spread(side.load_s, ".2f", " s"),
        "processor time": _spread(side.cpu_s, ".2f", " s"),
        "peak memory": _spread(side.peak_mib, ".0f", " MiB"),
    }
    counts = {"windows encoded": run.windows, "words": run.words, "tokens": sum(run.tokens)}
    return {**figures, **{name: str(count) for name, count in counts.items() if count}}


def _rate(duration_s: float, taken_s: float) -> str:
    rate = duration_s / max(taken_s, 1e-3)
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def _spread(value: Spread, form: str, unit: str = "") -> str:
    return f"{value.median:{form}}{unit} ({value.low:{form}} to {value.high:{form}})"
