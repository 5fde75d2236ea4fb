"""Rooms, telephones, music and levels, by what textbooks say they must measure."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.evaluation.synth import sound

pytest.importorskip("soxr", reason="synthesis needs the extra tts")

RATE_HZ = 16000


def tone(frequency_hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.asarray(samples, float) ** 2)))


@pytest.mark.parametrize("decay_s", [0.2, 0.5, 1.5])
def test_a_room_falls_by_60_db_in_its_time(decay_s: float) -> None:
    """Schroeder's backward integration (1965), from -5 to -35 dB, doubled: T30 of ISO 3382."""
    response = sound.impulse_response(decay_s, np.random.default_rng(0))
    tail = response[1:].astype(float)
    left = np.cumsum(tail[::-1] ** 2)[::-1]
    level_db = 10 * np.log10(left / left[0] + 1e-12)
    at = [int(np.argmax(level_db < db)) / RATE_HZ for db in (-5, -35)]
    assert 2 * (at[1] - at[0]) == pytest.approx(decay_s, rel=0.06)


def test_a_longer_room_has_more_reverberation_and_the_voice_comes_first() -> None:
    responses = [sound.impulse_response(decay_s, np.random.default_rng(0)) for decay_s in (0.2, 0.4)]
    energies = [float(np.sum(response[1:] ** 2)) for response in responses]
    assert energies[1] == pytest.approx(2 * energies[0], rel=0.01)
    assert all(response[0] == 1 and not response[1:80].any() for response in responses)
    assert not np.array_equal(responses[0], sound.impulse_response(0.2, np.random.default_rng(1)))


def test_reverberation_leaves_the_beginning_and_follows_the_end() -> None:
    click = np.zeros(1000, np.float32)
    click[500] = 0.5
    response = sound.impulse_response(0.3, np.random.default_rng(0))
    heard = sound.reverberated(click, response)
    assert len(heard) == len(click) + len(response) - 1
    np.testing.assert_allclose(heard[500 : 500 + len(response)], 0.5 * response, atol=1e-6)
    np.testing.assert_allclose(heard[:500], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("frequency_hz", "least_db", "most_db"),
    [(80, -200, -40), (300, -7, -5), (1000, -0.2, 0.2), (2500, -0.5, 0.2), (3400, -7, -5), (4500, -200, -50)],
)
def test_a_telephone_has_its_band(frequency_hz: float, least_db: float, most_db: float) -> None:
    """-6 dB at its edges: the filter's -3 dB, once forwards and once backwards."""
    before = tone(frequency_hz)
    heard = sound.telephone(before)
    assert len(heard) == len(before)
    gain_db = 20 * np.log10(rms(heard[4000:-4000]) / rms(before) + 1e-12)
    assert least_db <= gain_db <= most_db


def test_a_telephone_delays_nothing() -> None:
    burst = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    likeness = np.correlate(sound.telephone(burst), burst, "same")
    assert int(np.argmax(likeness)) == len(burst) // 2


@pytest.mark.parametrize("count", [0, 1, 50])
def test_short_sounds_go_through_everything(count: int) -> None:
    samples = np.ones(count, np.float32)
    assert len(sound.telephone(samples)) == count
    assert len(sound.reverberated(samples, sound.impulse_response(0.1, np.random.default_rng(0)))) >= count


def test_music_is_made_of_the_tones_of_one_major_key() -> None:
    """Nothing strong between 100 and 500 Hz is a third of a semitone away from the scale of the nearest key."""
    loop = sound.music(np.random.default_rng(5))
    assert rms(loop) == pytest.approx(1.0, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(loop * np.hanning(len(loop))))
    frequencies = np.fft.rfftfreq(len(loop), 1 / RATE_HZ)
    loudest = frequencies[np.argsort(-spectrum)[:60]]
    loudest = loudest[(loudest > 100) & (loudest < 500)]
    assert len(loudest) > 20

    def misses(key_hz: float) -> int:
        semitones = 12 * np.log2(loudest / key_hz) % 12
        distances = np.abs(semitones[:, None] - np.array([*sound.MAJOR, 12]))
        return int(np.sum(distances.min(axis=1) > 0.3))

    assert min(misses(key_hz) for key_hz in sound.KEYS_HZ) == 0


def test_music_goes_round_without_a_click() -> None:
    loop = sound.music(np.random.default_rng(1)).astype(float)
    steps = np.abs(np.diff(loop))
    assert abs(loop[0] - loop[-1]) < np.quantile(steps, 0.999)
    assert np.array_equal(loop, sound.music(np.random.default_rng(1)))
    assert not np.array_equal(loop, sound.music(np.random.default_rng(2)))


def test_a_level_goes_to_its_values_in_straight_lines() -> None:
    level = sound.Level(ramp=10)
    level.change(5, 1.0)
    level.change(40, 0.5)
    level.change(45, 0.0)  # while it is still on its way
    found = level.over(0, 60)
    np.testing.assert_allclose(found[[0, 5, 10, 15, 40, 45, 50, 55, 59]], [0, 0, 0.5, 1, 1, 0.75, 0.375, 0, 0])
    np.testing.assert_array_equal(np.concatenate((level.over(0, 7), level.over(7, 53))), found)
