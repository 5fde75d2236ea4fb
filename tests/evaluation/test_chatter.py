"""Made-up podcasts: the words, the shape of the talk, the chapters and the length that they promise."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from earwitness.chapters import chapters
from earwitness.errors import OptionError
from earwitness.evaluation.synth import sentences, topics
from earwitness.evaluation.synth.chatter import script, spoken_s
from earwitness.evaluation.synth.script import Heading, Line, Music, Overlap, Pause, Script
from earwitness.options import ChapterOptions
from earwitness.types import Segment

GRAMMAR_SHA256 = "9f1eb8e7889a59ded5584604d7df601888e4d16e24a583ab5cb5bd6829b97547"
"""Of 20,000 sentences with `Random(1000)`. Where it changes, the demo model is to be trained again."""


def lines(made: Script) -> list[Line]:
    return [item for item in made.items if isinstance(item, Line)]


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def said_in_chapters(made: Script) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for item in made.items:
        if isinstance(item, Heading):
            assert item.title not in found
            found[item.title] = []
        elif isinstance(item, Line):
            found[list(found)[-1]].append(item)
    return found


def known_words() -> set[str]:
    """What the grammar of the training text can say."""
    patterns = (*sentences.STOCK, *sentences.PHRASES, *sentences.OPENERS, "these all")
    nouns = (*sentences.NOUNS, *map(sentences.plural, sentences.NOUNS))
    written = (*(re.sub(r"\{.\}", " ", pattern) for pattern in patterns), *sentences.ALL_WORDS, *nouns, "costs needs")
    return {word for text in written for word in words_of(text)}


def test_a_change_of_the_grammar_that_the_demo_model_learns_is_noticed() -> None:
    r = Random(1000)
    text = "\n".join(sentences.sentence(r) for _ in range(20_000))
    assert hashlib.sha256(text.encode()).hexdigest() == GRAMMAR_SHA256


def test_words_that_sound_alike_are_not_said_where_nothing_else_tells_them() -> None:
    """In the salad there are none, and none before a noun, where an adjective and another noun may stand."""
    pytest.importorskip("espeakng_loader", reason="needs espeak-ng; pip install 'earwitness[tts]'")
    from earwitness.engines.espeak import speak

    heard: dict[bytes, set[str]] = {}
    for word in known_words():
        heard.setdefault(speak(word).samples.tobytes(), set()).add(word)
    alike = [words for words in heard.values() if len(words) > 1]
    assert {"know", "no"} in alike
    homophones = {word.lower() for word in sentences.HOMOPHONES}
    assert {word for words in alike for word in words} <= homophones <= known_words()
    assert not sentences.HOMOPHONES & set(sentences.SALAD)
    before_nouns = {*sentences.ADJECTIVES, *sentences.NOUNS}
    assert not any(len(words & before_nouns) > 1 for words in alike)


def test_every_word_is_one_that_the_demo_model_has_heard() -> None:
    known = known_words()
    for seed in range(3):
        used = {word for line in lines(script(2, 5, seed)) for word in words_of(line.text)}
        assert used - known == set()
        assert len(used) > 700


def test_a_seed_decides_on_everything() -> None:
    assert script(0.2, 3, 5) == script(0.2, 3, 5)
    assert script(0.2, 3, 5) != script(0.2, 3, 6)


@pytest.mark.parametrize(("hours", "speakers"), [(0.05, 2), (0.5, 3), (2, 12)])
def test_it_is_a_conversation(hours: float, speakers: int) -> None:
    said = lines(script(hours, speakers, seed=1))
    turns = Counter(line.speaker for line in said)
    host = said[0].speaker
    assert len(turns) == speakers
    assert said[-1].speaker == host == turns.most_common(1)[0][0]
    assert all(before.speaker != after.speaker for before, after in pairwise(said))
    questions = [before for before, after in pairwise(said) if "?" in before.text and after.speaker != before.speaker]
    assert len(questions) > 0.2 * len(said)
    assert all(re.search(r"[.?]$", line.text) and line.text[0].isupper() for line in said)
    assert not any(re.search(r"[{}]|\b[Aa] [aeio]|  ", line.text) for line in said)


def test_turns_are_of_all_lengths_and_some_overlap() -> None:
    made = script(3, 4, seed=7)
    lengths = [spoken_s(line.text) for line in lines(made)]
    one_word = [line for line in lines(made) if len(line.text.split()) == 1]
    assert len(one_word) > 0.05 * len(lengths)
    assert sum(length > 45 for length in lengths) > 5
    assert max(lengths) < 100
    overlaps = [item.seconds for item in made.items if isinstance(item, Overlap)]
    assert 0.02 < len(overlaps) / len(lengths) < 0.1
    assert max(overlaps) < 1
    assert all(0.1 < item.seconds <= 2 for item in made.items if isinstance(item, Pause))


def test_music_plays_under_it_all_and_pauses_are_long_where_it_is_asked_for() -> None:
    plain, made = script(1, 4, seed=7), script(1, 4, seed=7, music_below_db=15.0, max_pause_s=30.0)
    pauses = [item.seconds for item in made.items if isinstance(item, Pause)]
    assert 20 < max(pauses) <= 30
    assert sum(pause > 5 for pause in pauses) > 5
    assert [item.level_db for item in made.items if isinstance(item, Music)] == [-38.0]
    assert not any(isinstance(item, Music) for item in plain.items)
    spoken = sum(spoken_s(line.text) for line in lines(made)) + sum(pauses)
    assert 0.8 * 3600 < spoken < 1.05 * 3600  # pauses count: the podcast is no longer for them
    for wrong in (1.0, 400.0, float("nan")):
        with pytest.raises(OptionError, match="pauses must lie between 2 s and a tenth"):
            script(1, 4, seed=7, max_pause_s=wrong)


def test_a_host_alone_holds_a_monologue() -> None:
    made = script(0.2, 1, seed=3)
    assert len({line.speaker for line in lines(made)}) == 1
    assert not any(isinstance(item, Overlap) for item in made.items)


def test_a_chapter_has_its_own_nouns_and_its_title_names_one() -> None:
    drawn = topics.draw(Random(2), 60, ["Anna"])
    assert len({topic.title for topic in drawn}) == len(drawn)
    for before, topic in pairwise(drawn):
        assert 15 <= len(set(topic.nouns)) <= 25
        assert topic.title.split()[-1] in topic.nouns
        assert len(set(topic.nouns) & set(before.nouns)) < 8
    chaptered = said_in_chapters(script(1, 3, seed=9))
    assert next(iter(chaptered)) == "Welcome"
    assert list(chaptered)[-1] == "Goodbye"
    for title in list(chaptered)[1:-1]:
        counts = Counter(word for line in chaptered[title] for word in words_of(line.text))
        assert counts[title.split()[-1]] >= 5
        assert chaptered[title][0].text.count(title.removeprefix("The ")) >= 1


def test_themes_are_made_of_the_words_of_the_grammar() -> None:
    for theme in topics.THEMES:
        for kind, (_, most) in topics.DRAWN.items():
            words = getattr(theme, kind).split()
            assert len(words) == len(set(words)) >= most
        nouns = f"{theme.people} {theme.places} {theme.things} {theme.stuff}".split()
        assert len(nouns) == len(set(nouns))
        assert set(nouns) <= set(sentences.NOUNS)
        assert set(theme.verbs.split()) <= topics.VERBS.keys()
        assert set(theme.adjectives.split()) <= set(sentences.ADJECTIVES)
    assert (topics.VERBS["take"], topics.VERBS["drink"], topics.VERBS["discuss"]) == ("took", "drank", "discussed")


def test_the_chapter_stage_finds_the_topics() -> None:
    """On the text with planned times: most chapters begin where one of the stage's does, and nearly all of its do."""
    segments: list[Segment] = []
    starts: list[float] = []
    time_s, begins = 0.0, False
    for item in script(0.5, 3, seed=3).items:
        begins = begins or isinstance(item, Heading)
        if isinstance(item, Line):
            starts += [time_s] if begins else []
            begins = False
            for text in re.split(r"(?<=[.?]) ", item.text):
                length_s = spoken_s(text)
                segments.append(Segment(len(segments), time_s, time_s + length_s, text, item.speaker, ()))
                time_s += length_s
            time_s += 0.5
    found = [chapter.start for chapter in chapters(segments, ChapterOptions(), "en")]
    assert sum(min(abs(start - other) for other in found) < 15 for start in starts) >= 0.6 * len(starts)
    assert sum(min(abs(start - other) for other in starts) < 15 for start in found) >= 0.8 * len(found)


