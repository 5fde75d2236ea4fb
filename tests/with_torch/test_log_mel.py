"""Our log-mel spectrogram is openai-whisper's and transformers', on real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from earwitness.audio import load
from earwitness.engines.log_mel import log_mel

RECORDINGS = ("asr/jfk.flac", "asr/jfk.mp3", "asr/LJ001-0001.wav", "sounds/esc10_dog_bark_1-100032-A.ogg")


@pytest.fixture(params=RECORDINGS)
def samples(data: Path, request: pytest.FixtureRequest) -> np.ndarray:
    return np.array(load(data / request.param).samples)


@pytest.mark.parametrize("mels", [80, 128])
def test_it_is_openais_formula(samples: np.ndarray, mels: int) -> None:
    """Of its `log_mel_spectrogram`, with torch's transform and librosa's bands, as its own file of them was made."""
    import librosa
    import torch

    window = torch.hann_window(400)
    spectrum = torch.stft(torch.from_numpy(samples), 400, 160, window=window, return_complex=True)
    bands = torch.from_numpy(librosa.filters.mel(sr=16_000, n_fft=400, n_mels=mels))
    log = torch.clamp(bands @ spectrum[:, :-1].abs() ** 2, min=1e-10).log10()
    expected = (torch.maximum(log, log.max() - 8) + 4) / 4
    np.testing.assert_allclose(log_mel(samples, mels), expected.numpy(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("mels", [80, 128])
def test_it_is_transformers(samples: np.ndarray, mels: int) -> None:
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=mels)
    expected = extractor(samples, sampling_rate=16_000, padding=False, return_tensors="np").input_features[0]
    found = log_mel(samples, mels)
    np.testing.assert_allclose(found, expected[:, : found.shape[1]], atol=1e-4, rtol=0)


@pytest.mark.parametrize("mels", [80, 128])
def test_it_is_openai_whispers(samples: np.ndarray, mels: int) -> None:
    whisper = pytest.importorskip("whisper")
    expected = whisper.log_mel_spectrogram(samples, mels).numpy()
    np.testing.assert_allclose(log_mel(samples, mels), expected, atol=1e-4, rtol=0)
