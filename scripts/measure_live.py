"""Measures live transcription: `python scripts/measure_live.py RECORDING|FOLDER... [--realtime] [--model demo]`.

Each recording is listened to, as fast as it goes or (--realtime) as fast as it was spoken, and then transcribed as
`earwitness transcribe` would. Printed are the words that differ between the final words and the batch text, between
the transcript at the end and the batch text, how long words take from being spoken to being final, the processor time,
and whether every sample came through. With --stall-s whoever listens does nothing for so long after the first words.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
from rapidfuzz.distance import Levenshtein

from earwitness import audio, source
from earwitness.checkpoints import Checkpoints
from earwitness.errors import AudioError
from earwitness.guards import plain
from earwitness.live import Closed, Event, Final, Listening, Partial
from earwitness.options import Options
from earwitness.pipeline import Engines, Stages, transcript_of
from earwitness.source import Source
from earwitness.tape import PLAYED_S, Tape
from earwitness.types import Audio, Word


@dataclass
class Result:
    """What one recording came to; seconds and words. `processor_s` is all that listening took, in all threads."""

    file: str
    duration_s: float
    words: int
    final_differ: int
    closed_differ: int
    transcript_differ: int
    lost_samples: int
    processor_s: float
    wall_s: float
    partials: int
    regions: int
    final_lags_s: list[float]
    partial_lags_s: list[float]


def main() -> None:
    arguments = _arguments()
    options = Options.of(
        model=arguments.model, engine=arguments.engine, language=arguments.language, beam_size=arguments.beam_size,
        threads=arguments.threads, summarizer="none",
    )  # fmt: skip
    engines = Engines(options)
    Listening(engines, options).load()
    results = []
    with TemporaryDirectory() as folder:
        for reference in source.find(arguments.recordings):
            try:
                found = source.fetch(reference, options.source, Path(folder))
                sound = audio.load(found.path)
            except AudioError as error:
                print(f"left out: {error}")
                continue
            if arguments.seconds:
                sound = Audio(sound.samples[: round(arguments.seconds * sound.sample_rate)])
            result = measured(found, sound, engines, options, arguments.realtime, arguments.stall_s)
            results.append(result)
            words = f"{result.final_differ} final, {result.closed_differ} closed, {result.transcript_differ} at the end"
            lag = f"lag {_median(result.final_lags_s):.2f} s"
            print(f"{result.file}: {result.duration_s:.1f} s, {result.words} words, differ: {words}; {lag}", flush=True)
    report(results)
    if arguments.output:
        arguments.output.write_text(json.dumps([asdict(result) for result in results], indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--language", default="en")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--stall-s", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, help="of each recording only so much")
    parser.add_argument("--output", type=Path, help="all figures, as JSON")
    return parser.parse_args()


def measured(found: Source, sound: Audio, engines: Engines, options: Options, realtime: bool, stall_s: float) -> Result:
    tape, taken = Tape(), []
    listening = Listening(engines, options, tape.now if realtime else None)
    step = round(PLAYED_S * sound.sample_rate)
    blocks = tape if realtime else (sound.samples[at : at + step] for at in range(0, len(sound.samples), step))
    player = Thread(target=tape.play, args=(sound.samples,), daemon=True)
    events: list[Event] = []
    began, processor = time.perf_counter(), _processor_s()
    if realtime:
        player.start()
    for event in listening.events(taken.append(block) or block for block in blocks):
        events.append(event)
        if len(events) == 1:
            time.sleep(stall_s)
    wall_s, processor_s = time.perf_counter() - began, _processor_s() - processor
    tape.close()

    known, batch = (Stages(found, options, Checkpoints(None)) for _ in range(2))
    known.audio = batch.audio = sound
    listening.tell(known)
    ours, theirs = transcript_of(known, engines), transcript_of(batch, engines)
    final = [(word, event.at) for event in events if isinstance(event, Final) for word in event.words]
    partial = [event for event in events if isinstance(event, Partial)]
    same = np.array_equal(np.concatenate(taken), sound.samples)
    return Result(
        found.name, sound.duration, len(theirs.words), differ([word for word, _ in final], theirs.words),
        differ([word for event in events if isinstance(event, Closed) for word in event.words], theirs.words),
        differ(ours.words, theirs.words), 0 if same else len(sound.samples) - sum(map(len, taken)) or -1,
        processor_s, wall_s, len(partial), sum(isinstance(event, Closed) for event in events),
        [round(at - word.end, 3) for word, at in final],
        [round(event.at - event.words[-1].end, 3) for event in partial],
    )  # fmt: skip


def differ(words: list[Word] | tuple[Word, ...], others: list[Word] | tuple[Word, ...]) -> int:
    """Words to insert, leave out or change, by letters and digits alone."""
    return int(Levenshtein.distance([plain(word) for word in words], [plain(word) for word in others]))


def report(results: list[Result]) -> None:
    seconds, words = sum(one.duration_s for one in results), sum(one.words for one in results)
    lags = [lag for one in results for lag in one.final_lags_s]
    partial = [lag for one in results for lag in one.partial_lags_s]
    print(f"{len(results)} recordings, {seconds / 60:.1f} min, {words} words by the batch")
    print(f"final words that differ: {sum(one.final_differ for one in results) / max(1, words):.2%}")
    print(f"once their speech has ended: {sum(one.closed_differ for one in results) / max(1, words):.2%}")
    print(f"words of the transcript at the end that differ: {sum(one.transcript_differ for one in results)}")
    print(f"recordings that did not come through whole: {sum(one.lost_samples != 0 for one in results)}")
    print(
        f"from spoken to final: median {_median(lags):.2f} s, 95 % within {np.quantile(lags, 0.95):.2f} s; "
        f"to partial: median {_median(partial):.2f} s"
    )
    print(
        f"processor: {sum(one.processor_s for one in results) / seconds:.2f} s for a second of sound; "
        f"{sum(one.wall_s for one in results) / seconds:.2f} s of wall time"
    )


def _processor_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


if __name__ == "__main__":
    main()
