"""What of the music in the ledger readers are told: jingles, music, beds that people speak over."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from earwitness.events import events
from earwitness.types import Event, Region

TALK = [Region(8.0, 60.0), Region(63.0, 90.0), Region(91.0, 120.0), Region(160.0, 200.0)]


def music(start: float, end: float, score: float = 0.9) -> Event:
    return Event(start, end, "music", score)


def told(*heard: Event, speech: list[Region] = TALK) -> list[tuple[float, float, str]]:
    return [(event.start, event.end, event.label) for event in events(heard, speech)]


def test_short_music_before_between_and_after_speech_is_a_jingle() -> None:
    assert told(music(0.0, 8.0), music(60.5, 62.0), music(200.0, 220.0)) == [
        (0.0, 8.0, "jingle"),
        (60.5, 62.0, "jingle"),
        (200.0, 220.0, "jingle"),
    ]


def test_a_moment_is_no_event_and_noise_is_none() -> None:
    assert told(music(60.0, 61.49), Event(120.0, 160.0, "noise", 1.0)) == []


def test_long_music_is_music_and_so_is_all_where_nobody_speaks() -> None:
    assert told(music(121.0, 159.0), music(200.0, 220.5)) == [(121.0, 159.0, "music"), (200.0, 220.5, "music")]
    assert told(music(0.0, 5.0), speech=[]) == [(0.0, 5.0, "music")]


def test_music_in_four_pauses_in_a_row_is_a_bed_that_people_speak_over() -> None:
    heard = [music(3.0, 8.0, 1.0), music(60.0, 63.0, 0.8), music(90.0, 91.0, 0.6), music(120.0, 130.0, 0.9)]
    (bed,) = events(heard, TALK)
    assert (bed.start, bed.end, bed.label) == (3.0, 130.0, "music")
    assert bed.score == 0.895  # as much of each as it is long
    assert told(*heard[:3]) == [(3.0, 8.0, "jingle"), (60.0, 63.0, "jingle")]


def test_a_pause_without_music_ends_a_bed() -> None:
    speech = [Region(at, at + 4.0) for at in range(0, 60, 5)]
    heard = [music(at, at + 1.0) for at in range(4, 60, 5)]
    assert told(*heard, speech=speech) == [(4.0, 60.0, "music")]
    del heard[5]
    assert told(*heard, speech=speech) == [(4.0, 25.0, "music"), (34.0, 60.0, "music")]


@given(st.lists(st.tuples(st.floats(0, 4), st.floats(0.1, 30), st.booleans()), max_size=30))
def test_events_are_sorted_disjoint_and_inside_what_was_heard(steps: list[tuple[float, float, bool]]) -> None:
    heard, speech, at = [], [], 0.0
    for pause, length, spoken in steps:
        start, at = at + pause, at + pause + length
        if spoken:
            speech.append(Region(start, at))
        else:
            heard.append(music(start, at))
    found = events(heard, speech)
    assert all(event.end - event.start >= 1.5 or len(heard) >= 4 for event in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert {event.start for event in found} <= {event.start for event in heard}
    assert {event.end for event in found} <= {event.end for event in heard}
