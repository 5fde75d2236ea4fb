"""Cepstra in numpy: those of Kaldi itself."""

from __future__ import annotations

import kaldi_native_fbank as knf
import numpy as np
import pytest

from earwitness.engines import cepstra as module
from earwitness.engines.cepstra import cepstra, mel_bands

RATE = 16_000


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that swells over a tone, on an offset."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.05, len(time)) * (1 + np.sin(7 * time))
    return (noise + 0.2 * np.sin(2 * np.pi * 300 * time) + 0.01).astype(np.float32)


def kaldi(samples: np.ndarray, options: knf.MfccOptions | knf.FbankOptions) -> np.ndarray:
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 40
    options.use_energy = False
    extractor = (knf.OnlineMfcc if isinstance(options, knf.MfccOptions) else knf.OnlineFbank)(options)
    extractor.accept_waveform(RATE, samples * 32768)
    extractor.input_finished()
    return np.array([extractor.get_frame(index) for index in range(extractor.num_frames_ready)])


@pytest.mark.parametrize("count", [80, 100, 239, 240, 16_000, 100_001])
def test_they_are_kaldis(count: int) -> None:
    samples = sound(7)[:count]
    options = knf.MfccOptions()
    options.num_ceps = 25
    assert cepstra(samples) == pytest.approx(kaldi(samples, options), abs=0.01)
    assert mel_bands(samples) == pytest.approx(kaldi(samples, knf.FbankOptions()), abs=0.01)


def test_silence_is_kaldis_too() -> None:
    options = knf.MfccOptions()
    options.num_ceps = 25
    silence = np.zeros(RATE, np.float32)
    assert cepstra(silence) == pytest.approx(kaldi(silence, options), abs=1e-3)


def test_less_than_half_a_hop_is_no_frame() -> None:
    assert cepstra(np.zeros(79, np.float32)).shape == cepstra(np.zeros(0, np.float32)).shape == (0, 25)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = sound(3)
    whole = cepstra(samples)
    monkeypatch.setattr(module, "BLOCK_FRAMES", 7)
    assert cepstra(samples) == pytest.approx(whole, abs=1e-3)
