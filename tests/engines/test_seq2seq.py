"""Encoder-decoders on torch: run with `make test-models`, for which torch and transformers are installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed; make test-models")
pytest.importorskip("transformers", reason="transformers is not installed; make test-models")

import hub_cache
import random_seq2seq
import stub_hub
from earwitness.checkpoints import Checkpoints
from earwitness.engines import seq2seq
from earwitness.engines.base import Line, Task
from earwitness.engines.seq2seq import DEFAULT_MODEL, Seq2Seq
from earwitness.errors import ModelError
from earwitness.options import ModelOptions, SummaryOptions
from earwitness.summaries import with_summaries
from episodes import episode
from random_seq2seq import LIMIT_TOKENS, PREFIX

KINDS = pytest.mark.parametrize("kind", ["bart", "t5"])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("models")
    return {"bart": random_seq2seq.write_bart(base / "bart"), "t5": random_seq2seq.write_t5(base / "t5")}


def engine_for(model: Path | str, **settings: Any) -> Seq2Seq:
    chosen = {"device": "cpu", "threads": 1, **settings}
    return Seq2Seq(str(model), SummaryOptions(), ModelOptions(**chosen))


def task_of(*texts: str, sentences: int = 1) -> Task:
    return Task("said", tuple(Line(number, text) for number, text in enumerate(texts, 1)), sentences, "en")


def by_hand(folder: Path, text: str, new_tokens: int) -> str:
    """What transformers itself makes of one text, with nothing of ours in between."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(text, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    rows = model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
    return " ".join(tokenizer.decode(rows[0], skip_special_tokens=True).split())


@KINDS
def test_it_writes_what_transformers_writes_alone_and_in_a_batch(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seq2seq, "CPU_BATCH_SIZE", 3)
    texts = ("The bridge is old.", "We talk about bees and honey.", "Ann: clocks.")
    answers = dict(engine_for(folders[kind]).write([task_of(text) for text in texts]))
    prefix = PREFIX if kind == "t5" else ""
    for place, text in enumerate(texts):
        expected = by_hand(folders[kind], prefix + text, seq2seq.SENTENCE_TOKENS)
        answer = answers[place]
        assert answer is not None
        written = " ".join(item.text for item in answer)
        assert written == seq2seq._tidy(expected, whole=False)
    assert any(answers.values())


@KINDS
def test_what_it_can_read_is_measured_with_its_own_tokenizer(folders: dict[str, Path], kind: str) -> None:
    from transformers import AutoTokenizer

    engine = engine_for(folders[kind])
    tokenizer = AutoTokenizer.from_pretrained(folders[kind])
    line = Line(1, "It was built in 1871.", "Ann")
    assert engine.size(line) == len(tokenizer("Ann: It was built in 1871.", add_special_tokens=False).input_ids) + 1
    assert engine.budget == LIMIT_TOKENS - len(tokenizer(PREFIX if kind == "t5" else "").input_ids)
    lines = []
    while sum(map(engine.size, lines)) + engine.size(line) <= engine.budget:
        lines.append(line)
    fits, too_long = (Task("said", tuple(group), 1, "en") for group in (lines, [*lines, line, line]))
    answers = dict(engine.write([fits, too_long, fits]))
    assert answers[1] is None
    assert answers[0] is not None
    assert answers[0] == answers[2]


@KINDS
def test_a_whole_transcript_is_read_without_a_cut(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = engine_for(folders[kind])
    generate, read, silent = engine._generate, list[str](), set[str]()

    def listen(texts: Sequence[str], sentences: int) -> list[str]:
        written = generate(texts, sentences)
        read.extend(texts)
        silent.update(text for text, answer in zip(texts, written, strict=True) if not answer)
        return written

    monkeypatch.setattr(engine, "_generate", listen)
    transcript, kept = episode(), Checkpoints(tmp_path)
    result = with_summaries(transcript, SummaryOptions(), engine, kept)
    assert result.engine.summarizer == f"seq2seq:{folders[kind]}"
    assert result.summary
    assert result.summary.unread == ()
    everything = " ".join(" ".join(read).split())
    assert all(item.text.split()[0] in everything for item in transcript.segments)
    said = {word for item in transcript.segments for word in item.text.split()}
    assert said <= set(everything.split())
    before = len(read)
    with_summaries(transcript, SummaryOptions(), engine, kept)
    assert set(read[before:]) <= silent  # what got no answer is asked again


@KINDS
def test_threads_share_it(folders: dict[str, Path], kind: str) -> None:
    tasks = [task_of(f"We talk about bees and clock number {number}.") for number in range(4)]
    expected = dict(engine_for(folders[kind]).write(tasks))
    shared = engine_for(folders[kind])
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(lambda: (shared.identity(), dict(shared.write(tasks)))) for _ in range(3)]
    assert [answer.result()[1] for answer in answers] == [expected] * 3


