"""Whisper's log-mel spectrogram is that of the packages that know it; openai-whisper's: tests/with_torch."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from earwitness.audio import load
from earwitness.engines import log_mel as module
from earwitness.engines.log_mel import log_mel, mel_frequencies_hz
from earwitness.frames import blocks
from sounds import RATE, speech

RECORDINGS = ("asr/jfk.flac", "asr/jfk_44k1.m4a", "asr/LJ001-0001.mp3", "sounds/esc10_rain_1-17367-A.ogg")


def faster_whispers(samples: np.ndarray, mels: int) -> np.ndarray:
    from faster_whisper.feature_extractor import FeatureExtractor

    return np.asarray(FeatureExtractor(feature_size=mels)(samples, padding=0))


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("seconds", [61.0, 30.0, 1.234, 0.0131])
def test_it_is_faster_whispers(mels: int, seconds: float) -> None:
    samples = speech(seconds)
    found = log_mel(samples, mels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, faster_whispers(samples, mels), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", RECORDINGS)
def test_it_is_faster_whispers_on_real_recordings(data: Path, name: str) -> None:
    samples = load(data / name).samples
    np.testing.assert_allclose(log_mel(samples), faster_whispers(samples, 80), atol=1e-6, rtol=0)


def test_bands_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    for mels in (80, 128):
        theirs = librosa.filters.mel(sr=RATE, n_fft=400, n_mels=mels)
        np.testing.assert_allclose(module._filters(mels).toarray(), theirs, atol=1e-7)
        centres = librosa.mel_frequencies(n_mels=mels + 2, fmin=0, fmax=8000)[1:-1]
        np.testing.assert_allclose(mel_frequencies_hz(mels), centres, rtol=1e-6)


@pytest.mark.parametrize("frames", [1, 7, 999, 10**6])
def test_blocks_make_no_difference(frames: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    samples = speech(10.0)
    whole = log_mel(samples)
    monkeypatch.setattr(module, "blocks", lambda count: blocks(count, frames))
    np.testing.assert_array_equal(log_mel(samples), whole)
    np.testing.assert_array_equal(log_mel(samples, scratch=tmp_path), whole)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """Beside the samples and the result, which are in files."""

    def peak(seconds: float) -> int:
        samples = np.tile(speech(10), round(seconds / 10))
        tracemalloc.start()
        log_mel(samples, scratch=tmp_path)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(300) < 1.1 * peak(100)


def test_silence_is_the_floor_everywhere() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(RATE, np.float32)), -1.5, rtol=1e-6)


def test_progress_ends_with_the_last_frame() -> None:
    seen: list[int] = []
    log_mel(np.zeros(60 * RATE, np.float32), report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 60 * RATE
