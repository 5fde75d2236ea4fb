"""Measures how well voices are known again, and fits what a likeness tells: the `CALIBRATION` of `earwitness.voices`.

    python scripts/measure_voices.py --data FOLDER [--diarizer NAME] [--seed 0] [--json]

Prints are made by the engine that is there for them, or by `--diarizer`'s.

FOLDER holds `manifest.jsonl`, whose rows of kind "asr" name a `file` and its one reader in `speakers`; readers with
half a minute and four recordings or more are used, and none of them was trained on. Every reader's recordings are
parted into two sets that stand for two episodes. A print of 3 to 40 s is taken of each set, as recorded (60 %), over a
telephone with noise at 15 to 30 dB (20 %) or in a room with noise (20 %), and those of all readers are compared, a
balanced logistic regression telling same from different. Then each reader in turn is unfitted and asked for in a
library of all the others, with and without itself.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earwitness import engines
from earwitness.audio import load
from earwitness.engines.base import VoiceEmbedder
from earwitness.evaluation.synth.sound import impulse_response, reverberated, telephone
from earwitness.types import Audio, Turn
from earwitness.voices import Calibration, Print, likeness, proposals, voice_prints

LEAST_S, LEAST_FILES = 30.0, 4
LENGTHS_S = (4.0, 40.0)
PRINTS = 24
"""Of each reader and episode."""
NOBODY = ("unknown", "reader", "LibriVox reader")

Prints = dict[tuple[str, int], list[Print]]
"""Reader and episode -> prints."""


def noisy(samples: Any, rng: np.random.Generator, low_db: float, high_db: float) -> Any:
    ratio_db = rng.uniform(low_db, high_db)
    noise = rng.normal(0, np.sqrt(np.mean(samples**2)) * 10 ** (-ratio_db / 20), len(samples))
    return (samples + noise).astype(np.float32)


def in_room(samples: Any, rng: np.random.Generator) -> Any:
    heard = reverberated(samples, impulse_response(rng.uniform(0.2, 0.5), rng))[: len(samples)]
    return noisy(heard, rng, 12, 25)


HEARD: Mapping[str, tuple[float, Callable[[Any, np.random.Generator], Any]]] = {
    "clean": (0.6, lambda samples, rng: samples),
    "telephone": (0.2, lambda samples, rng: noisy(telephone(samples), rng, 15, 30)),
    "room": (0.2, in_room),
}


def readers(data: Path) -> dict[str, list[Path]]:
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    files: defaultdict[str, dict[str, tuple[Path, float]]] = defaultdict(dict)
    for row in rows:
        if row["kind"] == "asr" and isinstance(row.get("speakers"), list) and len(row["speakers"]) == 1:
            # The same text again is the same recording in another format.
            name, text = row["speakers"][0], row["reference_text"].casefold()
            files[name].setdefault(text, (data / row["file"], row["duration_s"]))
    return {
        name: [path for path, _ in sorted(found.values())]
        for name, found in files.items()
        if name not in NOBODY and len(found) >= LEAST_FILES and sum(seconds for _, seconds in found.values()) >= LEAST_S
    }


def prints_of(files: Mapping[str, Sequence[Path]], embedder: VoiceEmbedder, seed: int) -> Prints:
    rng = np.random.default_rng(seed)
    shares = [share for share, _ in HEARD.values()]
    found: Prints = {}
    for name, paths in files.items():
        for episode in (0, 1):
            said = np.concatenate([load(path).samples for path in paths[episode::2]])
            heard = [change(said, rng) for _, change in HEARD.values()]
            for _ in range(PRINTS):
                samples = heard[rng.choice(len(heard), p=shares)]
                length_s = min(float(rng.uniform(*LENGTHS_S)), len(samples) / 16_000)
                start = float(rng.uniform(0, len(samples) / 16_000 - length_s))
                turn = Turn(start, start + length_s, "A")
                made = voice_prints(Audio(samples), [turn], embedder)
                found.setdefault((name, episode), []).extend(made.values())
    return found


def scores(prints: Prints, names: Sequence[str]) -> tuple[Any, Any]:
    """Likenesses of prints of two episodes, and whether they are of one reader: both shape (n,)."""
    pairs = [
        (likeness(one, other), name == also)
        for name in names
        for also in names
        for one in prints[name, 0]
        for other in prints[also, 1]
    ]
    cosine, same = zip(*pairs, strict=True)
    return np.array(cosine), np.array(same)


def fitted(cosine: Any, same: Any) -> Calibration:
    """The logistic fit in which both kinds of pairs weigh the same, so that it gives a likelihood ratio."""
    from scipy.optimize import minimize

    weights = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    signs = np.where(same, -1, 1)

    def cost(line: Any) -> float:
        return float((weights * np.logaddexp(0, signs * (line[0] * cosine + line[1]))).sum())

    slope, offset = minimize(cost, np.zeros(2)).x
    return Calibration(round(float(slope), 2), round(float(offset), 2))


def equal_error_rate(cosine: Any, same: Any) -> float:
    order = np.argsort(cosine)
    missed = np.cumsum(same[order]) / same.sum()
    accepted = 1 - np.cumsum(~same[order]) / (~same).sum()
    place = np.abs(missed - accepted).argmin()
    return float((missed[place] + accepted[place]) / 2)


def asked(prints: Prints, names: Sequence[str]) -> dict[str, float]:
    """Each reader asked for in a library of the others, by a calibration that has not met it."""
    counts = dict.fromkeys(("right", "wrong", "missed", "stranger_unknown", "stranger_named"), 0)
    for name in names:
        others = [also for also in names if also != name]
        calibration = fitted(*scores(prints, others))
        for index, print_ in enumerate(prints[name, 1]):
            known = {also: prints[also, 0][index % len(prints[also, 0])] for also in names}
            answer = proposals({"A": print_}, known, calibration).get("A")
            counts["missed" if answer is None else "right" if answer.name == name else "wrong"] += 1
            del known[name]
            stranger = proposals({"A": print_}, known, calibration)
            counts["stranger_named" if stranger else "stranger_unknown"] += 1
    total = counts["right"] + counts["wrong"] + counts["missed"]
    return {kind: count / total for kind, count in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--diarizer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    embedder = engines.embedder(given.diarizer) if given.diarizer else engines.print_embedder()
    files = readers(given.data)
    prints = prints_of(files, embedder, given.seed)
    cosine, same = scores(prints, list(files))
    calibration = fitted(cosine, same)
    result = {
        "embedder": embedder.name, "readers": len(files), "pairs": len(same), "slope": calibration.slope,
        "offset": calibration.offset, "equal_error_rate": equal_error_rate(cosine, same), **asked(prints, list(files)),
    }  # fmt: skip
    if given.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:>18}  {value:.3f}" if isinstance(value, float) else f"{key:>18}  {value}")


if __name__ == "__main__":
    main()
