"""What is heard beside speech and worth telling a reader: music, jingles, and music that people speak over.

Of the music in the ledger a moment between two sentences is no event. A jingle is music of 1.5 to 20 seconds
before, after or between parts of speech; longer music, or such where nobody speaks at all, is music. And music in four
pauses in a row, with nothing but speech between them, is a bed that people speak over: one event of music from the
first pause to the last. Applause, cheering and laughter, where the classifier tells them, are events as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from earwitness.sound_labels import EVENTS, JINGLE, MUSIC
from earwitness.sounds import MIN_SILENCE_S, mean_score
from earwitness.types import Event, Region, Seconds

SHORTEST_S, LONGEST_JINGLE_S = 1.5, 20.0
BED_PAUSES = 4
"""So many pauses with music, and none without between them."""


def events(heard: Sequence[Event], speech: Sequence[Region]) -> tuple[Event, ...]:
    """The events of a recording, in order of time.

    Args:
        heard: what `earwitness.sounds.listen` heard outside of speech.
        speech: sorted and disjoint.

    >>> speech = [Region(8.0, 60.0), Region(63.0, 90.0)]
    >>> events([Event(0.0, 8.0, "music", 0.9), Event(60.0, 63.0, "noise", 0.8)], speech)
    (Event(start=0.0, end=8.0, label='jingle', score=0.9),)
    """
    found: list[Event] = []
    for row in _rows(heard, speech):
        if len(row) >= BED_PAUSES:
            found.append(Event(row[0].start, row[-1].end, MUSIC, mean_score(row)))
        else:
            longest_s = LONGEST_JINGLE_S if speech else 0.0
            found += [_named(event, longest_s) for event in row if event.end - event.start >= SHORTEST_S]
    found += [event for event in heard if event.label in EVENTS]
    return tuple(sorted(found, key=lambda event: (event.start, event.end)))


def _named(event: Event, longest_s: Seconds) -> Event:
    """A jingle, or music where it lasts longer than so."""
    return replace(event, label=JINGLE if event.end - event.start <= longest_s else MUSIC)


def _rows(heard: Sequence[Event], speech: Sequence[Region]) -> Iterator[list[Event]]:
    """Music with nothing but speech between, together."""
    row: list[Event] = []
    for event in heard:
        if event.label != MUSIC:
            continue
        if row and _unspoken(row[-1].end, event.start, speech) >= MIN_SILENCE_S:
            yield row
            row = []
        row.append(event)
    if row:
        yield row


def _unspoken(start: Seconds, end: Seconds, speech: Sequence[Region]) -> Seconds:
    """The longest time between two spans of music in which nobody speaks."""
    inside = [region for region in speech if region.end > start and region.start < end]
    edges = [start, *(edge for region in inside for edge in (region.start, region.end)), end]
    return max(after - before for before, after in zip(edges[::2], edges[1::2], strict=True))
