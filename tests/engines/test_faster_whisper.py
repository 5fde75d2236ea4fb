from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

import random_whisper
import recognizers
from earwitness.engines.faster_whisper import FasterWhisper
from earwitness.engines.whisper import compression_ratio, prompt_of, tokenizer_for
from earwitness.errors import ModelError, OptionError
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Audio, Region
from earwitness.words import recognize

NOISE = [np.random.default_rng(seed).normal(0, 0.1, 16_000 * (3 + seed)).astype(np.float32) for seed in range(3)]
GREEDY = WordOptions(language="de", beam_size=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_whisper.write(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="module")
def engine(folder: Path) -> FasterWhisper:
    return FasterWhisper(ModelOptions(model=str(folder), device="cpu", compute_type="float32"))


def test_a_batch_says_what_its_windows_say_alone(engine: FasterWhisper) -> None:
    recognizers.say_the_same_alone(engine, NOISE, GREEDY)


def test_word_times_are_the_same_one_by_one_and_all_at_once(
    engine: FasterWhisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = engine.recognize(NOISE, GREEDY)
    monkeypatch.setitem(engine.__dict__, "_device", "cuda")  # where they are found at once; the model stays where it is
    assert any(result.words for result in one_by_one)
    assert [result.words for result in engine.recognize(NOISE, GREEDY)] == [result.words for result in one_by_one]


def test_words_lie_in_their_window_and_keep_their_order(engine: FasterWhisper) -> None:
    recognizers.keep_words_in_order(engine, NOISE, GREEDY)


def test_it_says_what_faster_whispers_own_decoder_says(engine: FasterWhisper, folder: Path) -> None:
    """The peer, given the same window, tokens and beam, is an independent reference for text and score."""
    from faster_whisper import WhisperModel

    window = NOISE[2]
    peer = WhisperModel(str(folder), device="cpu", compute_type="float32")
    padded = np.pad(window, (0, 30 * 16_000 - len(window)))
    segments, _ = peer.transcribe(
        padded, language="de", beam_size=1, temperature=0.0, without_timestamps=True, suppress_tokens=None,
        condition_on_previous_text=False, compression_ratio_threshold=None, log_prob_threshold=None,
        no_speech_threshold=None,
    )  # fmt: skip
    expected = list(segments)
    (heard,) = engine.recognize([window.copy()], GREEDY)
    assert "".join(word.word for word in heard.words).split() == "".join(s.text for s in expected).split()
    assert heard.avg_logprob == pytest.approx(expected[0].avg_logprob, abs=1e-3)


def test_each_window_tells_the_probabilities_of_languages(engine: FasterWhisper) -> None:
    for window, languages in zip(NOISE, engine.languages(NOISE), strict=True):
        assert set(languages) == set(random_whisper.LANGUAGES)
        assert sum(languages.values()) == pytest.approx(1.0, abs=1e-3)
        assert languages == pytest.approx(engine.languages([window.copy()])[0], abs=1e-4)


def test_what_is_heard_well_takes_no_memory(engine: FasterWhisper) -> None:
    held = [window.copy() for window in NOISE]
    engine.recognize(held, GREEDY)
    assert [engine._encodings.get(window) for window in held] == [None] * len(held)
    engine.recognize(held[:1], GREEDY, temperature=0.4)
    assert engine._encodings.get(held[0]) is not None


def test_what_is_heard_again_is_not_encoded_again(engine: FasterWhisper, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizers.encode_once(engine, NOISE, GREEDY, monkeypatch)


def test_a_batch_with_a_prompt_says_what_its_windows_say_alone_with_it(engine: FasterWhisper) -> None:
    prompted = WordOptions(language="de", beam_size=1, hotwords="Ada Lovelace", initial_prompt="Hello.")
    together, plain = engine.recognize(NOISE, prompted), engine.recognize(NOISE, GREEDY)
    alone = [engine.recognize([window.copy()], prompted)[0] for window in NOISE]
    texts = [[[word.word for word in result.words] for result in results] for results in (together, alone, plain)]
    assert texts[0] == texts[1] != texts[2]


def test_languages_are_told_apart_window_by_window(engine: FasterWhisper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights are sure of nothing, so the threshold goes down to what they are sure of."""
    monkeypatch.setattr("earwitness.words.SURE_LANGUAGE", 0.0)
    monkeypatch.setattr(FasterWhisper, "temperatures", ())  # nor is what they say worth a second hearing
    regions = [Region(0.0, 3.0), Region(3.5, 7.5), Region(8.0, 13.0)]
    sound = Audio(np.concatenate([np.pad(window, (0, 8000)) for window in NOISE]))
    told = engine.languages([sound.between(region.start, region.end) for region in regions])
    own = [max(chances, key=lambda code: chances[code]) for chances in told]
    heard = [recognize(sound, [region], engine, WordOptions(beam_size=1)).language for region in regions]
    assert heard == own


def test_prompts_and_tasks_are_tokens_of_a_multilingual_model(engine: FasterWhisper) -> None:
    pieces, french = engine._whisper.hf_tokenizer, WordOptions(language="fr", task="translate")
    tokenizer = tokenizer_for(pieces, "random", french, multilingual=True)
    tokens = prompt_of(tokenizer, WordOptions(hotwords="abc", initial_prompt="d"))
    named = [tokenizer.tokenizer.id_to_token(token) for token in tokens]
    assert named[0] == "<|startofprev|>"
    assert named[-4:] == ["<|startoftranscript|>", "<|fr|>", "<|translate|>", "<|notimestamps|>"]
    assert "".join(named[1:-4]).replace("Ġ", " ") == " abc d"
    assert len(prompt_of(tokenizer, WordOptions(initial_prompt="word " * 1000))) <= 224 + 5


def test_a_hotter_temperature_says_something_else(engine: FasterWhisper) -> None:
    cold, hot = (engine.recognize([NOISE[0]], GREEDY, temperature=t)[0].words for t in (0.0, 1.0))
    assert [word.word for word in cold] != [word.word for word in hot]


def test_a_language_that_a_model_does_not_know_is_refused() -> None:
    pieces = Tokenizer(WordLevel({"<|en|>": 0, "<|transcribe|>": 1}, "<|en|>"))
    assert tokenizer_for(pieces, "older", WordOptions(language="en"), multilingual=True).language == 0
    with pytest.raises(OptionError, match="older: this model does not know --language yue"):
        tokenizer_for(pieces, "older", WordOptions(language="yue"), multilingual=True)


def test_the_demo_model_knows_english_only_and_says_what_it_is() -> None:
    demo = FasterWhisper(ModelOptions(model="demo", device="cpu"))
    assert "not meant for human speech" in (demo.notice or "")
    assert demo.languages(NOISE[:2]) == [{"en": 1.0}] * 2
    with pytest.raises(OptionError, match="only English"):
        demo.recognize(NOISE, WordOptions(language="fr"))


def test_identity_follows_the_weights_and_the_arithmetic(folder: Path, tmp_path: Path) -> None:
    def identity(where: Path, compute_type: str = "float32") -> str:
        return FasterWhisper(ModelOptions(model=str(where), device="cpu", compute_type=compute_type)).identity()

    same = random_whisper.write(tmp_path / "same")
    other = random_whisper.write(tmp_path / "other", seed=1)
    assert identity(folder) == identity(same)
    assert len({identity(folder), identity(other), identity(folder, "int8")}) == 3


def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    broken = random_whisper.write(tmp_path / "broken")
    (broken / "model.bin").write_bytes((broken / "model.bin").read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded on cpu"):
        FasterWhisper(ModelOptions(model=str(broken), device="cpu")).recognize(NOISE, GREEDY)


def test_loops_shrink_and_speech_does_not() -> None:
    assert compression_ratio("") == 1.0
    assert compression_ratio("Where did the storm cross the river, and who closed the harbor on Sunday?") < 1.5
    assert compression_ratio("so we go " * 30) > 2.4


@pytest.mark.parametrize("length", [1, 100, 16_001, 192_077, 479_900, 480_000, 500_000])
def test_the_spectrogram_of_what_is_there_is_that_of_the_padded_window(engine: FasterWhisper, length: int) -> None:
    window = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    padded = np.pad(window[:480_000], (0, 480_000 - min(length, 480_000)))
    whole = engine._whisper.feature_extractor(padded)[:, :3000]
    (found,) = engine._features([window])
    assert found.shape == whole.shape
    assert found == pytest.approx(whole, abs=1e-6)


def test_several_workers_hear_what_one_hears(folder: Path) -> None:
    one = FasterWhisper(ModelOptions(model=str(folder), device="cpu", compute_type="float32", threads=1))
    two = FasterWhisper(ModelOptions(model=str(folder), device="cpu", compute_type="float32", threads=2))
    assert (one._workers, two._workers) == (1, 2)
    heard = [[word.word for result in each.recognize(NOISE, GREEDY) for word in result.words] for each in (one, two)]
    assert heard[0] == heard[1]
    assert len(heard[0]) > 10
