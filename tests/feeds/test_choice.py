"""Which episodes, and what they are called: the same on every run."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from earwitness.feeds import Enclosure, Episode, Feed
from earwitness.feeds.choice import Wish, reference, stems, wanted
from earwitness.source import Expected, Reference
from earwitness.stems import MAX_STEM_BYTES
from earwitness.types import EpisodeInfo, Person
from earwitness.values import from_plain, to_plain

AUDIO = "https://example.org/a.mp3"


def episode(guid: str, title: str = "Rye", day: int | None = 1, audio: str | None = AUDIO) -> Episode:
    return Episode(title, guid, datetime(2025, 9, day, 7, tzinfo=UTC) if day else None, audio)


def feed(*episodes: Episode) -> Feed:
    return Feed("On Bread", "en", episodes)


def test_the_newest_come_first_whatever_the_order_of_the_feed() -> None:
    found = wanted(feed(episode("a", day=1), episode("b", day=None), episode("c", day=3), episode("d", day=2)), Wish())
    assert [item.guid for item in found] == ["c", "d", "a", "b"]


def test_a_guid_counts_once_and_silence_not_at_all() -> None:
    found = wanted(feed(episode("a", "First"), episode("a", "Second"), episode("b", audio=None)), Wish())
    assert [item.title for item in found] == ["First"]


def test_what_has_no_date_is_not_since_any() -> None:
    items = feed(episode("a", day=None), episode("b", day=2))
    found = wanted(items, Wish(since=datetime(2000, 1, 1, tzinfo=UTC)))
    assert [item.guid for item in found] == ["b"]


def test_stems_do_not_depend_on_what_is_wished_for() -> None:
    older = [episode("a"), episode("b", "Wheat")]
    before = stems(feed(*older))
    assert before == {"a": "2025-09-01 Rye", "b": "2025-09-01 Wheat"}
    assert stems(feed(episode("c", "Oats"), *older)) == {**before, "c": "2025-09-01 Oats"}
    shared = stems(feed(episode("c", "RYE"), *older))
    assert len({stem.casefold() for stem in shared.values()}) == 3
    assert shared.items() > before.items()
    assert shared == stems(feed(*older, episode("c", "RYE")))


def test_long_stems_keep_what_tells_them_apart() -> None:
    long = stems(feed(*(episode(str(number), "ö" * 500) for number in range(3))))
    assert len(set(long.values())) == 3
    assert all(len(stem.encode()) <= MAX_STEM_BYTES for stem in long.values())


def test_a_reference_says_what_the_feed_says() -> None:
    people = (Person("Ada Lovelace"), Person("Bob", "guest"))
    item = Episode(
        "Rye", "a", datetime(2025, 9, 1, 7, tzinfo=UTC), AUDIO, enclosures=(Enclosure(AUDIO, "audio/mpeg", 5),),
        integrity="sha256-x", season=2, number=3.0, people=people,
    )  # fmt: skip
    made = reference(feed(item), item, "stem")
    assert (made.argument, made.kind, made.stem) == (AUDIO, "url", "stem")
    assert made.expected == Expected(5, "sha256-x", ("Ada Lovelace", "Bob"), 2, 4)
    assert from_plain(Reference, json.loads(json.dumps(to_plain(made)))) == made  # as a queue may keep it
    assert made.about == EpisodeInfo("On Bread", "Rye", "a", "2025-09-01T07:00:00+00:00", None, 2, 3.0, people)
