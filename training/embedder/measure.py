"""How often pieces of readers not trained on are taken for one voice or two, wrongly: equal error rates.

    python training/embedder/measure.py FOLDER [--network FOLDER] [--projection FILE] [--hold-out 20]

`--network` is what `train.py`, `--projection` what `training/voices.py` wrote, both with the same `--hold-out`. Pairs
are those of all pieces of 0.8, 1.5 and 3 s, by Euclidean distance, in these sets: "held out", pieces of the readers
held out, each of whom has one recording, so that pairs of one voice are also of one recording; "telephone", "mp3",
"room" and "noise", half of them, all through the same channel, as in a recording of several; "other day", the
LibriSpeech readers of kind "asr", where pairs of one voice are of different recordings.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hearing
from voices import held_out, readers

from earwitness.audio import load
from earwitness.engines.base import VoiceEmbedder
from earwitness.engines.mfcc_lda import MfccLda
from earwitness.engines.voice_net import SHIPPED, VoiceNet
from earwitness.types import Region

LENGTHS_S = (0.8, 1.5, 3.0)
PAUSE_S = 0.5
SEED = 0

Recording = tuple[str, np.ndarray]
"""Reader and samples."""

CHANNELS: dict[str, hearing.Change] = {
    "telephone": hearing.telephone,
    "mp3": hearing.mp3,
    "room": hearing.room,
    "noise": lambda samples, rng: hearing.coloured_noise(samples, rng, 10.0),
}


def equal_error_rate(same: np.ndarray, different: np.ndarray) -> float:
    """Of distances between pieces of one voice and of two: the rate at which both kinds of error are as frequent.

    >>> equal_error_rate(np.array([1, 2, 3, 6]), np.array([4, 7, 8, 5]))
    0.25
    """
    same, different = np.sort(same), np.sort(different)
    limits = np.concatenate([same, different])
    missed = 1 - np.searchsorted(same, limits, side="right") / len(same)
    confused = np.searchsorted(different, limits, side="right") / len(different)
    nearest = np.abs(missed - confused).argmin()
    return float((missed[nearest] + confused[nearest]) / 2)


def distances(
    embedder: VoiceEmbedder, recordings: list[Recording], length_s: float, *, across: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of all pairs of pieces of one voice, and of two; `across` leaves out pairs of one recording."""
    points, owners = [], []
    for index, (reader, samples) in enumerate(recordings):
        last_s = len(samples) / hearing.SAMPLE_RATE_HZ - length_s - 0.1
        spans = [Region(float(at), float(at) + length_s) for at in np.arange(0.2, last_s, length_s + PAUSE_S)]
        points.append(embedder.embed(samples, spans))
        owners += [(reader, index)] * len(spans)
    found = np.concatenate(points).astype(np.float64)
    one, other = np.triu_indices(len(found), 1)
    distance = np.concatenate([((found[row] - found[row + 1 :]) ** 2).sum(axis=1) for row in range(len(found))])
    who, which = np.array([reader for reader, _ in owners]), np.array([index for _, index in owners])
    kept = (which[one] != which[other]) | (not across)
    same = who[one] == who[other]
    return distance[same & kept], distance[~same & kept]


def recordings(folder: Path, hold_out: int) -> dict[str, list[Recording]]:
    """By the name of the set."""
    known = readers(folder)
    held = [(name, np.asarray(load(known[name][0]).samples)) for name in sorted(held_out(known, hold_out, SEED))]
    # Drawn from one seed, the room is the same for all.
    channels = {
        kind: [(who, change(samples, np.random.default_rng(SEED)).astype(np.float32)) for who, samples in held[::2]]
        for kind, change in CHANNELS.items()
    }
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    other = [r for r in rows if r["kind"] == "asr" and "librispeech" in r["file"]]
    day = [(str(r["speakers"][0]), np.asarray(load(folder / r["file"]).samples)) for r in other]
    return {"held out": held, **channels, "other day": day}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", type=Path, default=SHIPPED)
    parser.add_argument("--projection", type=Path)
    parser.add_argument("--hold-out", type=int, default=20, metavar="READERS")
    given = parser.parse_args()

    embedders: dict[str, VoiceEmbedder] = {"network": VoiceNet(given.network)}
    if given.projection:
        embedders["discriminant"] = MfccLda(given.projection)
    for kind, of in recordings(given.folder, given.hold_out).items():
        for length_s in LENGTHS_S:
            across = kind == "other day"
            found = {name: distances(embedder, of, length_s, across=across) for name, embedder in embedders.items()}
            rates = [f"{name} {equal_error_rate(*pairs):.2%}" for name, pairs in found.items()]
            print(f"{kind}, {length_s} s: {', '.join(rates)}", flush=True)


if __name__ == "__main__":
    main()
