"""Measures how large a library grows, how long it takes to keep a transcript, and how long to search.

    python scripts/measure_library.py make LIBRARY --hours 10000
    python scripts/measure_library.py keep LIBRARY [--rounds 10]
    python scripts/measure_library.py search LIBRARY [--rounds 10] [--json]

`make` writes episodes of an hour into LIBRARY, each in a transaction of its own, as `earwitness transcribe` does: 9,000
words by two to four speakers, in turns of 20 s on average, from a vocabulary of 50,000 made-up words whose frequencies
follow Zipf's law; a few of them are put in place of real ones, for the queries. Every episode has a real transcript
in it, the first one's. `keep` times a transcript of an hour, given anew each round.

`search` asks each query in new processes (cold), in others with the file dropped from the system's cache (disk),
and many times in one process (warm; cpu is the processor's time of these); it tells the median and the longest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np

from earwitness.library.episodes import add_passages, compressed, keep, put
from earwitness.library.passages import PASSAGE_S, SPEECH, Passage
from earwitness.library.search import search
from earwitness.library.store import Library
from earwitness.segments import speakers, turns
from earwitness.types import EngineInfo, Segment, SourceInfo, Transcript, Word

VOCABULARY, WORDS, WORD_S, TURN_WORDS = 50_000, 9_000, 0.4, 50
PLACED = {
    0: "the", 1: "and", 2: "of", 3: "to", 4: "a", 60: "people", 90: "work", 150: "money", 400: "school", 1500: "tax",
    2000: "climate", 2001: "carbon", 45_000: "zygote",
}  # fmt: skip
FIRST_DAY, DAYS = date(2015, 1, 1), 4000

QUERIES: dict[str, dict[str, str]] = {
    "a rare word": {"query": "zygote"},
    "two words": {"query": "climate AND tax"},
    "either of two": {"query": "climate OR tax"},
    "a phrase": {"query": '"climate carbon"'},
    "the beginning of a word": {"query": "clima*"},
    "two letters": {"query": "th*"},
    "a very common word": {"query": "the"},
    "two very common words": {"query": "the AND of"},
    "a phrase of common words": {"query": '"of the"'},
    "two common words": {"query": "people AND money"},
    "a common and a rare word": {"query": "people AND zygote"},
    "without a common word": {"query": "climate NOT the"},
    "of a speaker": {"query": "climate AND tax", "speaker": "Voice 17"},
    "common, of a speaker": {"query": "people", "speaker": "Voice 17"},
    "since a day": {"query": "climate AND tax", "since": "2024-03-15"},
    "common, since a day": {"query": "people AND work", "since": "2025-12-10"},
    "nothing": {"query": "zygote AND quux"},
}


def vocabulary() -> tuple[list[str], np.ndarray]:
    """Words, the commonest first, and how often each of them and those before it is said."""
    syllables = [a + b for a, b in product("bdfgklmnprstvz", ("a", "e", "i", "o", "u", "an", "er", "il"))]
    rng = np.random.default_rng(1)
    made = {"".join(rng.choice(syllables, 1 + min(3, place // 40))): None for place in range(2 * VOCABULARY)}
    words = list(made)[:VOCABULARY]
    for place, word in PLACED.items():
        words[place] = word
    shares = 1 / (np.arange(len(words)) + 2.7)
    return words, np.cumsum(shares / shares.sum())


def talk(rng: np.random.Generator, words: list[str], shares: np.ndarray) -> Iterator[tuple[str, float, list[str]]]:
    """Who says what from when: turns of an hour."""
    said = np.minimum(np.searchsorted(shares, rng.random(WORDS)), len(words) - 1)
    said[np.flatnonzero((said[:-1] == 2000) & (rng.random(WORDS - 1) < 0.3)) + 1] = 2001
    texts = [words[place] for place in said]
    count, first = int(rng.integers(2, 5)), 0
    while first < WORDS:
        length = 1 + int(rng.exponential(TURN_WORDS))
        yield f"S{rng.integers(count)}", first * WORD_S, texts[first : first + length]
        first += length


def passages(rng: np.random.Generator, words: list[str], shares: np.ndarray) -> Iterator[Passage]:
    most = round(PASSAGE_S / WORD_S)
    for speaker, start, said in talk(rng, words, shares):
        for first in range(0, len(said), most):
            part, begin = said[first : first + most], start + first * WORD_S
            times = tuple(begin + WORD_S * place for place in range(len(part)))
            yield Passage(SPEECH, speaker, begin, " ".join(part), times)


def transcript(rng: np.random.Generator, words: list[str], shares: np.ndarray, name: str) -> Transcript:
    lines = []
    for speaker, start, said in talk(rng, words, shares):
        for first in range(0, len(said), 15):
            places = range(first, min(first + 15, len(said)))
            times = [start + WORD_S * place for place in places]
            spoken = tuple(
                Word(f" {said[place]}", time, time + 0.9 * WORD_S, rng.random(), speaker, rng.random())
                for place, time in zip(places, times, strict=True)
            )
            text = " ".join(said[first : first + 15])
            lines.append(Segment(len(lines), spoken[0].start, spoken[-1].end, text, speaker, spoken))
    source = SourceInfo(f"{name}.mp3", name, WORDS * WORD_S)
    return Transcript(
        source, EngineInfo("made", "up", None, None), "en", tuple(lines), turns(lines), speakers(lines)
    )  # fmt: skip


def make(path: Path, hours: int) -> None:
    words, shares = vocabulary()
    content = compressed(transcript(np.random.default_rng(0), words, shares, "first"))
    began = time.perf_counter()
    with Library(path) as library:
        with library.transaction(writes=False) as database:
            there = database.execute("SELECT count(*) FROM episodes").fetchone()[0]
        for number in range(there, hours):
            rng = np.random.default_rng(number)
            source = SourceInfo(f"episode{number}.mp3", f"{number:064x}", WORDS * WORD_S)
            names = {f"S{place}": f"Voice {rng.integers(300)}" for place in range(4)}
            day = FIRST_DAY + timedelta(days=int(rng.integers(DAYS)))
            with library.transaction() as database:
                episode = put(database, Transcript(source, EngineInfo("made", "up", None, None), "en"), content)
                database.execute("UPDATE episodes SET published = ? WHERE id = ?", (day.isoformat(), episode))
                rows = [(episode, label, name, 0.0) for label, name in names.items()]
                database.executemany("INSERT INTO speakers VALUES (?, ?, ?, ?)", rows)
                add_passages(database, episode, passages(rng, words, shares), names, day)
            if (number + 1) % 500 == 0:
                print(f"{number + 1} h after {time.perf_counter() - began:.0f} s", flush=True)
    size = path.stat().st_size
    print(f"{hours} h: {size / 2**20:.0f} MiB, {size / 2**10 / hours:.0f} KiB an hour, {len(content)} bytes of it JSON")


def time_keep(path: Path, rounds: int) -> None:
    words, shares = vocabulary()
    hour = transcript(np.random.default_rng(0), words, shares, "hour")
    times = []
    with Library(path) as library:
        for number in range(rounds):
            source = replace(hour.source, sha256=f"{number % 3:0>64}x")
            began = time.perf_counter()
            keep(library, replace(hour, source=source))
            times.append(time.perf_counter() - began)
    print(f"kept an hour in {median(times):.2f} s, at most {max(times):.2f} s")


def timed(path: Path, query: dict[str, str], rounds: int) -> tuple[list[float], list[float], int]:
    """Milliseconds on the clock and of the processor, and how many hits there are."""
    wall, cpu, hits = [], [], 0
    with Library(path) as library:
        for _ in range(rounds):
            began = time.perf_counter(), time.process_time()
            hits = len(search(library, **query))
            wall.append(1000 * (time.perf_counter() - began[0]))
            cpu.append(1000 * (time.process_time() - began[1]))
    return wall, cpu, hits


def forget_pages(path: Path) -> None:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def asked_once(path: Path, query: dict[str, str]) -> float:
    """Milliseconds of a search in a process of its own, without what it takes to start that."""
    command = [sys.executable, __file__, "once", str(path), json.dumps(query)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_search(path: Path, rounds: int, as_json: bool) -> None:
    rows = {}
    for name, query in QUERIES.items():
        warm, cpu, hits = timed(path, query, rounds)
        cold = [asked_once(path, query) for _ in range(3)]
        disk = []
        for _ in range(3):
            forget_pages(path)
            disk.append(asked_once(path, query))
        times = {"warm": warm, "cpu": cpu, "cold": cold, "disk": disk}
        rows[name] = {"hits": hits, **{kind: [median(found), max(found)] for kind, found in times.items()}}
        if not as_json:
            shown = "  ".join(
                f"{kind} {median(found):6.1f} (at most {max(found):6.1f})" for kind, found in times.items()
            )
            print(f"{name:26}{hits:4} hits  {shown} ms", flush=True)
    if as_json:
        print(json.dumps(rows, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("make", "keep", "search", "once"))
    parser.add_argument("library", type=Path)
    parser.add_argument("query", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--hours", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.what == "make":
        make(given.library, given.hours)
    elif given.what == "keep":
        time_keep(given.library, given.rounds)
    elif given.what == "search":
        time_search(given.library, given.rounds, given.json)
    else:
        print(timed(given.library, json.loads(given.query), 1)[0][0])


if __name__ == "__main__":
    main()
