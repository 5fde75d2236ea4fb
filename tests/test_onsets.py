"""Words after a pause begin where they are heard."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.onsets import LATEST_S, from_their_sound
from earwitness.types import Audio, Region, Word

RATE = 16_000


def sound(*parts: tuple[float, float]) -> Audio:
    """Noise: seconds and level in dB of each part."""
    rng = np.random.default_rng(0)
    pieces = [rng.standard_normal(round(seconds * RATE)) * 10 ** (level_db / 20) for seconds, level_db in parts]
    return Audio(np.concatenate(pieces).astype(np.float32))


@pytest.mark.parametrize("floor_db", [-200.0, -60.0])
def test_the_first_word_of_a_region_begins_with_its_sound(floor_db: float) -> None:
    audio = sound((1.0, floor_db), (0.2, floor_db), (0.8, -20.0))
    words = [Word(" Yes,", 1.02, 1.6, 0.9), Word(" sir.", 1.6, 2.0, 0.9)]
    first, second = from_their_sound(audio, [Region(1.0, 2.0)], words)
    assert first.start == pytest.approx(1.2, abs=0.011)
    assert (first.end, second) == (1.6, words[1])


def test_what_is_heard_at_once_or_inside_a_region_stays() -> None:
    audio = sound((0.5, -20.0), (0.3, -90.0), (0.7, -20.0))
    words = (Word(" It", 0.0, 0.5, 0.9), Word(" works", 0.5, 1.5, 0.9))
    assert from_their_sound(audio, [Region(0.0, 1.5)], words) == words


def test_the_words_stay_in_order() -> None:
    words = [Word(" one", 0.0, 1.0, 0.9), Word(" two", 0.1, 1.0, 0.9)]
    first, second = from_their_sound(sound((0.3, -90.0), (0.7, -20.0)), [Region(0.0, 1.0)], words)
    assert (first, second.start) == (words[0], 0.1)


def test_speech_in_noise_stays_where_it_is() -> None:
    words = (Word(" Loud.", 0.0, 1.0, 0.9),)
    assert from_their_sound(sound((0.2, -35.0), (0.8, -20.0)), [Region(0.0, 1.0)], words) == words


def test_a_word_is_not_moved_far() -> None:
    (word,) = from_their_sound(sound((1.0, -90.0), (0.5, -20.0)), [Region(0.0, 1.5)], [Word(" Late.", 0.0, 1.5, 0.9)])
    assert word.start == LATEST_S


def test_words_without_sound_are_left_alone() -> None:
    nothing = Audio(np.zeros(RATE, np.float32))
    words = (Word(" a", 0.0, 0.005, 0.9), Word(" b", 0.5, 0.9, 0.9))
    assert from_their_sound(nothing, [Region(0.0, 0.4), Region(0.5, 1.0)], words) == words
    assert from_their_sound(nothing, [], words) == words
