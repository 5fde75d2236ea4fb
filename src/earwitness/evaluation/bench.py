"""How fast: hours of audio an hour by stage, or our recognition beside another's.

Every run is a process of its own, with the number of threads fixed and model loading apart. Two sides take turns, so
that what the machine does beside them slows both. Medians and their spread are of at least five runs; a result of
fewer says so.

Model loading is the time until a second of faint noise has been heard, imports included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from earwitness.cores import cores
from earwitness.errors import ModelError, OptionError, SourceError
from earwitness.evaluation.bench_process import measure
from earwitness.evaluation.bench_worker import OURS, Run, Task
from earwitness.evaluation.counting import Counting, counting
from earwitness.evaluation.machine import machine
from earwitness.evaluation.peers import peer
from earwitness.evaluation.peers.base import MAX_FIXED_TOKENS, Request
from earwitness.evaluation.results import Machine
from earwitness.options import Options
from earwitness.source import find
from earwitness.types import Seconds
from earwitness.values import to_plain

SCHEMA = "earwitness.bench/1"
ENOUGH_RUNS = 5
BUSY_SHARE = 0.1
"""Where others take more of the cores than this, the figures are no longer of this program alone."""
REST = "rest"
"""What lies between the stages: words to speakers, turns, coverage."""


@dataclass(frozen=True)
class Spread:
    """The median of some runs, and the lowest and the highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Recording:
    name: str
    duration_s: Seconds


@dataclass(frozen=True)
class Side:
    """What one side took, loading apart. `hours_per_hour` is audio by wall time; its low is that of the slowest run."""

    name: str
    settings: Mapping[str, str]
    elapsed_s: Spread
    hours_per_hour: Spread
    load_s: Spread
    cpu_s: Spread
    peak_mib: Spread
    stages: Mapping[str, Spread]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Benchmark:
    """A finished benchmark, or as much of it as there is.

    `speedup` is how many times as fast as the peer ours is: the ratio of the medians, with the lowest and highest ratio
    of two runs that were neighbours; none without a peer. `warnings` are what makes the figures less than they claim.
    """

    made: str
    machine: Machine
    recordings: tuple[Recording, ...]
    tokens: int | None
    sides: tuple[Side, ...]
    speedup: Spread | None = None
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> Seconds:
        return sum(recording.duration_s for recording in self.recordings)


