from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from earwitness.errors import OptionError, TranscriptError
from earwitness.exports.json import read
from earwitness.foreign import read as read_checked
from earwitness.library import episodes
from earwitness.library.corrections import Correction, hotwords
from earwitness.library.edits import differences, naming, text_at
from earwitness.library.episodes import About, correct, corrections, keep, raw_transcript_of, transcript_of
from earwitness.library.overlay import corrected
from earwitness.library.search import search
from earwitness.library.store import Library
from earwitness.segments import turns
from earwitness.types import Segment, SourceInfo, Summary, SummarySentence, Transcript
from factories import make_transcript

EPISODE = Path(__file__).parents[2] / "examples" / "episode.json"


def with_text(transcript: Transcript, number: int, text: str) -> Transcript:
    """What an editor makes of it: another text, and the words as they were."""
    lines = [replace(line, text=text) if line.id == number else line for line in transcript.segments]
    return replace(transcript, segments=tuple(lines))


def texts(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(transcript.name_of(line.speaker), line.text) for line in transcript.segments]


def whole(transcript: Transcript, tmp_path: Path) -> None:
    """What every transcript is: each segment once in a turn and a chapter, all evidence there."""
    from earwitness.exports.json import write

    (tmp_path / "x.json").write_bytes(write(transcript))
    read_checked(tmp_path / "x.json")
    ids = [line.id for line in transcript.segments]
    assert ids == list(range(len(ids)))
    assert transcript.turns == tuple(
        replace(turn, summary=old.summary)
        for turn, old in zip(turns(transcript.segments), transcript.turns, strict=True)
    )
    for summary in transcript.summaries:
        for sentence in summary.sentences:
            assert sentence.evidence
            assert set(sentence.evidence) <= set(ids)
    for line in transcript.segments:
        assert line.text == "".join(word.word for word in line.words).strip()
        assert {word.speaker for word in line.words} == {line.speaker}
        assert line.start <= min(word.start for word in line.words)
    assert {one.id for one in transcript.speakers} == {line.speaker for line in transcript.segments if line.speaker}


def test_without_corrections_a_transcript_stays_as_it_is() -> None:
    transcript = read(EPISODE)
    assert corrected(transcript, ()) == (transcript, ())
    assert differences(transcript, transcript) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("How old is the bridge?", "How old is the ridge?"),
        ("How old is the bridge?", "How very old is the bridge?"),
        ("How old is the bridge?", "How old is it?"),
        ("How old is the bridge?", "So how old is the bridge?"),
        ("How old is the bridge?", "How old is the bridge? Tell us."),
        ("How old is the bridge?", "how old is the bridge"),
        ("How old is the bridge?", "What a question that was to be asked of anybody!"),
        ("Goodbye.", "Good bye."),
    ],
)
def test_a_text_that_was_edited_is_corrected(before: str, after: str, tmp_path: Path) -> None:
    transcript = make_transcript()
    (line,) = (line for line in transcript.segments if line.text == before)
    made = differences(transcript, with_text(transcript, line.id, after))
    assert {one.kind for one in made} == {"text"}
    shown, unfit = corrected(transcript, made)
    assert unfit == ()
    assert [text for _, text in texts(shown)] == [after if text == before else text for _, text in texts(transcript)]
    whole(shown, tmp_path)
    new = shown.segments[line.id]
    assert line.start <= new.words[0].start <= new.words[-1].end <= line.end
    assert all(word.start <= word.end for word in new.words)
    kept = {word.word: word for word in line.words}
    same = [word for word in new.words if word.word in kept]
    if len(same) > 3:
        assert sum(word == kept[word.word] for word in same) >= len(same) - 2
    assert corrected(shown, made) == (shown, ())  # once corrected, it says so already


def test_one_word_for_one_keeps_its_time_and_its_neighbours() -> None:
    transcript = make_transcript()
    (made,) = differences(transcript, with_text(transcript, 3, "How old is the ridge?"))
    assert (made.before, made.after) == ("bridge?", "ridge?")
    shown, _ = corrected(transcript, [made])
    before, after = transcript.segments[3].words, shown.segments[3].words
    assert after[:-1] == before[:-1]
    assert after[-1] == replace(before[-1], word=" ridge?", probability=1.0)


def test_two_speakers_of_one_name_are_one(tmp_path: Path) -> None:
    transcript = make_transcript()
    (first, second, *others) = transcript.speakers
    shown, unfit = corrected(transcript, [naming(transcript, second.id, f" {first.name.upper()}".strip())])
    assert unfit == ()
    assert [one.id for one in shown.speakers] == [first.id, *(one.id for one in others)]
    assert {line.speaker for line in shown.segments} == {line.speaker for line in transcript.segments} - {second.id}
    assert [text for _, text in texts(shown)] == [text for _, text in texts(transcript)]
    assert shown.speakers[0].seconds == pytest.approx(first.seconds + second.seconds, abs=0.01)
    whole(shown, tmp_path)


