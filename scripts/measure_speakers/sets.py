"""What is listened to: talk joined from readers with its exact truth, and real recordings with what people wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earwitness.audio import load
from earwitness.evaluation import datasets
from earwitness.evaluation.synth import recordings
from earwitness.evaluation.synth.pieces import TURN_S, Piece, pieces
from earwitness.types import Seconds, Turn
from earwitness.units import to_seconds

if TYPE_CHECKING:
    from earwitness.evaluation.datasets import Item
    from earwitness.evaluation.synth.episode import Episode
    from earwitness.types import FloatArray

SPEAKERS = (1, 2, 3, 4, 5)
LENGTH_S = (60.0, 120.0)
SHORT_S = (0.8, 3.0)
ALONE_S = 1800.0
SHOW_S = 180.0
INTERJECTION_S = (0.6, 0.9)
"""Two words."""
SHOWS = ((1, 1), (1, 4), (2, 1))
"""How many talk all the time, and how often a guest says two words."""
LEAST_S = {"asr": 30.0, "speaker": 0.0}
"""Readers who say less than this, all in all, are left out."""


@dataclass(frozen=True, eq=False)
class Recording:
    """`group` is what means are also taken over; `guest` the speaker who says next to nothing, where there is one."""

    name: str
    group: str
    samples: FloatArray
    turns: tuple[Turn, ...]
    guest: str | None = None


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


def joined(items: Sequence[Item], seed: int) -> Recording:
    """The conversation that `earwitness synth --from-recordings` makes of the items, with this seed."""
    return _conversation(items, seed, TURN_S)


def short(items: Sequence[Item], seed: int) -> Recording:
    """The same with turns of 0.8 to 3 s."""
    return _conversation(items, seed, SHORT_S)


def _conversation(items: Sequence[Item], seed: int, turn_s: tuple[Seconds, Seconds]) -> Recording:
    speakers, length_s = SPEAKERS[seed % len(SPEAKERS)], float(np.random.default_rng(seed).uniform(*LENGTH_S))
    talk = recordings.conversation(items, speakers=speakers, duration_s=length_s, seed=seed, turn_s=turn_s)
    return _recording(talk, f"{speakers} speaker{'s' if speakers > 1 else ''}")


def alone(items: Sequence[Item], seed: int) -> Recording:
    """Half an hour of one reader, whose recordings come over and over, in other orders and cut otherwise."""
    rng, by_reader = np.random.default_rng(seed), recordings.readers(items)
    reader = list(by_reader)[seed % len(by_reader)]
    said = _within(_endless(reader, by_reader[reader], rng, TURN_S), ALONE_S)
    return _recording(recordings.joined(said, f"alone-{reader}-{seed}", rng), "alone")


def show(items: Sequence[Item], seed: int) -> Recording:
    """Three minutes of one reader or two, and two words that a guest says in between, once or a few times."""
    rng, by_reader = np.random.default_rng(seed), recordings.readers(items)
    hosts, times = SHOWS[seed % len(SHOWS)]
    *names, guest = (str(name) for name in rng.permutation(list(by_reader))[: hosts + 1])
    voices = [_endless(name, by_reader[name], rng, TURN_S) for name in names]
    talk = _within(chain.from_iterable(zip(*voices, strict=True)), SHOW_S)
    words = (piece for piece in _endless(guest, by_reader[guest], rng, INTERJECTION_S) if _is_interjection(piece))
    # Never at the very beginning or end, and never twice in a row.
    places = sorted(rng.choice(np.arange(2, len(talk) - 1), times, replace=False), reverse=True)
    for place, piece in zip(places, words, strict=False):
        talk.insert(int(place), piece)
    made = recordings.joined(talk, f"show-{seed}", rng)
    return replace(_recording(made, f"{hosts} and {times}x2 words"), guest=guest)


def _is_interjection(piece: Piece) -> bool:
    return INTERJECTION_S[0] <= to_seconds(len(piece.speech)) <= INTERJECTION_S[1] and len(piece.runs) == 1


def _endless(
    reader: str, items: Sequence[Item], rng: np.random.Generator, turn_s: tuple[Seconds, Seconds]
) -> Iterator[Piece]:
    for _ in count():
        yield from pieces(reader, [items[place] for place in rng.permutation(len(items))], rng, turn_s)


def _within(said: Iterator[Piece], length_s: Seconds) -> list[Piece]:
    """The first pieces that make up a length, with the pauses that come between them."""
    pause_s, at_s = sum(recordings.PAUSE_S) / 2, 0.0
    talk: list[Piece] = []
    while at_s < length_s:
        talk.append(next(said))
        at_s += to_seconds(len(talk[-1].speech)) + pause_s
    return talk


def _recording(talk: Episode, group: str) -> Recording:
    return Recording(talk.truth.source.name, group, talk.samples, talk.truth.turns)


def real(folder: Path) -> Iterator[Recording]:
    """The recordings of a folder of RTTM files."""
    _, items = datasets.load(str(folder))
    for item in items:
        if item.error is not None:
            raise SystemExit(item.error)
        if item.truth.turns is not None:
            yield Recording(item.name, "real", np.asarray(load(item.recording).samples), item.truth.turns)


SETS: Mapping[str, tuple[Callable[[Sequence[Item], int], Recording], int]] = {
    "joined": (joined, 75),
    "short": (short, 30),
    "alone": (alone, 6),
    "show": (show, 30),
}
"""How one is made, and how many there are unless asked for more."""
