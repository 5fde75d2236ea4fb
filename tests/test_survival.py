"""A batch of ten files that is killed, or whose disks are full, read-only or gone: what is done is safe, the next run
goes on, and nothing is computed twice but what was in the middle."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from counted import Ledger
from sounds import EPISODE, speech, write_wav

COUNTED = Path(__file__).with_name("counted.py")
LENGTHS_S = (3, 4, 5, 3, 4, 50, 3, 4, 5, 3)
"""Ten recordings; the long one has several windows."""
FILES = len(LENGTHS_S)
MARGIN_LINES = 30
"""So far before its end a batch is surely still alive when it is killed."""


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
    saved: Path | None = None
    """Where a copy of the results is, of a disk that is gone by now."""

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.journal.touch()

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def command(self, run: str, workers: int = 1) -> list[str]:
        places = (self.folder, self.out, self.cache, self.journal)
        return [sys.executable, *map(str, (COUNTED, *places)), run, str(workers)]

    def start(self, run: str, workers: int = 1) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command(run, workers), stdout=subprocess.PIPE, text=True, process_group=0)

    def lines(self) -> int:
        return self.journal.read_bytes().count(b"\n")

    def ledger(self) -> Ledger:
        return Ledger(self.killed).read(self.journal)

    def exports(self) -> dict[str, Any]:
        """Every file, byte for byte, but for how long things took."""
        folder = self.saved or self.out
        return {path.name: _without_timings(path) for path in folder.iterdir() if not path.name.startswith(".")}


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


def seeded() -> random.Random:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return random.Random(seed)


def survives(place: Place, undisturbed: Place, *, kills: int, workers: int) -> None:
    """A batch that is killed so often comes to what an undisturbed one does, and does next to nothing twice."""
    chance, whole = seeded(), undisturbed.lines()
    for number in range(kills):
        run = f"run-{number}"
        within = max(1, min(whole // (kills + 1) * 2, whole - place.lines() - MARGIN_LINES))
        assert kill(place, run, place.start(run, workers), chance, within)
    assert finish(place.start("last", workers)) == FILES
    assert place.exports() == undisturbed.exports()
    assert not list(place.out.glob(".*"))
    did_all(place, undisturbed)


def did_all(place: Place, undisturbed: Place) -> None:
    """Each stage and window was kept once; what a killed run had in hand was begun once more, and no more than that."""
    ledger = place.ledger()
    print(f"lost: {ledger.lost}, kept and not noted: {ledger.left}")
    assert ledger.ended | ledger.left == undisturbed.ledger().ended
    assert not ledger.ended & ledger.left


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
    kill(place, "first", first, seeded(), undisturbed.lines() // 2)
    assert finish(second) == FILES
    assert place.exports() == undisturbed.exports()
    did_all(place, undisturbed)


def test_two_batches_at_once_share_the_work(place: Place, undisturbed: Place) -> None:
    """Each stage and window is done by one of them, and both write all there is."""
    both = [place.start(run) for run in ("first", "second")]
    assert [finish(running) for running in both] == [FILES, FILES]
    assert place.exports() == undisturbed.exports()
    assert place.ledger().ended == undisturbed.ledger().ended
    assert place.lines() == undisturbed.lines()


def test_a_long_recording_goes_on_at_its_last_window(tmp_path: Path) -> None:
    """Killed when four fifths of its windows were kept, it hears the others, and the results are the same bytes."""
    shutil.copytree(EPISODE.parent, tmp_path / "long", ignore=lambda _, names: set(names) - {EPISODE.name})
    whole, killed = (Place(tmp_path / "long", tmp_path / name) for name in ("whole", "killed"))
    assert finish(whole.start("whole")) == 1
    windows = {what for what in whole.ledger().ended if what.startswith("window")}
    running = killed.start("first")
    while killed.journal.read_text().count("end window") < 0.8 * len(windows):
        assert running.poll() is None
        time.sleep(0.002)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    killed.killed.append("first")
    kept = windows & killed.ledger().ended
    assert 0.8 * len(windows) <= len(kept) < len(windows)
    assert finish(killed.start("second")) == 1
    lines = [line.split(" ", 3) for line in killed.journal.read_text().splitlines()]
    heard = {what for run, _, event, what in lines if (run, event) == ("second", "begin") and what in windows}
    print(f"{len(windows)} windows: {len(kept)} kept by the killed run, {len(heard)} heard by the second")
    assert heard == windows - kept - killed.ledger().left
    assert killed.exports() == whole.exports()


def on_small_disks(place: Place, *steps: str) -> list[dict[str, str]]:
    """Runs a script in which `$cache` and `$out` may be disks of their own; what each `batch RUN` said of each file."""
    command = shlex.join(place.command("RUN")).replace("RUN", '"$1"')
    script = "\n".join(
        (
            f"set -e; cache={shlex.quote(str(place.cache))}; out={shlex.quote(str(place.out))}; mkdir -p $cache $out",
            f"batch() {{ echo batch; {command}; }}",
            *steps,
            f"cp -r $out/. {shlex.quote(str(place.root / 'saved'))}",
        )
    )
    (place.root / "saved").mkdir()
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    place.saved = place.root / "saved"
    said = [batch.splitlines() for batch in done.stdout.split("batch\n")[1:]]
    return [dict(line.split(" ", 1) for line in lines) for lines in said]


@pytest.fixture
def small_disks() -> None:
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("nobody but the administrator may mount disks here")


DONE = {f"{number}.wav": "done" for number in range(FILES)}


@pytest.mark.usefixtures("small_disks")
def test_a_full_cache_fails_some_and_the_next_run_goes_on(place: Place, undisturbed: Place) -> None:
    full, after = on_small_disks(
        place,
        "mount -t tmpfs -o size=1m none $cache",  # the long one's sound has no room there, nor that of two at a time
        "batch full",
        "mount -o remount,size=100m $cache",
        "batch after",
    )
    assert full.keys() == DONE.keys()
    failed = {name: said for name, said in full.items() if said != "done"}
    assert "5.wav" in failed
    assert len(failed) < FILES
    for name, said in failed.items():
        assert re.search(rf"{name}.*(No space left on device|disk is full).*; (make room|free)", said), said
    assert after == DONE
    assert place.exports() == undisturbed.exports()
    place.killed.append("full")
    did_all(place, undisturbed)


@pytest.mark.usefixtures("small_disks")
def test_where_exports_have_no_room_they_are_written_by_the_next_run(place: Place, undisturbed: Place) -> None:
    shutil.copytree(undisturbed.cache, place.cache)
    full, after = on_small_disks(
        place,
        "mount -t tmpfs -o size=100k none $out",
        "batch full",
        "for file in $out/*.json; do python3 -m json.tool $file > /dev/null; done",  # whole
        "mount -o remount,size=100m $out",
        "batch after",
    )
    assert 0 < sum(said == "done" for said in full.values()) < FILES
    assert all(said == "done" or "cannot write" in said for said in full.values())
    assert after == DONE
    assert place.exports() == undisturbed.exports()
    assert not place.lines()


@pytest.mark.usefixtures("small_disks")
def test_a_cache_that_may_only_be_read_gives_what_is_in_it(place: Place, undisturbed: Place) -> None:
    whole, lacking, after = on_small_disks(
        place,
        f"mount -t tmpfs none $cache; cp -r {shlex.quote(str(undisturbed.cache))}/. $cache; mount -o remount,ro $cache",
        "batch whole",
        "mount -o remount,rw $cache; rm -r $(ls -d $cache/checkpoints/* | head -n 1); mount -o remount,ro $cache",
        "batch lacking",
        "mount -o remount,rw $cache",
        "batch after",
    )
    assert whole == after == DONE
    (failed,) = (said for said in lacking.values() if said != "done")
    assert re.search("readonly.*; make room, or set EARWITNESS_CACHE", failed)
    assert place.exports() == undisturbed.exports()
    assert {line.split()[0] for line in place.journal.read_text().splitlines()} == {"after"}


def test_exports_that_vanish_are_written_again_and_nothing_is_computed(place: Place, undisturbed: Place) -> None:
    running = place.start("first")
    assert running.stdout
    assert running.stdout.readline().endswith(" done\n")
    shutil.rmtree(place.out, ignore_errors=True)
    running.communicate()  # one that was being written may have failed
    assert running.returncode == 0
    assert place.lines() == undisturbed.lines()
    assert finish(place.start("second")) == FILES
    assert place.exports() == undisturbed.exports()
    assert place.lines() == undisturbed.lines()
