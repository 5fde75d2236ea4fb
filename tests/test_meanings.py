"""Support and ranking by meaning, with a checkpoint in which some words are known to mean the same."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sentence_checkpoint
from conversations import INTERVIEW, say
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import SentenceEmbedder, Task, Written
from earwitness.engines.sentences import Sentences
from earwitness.errors import ModelError
from earwitness.extracts import Extract
from earwitness.meanings import Meanings
from earwitness.options import ModelOptions, Options, SummaryOptions
from earwitness.pipeline import Engines
from earwitness.ranking import Ranked, centrality, pick
from earwitness.summaries import SENTENCES, WARNING, fell_short, with_summaries
from earwitness.support import SUPPORTED, Witness
from earwitness.text import Vocabulary
from earwitness.types import Transcript
from episodes import episode, five_hours
from writers import Writer, picks_longest

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SAME = (
    "cook chef", "manager director", "afraid scared", "guests visitors", "hive beehive", "chimney smokestack",
    "honey nectar", "city town", "flowers blossoms", "feed nourish", "autumn fall", "sugar sweets", "colonies swarms",
    "mites parasites", "winter wintertime", "repair restoration", "difficult toughest", "church chapel",
    "clock timepiece", "applauded clapped", "village hamlet", "boat vessel", "wooden timber", "bought purchased",
    "survive endure", "strong sturdy", "colony swarm", "sailors mariners", "soup broth", "money cash",
)  # fmt: skip
PARAPHRASED = [
    "The director was scared.",
    "The director was scared that visitors would be stung.",
    "Tom lost two of nine swarms to parasites.",
    "Bees in the town find more blossoms.",
    "The hamlet clapped.",
    "Tom purchased a timber vessel.",
    "The mariners gave him broth and took no cash.",
    "He nourishes them with sweets in the fall.",
]
WRONG = [
    "Anna purchased a timber vessel.",  # it was Tom
    "Robert purchased a timber vessel.",  # there is none
    "Tom lost two of twelve swarms to parasites.",
    "Tom lost nine of two swarms to parasites.",
    "The toughest restoration was a chapel timepiece from 1970.",
    "The mariners gave him broth and took cash.",
    "The swarm does not endure the wintertime.",
    "Tom purchased a timber orchestra.",  # nobody said, and nothing means that
    "The director was scared that parliament would be stung.",
    "A minister nourishes dragons with sweets.",
    "Anna says that the swarm endures the wintertime if it is sturdy.",  # Tom does
]
OTHERS = (
    "robert orchestra parliament minister dragons nourishes endures does not he him with be would stung says twelve"
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Sentences:
    segments, _ = say(INTERVIEW)
    texts = [item.text for item in segments] + PARAPHRASED + WRONG + [OTHERS]
    groups = [*SAME, "nourish nourishes", "endure endures"]
    same = [group for group in groups if "nourish" not in group and "endure" not in group]
    same += ["feed nourish nourishes", "survive endure endures"]
    folder = sentence_checkpoint.write(tmp_path_factory.mktemp("model"), texts, same)
    return Sentences(folder, "test", ModelOptions(threads=1))


class Refusing:
    """An embedder that must not be asked, or that fails."""

    name = "refusing"
    versions: Mapping[str, str] = MappingProxyType({})

    def identity(self) -> str:
        return "refusing"

    def embed(self, texts: Sequence[str]) -> FloatArray:
        raise ModelError("refusing: the model cannot be run; use --sentence-model none")


def witness(embedder: SentenceEmbedder | None) -> Witness:
    segments, _ = say(INTERVIEW)
    names = {str(item.speaker): str(item.speaker) for item in segments}
    return Witness(segments, "en", names, meanings=Meanings(embedder) if embedder else None)


@pytest.mark.parametrize("sentence", PARAPHRASED)
def test_a_paraphrase_in_other_words_passes_with_a_model_only(engine: Sentences, sentence: str) -> None:
    found = witness(engine).cited(sentence)
    assert witness(None).cited(sentence).support < SUPPORTED <= found.support
    assert found.evidence


@pytest.mark.parametrize("sentence", WRONG)
def test_what_is_wrong_in_other_words_is_found(engine: Sentences, sentence: str) -> None:
    assert witness(engine).cited(sentence).support < SUPPORTED


def test_the_evidence_of_a_paraphrase_is_where_it_was_said(engine: Sentences) -> None:
    segments, _ = say(INTERVIEW)
    texts = {item.id: item.text for item in segments}
    found = witness(engine).cited("Tom lost two of nine swarms to parasites.")
    assert any("two of nine colonies" in texts[number] for number in found.evidence)
    found = witness(engine).cited("The hamlet clapped.", [item.id for item in segments if item.speaker == "Tom"])
    assert any("applauded" in texts[number] for number in found.evidence)
    assert witness(engine).cited("The hamlet clapped.", []).evidence == ()


def test_models_that_put_all_texts_into_a_cone_judge_alike(engine: Sentences, tmp_path: Path) -> None:
    segments, _ = say(INTERVIEW)
    texts = [item.text for item in segments] + PARAPHRASED + WRONG + [OTHERS]
    texts += ["The dentist sang butter in the election of last summer by the telescope."]
    same = [*(g for g in SAME if "feed" not in g and "survive" not in g), "feed nourish", "survive endure"]
    folder = sentence_checkpoint.write(tmp_path / "cone", texts, same, cone=3.0)
    narrow = Sentences(folder, "cone", ModelOptions(threads=1))
    clock, boat = narrow.embed(["the clock", "the boat"])
    assert clock @ boat > 0.9  # plain cosines would take one for the other
    meanings = Meanings(narrow)
    assert meanings.of(["clock"])[0] @ meanings.of(["boat"])[0] < 0.5
    assert witness(narrow).cited("Tom purchased a timber vessel.").support >= SUPPORTED
    assert witness(narrow).cited("Tom purchased a timber orchestra.").support < SUPPORTED


def test_what_words_bear_out_or_contradict_no_model_is_asked() -> None:
    asked = witness(Refusing())
    assert asked.cited("Tom bought a wooden boat of eight meters.").support == 1.0
    assert asked.cited("Last winter, nine of two colonies were lost to mites.").support < SUPPORTED
    with pytest.raises(ModelError):
        asked.cited("Tom purchased a timber vessel.")


def test_a_text_is_embedded_once() -> None:
    asked: list[str] = []

    class Counting(Refusing):
        def embed(self, texts: Sequence[str]) -> FloatArray:
            asked.extend(texts)
            return np.random.default_rng(len(texts)).normal(0, 1, (len(texts), 8)).astype(np.float32)

    meanings = Meanings(Counting())
    rows = meanings.of(["a", "b", "a"])
    assert np.array_equal(rows[0], rows[2])
    assert np.array_equal(meanings.of(["b"])[0], rows[1])
    assert (asked.count("a"), asked.count("b")) == (1, 1)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_centrality_heeds_what_means_the_same(engine: Sentences) -> None:
    told = ["The sailors bought soup.", "The mariners purchased broth.", "Mariners bought broth.", "Bees like gardens."]
    documents = [Vocabulary.of([], "en").terms(text) for text in told]
    rows = Meanings(engine).rows(told)
    by_words, by_both = centrality(documents), centrality(documents, rows)
    assert by_both.argmax() < 3
    assert by_both[:3].min() > 1.5 * by_both[3]
    assert by_words[0] < by_words[2]
    assert by_both[0] == pytest.approx(by_both[1], rel=0.35)


def test_centrality_over_both_graphs_is_the_stationary_distribution() -> None:
    """By dense linear algebra on the mean of the two matrices."""
    draw = np.random.default_rng(0)
    documents = [[f"w{term}" for term in draw.integers(0, 12, size=6)] for _ in range(15)]
    rows = draw.normal(0.2, 1, (15, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    counts = np.array([[document.count(f"w{term}") for term in range(12)] for document in documents])
    weights = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * np.log1p(15 / (counts > 0).sum(axis=0))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    graph = (weights @ weights.T + np.maximum(rows @ rows.T, 0)) / 2 - np.eye(15)
    walk = 0.15 / 15 + 0.85 * graph / graph.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(walk.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    np.testing.assert_allclose(centrality(documents, rows), 15 * stationary / stationary.sum(), atol=1e-3)


def test_nothing_is_said_twice_in_other_words(engine: Sentences) -> None:
    """Of three sentences of which two mean the same, the two that differ."""
    told = ["Mariners purchased broth.", "The sailors bought soup.", "Bees like gardens."]
    rows = Meanings(engine).rows(told)
    extracts = [Extract(t, (n,), tuple(Vocabulary.of([], "en").terms(t)), 1.0, True) for n, t in enumerate(told)]

    def picked(rows: FloatArray | None) -> set[str]:
        worth = (1.0, 0.9, 0.8)
        items = [
            Ranked(extract, worth[n], n, 0, None if rows is None else rows[n]) for n, extract in enumerate(extracts)
        ]
        return {item.extract.text for item in pick(items, 2)}

    assert picked(None) == {told[0], told[1]}
    assert picked(rows) == {told[0], told[2]}


def summarized(transcript: Transcript, writer: Writer | None, embedder: SentenceEmbedder | None) -> Transcript:
    return with_summaries(transcript, SummaryOptions(), writer, Checkpoints(None), sentences=embedder)


def test_a_transcript_tells_which_model_was_heeded(engine: Sentences) -> None:
    plain = summarized(episode(), None, None)
    heeding = summarized(plain, None, engine)
    assert heeding.engine.versions == {**plain.engine.versions, **engine.versions, SENTENCES: "test"}
    assert not fell_short(heeding, None, engine)
    assert SENTENCES not in summarized(heeding, None, None).engine.versions


def test_a_run_takes_the_model_that_is_asked_for(tmp_path: Path) -> None:
    folder = str(sentence_checkpoint.write(tmp_path / "model", ["storm"]))
    asked = Options.of(engine="fake", diarize=False, sentence_model=folder)
    found = Engines(asked).sentences
    assert found
    assert found.name == folder
    assert Engines(Options.of(engine="fake", diarize=False, sentence_model="none")).sentences is None
    assert Engines(replace(asked, summary=replace(asked.summary, summarizer="none"))).sentences is None


def test_a_model_that_fails_leaves_the_summaries_by_words() -> None:
    plain = summarized(episode(), Writer(picks_longest), None)
    result = summarized(episode(), Writer(picks_longest), Refusing())
    assert (result.summary, result.chapters, result.speakers) == (plain.summary, plain.chapters, plain.speakers)
    assert result.warnings[-1].startswith(f"{WARNING}meanings are not heeded, only words; refusing: ")
    assert fell_short(result, None, Refusing())


def test_what_an_engine_writes_in_other_words_has_evidence(engine: Sentences) -> None:
    def paraphrases(task: Task) -> tuple[Written, ...]:
        return (Written("The director was scared that visitors would be stung."),)

    def worst(embedder: SentenceEmbedder | None) -> float:
        result = summarized(episode(), Writer(paraphrases), embedder)
        assert result.summary
        return min(sentence.support for sentence in result.summary.sentences)

    assert worst(None) < SUPPORTED <= worst(engine)


@pytest.mark.slow
def test_five_hours_take_little_memory(tmp_path: Path) -> None:
    transcript = five_hours()
    folder = sentence_checkpoint.write(tmp_path / "model", [transcript.text])
    engine = Sentences(folder, "test", ModelOptions(threads=1))
    tracemalloc.start()
    began = time.process_time()
    result = summarized(transcript, None, engine)
    elapsed_s, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.engine.versions[SENTENCES] == "test"
    assert elapsed_s < 60  # though tracing makes it slower
    assert peak < 80e6
