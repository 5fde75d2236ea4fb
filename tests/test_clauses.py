"""Sentences to clauses: what each claims, of whom, and whether it denies it."""

from __future__ import annotations

import pytest

from earwitness.clauses import Clause, ClauseReader, names_in
from earwitness.text import Vocabulary


def read(text: str, *, claims: bool = False, language: str = "en") -> list[Clause]:
    names = frozenset(("anna", "ruth", "okafor", "oslo"))
    reader = ClauseReader(Vocabulary.of([], language), names, frozenset(("storm", "bridg", "heavy")))
    return reader.clauses(text, claims=claims)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("The storm broke the mast and the farmers built a boat.", 2),
        ("Anna and Ruth repaired the bridge.", 1),  # one name says too little to stand alone
        ("Anna, who studies octopuses, left the harbor.", 3),
        ("Dr. Okafor left the harbor in May.", 1),
        ("Yes. No, well, the storm broke the mast.", 1),
        ("", 0),
    ],
)
def test_a_sentence_is_divided_by_what_it_claims(text: str, clauses: int) -> None:
    assert len(read(text)) == clauses


@pytest.mark.parametrize(
    ("text", "denies", "without"),
    [
        ("The bridge was safe.", False, False),
        ("The bridge wasn’t safe.", True, False),
        ("Nobody crossed the bridge.", True, False),
        ("They built the bridge without money.", False, True),
        ("No, the bridge was safe.", False, False),
    ],
)
def test_denials(text: str, denies: bool, without: bool) -> None:
    (clause,) = read(text)
    assert (clause.denies, clause.without) == (denies, without)


def test_denials_of_other_languages() -> None:
    assert read("Die Brücke war nicht sicher.", language="de")[0].denies
    assert not read("Die Brücke war sicher.", language="de")[0].denies


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Anna went to Oslo in May.", ("anna", "oslo", "may")),
        ("We may go.", ()),
        ("They met Robert.", ("robert",)),
        ("Robert repaired the bridge.", ("robert",)),
        ("Heavy storms are rare.", ()),  # the transcript has the word, and writes it small
        ("Farmers are rare.", ()),
    ],
)
def test_names_in_what_is_said_about_a_transcript(text: str, names: tuple[str, ...]) -> None:
    assert tuple(name for clause in read(text, claims=True) for name in clause.names) == names


def test_only_names_of_the_transcript_are_names_in_it() -> None:
    assert [clause.names for clause in read("They met Robert and Anna.")] == [("anna",)]


def test_numbers_have_what_they_count() -> None:
    (clause,) = read("They collected 40 boats and twelve of the lamps.")
    assert [(number.values, number.counts) for number in clause.numbers] == [
        (frozenset({"40"}), frozenset({"boat"})),
        (frozenset({"12"}), frozenset()),
    ]


def test_words_that_are_written_small_more_often_are_no_names() -> None:
    assert names_in(["We like May.", "You may. They may.", "He met Anna's sister."]) == {"anna"}
