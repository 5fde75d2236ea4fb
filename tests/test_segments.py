"""Words to segments: constructed words with known sentences, speakers and pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.options import SegmentOptions
from earwitness.segments import segment, speakers, turns
from earwitness.types import Passage, Segment, Word

OPTIONS = SegmentOptions()


def spoken(text: str, start: float = 0.0, speaker: str | None = None, *, step_s: float = 0.5) -> list[Word]:
    """A word each `step_s`, a tenth of it silence; `|` in the text is a pause of two seconds."""
    words = []
    for token in text.split():
        if token == "|":
            start += 2.0
            continue
        words.append(Word(f" {token}", start, start + 0.9 * step_s, 0.9, speaker))
        start += step_s
    return words


def texts(words: list[Word], language: str = "en", options: SegmentOptions = OPTIONS) -> list[str]:
    return [item.text for item in segment(words, (), language, options)]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Dr. Smith left the U.S. in 1999.", "Yes.", "It cost 3.5 dollars, e.g. for tea!", "Did it?"]),
        ("de", ["Das kostet z. B. zwei Euro.", "Ist das viel?", "Nein."]),
        ("fr", ["Bonjour à tous.", "Comment ça va ?", "Très bien !"]),
        ("sv", ["Det är sant.", "Är det?", "Ja!"]),  # pysbd does not know Swedish
        ("hi", ["यह सच है।", "क्या यह सच है?"]),
    ],
)
def test_sentences_are_segments(language: str, sentences: list[str]) -> None:
    assert texts(spoken(" ".join(sentences)), language) == sentences


def test_japanese_has_no_spaces() -> None:
    words = [Word(word, number, number + 0.9, 1.0) for number, word in enumerate(["橋は", "古い。", "港も", "古い。"])]
    assert texts(words, "ja") == ["橋は古い。", "港も古い。"]


def test_a_sentence_never_crosses_a_change_of_speaker() -> None:
    words = spoken("I think that", 0.0, "A") + spoken("maybe", 2.0, "B") + spoken("we left.", 3.0, None)
    found = segment(words, (), "en", OPTIONS)
    assert [(item.text, item.speaker) for item in found] == [("I think that", "A"), ("maybe", "B"), ("we left.", None)]


def test_pauses_end_segments_where_there_is_no_punctuation() -> None:
    assert texts(spoken("we went home | then it rained")) == ["we went home", "then it rained"]
    assert texts(spoken("we went home | then it rained"), options=SegmentOptions(max_pause_s=3.0)) == [
        "we went home then it rained"
    ]


def test_a_lone_word_joins_the_nearer_neighbour_unless_it_is_a_sentence() -> None:
    near_next = [*spoken("we went home"), *spoken("and | then it rained", 4.0)]
    assert texts(near_next) == ["we went home", "and then it rained"]
    near_last = [*spoken("we went home"), *spoken("slowly", 2.6), *spoken("then it rained", 9.0)]
    assert texts(near_last) == ["we went home slowly", "then it rained"]
    assert texts(spoken("Yes. | Then it rained.")) == ["Yes.", "Then it rained."]
    assert texts(spoken("Then it rained. | yes", 0.0)) == ["Then it rained.", "yes"]


def test_long_segments_are_cut_at_the_longest_pause() -> None:
    words = [*spoken("a " * 12), *spoken("b " * 30, 6.8)]
    found = segment(words, (), "en", SegmentOptions(max_segment_s=16.0))
    assert [item.text for item in found] == [("a " * 12).strip(), ("b " * 30).strip()]


def test_long_sentences_are_cut_at_a_comma() -> None:
    words = spoken("The bridge was closed for many years, and nobody could cross the wide river any more.")
    assert texts(words, options=SegmentOptions(max_segment_s=5.0)) == [
        "The bridge was closed for many years,",
        "and nobody could cross the wide river any more.",
    ]


def test_scores_are_means_by_overlap() -> None:
    words = [*spoken("One two three four."), *spoken("Five six.", 10.0)]  # 0 to 1.95 s, 10 to 10.95 s
    passages = [Passage(0.0, 0.95, -1.0, 0.2), Passage(0.95, 5.0, -0.5, 0.1)]
    first, second = segment(words, passages, "en", OPTIONS)
    assert first.avg_logprob == pytest.approx((0.95 * -1.0 + 1.0 * -0.5) / 1.95)
    assert first.no_speech_prob == pytest.approx((0.95 * 0.2 + 1.0 * 0.1) / 1.95)
    assert (second.avg_logprob, second.no_speech_prob) == (0.0, 0.0)


WORDS = st.sampled_from(
    ["the", "bridge", "Yes.", "Dr.", "3.5", "“Oh!”", "wait...", "?!", "(so", "it)", "a.b", "1.", "né", "水。"]
)


@given(
    st.lists(st.tuples(WORDS, st.sampled_from([None, "A", "B"]), st.floats(0, 4)), max_size=60),
    st.sampled_from(["en", "de", "ja", "sv", "ar"]),
)
def test_every_word_is_kept_once_in_order(drawn: list[tuple[str, str | None, float]], language: str) -> None:
    words, time = [], 0.0
    for text, speaker, pause in drawn:
        words.append(Word(f" {text}", time + pause, time + pause + 0.3, 1.0, speaker))
        time += pause + 0.3
    found = segment(words, (), language, SegmentOptions(max_segment_s=6.0))
    assert [word for item in found for word in item.words] == words
    assert [item.id for item in found] == list(range(len(found)))
    for item in found:
        assert {word.speaker for word in item.words} == {item.speaker}
        assert item.text == "".join(word.word for word in item.words).strip()
        assert item.end - item.start <= 6.0 + 1e-9


def test_five_hours_of_one_voice_take_seconds() -> None:
    words = spoken("The old bridge was closed because of the storm. " * 4500)
    assert len(texts(words)) == 4500


@pytest.mark.parametrize("count", range(84, 90))
def test_a_stretch_may_end_where_a_piece_for_pysbd_does(count: int) -> None:
    assert len(texts(spoken("The old bridge was closed because of the storm. " * count))) == count


def made(*rows: tuple[str | None, float, float]) -> list[Segment]:
    return [
        Segment(number, start, end, "x", speaker, (Word(" x", start, end, 1.0, speaker),))
        for number, (speaker, start, end) in enumerate(rows)
    ]


def test_turns_are_runs_of_one_speaker() -> None:
    found = turns(made(("A", 0, 1), ("A", 2, 3), ("B", 3, 4), (None, 4, 5), ("A", 6, 7)))
    assert [(turn.id, turn.speaker, turn.start, turn.end, turn.segments) for turn in found] == [
        (0, "A", 0, 3, (0, 1)),
        (1, "B", 3, 4, (2,)),
        (2, None, 4, 5, (3,)),
        (3, "A", 6, 7, (4,)),
    ]


def test_speakers_come_in_order_of_appearance_with_their_talk() -> None:
    words = (Word(" a", 5.0, 6.0, 1.0, "B"), Word(" b", 6.3, 7.0, 1.0, "B"), Word(" c", 7.9, 8.4, 1.0, "B"))
    found = speakers([*made(("SPEAKER_01", 0, 1), (None, 1, 2)), Segment(2, 5.0, 8.4, "a b c", "B", words)])
    assert [(known.id, known.name) for known in found] == [("SPEAKER_01", "Speaker 1"), ("B", "Speaker 2")]
    assert [known.seconds for known in found] == pytest.approx([1.0, 2.5])  # the 0.9 s pause is not talk
