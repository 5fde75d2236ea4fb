"""Measures the built-in diarizer on conversations with an exact truth, joined from single-speaker utterances.

    python scripts/measure_speakers.py --data FOLDER [--kind asr|speaker] [--projection FILE] [--json]

FOLDER holds `manifest.jsonl`, whose rows name a `file`, a `kind`, a `licence` and the `speakers`. The readers are
those of LibriSpeech in it, of kind "asr" (with half a minute or more of speech) or "speaker" (a quarter of a minute
each, so the conversations are short), less all on whom the projection was trained; see `training/voices.py --hold-out`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import engines
from earwitness.audio import load
from earwitness.engines.mfcc_lda import SHIPPED, MfccLda
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio, Turn
from earwitness.units import to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.engines.base import SpeechDetector, VoiceEmbedder
    from earwitness.types import FloatArray

SPEAKERS = (2, 3, 4)
TURN_S = (2.0, 10.0)
PAUSE_S = (0.15, 0.7)
LENGTH_S = (60.0, 120.0)
LOUDNESS_DB = -24.0
LOUDNESS_SPREAD_DB = 1.5


@dataclass(frozen=True)
class Conversation:
    """Made-up talk: its sound, and who speaks when (pauses between the turns belong to nobody)."""

    audio: Audio
    truth: tuple[Turn, ...]

    @property
    def speakers(self) -> int:
        return len({turn.speaker for turn in self.truth})


@dataclass(frozen=True)
class Score:
    """`confusion` is the speaker error in speech that both truth and answer call speech, 0 to 1."""

    speakers: int
    found: int
    confusion: float


def manifest_readers(data: Path, kind: str) -> dict[str, list[Path]]:
    """LibriSpeech readers of a kind in the manifest and their utterances, sorted by file."""
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text().splitlines()]
    readers: dict[str, list[Path]] = {}
    for row in sorted(rows, key=lambda row: str(row["file"])):
        if row["kind"] == kind and "LibriSpeech" in row["licence"] + row["notes"] and row.get("speakers"):
            readers.setdefault(str(row["speakers"][0]), []).append(data / row["file"])
    return readers


def _pieces(utterance: FloatArray, rng: np.random.Generator) -> list[FloatArray]:
    """Cuts an utterance at its quietest points into pieces that can be turns."""
    frame = to_samples(0.02)
    energy = np.convolve(utterance**2, np.ones(frame) / frame, mode="same")
    loud = np.flatnonzero(energy > 1e-3 * energy.max())
    utterance, energy = utterance[loud[0] : loud[-1] + 1], energy[loud[0] : loud[-1] + 1]
    pieces, start, slack = [], 0, to_samples(0.6)
    while len(utterance) - start > to_samples(TURN_S[0]):
        cut = start + to_samples(rng.uniform(*TURN_S))
        if cut + slack >= len(utterance) - to_samples(TURN_S[0]) / 2:
            cut = len(utterance)
        else:
            low = max(start + to_samples(TURN_S[0] / 2), cut - slack)
            cut = low + int(energy[low : cut + slack].argmin())
        pieces.append(utterance[start:cut])
        start = cut
    return pieces


def _levelled(piece: FloatArray, rng: np.random.Generator) -> FloatArray:
    level_db = LOUDNESS_DB + rng.uniform(-LOUDNESS_SPREAD_DB, LOUDNESS_SPREAD_DB)
    return piece * np.float32(10 ** (level_db / 20) / max(1e-9, float(np.sqrt(np.mean(piece**2)))))


def converse(readers: Mapping[str, Sequence[FloatArray]], speakers: int, seed: int) -> Conversation:
    """Lets `speakers` of the readers, drawn by `seed`, talk in turn for one to two minutes.

    Nobody says anything twice, so the talk is shorter where the readers run out of utterances. Room noise, 55 dB
    below the voices, fills the pauses, as digital silence would give the turns away.
    """
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(sorted(readers))[:speakers]]
    stock = {
        name: [piece for u in rng.permutation(len(readers[name])) for piece in _pieces(readers[name][u], rng)]
        for name in names
    }
    length_s, blocks, truth, at, last = rng.uniform(*LENGTH_S), [], [], 0, ""
    order = list(names)
    while to_seconds(at) < length_s:
        able = [name for name in order or names if stock[name] and (name != last or speakers == 1)]
        if not able:
            break
        name = str(rng.choice(able))
        order = [waiting for waiting in order if waiting != name]
        piece = _levelled(stock[name].pop(), rng)
        pause = np.zeros(to_samples(rng.uniform(*PAUSE_S)), np.float32)
        truth.append(Turn(to_seconds(at), to_seconds(at + len(piece)), name))
        blocks += [piece, pause]
        at += len(piece) + len(pause)
        last = name
    samples = np.concatenate(blocks)
    noise = rng.normal(0, 10 ** ((LOUDNESS_DB - 55) / 20), len(samples))
    return Conversation(Audio((samples + noise).astype(np.float32)), tuple(truth))


def confusion(truth: Sequence[Turn], answer: Sequence[Turn]) -> float:
    """Share of the speech in both that carries the wrong speaker, under the best mapping (pyannote.metrics)."""
    from pyannote.core import Annotation, Segment
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, hypothesis = Annotation(), Annotation()
    for annotation, turns in ((reference, truth), (hypothesis, answer)):
        for index, turn in enumerate(turns):
            annotation[Segment(turn.start, turn.end), index] = turn.speaker
    parts: Any = DiarizationErrorRate(collar=0.0, skip_overlap=False)(reference, hypothesis, detailed=True)
    return float(parts["confusion"]) / max(1e-9, float(parts["confusion"] + parts["correct"]))


@dataclass(frozen=True)
class Measured:
    """One conversation: the answer with the count given, and without."""

    seed: int
    speakers: int
    duration_s: float
    given: Score
    estimated: Score


def readers_of(data: Path, kind: str, trained_on: Collection[str]) -> dict[str, list[FloatArray]]:
    """The samples of the readers of a kind that were not trained on; of kind "asr" those with enough to say."""
    least_s = 30.0 if kind == "asr" else 0.0
    readers = {
        name: [np.asarray(load(path).samples) for path in paths]
        for name, paths in manifest_readers(data, kind).items()
        if name not in trained_on
    }
    return {name: said for name, said in readers.items() if to_seconds(sum(map(len, said))) >= least_s}


def measure(conversation: Conversation, embedder: VoiceEmbedder, detector: SpeechDetector, seed: int) -> Measured:
    regions = detect(conversation.audio, detector)
    scores = []
    for given in (conversation.speakers, None):
        turns = diarize(conversation.audio, regions, embedder, SpeakerOptions(speakers=given))
        found = len({turn.speaker for turn in turns})
        scores.append(Score(conversation.speakers, found, confusion(conversation.truth, turns)))
    return Measured(seed, conversation.speakers, conversation.audio.duration, *scores)


def summary(results: Sequence[Measured]) -> dict[str, Any]:
    """Means over conversations."""
    return {
        "conversations": len(results),
        "minutes": sum(r.duration_s for r in results) / 60,
        "confusion_given": float(np.mean([r.given.confusion for r in results])),
        "confusion_given_worst": float(np.max([r.given.confusion for r in results])),
        "confusion_estimated": float(np.mean([r.estimated.confusion for r in results])),
        "count_given_right": float(np.mean([r.given.found == r.speakers for r in results])),
        "count_right": float(np.mean([r.estimated.found == r.speakers for r in results])),
        "count_error": float(np.mean([r.estimated.found - r.speakers for r in results])),
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
    parser.add_argument("--kind", choices=("asr", "speaker"), default="asr")
    parser.add_argument("--projection", type=Path, default=SHIPPED)
    parser.add_argument("--conversations", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    with np.load(given.projection) as arrays:
        trained_on = {str(name) for name in arrays["readers"]}
    readers = readers_of(given.data, given.kind, trained_on)
    if len(readers) < max(SPEAKERS):
        parser.error(f"{given.data}: {len(readers)} readers of kind {given.kind} that were not trained on; give more")
    embedder, detector = MfccLda(given.projection), engines.detector()
    results = []
    for index in range(given.conversations):
        seed = given.seed + index
        conversation = converse(readers, SPEAKERS[index % len(SPEAKERS)], seed)
        results.append(measure(conversation, embedder, detector, seed))
    if given.json:
        print(json.dumps({**summary(results), "results": [asdict(result) for result in results]}))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
