"""Numbers as people write and say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.figures import numbers_in

SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen""".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelt(number: int) -> str:
    if number < 20:
        return SMALL[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{SMALL[number % 10]}" if number % 10 else "")
    for scale, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            rest = f" {'and ' if scale == 100 else ''}{spelt(number % scale)}" if number % scale else ""
            return f"{spelt(number // scale)} {name}{rest}"
    raise AssertionError


def values(text: str, language: str = "en") -> list[set[str]]:
    return [set(found) for _, found in numbers_in(text.lower().split(), language)]


@given(st.integers(2, 10**7))
def test_spelt_numbers_are_their_figures(number: int) -> None:
    assert values(f"we had {spelt(number)} boats") == [{str(number)}]
    assert values(f"we had {number:,} boats") == [{str(number)}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in eighteen seventy one", ["1871"]),
        ("in nineteen oh five", ["1905"]),
        ("in twenty twenty six", ["2026"]),
        ("three million and 2.5 million", ["3000000", "2500000"]),
        ("the twenty-first of May", ["21"]),
        ("two of nine", ["2", "9"]),
        ("one of them", []),
        ("wait a second", []),
        ("on the second day", ["2"]),
        ("first of all", []),
        ("at 7:30 on the 3rd", ["7:30", "3"]),
        ("speaker-2 said", []),
    ],
)
def test_what_is_a_number(text: str, found: list[str]) -> None:
    assert values(text) == [{value} for value in found]


def test_other_languages_have_figures_only() -> None:
    assert values("vor 40 jahren und zwei tagen", "de") == [{"40"}]
