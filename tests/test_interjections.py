"""A voice that says one word in the whole recording, in made-up sound: noise of two colours in syllables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from earwitness.options import SpeakerOptions
from earwitness.speakers import diarize
from earwitness.types import Audio, Region

RATE = 16_000
WORD, SECOND = (30.0, 30.7), (50.0, 50.7)


class Ear:
    """An embedder that hardly hears who has but half of a span; a likeness of 1 makes a word's point the host's."""

    name = "stand-in"
    window_s = 1.6

    def __init__(self, likeness: float, of_second: float = 1.0) -> None:
        self.likeness = {WORD: likeness, SECOND: of_second}

    def embed(self, samples: Any, spans: Sequence[Region]) -> Any:
        rng = np.random.default_rng(round(spans[0].start * 1000))
        points = 0.5 * rng.normal(size=(len(spans), 16))
        for point, span in zip(points, spans, strict=True):
            point[0] += 4
            for (start, end), likeness in self.likeness.items():
                shared = max(0.0, min(span.end, end) - max(span.start, start)) / span.duration
                point[:2] += (1 - likeness) * shared**3 * np.array([-4.0, 8.0])
        return points.astype(np.float32)


def show(colour: float, *, twice: bool = False) -> tuple[Audio, list[Region]]:
    """A minute of phrases by one voice, and a word of the given colour between two pauses, or two."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, 60 * RATE)
    seconds = np.arange(len(noise)) / RATE
    word, pause = np.zeros(len(noise), bool), np.zeros(len(noise), bool)
    for start, end in (WORD, SECOND) if twice else (WORD,):
        word |= (seconds >= start) & (seconds < end)
        pause |= (seconds > start - 0.5) & (seconds < start + 1)
    host = np.convolve(noise, [1, 0.9], mode="same") + 0.3 * np.sin(seconds * 0.7) * noise
    voice = np.where(word, np.convolve(noise, [1, colour], mode="same"), host)
    voice *= 0.1 + 0.9 * np.sin(np.pi * seconds / 0.21) ** 2
    silent = (seconds % 5 > 4.5) | (pause & ~word)
    return Audio((voice * ~silent).astype(np.float32)), [Region(0, 60)]


@pytest.mark.parametrize(
    ("colour", "likeness", "count"), [(-0.9, 0.0, 2), (-0.9, 1.0, 1), (0.9, 0.0, 1), (0.9, 1.0, 1)]
)
def test_a_word_is_a_strangers_where_both_spectra_and_point_say_so(colour: float, likeness: float, count: int) -> None:
    found = diarize(*show(colour), Ear(likeness))
    assert len({turn.speaker for turn in found.turns}) == count
    if count == 2:
        (word,) = (turn for turn in found.turns if turn.speaker == "SPEAKER_01")
        assert (word.start, word.end) == pytest.approx(WORD, abs=0.05)


def test_where_the_number_is_given_nobody_is_added() -> None:
    found = diarize(*show(-0.9), Ear(0.0), SpeakerOptions(speakers=1))
    assert {turn.speaker for turn in found.turns} == {"SPEAKER_00"}


def test_where_two_are_given_the_second_is_whoever_says_a_word_and_no_half_of_the_host() -> None:
    found = diarize(*show(-0.9), Ear(0.0), SpeakerOptions(speakers=2))
    (word,) = (turn for turn in found.turns if turn.speaker == "SPEAKER_01")
    assert (word.start, word.end) == pytest.approx(WORD, abs=0.05)


def test_what_is_odd_and_like_a_strangers_word_is_the_strangers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second word alone is not odd enough: 320, wherever the limit lies."""
    monkeypatch.setattr("earwitness.interjections.STRANGE", 450.0)
    alone = diarize(*show(-0.9, twice=True), Ear(1.0, of_second=0.3))
    assert len({turn.speaker for turn in alone.turns}) == 1
    both = diarize(*show(-0.9, twice=True), Ear(0.0, of_second=0.3))
    theirs = [(turn.start, turn.end) for turn in both.turns if turn.speaker == "SPEAKER_01"]
    assert theirs == [pytest.approx(WORD, abs=0.05), pytest.approx(SECOND, abs=0.05)]
