"""What labels stand for, and a classifier with labels of its own in place of the built-in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from earwitness import sounds
from earwitness.coverage import coverage
from earwitness.engines.sound_net import LABELS
from earwitness.errors import ModelError
from earwitness.events import events
from earwitness.sound_labels import meaning, meanings
from earwitness.types import Audio, Region
from sounds import RATE, bursts


class Beats:
    """Labels as AudioSet has them. Noise whose power goes up and down so many times a second is laughter, steady noise
    applause, and a tone music."""

    name = model = "beats"
    sample_rate = RATE
    window_s = 10.0
    exclusive = False
    versions: Mapping[str, str] = {}

    def __init__(
        self, labels: Sequence[str] = ("Speech", "Chuckle, chortle", "Applause", "Theme music", "Dog")
    ) -> None:
        self.labels = labels

    def identity(self) -> str:
        return self.name

    def classify(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        return np.array([self._judged(window) for window in windows], np.float32)

    def _judged(self, window: np.ndarray) -> list[float]:
        spectrum = np.abs(np.fft.rfft(window)) ** 2 + 1e-12
        if np.exp(np.log(spectrum).mean()) / spectrum.mean() < 0.1:
            return [0.1, 0.2, 0.1, 0.9, 0.0]
        power = [float(np.square(part).mean()) for part in np.array_split(window, len(window) // 800)]
        return [0.1, 0.8, 0.3, 0.1, 0.0] if min(power) < 0.2 * max(power) else [0.1, 0.1, 0.7, 0.1, 0.6]


def laughter(seconds: float) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return bursts(seconds, (0.0, seconds), seed=2) * (0.1 + 0.9 * (at % 0.25 < 0.125)).astype(np.float32)


def tone(seconds: float) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.1 * np.sin(2 * np.pi * 440 * at) + 0.05 * np.sin(2 * np.pi * 660 * at), np.float32)


@pytest.mark.parametrize(
    ("expected", "labels"),
    {
        "speech": ["Speech", "Child speech, kid speaking", "Narration, monologue", "Whispering"],
        "music": ["Music", "Musical instrument", "Violin, fiddle", "Rock and roll", "Background music", "A capella"],
        "jingle": ["Jingle (music)", "Theme music"],
        "applause": ["Applause", "Clapping", "clapping"],
        "cheering": ["Cheering"],
        "laughter": ["Laughter", "laughing", "Giggle", "Baby_laughter"],
        "silence": ["Silence"],
        "noise": ["Computer keyboard", "Bird vocalization, bird call, bird song", "Jingle bell", "crying_baby", "Bell"],
    }.items(),
)  # fmt: skip
def test_labels_of_several_data_sets_are_known(expected: str, labels: list[str]) -> None:
    assert {meaning(label) for label in labels} == {expected}


def test_the_built_in_labels_stand_for_themselves() -> None:
    assert tuple(map(meaning, LABELS)) == LABELS


def test_of_labels_that_do_not_exclude_each_other_the_highest_counts() -> None:
    found = meanings(np.array([0.5, 0.75, 0.25], np.float32), ["Dog", "Rain", "Jingle (music)"], exclusive=False)
    assert (found["noise"], found["music"], found["jingle"], found["speech"]) == (0.75, 0.25, 0.25, 0.0)


def test_applause_and_laughter_are_noise_in_the_ledger_and_events_by_themselves() -> None:
    quiet = np.zeros(RATE, np.float32)
    parts = [tone(8.0), quiet, bursts(3.0, (0.0, 3.0)), quiet, laughter(2.0), quiet]
    audio, speech = Audio(np.concatenate(parts)), (Region(8.0, 9.0), Region(12.0, 13.0))
    heard = sounds.listen(audio, speech, Beats())
    assert [(event.start, event.end, event.label) for event in heard] == [
        (0.0, 8.0, "music"), (9.0, 12.0, "applause"), (13.0, 15.0, "laughter"),
    ]  # fmt: skip
    assert [event.score for event in heard] == [0.9, 0.7, 0.8]
    assert [event.label for event in events(heard, speech)] == ["jingle", "applause", "laughter"]
    ledger = coverage(audio.duration, speech, (), sounds=sounds.spans(heard))
    kinds = [(span.start, span.end, span.kind) for span in ledger]
    assert (kinds[0], kinds[-1]) == ((0.0, 8.0, "music"), (15.0, 16.0, "silence"))
    assert {(9.0, 12.0, "noise"), (13.0, 15.0, "noise")} < set(kinds)


def test_a_classifier_that_tells_no_music_or_hears_another_rate_is_refused() -> None:
    audio = Audio(tone(2.0))
    with pytest.raises(ModelError, match=r"beats: its labels \(yes, no, \.\.\.\) tell no music; .*builtin"):
        sounds.listen(audio, (), Beats(("yes", "no")))
    other = Beats()
    other.sample_rate = 32_000
    with pytest.raises(ModelError, match="beats hears 32000 Hz"):
        sounds.listen(audio, (), other)
