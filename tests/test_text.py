"""Terms and their weights."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.phrases import PhraseFinder, keywords, titles
from earwitness.text import TermMatrix, Vocabulary, fold, stop_words, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s Anna's U-boat, isn't it?", ["it's", "anna's", "u-boat", "isn't", "it"]),
        ("Ça coûte 3 €.", ["ça", "coûte", "3"]),
        ("Мост старый.", ["мост", "старый"]),
        ("橋は", ["橋は"[:2]]),
        ("望遠鏡", ["望遠", "遠鏡"]),
        ("...", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    "forms", ["boat boats", "city cities", "stop stopped stopping", "bake bakes baked baking", "glass glasses"]
)
def test_inflections_fold_together(forms: str) -> None:
    assert len({fold(form, "en") for form in forms.split()}) == 1


@pytest.mark.parametrize("pair", ["bus boss", "ring ran", "news new", "is us", "king kin"])
def test_different_words_stay_apart(pair: str) -> None:
    assert len({fold(form, "en") for form in pair.split()}) == 2


def test_common_words_are_learned_where_there_is_no_list() -> None:
    texts = [f"men bron {number}x och sedan {name} kommer" for number, name in enumerate("abcdefghijklmnopqrst")]
    vocabulary = Vocabulary.of(texts, "sv")
    assert not stop_words("sv")
    assert not vocabulary.is_content("sedan")
    assert not vocabulary.is_content("och")
    assert vocabulary.is_content("broarna")


def test_term_matrix_is_tf_idf() -> None:
    documents = [["a", "b", "a"], ["b", "c"], ["c", "c", "d"], []]
    counts = np.array([[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 2, 1], [0, 0, 0, 0]])
    dense = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * np.log1p(4 / (counts > 0).sum(axis=0))
    dense[:3] /= np.linalg.norm(dense[:3], axis=1, keepdims=True)
    matrix = TermMatrix.of(documents)
    np.testing.assert_allclose(matrix.times(np.arange(4.0)), dense @ np.arange(4.0))
    np.testing.assert_allclose(matrix.sum_rows(np.arange(4.0)), np.arange(4.0) @ dense)


def test_no_documents() -> None:
    assert TermMatrix.of([]).times(np.zeros(0)).shape == (0,)


def test_phrases_are_nouns_and_keep_their_names() -> None:
    texts = ["We crossed the old bridge to Lisbon.", "They crossed it, and the storm destroyed the bridge in Lisbon."]
    found = {
        mention.text for text in texts for mention in PhraseFinder(texts, Vocabulary.of(texts, "en")).mentions(text)
    }
    assert {"old bridge", "bridge", "storm", "Lisbon"} <= found
    assert not {"crossed", "destroyed", "storm destroyed", "old"} & found


def test_keywords_prefer_the_fuller_phrase() -> None:
    said = ["The weather station is old.", "Our weather station is a box.", "The station has a roof.", "A goat came."]
    assert keywords(said, Vocabulary.of(said, "en"), 1) == ["weather station"]


def test_titles_set_chapters_apart() -> None:
    chapters = [
        ["The boat left.", "A boat is slow.", "Carlos had the boat."],
        ["The radio is old.", "Carlos had the radio."],
    ]
    vocabulary = Vocabulary.of([text for texts in chapters for text in texts], "en")
    first, second = titles(chapters, vocabulary)
    assert first.startswith("The boat")
    assert second.startswith("The radio")
