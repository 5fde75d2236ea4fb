from __future__ import annotations

import string
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from earwitness.errors import OptionError
from earwitness.exports.json import read
from earwitness.library import search as searching
from earwitness.library.episodes import keep
from earwitness.library.passages import PASSAGE_S, SEPARATOR, SPEECH, packed, passages, time_at
from earwitness.library.query import MAX_CHARACTERS, parsed
from earwitness.library.search import Hit, search
from earwitness.library.store import Library
from earwitness.types import EngineInfo, SourceInfo, Summary, SummarySentence, Transcript, Word
from factories import make_segment, make_transcript

EPISODE = Path(__file__).parents[2] / "examples" / "episode.json"


def made(number: int, *lines: tuple[str | None, str], **changes: object) -> Transcript:
    source = SourceInfo(f"show {number}.mp3", f"{number:064x}", 3600.0)
    return make_transcript(lines, **{"source": source, "chapters": (), **changes})


def texts(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.snippet for hit in hits]


def found(library: Library, query: str, **filters: str) -> set[int]:
    return {hit.episode for hit in search(library, query, **filters)}  # type: ignore[arg-type]


def test_a_hit_says_who_when_and_marks_the_word(library: Library) -> None:
    number = keep(library, make_transcript())
    (hit,) = search(library, "mended")
    assert (hit.episode, hit.title, hit.kind, hit.speaker) == (number, "episode one", SPEECH, "Bob")
    (word,) = (word for word in make_transcript().words if word.word == " mended")
    assert hit.start == pytest.approx(word.start, abs=0.011)
    assert hit.time == f"0:{int(word.start):02d}"
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["mended"]
    assert hit.score > 0


def test_every_word_of_an_episode_is_found_at_its_second(library: Library) -> None:
    transcript = read(EPISODE)
    keep(library, transcript)
    places: dict[str, list[Word]] = {}
    for word in transcript.words:
        places.setdefault(word.word.strip(string.whitespace + string.punctuation).casefold(), []).append(word)
    for text in Random(1).sample(sorted(places), 60):
        hits = [hit for hit in search(library, f'"{text}"', limit=1000) if hit.kind == SPEECH]
        assert hits
        for hit in hits:  # it tells the first such word of its passage
            own = [word for word in places[text] if abs(word.start - hit.start) <= 0.011]
            assert [transcript.name_of(word.speaker) for word in own] == [hit.speaker], text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("climate tax", {1, 3}),
        ("climate AND tax", {1, 3}),
        ("climate OR whale", {1, 2, 3, 4}),
        ("climate NOT tax", {2}),
        ("climate AND (whale OR tax)", {1, 3}),
        ('"climate tax"', {3}),
        ('"tax climate"', set()),
        ("clim*", {1, 2, 3}),
        ("CLIMATE", {1, 2, 3}),
        ("cafe", {4}),
        ("café's", {4}),
        ("“climate tax”", {3}),
        ("climate AND AND", {1, 2, 3}),
        ("(climate", {1, 2, 3}),
        ('climate "tax', {1, 3}),
        ("climate OR", {1, 2, 3}),
        ("NOT whale", {4}),
        ("what's up?", {5}),
        ("C++", {5}),
        ("title:whale", set()),
        ("text : whale", set()),
        ("NEAR(climate tax, 2)", set()),
        ("nowhere", set()),
    ],
)
def test_what_a_query_means(library: Library, query: str, numbers: set[int]) -> None:
    keep(library, made(1, ("A", "The climate has a price, and so has a tax.")))
    keep(library, made(2, ("A", "A climate is no weather.")))
    keep(library, made(3, ("A", "What is a climate tax?")))
    keep(library, made(4, ("A", "A whale in the café's bay.")))
    keep(library, made(5, ("A", "What's up with C++?")))
    assert found(library, query) == numbers


@pytest.mark.parametrize("query", ["", "  ", '"', "???", '"-" *', "()", "🙂"])
def test_a_query_without_a_word_is_refused_in_a_line(library: Library, query: str) -> None:
    with pytest.raises(OptionError, match="has no word to search for; give one"):
        search(library, query)


def test_a_query_that_is_too_long_is_refused(library: Library) -> None:
    with pytest.raises(OptionError, match=f"give {MAX_CHARACTERS} or fewer"):
        search(library, "x" * (MAX_CHARACTERS + 1))


