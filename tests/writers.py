"""An engine for summaries that writes what a test wants it to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from earwitness.engines.base import Line, Task, Written

Answer = Callable[[Task], tuple[Written, ...] | None]


def repeats(task: Task) -> tuple[Written, ...]:
    """Says the first lines again, and cites them."""
    return tuple(Written(line.text, (line.id,)) for line in task.lines[: task.sentences])


def picks_longest(task: Task) -> tuple[Written, ...]:
    """Says the longest lines again, in their order, and cites them."""
    longest = sorted(task.lines, key=lambda line: -len(line.text))[: task.sentences]
    return tuple(Written(line.text, (line.id,)) for line in task.lines if line in longest)


class Writer:
    """Answers each task with `answer`; a line is as long as it has words."""

    name = "writer"
    model = "test"
    notice = None
    versions: Mapping[str, str] = {"writer": "1.0"}

    def __init__(self, answer: Answer = repeats, *, budget: int = 200, identity: str = "writer") -> None:
        self.answer, self.budget = answer, budget
        self.asked: list[Task] = []
        self._identity = identity

    def size(self, line: Line) -> int:
        return len(line.text.split()) + (1 if line.speaker else 0)

    def identity(self) -> str:
        return self._identity

    def write(self, tasks: Sequence[Task]) -> Iterator[tuple[int, tuple[Written, ...] | None]]:
        for place in reversed(range(len(tasks))):  # any order will do
            self.asked.append(tasks[place])
            yield place, self.answer(tasks[place])
