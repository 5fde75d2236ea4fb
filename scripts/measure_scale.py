"""Measures how long and how much memory it takes to tell speakers apart, by stage, as recordings get longer.

    python scripts/measure_scale.py make FOLDER --data DATA --hours 1 8 10
    python scripts/measure_scale.py run RECORDING... [--diarizer NAME] [--threads N] [--rounds 3] [--json]

`make` writes FOLDER/talk_1h.flac and so on, as `earwitness synth --from-recordings` does: four readers of DATA, a
folder with `manifest.jsonl`, in turn. Only those whose name is a number, as in LibriSpeech: "reader" may be several
people. They have not so much to say, so each recording is given many times under other names; it is cut elsewhere every
time. Ten hours take some 5 GB of memory to make.

`run` gives each recording to a process of its own, the recordings in turn so that other work on the machine hits all
of them, and tells the median of the rounds. No words are recognised. "Speed" is that of speech detection, embedding,
clustering and turns together; decoding stands beside it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from typing import TYPE_CHECKING, TypeVar

from earwitness import audio, engines
from earwitness.evaluation.synth import episode, recordings
from earwitness.options import ModelOptions
from earwitness.regions import detect
from earwitness.speakers import diarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earwitness.engines.base import VoiceEmbedder
    from earwitness.evaluation.datasets import Item
    from earwitness.types import FloatArray, Region

T = TypeVar("T")

READERS = 4
STAGES = ("decoding", "detection", "embedding", "the rest")
"""The rest is clustering, the best path, and turns."""
KINDS = ("wall_s", "cpu_s")


@dataclass(frozen=True)
class Cost:
    """One run: by stage the seconds on the clock and those of all cores; the peak of resident memory."""

    recording: str
    hours: float
    wall_s: dict[str, float]
    cpu_s: dict[str, float]
    peak_mb: float
    found: int


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.wall_s, self.cpu_s = dict.fromkeys(STAGES, 0.0), dict.fromkeys(STAGES, 0.0)

    def timed(self, stage: str, work: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.wall_s[stage] += time.perf_counter() - wall
        self.cpu_s[stage] += time.process_time() - cpu
        return result


class Timed:
    """A `VoiceEmbedder` whose time is kept apart."""

    def __init__(self, embedder: VoiceEmbedder, clock: Clock) -> None:
        self._embedder, self._clock = embedder, clock
        self.name, self.window_s = embedder.name, embedder.window_s

    def identity(self) -> str:
        return self._embedder.identity()

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        return self._clock.timed("embedding", lambda: self._embedder.embed(samples, spans))


def cost(recording: Path, diarizer: str, threads: int) -> Cost:
    """One run in this process."""
    clock = Clock()
    embedder = Timed(engines.embedder(diarizer, ModelOptions(threads=threads)), clock)
    sound = clock.timed("decoding", lambda: audio.load(recording, scratch=Path(gettempdir())))
    speech = clock.timed("detection", lambda: detect(sound, engines.detector()))
    turns = clock.timed("the rest", lambda: diarize(sound, speech, embedder).turns)
    for seconds in (clock.wall_s, clock.cpu_s):
        seconds["the rest"] -= seconds["embedding"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    speakers = len({turn.speaker for turn in turns})
    return Cost(recording.name, sound.duration / 3600, clock.wall_s, clock.cpu_s, peak / 1e6, speakers)


def in_own_process(recording: Path, diarizer: str, threads: int) -> Cost:
    command = [sys.executable, __file__, "once", str(recording), "--diarizer", diarizer, "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def middle(runs: Sequence[Cost]) -> Cost:
    """The median of each figure; of memory the most."""
    wall_s, cpu_s = ({stage: median(getattr(run, kind)[stage] for run in runs) for stage in STAGES} for kind in KINDS)
    return replace(runs[0], wall_s=wall_s, cpu_s=cpu_s, peak_mb=max(run.peak_mb for run in runs))


def diarization_s(seconds: dict[str, float]) -> float:
    return sum(seconds.values()) - seconds["decoding"]


def report(costs: Sequence[Cost]) -> None:
    print("seconds on the clock (of all cores)")
    print("| recording |" + "".join(f" {stage} |" for stage in STAGES) + " speed, times real time | peak memory |")
    print("| --- |" + " ---: |" * (len(STAGES) + 2))
    for of in costs:
        stages = "".join(f" {of.wall_s[stage]:.1f} ({of.cpu_s[stage]:.1f}) |" for stage in STAGES)
        wall, cpu = (3600 * of.hours / diarization_s(seconds) for seconds in (of.wall_s, of.cpu_s))
        print(f"| {of.hours:.2g} h, {of.found} voices |{stages} {wall:.0f} ({cpu:.0f}) | {of.peak_mb:.0f} MB |")
    for of in costs[1:]:
        wall, cpu = (diarization_s(getattr(of, kind)) / diarization_s(getattr(costs[0], kind)) for kind in KINDS)
        print(f"t({of.hours:.2g} h) / t({costs[0].hours:.2g} h) = {wall:.2f} on the clock, {cpu:.2f} of all cores")


def make(folder: Path, data: Path, hours: float) -> None:
    """A talk of so many hours, the seed being their number."""
    items = recordings.load(str(data))
    by_reader = {name: said for name, said in recordings.readers(items).items() if name.isdigit()}
    heard_s = {name: sum(item.truth.duration or 0 for item in said) for name, said in by_reader.items()}
    readers = sorted(heard_s, key=lambda name: -heard_s[name])[:READERS]
    times = int(1.5 * hours * 3600 / sum(heard_s[name] for name in readers)) + 2
    wanted = [item for name in readers for item in by_reader[name]]
    many = [_again(item, number) for item in wanted for number in range(times)]
    made = recordings.conversation(many, speakers=READERS, duration_s=hours * 3600, seed=round(hours))
    told = episode.write(made, folder / f"talk_{hours:g}h.flac")
    print(f"talk_{hours:g}h.flac: {told.duration / 3600:.2f} h, {len(told.turns)} turns", *told.warnings, sep="\n  ")


def _again(item: Item, number: int) -> Item:
    """The recording under another name and without its text, so that it is new and cut into turns."""
    return replace(item, name=f"{item.name} {number}", truth=replace(item.truth, text=None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("make")
    maker.add_argument("folder", type=Path)
    maker.add_argument("--data", type=Path, required=True)
    maker.add_argument("--hours", type=float, nargs="+", required=True)
    for name in ("run", "once"):
        runner = commands.add_parser(name)
        runner.add_argument("recordings", type=Path, nargs="+")
        runner.add_argument("--diarizer", default="auto")
        runner.add_argument("--threads", type=int, default=0)
        runner.add_argument("--rounds", type=int, default=3)
        runner.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.command == "make":
        for hours in given.hours:
            make(given.folder, given.data, hours)
    elif given.command == "once":
        print(json.dumps(asdict(cost(given.recordings[0], given.diarizer, given.threads))))
    else:
        runs = [
            [in_own_process(recording, given.diarizer, given.threads) for recording in given.recordings]
            for _ in range(given.rounds)
        ]
        costs = [middle(of_one) for of_one in zip(*runs, strict=True)]
        if given.json:
            print(json.dumps([asdict(of) for of in costs], indent=1))
        else:
            report(costs)


if __name__ == "__main__":
    main()
