"""How learning goes, and about how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Sequence

from phases import Phase


class Progress:
    """Counts frames, with which the time goes; `done` has whole phases, and steps of the next one."""

    def __init__(self, phases: Sequence[Phase], done: tuple[int, int]) -> None:
        whole, steps = done
        self.left = sum(phase.steps * phase.frames_a_step for phase in phases[whole:])
        self.left -= steps * phases[whole].frames_a_step if steps else 0
        self.frames, self.began = 0, time.monotonic()
        self.recent: list[dict[str, float]] = []

    def add(self, phase: Phase, went: dict[str, float]) -> None:
        self.frames += phase.frames_a_step
        self.left -= phase.frames_a_step
        self.recent.append(went)

    def report(self, phase: Phase, step: int) -> None:
        """Prints the means since the last report."""
        seconds = time.monotonic() - self.began
        means = {name: sum(went[name] for went in self.recent) / len(self.recent) for name in self.recent[0]}
        said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
        left = seconds * self.left / self.frames / 60
        print(f"{phase.name}: step {step} of {phase.steps}, {said}; {seconds:.0f} s, {left:.0f} min left", flush=True)
        self.recent = []