def test_a_summary_that_quotes_it_is_corrected_too(tmp_path: Path) -> None:
    quote = SummarySentence("Somebody asks: How old is the bridge?", (3,), 1.0)
    transcript = make_transcript(summary=Summary((quote,)), description=replace(quote, text="The bridge? Yes."))
    made = differences(transcript, with_text(transcript, 3, "How old is the ridge?"))
    shown, _ = corrected(transcript, made)
    assert shown.summary is not None
    assert shown.summary.sentences[0].text == "Somebody asks: How old is the ridge?"
    assert shown.description is not None
    assert shown.description.text == "The ridge? Yes."
    whole(shown, tmp_path)


@pytest.mark.parametrize("after", ["a", "all the"])
def test_a_small_word_is_corrected_in_its_place_only(after: str) -> None:
    transcript = make_transcript(
        [("A", "How old is the bridge over the river by the mill?"), ("B", "By the way, old.")]
    )
    quotes = (transcript.segments[0].text, "The mill by the river.", "By the mill. The bridge over the river?")
    transcript = replace(
        transcript,
        summary=Summary(tuple(SummarySentence(text, (0,), 1.0) for text in quotes)),
        chapters=tuple(replace(chapter, title="All by the way") for chapter in transcript.chapters),
    )
    word = transcript.segments[0].words[6]
    shown, unfit = corrected(transcript, [Correction("text", word.start, word.end, "the", after)])
    assert not unfit
    assert shown.segments[0].text == f"How old is the bridge over {after} river by the mill?"
    assert shown.summary is not None
    assert [one.text for one in shown.summary.sentences] == [
        shown.segments[0].text,
        "The mill by the river.",
        f"By the mill. The bridge over {after} river?",
    ]
    assert [one.title for one in shown.chapters] == [one.title for one in transcript.chapters]


def moved(transcript: Transcript, by: float) -> Transcript:
    """The same words from another model, which hears them a little later, in other segments and under other labels."""
    other = {"A": "SPEAKER_07", "B": "SPEAKER_03"}
    lines: list[Segment] = []
    for line in transcript.segments:
        words = tuple(
            replace(word, start=word.start + by, end=word.end + by, speaker=other[str(word.speaker)])
            for word in line.words
        )
        lines.append(
            replace(line, start=line.start + by, end=line.end + by, words=words, speaker=other[str(line.speaker)])
        )
    speakers = tuple(
        replace(one, id=other[one.id], name=f"Speaker {number}") for number, one in enumerate(transcript.speakers, 1)
    )
    return replace(transcript, segments=tuple(lines), turns=turns(lines), speakers=speakers)


def test_corrections_outlive_another_transcript(tmp_path: Path) -> None:
    transcript = make_transcript(names={"A": "Speaker 1", "B": "Speaker 2"})
    edited = with_text(transcript, 4, "It was built in 1781, and it has been mended twice since then.")
    named = tuple(replace(one, name="Bob Loom") if one.id == "B" else one for one in edited.speakers)
    made = differences(transcript, replace(edited, speakers=named))
    assert sorted(one.kind for one in made) == ["name", "text"]
    for by in (-0.25, 0.0, 0.25):
        shown, unfit = corrected(moved(transcript, by), made)
        assert unfit == ()
        assert shown.name_of("SPEAKER_03") == "Bob Loom"
        assert shown.segments[4].text == edited.segments[4].text
        whole(shown, tmp_path)


@pytest.mark.parametrize(
    ("says", "fits", "then"),
    [
        ("in 1871", True, "in 1781"),
        ("in 1781", True, "in 1781"),
        ("in 1871.", True, "in 1781"),
        ("in 18 71", True, "in 1781"),
        ("long ago", False, "long ago"),
    ],
)
def test_a_correction_fits_where_the_recording_says_the_same(says: str, fits: bool, then: str) -> None:
    transcript = make_transcript()
    edited = with_text(transcript, 4, transcript.segments[4].text.replace("in 1871,", "in 1781"))
    made = differences(transcript, edited)
    lines = [(line.speaker, line.text.replace("in 1871,", says)) for line in transcript.segments]
    shown, unfit = corrected(make_transcript(lines), made)
    assert then in shown.segments[4].text
    assert unfit == (() if fits else made)


