"""Chapters against conversations whose topics are known."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import INTERVIEW, ISLAND, OCTOPUS, SWEDISH, TOPICS, say
from earwitness.chapters import chapters
from earwitness.options import ChapterOptions, SegmentOptions
from earwitness.segments import segment
from earwitness.types import Chapter, Coverage, Segment, Word

OPTIONS = ChapterOptions()


def first_segments(found: Sequence[Chapter]) -> list[int]:
    return [chapter.segments[0] for chapter in found]


def pk_and_window_diff(truth: Sequence[int], found: Sequence[int], size: int) -> tuple[float, float]:
    """Pk (Beeferman et al. 1999) and WindowDiff (Pevzner and Hearst 2002), 0 is perfect, 0.5 about chance."""
    marks = [np.isin(np.arange(size), starts).cumsum() for starts in (truth, found)]
    width = max(2, round(size / len(truth) / 2))
    crossed = [mark[width:] - mark[:-width] for mark in marks]
    return float(np.mean((crossed[0] == 0) != (crossed[1] == 0))), float(np.mean(crossed[0] != crossed[1]))


def five_topics(seed: int, speakers: str) -> str:
    """The five topics in some order, their sentences too; with two speakers these change at random."""
    draw = random.Random(seed)
    script = []
    for name in draw.sample(sorted(TOPICS), len(TOPICS)):
        sentences = [f"{' '.join(text.split())}." for text in TOPICS[name].split(".") if text.strip()]
        draw.shuffle(sentences)
        script.append("\n".join(f"{draw.choice(speakers)}: {sentence}" for sentence in sentences))
    return "\n\n".join(script)


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize("speakers", ["A", "AB"])
def test_topics_are_found_by_their_words(speakers: str, draft: bool) -> None:
    scores = []
    for seed in range(8):
        segments, truth = say(five_topics(seed, speakers), draft=draft)
        found = first_segments(chapters(segments, ChapterOptions(min_chapter_s=20), "en"))
        scores.append(pk_and_window_diff(truth, found, len(segments)))
    assert np.mean(scores, axis=0) == pytest.approx([0, 0], abs=0.08)


def test_the_measures_tell_good_from_bad() -> None:
    assert pk_and_window_diff([0, 10, 20], [0, 10, 20], 30) == (0, 0)
    assert pk_and_window_diff([0, 10, 20], [0], 30) == pytest.approx((0.4, 0.4))


def with_jingles(*places: int) -> tuple[tuple[Segment, ...], tuple[Coverage, ...]]:
    """Ten sentences on bread, ten on stars; before some of them are five seconds of music."""
    told = f"{TOPICS['bread']} {TOPICS['stars']}"
    segments, music, time = [], [], 0.0
    for number, text in enumerate(" ".join(sentence.split()) + "." for sentence in told.split(".") if sentence.strip()):
        if number in places:
            music.append(Coverage(time, time + 5.0, "music"))
        time += 5.0 if number in places else 0.3
        segments.append(Segment(number, time, time + 3.5, text, "A", (Word(f" {text}", time, time + 3.5, 1.0, "A"),)))
        time += 3.5
    return tuple(segments), tuple(music)


def test_a_jingle_speaks_for_a_chapter() -> None:
    for place in (8, 11, 12):
        segments, music = with_jingles(place)
        assert first_segments(chapters(segments, OPTIONS, "en", music)) == [0, place]
        assert first_segments(chapters(segments, OPTIONS, "en")) == [0, 10]


def test_music_in_every_pause_is_no_jingle() -> None:
    segments, music = with_jingles(*range(2, 20, 2))
    assert chapters(segments, OPTIONS, "en", music) == chapters(segments, OPTIONS, "en")


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize("script", [INTERVIEW, ISLAND, OCTOPUS], ids=["trades", "island", "octopus"])
def test_interviews_are_divided_where_their_topics_change(script: str, draft: bool) -> None:
    segments, truth = say(script, draft=draft)
    assert first_segments(chapters(segments, OPTIONS, "en")) == truth


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        (INTERVIEW, ["Introduction", "bees", "clock", "boat", "Closing"]),
        (ISLAND, ["Introduction", "harbor", "weather station", "radio museum", "Closing"]),
        (OCTOPUS, ["Introduction", "octopuses", "ice", "book", "Closing"]),
    ],
)
def test_titles_say_what_the_chapter_is_about(script: str, titles: list[str]) -> None:
    found = [chapter.title for chapter in chapters(say(script)[0], OPTIONS, "en")]
    for title, expected in zip(found, titles, strict=True):
        assert expected.lower() in title.lower()
        assert title[0].isupper()
        assert len(title) <= 60


def test_a_language_without_a_list_of_stop_words() -> None:
    segments, truth = say(SWEDISH, language="sv")
    found = chapters(segments, ChapterOptions(min_chapter_s=20), "sv")
    assert first_segments(found) == truth
    assert "bröd" in found[0].title.lower()
    assert "stjärn" in found[1].title.lower()


def test_no_segments_no_chapters() -> None:
    assert chapters((), OPTIONS, "en") == ()


def test_a_short_recording_is_one_chapter() -> None:
    segments, _ = say("A: The baker folds the dough. The loaf is dark.")
    (only,) = chapters(segments, OPTIONS, "en")
    assert (only.start, only.end, only.segments) == (0.0, segments[-1].end, (0, 1))


def test_text_without_content_is_one_chapter_named_by_its_words() -> None:
    segments, _ = say("A: Yes. No. Well, so it is.")
    (only,) = chapters(segments, OPTIONS, "en")
    assert only.title == "Yes. No. Well, so it is"


@given(
    st.lists(
        st.tuples(st.sampled_from(list(TOPICS.values())), st.sampled_from(["A", "B", None]), st.floats(0, 40)),
        min_size=1,
        max_size=40,
    )
)
def test_chapters_abut_and_hold_every_segment_once(drawn: list[tuple[str, str | None, float]]) -> None:
    segments, time = [], 0.0
    for number, (text, speaker, pause) in enumerate(drawn):
        start = time + pause
        time = start + 5.0
        segments.append(Segment(number, start, time, text[:60], speaker, (Word(" x", start, time, 1.0, speaker),)))
    found = chapters(segments, OPTIONS, "en")
    assert [number for chapter in found for number in chapter.segments] == [item.id for item in segments]
    assert [chapter.id for chapter in found] == list(range(len(found)))
    assert (found[0].start, found[-1].end) == (0.0, time)
    assert all(one.end == other.start == segments[other.segments[0]].start for one, other in pairwise(found))
    assert all(chapter.end - chapter.start >= OPTIONS.min_chapter_s - 1e-9 for chapter in found[1:-1])


def long_show(hours: float, topic_s: float) -> tuple[Segment, ...]:
    """Sentences of made-up words: half from a topic's own sixty, half from those that every topic uses."""
    draw = random.Random(0)
    lexicon = [f"{a}{b}{c}o" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]
    words: list[Word] = []
    time, until, own = 0.0, 0.0, lexicon
    while time < hours * 3600:
        if time >= until:
            until, own = time + topic_s * draw.uniform(0.5, 1.5), draw.sample(lexicon, 60)
        for number in range(count := draw.randint(5, 18)):
            shown = draw.choice(draw.choice([own, lexicon]))
            words.append(Word(f" {shown}{'.' if number == count - 1 else ''}", time, time + 0.33, 1.0, "A"))
            time += 0.37
        time += 0.3
    return segment(words, (), "en", SegmentOptions())


@pytest.mark.parametrize(
    ("hours", "topic_s", "fewest", "most"), [(0.07, 75, 2, 5), (1, 60, 5, 18), (1, 420, 6, 12), (5, 60, 8, 62)]
)
def test_the_number_of_chapters_suits_the_length(hours: float, topic_s: float, fewest: int, most: int) -> None:
    assert fewest <= len(chapters(long_show(hours, topic_s), OPTIONS, "en")) <= most


def test_five_hours_fit_in_memory() -> None:
    segments = long_show(5, 600)
    tracemalloc.start()
    chapters(segments, OPTIONS, "en")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
