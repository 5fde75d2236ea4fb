"""The built-in voice embedder: pitch of known tones, and finite points whatever it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from earwitness import engines
from earwitness.engines.mfcc_lda import SHIPPED, STATISTICS, Heard, MfccLda, pitch, rows_of, statistics
from earwitness.errors import ModelError
from earwitness.options import ModelOptions
from earwitness.types import Region

RATE = 16_000


def voice(hertz: float, seconds: float = 2.0, formant_hz: float = 700.0, seed: int = 0) -> np.ndarray:
    """Harmonics under one broad resonance, with a little noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, int(RATE / 2 / hertz))
    weights = 1 / (1 + ((harmonics * hertz - formant_hz) / 300) ** 2)
    tone = sum(w * np.sin(2 * np.pi * hertz * k * time + k * k) for k, w in zip(harmonics, weights, strict=True))
    noise = np.random.default_rng(seed).normal(0, 0.002, len(time))
    return (0.1 * tone / np.abs(tone).max() + noise).astype(np.float32)


@pytest.mark.parametrize("hertz", [65, 80, 97, 120, 151, 180, 220, 263, 310, 390])
@pytest.mark.parametrize("formant_hz", [400, 700, 1100])
def test_known_pitch_is_recovered(hertz: float, formant_hz: float) -> None:
    found, correlation = pitch(voice(hertz, formant_hz=formant_hz))
    inside = slice(10, -10)
    assert np.median(found) == pytest.approx(hertz, rel=0.02)
    assert np.mean(np.abs(found[inside] / hertz - 1) < 0.02) > 0.95
    assert np.median(correlation[inside]) > 0.8


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    assert np.mean(pitch(noise)[1] > 0.6) < 0.1
    assert pitch(np.zeros(RATE, np.float32))[1].max() == 0


def test_loudness_does_not_matter() -> None:
    spans = [Region(0.2, 1.8)]
    quiet, loud = (statistics(gain * voice(120), spans) for gain in (0.2, 1.0))
    # To what 16 bits leave of the quiet one.
    assert np.abs(quiet - loud).max() < 0.1


def clicks() -> np.ndarray:
    samples = np.zeros(3 * RATE, np.float32)
    samples[::4000] = 1
    return samples


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(3 * RATE, np.float32),
        np.ones(3 * RATE, np.float32),
        clicks(),
        np.full(3 * RATE, np.nan, np.float32),
        np.full(3 * RATE, np.inf, np.float32),
        np.full(3 * RATE, 1e-9, np.float32),
        np.zeros(50, np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["silence", "constant", "clicks", "nan", "inf", "tiny", "3 ms", "nothing"],
)
def test_points_are_finite_whatever_is_heard(samples: np.ndarray) -> None:
    spans = [Region(0, 1.6), Region(0.5, 0.51), Region(1.4, 3.0), Region(2.9, 4.5), Region(7, 8.6)]
    points = MfccLda().embed(samples, spans)
    assert points.shape == (5, 32)
    assert np.isfinite(points).all()
    assert statistics(samples, spans).shape == (5, STATISTICS)
    assert MfccLda().embed(samples, []).shape == (0, 32)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.concatenate([voice(hertz, 3.0, seed=index) for index, hertz in enumerate([110, 150, 210, 120])])
    spans = [Region(start, start + 1.6) for start in np.arange(0, 10, 0.3)][::-1]
    whole = statistics(samples, spans)
    monkeypatch.setattr("earwitness.engines.mfcc_lda.CHUNK_FRAMES", 150)
    assert np.abs(statistics(samples, spans) - whole).max() < 1e-3


@pytest.mark.parametrize("name", ["builtin", "discriminant"])
def test_any_number_of_threads_gives_the_same_points(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.concatenate([voice(hertz, 3.0, seed=index) for index, hertz in enumerate([110, 150, 210, 120])])
    spans = [Region(start, start + 1.6) for start in np.arange(0, 10, 0.3)]
    monkeypatch.setattr("earwitness.engines.mfcc_lda.CHUNK_FRAMES", 100)
    alone, several = (engines.embedder(name, ModelOptions(threads=threads)).embed(samples, spans) for threads in (1, 4))
    assert (alone == several).all()


def test_what_a_thread_raises_is_raised() -> None:
    def rows(sound: Heard) -> np.ndarray:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rows_of(voice(120), [Region(0, 1.6)], 1, rows)


def test_a_low_and_a_high_voice_lie_apart() -> None:
    samples = np.concatenate([voice(110, 4.0, 600), voice(220, 4.0, 900)])
    low_one, low_two, high_one, high_two = MfccLda().embed(
        samples, [Region(start, start + 1.6) for start in (0.2, 2.0, 4.2, 6.0)]
    )
    same = max(np.linalg.norm(low_one - low_two), np.linalg.norm(high_one - high_two))
    assert np.linalg.norm(low_one - high_one) > 5 * same


def test_a_missing_or_broken_projection_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "voices.npz"
    with pytest.raises(ModelError, match=r"voices\.npz.*reinstall"):
        MfccLda(broken)
    broken.write_bytes(b"not a zip archive")
    with pytest.raises(ModelError, match=r"voices\.npz.*reinstall"):
        MfccLda(broken)


def test_the_shipped_projection_is_small_and_says_who_taught_it() -> None:
    assert SHIPPED.stat().st_size < 20_000
    with np.load(SHIPPED) as arrays:
        assert len(set(arrays["readers"].tolist())) == 200
