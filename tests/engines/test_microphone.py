"""Against a stand-in of sounddevice: this suite runs where there is neither PortAudio nor a microphone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from earwitness import audio
from earwitness.engines import microphone as module
from earwitness.engines.microphone import Microphone
from earwitness.errors import ExtraError, SourceError
from sounds import RATE, speech, write_wav

STAND_INS = Path(__file__).parents[1] / "stand_ins"


@pytest.fixture(autouse=True)
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """What the microphone hears, before silence."""
    write_wav(tmp_path / "heard.wav", speech(2.0))
    monkeypatch.setenv("MICROPHONE", str(tmp_path / "heard.wav"))
    monkeypatch.syspath_prepend(str(STAND_INS))  # the process that records gets this path, too
    return audio.load(tmp_path / "heard.wav").samples


@pytest.mark.parametrize(
    ("state", "device", "said", "kind"),
    [
        ("missing", None, r"pip install 'earwitness\[live\]'", ExtraError),
        ("bare", None, "apt install libportaudio2", SourceError),
        ("nobody", None, "none was found; plug one in", SourceError),
        ("busy", None, r"Desk microphone: cannot be opened \(Device unavailable", SourceError),
        ("", "Studio", "--microphone Studio: not one of 1 Desk microphone", SourceError),
        ("", "7", "--microphone 7: not one of 1 Desk microphone", SourceError),
    ],
)
def test_what_is_wrong_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, device: str | None, said: str, kind: type[Exception]
) -> None:
    monkeypatch.setenv("MICROPHONE_IS", state)
    with pytest.raises(kind, match=said) as error:
        Microphone(tmp_path / "talk.wav", device)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "talk.wav").exists()


@pytest.mark.parametrize("state", ["", "stereo48"])
def test_the_recording_is_what_was_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: np.ndarray, state: str
) -> None:
    monkeypatch.setenv("MICROPHONE_IS", state)
    microphone = Microphone(tmp_path / "talk.wav", "desk")
    assert microphone.name == "Desk microphone"
    count, got = 0, []
    for block in microphone.tape:
        got.append(block)
        count += len(block)
        if count > len(heard):
            microphone.stop()
    microphone.close()
    assert microphone.warnings == ()
    read = audio.load(tmp_path / "talk.wav").samples
    assert np.array_equal(np.concatenate(got), read)
    # At 48 kHz the stand-in has every sample thrice, which is not quite the same sound.
    assert np.abs(read[: len(heard)] - heard).mean() < (2e-5 if not state else 0.02)
    assert np.abs(read[len(heard) + 100 :]).max() < 1e-3


def test_a_microphone_that_gives_nothing_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: np.ndarray
) -> None:
    monkeypatch.setenv("MICROPHONE_IS", "mute")
    monkeypatch.setattr(module, "PATIENCE_S", 1.0)
    microphone = Microphone(tmp_path / "talk.wav")
    got = []
    with pytest.raises(SourceError, match="gives no sound any more"):
        got += microphone.tape
    microphone.close()
    assert len(np.concatenate(got)) == len(heard)
    assert audio.load(tmp_path / "talk.wav").duration == len(heard) / RATE
