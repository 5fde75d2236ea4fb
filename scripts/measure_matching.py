"""Tells how well and how fast `earwitness match --model builtin` finds sounds.

    python scripts/measure_matching.py jingles          made-up jingles at known times: precision and recall
    python scripts/measure_matching.py classes FOLDER   sounds whose nearest other recording is of their kind
    python scripts/measure_matching.py speed HOUR.mp3   hearing a recording, and searching 1000 hours of random points

FOLDER has a manifest.jsonl with rows of kind "sound" and their labels.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from earwitness import engines
from earwitness.engines.base import SoundEmbedder
from earwitness.library import sounds
from earwitness.library.sounds import IndexedSound
from earwitness.library.store import Library
from earwitness.options import PretrainedOptions
from earwitness.source import find
from earwitness.toolkit import sound_search
from jingles import BACKGROUNDS, show, tune, write_mp3
from sounds import write_wav

WAYS = {
    "in place of it": {},
    "in its place, 10 dB softer": {"gain_db": -10},
    "the same, as mp3 at 48 kbit/s": {"gain_db": -10},
    "mixed with it, 6 dB louder": {"gain_db": 6, "mixed": True},
    "mixed with it, as loud": {"mixed": True},
    "mixed with it, 6 dB softer": {"gain_db": -6, "mixed": True},
}
LENGTHS_S = (2.5, 4.0, 6.0, 10.0)
SHOWS = 6
SHOW_S = 100.0
NEAR_S = 0.5
HOURS = 1000
DIMENSIONS = {"builtin": 95, "clap": 512}


def ignore(name: str, error: Exception) -> None:
    print(f"{error}", file=sys.stderr)


def measure_jingles(engine: SoundEmbedder) -> None:
    for kind in BACKGROUNDS:
        for way, how in WAYS.items():
            counts: Counter[str] = Counter()
            off = [0.0]
            for seed in range(SHOWS):
                count_hits(engine, kind, way, how, seed, counts, off)
            recall, precision = counts["true"] / counts["planted"], counts["true"] / max(counts["found"], 1)
            print(
                f"{kind}, {way}: {counts['planted']} planted, recall {recall:.1%}, precision {precision:.1%}, "
                f"at most {max(off):.2f} s off",
                flush=True,
            )


def count_hits(
    engine: SoundEmbedder, kind: str, way: str, how: dict, seed: int, counts: Counter[str], off: list[float]
) -> None:
    """Two of each jingle in a show; one more jingle is searched for that is not in it."""
    jingles = [tune(seconds, 10 * seed + number) for number, seconds in enumerate(LENGTHS_S)]
    made = show(kind, jingles, SHOW_S, seed % 4, **how)
    with tempfile.TemporaryDirectory() as name, Library(Path(name) / "library.sqlite") as library:
        folder = Path(name)
        asked = [write_wav(folder / f"{number}.wav", jingle) for number, jingle in enumerate(jingles)]
        asked.append(write_wav(folder / "absent.wav", tune(4.0, 10 * seed + 9)))
        if "mp3" in way:
            place = write_mp3(folder / "show.mp3", made.samples, 48_000)
        else:
            place = write_wav(folder / "show.wav", made.samples / 2)
        among = sound_search.index(library, find([str(place)]), engine, ignore)
        queries = sound_search.sound_queries(find(list(map(str, asked))), engine, ignore)
        hits = sound_search.search(library, queries, engine, recordings=among)
    counts["planted"] += len(made.planted)
    counts["found"] += len(hits)
    for number, at in made.planted:
        errors = [abs(hit.start - at) for hit in hits if hit.query == f"{number}.wav"]
        if min(errors, default=np.inf) <= NEAR_S:
            counts["true"] += 1
            off.append(min(errors))


def measure_classes(engine: SoundEmbedder, folder: Path) -> None:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == "sound" and row.get("label")]
    often = Counter(row["label"] for row in rows)
    labels = {Path(row["file"]).name: row["label"] for row in rows if often[row["label"]] > 1}
    files = [str(folder / row["file"]) for row in rows if Path(row["file"]).name in labels]
    with tempfile.TemporaryDirectory() as name, Library(Path(name) / "library.sqlite") as library:
        sound_search.index(library, find(files), engine, ignore)
        queries = sound_search.sound_queries(find(files), engine, ignore)
        hits = sound_search.search(library, queries, engine, limit=1, min_similarity=-1)
    right = sum(labels[hit.query] == labels[hit.name] for hit in hits)
    chance = np.mean([(often[label] - 1) / (len(labels) - 1) for label in labels.values()])
    print(f"nearest of the same kind: {right} of {len(hits)} ({right / len(hits):.0%}); by chance {chance:.0%}")


def measure_speed(engine: SoundEmbedder, recording: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        with Library(Path(name) / "library.sqlite") as library:
            (wall_s, busy_s) = timed(lambda: sound_search.index(library, find([recording]), engine, ignore))
            (heard,) = sounds.indexed(library, engine.identity())
            print(
                f"{heard.seconds:.0f} s heard in {wall_s:.1f} s, {heard.seconds / wall_s:.0f} times as fast as real "
                f"time ({heard.seconds / busy_s:.0f} times by processor time)"
            )
        theme = write_wav(Path(name) / "theme.wav", tune(10.0, 1))
        queries = sound_search.sound_queries(find([str(theme)]), engine, ignore)
        with Library(Path(name) / "library.sqlite") as library:
            fill(library, engine)
            size = sum(path.stat().st_size for path in Path(name).glob("library.sqlite*"))
            wall_s, busy_s = timed(lambda: sound_search.search(library, queries, engine))
            print(
                f"{HOURS} hours ({size / 1e6:.0f} MB) searched for 10 s in {1000 * wall_s:.0f} ms "
                f"({1000 * busy_s:.0f} ms of processor time)"
            )


def fill(library: Library, engine: SoundEmbedder) -> None:
    rng = np.random.default_rng(0)
    for hour in range(HOURS):
        rows = rng.standard_normal((7199, DIMENSIONS[engine.name]), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        about = (f"{hour:064d}", f"{hour}.mp3", f"/{hour}.mp3", 3600.0, engine.window_s, engine.window_s / 2)
        sounds.keep(library, IndexedSound(*about, rows), engine.identity())


def timed(work: object) -> tuple[float, float]:
    wall, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - busy


if __name__ == "__main__":
    builtin = engines.sound_embedder("builtin", PretrainedOptions())
    what = sys.argv[1] if len(sys.argv) > 1 else ""
    if what == "jingles":
        measure_jingles(builtin)
    elif what == "classes":
        measure_classes(builtin, Path(sys.argv[2]))
    elif what == "speed":
        measure_speed(builtin, sys.argv[2])
    else:
        sys.exit(__doc__)