TYPED = ["AND", "OR", "NOT", "(", ")", '"', "a", "b*", "*", ":", "^", "-", "{", "+", "\0", "é", "橋"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(TYPED), max_size=14).map(" ".join)))
@example("(" * 300 + "a" + ")" * 300)
@example("a OR " * 190 + "a")
@example("a" * MAX_CHARACTERS)
def test_nothing_that_people_type_is_an_error_of_the_database(library: Library, query: str) -> None:
    with suppress(OptionError):
        search(library, query)


def test_words_of_two_sentences_are_found_together_but_not_of_two_speakers(library: Library) -> None:
    keep(library, made(1, ("A", "I like the sea."), ("A", "I hate the wind."), ("B", "And the rain?")))
    assert len(search(library, "sea AND wind")) == 1
    assert not search(library, "wind AND rain")


def test_a_passage_lasts_about_a_minute(library: Library) -> None:
    lines = [("A", " ".join(["word"] * 30))] * 40
    spoken = [one for one in passages(made(1, *lines), "t") if one.kind == SPEECH]
    lengths = [one.times[-1] - one.times[0] for one in spoken]
    assert len(spoken) == 6
    assert all(PASSAGE_S <= length <= PASSAGE_S + 10 for length in lengths[:-1])
    assert sum(len(one.times) for one in spoken) == 1200


@pytest.mark.parametrize(
    ("language", "text", "query", "not_there"),
    [
        ("zh", "今天我们谈气候变化和税收。", "气候变化", "气变"),
        ("ja", "昨日、東京の古い橋を渡りました。", "古い橋", "橋古"),
        ("th", "วันนี้เราพูดถึงสภาพอากาศ", "สภาพอากาศ", "สภากาศ"),
        ("hi", "आज हम जलवायु की बात करते हैं।", "जलवायु", "जल"),
        ("ru", "Сегодня мы говорим о климате.", "климате", "климат"),
    ],
)
def test_scripts_without_spaces_are_found(
    library: Library, language: str, text: str, query: str, not_there: str
) -> None:
    segment = replace(make_segment(0, text, "A", 10.0), words=())
    keep(library, made(1, language=language, segments=(segment,)))
    (hit,) = search(library, query)
    assert SEPARATOR not in hit.snippet
    assert [hit.snippet[start:end] for start, end in hit.marks] == [query]
    assert hit.snippet.strip("… ") in text
    assert not search(library, not_there)


def test_the_word_of_a_script_without_spaces_has_its_time(library: Library) -> None:
    words = [replace(make_segment(0, "x", "A").words[0], word=word, start=time, end=time + 0.5) for word, time in (
        ("今天", 1.0), ("我们", 2.0), ("谈", 3.0), ("气候", 4.0)
    )]  # fmt: skip
    segment = replace(make_segment(0, "今天我们谈气候", "A", 1.0), end=5.0, words=tuple(words))
    keep(library, made(1, language="zh", segments=(segment,)))
    assert [search(library, query)[0].start for query in ("天", "我们", "候")] == [1.0, 2.0, 4.0]


def test_times_outlast_the_way_into_the_database_and_out() -> None:
    (passage,) = [one for one in passages(made(1, ("A", "one two three")), "t") if one.kind == SPEECH]
    text, times = passage.text, packed(passage)
    starts = [time_at(passage.start, text, times, text.index(word)) for word in ("one", "two", "three")]
    assert starts == pytest.approx([1.0, 1.3, 1.6], abs=0.011)


def test_only_what_a_speaker_says(library: Library) -> None:
    keep(library, made(1, ("A", "the bridge"), ("B", "the bridge")))
    keep(library, made(2, ("A", "the bridge"), names={"A": "Cleo"}))
    assert {hit.speaker for hit in search(library, "bridge", speaker="ann lee")} == {"Ann Lee"}
    assert {hit.speaker for hit in search(library, "bridge", speaker="lee")} == {"Ann Lee"}
    assert found(library, "bridge", speaker="cleo") == {2}
    with pytest.raises(OptionError, match="no speaker is called 'Dan'; there are Ann Lee, Bob, Cleo"):
        search(library, "bridge", speaker="Dan")


