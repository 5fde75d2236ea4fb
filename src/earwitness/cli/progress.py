"""How far a batch is: bars with an estimate on a terminal, plain lines elsewhere. On stderr."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from earwitness.progress import SHARES, share_done
from earwitness.types import Seconds

LINE_EVERY_S = 10.0


def display(count: int, *, quiet: bool) -> Quiet:
    """The display that fits: silence, lines or bars."""
    if quiet:
        return Quiet()
    return Bars(count) if sys.stderr.isatty() else Lines(count)


class Quiet:
    """Says nothing but what went wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def report(self, name: str, stage: str, done: Seconds, total: Seconds) -> None:
        pass

    def finished(self, name: str, note: str = "") -> None:
        pass

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class Lines(Quiet):
    """A line when a recording is finished, and every ten seconds while it is not."""

    def __init__(self, count: int) -> None:
        self._count, self._finished = count, 0
        self._began: dict[tuple[str, bool], float] = {}
        self._last = time.monotonic()

    def report(self, name: str, stage: str, done: Seconds, total: Seconds) -> None:
        now = time.monotonic()
        began = self._began.setdefault((name, stage not in SHARES), now)
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        share = share_done(stage, done, total)
        left = f", about {(now - began) * (1 - share) / share:.0f} s left" if share > 0.05 else ""
        self.say(f"{name}: {stage}, {share:.0%}{left}")

    def finished(self, name: str, note: str = "") -> None:
        self._finished += 1
        self.say(f"[{self._finished}/{self._count}] {name}{note}")


class Bars(Quiet):
    """A bar for each recording at work, with the time it will still take."""

    def __init__(self, count: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._count, self._finished = count, 0
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.fields[name]}", markup=False),
            TextColumn("{task.fields[stage]}", markup=False, style="dim"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def report(self, name: str, stage: str, done: Seconds, total: Seconds) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task("", total=1.0, name=name, stage=stage)
        self._bars.update(self._tasks[name], completed=share_done(stage, done, total), stage=stage)

    def finished(self, name: str, note: str = "") -> None:
        self._finished += 1
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))
        if self._count > 1:
            self.say(f"[{self._finished}/{self._count}] {name}{note}")

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)
