from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import random_whisper
from earwitness.types import Word
from earwitness.windows import whole_words


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([" It", " costs", " £", "5", "."], [" It", " costs", " £5."]),
        ([" 3", ".5", "%"], [" 3.5%"]),
        ([" $", "1", ",000"], [" $1,000"]),
        ([" well", "-", "known"], [" well-known"]),
        ([" don", "'t"], [" don't"]),
        ([" one", " two"], [" one", " two"]),
        (["橋", "は", "3", "年"], ["橋", "は", "3", "年"]),
        (["Hel", "lo"], ["Hel", "lo"]),
    ],
)
def test_numbers_and_symbols_are_words_with_their_own_times(pieces: list[str], whole: list[str]) -> None:
    words = [Word(piece, at * 0.2, at * 0.2 + 0.2, 1.0 - at / 10) for at, piece in enumerate(pieces)]
    found = whole_words(words)
    assert [word.word for word in found] == whole
    assert "".join(word.word for word in found) == "".join(pieces)
    assert all(word.start < word.end for word in found)
    assert (found[0].start, found[-1].end) == (words[0].start, words[-1].end)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(found))


def test_pieces_of_whispers_own_tokenizer_come_whole(tmp_path: Path) -> None:
    """The words that faster-whisper cuts a text into, as every engine does that splits like openai-whisper."""
    from faster_whisper.tokenizer import Tokenizer
    from tokenizers import Tokenizer as Tokens

    tokens = Tokens.from_file(str(random_whisper.write(tmp_path / "random") / "tokenizer.json"))
    tokenizer = Tokenizer(tokens, True, "transcribe", "en")
    pieces, groups = tokenizer.split_to_word_tokens(tokenizer.encode(" It costs £5, or 3.5% of it."))
    starts = np.cumsum([0, *map(len, groups)]) * 0.02
    cut = [Word(piece, *map(float, starts[at : at + 2]), 1.0) for at, piece in enumerate(pieces)]
    found = whole_words(cut)
    assert len(cut) > len(found)
    assert [word.word for word in found] == [" It", " costs", " £5,", " or", " 3.5%", " of", " it."]
    assert all(word.end - word.start == pytest.approx(0.02 * len(word.word.encode()), abs=1e-6) for word in found)
