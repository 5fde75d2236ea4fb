"""cpWER against meeteval, the accuracy of speakers against constructed truths."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.evaluation.attribution import aligned_words, speaker_accuracy, speaker_word_error_rate
from earwitness.evaluation.truth import Utterance
from earwitness.types import Word

Side = dict[str, str]

# Reference, hypothesis, errors, length: what meeteval 0.4.3 says (meeteval.wer.wer.cp.cp_word_error_rate on these
# dicts). The texts were drawn at random, the hypotheses by dropping and replacing words.
MEETEVALS: tuple[tuple[Side, Side, int, int], ...] = (
    ({"A": "river no and stone no bridge no stone"}, {"V": "river and stone no bridge no"}, 2, 8),
    ({"A": "bridge", "B": "a and built a"}, {"V": "a a", "W": "built"}, 3, 5),
    (
        {"A": "and by the by old old", "B": "in ran no the bridge"},
        {"V": "stone in old", "W": "by a the by old old", "X": "in ran the bridge"},
        6,
        11,
    ),
    (
        {"A": "ran", "B": "stone the a no", "C": "old old a was a in stone"},
        {"V": "stone was river bridge", "W": "the no a in stone"},
        8,
        12,
    ),
    (
        {"A": "old stone", "B": "was river", "C": "and the in was"},
        {"V": "was bridge", "W": "a", "X": "the stone and"},
        6,
        8,
    ),
    (
        {"A": "no river built", "B": "river river in no river a a in", "C": "a", "D": "old old"},
        {"V": "river river in no river river", "W": "a"},
        8,
        14,
    ),
    (
        {"A": "in", "B": "mill bridge bridge"},
        {"V": "stone stone was built", "W": "in", "X": "mill ran was bridge", "Y": "old the", "Z": "ran bridge bridge"},
        11,
        4,
    ),
    ({}, {"V": "was old by was", "W": "was built no by"}, 8, 0),
    ({"A": "a river in by", "B": "no ran stone mill bridge and no a and"}, {}, 13, 13),
)


def said(side: Side) -> list[Utterance]:
    return [Utterance(text, speaker) for speaker, text in side.items()]


@pytest.mark.parametrize(("reference", "hypothesis", "errors", "length"), MEETEVALS)
def test_cpwer_is_meetevals(reference: Side, hypothesis: Side, errors: int, length: int) -> None:
    found = speaker_word_error_rate(said(reference), said(hypothesis), normaliser="none")
    assert (found.errors, found.reference_length) == (errors, length)


def test_cpwer_is_meetevals_on_random_talk() -> None:
    cpwer = pytest.importorskip("meeteval.wer.wer.cp", reason="meeteval is not installed").cp_word_error_rate
    chance = random.Random(5)
    for _ in range(200):
        reference, hypothesis = (
            {
                name: " ".join(chance.choices("abcdefgh", k=chance.choice([0, 1, 4, 12])))
                for name in names[: chance.randint(0, 5)]
            }
            for names in ("ABCDE", "VWXAB")
        )
        found = speaker_word_error_rate(said(reference), said(hypothesis), normaliser="none")
        expected = cpwer(reference, hypothesis)
        assert (found.errors, found.reference_length) == (expected.errors, expected.length)


def test_exchanged_labels_cost_nothing() -> None:
    reference = said({"Ann": "where is the bridge", "Bob": "down by the river"})
    found = speaker_word_error_rate(reference, said({"Ann": "Down by the river.", "Bob": "Where is the bridge?"}))
    assert (found.errors, found.hits, found.rate, found.normaliser) == (0, 8, 0.0, "whisper-english")
    assert found.mapping == {"Bob": "Ann", "Ann": "Bob"}


def test_a_word_of_the_wrong_speaker_counts_twice() -> None:
    reference = said({"Ann": "where is the bridge", "Bob": "down by the river"})
    found = speaker_word_error_rate(reference, said({"S1": "where is the bridge down", "S2": "by the river"}))
    assert (found.insertions, found.deletions, found.substitutions, found.rate) == (1, 1, 0, 0.25)


def test_speakers_without_a_partner_are_wholly_wrong() -> None:
    reference, hypothesis = {"Ann": "where is the bridge", "Bob": "hello"}, {"S1": "where is the bridge"}
    missed = speaker_word_error_rate(said(reference), said(hypothesis))
    assert (missed.deletions, missed.errors, missed.mapping) == (1, 1, {"S1": "Ann"})
    invented = speaker_word_error_rate(said(hypothesis), said(reference))
    assert (invented.insertions, invented.errors, invented.mapping) == (1, 1, {"Ann": "S1"})


def test_empty_sides_of_cpwer() -> None:
    some = said({"Ann": "good morning"})
    assert speaker_word_error_rate([], []).rate == 0.0
    assert speaker_word_error_rate(some, []).rate == 1.0
    assert speaker_word_error_rate([], some).rate == 2.0
    silent = speaker_word_error_rate(some, [*said({"S1": "Good morning!"}), Utterance("!?", "S2")])
    assert (silent.errors, silent.mapping) == (0, {"S1": "Ann"})


def test_utterances_are_joined_in_the_order_of_their_starts() -> None:
    reference = [Utterance("where is the bridge", "Ann")]
    parts = [Utterance("the bridge", "S1", 5.0, 6.0), Utterance("where is", "S1", 1.0, 2.0)]
    assert speaker_word_error_rate(reference, parts).errors == 0
    untimed = [replace(parts[0], start=None), parts[1]]
    assert speaker_word_error_rate(reference, untimed).errors == 4


def test_utterances_without_a_speaker_are_one_more() -> None:
    hypothesis = [Utterance("good", None), Utterance("hello", "S1"), Utterance("morning", None)]
    found = speaker_word_error_rate(said({"Ann": "good morning", "Bob": "hello"}), hypothesis)
    assert (found.errors, found.mapping) == (0, {"S1": "Bob"})


def test_ties_go_to_labels_in_common_whatever_the_order() -> None:
    reference, hypothesis = {"A": "yes", "B": "yes", "C": "no"}, {"B": "yes", "C": "yes", "A": "well"}
    found = speaker_word_error_rate(said(reference), said(hypothesis))
    assert found.mapping == {"A": "C", "B": "B", "C": "A"}
    backwards = dict(reversed(hypothesis.items()))
    assert speaker_word_error_rate(said(reference), said(backwards)) == found


def test_cpwer_of_a_language_without_spaces_counts_characters() -> None:
    found = speaker_word_error_rate(said({"A": "今天很好。"}), said({"S1": "今天不好"}), language="zh")
    assert (found.normaliser, found.hits, found.substitutions) == ("whisper-basic", 3, 1)


def spoken(*lines: tuple[str, str, float]) -> list[Word]:
    """Words 0.5 s apart that last 0.4 s: who, what, from when."""
    return [
        Word(f" {word}", start + place * 0.5, start + place * 0.5 + 0.4, 0.9, speaker)
        for speaker, text, start in lines
        for place, word in enumerate(text.split())
    ]


TALK = spoken(
    ("Ann", "Where is the old bridge that you spoke of?", 0.0),
    ("Bob", "Down by the river, as it has always been.", 5.0),
    ("Ann", "Thanks!", 12.0),
)


def named(words: Sequence[Word], names: dict[str, str]) -> list[Word]:
    return [replace(word, speaker=names.get(word.speaker or "", word.speaker)) for word in words]


def test_other_labels_for_the_same_speakers_are_right() -> None:
    found = speaker_accuracy(TALK, named(TALK, {"Ann": "S1", "Bob": "S2"}))
    assert (found.words, found.correct, found.rate, found.near_rate) == (19, 19, 1.0, 1.0)
    assert (found.mapping, found.renamed) == ({"S1": "Ann", "S2": "Bob"}, {})


def test_exchanged_names_are_told() -> None:
    found = speaker_accuracy(TALK, named(TALK, {"Ann": "Bob", "Bob": "Ann"}))
    assert (found.rate, found.renamed) == (1.0, {"Ann": "Bob", "Bob": "Ann"})


def test_words_near_a_change_are_counted_apart() -> None:
    # The changes: from 4.4 to 5.0 s and from 9.4 to 12.0 s. Within a second of these lie the last three words of the
    # first line (from 3.0, 3.5 and 4.0), the first three of the second and its last three, and the last word of all.
    wrong = [replace(word, speaker="Ann") if word.start == 5.0 else word for word in TALK]
    found = speaker_accuracy(TALK, wrong)
    assert (found.words, found.correct) == (19, 18)
    assert (found.near_words, found.near_correct, found.near_s) == (10, 9, 1.0)
    assert speaker_accuracy(TALK, wrong, near_s=0.0).near_words == 4


def test_only_words_with_a_partner_count() -> None:
    heard = [word for word in TALK if not 5.0 <= word.start < 7.0]
    heard = [replace(word, word=" fridge") if "bridge" in word.word else word for word in heard]
    found = speaker_accuracy(TALK, [*heard, Word(" Bye", 13.0, 13.4, 0.9, "Bob")])
    assert (found.words, found.correct) == (15, 15)


def test_words_without_a_speaker() -> None:
    nobody = [replace(word, speaker=None) for word in TALK]
    assert (speaker_accuracy(TALK, nobody).words, speaker_accuracy(TALK, nobody).correct) == (19, 0)
    assert speaker_accuracy(nobody, TALK).words == 0
    half = [replace(word, speaker=None) if word.speaker == "Bob" else word for word in TALK]
    assert (speaker_accuracy(half, TALK).words, speaker_accuracy(half, TALK).near_words) == (10, 0)


def test_empty_sides_of_the_accuracy() -> None:
    for sides in (([], []), (TALK, []), ([], TALK)):
        found = speaker_accuracy(*sides)
        assert (found.words, found.rate, found.near_rate, found.mapping) == (0, 1.0, 1.0, {})


def test_a_word_spoken_over_another_speaker_is_not_taken_for_theirs() -> None:
    # Both say something at once, and the recogniser writes the two words in the other order, one of them wrong.
    reference = [*TALK, Word(" yes", 14.0, 14.4, 0.9, "Ann"), Word(" maybe", 14.1, 14.5, 0.9, "Bob")]
    heard = [*TALK, Word(" maple", 13.98, 14.4, 0.9, "Bob"), Word(" yeah", 14.1, 14.4, 0.9, "Ann")]
    found = speaker_accuracy(reference, heard)
    assert (found.words, found.correct) == (19, 19)


def test_a_recurring_phrase_is_not_paired_across_a_lost_minute() -> None:
    phrase = "and so we walked along the river"
    lines = [("Ann" if place % 2 else "Bob", phrase, place * 4.0) for place in range(30)]
    kept = [line for line in lines if not 40.0 <= line[2] < 100.0]
    found = speaker_accuracy(spoken(*lines), spoken(*kept))
    assert found.words >= 7 * 10  # those of the lines before the gap, at least
    assert found.correct == found.words


def test_a_transcript_that_is_late_as_a_whole_is_scored_all_the_same() -> None:
    late = [replace(word, start=word.start + 40, end=word.end + 40) for word in TALK]
    late[3] = replace(late[3], word=" gold")
    assert (speaker_accuracy(TALK, late).words, speaker_accuracy(TALK, late).correct) == (19, 19)


@pytest.mark.parametrize(("dropped", "replaced", "off_s", "least"), [(0.0, 0.0, 0.1, 0.99), (0.1, 0.1, 0.1, 0.985)])
def test_right_speakers_stay_right_where_people_talk_at_once(
    data: Path, dropped: float, replaced: float, off_s: float, least: float
) -> None:
    """Real meetings, their words lost, misheard and misplaced, but every one with its own speaker."""
    chance = random.Random(3)
    words = right = paired = 0
    for path in sorted((data / "diarization").glob("*.words.json")):
        reference = [
            Word(f" {item['word']}", item["start"], item["end"], 1.0, item["speaker"])
            for item in json.loads(path.read_text())
        ]
        heard = [
            replace(word, word=" the" if chance.random() < replaced else word.word, start=word.start + late_s,
                    end=word.end + late_s)
            for word in reference
            if chance.random() >= dropped and (late_s := chance.gauss(0.0, off_s)) is not None
        ]  # fmt: skip
        found = speaker_accuracy(reference, heard)
        words, right, paired = words + found.words, right + found.correct, paired + len(aligned_words(reference, heard))
    assert right / words >= least
    assert words >= 0.9 * paired


def test_thirty_thousand_words_take_seconds() -> None:
    chance = random.Random(1)
    vocabulary = [f"w{number}" for number in range(2000)]
    reference = spoken(
        *(("AB"[line % 2], " ".join(chance.choices(vocabulary, k=10)), line * 5.0) for line in range(3000))
    )
    heard = [
        replace(word, word=f" {chance.choice(vocabulary)}") if chance.random() < 0.2 else word
        for word in reference
        if chance.random() > 0.05
    ]
    began = time.perf_counter()
    assert speaker_accuracy(reference, heard).rate > 0.995
    assert time.perf_counter() - began < 20
