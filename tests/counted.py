"""A batch whose every stage and window is noted in a journal as it is begun and when it is kept.

    python counted.py FOLDER OUT CACHE JOURNAL RUN WORKERS

Workers load this file, too, and note theirs. `Ledger` reads the journal.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from earwitness import words
from earwitness.batch import AT_WORK, Job, transcribe_all
from earwitness.checkpoints import Shelf
from earwitness.hearings import BATCHES_UNDER_WAY
from earwitness.options import Options
from earwitness.pipeline import Stages
from earwitness.repair import Heard
from earwitness.source import find

BATCH_SIZE = 2
MOST_LOST = {"stage": AT_WORK, "window": AT_WORK * BATCHES_UNDER_WAY * BATCH_SIZE}
"""What one run can be in the middle of: two recordings, and in each so many windows."""
FORMATS = ("json", "txt", "srt", "rttm", "notes")


def count(journal: Path, run: str) -> None:
    """From here on this process notes what it begins and keeps."""
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    kept, settled, put = Stages._kept, words.settled, Shelf.put
    windows: dict[int, str] = {}

    def note(event: str, what: str) -> None:
        os.write(file, f"{run} {os.getpid()} {event} {what}\n".encode())  # one write, so whole lines

    def counted(self: Stages, stage: str, kind: Any, depends: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        what, begun = f"stage {stage}-of-{self.source.sha256[:8]}", []

        def compute_and_note() -> Any:
            note("begin", what)
            begun.append(what)
            return compute()

        result = kept(self, stage, kind, depends, compute_and_note)
        if begun:
            note("end", what)
        return result

    def listened(listener: Any, piece: Any) -> Iterator[Any]:
        what = f"window {sha256(piece.samples).hexdigest()[:16]}"
        note("begin", what)
        heard = yield from settled(listener, piece)
        windows[id(heard)] = what
        return heard

    def put_and_note(self: Shelf, name: str, value: Any) -> None:
        put(self, name, value)
        if isinstance(value, Heard):
            note("end", windows.pop(id(value)))

    Stages._kept, words.settled, Shelf.put = counted, listened, put_and_note  # type: ignore[method-assign,assignment]


@dataclass
class Ledger:
    """What a journal tells; anything done twice without need is an error."""

    killed: Collection[str]
    """The runs that were killed, or one of whose workers was."""
    ended: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """What nobody began again, since a run was killed after it had kept it and before it noted that."""
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many stages and windows each killed run had begun and did not keep."""

    def read(self, journal: Path) -> Ledger:
        under_way: dict[str, tuple[str, str]] = {}
        for line in journal.read_text().splitlines():
            run, process, event, what = line.split(" ", 3)
            assert what not in self.ended, f"{what} was kept, and then {line}"
            if event == "begin":
                if what in under_way:
                    self._lose(under_way[what], what)
                under_way[what] = (run, process)
            else:
                assert under_way.pop(what) == (run, process), f"another was at it: {line}"
                self.ended.add(what)
        for what, at_it in under_way.items():
            self._lose(at_it, what)
        self.left = set(under_way)
        return self

    def _lose(self, at_it: tuple[str, str], what: str) -> None:
        run, kind = at_it[0], what.split()[0]
        assert run in self.killed, f"{what} was begun twice, and {run}, which was at it, was not killed"
        self.lost[run, kind] += 1
        assert self.lost[run, kind] <= MOST_LOST[kind], f"{run} was in the middle of {self.lost}"


if Path(sys.argv[0]).name == Path(__file__).name:  # here or in a worker, not in a test
    count(Path(sys.argv[4]), sys.argv[5])

if __name__ == "__main__":
    folder, out, cache, _, _, workers = sys.argv[1:7]
    options = Options.of(
        model="demo", engine="faster-whisper", language="en", beam_size=1, batch_size=BATCH_SIZE, threads=2
    )
    job = Job(options, Path(out), FORMATS, Path(cache))
    for outcome in transcribe_all(find([folder]), job, workers=int(workers)):
        print(outcome.name, outcome.error or "done", flush=True)
