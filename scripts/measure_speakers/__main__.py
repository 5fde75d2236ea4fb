"""Measures who speaks when, without words: talk joined from unseen readers, through bad channels, and real recordings.

    python scripts/measure_speakers DATA [--set joined short alone show] [--condition clean noise10 telephone mp3-24k]
    python scripts/measure_speakers DATA --set real
    python scripts/measure_speakers DATA --embedder network            # or wespeaker[:MODEL], resemblyzer
    python scripts/measure_speakers DATA --kind speaker --projection HELD_OUT.npz
    python scripts/measure_speakers DATA --checkout ../earwitness-before

DATA holds `manifest.jsonl` and, for the set "real", a folder `diarization` of RTTM files beside their recordings.
Talk is made of its LibriSpeech readers of kind "asr" (those with half a minute of speech or more) or "speaker" (a
quarter of a minute each, so that talk is short), less all on whom the embedder was trained; with --projection, a linear
discriminant by `training/voices.py --hold-out`, all on whom that was. --unheard leaves out the `readers` of further
such files, so that two embedders can be measured on the same talk.

Sets are made anew from their seeds: `sets.py` says of what. Speech is detected in what a condition leaves of it.
--checkout asks the earwitness in another folder, an older version for example. --cache keeps points, so that another
clustering is measured in little time. Confusion is the share of the wrong speaker in what truth and answer both call
speech; all else is with collar 0, overlap counted. `earwitness evaluate` measures the whole pipeline, this its
speakers, fast enough to try a change.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conditions import CLEAN, CONDITIONS
from earwitness.errors import EarwitnessError
from results import Measured, measure, plain
from sets import LEAST_S, SETS, items_of, real
from systems import Elsewhere, Here, embedder_of, readers_of, trained_on
from tables import print_files, print_means

if TYPE_CHECKING:
    from sets import Recording
    from systems import System

REAL = "real"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="measure_speakers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--set", nargs="+", choices=(*SETS, REAL), default=["joined"], dest="sets")
    parser.add_argument("--condition", nargs="+", choices=tuple(CONDITIONS), default=[CLEAN], dest="conditions")
    parser.add_argument("--kind", choices=tuple(LEAST_S), default="asr")
    parser.add_argument("--recordings", type=int, help="of each set but the real one; each has its own number")
    parser.add_argument("--seed", type=int, default=0, help="of the first recording; the others have the next ones")
    parser.add_argument("--embedder", default="auto", metavar="NAME[:MODEL]")
    parser.add_argument("--projection", type=Path, metavar="FILE")
    parser.add_argument("--unheard", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--checkout", type=Path, metavar="FOLDER")
    parser.add_argument("--cache", type=Path, metavar="FOLDER")
    parser.add_argument("--files", action="store_true", help="print every recording, not only real ones")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it")
    return parser.parse_args()


def recordings_of(name: str, given: argparse.Namespace) -> Iterator[Recording]:
    if name == REAL:
        yield from real(given.data / "diarization")
        return
    make, usual = SETS[name]
    heard = readers_of(given.projection) if given.projection else trained_on(given.embedder)
    items = items_of(given.data, given.kind, heard.union(*map(readers_of, given.unheard)))
    for seed in range(given.seed, given.seed + (given.recordings or usual)):
        yield make(items, seed)


def measured(name: str, given: argparse.Namespace, system: System) -> dict[str, list[Measured]]:
    """The results of a set by condition."""
    results: dict[str, list[Measured]] = {condition: [] for condition in given.conditions}
    for number, recording in enumerate(recordings_of(name, given)):
        for condition, rows in results.items():
            rng = np.random.default_rng((given.seed, number))
            rows.append(measure(recording, CONDITIONS[condition](recording.samples, rng), system))
        print(f"\r{name}: {number + 1}", end="\r", file=sys.stderr, flush=True)
    return results


def main() -> None:
    given = arguments()
    system: System
    if given.checkout:
        system = Elsewhere(given.checkout, given.embedder)
    else:
        system = Here(embedder_of(given.embedder, given.projection), given.cache)
    told: dict[str, Any] = {}
    for name in given.sets:
        results = measured(name, given, system)
        for condition, rows in results.items():
            clean = results.get(CLEAN, []) if condition != CLEAN else []
            print_means(f"{name}, {condition}", rows, clean)
            if name == REAL or given.files:
                print_files(rows)
            told.setdefault(name, {})[condition] = plain(rows, clean)
    if given.json:
        given.json.write_text(json.dumps({"arguments": sys.argv[1:], "sets": told}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (EarwitnessError, OSError) as error:
        raise SystemExit(str(error)) from error