@pytest.mark.parametrize(("hours", "speakers"), [(0.04, 2), (0.1, 4)])
def test_it_is_about_as_long_as_asked(hours: float, speakers: int) -> None:
    pytest.importorskip("espeakng_loader", reason="needs espeak-ng; pip install 'earwitness[tts]'")
    from earwitness.evaluation.synth.podcast import make

    for seed in (1, 2):
        duration_s = len(make(script(hours, speakers, seed)).samples) / 16_000
        assert duration_s == pytest.approx(hours * 3600, rel=0.05)


@pytest.mark.parametrize(
    ("hours", "speakers", "named"),
    [
        (1, 0, "speakers"), (1, 13, "speakers"), (0, 2, "hours"), (25, 2, "hours"), (-1, 2, "hours"),
        (float("nan"), 2, "hours"), (float("inf"), 2, "hours"), (0.05, 12, "12 speakers"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(hours: float, speakers: int, named: str) -> None:
    with pytest.raises(OptionError, match=named):
        script(hours, speakers, seed=0)


def test_a_day_of_talk_is_quickly_written_and_does_not_repeat_itself() -> None:
    made = script(24, 6, seed=4)
    said = [text for line in lines(made) for text in re.split(r"(?<=[.?]) ", line.text) if len(text.split()) > 4]
    assert len(set(said)) > 0.85 * len(said)
    titles = [item.title for item in made.items if isinstance(item, Heading)]
    assert len(set(titles)) == len(titles) > 200