def test_a_text_that_ended_for_lack_of_room_loses_its_last_sentence() -> None:
    assert seq2seq._tidy("It rains. It is co", whole=False) == "It rains."
    assert seq2seq._tidy("It rains. It is cold", whole=True) == "It rains. It is cold"
    assert seq2seq._tidy("no end at all", whole=False) == "no end at all"


def test_more_sentences_have_more_room(folders: dict[str, Path]) -> None:
    engine = engine_for(folders["bart"])
    short, long = (dict(engine.write([task_of("We talk about bees.", sentences=n)]))[0] for n in (1, 3))
    assert short
    assert long
    assert len(short[0].text) < len(long[0].text)


def test_half_precision_is_for_gpus_and_keeps_what_t5_needs(folders: dict[str, Path]) -> None:
    import torch

    assert engine_for(folders["t5"])._network.dtype == torch.float32
    half = engine_for(folders["t5"], compute_type="float16")._network
    assert half.dtype == torch.float16
    assert half.encoder.block[0].layer[1].DenseReluDense.wo.weight.dtype == torch.float32
    assert engine_for(folders["t5"], compute_type="int8")._compute_type == "float32"  # which is Whisper's affair
    assert seq2seq.on_torch.compute_type(ModelOptions(), "cuda") == "float16"


def test_identity_follows_the_weights_and_the_arithmetic(folders: dict[str, Path], tmp_path: Path) -> None:
    same = shutil.copytree(folders["bart"], tmp_path / "same")
    names = [
        engine_for(folders["bart"]),
        engine_for(folders["t5"]),
        engine_for(folders["bart"], compute_type="bfloat16"),
    ]
    assert len({engine.identity() for engine in names}) == 3
    assert engine_for(same).identity() == names[0].identity()


def test_the_hubs_models_come_from_its_cache(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = hub_cache.use(monkeypatch, tmp_path / "hub")
    shutil.copytree(folders["bart"], hub_cache.snapshot(cache, DEFAULT_MODEL), dirs_exist_ok=True)
    engine = engine_for("", offline=True)
    assert engine.model == DEFAULT_MODEL
    assert dict(engine.write([task_of("We talk about bees.")]))[0]
    commit = "a" * 40
    shutil.copytree(folders["t5"], hub_cache.snapshot(cache, "some/t5", commit), dirs_exist_ok=True)
    assert dict(engine_for(f"some/t5@{commit}", offline=True).write([task_of("We talk about bees.")]))[0]
    with pytest.raises(ModelError, match="--offline forbids"):
        engine_for("some/t5", offline=True).identity()


def test_a_model_is_brought_from_the_hub(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {path.name: path.read_bytes() for path in folders["bart"].iterdir()}
    with stub_hub.serving(monkeypatch, tmp_path / "hub", stub_hub.Hub({"some/bart": files, "some/text": {"a": b"b"}})):
        assert dict(engine_for("some/bart").write([task_of("We talk about bees.")]))[0]
        with pytest.raises(ModelError, match="but not its"):
            engine_for("some/text").identity()


@pytest.mark.parametrize("name", ["nowhere", "/no/such/folder", "a/b/c"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        engine_for(name).identity()


def test_damaged_and_foreign_checkpoints_are_one_clear_error(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    broken = shutil.copytree(folders["bart"], tmp_path / "broken")
    (broken / "model.safetensors").write_bytes((broken / "model.safetensors").read_bytes()[:999])
    lame = shutil.copytree(folders["bart"], tmp_path / "lame")
    tensors = load_file(lame / "model.safetensors")
    del tensors["model.decoder.layers.0.fc1.weight"]
    save_file(tensors, lame / "model.safetensors", metadata={"format": "pt"})
    mute = shutil.copytree(folders["bart"], tmp_path / "mute")
    (mute / "tokenizer.json").write_text("{}")
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, trouble in ((broken, "cannot be loaded"), (lame, "1 tensors are missing"), (empty, "cannot be loaded"),
                            (mute, "tokenizer cannot be loaded")):  # fmt: skip
        with pytest.raises(ModelError, match=trouble) as refused:
            list(engine_for(folder).write([task_of("We talk about bees.")]))
        assert "\n" not in str(refused.value)
        assert str(folder) in str(refused.value)