def test_one_who_says_it_elsewhere_is_not_corrected() -> None:
    transcript = make_transcript((("A", "the bridge is old"), ("A", "the bridge is new")), chapters=())
    (made,) = differences(transcript, with_text(transcript, 1, "the ridge is new"))
    shown, _ = corrected(transcript, [made])
    assert [line.text for line in shown.segments] == ["the bridge is old", "the ridge is new"]


def test_neighbours_that_become_the_same_word_both_do() -> None:
    transcript = make_transcript((("A", "we saw lee raw there"),), chapters=())
    shown, unfit = corrected(
        transcript,
        [text_at(transcript, 2.0, "lee", "Zanzibar"), text_at(transcript, 2.0, "raw", "Zanzibar")],
    )
    assert unfit == ()
    assert shown.text == "we saw Zanzibar Zanzibar there"


def test_a_text_where_nothing_is_said_does_not_fit() -> None:
    transcript = make_transcript()
    made = Correction("text", 500.0, 501.0, "bridge", "ridge")
    assert corrected(transcript, [made]) == (transcript, (made,))


def test_a_segment_is_given_to_somebody_else(tmp_path: Path) -> None:
    transcript = make_transcript()
    lines = [replace(line, speaker="A") if line.id == 2 else line for line in transcript.segments]
    made = differences(transcript, replace(transcript, segments=tuple(lines)))
    assert [(one.kind, one.before, one.after) for one in made] == [("speaker", "Bob", "Ann Lee")]
    shown, unfit = corrected(transcript, made)
    assert unfit == ()
    assert [line.speaker for line in shown.segments] == ["A", "A", "A", "A", "B", "A"]
    whole(shown, tmp_path)
    moved_on, unfit = corrected(moved(transcript, 0.2), made)
    assert unfit == ()
    assert [line.speaker for line in moved_on.segments][2] == "SPEAKER_07"


def test_a_change_of_speaker_is_moved(tmp_path: Path) -> None:
    """The last two words of a line are the next speaker's."""
    transcript = make_transcript()
    first, second = transcript.segments[1], transcript.segments[2]
    words = tuple(replace(word, speaker="B") for word in first.words[-2:])
    shorter = replace(first, text="Today we talk about the river and", words=first.words[:-2])
    longer = replace(second, text=f"its bridge. {second.text}", words=(*words, *second.words))
    edited = replace(transcript, segments=(transcript.segments[0], shorter, longer, *transcript.segments[3:]))
    shown, unfit = corrected(transcript, differences(transcript, edited))
    assert unfit == ()
    said = ["".join(word.word for word in shown.words if word.speaker == label) for label in ("A", "B")]
    assert said[0].startswith(" Welcome to the show. Today we talk about the river and How")
    assert said[1].startswith(" its bridge. Thank you")
    whole(shown, tmp_path)


def test_somebody_new_gets_a_label(tmp_path: Path) -> None:
    transcript = make_transcript()
    made = [Correction("speaker", transcript.segments[5].start, transcript.segments[5].end, "Ann Lee", "Cleo")]
    shown, unfit = corrected(transcript, made)
    assert unfit == ()
    assert texts(shown)[5] == ("Cleo", "Goodbye.")
    assert len(shown.speakers) == 3
    whole(shown, tmp_path)


def test_a_speaker_whose_label_was_changed_everywhere_is_renamed() -> None:
    transcript = make_transcript(names={})
    lines = [replace(line, speaker="Bob") if line.speaker == "B" else line for line in transcript.segments]
    made = differences(transcript, replace(transcript, segments=tuple(lines)))
    shown, unfit = corrected(transcript, made)
    assert unfit == ()
    assert {name for name, _ in texts(shown)} == {"A", "Bob"}


def test_a_name_that_nobody_has_the_voice_for_does_not_fit() -> None:
    transcript = make_transcript()
    made = naming(transcript, "B", "Robert")
    one_voice = make_transcript([("A" if line.id % 2 else "B", line.text) for line in transcript.segments])
    silent = make_transcript(start_s=500.0)
    assert corrected(silent, [made]) == (silent, (made,))
    shown, _ = corrected(transcript, [made])
    assert shown.name_of("B") == "Robert"
    assert corrected(one_voice, [made])[0].name_of("B") == "Robert"  # it has the longer of the two turns


def test_one_who_was_added_is_renamed_and_nobody_else(library: Library) -> None:
    transcript = make_transcript()
    number, recording = keep(library, transcript), transcript.source.sha256
    last = transcript.segments[5]
    correct(library, recording, [Correction("speaker", last.start, last.end, "Ann Lee", "Cleo")])
    shown = transcript_of(library, number)
    for name in ("Clea", "Cleo", "Clea"):
        correct(library, recording, [naming(shown, str(shown.segments[5].speaker), name)])
        assert {who for who, _ in texts(transcript_of(library, number))} == {"Ann Lee", "Bob", name}


