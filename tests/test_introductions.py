"""Who says their name, and is named by the feed, is proposed; nobody is ever renamed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.introductions import with_introductions
from earwitness.types import EpisodeInfo, Person, Transcript
from factories import Line, make_transcript

PEOPLE = (Person("Ada Lovelace"), Person("Bob Noyce", "guest"))


def talk(*lines: Line, people: tuple[Person, ...] = PEOPLE) -> Transcript:
    return make_transcript(lines, names={}, episode=EpisodeInfo("On Bread", "Rye", "1", people=people))


def proposed(*lines: Line, people: tuple[Person, ...] = PEOPLE) -> dict[str, str | None]:
    found = with_introductions(talk(*lines, people=people))
    assert [(speaker.id, speaker.name) for speaker in found.speakers] == [
        (speaker.id, speaker.id) for speaker in found.speakers
    ]
    assert all(speaker.proposal_probability is None for speaker in found.speakers)
    return {speaker.id: speaker.proposal for speaker in found.speakers if speaker.proposal}


@pytest.mark.parametrize(
    "said",
    [
        "Hello, I'm Ada.", "Hi, I’m Ada Lovelace, and this is bread.", "my name is ada lovelace", "This is Ada again.",
        "And I'm Ada.", "Ich bin Ada, hallo.", "Je m'appelle Ada.", "I am Dr. Ada Lovelace.", "I'm Ada",
    ],
)  # fmt: skip
def test_who_says_their_name(said: str) -> None:
    assert proposed(("A", said), ("B", "Hello.")) == {"A": "Ada Lovelace"}


@pytest.mark.parametrize(
    "said",
    ["Ada is here.", "I'm Ada's aunt.", "I'm Adam.", "I am Ada Byron.", "I'm with Ada.", "And this is Ada."],
)  # fmt: skip
def test_who_does_not(said: str) -> None:
    assert proposed(("A", said), ("B", "Hello.")) == {}


def test_whoever_says_i_am_outdoes_whoever_says_this_is() -> None:
    lines: tuple[Line, ...] = (("A", "I'm Ada, and this is Bob."), ("B", "Hello, I'm Bob."))
    assert proposed(*lines) == {"A": "Ada Lovelace", "B": "Bob Noyce"}
    assert proposed(("A", "And this is Bob."), ("B", "I'm Bob.")) == {"B": "Bob Noyce"}


def test_whom_two_claim_to_be_is_proposed_for_none() -> None:
    assert proposed(("A", "I'm Ada."), ("B", "No, I'm Ada.")) == {}
    assert proposed(("A", "I'm Ada."), ("A", "I'm Bob.")) == {}


def test_a_first_name_of_two_is_nobodys() -> None:
    people = (Person("Ada Lovelace"), Person("Ada Yonath"))
    assert proposed(("A", "I'm Ada."), people=people) == {}
    assert proposed(("A", "I'm Ada Yonath."), people=people) == {"A": "Ada Yonath"}


def test_without_a_feed_nobody_is_proposed() -> None:
    assert proposed(("A", "I'm Ada."), people=()) == {}
    alone = make_transcript([("A", "I'm Ada.")])
    assert with_introductions(alone) == alone


def test_what_is_known_already_stays() -> None:
    told = talk(("A", "I'm Ada."), ("B", "I'm Bob."))
    voice = replace(told.speakers[0], proposal="Grace Hopper", proposal_probability=0.9)
    named = replace(told.speakers[1], name="Bob Noyce")
    found = with_introductions(replace(told, speakers=(voice, named)))
    assert found.speakers == (voice, named)
