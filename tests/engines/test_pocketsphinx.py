from __future__ import annotations

from pathlib import Path

import jiwer
import numpy as np
import pytest

from earwitness import audio
from earwitness.engines.pocketsphinx import PocketSphinx
from earwitness.errors import OptionError
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Region
from earwitness.words import recognize
from sounds import speech

pytest.importorskip("pocketsphinx", reason="the draft extra is not installed")


def test_a_clear_recording_comes_out(data: Path) -> None:
    samples = audio.load(data / "asr" / "pocketsphinx_cards_005.wav").samples
    (heard,) = PocketSphinx(ModelOptions()).recognize([samples], WordOptions())
    said = [word.word.strip() for word in heard.words]
    assert jiwer.wer("eight of spades four of clubs seven of hearts", " ".join(said)) <= 0.5
    assert all(0 <= word.start < word.end <= len(samples) / 16_000 for word in heard.words)
    assert all(word.word == f" {word.word.strip()}" and "(" not in word.word for word in heard.words)


def test_silence_says_nothing() -> None:
    assert PocketSphinx(ModelOptions()).recognize([np.zeros(16_000, np.float32)], WordOptions())[0].words == ()


def test_a_window_says_the_same_whatever_was_heard_before() -> None:
    engine, window = PocketSphinx(ModelOptions()), speech(3.0)
    (first,) = engine.recognize([window], WordOptions())
    engine.recognize([0.3 * speech(2.0, 20.0) + 0.1], WordOptions())
    assert len(first.words) > 3
    assert engine.recognize([window], WordOptions()) == [first]


def test_it_says_draft() -> None:
    assert "draft" in PocketSphinx(ModelOptions()).notice


def test_it_says_that_it_cannot_be_told_what_to_expect() -> None:
    sound = audio.Audio(np.zeros(16_000, np.float32))
    engine = PocketSphinx(ModelOptions())
    found = recognize(sound, [Region(0.0, 1.0)], engine, WordOptions(hotwords="Ada Lovelace"))
    assert found.warnings == ("--hotwords changed nothing: pocketsphinx cannot be told what to expect",)
    assert recognize(sound, [Region(0.0, 1.0)], engine).warnings == ()


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(OptionError, match="only transcribes English"):
        PocketSphinx(ModelOptions()).recognize([], WordOptions(language="fr"))
    with pytest.raises(OptionError, match="leave --model out"):
        PocketSphinx(ModelOptions(model="small"))
