"""Measures the built-in diarizer alone on conversations with an exact truth, joined from single-speaker recordings.

    python scripts/measure_speakers.py --data FOLDER [--kind asr|speaker] [--projection FILE] [--json]

FOLDER holds `manifest.jsonl`. The readers are those of LibriSpeech in it, of kind "asr" (with half a minute or more of
speech) or "speaker" (a quarter of a minute each, so the conversations are short), less all on whom the projection was
trained; see `training/voices.py --hold-out`. No words are recognised: `earwitness evaluate` measures the whole
pipeline, this the diarizer, fast enough to try a change. Every conversation is the one that `earwitness synth
--from-recordings` makes of these recordings, without their texts, with its seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import engines
from earwitness.engines.mfcc_lda import SHIPPED, MfccLda
from earwitness.evaluation.diarization import diarization_error_rate
from earwitness.evaluation.synth import recordings
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio

if TYPE_CHECKING:
    from earwitness.engines.base import SpeechDetector, VoiceEmbedder
    from earwitness.evaluation.datasets import Item
    from earwitness.evaluation.synth.episode import Episode

SPEAKERS = (2, 3, 4)
LENGTH_S = (60.0, 120.0)
LEAST_S = {"asr": 30.0, "speaker": 0.0}


@dataclass(frozen=True)
class Measured:
    """One conversation: how many speak and were found, and the confusion with their number given and estimated.

    Confusion is the speaker error in speech that truth and answer both call speech, 0 to 1.
    """

    seed: int
    speakers: int
    duration_s: float
    found: int
    given: float
    estimated: float


def items_of(data: Path, kind: str, trained_on: set[str]) -> list[Item]:
    """Recordings of LibriSpeech readers of a kind who were not trained on and have enough to say; without texts, so
    that they are cut into turns."""
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted = {row["file"] for row in rows if row["kind"] == kind and "LibriSpeech" in row["licence"] + row["notes"]}
    length_s = {row["file"]: row["duration_s"] for row in rows}
    items = [item for item in recordings.load(str(data / "manifest.jsonl")) if item.name in wanted]
    by_reader = recordings.readers(items)
    enough = {
        reader
        for reader, said in by_reader.items()
        if reader not in trained_on and sum(length_s[item.name] for item in said) >= LEAST_S[kind]
    }
    return [_without_text(item) for reader in sorted(enough) for item in by_reader[reader]]


def _without_text(item: Item) -> Item:
    return replace(item, truth=replace(item.truth, text=None))


def measure(talk: Episode, embedder: VoiceEmbedder, detector: SpeechDetector, seed: int) -> Measured:
    audio = Audio(talk.samples)
    regions, speakers = detect(audio, detector), len(talk.truth.speakers)
    answers = [diarize(audio, regions, embedder, SpeakerOptions(speakers=known)) for known in (speakers, None)]
    rates = [diarization_error_rate(talk.truth.turns, answer) for answer in answers]
    confusion = [rate.confusion_s / max(1e-9, rate.confusion_s + rate.correct_s) for rate in rates]
    return Measured(seed, speakers, audio.duration, rates[1].hypothesis_speakers, *confusion)


def summary(results: Sequence[Measured]) -> dict[str, Any]:
    """Means over conversations."""
    return {
        "conversations": len(results),
        "minutes": sum(r.duration_s for r in results) / 60,
        "confusion_given": float(np.mean([r.given for r in results])),
        "confusion_given_worst": float(np.max([r.given for r in results])),
        "confusion_estimated": float(np.mean([r.estimated for r in results])),
        "count_right": float(np.mean([r.found == r.speakers for r in results])),
        "count_error": float(np.mean([r.found - r.speakers for r in results])),
    }


def print_table(results: Sequence[Measured]) -> None:
    print("speakers  talks  minutes  confusion  (worst)  count right  (error)  confusion, count estimated")
    for speakers in (*sorted({r.speakers for r in results}), None):
        row = summary([r for r in results if speakers in (r.speakers, None)])
        print(
            f"{speakers or 'all':>8}  {row['conversations']:5d}  {row['minutes']:7.1f}  {row['confusion_given']:9.2%}"
            f"  {row['confusion_given_worst']:7.1%}  {row['count_right']:11.0%}  {row['count_error']:+7.2f}"
            f"  {row['confusion_estimated']:26.2%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kind", choices=tuple(LEAST_S), default="asr")
    parser.add_argument("--projection", type=Path, default=SHIPPED)
    parser.add_argument("--conversations", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    with np.load(given.projection) as arrays:
        items = items_of(given.data, given.kind, {str(name) for name in arrays["readers"]})
    embedder, detector = MfccLda(given.projection), engines.detector()
    results = []
    for index in range(given.conversations):
        seed, speakers = given.seed + index, SPEAKERS[index % len(SPEAKERS)]
        length_s = float(np.random.default_rng(seed).uniform(*LENGTH_S))
        talk = recordings.conversation(items, speakers=speakers, duration_s=length_s, seed=seed)
        results.append(measure(talk, embedder, detector, seed))
    if given.json:
        print(json.dumps({**summary(results), "results": [asdict(result) for result in results]}))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
