"""The script that measures chapters and summaries: what it makes, and that ours beat what others do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import fmean

import extracting
import paraphrases
import pytest
import topics

from earwitness.evaluation.segmentation import compare
from earwitness.support import SUPPORTED

SCRIPT = Path(__file__).parents[1] / "scripts" / "measure_summaries"


@pytest.mark.parametrize("voices", [1, 2])
def test_chapters_beat_text_tiling(voices: int) -> None:
    scores: dict[str, list[tuple[float, float]]] = {"ours": [], "tiles": []}
    for seed in range(5):
        segments, truth = topics.joined(seed, voices=voices)
        scores["ours"].append(compare(truth, topics.ours(segments, 0), len(segments)))
        scores["tiles"].append(compare(truth, topics.text_tiling(segments), len(segments)))
    for measure in (0, 1):
        ours, tiles = (fmean(score[measure] for score in scores[name]) for name in ("ours", "tiles"))
        assert ours < 0.2
        assert ours < 0.6 * tiles


def test_topics_begin_where_they_are_said_to() -> None:
    texts, segments, starts = topics.joined_texts(3, voices=2)
    assert len(starts) == len(texts) - 1
    for text, start in zip(texts[1:], starts, strict=True):
        assert " ".join(text.told.split()).startswith(segments[start].text)


def test_extracts_beat_the_first_sentences_and_any() -> None:
    episodes = extracting.single()
    scores = {}
    for name, choose in (("ours", extracting.ours), ("lead", extracting.lead), ("any", extracting.anywhere)):
        chosen = [choose(episode, len(extracting.ours(episode, 0))) for episode in episodes]
        found = [extracting.scored(episode, ids) for episode, ids in zip(episodes, chosen, strict=True)]
        scores[name] = fmean(score[2] or 0.0 for score in found), fmean(score[3] or 0.0 for score in found)
    for measure in (0, 1):
        assert scores["ours"][measure] > 1.1 * max(scores["lead"][measure], scores["any"][measure])


def test_words_alone_mark_all_wrong_paraphrases_and_most_faithful_ones() -> None:
    told = paraphrases.judgements()
    assert [item.with_model for item in told] == [item.by_words for item in told]
    assert not any(item.by_words >= SUPPORTED for item in told if not item.faithful)
    assert 0 < sum(item.by_words >= SUPPORTED for item in told if item.faithful) < 6


def test_unknown_tables_are_refused() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "weather"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no table weather; there are chapters, extracts, support, paraphrases" in done.stderr
