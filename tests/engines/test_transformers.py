"""Whisper on torch: run with `make test-models`, for which torch and transformers are installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed; make test-models")
pytest.importorskip("transformers", reason="transformers is not installed; make test-models")

import random_whisper
import recognizers
from earwitness import audio, regions
from earwitness.engines import detector, hub
from earwitness.engines.faster_whisper import FasterWhisper
from earwitness.engines.transformers import Transformers
from earwitness.engines.whisper_forms import TRANSFORMERS
from earwitness.errors import ModelError, OptionError
from earwitness.options import ModelOptions, WordOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

EPISODE = Path(__file__).parents[2] / "examples" / "episode.flac"
NOISE = [np.random.default_rng(seed).normal(0, 0.1, 16_000 * (3 + seed)).astype(np.float32) for seed in range(3)]
GREEDY = WordOptions(language="de", beam_size=1)
ENGLISH = WordOptions(language="en", beam_size=1)
SAME_TIME_S = 0.06


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def ctranslate2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multilingual Whisper with random weights."""
    return random_whisper.write(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="module")
def folder(ctranslate2: Path) -> Path:
    """The same for transformers."""
    return hub.find(str(ctranslate2), form=TRANSFORMERS)


def engine_for(model: Path | str, compute_type: str = "float32") -> Transformers:
    return Transformers(ModelOptions(model=str(model), device="cpu", compute_type=compute_type, threads=1))


@pytest.fixture(scope="module")
def engine(folder: Path) -> Transformers:
    return engine_for(folder)


@pytest.fixture(scope="module")
def demo() -> Transformers:
    return engine_for("demo")


@pytest.fixture(scope="module")
def peer() -> FasterWhisper:
    return FasterWhisper(ModelOptions(model="demo", device="cpu", compute_type="float32", threads=1))


@pytest.fixture(scope="module")
def windows(demo: Transformers) -> list[FloatArray]:
    """Three windows of the example episode, as the stage packs them."""
    sound = audio.load(EPISODE)
    packed = regions.pack(regions.detect(sound, detector()), demo.window_s)
    return [np.concatenate([sound.between(part.start, part.end) for part in window]) for window in packed[:3]]


def test_its_tokens_are_those_of_its_peer(demo: Transformers, peer: FasterWhisper) -> None:
    text = " The old bridge, 3.5 %."
    assert demo.token_ids(text) == peer.token_ids(text) != ()
    assert demo._pieces.decode([*demo.token_ids(text)]) == text


def test_it_says_what_faster_whisper_says_at_the_same_times(
    demo: Transformers, peer: FasterWhisper, windows: list[FloatArray]
) -> None:
    for ours, theirs in zip(demo.recognize(windows, ENGLISH), peer.recognize(windows, ENGLISH), strict=True):
        assert [word.word for word in ours.words] == [word.word for word in theirs.words]
        assert len(ours.words) > 5
        times = np.array([(word.start, word.end) for word in ours.words])
        assert times == pytest.approx(np.array([(w.start, w.end) for w in theirs.words]), abs=SAME_TIME_S)
        assert [w.probability for w in ours.words] == pytest.approx([w.probability for w in theirs.words], abs=1e-3)
        assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-3)
        assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=1e-3)
        assert ours.compression_ratio == theirs.compression_ratio


def test_prompts_change_both_alike(demo: Transformers, peer: FasterWhisper, windows: list[FloatArray]) -> None:
    prompted = WordOptions(language="en", beam_size=1, hotwords="harbor", initial_prompt="We talk of the old bridge.")
    ours, theirs = (engine.recognize(windows[:2], prompted) for engine in (demo, peer))
    assert [[word.word for word in result.words] for result in ours] == [
        [word.word for word in result.words] for result in theirs
    ]
    scores = [result.avg_logprob for result in ours]
    assert scores == pytest.approx([result.avg_logprob for result in theirs], abs=1e-3)
    assert scores != pytest.approx([r.avg_logprob for r in demo.recognize(windows[:2], ENGLISH)], abs=1e-3)


def test_beams_find_what_is_at_least_as_likely(demo: Transformers, windows: list[FloatArray]) -> None:
    for greedy, wide in zip(
        demo.recognize(windows, ENGLISH),
        demo.recognize(windows, WordOptions(language="en", beam_size=3)),
        strict=True,
    ):
        assert wide.words
        assert wide.avg_logprob >= greedy.avg_logprob - 1e-3


