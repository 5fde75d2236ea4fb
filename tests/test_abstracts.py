"""Map and reduce: everything is read, nothing is cut, everything rests on something."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.abstracts import Author, Fact, Topic, sentences
from earwitness.checkpoints import Checkpoints, Shelf
from earwitness.engines.base import Task, Written
from earwitness.errors import ModelError
from earwitness.support import SUPPORTED, Witness
from earwitness.types import Segment
from factories import make_segment
from writers import Writer, repeats

SAID = (
    "The bridge was built in 1871.",
    "Bees live on the roof of the hotel.",
    "The clock in the tower has stopped.",
    "Honey pays for the new hives.",
    "A storm broke the mast near Iceland.",
)


def segments_of(texts: tuple[str, ...] = SAID) -> list[Segment]:
    return [make_segment(10 + number, text, "A", 5.0 * number) for number, text in enumerate(texts)]


def topic_of(segments: list[Segment], sentences: int = 2, **changes: str) -> Topic:
    return Topic("said", tuple(Fact(item.text, (item.id,), "Ann") for item in segments), sentences, **changes)


def author_of(engine: Writer, segments: list[Segment], shelf: Shelf | None = None) -> Author:
    return Author(engine, Witness(segments, "en", {"A": "Ann"}), shelf=shelf)


def read_by(engine: Writer) -> list[str]:
    """The text of all lines that were said, in the order of the tasks."""
    return [line.text for task in engine.asked for line in task.lines if task.kind == "said"]


def test_one_task_is_enough_for_what_fits() -> None:
    engine, segments = Writer(), segments_of()
    author = author_of(engine, segments)
    ((first, second),) = author.write([topic_of(segments)])
    (task,) = engine.asked
    assert [(line.id, line.text, line.speaker) for line in task.lines] == [
        (number, text, "Ann") for number, text in enumerate(SAID, 1)
    ]
    assert (task.kind, task.sentences, task.language) == ("said", 2, "en")
    assert [(item.text, item.evidence) for item in (first, second)] == [(SAID[0], (10,)), (SAID[1], (11,))]
    assert first.support == second.support == 1.0
    assert author.read == {10, 11, 12, 13, 14}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=60),
    st.integers(12, 200),
    st.integers(1, 5),
)
def test_every_word_is_read_once_in_parts_that_fit(lengths: list[int], budget: int, count: int) -> None:
    texts = tuple(" ".join(f"w{number}x{place}" for place in range(n)) for number, n in enumerate(lengths))
    engine, segments = Writer(budget=budget), segments_of(texts)
    author = author_of(engine, segments)
    (told,) = author.write([topic_of(segments, count)])
    mapped = [task for task in engine.asked if task.kind == "said"]
    words = sorted(word for task in mapped for line in task.lines for word in line.text.split())
    assert words == sorted(word for text in texts for word in text.split())
    assert all(sum(map(engine.size, task.lines)) <= budget for task in engine.asked)
    assert author.read == {item.id for item in segments}
    assert told
    assert all(set(item.evidence) <= author.read for item in told)


def test_parts_are_about_equally_long() -> None:
    segments = segments_of(("one two three four",) * 21)
    engine = Writer(budget=50)  # ten lines of five
    author_of(engine, segments).write([topic_of(segments)])
    sizes = sorted(len(task.lines) for task in engine.asked if task.kind == "said")
    assert sizes == [7, 7, 7]


def test_what_was_written_of_parts_is_read_again_until_it_is_short() -> None:
    segments = segments_of(tuple(f"The town of Number{number} has a bridge." for number in range(64)))
    engine = Writer(budget=40)
    (told,) = author_of(engine, segments).write([topic_of(segments, 2)])
    assert len(told) == 2
    kinds = [task.kind for task in engine.asked]
    assert kinds == sorted(kinds, reverse=True)  # first what was said, then what was written of it
    assert set(kinds) == {"said", "episode"}
    assert told[0].text == "The town of Number0 has a bridge."
    assert told[0].evidence == (10,)


def test_an_engine_that_makes_nothing_shorter_comes_to_an_end() -> None:
    def swells(task: Task) -> tuple[Written, ...]:
        return tuple(Written(f"{line.text[:-1]} and so on and on.", (line.id,)) for line in task.lines)

    segments = segments_of()
    engine = Writer(swells, budget=10)
    (told,) = author_of(engine, segments).write([topic_of(segments, 5)])
    assert {number for item in told for number in item.evidence} == {item.id for item in segments}


def test_what_is_too_long_after_all_is_divided_and_not_cut() -> None:
    def overflows(task: Task) -> tuple[Written, ...] | None:
        return repeats(task) if sum(len(line.text.split()) for line in task.lines) <= 4 else None

    engine, segments = Writer(overflows), segments_of()
    author = author_of(engine, segments)
    (told,) = author.write([topic_of(segments, 3)])
    answered = [task for task in engine.asked if task.kind == "said" and overflows(task)]
    words = [word for task in answered for line in task.lines for word in line.text.split()]
    assert sorted(words) == sorted(word for text in SAID for word in text.split())
    assert author.read == {item.id for item in segments}
    assert told


def test_a_model_that_reads_nothing_is_an_error_and_no_endless_loop() -> None:
    segments = segments_of()
    with pytest.raises(ModelError, match=r"test: not even '.+' fits"):
        author_of(Writer(lambda task: None), segments).write([topic_of(segments)])


def test_a_citation_counts_as_far_as_it_supports() -> None:
    """What cites the wrong line is given the right evidence; what nobody said is left with little support."""
    wrong = (Written("Bees live on the roof.", (1,)), Written("The mayor sold the railway.", (2,)))
    engine, segments = Writer(lambda task: wrong), segments_of()
    ((right, invented),) = author_of(engine, segments).write([topic_of(segments)])
    assert right.evidence == (11,)
    assert right.support >= SUPPORTED
    assert invented.support < SUPPORTED


def test_lines_that_were_not_read_cannot_be_cited() -> None:
    told = (Written("The bridge was built in 1871.", (-4, 0, 6, 10**9)),)
    engine, segments = Writer(lambda task: told), segments_of()
    ((sentence,),) = author_of(engine, segments).write([topic_of(segments)])
    assert sentence.evidence == (10,)


def test_a_sentence_hidden_behind_another_stands_by_itself() -> None:
    told = (Written("The bridge was built in 1871. Everybody must buy my coins.", (1,)),)
    engine, segments = Writer(lambda task: told), segments_of()
    ((fair, hidden),) = author_of(engine, segments).write([topic_of(segments)])
    assert (fair.text, fair.support) == ("The bridge was built in 1871.", 1.0)
    assert (hidden.text, hidden.support < SUPPORTED) == ("Everybody must buy my coins.", True)


def test_what_nobody_said_is_not_read_again() -> None:
    def invents(task: Task) -> tuple[Written, ...]:
        return (
            (*repeats(task)[:1], Written("The mayor sold the railway.", (1,))) if task.kind == "said" else repeats(task)
        )

    engine, segments = Writer(invents, budget=20), segments_of()
    (told,) = author_of(engine, segments).write([topic_of(segments, 3)])
    again = [line.text for task in engine.asked if task.kind == "episode" for line in task.lines]
    assert again
    assert "The mayor sold the railway." not in again
    assert all(item.support >= SUPPORTED for item in told)


def test_no_more_sentences_than_were_asked_for() -> None:
    many = tuple(Written(text, (number,)) for number, text in enumerate(SAID, 1)) * 2
    segments = segments_of()
    (told,) = author_of(Writer(lambda task: many), segments).write([topic_of(segments, 3)])
    assert [item.text for item in told] == list(SAID[:3])


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    segments, shelf = segments_of(tuple(f"{text} {'word ' * 20}" for text in SAID)), Shelf(tmp_path / "shelf")
    first, second = Writer(budget=30), Writer(budget=30)
    told = author_of(first, segments, shelf).write([topic_of(segments)])
    again = author_of(second, segments, shelf)
    assert again.write([topic_of(segments)]) == told
    assert first.asked
    assert second.asked == []
    assert again.read == {item.id for item in segments}


def test_what_another_is_asking_is_waited_for(tmp_path: Path) -> None:
    """Two at the same recording: the first has its answer when the second has come to wait for it."""
    there, waits = threading.Event(), threading.Event()

    def slowly(task: Task) -> tuple[Written, ...]:
        there.set()
        assert waits.wait(60)
        return repeats(task)

    segments, engines = segments_of(), (Writer(slowly), Writer())
    shelf = Checkpoints(tmp_path).shelf("ab" * 32, "summary")
    first, second = (
        Author(engine, Witness(segments, "en", {"A": "Ann"}), shelf=shelf, report=report)
        for engine, report in zip(engines, (None, lambda characters: waits.set()), strict=True)
    )
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(first.write, [topic_of(segments)])
        assert there.wait(60)
        assert second.write([topic_of(segments)]) == told.result(60) != [()]
    assert [len(engine.asked) for engine in engines] == [1, 0]


def test_an_edit_asks_again_for_its_own_part_only(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    texts = tuple(f"Speaking of place{number} we said this." for number in range(12))
    author_of(Writer(budget=24), segments_of(texts), shelf).write([topic_of(segments_of(texts))])
    edited = (*texts[:7], "Speaking of Paris we said that.", *texts[8:])
    engine = Writer(budget=24)
    author_of(engine, segments_of(edited), shelf).write([topic_of(segments_of(edited))])
    mapped = [task for task in engine.asked if task.kind == "said"]
    assert [[line.text for line in task.lines] for task in mapped] == [list(edited[6:9])]


def test_an_empty_answer_is_not_kept(tmp_path: Path) -> None:
    segments, shelf = segments_of(), Shelf(tmp_path / "shelf")
    assert author_of(Writer(lambda task: ()), segments, shelf).write([topic_of(segments)]) == [()]
    assert author_of(Writer(), segments, shelf).write([topic_of(segments)]) != [()]


def test_a_topic_without_words_is_not_asked_about() -> None:
    engine = Writer()
    assert author_of(engine, []).write([Topic("said", (Fact("  ", (1,)),), 2), Topic("episode", (), 2)]) == [(), ()]
    assert engine.asked == []


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("It rains.\nIt pours!", "en", ["It rains.", "It pours!"]),
        ("Es regnet. Es schneit.", "de", ["Es regnet.", "Es schneit."]),
        ("Det regnar. Det snöar?", "sv", ["Det regnar.", "Det snöar?"]),
        ("今天下雨。明天下雪。", "zh", ["今天下雨。", "明天下雪。"]),
        ("It rains. " * 500, "en", ["It rains."] * 500),
        ("  ... ", "en", []),
        ("", "en", []),
    ],
)
def test_texts_have_sentences_in_any_language(text: str, language: str, found: list[str]) -> None:
    assert sentences(text, language) == found
