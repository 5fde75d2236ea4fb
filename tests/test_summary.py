"""Summaries: what must be in them, what must not, and that every sentence was said where its evidence says."""

from __future__ import annotations

import re
import time
import tracemalloc
from dataclasses import replace

import claims
import numpy as np
import pytest

from conversations import INTERVIEW, ISLAND, OCTOPUS, SWEDISH, TOPICS, say
from earwitness.chapters import chapters
from earwitness.evaluation.synth import chatter
from earwitness.options import ChapterOptions, SummaryOptions
from earwitness.ranking import centrality
from earwitness.segments import speakers, turns
from earwitness.summary import CHAPTER_SENTENCES, EPISODE_SENTENCES, Summarized, summarize
from earwitness.types import Segment, Summary, SummarySentence
from factories import make_transcript

SCRIPTS = pytest.mark.parametrize("script", [INTERVIEW, ISLAND, OCTOPUS], ids=["trades", "island", "octopus"])


def summarized(
    script: str, *, draft: bool = False, language: str = "en", long_turn_s: float = 15.0
) -> tuple[tuple[Segment, ...], Summarized]:
    segments, _ = say(script, draft=draft, language=language)
    topics = chapters(segments, ChapterOptions(), language)
    return segments, summarize(segments, topics, turns(segments), SummaryOptions(long_turn_s=long_turn_s), language)


def all_summaries(result: Summarized) -> list[Summary]:
    held = [result.summary, *(item.summary for item in (*result.chapters, *result.turns))]
    return [summary for summary in held if summary is not None]


def words_of(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.lower())


def in_order_within(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


@SCRIPTS
@pytest.mark.parametrize("draft", [False, True])
def test_every_sentence_was_said_by_its_evidence(script: str, draft: bool) -> None:
    segments, result = summarized(script, draft=draft)
    for summary in all_summaries(result):
        assert summary.sentences
        for sentence in summary.sentences:
            said = " ".join(segments[number].text for number in sentence.evidence)
            assert in_order_within(words_of(sentence.text), words_of(said))
            assert sentence.support == 1.0
            assert len({segments[number].speaker for number in sentence.evidence}) == 1
            assert sentence.text[0].isupper()
            assert sentence.text.endswith((".", "!", "?"))


@SCRIPTS
def test_the_episode_in_a_few_sentences_from_all_its_topics(script: str) -> None:
    _, result = summarized(script)
    sentences = result.summary.sentences
    assert EPISODE_SENTENCES[0] <= len(sentences) <= EPISODE_SENTENCES[1]
    evidence = [number for sentence in sentences for number in sentence.evidence]
    assert evidence == sorted(set(evidence))
    for topic in result.chapters[1:-1]:
        assert set(evidence) & set(topic.segments)


@SCRIPTS
def test_questions_and_courtesies_are_passed_over(script: str) -> None:
    _, result = summarized(script)
    for summary in (result.summary, *(chapter.summary for chapter in result.chapters[1:-1])):
        assert summary is not None
        assert not re.search(r"\?|thank|welcome to|goodbye|^(?:well|so|um|and|but)\b", summary.text, re.IGNORECASE)


def test_the_preview_of_the_topics_comes_first() -> None:
    assert summarized(ISLAND)[1].summary.text.startswith(
        "I am Emma, and today we talk about the old harbor, the weather station and the radio museum."
    )


def test_a_sentence_that_leans_on_another_brings_it_along() -> None:
    _, result = summarized(OCTOPUS)
    assert result.summary.sentences[0].text.startswith("Today on the show, we've got Dr. Ruth Okafor. She's a marine")
    assert len(result.summary.sentences[0].evidence) == 2
    leaning = re.compile(r"^(?:it|that|he|she|they|their|but)\b", re.IGNORECASE)
    assert not any(leaning.search(sentence.text) for sentence in result.summary.sentences)


@SCRIPTS
def test_chapters_stay_within_themselves(script: str) -> None:
    _, result = summarized(script)
    for chapter in result.chapters:
        assert chapter.summary is not None
        assert CHAPTER_SENTENCES[0] <= len(chapter.summary.sentences) <= CHAPTER_SENTENCES[1]
        last = [sentence.evidence[-1] for sentence in chapter.summary.sentences]
        assert set(last) <= set(chapter.segments)


def test_only_long_turns_have_summaries() -> None:
    _, result = summarized(INTERVIEW, long_turn_s=15.0)
    lengths = [(turn.end - turn.start, turn) for turn in result.turns]
    assert any(length > 15 for length, _ in lengths)
    for length, turn in lengths:
        assert (turn.summary is not None) == (length > 15)
        for sentence in turn.summary.sentences if turn.summary else ():
            assert set(sentence.evidence) <= set(turn.segments)


def test_key_phrases() -> None:
    keywords = summarized(ISLAND)[1].keywords
    assert 5 <= len(keywords) <= 12
    assert {"bridge", "weather station"} <= set(keywords)
    assert len({word for phrase in keywords for word in phrase.split()}) == sum(len(p.split()) for p in keywords)


def test_fillers_and_false_starts_are_left_out() -> None:
    script = "A: Um, well, the the old bridge was, uh, closed because of the, you know, heavy storm. " + "Yes. " * 3
    (sentence,) = summarized(script)[1].summary.sentences
    assert sentence.text == "The old bridge was closed because of the heavy storm."
    assert sentence.support == 1.0


def test_who_is_addressed_is_left_out() -> None:
    script = """
    Anna: I am Anna, and my guest is George. George, the battery of the old boat was empty after the long storm.
    George: Anna, the sailors charged the battery with a small wooden windmill on the roof.
    Anna: George, a sailor from Bergen, charged the battery of the old boat with his windmill.
    George: Oslo, the capital of Norway, charged the battery of the boat, too.
    """
    lines = "\n".join(line.strip() for line in script.strip().splitlines())
    _, result = summarized(lines, long_turn_s=0.0)
    told = {sentence.text: sentence.support for summary in all_summaries(result) for sentence in summary.sentences}
    assert told["The battery of the old boat was empty after the long storm."] == 1.0
    assert told["The sailors charged the battery with a small wooden windmill on the roof."] == 1.0
    assert any(text.startswith("George, a sailor from Bergen, charged") for text in told)
    assert any(text.startswith("Oslo, the capital of Norway") for text in told)


def test_nothing_is_said_twice() -> None:
    line = "A: The storm destroyed the old bridge on Sunday. The farmers crossed the river with a wooden boat.\n"
    texts = [sentence.text for sentence in summarized(line * 12)[1].summary.sentences]
    assert {"The storm destroyed the old bridge on Sunday.", "The farmers crossed the river with a wooden boat."} <= {
        *texts
    }


def test_only_courtesies_still_give_a_summary() -> None:
    segments, result = summarized("A: Hello and welcome. Thank you.\nB: Thank you for having me, dear Anna.")
    assert [sentence.evidence for sentence in result.summary.sentences] == [(segments[-1].id,)]


def test_a_language_without_a_list_of_stop_words() -> None:
    _, result = summarized(SWEDISH, language="sv")
    assert len(result.summary.sentences) >= 3
    assert "stjärnor" in result.keywords


def test_an_hour_takes_little_time_and_memory() -> None:
    segments, _ = claims.talk(chatter.script(1.0, 3, seed=3))
    tracemalloc.start()
    began = time.process_time()
    topics = chapters(segments, ChapterOptions(), "en")
    result = summarize(segments, topics, turns(segments), SummaryOptions(), "en", speakers(segments))
    elapsed_s, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed_s < 12  # five hours in a minute, though tracing makes it slower
    assert peak < 40e6
    assert len(result.chapters) >= 10
    assert all(speaker.summary and speaker.summary.sentences for speaker in result.speakers)


def test_every_speaker_has_a_summary_of_what_they_say() -> None:
    segments, _ = say(INTERVIEW)
    topics = chapters(segments, ChapterOptions(), "en")
    result = summarize(segments, topics, turns(segments), SummaryOptions(), "en", speakers(segments))
    assert [speaker.id for speaker in result.speakers] == ["Anna", "Tom"]
    for speaker in result.speakers:
        assert speaker.summary
        assert speaker.summary.sentences
        said = {item.id for item in segments if item.speaker == speaker.id}
        assert all(set(sentence.evidence) <= said for sentence in speaker.summary.sentences)


def test_who_says_nothing_has_nothing_to_sum_up() -> None:
    segments, _ = say("Anna: The storm broke the wooden bridge in May.\nTom: Oh. And why?")
    topics = chapters(segments, ChapterOptions(), "en")
    result = summarize(segments, topics, turns(segments), SummaryOptions(), "en", speakers(segments))
    assert [bool(speaker.summary and speaker.summary.sentences) for speaker in result.speakers] == [True, False]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (ISLAND, "I am Emma, and today we talk about the old harbor, the weather station and the radio museum."),
        ("A: The storm broke the mast of the boat. Then it rained.", "The storm broke the mast of the boat."),
    ],
)
def test_the_description_is_a_line_that_was_said(script: str, line: str) -> None:
    described = summarized(script)[1].description
    assert described
    assert (described.text, described.support) == (line, 1.0)


