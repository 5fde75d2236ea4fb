"""What the sound classifier learns from: recordings that may be used, and sounds made here; each with its source.

Recordings of one origin (somebody's uploads of a day, a reader, a piece of music) are learnt from or tested on
together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from music import piece
from noises import noise

from earwitness.audio import load
from earwitness.engines.espeak import speak

USABLE = ("CC BY 3.0 (ESC-10 subset", "freesound, Attribution", "freesound, CC0")
"""How the licences of recordings begin from which weights are made."""
MUSICAL = ("music (arcade)", "guitar")
"""The labels of the data that are music; all others are noise."""
OF_NO_USE = ("silence", 'human voice: "all aboard"')
MADE_S = 9.0
VOICES = ("en-us", "en-us+f2", "en-gb-x-rp+m3", "en-us+m7", "en+f5", "en-us+Andrea", "en-gb-scotland+m2", "en+m4")
TEXTS = (
    "Most of what we know about the harbour comes from letters that nobody meant to keep, and from one very long list.",
    "Well, no. I asked her twice, and both times she said that the bridge would open in spring, not before.",
    "If you walk down to the river in the evening you can hear them calling to each other across the water.",
    "So that is what this week's programme is about: who counts the birds, how, and why it takes them all winter.",
)


@dataclass(frozen=True)
class Recording:
    """`real` is what was recorded and not made here; `name` is for reports."""

    name: str
    source: str
    label: str
    samples: np.ndarray
    real: bool


def usable(row: dict[str, Any]) -> bool:
    return str(row["licence"]).startswith(USABLE)


def clips(folder: Path) -> Iterator[tuple[Recording, bool]]:
    """The sounds of the data, each with whether weights may be made from it."""
    for row in _rows(folder):
        if row["kind"] == "sound" and row["duration_s"] > 0 and row.get("label") not in OF_NO_USE:
            path = folder / row["file"]
            label = "music" if row["label"] in MUSICAL else "noise"
            yield (
                Recording(f"{row['label']} ({path.name})", _source(path.stem), label, load(path).samples, True),
                usable(row),
            )


def _source(stem: str) -> str:
    """ESC-10 and ESC-50 name clips FOLD-FREESOUND_ID-TAKE."""
    return stem.split("-")[1] if stem.startswith("esc") else stem


def origin(source: str) -> str:
    """What sources have in common that belong together: one person's uploads of a day have neighbouring numbers."""
    return str(int(source) // 100) if source.isdigit() else source


def readers(folder: Path) -> Iterator[Recording]:
    """LibriSpeech readers, a quarter of a minute each."""
    for row in _rows(folder):
        if row["kind"] == "speaker":
            path = folder / row["file"]
            yield Recording(path.stem, f"reader {row['speakers'][0]}", "speech", load(path).samples, True)


def made(number: int, seed: int) -> Recording:
    """The numbers tell: three pieces of music, then two noises."""
    rng = np.random.default_rng([seed, number])
    label, make = ("music", piece) if number % 5 < 3 else ("noise", noise)
    return Recording(f"made {number}", f"made {number}", label, make(rng, MADE_S), False)


def spoken() -> Iterator[Recording]:
    """Synthetic voices, a source each."""
    for voice in VOICES:
        for text in TEXTS:
            yield Recording(voice, f"voice {voice}", "speech", speak(text, voice).samples, False)


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
