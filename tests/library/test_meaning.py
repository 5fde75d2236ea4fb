from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from earwitness.errors import OptionError
from earwitness.library.episodes import keep
from earwitness.library.meaning import search_meaning
from earwitness.library.store import Library
from earwitness.types import SourceInfo, Transcript
from factories import make_transcript

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MEANINGS = ({"boat", "ship", "ferry", "vessel"}, {"tax", "levy", "duty"}, {"dog", "hound"})


class Thesaurus:
    """Directions by what words mean: a dimension a meaning, and one for all other words."""

    name = "thesaurus"

    def __init__(self) -> None:
        self.read: list[str] = []

    @property
    def versions(self) -> Mapping[str, str]:
        return {}

    def identity(self) -> str:
        return "thesaurus:1"

    def embed(self, texts: Sequence[str]) -> FloatArray:
        self.read += texts
        rows = [
            [sum(word.strip(".,?").lower() in words for word in text.split()) for words in MEANINGS] for text in texts
        ]
        vectors = np.array([[*row, 0.2] for row in rows], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def made(number: int, *lines: tuple[str, str]) -> Transcript:
    return make_transcript(lines, source=SourceInfo(f"show {number}.mp3", f"{number:064x}", 60.0), chapters=())


@pytest.fixture
def talk(library: Library) -> Library:
    keep(library, made(1, ("A", "They crossed it on a ferry."), ("B", "And the levy?")))
    keep(library, made(2, ("A", "My hound is old."), ("B", "A vessel.")))
    return library


def test_other_words_that_mean_the_same_are_found(talk: Library) -> None:
    hits = search_meaning(talk, "a ship", Thesaurus(), limit=2)
    assert [(hit.snippet, hit.speaker, hit.episode) for hit in hits] == [
        ("They crossed it on a ferry.", "Ann Lee", 1),
        ("A vessel.", "Bob", 2),
    ]
    assert hits[0].start == 1.0
    assert hits[0].score == pytest.approx(1.0, abs=0.01)
    (hit,) = search_meaning(talk, "duty", Thesaurus(), limit=1)
    assert hit.snippet == "And the levy?"


def test_the_nearest_sentence_of_a_passage_is_told_with_its_time(library: Library) -> None:
    transcript = made(1, ("A", "I am here. We took a ferry. My dog too."))
    keep(library, transcript)
    (hit,) = search_meaning(library, "a ship", Thesaurus(), limit=1)
    (word,) = (word for word in transcript.words if word.word == " We")
    assert hit.snippet == "We took a ferry."
    assert hit.start == pytest.approx(word.start, abs=0.011)


def test_speaker_and_date_count(talk: Library) -> None:
    assert search_meaning(talk, "a ship", Thesaurus(), speaker="bob", limit=1)[0].snippet == "A vessel."
    assert {hit.speaker for hit in search_meaning(talk, "a ship", Thesaurus(), speaker="bob")} == {"Bob"}
    assert search_meaning(talk, "a ship", Thesaurus(), since="2099") == ()


def test_nothing_is_read_twice_but_what_changed(talk: Library) -> None:
    engine, said = Thesaurus(), []
    search_meaning(talk, "a ship", engine, report=lambda done, total: said.append((done, total)))
    assert said == [(0, 2), (1, 2)]
    engine.read.clear()
    search_meaning(talk, "a ship", engine)
    assert "And the levy?" in engine.read
    assert engine.read.index("a ship") == 0  # then the sentences of what was found
    engine.read.clear()
    keep(talk, made(1, ("A", "A dog.")))
    assert search_meaning(talk, "hound", engine, limit=1)[0].snippet in ("A dog.", "My hound is old.")
    assert engine.read[:3] == ["show 1", "A dog.", "hound"]


@pytest.mark.parametrize("query", ["", "  "])
def test_an_empty_query_is_refused(talk: Library, query: str) -> None:
    with pytest.raises(OptionError, match="has no meaning; give a few words"):
        search_meaning(talk, query, Thesaurus())


def test_an_empty_library_has_nothing(library: Library) -> None:
    assert search_meaning(library, "a ship", Thesaurus()) == ()
