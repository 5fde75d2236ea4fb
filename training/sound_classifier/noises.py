"""Sounds that are neither music nor speech, made here: noise of any colour, steady or not, machines, alarms, knocks."""

from __future__ import annotations

import numpy as np
from instruments import between
from scipy.signal import lfilter

from earwitness.units import SAMPLE_RATE_HZ, to_samples


def noise(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """One of them, float32 (n,) at 16 kHz, peak 1."""
    count = to_samples(seconds)
    sound = KINDS[rng.integers(len(KINDS))](count, rng)
    if rng.random() < 0.3:
        sound = sound / np.abs(sound).max() + between(rng, 0.003, 0.3) * coloured(count, rng)
    return (sound / (np.abs(sound).max() + 1e-9)).astype(np.float32)


def coloured(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with a random slope, bumps and dips; RMS 1."""
    frequencies = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 20.0)
    gain = frequencies ** rng.uniform(-1.2, 0.6)
    for _ in range(rng.integers(0, 4)):
        bump = np.log(frequencies / between(rng, 80, 7000)) / rng.uniform(0.1, 1)
        gain *= np.exp(rng.normal(0, 1.5) * np.exp(-(bump**2)))
    sound = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * gain, count)
    return sound / np.sqrt(np.mean(sound**2))


def _gusts(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that swells and fades: waves, wind, passing cars."""
    points = rng.uniform(-2.5, 0.5, max(2, int(count / SAMPLE_RATE_HZ * between(rng, 0.3, 8))))
    return coloured(count, rng) * np.exp(np.interp(np.linspace(0, len(points) - 1, count), range(len(points)), points))


def _hum(count: int, rng: np.random.Generator) -> np.ndarray:
    """A mains hum, a fan, a fridge: a tone and its multiples that do not change."""
    time = np.arange(count) / SAMPLE_RATE_HZ
    hertz = float(rng.choice([50, 60, 100, 120, between(rng, 40, 800)]))
    numbers = np.arange(1, rng.integers(2, 30))
    loudness = numbers ** -rng.uniform(0.3, 2) * rng.uniform(0.1, 1, len(numbers))
    tones = sum(
        a * np.sin(2 * np.pi * hertz * n * time + rng.uniform(0, 6.28)) for a, n in zip(loudness, numbers, strict=True)
    )
    return tones + between(rng, 0.001, 1) * coloured(count, rng)


def _engine(count: int, rng: np.random.Generator) -> np.ndarray:
    """Pulses whose rate wanders, through resonances: motors, saws, rotors, drills."""
    rate = between(rng, 8, 400)
    walk = np.cumsum(rng.standard_normal(count // 400 + 2)) * rng.uniform(0, 0.03)
    pitch = rate * np.exp(np.clip(np.interp(np.arange(count) / 400, range(len(walk)), walk), -1, 1))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE_HZ), prepend=0.0) * rng.uniform(0.5, 1, count)
    share = rng.uniform(0, 0.6)
    return _resonating(pulses / (pulses.std() + 1e-6) * (1 - share) + share * rng.standard_normal(count), rng)


def _resonating(source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    heard = 0.05 * source
    for _ in range(rng.integers(1, 5)):
        radius = np.exp(-np.pi * between(rng, 50, 2000) / SAMPLE_RATE_HZ)
        angle = 2 * np.pi * between(rng, 150, 6000) / SAMPLE_RATE_HZ
        heard = heard + (1 - radius) * lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], source)
    return heard


def _events(count: int, rng: np.random.Generator) -> np.ndarray:
    """Knocks, barks, clicks, drops, footsteps: short sounds of one kind at irregular times, or a clock's."""
    sound = between(rng, 1e-4, 0.03) * coloured(count, rng)
    gap, regular = between(rng, 0.02, 1.2), rng.random() < 0.4
    length, decay = to_samples(between(rng, 0.01, 0.5)), between(rng, 0.004, 0.15)
    hertz, glide, tonal = between(rng, 120, 3000), rng.uniform(0.5, 1.6), rng.choice([0.0, 0.0, rng.random()])
    at = rng.uniform(0, gap)
    while (start := to_samples(at)) < count:
        time = np.arange(length) / SAMPLE_RATE_HZ
        pitch = hertz * rng.uniform(0.9, 1.1) * np.linspace(1, glide, length)
        pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE_HZ), prepend=0.0) * 5
        stroke = tonal * pulses + (1 - tonal) * rng.standard_normal(length)
        stroke = _resonating(stroke, rng) if tonal or rng.random() < 0.5 else stroke
        room = sound[start : start + length]
        room += (rng.uniform(0.4, 1) * stroke * np.exp(-time / decay) * np.minimum(1, time / 0.002))[: len(room)]
        at += gap if regular else gap * rng.exponential() + 0.01
    return sound


