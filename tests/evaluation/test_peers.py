"""The adapters of packages that are not part of the suite's environment run where those are installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import random_whisper
from earwitness import audio
from earwitness.evaluation.peers import PEERS
from earwitness.evaluation.peers.base import Request, fixed_windows, other_than_text, settings_of
from sounds import write_wav

EPISODE = Path(__file__).parents[2] / "examples" / "episode.flac"
REQUEST = Request("model", "model", "en", 2, 2, 1, "cpu", "float32", 30.0)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two windows, the second of one second."""
    return write_wav(tmp_path_factory.mktemp("peers") / "piece.wav", audio.load(EPISODE).between(0.0, 31.0))


def openai_model(folder: Path) -> Path:
    torch, model = pytest.importorskip("torch"), pytest.importorskip("whisper").model
    torch.manual_seed(0)
    dims = model.ModelDimensions(80, 1500, 64, 2, 1, 51865, 448, 64, 2, 2)
    made = model.Whisper(dims)
    torch.nn.init.normal_(made.decoder.positional_embedding)
    torch.save({"dims": vars(dims), "model_state_dict": made.state_dict()}, folder / "model.pt")
    return folder / "model.pt"


def transformers_model(folder: Path) -> Path:
    """With the tokenizer of the random checkpoint, whose ids are large-v3's."""
    pytest.importorskip("torch")
    package = pytest.importorskip("transformers")
    end, start, first_language = 50257, 50258, 50259
    notimestamps = first_language + len(random_whisper.LANGUAGES) + 5
    size = {f"{part}_{name}": value for part in ("encoder", "decoder") for name, value in
            {"layers": 1, "attention_heads": 2, "ffn_dim": 64}.items()}  # fmt: skip
    config = package.WhisperConfig(
        vocab_size=51866, d_model=64, pad_token_id=end, bos_token_id=end, eos_token_id=end,
        decoder_start_token_id=start, **size,
    )  # fmt: skip
    model = package.WhisperForConditionalGeneration(config)
    known = {f"<|{language}|>": first_language + at for at, language in enumerate(random_whisper.LANGUAGES)}
    generation = {
        "is_multilingual": True, "lang_to_id": known, "task_to_id": {"transcribe": notimestamps - 4},
        "no_timestamps_token_id": notimestamps, "alignment_heads": [[0, 0], [0, 1]], "max_initial_timestamp_index": 50,
        "prev_sot_token_id": notimestamps - 2, "eos_token_id": end, "pad_token_id": end, "bos_token_id": end,
        "decoder_start_token_id": start, "max_length": 448, "begin_suppress_tokens": [end], "suppress_tokens": [],
    }  # fmt: skip
    model.generation_config = package.GenerationConfig.from_dict(generation)
    model.save_pretrained(folder)
    package.WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    shutil.copy(random_whisper.write(folder / "ct2") / "tokenizer.json", folder)
    special = {f"{name}_token": "<|endoftext|>" for name in ("bos", "eos", "unk", "pad")}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "WhisperTokenizer", **special}))
    return folder


@pytest.mark.parametrize(
    ("name", "module", "made"),
    [("openai-whisper", "whisper", openai_model), ("transformers", "transformers", transformers_model)],
)
def test_fixed_tokens(name: str, module: str, made: Callable[[Path], Path], recording: Path, tmp_path: Path) -> None:
    pytest.importorskip(module)
    model = str(made(tmp_path))
    peer = PEERS[name].load(Request(model, "random", "en", 2, 2, 1, "cpu", "float32", 30.0, tokens=7))
    peer.warm_up()
    assert peer.transcribe(recording).tokens == (7, 7)
    assert peer.settings["tokens_a_window"] == "7"


def test_every_adapter_is_where_the_table_says() -> None:
    for peer in PEERS.values():
        module, _, attribute = peer.adapter.partition(":")
        assert hasattr(__import__(module, fromlist=[attribute]), attribute)


def test_only_what_differs_is_named() -> None:
    assert settings_of(REQUEST, second_tries="many") | {"second_tries": "none"} == settings_of(REQUEST)


def test_fixed_windows_cover_everything_once() -> None:
    windows = fixed_windows(95.5)
    assert [start for start, _ in windows] == [0.0, 30.0, 60.0, 90.0]
    assert [end for _, end in windows] == [30.0, 60.0, 90.0, 95.5]
    assert fixed_windows(60.0) == [(0.0, 30.0), (30.0, 60.0)]


def test_all_but_words_is_suppressed(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(random_whisper.write(tmp_path) / "tokenizer.json"))
    ids = other_than_text(tokenizer)
    assert ids[0] == random_whisper.TEXT_TOKENS
    assert tokenizer.id_to_token(ids[-1]) == random_whisper.TIMES[-1]
