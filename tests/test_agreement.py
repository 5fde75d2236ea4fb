from __future__ import annotations

from earwitness.agreement import Agreement
from earwitness.types import Word


def said(text: str, start: float = 0.0) -> list[Word]:
    """A word a second."""
    return [Word(f" {word}", start + at, start + at + 0.9, 0.9) for at, word in enumerate(text.split())]


def text(words: object) -> str:
    return "".join(word.word for word in words).strip()  # type: ignore[attr-defined]


def test_only_what_two_hypotheses_in_a_row_say_is_final() -> None:
    words = Agreement()
    assert words.heard(said("the old britches")) == ()
    assert text(words.heard(said("The old bridge is"))) == "The old"
    assert text(words.open) == "bridge is"
    assert text(words.heard(said("the old bridge, is falling"))) == "bridge, is"
    assert text(words.closed(said("the old bridge is falling down."))) == "falling down."
    assert text(words.final) == "The old bridge, is falling down."
    assert words.open == ()


def test_what_is_final_stays_whatever_is_heard_later() -> None:
    words = Agreement()
    words.heard(said("one two"))
    words.heard(said("one two three"))
    assert (
        words.heard(said("won too three four")) == (said("one two three")[2],) or text(words.final) == "one two three"
    )
    assert text(words.closed(said("won too three four"))) == "four"
    assert text(words.final) == "one two three four"


def test_a_final_word_that_is_heard_a_little_later_does_not_come_twice() -> None:
    words = Agreement()
    words.heard(said("one two three"))
    words.heard(said("one two three"))
    assert text(words.closed(said("two three four", start=1.5))) == "four"


def test_an_utterance_may_say_a_word_twice() -> None:
    words = Agreement()
    words.heard(said("no no"))
    words.heard(said("no no no"))
    assert text(words.closed(said("no no no no"))) == "no no"
