"""Measures the built-in sound classifier on what it has not learnt from.

    python training/sound_classifier/measure.py FOLDER [MUSIC...] [--folds 5] [--work FILE]

Recordings are dealt into folds by their origin. Each fold is judged by networks that learnt from the others, made just
as those that ship. Clips that weights must not be made from, MUSIC (recordings that are music throughout) and music and
noise made here with another seed are judged by what ships. Two tables of each: windows of 3 s by what they are and what
they are taken for, and the ledger's milliseconds of music and noise (`earwitness.sounds`).
"""

from __future__ import annotations

import argparse
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hearing import windows
from recordings import Recording, clips, made, origin, readers

from earwitness.audio import load
from earwitness.engines.sound_net import LABELS, SoundNet
from earwitness.sounds import listen
from earwitness.types import Audio
from train import kept_rows, trained

OTHER_SEED, OTHER_PIECES = 77, 150
BAD = 0.3
"""Recordings of which more is mistaken are named."""


class Figures:
    """What recordings are and what they were taken for."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._windows: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[tuple[str, str]] = Counter()
        self._mistaken: list[str] = []

    def add(self, recording: Recording, classifier: SoundNet) -> None:
        heard = list(windows(recording.samples))
        taken = [LABELS[int(scores.argmax())] for scores in classifier.classify(heard)]
        self._windows.update((recording.label, label) for label in taken)
        ledger: Counter[tuple[str, str]] = Counter()
        for event in listen(Audio(recording.samples), [], classifier):
            ledger[recording.label, event.label] += round(1000 * (event.end - event.start))
        self._seconds.update(ledger)
        wrong = ledger[recording.label, "noise" if recording.label == "music" else "music"]
        if recording.real and wrong > BAD * ledger.total():
            self._mistaken.append(f"{recording.name}: {wrong / 1000:.1f} of {ledger.total() / 1000:.1f} s")

    def report(self) -> None:
        print(f"\n{self._title}")
        for name, counts, columns in (("windows", self._windows, LABELS), ("ms", self._seconds, ("music", "noise"))):
            print(f"{name:>10}", *(f"{label:>9}" for label in columns))
            for label in sorted({label for label, _ in counts}):
                row = [counts[label, taken] for taken in columns]
                right = counts[label, "noise" if columns != LABELS and label == "speech" else label] / max(1, sum(row))
                print(f"{label:>10}", *(f"{count:9d}" for count in row), f"{right:7.1%}")
        for line in self._mistaken:
            print(f"  mistaken: {line}")


def fold_of(source: str, folds: int) -> int:
    return zlib.crc32(origin(source).encode()) % folds


def cross_validated(data: dict[str, np.ndarray], folds: int, recordings: Sequence[Recording]) -> None:
    figures = {"recorded clips": Figures("Recorded clips"), "readers": Figures("Readers")}
    of = np.array([fold_of(source, folds) for source in data["sources"]])
    with TemporaryDirectory() as folder:
        for fold in range(folds):
            file = Path(folder) / f"{fold}.npz"
            np.savez(file, **trained({name: values[of != fold] for name, values in data.items()}, 0))
            classifier = SoundNet(file=file)
            for recording in recordings:
                if fold_of(recording.source, folds) == fold:
                    figures["readers" if recording.label == "speech" else "recorded clips"].add(recording, classifier)
    for kind in figures.values():
        kind.report()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("music", type=Path, nargs="*")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("sound-training.npz"))
    given = parser.parse_args()

    sounds = list(clips(given.folder))
    learnt = [recording for recording, usable in sounds if usable]
    cross_validated(kept_rows(given.folder, 0, given.work), given.folds, [*learnt, *readers(given.folder)])
    others = {
        "Clips of other licences": [recording for recording, usable in sounds if not usable],
        "Recorded music": [Recording(path.name, path.name, "music", load(path).samples, True) for path in given.music],
        "Made with another seed": [made(number, OTHER_SEED) for number in range(OTHER_PIECES)],
    }
    for title, recordings in others.items():
        figures = Figures(title)
        for recording in recordings:
            figures.add(recording, SoundNet())
        figures.report()


if __name__ == "__main__":
    main()
