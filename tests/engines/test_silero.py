from __future__ import annotations

import numpy as np
import pytest

from earwitness.engines.silero import Silero

RATE = 16_000


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Something with a rhythm: noise under a slow envelope."""
    t = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return (0.1 * noise * (1 + np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def test_it_agrees_with_faster_whispers_own_reading_of_the_model() -> None:
    from faster_whisper.vad import get_vad_model

    samples = sound(20.0)[: 512 * 600]
    expected = get_vad_model()(samples.copy()).reshape(-1)
    assert Silero().probabilities([samples]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("block", [100, 512, 7777, 100_000])
def test_blocks_of_any_size_give_the_same(block: int) -> None:
    samples = sound(8.0)
    silero = Silero()
    pieces = [samples[start : start + block] for start in range(0, len(samples), block)]
    assert silero.probabilities(pieces) == pytest.approx(silero.probabilities([samples]), abs=1e-5)


def test_every_started_frame_gets_a_probability() -> None:
    silero = Silero()
    assert silero.probabilities([]).shape == (0,)
    assert silero.probabilities([np.zeros(1, np.float32)]).shape == (1,)
    assert silero.probabilities([np.zeros(512, np.float32)]).shape == (1,)
    assert silero.probabilities([np.zeros(513, np.float32)]).shape == (2,)


def test_silence_is_not_speech() -> None:
    assert Silero().probabilities([np.zeros(RATE * 5, np.float32)]).max() < 0.3
