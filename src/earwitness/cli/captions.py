"""What is being said, as it is said: a line that firms up on a terminal, a line for each pause elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from earwitness.live import Closed, Event, Final, Partial
from earwitness.types import Seconds, Word
from earwitness.units import rounded, short_clock

BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
CLEARED = "\r\x1b[2K"


def captions(*, quiet: bool, as_json: bool) -> Captions:
    """The kind that fits."""
    if as_json:
        return JsonLines()
    if quiet:
        return Captions()
    return Firming() if sys.stdout.isatty() else Lines()


class Captions:
    """Shows nothing, and takes the time."""

    def __init__(self) -> None:
        self.lags: list[Seconds] = []
        """From spoken to final, of each word."""

    def show(self, event: Event) -> None:
        if isinstance(event, Final):
            self.lags += [event.at - word.end for word in event.words]


class Lines(Captions):
    """A line for each stretch of speech."""

    def show(self, event: Event) -> None:
        super().show(event)
        if isinstance(event, Closed) and event.words:
            print(line_of(event), flush=True)


class Firming(Lines):
    """Beside those, the speech that goes on, at the bottom: final words bold, others dim, and the lag of the last."""

    def __init__(self) -> None:
        super().__init__()
        self._final: tuple[Word, ...] = ()

    def show(self, event: Event) -> None:
        print(CLEARED, end="")
        super().show(event)
        if isinstance(event, Closed):
            self._final = ()
            return
        if isinstance(event, Final):
            self._final += event.words
        print(self._going_on(event), end=PLAIN, flush=True)

    def _going_on(self, event: Partial | Final) -> str:
        lag = f"  {max(0.0, event.at - event.words[-1].end):.1f} s"
        final, after = text_of(self._final), text_of(event.words) if isinstance(event, Partial) else ""
        room = shutil.get_terminal_size().columns - len(lag) - 2
        after = after[-room:]
        final = final[-max(0, room - len(after)) :] if len(after) < room else ""
        return f"{BOLD}{final}{PLAIN}{DIM} {after}{lag}"


class JsonLines(Captions):
    """Every event, an object a line."""

    def show(self, event: Event) -> None:
        super().show(event)
        self.tell({"event": type(event).__name__.lower(), **asdict(event)})

    def tell(self, content: dict[str, Any]) -> None:
        to_milliseconds = json.loads(json.dumps(content), parse_float=lambda text: rounded(float(text)))
        print(json.dumps(to_milliseconds), flush=True)


def line_of(event: Closed) -> str:
    """When, who, and what."""
    who = f"Speaker {int(event.speaker.rpartition('_')[2]) + 1}: " if event.speaker else ""
    return f"{short_clock(event.start)} {who}{text_of(event.words)}"


def text_of(words: Sequence[Word]) -> str:
    """The words as text; a recogniser must not reach the terminal's control characters."""
    text = "".join(word.word for word in words).strip()
    return "".join(character for character in text if character.isprintable())
