from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from earwitness import engines
from earwitness.engines import hub, on_torch
from earwitness.engines.whisper import prompt_of, tokenizer_for
from earwitness.errors import ExtraError, OptionError
from earwitness.options import ModelOptions, WordOptions


@pytest.fixture(scope="module")
def pieces() -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(hub.demo_folder() / "tokenizer.json"))


def test_english_checkpoints_are_asked_for_no_language(pieces: Any) -> None:
    tokenizer = tokenizer_for(pieces, "demo", WordOptions(language="en"), multilingual=False)
    names = [pieces.id_to_token(token) for token in prompt_of(tokenizer, WordOptions())]
    assert names == ["<|startoftranscript|>", "<|notimestamps|>"]
    with pytest.raises(OptionError, match="demo: this model knows only English"):
        tokenizer_for(pieces, "demo", WordOptions(language="fr"), multilingual=False)
    with pytest.raises(OptionError, match="only English"):
        tokenizer_for(pieces, "demo", WordOptions(language="en", task="translate"), multilingual=False)


def test_hotwords_and_initial_prompt_go_before(pieces: Any) -> None:
    options = WordOptions(language="en", hotwords=" harbor ", initial_prompt="the old bridge")
    tokenizer = tokenizer_for(pieces, "demo", options, multilingual=False)
    tokens = prompt_of(tokenizer, options)
    assert pieces.id_to_token(tokens[0]) == "<|startofprev|>"
    assert pieces.decode(tokens[1:-2]) == " harbor the old bridge"
    assert len(prompt_of(tokenizer, WordOptions(initial_prompt="word " * 1000))) == 1 + 223 + 2


def test_a_compute_type_of_another_engine_is_refused() -> None:
    with pytest.raises(OptionError, match="--compute-type int8: transformers computes in float32, float16, bfloat16"):
        engines.recognizer(ModelOptions(engine="transformers", compute_type="int8"))


def test_without_torch_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> str:
        if name == "torch":
            raise PackageNotFoundError(name)
        return version("numpy")

    monkeypatch.setattr(on_torch, "version", installed)
    with pytest.raises(ExtraError, match=r"torch is not installed; pip install 'earwitness\[models\]'") as refused:
        engines.recognizer(ModelOptions(engine="transformers"))
    assert "\n" not in str(refused.value)
