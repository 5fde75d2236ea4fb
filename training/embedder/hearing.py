"""What the network is trained on: every reader as several voices, each heard clean and over three bad channels.

Played faster or slower, a voice is another voice: pitch and vocal tract shift together, so two hundred readers make
fourteen hundred. A channel makes no other voice: noise (white to brown), other people's babble, rooms, microphones of
narrow band, telephones with their companding, and MP3 at 24 kbit/s. `spoiling.py` spoils every piece once more.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from scipy.signal import butter, fftconvolve, istft, resample_poly, sosfilt, sosfiltfilt, stft

SAMPLE_RATE_HZ = 16_000
SPEEDS = ((31, 25), (29, 25), (27, 25), (25, 25), (23, 25), (43, 50), (20, 25))
"""Up and down factors of resampling: 0.81, 0.86, 0.93, 1, 1.09, 1.16 and 1.25 times the speed."""
BAD_CHANNELS = 3
SPECTRUM, ENVELOPE_CEPSTRA = 512, 24
"""Samples of a spectrum, and how many of its cepstra are the vocal tract's."""
COLOUR_POINTS, COLOUR_DB, TILT_DB = 8, 4.0, 6.0

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def speeds(samples: np.ndarray) -> list[np.ndarray]:
    return [samples if up == down else resample_poly(samples, up, down) for up, down in SPEEDS]


def _mixed(samples: np.ndarray, noise: np.ndarray, ratio_db: float) -> np.ndarray:
    level = np.sqrt(np.mean(samples**2) / (np.mean(noise**2) + 1e-12))
    return samples + noise * level * 10 ** (-ratio_db / 20)


def coloured_noise(samples: np.ndarray, rng: np.random.Generator, ratio_db: float | None = None) -> np.ndarray:
    """Between white and brown, 5 to 25 dB below the voice where nothing else is said."""
    spectrum = np.fft.rfft(rng.normal(size=len(samples)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 50) ** rng.uniform(0, 1)
    ratio_db = rng.uniform(5, 25) if ratio_db is None else ratio_db
    return _mixed(samples, np.fft.irfft(spectrum, len(samples)), ratio_db)


def room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponentially decaying noise as the room's answer, a little of the direct sound to twice as strong."""
    decay_s = rng.uniform(0.2, 0.7)
    time = np.arange(int(SAMPLE_RATE_HZ * decay_s)) / SAMPLE_RATE_HZ
    answer = rng.normal(size=len(time)) * np.exp(-6.9 * time / decay_s)
    answer *= np.sqrt(np.exp(rng.uniform(np.log(0.03), np.log(2)))) / np.linalg.norm(answer)
    answer[0] = 1
    return fftconvolve(samples, answer)[: len(samples)]


def microphone(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    band = [rng.uniform(50, 250), rng.uniform(3500, 7500)]
    tilted = np.convolve(samples, [1, rng.uniform(-0.5, 0.5)], mode="same")
    return sosfilt(butter(2, band, "band", fs=SAMPLE_RATE_HZ, output="sos"), tilted)


def other_tract(samples: np.ndarray, factor: float) -> np.ndarray:
    """Formants moved up by this factor, the pitch as it was."""
    overlap = SPECTRUM * 3 // 4
    _, _, spectra = stft(samples, SAMPLE_RATE_HZ, nperseg=SPECTRUM, noverlap=overlap)
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + 1e-7), axis=0)
    cepstra[ENVELOPE_CEPSTRA : len(cepstra) - ENVELOPE_CEPSTRA + 1] = 0
    envelopes = np.fft.rfft(cepstra, axis=0).real
    bins = np.arange(len(envelopes))
    moved = np.stack([np.interp(bins / factor, bins, envelope) for envelope in envelopes.T], axis=1)
    changed = spectra * np.exp(np.clip(moved - envelopes, -6, 6))
    return istft(changed, SAMPLE_RATE_HZ, nperseg=SPECTRUM, noverlap=overlap)[1][: len(samples)]


def coloured(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Louder here and softer there along the mel scale, by a few decibels, as through some other microphone."""
    mel = np.log1p(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ) / 700)
    gains_db = rng.normal(0, COLOUR_DB, COLOUR_POINTS) + rng.uniform(-TILT_DB, TILT_DB) * np.linspace(
        -1, 1, COLOUR_POINTS
    )
    gain_db = np.interp(mel, np.linspace(0, mel[-1], COLOUR_POINTS), gains_db)
    return np.fft.irfft(np.fft.rfft(samples) * 10 ** (gain_db / 20), len(samples))


def telephone(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sampled at 8 kHz: 300 to 3400 Hz or so, steeply or not, or all of it; as a rule companded by mu-law."""
    narrow = resample_poly(samples, 1, 2)
    if rng.random() < 0.8:
        band = [rng.uniform(150, 350), rng.uniform(3000, 3800)]
        narrow = sosfiltfilt(butter(int(rng.integers(1, 6)), band, "band", fs=8000, output="sos"), narrow)
    if rng.random() < 0.7:
        scaled = narrow / (np.abs(narrow).max() + 1e-9)
        companded = np.round(np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256) * 127) / 127
        narrow = np.sign(companded) * np.expm1(np.abs(companded) * np.log(256)) / 255
    return resample_poly(narrow, 2, 1)[: len(samples)]


def mp3(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """MP3 at 24 kbit/s and back."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as out:
        stream = out.add_stream("mp3", rate=SAMPLE_RATE_HZ, layout="mono", bit_rate=24_000)
        loud = np.clip(samples / (np.abs(samples).max() + 1e-9) * 30_000, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(loud[None], format="s16p", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    buffer.seek(0)
    with av.open(buffer) as back:
        parts = [frame.to_ndarray()[0] for frame in back.decode(audio=0)]
    decoded = np.concatenate(parts)
    return (decoded / 32768 if decoded.dtype == np.int16 else decoded)[: len(samples)].astype(np.float64)


def bad_channel(samples: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One to three changes in the order in which they happen: the room, what is heard in it, the line."""
    heard = samples
    if rng.random() < 0.5:
        heard = room(heard, rng)
    kind = rng.random()
    if kind < 0.5:
        heard = coloured_noise(heard, rng)
    elif kind < 0.7:
        babble = sum(np.resize(other, len(heard)) for other in others)
        heard = _mixed(heard, np.asarray(babble), rng.uniform(12, 25))
    line: list[Change] = [microphone, telephone, telephone, mp3]
    if rng.random() < 0.7 or heard is samples:
        heard = line[int(rng.integers(4))](heard, rng)
    return heard