def bench(
    recordings: Sequence[str | Path],
    options: Options | None = None,
    *,
    runs: int = ENOUGH_RUNS,
    against: str | None = None,
    against_model: str | Path | None = None,
    tokens: int | None = None,
    keep: Callable[[Benchmark], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Benchmark:
    """Measures the whole job on some recordings, or our recognition beside a peer's.

    Args:
        recordings: files, folders and patterns.
        options: of all stages; `threads` 0 is one a core.
        runs: of each side; fewer than five are marked as a trial.
        against: a name in `earwitness.evaluation.peers.PEERS`.
        against_model: the same weights in the peer's own format; by default our folder, where the peer reads it.
        tokens: how many tokens every window of 30 s yields on both sides, for models with random weights.
        keep: called with the result so far after every round.
        say: called with a line after every run.

    Raises:
        OptionError: options that do not go together.
        SourceError, AudioError: a recording cannot be had or decoded.
        ModelError: a side cannot load its model, fails, or made other numbers of tokens than were asked for.
        ExtraError: the peer or psutil is not installed.

    >>> result = bench(["examples/episode.flac"], Options.of(model="demo"), runs=5)  # doctest: +SKIP
    >>> result.sides[0].hours_per_hour  # doctest: +SKIP
    Spread(median=36.9, low=33.8, high=40.6)
    """
    if runs < 1 or (tokens is not None and tokens < 1):
        raise OptionError("--runs and --tokens must be 1 or more")
    if tokens is not None and tokens > MAX_FIXED_TOKENS:
        raise OptionError(f"--tokens {tokens}: Whisper makes at most {MAX_FIXED_TOKENS} of a window")
    here, names = machine(), _names(recordings)
    tasks = _tasks(tuple(names), options or Options(), against, against_model, tokens)
    made, done = datetime.now(UTC).isoformat(timespec="seconds"), {task.side: list[Run]() for task in tasks}
    result = None
    for number in range(runs):
        for task in tasks:
            run = measure(task)
            done[task.side].append(run)
            if say:
                say(f"run {number + 1} of {runs}, {task.side}: {run.elapsed_s:.2f} s, and {run.load_s:.2f} s to load")
        if tokens:
            _same_tokens({side: measured[-1] for side, measured in done.items()}, tokens)
        heard = done[OURS][0].durations_s
        found = tuple(Recording(name, length) for name, length in zip(names.values(), heard, strict=True))
        result = summarise(Benchmark(made, here, found, tokens, ()), done)
        if keep:
            keep(result)
    assert result is not None
    return result


def _names(recordings: Sequence[str | Path]) -> dict[str, str]:
    """Paths to names for people."""
    references = find([str(recording) for recording in recordings])
    for reference in references:
        if reference.kind == "refused":
            raise SourceError(f"{reference.name}: {reference.problem}")
        if reference.kind != "file":
            raise OptionError(f"{reference.name}: bench reads files only; download it first")
    if not references:
        raise SourceError(f"{', '.join(map(str, recordings))}: no recordings there; give a file")
    return {reference.argument: reference.name for reference in references}


def _tasks(
    paths: tuple[str, ...], options: Options, against: str | None, against_model: str | Path | None, tokens: int | None
) -> tuple[Task, ...]:
    """What is to be run, in turn."""
    if against is None:
        if tokens or against_model:
            raise OptionError("--tokens and --against-model need --against; give a peer, or leave them out")
        options, request = _decided(options, None)
        return (Task(OURS, paths, options, request, whole=True),)
    other = peer(against)
    if tokens and not other.fixes_tokens:
        raise OptionError(f"--against {against}: it cannot be told how many tokens to make; leave --tokens out")
    if against_model is None and not other.ctranslate2:
        raise OptionError(
            f"--against {against}: it does not read CTranslate2's format; name the same weights in its own with "
            "--against-model"
        )
    options, request = _decided(options, tokens)
    if against_model is None and not Path(request.model).is_dir():
        raise OptionError(f"--engine {options.model.engine}: {against} does not read its model; give --against-model")
    theirs = request if against_model is None else replace(request, model=str(against_model), name=str(against_model))
    return Task(OURS, paths, options, request), Task(against, paths, options, theirs)


def _decided(options: Options, tokens: int | None) -> tuple[Options, Request]:
    """The options with all decided that `auto` leaves open, and the same as a request, so that both sides get it."""
    recognizer = counting(options.model, tokens)
    model, where = replace(options.model, threads=options.model.threads or cores()), recognizer.model
    if isinstance(recognizer, Counting):
        where = str(recognizer.folder)
        device, compute_type = recognizer.device, recognizer.compute_type
        model = replace(model, engine=recognizer.name, model=recognizer.model)
        model = replace(model, device=device, compute_type=compute_type)
    request = Request(
        model=where,
        name=recognizer.model,
        language=options.words.language or ("en" if tokens else None),
        beam_size=options.words.beam_size,
        batch_size=options.words.batch_size,
        threads=model.threads,
        device=model.device,
        compute_type=model.compute_type,
        window_s=recognizer.window_s,
        tokens=tokens,
    )
    return replace(options, model=model), request


def _same_tokens(runs: Mapping[str, Run], tokens: int) -> None:
    counts = {side: run.tokens for side, run in runs.items()}
    if len(set(counts.values())) == 1 and set(counts[OURS]) == {tokens}:
        return
    said = "; ".join(f"{side} {len(found)} windows, {sum(found)} tokens" for side, found in counts.items())
    raise ModelError(f"--tokens {tokens}: the sides did not do the same work ({said}), so that their times say nothing")


def summarise(result: Benchmark, done: Mapping[str, Sequence[Run]]) -> Benchmark:
    """The result with the medians, spreads and warnings of the runs of every side, those of equal rank neighbours."""
    sides = tuple(_side(name, tuple(runs), result.duration_s) for name, runs in done.items())
    speedup = None
    if len(sides) == 2:
        ours, theirs = sides
        ratios = [other.elapsed_s / own.elapsed_s for own, other in zip(ours.runs, theirs.runs, strict=True)]
        speedup = replace(spread(ratios), median=theirs.elapsed_s.median / ours.elapsed_s.median)
    return replace(result, sides=sides, speedup=speedup, warnings=tuple(_warnings(sides)))


def _side(name: str, runs: tuple[Run, ...], duration_s: Seconds) -> Side:
    elapsed = spread([run.elapsed_s for run in runs])
    stages = {stage: spread([run.stages[stage] for run in runs]) for stage in runs[0].stages}
    if stages:
        stages[REST] = spread([run.elapsed_s - sum(run.stages.values()) for run in runs])
    return Side(
        name=name,
        settings=runs[0].settings,
        elapsed_s=elapsed,
        hours_per_hour=Spread(duration_s / elapsed.median, duration_s / elapsed.high, duration_s / elapsed.low),
        load_s=spread([run.load_s for run in runs]),
        cpu_s=spread([run.cpu_s for run in runs]),
        peak_mib=spread([run.peak_mib for run in runs]),
        stages=stages,
        runs=runs,
    )


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest.

    >>> spread([3.0, 1.0, 2.0, 10.0])
    Spread(median=2.5, low=1.0, high=10.0)
    """
    return Spread(float(median(values)), float(min(values)), float(max(values)))


def _warnings(sides: Sequence[Side]) -> list[str]:
    count = len(sides[0].runs)
    found = []
    if count < ENOUGH_RUNS:
        found.append(f"{count} {'run' if count == 1 else 'runs'} a side: a trial; a measurement takes {ENOUGH_RUNS}")
    others = median(run.others for side in sides for run in side.runs)
    if others > BUSY_SHARE:
        found.append(f"other processes took {others:.0%} of the cores meanwhile; measure on an idle machine")
    return found


def to_json(result: Benchmark) -> bytes:
    """The result as `bench.json` holds it."""
    content = {"schema": SCHEMA, **to_plain(result)}
    return f"{json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()