def _applause(count: int, rng: np.random.Generator) -> np.ndarray:
    """Very many claps, from a few hands to a hall; rain and fire are much the same."""
    claps = np.zeros(count)
    times = rng.integers(0, count, int(count / SAMPLE_RATE_HZ * between(rng, 8, 800)))
    np.add.at(claps, times, rng.standard_normal(len(times)) * rng.uniform(0.2, 1, len(times)))
    length = to_samples(between(rng, 0.003, 0.04))
    answer = rng.standard_normal(length) * np.exp(-5 * np.arange(length) / length)
    heard = np.convolve(claps, answer)[:count]
    return heard / (heard.std() + 1e-9) + between(rng, 0.01, 1) * coloured(count, rng)


def _gliding(count: int, rng: np.random.Generator) -> np.ndarray:
    """Tones that glide: sirens, birds, cries, squeaks, whines; the pitch goes up and down, or in calls."""
    time = np.arange(count) / SAMPLE_RATE_HZ
    base, depth, rate = between(rng, 250, 4000), rng.uniform(0.05, 0.8), between(rng, 0.15, 12)
    swing = np.sin(2 * np.pi * rate * time + rng.uniform(0, 6.28))
    wander = np.interp(time, np.arange(int(time[-1]) + 3), rng.normal(0, 0.2, int(time[-1]) + 3))
    phase = 2 * np.pi * np.cumsum(base * 2 ** (depth * swing + wander)) / SAMPLE_RATE_HZ
    tones = sum(rng.uniform(0, 1) ** n * np.sin((n + 1) * phase) for n in range(int(rng.integers(1, 8))))
    if rng.random() < 0.6:
        calls = np.sin(2 * np.pi * between(rng, 0.4, 8) * time + rng.uniform(0, 6.28)) > rng.uniform(-0.6, 0.7)
        tones = tones * np.convolve(calls, np.hanning(400) / 200, "same")
    return tones + between(rng, 0.001, 0.5) * coloured(count, rng)


def _beeps(count: int, rng: np.random.Generator) -> np.ndarray:
    """Alarms, telephones, horns, reversing lorries: one pitch or two together, on and off, always the same."""
    time = np.arange(count) / SAMPLE_RATE_HZ
    base = between(rng, 200, 3000)
    tones = sum(
        np.sin(2 * np.pi * hertz * time) for hertz in (base, base * rng.uniform(1.1, 1.5))[: rng.integers(1, 3)]
    )
    drive = between(rng, 0.5, 5)
    on = (time / between(rng, 0.2, 2.5) + rng.random()) % 1 < rng.uniform(0.2, 1.0)
    return np.tanh(drive * tones) * np.convolve(on, np.hanning(200) / 100, "same") + between(
        rng, 0.001, 0.3
    ) * coloured(count, rng)


KINDS = (
    coloured,
    coloured,
    _gusts,
    _hum,
    _hum,
    _engine,
    _engine,
    _events,
    _events,
    _events,
    _applause,
    _gliding,
    _gliding,
    _beeps,
)
