"""Silence, noise and music: sounds made here with a known kind, and real ones where there are some."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness import audio
from earwitness.engines import sound_classifier
from earwitness.evaluation.synth import sound
from earwitness.sounds import listen, spans
from earwitness.types import Audio, Coverage, Event, Region

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE = 16_000
SLOPES = {"white": 0.0, "pink": -0.5, "brown": -1.0, "blue": 0.5}
"""The power of a frequency by which amplitudes rise with it."""
CLASSIFIER = sound_classifier()
MUSICAL = ("music (arcade)", "guitar")
"""The recordings of the data that are music; all others are not."""


def noise(colour: str, seconds: float, level_db: float = -26.0, seed: int = 0) -> FloatArray:
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum *= np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20.0) ** SLOPES[colour]
    samples = np.fft.irfft(spectrum, count)
    return np.asarray(samples * sound.factor(level_db) / np.sqrt(np.mean(samples**2)), np.float32)


def music(seconds: float, level_db: float = -26.0, seed: int = 0) -> FloatArray:
    loop = sound.music(np.random.default_rng(seed))
    return np.resize(loop, round(seconds * RATE)) * np.float32(sound.factor(level_db))


def hum(seconds: float) -> FloatArray:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.03 * sum(np.sin(2 * np.pi * 50 * n * at) / n for n in range(1, 12)), np.float32)


def heard(samples: FloatArray, speech: Sequence[Region] = ()) -> tuple[Coverage, ...]:
    return spans(listen(Audio(samples), speech, CLASSIFIER))


def kinds(samples: FloatArray, *speech: Region) -> Counter[str]:
    found: Counter[str] = Counter()
    for span in heard(samples, speech):
        found[span.kind] += round(1000 * (span.end - span.start))
    return found


@pytest.mark.parametrize("colour", SLOPES)
@pytest.mark.parametrize("level_db", [-20.0, -50.0])
def test_noise_of_any_colour_is_noise(colour: str, level_db: float) -> None:
    assert kinds(noise(colour, 20.0, level_db)) == {"noise": 20_000}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("level_db", [-20.0, -45.0])
def test_music_is_music(seed: int, level_db: float) -> None:
    assert kinds(music(20.0, level_db, seed)) == {"music": 20_000}


def test_music_over_noise_is_music_and_a_hum_is_not() -> None:
    assert kinds(music(20.0) + noise("white", 20.0, -36.0)) == {"music": 20_000}
    assert kinds(hum(20.0)) == {"noise": 20_000}
    assert kinds(np.round(hum(20.0) * 32768) / 32768) == {"noise": 20_000}


def test_silence_is_silence_to_the_bit_or_nearly() -> None:
    assert kinds(np.zeros(5 * RATE, np.float32)) == {}
    assert kinds(noise("white", 5.0, -60.0)) == {}
    assert kinds(np.zeros(0, np.float32)) == {}


def test_what_is_silence_depends_on_how_loud_people_speak() -> None:
    hiss = noise("white", 6.0, -58.0)
    hiss[: 2 * RATE] += noise("pink", 2.0, -45.0)
    assert kinds(hiss, Region(0.0, 2.0)) == {"noise": 4000}
    hiss[: 2 * RATE] += noise("pink", 2.0, -15.0)
    assert kinds(hiss, Region(0.0, 2.0)) == {}


def test_a_click_is_silence_and_a_short_rest_is_music() -> None:
    samples = np.zeros(20 * RATE, np.float32)
    samples[3 * RATE : 3 * RATE + 800] = noise("white", 0.05)
    samples[8 * RATE : 16 * RATE] = music(8.0)
    samples[11 * RATE : 11 * RATE + 4000] = 0.0
    assert heard(samples) == (Coverage(8.0, 16.0, "music"),)


def test_short_pauses_over_a_bed_of_music_are_music() -> None:
    bed = music(60.0, -38.0, seed=3)
    speech = [Region(at, at + 4.5) for at in np.arange(0.4, 59.0, 5.0)]
    for region in speech:
        first, last = round(region.start * RATE), round(region.end * RATE)
        bed[first:last] += noise("pink", 5.0, -23.0)[: last - first]
    found = heard(bed, speech)
    assert {span.kind for span in found} == {"music"}


def test_one_after_the_other() -> None:
    samples = np.concatenate([music(12.0), np.zeros(4 * RATE, np.float32), noise("pink", 12.0)])
    found = heard(samples, [Region(12.0, 13.0)])
    assert [span.kind for span in found] == ["music", "noise"]
    assert [found[0].start, found[0].end, found[1].start, found[1].end] == pytest.approx([0, 12, 16, 28], abs=0.11)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(st.floats(0.0, 3), st.floats(0.1, 3)), max_size=6), st.integers(0, 5))
def test_spans_are_in_order_outside_of_speech_and_inside_of_the_file(
    steps: list[tuple[float, float]], seed: int
) -> None:
    samples = np.concatenate([music(4.0, seed=seed), np.zeros(2 * RATE, np.float32), noise("blue", 4.0, seed=seed)])
    speech, at = [], 0.0
    for pause, length in steps:
        if at + pause + length < 10:
            speech.append(Region(at + pause, at + pause + length))
            at += pause + length
    found = heard(samples, speech)
    assert all(span.start < span.end for span in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(span.start >= 0 and span.end <= 10.001 for span in found)
    assert not any(span.start < r.end - 0.001 and r.start < span.end - 0.001 for span in found for r in speech)


def test_every_sound_says_how_sure_it_is() -> None:
    samples = np.concatenate([music(12.0), np.zeros(4 * RATE, np.float32), noise("pink", 12.0)])
    first, second = listen(Audio(samples), [], CLASSIFIER)
    assert (first.label, second.label) == ("music", "noise")
    assert 0.9 < first.score <= 1
    assert 0.9 < second.score <= 1
    assert spans([Event(0.0, 1.5, "music", 0.7), Event(2.0, 3.0, "noise", 0.6)]) == (
        Coverage(0.0, 1.5, "music"),
        Coverage(2.0, 3.0, "noise"),
    )


def test_an_hour_takes_seconds() -> None:
    """Hundreds of times real time, so that the ledger costs nothing next to recognition."""
    samples = np.resize(music(60.0), 300 * RATE)
    began = time.process_time()
    heard(samples)
    assert time.process_time() - began < 300 / 100


def test_real_sounds_are_seldom_taken_for_music(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    found: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for row in rows:
        if row["kind"] == "sound" and row["duration_s"] > 0 and row.get("label") != "silence":
            found[row["label"] in MUSICAL] += kinds(audio.load(data / row["file"]).samples)
    assert found[False]["music"] < 0.1 * found[False].total()
    assert found[True]["noise"] < 0.1 * found[True].total()
