"""What people have set right, laid over a transcript by the time of the recording.

A correction says which words were wrong when, who spoke them, who a voice is, or where a line ends. It is kept beside
the transcript and applied where that is read, so that it outlives the transcript: another one of the same recording is
corrected, too, where the recording says the same there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from sqlite3 import Connection
from typing import Literal

from earwitness.library.store import Library
from earwitness.types import Seconds
from earwitness.units import short_clock

Kind = Literal["text", "speaker", "name", "boundary"]
CUT, JOINED = "cut", "joined"
"""What a boundary is to be: an end of a segment, or none."""

NUMBERED = re.compile(r"Speaker \d+|SPEAKER_\d+")
"""What speakers are called while nobody has said who they are."""

_SHOWN = 5

Span = tuple[Seconds, Seconds]


@dataclass(frozen=True)
class Correction:
    """What was wrong between `start` and `end`.

    - text: the words `before` are `after`; there is always a word in `before`, to find the place by.
    - speaker: what is said then is said by the one called `after`, not by `before`.
    - name: the voice that was called `before` is `after`.
    - boundary: a segment ends at `start` (`after` is "cut"), or does not ("joined").

    `spans` is where the one called `after` talks besides, which tells the voice in another transcript.
    """

    kind: Kind
    start: Seconds
    end: Seconds
    before: str
    after: str
    spans: tuple[Span, ...] = ()


def add(database: Connection, recording: str, made: Sequence[Correction]) -> None:
    """Adds corrections to a recording; one that is there already is the last one now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for one in made:
        values = (recording, one.kind, one.start, one.end, one.before, one.after, json.dumps(one.spans))
        database.execute(
            """
            DELETE FROM corrections WHERE recording = ? AND kind = ? AND start = ? AND end = ? AND before = ?
            AND after = ? AND spans = ?
            """,
            values,
        )
        database.execute(
            """
            INSERT INTO corrections (recording, kind, start, end, before, after, spans, created)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (*values, now),
        )


def corrections_of(database: Connection, recording: str) -> tuple[Correction, ...]:
    """The corrections of a recording (its sha256), in the order in which they were made."""
    rows = database.execute(
        "SELECT kind, start, end, before, after, spans FROM corrections WHERE recording = ? ORDER BY id", (recording,)
    )
    return tuple(
        Correction(kind, start, end, before, after, tuple((first, last) for first, last in json.loads(spans)))
        for kind, start, end, before, after, spans in rows
    )


def take_back(database: Connection, recording: str) -> Correction | None:
    """Removes the last correction of a recording, and gives it; none where there is none."""
    made = corrections_of(database, recording)
    if made:
        database.execute(
            "DELETE FROM corrections WHERE id = (SELECT max(id) FROM corrections WHERE recording = ?)", (recording,)
        )
    return made[-1] if made else None


def unfitting(corrections: Sequence[Correction]) -> str:
    """One line on corrections that do not fit a transcript.

    >>> unfitting([Correction("text", 61.2, 61.9, "Louise", "Lois")])
    "1 correction does not fit this transcript, and is kept: 1:01 'Louise' to 'Lois'"
    """
    few = [f"{short_clock(one.start)} {_said(one)}" for one in corrections[:_SHOWN]]
    more = [f"{len(corrections) - _SHOWN} more"] if len(corrections) > _SHOWN else []
    count = "1 correction does" if len(corrections) == 1 else f"{len(corrections)} corrections do"
    kept = "is" if len(corrections) == 1 else "are"
    return f"{count} not fit this transcript, and {kept} kept: {', '.join(few + more)}"


def hotwords(library: Library, show: str) -> tuple[str, ...]:
    """The names that corrections put into a show's episodes: what a recogniser should expect in the next one.

    Words with a capital that the transcript did not have there, those beside each other together, and the names that
    speakers were given; each once, the newest first.
    """
    with library.transaction(writes=False) as database:
        rows = database.execute(
            """
            SELECT kind, before, after FROM corrections JOIN episodes USING (recording)
            WHERE show = ? AND kind IN ('text', 'name', 'speaker') ORDER BY corrections.id DESC
            """,
            (show,),
        ).fetchall()
    found = [name for kind, before, after in rows for name in ([after] if kind != "text" else _names(before, after))]
    return tuple(dict.fromkeys(name for name in found if not NUMBERED.fullmatch(name)))


def _said(one: Correction) -> str:
    if one.kind == "boundary":
        return f"segments to be {one.after}"
    return f"{one.before!r} to {one.after!r}" + ("" if one.kind == "text" else f" ({one.kind})")


def _names(before: str, after: str) -> list[str]:
    """The names in a text that were not in the one before.

    >>> _names("we met louise lane in paris", "We met Lois Lane, in Paris")
    ['Lois Lane']
    """
    known = {_bare(word).casefold() for word in before.split()}
    # A name does not go on after a comma or a full stop.
    phrases = re.split(r"(?<=[^\w\s'’-])\s+", after)
    groups = [list(group) for phrase in phrases for capital, group in groupby(phrase.split(), _is_capital) if capital]
    new = [group for group in groups if any(_bare(word).casefold() not in known for word in group)]
    return [" ".join(map(_bare, group)) for group in new]


def _is_capital(word: str) -> bool:
    return _bare(word)[:1].isupper()


def _bare(word: str) -> str:
    return re.sub(r"^\W+|\W+$", "", word)
