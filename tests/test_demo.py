"""The main job, for real: the bundled model on the bundled episode, against the truth its synthesiser told."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest

from earwitness import engines, transcribe
from earwitness.checkpoints import Checkpoints
from earwitness.exports import json
from earwitness.options import ModelOptions
from earwitness.types import Transcript

EXAMPLES = Path(__file__).parents[1] / "examples"
MAX_WER = 0.05
CHAPTER_TOLERANCE_S = 12.0


@pytest.fixture(scope="module")
def truth() -> Transcript:
    return json.read(EXAMPLES / "episode.json")


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    return transcribe(EXAMPLES / "episode.flac", model="demo", checkpoints=Checkpoints(None))


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def test_the_words_are_right(transcript: Transcript, truth: Transcript) -> None:
    assert jiwer.wer(plain(truth.text), plain(transcript.text)) <= MAX_WER


def test_every_turn_is_given_to_its_speaker(transcript: Transcript, truth: Transcript) -> None:
    """Each true turn's words carry one label, and labels and people correspond one to one."""
    labels: dict[str, Counter[str | None]] = {}
    for turn in truth.turns:
        inside = [w for w in transcript.words if turn.start <= (w.start + w.end) / 2 <= turn.end]
        votes = Counter(word.speaker for word in inside)
        (label, count), *_ = votes.most_common(1)
        assert count / len(inside) >= 0.9, f"{turn} {votes}"
        labels.setdefault(str(turn.speaker), Counter())[label] += 1
    assert all(len(votes) == 1 for votes in labels.values()), labels
    assert len({next(iter(votes)) for votes in labels.values()}) == len(labels) == len(transcript.speakers) == 3


def test_words_begin_where_they_are_said(transcript: Transcript, truth: Transcript) -> None:
    """The starts of words that occur once in a true turn and in the words around it."""
    starts = {(round(word.start), plain(word.word)): word.start for word in truth.words}
    errors = []
    for word in transcript.words:
        near = [starts.get((round(word.start) + shift, plain(word.word))) for shift in (-1, 0, 1)]
        if known := [start for start in near if start is not None]:
            errors.append(min(abs(word.start - start) for start in known))
    assert len(errors) > 400
    assert float(np.median(errors)) < 0.2


def test_every_second_is_accounted_for(transcript: Transcript) -> None:
    edges = [(span.start, span.end) for span in transcript.coverage]
    assert edges[0][0] == 0.0
    assert edges[-1][1] == pytest.approx(transcript.duration)
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    lost = sum(span.end - span.start for span in transcript.coverage if span.kind == "dropped")
    assert lost < 0.02 * transcript.duration


def test_the_three_topics_are_chapters(transcript: Transcript, truth: Transcript) -> None:
    starts = [chapter.start for chapter in transcript.chapters]
    assert 3 <= len(starts) <= 7
    for chapter in truth.chapters[1:4]:
        assert min(abs(start - chapter.start) for start in starts) <= CHAPTER_TOLERANCE_S, chapter.title
    titles = " ".join(chapter.title for chapter in transcript.chapters).lower()
    assert "bridge" in titles
    assert "song" in titles or "archive" in titles or "tape" in titles


def test_the_summary_rests_on_what_was_said(transcript: Transcript) -> None:
    assert transcript.summary is not None
    assert 3 <= len(transcript.summary.sentences) <= 8
    by_id = {segment.id: segment for segment in transcript.segments}
    for sentence in transcript.summary.sentences:
        assert sentence.evidence
        said = plain(" ".join(by_id[index].text for index in sentence.evidence))
        assert set(plain(sentence.text).split()) - set(said.split()) <= set(), sentence
        assert sentence.support > 0.9
    topics = plain(transcript.summary.text)
    assert sum(topic in topics for topic in ("bridge", "wind", "song")) >= 2


def test_the_transcript_says_which_model_spoke(transcript: Transcript) -> None:
    fastest_here = engines.recognizer(ModelOptions(model="demo")).name
    assert (transcript.engine.asr, transcript.engine.model) == (fastest_here, "demo")
    assert any("not meant for human speech" in warning for warning in transcript.warnings)
