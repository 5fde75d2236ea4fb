"""What a feed says makes a recogniser expect names, and a diarizer as many as are named, or a few more."""

from __future__ import annotations

import pytest

from earwitness.feeds import Episode, Feed
from earwitness.feeds.hints import MAX_CHARACTERS, MAX_TERMS, hotwords, small_print, speakers
from earwitness.types import Person

SHOW = Feed("On Bread", "en-GB", ())
ADA, BOB, BECKY = Person("Ada Lovelace"), Person("Bob Noyce", "guest"), Person("Becky", "designer", "visuals")


def heard(title: str = "", notes: str = "", *people: Person, language: str = "en") -> tuple[str, ...]:
    return hotwords(Feed("On Bread", language, ()), Episode(title, "1", description=notes, people=people))


@pytest.mark.parametrize(
    ("title", "notes", "terms"),
    [
        ("Rye (with Sophie van Dalen)", "", ("Sophie van Dalen",)),
        ("The Future of Bread feat. O'Brien", "", ("O'Brien",)),
        ("The Future of Bread", "", ()),
        ("Why NATO bakes", "", ("NATO",)),
        ("", "Today we ask Marie Curie about CERN. Tomorrow it rains.", ("Marie Curie", "CERN")),
        ("", "Bread is old. We say so. In Ulm they know.", ("Ulm",)),
        ("", "Ada's oven, Bob’s bread and OpenWhisk", ("Bob", "OpenWhisk")),
        ("", "Mail us at Ada@Example.org or https://Example.org/Bread #Bread 01:02:03 now", ()),
        ("", "we met Ada and later Ada Lovelace", ("Ada Lovelace",)),
        ("", "Kubernetes, Kubernetes! We love Kubernetes and the Linux kernel.", ("Kubernetes", "Linux")),
    ],
)
def test_names_and_rare_terms(title: str, notes: str, terms: tuple[str, ...]) -> None:
    assert heard(title, notes) == terms


def test_the_cast_comes_first() -> None:
    assert heard("Rye", "we ask Grace Hopper", BECKY, ADA, BOB) == ("Ada Lovelace", "Bob Noyce", "Grace Hopper")


def test_people_of_the_show_stand_in_where_the_episode_names_nobody() -> None:
    feed = Feed("On Bread", "en", (), people=(ADA,))
    assert hotwords(feed, Episode("Rye", "1")) == ("Ada Lovelace",)
    assert hotwords(feed, Episode("Rye", "1", people=(BOB,))) == ("Bob Noyce",)


def test_what_was_put_right_in_other_episodes_comes_after_the_people() -> None:
    feed = Feed("On Bread", "en", (), people=(ADA,))
    item = Episode("Rye", "1", description="we ask Grace Hopper")
    assert hotwords(feed, item, {"lois lane"}, ("Lois Lane", "Ada Lovelace")) == (
        "Ada Lovelace", "Lois Lane", "Grace Hopper",
    )  # fmt: skip


def test_german_nouns_are_no_names() -> None:
    assert heard("", "über den Ofen und das Brot von Ada Lovelace", language="de") == ("Ada Lovelace",)


def test_shouting_is_no_name() -> None:
    assert heard("", "we say " + "BREAD OVEN FLOUR " * 10_000 + "to Ada Lovelace.") == ("Ada Lovelace",)


def test_the_list_is_short() -> None:
    terms = heard("", "we met " + ", ".join(f"Ada{number} Lovelace{number}" for number in range(1000)))
    assert 10 < len(terms) <= MAX_TERMS
    assert sum(map(len, terms)) <= MAX_CHARACTERS


def test_the_small_print_of_a_show_says_nothing_of_an_episode() -> None:
    notes = [f"we ask {name}. Support us on Patreon and Acast." for name in ("Ada", "Bob", "Cleo", "Dan", "Eve", "Fay")]
    feed = Feed("On Bread", "en", tuple(Episode("", str(i), description=text) for i, text in enumerate(notes)))
    small = small_print(feed)
    assert small == {"patreon", "acast"}
    assert hotwords(feed, feed.episodes[0], small) == ("Ada",)
    assert small_print(Feed("On Bread", "en", feed.episodes[:4])) == frozenset()


@pytest.mark.parametrize(
    ("people", "bounds"),
    [
        ((), (None, None)),
        ((ADA,), (None, None)),
        ((ADA, BOB), (2, 4)),
        ((ADA, BOB, BECKY, Person("ADA LOVELACE")), (2, 4)),
        ((ADA, BECKY), (None, None)),
    ],
)
def test_how_many_speak(people: tuple[Person, ...], bounds: tuple[int | None, int | None]) -> None:
    assert speakers(SHOW, Episode("Rye", "1", people=people)) == bounds


def test_hosts_of_the_show_need_not_all_be_there() -> None:
    assert speakers(Feed("On Bread", "en", (), people=(ADA, BOB)), Episode("Rye", "1")) == (None, None)