@pytest.mark.parametrize(
    ("since", "numbers"),
    [("2024", {2, 3, 4}), ("2024-03", {2, 3, 4}), ("2024-03-15", {2, 3, 4}), ("2024-03-16", {3, 4}),
     ("2024-12-31", {4}), ("2023-01-01", {1, 2, 3, 4}), ("2099-01-01", set())],
)  # fmt: skip
def test_only_what_was_published_since(library: Library, since: str, numbers: set[int]) -> None:
    for number, day in enumerate(("2023-12-31", "2024-03-15", "2024-06-01T10:00:00Z", None), 1):
        keep_published(library, made(number, ("A", "the bridge")), day)
    assert found(library, "bridge", since=since) == numbers


def keep_published(library: Library, transcript: Transcript, day: str | None) -> None:
    from earwitness.library import episodes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(episodes, "about", lambda _: episodes.About("t", "the show", day))
        keep(library, transcript)


@pytest.mark.parametrize("since", ["yesterday", "2024-13", "2024-02-30", "24", "", "2024-3-1"])
def test_a_date_that_is_none_is_refused(library: Library, since: str) -> None:
    with pytest.raises(OptionError, match="is no date; give a year, a month or a day"):
        search(library, "bridge", since=since)


def test_what_fits_better_comes_first(library: Library) -> None:
    keep(library, made(1, ("A", "tax " + "and many other words that nobody asked for " * 5)))
    keep(library, made(2, ("A", "tax, tax and tax again")))
    keep(library, made(3, ("A", "nothing of the kind")))
    hits = search(library, "tax")
    assert [hit.episode for hit in hits] == [2, 1]
    assert hits[0].score > hits[1].score
    assert [hit.episode for hit in search(library, "tax", limit=1)] == [2]


def test_frequent_words_are_ranked_among_the_newest_and_rare_ones_among_all(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "WEIGHED", 5)
    monkeypatch.setattr(searching, "NEWEST", 4)
    for number in range(1, 21):
        keep(library, made(number, ("A", "people and " + ("zygote" if number == 2 else _work(number)))))
    assert found(library, "people") == {17, 18, 19, 20}
    hits = search(library, "people AND work")
    assert hits[0].episode == 20
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert search(library, "people OR zygote")[0].episode == 2
    assert found(library, "people AND zygote") == {2}
    assert found(library, "zygote") == {2}
    assert found(library, "people", speaker="Ann Lee") == {17, 18, 19, 20}
    assert [hit.snippet[start:end] for hit in hits[:1] for start, end in hit.marks[:2]] == ["people", "work"]


def _work(number: int) -> str:
    return "work " * number + "play " * (20 - number)


def test_those_that_are_ranked_here_are_ranked_as_sqlite_does(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(5)
    for number in range(1, 40):
        words = random.choices(["tax", "sea", "wind", "rain"], [1, 4, 4, 4], k=random.randint(5, 60))
        keep(library, made(number, ("A", " ".join([*words, "tax"]))))
    by_sqlite = [hit.episode for hit in search(library, "tax", limit=100)]
    monkeypatch.setattr(searching, "WEIGHED", 0)
    here = [hit.episode for hit in search(library, "tax", limit=100)]
    assert sorted(here) == sorted(by_sqlite) == list(range(1, 40))
    assert here[:5] == by_sqlite[:5]


def test_titles_of_chapters_and_written_summaries_are_found(library: Library) -> None:
    transcript = make_transcript(
        chapters=((0, "Opening"), (3, "Aqueducts")),
        summary=Summary((SummarySentence("They discuss viaducts.", (1,), 1.0),)),
    )
    keep(library, replace(transcript, engine=EngineInfo("fake", "fake-1", None, "chat:x")))
    (hit,) = search(library, "aqueducts")
    assert (hit.kind, hit.speaker, hit.start) == ("chapter", None, transcript.chapters[1].start)
    (hit,) = search(library, "viaducts")
    assert (hit.kind, hit.start) == ("episode", 0.0)
    keep(library, transcript)  # extracts are found where they are said
    assert not search(library, "viaducts")
    assert {hit.kind for hit in search(library, "glad")} == {SPEECH}


def test_phrases_are_told_apart() -> None:
    assert parsed('a AND "b c" OR NOT*').phrases == ('"a"', '"b c"', '"NOT"*')