def test_many_topics_are_described_by_their_titles() -> None:
    names = sorted(TOPICS)
    script = "\n\n".join("A: " + " ".join(TOPICS[name].split()) for name in names)
    _, result = summarized(script)
    assert result.description
    assert result.description.text.startswith("About ")
    assert result.description.support == 1.0
    assert len(result.description.evidence) == 4


def test_what_is_put_onto_a_transcript_is_judged_at_every_level() -> None:
    transcript = make_transcript()
    weak = Summary((SummarySentence("No.", (), 0.1),))
    result = Summarized(
        weak,
        (),
        tuple(replace(chapter, summary=weak) for chapter in transcript.chapters),
        tuple(replace(turn, summary=weak) for turn in transcript.turns),
        tuple(replace(speaker, summary=weak) for speaker in transcript.speakers),
        weak.sentences[0],
    )
    marked = result.onto(transcript, "mark")
    spans = (marked, *marked.chapters, *marked.turns, *marked.speakers)
    assert all(span.summary and span.summary.sentences[0].unsupported for span in spans)
    assert marked.description
    assert marked.description.unsupported
    dropped = result.onto(transcript, "drop")
    assert dropped.description is None
    assert not any(span.summary and span.summary.sentences for span in (dropped, *dropped.turns, *dropped.speakers))


def test_no_segments() -> None:
    assert summarize((), (), (), SummaryOptions(), "en") == Summarized(Summary(), (), (), ())


def test_centrality_is_lexrank() -> None:
    """Against the stationary distribution of the walk, by dense linear algebra on TF-IDF written out."""
    draw = np.random.default_rng(0)
    documents = [[f"w{term}" for term in draw.integers(0, 12, size=6)] for _ in range(15)]
    counts = np.array([[document.count(f"w{term}") for term in range(12)] for document in documents])
    weights = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * np.log1p(15 / (counts > 0).sum(axis=0))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    graph = weights @ weights.T - np.eye(15)
    walk = 0.15 / 15 + 0.85 * graph / graph.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(walk.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    np.testing.assert_allclose(centrality(documents), 15 * stationary / stationary.sum(), atol=1e-3)