def test_segments_are_cut_and_joined(tmp_path: Path) -> None:
    transcript = make_transcript()
    first, second, *rest = transcript.segments
    joined = replace(first, end=second.end, text=f"{first.text} {second.text}", words=(*first.words, *second.words))
    made = differences(transcript, replace(transcript, segments=(joined, *rest)))
    assert [(one.kind, one.after) for one in made] == [("boundary", "joined")]
    one, unfit = corrected(transcript, made)
    assert unfit == ()
    assert [line.text for line in one.segments][:2] == [joined.text, rest[0].text]
    whole(one, tmp_path)

    back = differences(one, transcript)
    assert [(one.kind, one.after) for one in back] == [("boundary", "cut")]
    both, unfit = corrected(transcript, [*made, *back])
    assert unfit == ()
    assert texts(both) == texts(transcript)
    whole(both, tmp_path)


def test_any_edits_of_a_real_transcript_come_back(tmp_path: Path) -> None:
    transcript = read(EPISODE)
    for seed in range(12):
        random = Random(seed)
        lines: list[Segment] = []
        for line in transcript.segments:
            words = line.text.split()
            if random.random() < 0.25:
                place = random.randrange(len(words))
                change = random.choice(("put", "drop", "add"))
                words[place : place + (change != "add")] = [] if change == "drop" and len(words) > 1 else ["Zanzibar"]
            lines.append(replace(line, text=" ".join(words)))
        edited = replace(transcript, segments=tuple(lines))
        made = differences(transcript, edited)
        shown, unfit = corrected(transcript, made)
        assert unfit == ()
        assert [line.text for line in shown.segments] == [line.text for line in edited.segments]
        whole(shown, tmp_path)


def test_words_near_a_time_are_corrected() -> None:
    transcript = make_transcript()
    at = transcript.segments[3].start
    made = text_at(transcript, at, "the bridge", "the ridge?")
    assert made.before == "the bridge?"
    shown, _ = corrected(transcript, [made])
    assert shown.segments[3].text == "How old is the ridge?"
    assert "the river and its bridge." in shown.segments[1].text
    with pytest.raises(OptionError, match=r"'whale' is not said within 5 s of 0:\d\d; there it has '.*How old"):
        text_at(transcript, at, "whale", "x")
    with pytest.raises(OptionError, match="nothing is said there"):
        text_at(transcript, 1000.0, "whale", "x")


def test_another_recording_is_refused() -> None:
    other = make_transcript(source=SourceInfo("other.mp3", "1" * 64, 60.0))
    with pytest.raises(TranscriptError, match=r"other\.mp3: of another recording than episode one\.mp3"):
        differences(make_transcript(), other)


def test_they_are_kept_searched_and_applied_to_the_next_transcript(library: Library) -> None:
    transcript = make_transcript(names={"A": "Speaker 1", "B": "Speaker 2"})
    number = keep(library, transcript)
    made = [text_at(transcript, 6.0, "bridge", "ridge."), naming(transcript, "B", "Bob Loom")]
    assert correct(library, transcript.source.sha256, made) == ()
    assert correct(library, transcript.source.sha256, made) == ()
    assert corrections(library, transcript.source.sha256) == tuple(made)
    assert [hit.time for hit in search(library, "ridge")]
    assert [hit.speaker for hit in search(library, "glad", speaker="Bob Loom")] == ["Bob Loom"]
    assert raw_transcript_of(library, number) == Transcript.from_dict(transcript.to_dict())
    assert "its ridge." in transcript_of(library, number).text

    keep(library, moved(transcript, 0.2))
    shown = transcript_of(library, number)
    assert "its ridge." in shown.text
    assert shown.name_of("SPEAKER_03") == "Bob Loom"
    assert search(library, "ridge")
    with pytest.raises(OptionError, match="no episode has the recording ffff"):
        correct(library, "f" * 64, made)


def test_the_corrected_names_of_a_show_are_its_hotwords(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "about", lambda _: About("t", "the show"))
    transcript = make_transcript(names={"A": "Speaker 1", "B": "Speaker 2"})
    keep(library, transcript)
    recording = transcript.source.sha256
    made: Sequence[Correction] = (
        text_at(transcript, 1.0, "Welcome to", "Welcome, Louise Lane, to"),
        text_at(transcript, 6.0, "river", "River Exe"),
        naming(transcript, "B", "Bob Loom"),
        Correction("speaker", 1.0, 2.0, "Speaker 1", "Speaker 2"),
    )
    for one in made:
        correct(library, recording, [one])
    assert hotwords(library, "the show") == ("Bob Loom", "River Exe", "Louise Lane")
    assert hotwords(library, "another show") == ()
