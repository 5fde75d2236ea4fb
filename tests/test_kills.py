"""kill -9 over a batch of ten files: nothing is lost, and nothing is computed twice but what was in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from counted import Ledger
from sounds import speech, write_wav

COUNTED = Path(__file__).with_name("counted.py")
LENGTHS_S = (4, 5, 6, 4, 5, 75, 4, 5, 6, 4)
"""Ten recordings; the long one has several windows."""
FILES = len(LENGTHS_S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    episodes = tmp_path_factory.mktemp("episodes")
    for number, length_s in enumerate(LENGTHS_S):
        write_wav(episodes / f"{number}.wav", speech(length_s, start=12.0 * number))
    return episodes


@dataclass
class Place:
    """Where batches over the same files write, and what they note."""

    folder: Path
    root: Path
    killed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal.touch()

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def start(self, run: str, workers: int = 1) -> subprocess.Popen[str]:
        places = (self.folder, self.out, self.root / "cache", self.journal)
        command = [sys.executable, COUNTED, *places, run, str(workers)]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, process_group=0)

    def lines(self) -> int:
        return self.journal.read_bytes().count(b"\n")

    def ledger(self) -> Ledger:
        return Ledger(self.killed).read(self.journal)

    def exports(self) -> dict[str, Any]:
        """Every file, byte for byte, but for how long things took."""
        return {path.name: _without_timings(path) for path in self.out.iterdir() if not path.name.startswith(".")}


def _without_timings(path: Path) -> Any:
    if path.suffix != ".json":
        return path.read_bytes()
    content = json.loads(path.read_bytes())
    assert content.pop("timings")
    return content


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(folder, tmp_path_factory.mktemp("undisturbed"))
    assert finish(place.start("undisturbed")) == FILES
    assert not place.ledger().lost
    assert len(place.exports()) == 5 * FILES
    return place


@pytest.fixture
def place(folder: Path, tmp_path: Path) -> Place:
    return Place(folder, tmp_path)


def finish(running: subprocess.Popen[str]) -> int:
    """How many recordings a batch did that comes to its end."""
    said, _ = running.communicate(timeout=280)
    assert running.returncode == 0
    assert all(line.endswith(" done") for line in said.splitlines()), said
    return len(said.splitlines())


def kill(place: Place, run: str, running: subprocess.Popen[str], chance: random.Random, within: int) -> bool:
    """Kills a batch at some instant before so many lines more are in the journal; false where it ended before.

    All its processes, or only the first: then its workers notice that they are alone.
    """
    line = place.lines() + chance.randint(0, within)
    while place.lines() < line and running.poll() is None:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.05))
    if running.poll() is not None:
        return False
    place.killed.append(run)
    if chance.random() < 0.5:
        running.kill()
    else:
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    return True


def survives(place: Place, undisturbed: Place, *, kills: int, workers: int) -> None:
    """A batch that is killed so often comes to what an undisturbed one does, and does next to nothing twice."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance, whole = random.Random(seed), undisturbed.lines()
    for number in range(kills):
        run = f"run-{number}"
        within = max(1, min(whole // (kills + 1) * 2, whole - place.lines() - 10))
        assert kill(place, run, place.start(run, workers), chance, within)
    assert finish(place.start("last", workers)) == FILES
    assert place.exports() == undisturbed.exports()
    assert not list(place.out.glob(".*"))
    ledger = place.ledger()
    assert ledger.ended == undisturbed.ledger().ended
    print(f"lost: {ledger.lost}")


@pytest.mark.parametrize(("workers", "kills"), [(1, 3), (2, 2)])
def test_a_killed_batch_goes_on(place: Place, undisturbed: Place, workers: int, kills: int) -> None:
    survives(place, undisturbed, kills=kills, workers=workers)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_that_is_killed_fifty_times_goes_on(place: Place, undisturbed: Place, workers: int) -> None:
    survives(place, undisturbed, kills=50, workers=workers)


def test_of_two_batches_at_once_one_is_killed_and_the_other_finishes_all(place: Place, undisturbed: Place) -> None:
    first, second = place.start("first"), place.start("second", workers=2)
    kill(place, "first", first, random.Random(), undisturbed.lines() // 2)
    assert finish(second) == FILES
    assert place.exports() == undisturbed.exports()
    assert place.ledger().ended == undisturbed.ledger().ended


def test_two_batches_at_once_share_the_work(place: Place, undisturbed: Place) -> None:
    """Each stage and window is done by one of them, and both write all there is."""
    both = [place.start(run) for run in ("first", "second")]
    assert [finish(running) for running in both] == [FILES, FILES]
    assert place.exports() == undisturbed.exports()
    assert place.ledger().ended == undisturbed.ledger().ended
    assert place.lines() == undisturbed.lines()
