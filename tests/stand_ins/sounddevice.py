"""What `earwitness.engines.microphone` needs of sounddevice 0.5, without PortAudio and without a microphone.

The variable MICROPHONE names a WAV file (16 bits, mono, 16 kHz) that is heard, after which it is silent; MICROPHONE_IS
what is wrong, by words: missing (no sounddevice), bare (no PortAudio), nobody (no device), stereo48 (it knows no other
rate than 48 kHz), busy, lossy (it overflows once), gone (pulled out after the file), mute (gives nothing after that).
"""

from __future__ import annotations

import os
import time
import wave
from typing import Any

import numpy as np

STATE = os.environ.get("MICROPHONE_IS", "")
if STATE == "missing":
    raise ImportError("No module named 'sounddevice'")
if STATE == "bare":
    raise OSError("PortAudio library not found")

DEVICES = [
    {"name": "Speakers", "index": 0, "max_input_channels": 0, "default_samplerate": 44100.0},
    {"name": "Desk microphone", "index": 1, "max_input_channels": 1, "default_samplerate": 48000.0},
]


class PortAudioError(Exception):
    """As in sounddevice."""


def query_devices(device: int | str | None = None, kind: str | None = None) -> Any:
    known = DEVICES[:1] if STATE == "nobody" else DEVICES
    if device is None and kind is None:
        return known
    if device is None:
        if len(known) == 1:
            raise PortAudioError("Error querying device -1")
        return known[1]
    if isinstance(device, int):
        if not 0 <= device < len(known):
            raise PortAudioError(f"Error querying device {device}")
        if kind == "input" and not known[device]["max_input_channels"]:
            raise ValueError(f"Not an input device: {device}")
        return known[device]
    found = [one for one in known if device.lower() in one["name"].lower() and one["max_input_channels"]]
    if not found:
        raise ValueError(f"No input device matching {device!r}")
    return found[0]


class InputStream:
    """Gives the file twenty times as fast as it was spoken, and silence as fast as it is."""

    def __init__(self, samplerate: int, device: Any, channels: int, dtype: str, latency: str) -> None:
        if STATE == "busy":
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        if STATE == "stereo48" and samplerate != 48_000:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        assert (channels, dtype) == (1, "float32")
        self._rate, self._at, self._started = samplerate, 0, False
        with wave.open(os.environ["MICROPHONE"]) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
        self._sound = np.repeat(samples, samplerate // 16_000).astype(np.float32)

    def start(self) -> None:
        self._started = True

    def read(self, frames: int) -> tuple[np.ndarray, bool]:
        assert self._started
        block = self._sound[self._at : self._at + frames]
        spoken = len(block) > 0
        if not spoken and STATE == "gone":
            raise PortAudioError("Unanticipated host error [PaErrorCode -9999]")
        while not spoken and STATE == "mute":
            time.sleep(60)
        self._at += frames
        time.sleep(frames / self._rate / (20 if spoken else 1))
        overflowed = STATE == "lossy" and self._at == 2 * frames
        return np.pad(block, (0, frames - len(block)))[:, None], overflowed

    def close(self) -> None:
        self._started = False
