"""One run of a benchmark, in a process of its own: `python -m earwitness.evaluation.bench_worker FOLDER`.

It reads `FOLDER/task.json`, loads, starts its clock, works, and writes `FOLDER/answer.json`. Whatever is printed
meanwhile is nobody's result.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from earwitness import audio, engines, exports, pipeline, regions, words
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import Recognizer, SpeechDetector
from earwitness.errors import EarwitnessError
from earwitness.evaluation.counting import Counting, counting
from earwitness.evaluation.peers import PEERS
from earwitness.evaluation.peers.base import Request, faint_noise, fixed_windows, settings_of
from earwitness.files import write_whole
from earwitness.options import Options, WordOptions
from earwitness.source import fetch, find
from earwitness.types import Region, Seconds
from earwitness.values import from_plain, to_plain

OURS = "earwitness"


@dataclass(frozen=True)
class Task:
    """What a run does with `recordings`: the `whole` job, or only what recognition takes, by ours or by the peer that
    `side` names. `request` says of both sides what `options` says of ours."""

    side: str
    recordings: tuple[str, ...]
    options: Options
    request: Request
    whole: bool = False


@dataclass(frozen=True)
class Run:
    """What one run took. `load_s` is loading, `elapsed_s` all the work after it, `cpu_s` its processor time.

    `stages` are parts of `elapsed_s`. `windows` is how often 30 s were encoded, where that can be seen. `tokens` are
    those of each window where their number was fixed. `peak_mib` is the memory of the process tree, and `others` the
    share of the machine's cores that other processes took meanwhile.
    """

    load_s: Seconds
    elapsed_s: Seconds
    cpu_s: Seconds
    durations_s: tuple[Seconds, ...]
    words: int
    stages: Mapping[str, Seconds] = field(default_factory=dict)
    windows: int | None = None
    tokens: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    peak_mib: float = 0.0
    others: float = 0.0


class _Clock:
    """Wall time and processor time, in all and by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, Seconds] = {}
        self._began = time.perf_counter(), time.process_time()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.add({name: time.perf_counter() - began})

    def add(self, timings: Mapping[str, Seconds]) -> None:
        for name, seconds in timings.items():
            self.stages[name] = self.stages.get(name, 0.0) + seconds

    def passed(self) -> tuple[Seconds, Seconds]:
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]


def perform(task: Task, folder: Path) -> Run:
    """Runs a task in this process; `folder` is for what it writes."""
    if task.side != OURS:
        return _peer(task)
    return _whole(task, folder) if task.whole else _ours(task, folder)


def _whole(task: Task, folder: Path) -> Run:
    """Everything that `earwitness transcribe` does to a recording, with all exports and without checkpoints."""
    began = time.perf_counter()
    used = pipeline.Engines(task.options, recognizer=counting(task.options.model))
    _warm_up(used.recognizer, used.detector, task.request)
    if used.embedder:
        used.embedder.embed(faint_noise(), [Region(0.0, 1.0)])
    load_s = time.perf_counter() - began
    clock, durations, count = _Clock(), [], 0
    for reference in find(task.recordings):
        with clock.stage("source"):
            source = fetch(reference, task.options.source, folder)
        transcript = pipeline.run(source, task.options, used, checkpoints=Checkpoints(None))
        clock.add(transcript.timings)
        with clock.stage("exports"):
            exports.save(transcript, folder / "exports", reference.stem, tuple(exports.FORMATS))
        durations.append(transcript.duration)
        count += len(transcript.words)
    run = _run(load_s, clock, durations, count, used.recognizer, task.request)
    speakers = used.tells_voices.name if used.tells_voices else "none"
    return replace(run, settings={"engine": used.recognizer.name, **run.settings, "speakers": speakers})


def _ours(task: Task, folder: Path) -> Run:
    """Our recognition and what it needs: decoding, speech detection, words with their times."""
    began = time.perf_counter()
    recognizer, detector = counting(task.options.model, task.request.tokens), engines.detector()
    _warm_up(recognizer, detector, task.request)
    load_s = time.perf_counter() - began
    options = replace(task.options.words, language=task.request.language)
    clock, durations, count = _Clock(), [], 0
    for recording in task.recordings:
        with clock.stage("audio"):
            sound = audio.load(recording, task.options.audio, scratch=folder)
        with clock.stage("regions"):
            if task.request.tokens:
                speech = tuple(Region(*window) for window in fixed_windows(sound.duration))
            else:
                speech = regions.detect(sound, detector, task.options.regions)
        with clock.stage("words"):
            count += len(words.recognize(sound, speech, recognizer, options).words)
        durations.append(sound.duration)
    return _run(load_s, clock, durations, count, recognizer, task.request)


def _warm_up(recognizer: Recognizer, detector: SpeechDetector, request: Request) -> None:
    """Loads what engines load only when they hear something."""
    recognizer.identity()
    options = WordOptions(language=request.language or "en", beam_size=request.beam_size)
    recognizer.recognize([faint_noise()], options)
    detector.probabilities([faint_noise()])
    if isinstance(recognizer, Counting):
        recognizer.forget()


def _run(
    load_s: Seconds, clock: _Clock, durations: list[Seconds], count: int, recognizer: Recognizer, request: Request
) -> Run:
    elapsed_s, cpu_s = clock.passed()
    run = Run(load_s, elapsed_s, cpu_s, tuple(durations), count, clock.stages, settings={"model": recognizer.model})
    if not isinstance(recognizer, Counting):
        return run
    tries = "windows that fail its checks" if recognizer.temperatures else "none"
    return replace(
        run, windows=recognizer.windows, tokens=tuple(recognizer.tokens),
        settings=settings_of(request, second_tries=tries, encoder=recognizer.encoder),
    )  # fmt: skip


def _peer(task: Task) -> Run:
    began = time.perf_counter()
    transcriber = PEERS[task.side].load(task.request)
    transcriber.warm_up()
    load_s = time.perf_counter() - began
    clock = _Clock()
    said = [transcriber.transcribe(Path(recording)) for recording in task.recordings]
    elapsed_s, cpu_s = clock.passed()
    seen = [one.windows for one in said if one.windows is not None]
    return Run(
        load_s, elapsed_s, cpu_s, (), sum(one.words for one in said), windows=sum(seen) if seen else None,
        tokens=tuple(count for one in said for count in one.tokens), settings=transcriber.settings,
    )  # fmt: skip


def main(folder: Path) -> None:
    """Reads the task, performs it, and writes the run or the one line that says why there is none."""
    task: Task = from_plain(Task, json.loads((folder / "task.json").read_text(encoding="utf-8")))
    answer: Any
    try:
        answer = {"run": to_plain(perform(task, folder))}
    except EarwitnessError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except Exception as error:
        if task.side == OURS:
            raise
        # What a peer can raise is without bounds; its first line is what its users would look at.
        reason = (str(error).strip().splitlines() or [""])[0]
        answer = {"error": "ModelError", "message": f"{task.side}: {type(error).__name__}: {reason}"}
    write_whole(folder / "answer.json", json.dumps(answer).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
