"""What a recording goes through before anybody hears it. Samples are float32, shape (n,), mono at 16 kHz.

None of these moves speech in time, so that a truth made before stays true.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.audio import load
from earwitness.evaluation.synth import sound
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

CLEAN = "clean"
NOISE_DB = 10.0
"""Signal to noise, both taken over the whole recording."""
LOWEST_HZ = 20.0
"""Pink noise is no louder below this."""
MU = 255
"""ITU-T G.711's companding, in 8 bits."""
MP3_BITS_S = 24_000
MP3_PEAK = 0.95
"""Encoded sound overshoots a little, and would be clipped."""


def clean(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    return samples


def noise(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """White or pink, one as likely as the other."""
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    if rng.random() < 0.5:
        hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
        spectrum /= np.sqrt(np.maximum(hertz, LOWEST_HZ))
    hiss = np.fft.irfft(spectrum, len(samples))
    level = np.sqrt(np.mean(samples**2) / np.mean(hiss**2)) / sound.factor(NOISE_DB)
    return np.asarray(samples + level * hiss, np.float32)


def telephone(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """300 to 3400 Hz at 8 kHz, companded by mu-law at full scale."""
    band = sound.telephone(samples)
    peak = max(float(np.abs(band).max()), 1e-9)
    code = np.round(127 * np.log1p(MU * np.abs(band) / peak) / np.log1p(MU)) / 127
    return np.asarray(np.sign(band) * np.expm1(code * np.log1p(MU)) / MU * peak, np.float32)


def mp3(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """24 kbit/s, written to a file and read as any file is."""
    import av

    peak = max(float(np.abs(samples).max()), 1e-9)
    whole = np.round(samples * (MP3_PEAK / peak * 32767)).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.mp3"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("mp3", SAMPLE_RATE_HZ, layout="mono")
            stream.bit_rate = MP3_BITS_S
            frame = av.AudioFrame.from_ndarray(whole[None], format="s16p", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)
        heard = np.array(load(path).samples)
    heard = np.pad(heard, (0, max(0, len(samples) - len(heard))))[: len(samples)]
    return np.asarray(heard * (peak / MP3_PEAK), np.float32)


CONDITIONS: Mapping[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = {
    CLEAN: clean,
    "noise10": noise,
    "telephone": telephone,
    "mp3-24k": mp3,
}