def test_half_precision_says_nearly_the_same(demo: Transformers, windows: list[FloatArray]) -> None:
    """bfloat16 has three digits: now and then a comma becomes a full stop."""
    (half,), (full,) = (each.recognize(windows[:1], ENGLISH) for each in (engine_for("demo", "bfloat16"), demo))
    heard, said = ([word.word.strip(" .,?").lower() for word in result.words] for result in (half, full))
    assert SequenceMatcher(None, heard, said, autojunk=False).ratio() > 0.9
    assert half.avg_logprob == pytest.approx(full.avg_logprob, abs=0.05)
    assert half.avg_logprob != full.avg_logprob


def test_a_batch_says_what_its_windows_say_alone(engine: Transformers) -> None:
    recognizers.say_the_same_alone(engine, NOISE, GREEDY)


def test_words_lie_in_their_window_and_keep_their_order(engine: Transformers) -> None:
    recognizers.keep_words_in_order(engine, NOISE, GREEDY)


def test_languages_are_as_probable_as_to_faster_whisper(engine: Transformers, ctranslate2: Path) -> None:
    peer = FasterWhisper(ModelOptions(model=str(ctranslate2), device="cpu", compute_type="float32", threads=1))
    for own, theirs in zip(engine.languages(NOISE), peer.languages(NOISE), strict=True):
        assert own == pytest.approx(theirs, abs=1e-4)


def test_a_task_and_a_language_change_what_is_said(engine: Transformers) -> None:
    options = [GREEDY, WordOptions(language="fr", beam_size=1), WordOptions(language="de", task="translate")]
    said = [engine.recognize(NOISE[:1], each)[0] for each in options]
    assert len({result.avg_logprob for result in said}) == 3
    assert [result.language for result in said] == ["de", "fr", "de"]


def test_a_hotter_temperature_says_something_else_and_the_same_every_time(engine: Transformers) -> None:
    cold, *hot = (engine.recognize([NOISE[0]], GREEDY, temperature=t)[0].words for t in (0.0, 1.0, 1.0))
    assert [word.word for word in cold] != [word.word for word in hot[0]]
    assert hot[0] == hot[1]


def test_what_is_heard_again_is_not_encoded_again(engine: Transformers, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizers.encode_once(engine, NOISE, GREEDY, monkeypatch)


def test_a_hotter_temperature_says_the_same_in_any_batch(engine: Transformers) -> None:
    _, together = engine.recognize(NOISE[:2], GREEDY, temperature=0.4)
    (alone,) = engine.recognize(NOISE[1:2], GREEDY, temperature=0.4)
    assert together.words == alone.words


def test_nothing_for_no_windows(engine: Transformers) -> None:
    assert engine.recognize([], GREEDY) == []


def test_a_language_that_whisper_does_not_know_is_refused(engine: Transformers, demo: Transformers) -> None:
    with pytest.raises(OptionError, match="xx"):
        engine.recognize(NOISE, WordOptions(language="xx"))
    with pytest.raises(OptionError, match="only English"):
        demo.recognize(NOISE, WordOptions(language="fr"))
    assert demo.languages(NOISE) == [{"en": 1.0}] * len(NOISE)


def test_identity_follows_the_weights_and_the_arithmetic(folder: Path, tmp_path: Path) -> None:
    other = hub.find(str(random_whisper.write(tmp_path / "other", seed=1)), form=TRANSFORMERS)
    same = shutil.copytree(folder, tmp_path / "same")
    engines = [engine_for(folder), engine_for(other), engine_for(folder, "bfloat16")]
    assert engines[0].identity() == engine_for(same).identity()
    assert len({each.identity() for each in engines}) == 3


def test_a_damaged_checkpoint_is_one_clear_error(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes((broken / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded on cpu as float32") as refused:
        engine_for(broken).recognize(NOISE, GREEDY)
    assert "\n" not in str(refused.value)


def test_a_checkpoint_without_some_of_its_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    lame = shutil.copytree(folder, tmp_path / "lame")
    tensors = load_file(lame / "model.safetensors")
    del tensors["model.decoder.layers.0.fc1.weight"]
    save_file(tensors, lame / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="1 tensors are missing"):
        engine_for(lame).recognize(NOISE, GREEDY)


def test_a_device_that_is_not_there_is_one_clear_error(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ModelError, match="cannot be loaded on cuda as float16"):
        Transformers(ModelOptions(model=str(folder), device="cuda")).recognize(NOISE, GREEDY)


def test_a_checkpoint_that_names_no_heads_is_aligned_by_the_upper_half(folder: Path, tmp_path: Path) -> None:
    plain = shutil.copytree(folder, tmp_path / "plain")
    settings = json.loads((plain / "generation_config.json").read_bytes())
    del settings["alignment_heads"]
    (plain / "generation_config.json").write_text(json.dumps(settings))
    # One layer with two heads: the upper half is all of it, which is what the checkpoint names, too.
    assert engine_for(plain).recognize(NOISE, GREEDY) == engine_for(folder).recognize(NOISE, GREEDY)
