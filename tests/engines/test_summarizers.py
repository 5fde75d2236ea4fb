"""The table of summarizers: which names stand for an engine, and what is wrong is said before any work."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from earwitness import engines
from earwitness.engines import on_torch
from earwitness.engines.chat import Chat
from earwitness.errors import ExtraError, OptionError
from earwitness.options import ModelOptions, SummaryOptions


def summarizer(name: str, **options: str) -> object:
    return engines.summarizer(SummaryOptions(summarizer=name, **options), ModelOptions())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["auto", "extractive", "none"])
def test_what_needs_no_engine_has_none(name: str) -> None:
    assert summarizer(name) is None


def test_a_model_goes_with_its_name() -> None:
    chat = summarizer("chat:llama3.2:3b", chat_url="http://localhost:1/v1")
    assert isinstance(chat, Chat)
    assert chat.model == "llama3.2:3b"


@pytest.mark.parametrize("name", ["poet", "", "extractive:best", "auto:x", "Chat:x"])
def test_other_names_are_refused_with_those_that_are_there(name: str) -> None:
    with pytest.raises(OptionError, match="there are auto, extractive, seq2seq, chat, none"):
        summarizer(name)


def test_without_torch_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(on_torch, "version", missing)
    with pytest.raises(ExtraError, match=r"--summarizer seq2seq: .*earwitness\[models\].*--summarizer extractive"):
        summarizer("seq2seq")
