from __future__ import annotations

from typing import Any

import pytest

from earwitness.errors import EarwitnessError, OptionError
from earwitness.languages import NAMES
from earwitness.options import Options, WordOptions


def test_what_is_expected_gives_way_to_what_the_user_says() -> None:
    expected = {"hotwords": ("Ada Lovelace", "Ulm"), "min_speakers": 2, "max_speakers": 4}
    found = Options.of().expecting(**expected)
    assert found.words.hotwords == "Ada Lovelace, Ulm"
    assert (found.speakers.speakers, found.speakers.min_speakers, found.speakers.max_speakers) == (None, 2, 4)
    assert Options.of().expecting() == Options.of()
    assert Options.of(speakers=3).expecting(**expected).speakers == Options.of(speakers=3).speakers
    assert Options.of(max_speakers=2).expecting(**expected).speakers == Options.of(max_speakers=2).speakers
    assert Options.of().expecting(min_speakers=30).speakers.max_speakers == 30


def test_flat_names_find_their_stages() -> None:
    options = Options.of(model="small", speakers=3, summarizer="none", beam_size=1)
    assert (options.model.model, options.speakers.speakers) == ("small", 3)
    assert (options.summary.summarizer, options.words.beam_size) == ("none", 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"speaker": 2},
        {"speakers": 0},
        {"min_speakers": 5, "max_speakers": 2},
        {"beam_size": 0},
        {"task": "summarise"},
        {"model": " "},
        {"max_region_s": 31},
        {"threads": -1},
    ],
)
def test_wrong_options_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as refused:
        Options.of(**wrong)
    assert any(name in str(refused.value) for name in wrong)


def test_errors_are_ours_and_builtin() -> None:
    with pytest.raises(EarwitnessError):
        Options.of(speakers=0)
    with pytest.raises(ValueError, match="speakers"):
        Options.of(speakers=0)


def test_every_option_says_what_it_does() -> None:
    """The design promises a docstring under each option whose name does not say it all."""
    import ast
    import inspect

    from earwitness import options

    tree = ast.parse(inspect.getsource(options))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(classes) > 8
    assert all(ast.get_docstring(node) for node in classes)


@pytest.mark.parametrize(
    ("given", "code"),
    [("en", "en"), ("English", "en"), ("EN", "en"), ("en-US", "en"), ("pt_br", "pt"), ("zh-Hans-CN", "zh"),
     ("Mandarin", "zh"), ("haitian  creole", "ht"), ("yue", "yue"), ("auto", None), (None, None)],
)  # fmt: skip
def test_languages_are_called_by_code_or_name(given: str | None, code: str | None) -> None:
    assert WordOptions(language=given).language == code


@pytest.mark.parametrize("given", ["xx", "", "Klingon", "en us", "-"])
def test_what_is_no_language_is_refused(given: str) -> None:
    with pytest.raises(OptionError, match="no language is called so"):
        WordOptions(language=given)


def test_the_languages_are_those_of_whisper() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    assert set(NAMES) == set(tokenizer._LANGUAGE_CODES)
