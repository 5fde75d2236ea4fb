"""Music of many kinds, made here: solo tunes, chords, broken chords, bands with drums and bass, drums alone, drones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from instruments import INSTRUMENTS, Note, between, drum, string, waveform

from earwitness.units import SAMPLE_RATE_HZ, to_samples

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 9, 10),
    (0, 2, 4, 7, 9),
    (0, 3, 5, 6, 7, 10),
    (0, 2, 3, 5, 7, 8, 11),
    (0, 2, 4, 6, 8, 10),
)
LAYERS = ("chords", "broken", "tune", "bass", "drums")
KINDS = (
    ("tune",),
    ("tune", "tune"),
    ("chords",),
    ("broken",),
    ("chords", "tune"),
    ("broken", "bass"),
    ("drums",),
    ("drums", "bass"),
    ("drums", "bass", "chords"),
    ("drums", "bass", "broken", "tune"),
    LAYERS,
    ("drums", "bass", "chords", "broken", "chords", "wash"),
    ("drums", "drums", "bass", "broken", "wash"),
    ("drone",),
    ("drone", "tune"),
)
STEPS = 4
"""A beat's."""


@dataclass(frozen=True)
class Score:
    """What the layers of a piece share."""

    beat_s: float
    tonic_hz: float
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    """Degrees of the scale; each lasts `bar_beats`."""
    bar_beats: int
    swing: float
    seconds: float

    def hertz(self, degree: int) -> float:
        octave, step = divmod(degree, len(self.scale))
        return float(self.tonic_hz * 2 ** (octave + self.scale[step] / 12))

    @property
    def beats(self) -> int:
        return int(self.seconds / self.beat_s)

    def chord_at(self, beat: float) -> int:
        return self.chords[int(beat // self.bar_beats) % len(self.chords)]

    def sample(self, beat: float) -> int:
        # What falls between beats comes late where the music swings.
        late = self.swing if beat % 1 == 0.5 else 0.0
        return to_samples((beat + late) * self.beat_s)


def piece(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Music of a kind that chance chooses, float32 (n,) at 16 kHz, peak 1."""
    score = Score(
        beat_s=60 / rng.uniform(60, 180),
        tonic_hz=110 * 2 ** rng.uniform(0, 1),
        scale=SCALES[rng.integers(len(SCALES))],
        chords=tuple(int(degree) for degree in rng.integers(0, 7, rng.integers(2, 5))),
        bar_beats=int(rng.choice([2, 3, 4, 4])),
        swing=float(rng.choice([0.0, 0.0, 0.12])),
        seconds=seconds,
    )
    mixed = np.zeros(to_samples(seconds) + SAMPLE_RATE_HZ)
    for layer in KINDS[rng.integers(len(KINDS))]:
        sound = np.zeros(len(mixed))
        PLAYED[layer](score, sound, rng)
        mixed += between(rng, 0.25, 1) * sound / (np.sqrt(np.mean(sound**2)) + 1e-9)
    if rng.random() < 0.35:
        # As loud as records are made.
        mixed = np.tanh(mixed * between(rng, 0.3, 3))
    mixed = mixed[: to_samples(seconds)]
    return (mixed / (np.abs(mixed).max() + 1e-9)).astype(np.float32)


def _put(sound: np.ndarray, at: int, note: np.ndarray) -> None:
    room = sound[at : at + len(note)]
    room += note[: len(room)]


def _instrument(rng: np.random.Generator) -> Note:
    return INSTRUMENTS[rng.integers(len(INSTRUMENTS))](rng)


def _tune(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    play, degree, beat = _instrument(rng), int(rng.integers(0, 10)), 0.0
    lengths = rng.choice([0.25, 0.5, 0.5, 1, 1, 1.5, 2, 3], 3)
    octave, legato = int(rng.choice([0, 1, 1, 2])), rng.uniform(0.4, 1.05)
    while beat < score.beats:
        length = float(rng.choice(lengths))
        if rng.random() > 0.12:
            hertz = score.hertz(degree) * 2**octave
            _put(
                sound, score.sample(beat), rng.uniform(0.6, 1) * play(hertz, to_samples(length * legato * score.beat_s))
            )
        degree = int(np.clip(degree + rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 4]), -4, 12))
        beat += length


def _chords(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    play, notes = _instrument(rng), (0, 2, 4, 6)[: int(rng.choice([2, 3, 3, 4]))]
    rhythm = [[0.0], [0.0, 2.0], [0.0, 1.0, 2.0, 3.0], [0.5, 1.5, 2.5, 3.5], [0.0, 1.5, 3.0]][rng.integers(5)]
    length_s = min(rng.uniform(0.5, 1) * score.bar_beats / len(rhythm) * score.beat_s, 4.0)
    for bar in range(0, score.beats, score.bar_beats):
        for beat in (beat for beat in rhythm if beat < score.bar_beats):
            strum_s = rng.choice([0.0, 0.02])
            for number, step in enumerate(notes):
                at = score.sample(bar + beat) + to_samples(number * strum_s)
                _put(sound, at, play(score.hertz(score.chord_at(bar) + step), to_samples(length_s)))


def _broken(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    play, octave = _instrument(rng), int(rng.choice([1, 1, 2]))
    order, step = rng.permutation([0, 2, 4, 7])[: rng.integers(3, 5)], float(rng.choice([0.25, 0.5, 0.5, 1]))
    for number, beat in enumerate(np.arange(0, score.beats, step)):
        hertz = score.hertz(score.chord_at(beat) + int(order[number % len(order)])) * 2**octave
        _put(sound, score.sample(float(beat)), play(hertz, to_samples(step * score.beat_s)))


def _bass(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    play = (string, waveform, INSTRUMENTS[0])[rng.integers(3)](rng)
    step, walks = float(rng.choice([0.5, 1, 1, 2])), rng.random() < 0.4
    for beat in np.arange(0, score.beats, step):
        degree = score.chord_at(beat) + (int(rng.choice([0, 2, 4])) if walks else 0)
        _put(sound, score.sample(float(beat)), play(score.hertz(degree) / 2, to_samples(step * score.beat_s * 0.9)))


def _drums(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    """A pattern of one bar, again and again, with strokes that chance adds."""
    steps = score.bar_beats * STEPS
    chances = {"kick": 0.25, "snare": 0.15, "hat": 0.5, "tom": 0.05, "shaker": 0.1}
    pattern = {kind: rng.random(steps) < chance * rng.uniform(0.3, 1.5) for kind, chance in chances.items()}
    pattern["kick"][0], pattern["snare"][steps // 2] = True, True
    pattern["hat"][:: int(rng.choice([1, 2, 4]))] |= rng.random() < 0.7
    loud = {kind: between(rng, 0.3, 1) for kind in chances}
    for step in range(score.beats * STEPS):
        for kind, struck in pattern.items():
            if struck[step % steps] or rng.random() < 0.01:
                _put(sound, score.sample(step / STEPS), loud[kind] * rng.uniform(0.7, 1) * drum(kind, rng))


def _drone(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    """Long notes that come and go slowly: what lies under a programme."""
    play, beat = _instrument(rng), 0.0
    while beat * score.beat_s < score.seconds:
        length_s = rng.uniform(1.0, 4.0)
        swell = np.hanning(to_samples(length_s * 1.5))
        for step in (0, 4, int(rng.choice([2, 7, 9]))):
            note = play(score.hertz(score.chord_at(beat) + step), len(swell))
            size = min(len(note), len(swell))
            _put(sound, score.sample(beat), note[:size] * swell[:size])
        beat += length_s / score.beat_s


def _wash(score: Score, sound: np.ndarray, rng: np.random.Generator) -> None:
    """Cymbals that ring, and noise that rises and falls by the bar, as in what is made for dancing."""
    bar = score.sample(score.bar_beats)
    rising = rng.random() < 0.5
    for start in range(0, score.beats, score.bar_beats * int(rng.choice([1, 2, 4]))):
        time = np.linspace(0, 1, bar, endpoint=False)
        high = np.diff(rng.standard_normal(bar + 1))
        _put(sound, score.sample(start), high * (time**2 if rising else np.exp(-time * rng.uniform(1, 8))))


PLAYED = {
    "tune": _tune,
    "chords": _chords,
    "broken": _broken,
    "bass": _bass,
    "drums": _drums,
    "wash": _wash,
    "drone": _drone,
}
