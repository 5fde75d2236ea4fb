"""Second hearings, by an engine that goes wrong in known ways on sound that tells it what is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.coverage import coverage, speech_of
from earwitness.engines.base import Recognized
from earwitness.engines.fake import Fake
from earwitness.errors import OptionError
from earwitness.options import SegmentOptions, WordOptions
from earwitness.segments import segment
from earwitness.types import Audio, Region, Word
from earwitness.values import from_plain, to_plain
from earwitness.words import Recognition, recognize

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE = 16_000
SECONDS = 120

COUNTED = Audio(np.repeat(np.arange(SECONDS, dtype=np.float32) + 1, RATE) / 1000)
"""A sound whose every second says its number."""


def numbers(window: FloatArray, temperature: float = 0.0) -> Recognized:
    """The number of every second that is heard for the most part, when it is heard."""
    words = []
    for at in range(0, len(window), RATE // 10):
        piece = window[at : at + RATE // 10]
        text = f" {round(float(np.median(piece)) * 1000) - 1}"
        if words and words[-1].word == text:
            words[-1] = replace(words[-1], end=(at + len(piece)) / RATE)
        else:
            words.append(Word(text, at / RATE, (at + len(piece)) / RATE, 0.95))
    return Recognized(tuple(word for word in words if word.end - word.start > 0.5), avg_logprob=-0.1)


def hear(regions: Sequence[Region], recognizer: Fake, **options: object) -> Recognition:
    return recognize(COUNTED, regions, recognizer, replace(WordOptions(), **options))  # type: ignore[arg-type]


def expected(regions: Sequence[Region]) -> list[str]:
    return [str(second) for region in regions for second in range(round(region.start), round(region.end))]


def texts(found: Recognition) -> list[str]:
    return [word.word.strip() for word in found.words]


REGIONS = (Region(2.0, 9.0), Region(12.0, 20.0), Region(30.0, 41.0), Region(50.0, 58.0), Region(61.0, 62.0))


def faulty(fault: Callable[[Recognized], Recognized], second: int, *, longer_than_s: float = 0.0) -> Fake:
    """Goes wrong where it hears a second of the sound in a window longer than so much."""

    def hear(window: FloatArray, temperature: float) -> Recognized:
        result = numbers(window)
        hit = any(word.word == f" {second}" for word in result.words) and len(window) > longer_than_s * RATE
        return fault(result) if hit else result

    return Fake(hear=hear)


def test_nothing_is_heard_twice_where_nothing_is_wrong() -> None:
    fake = Fake(hear=numbers)
    found = hear(REGIONS, fake)
    assert texts(found) == expected(REGIONS)
    assert (found.repaired, found.warnings) == ((), ())
    assert fake.heard == 2


def test_a_window_that_was_emptied_is_found_and_repaired() -> None:
    """All regions of the first window come out, each heard on its own, and the ledger says so."""
    found = hear(REGIONS, faulty(lambda result: replace(result, words=()), 15, longer_than_s=20.0))
    assert texts(found) == expected(REGIONS)
    assert found.repaired == REGIONS[:3]
    assert found.warnings == ()
    ledger = coverage(SECONDS, REGIONS, found.words, repaired=found.repaired)
    assert {(span.start, span.end) for span in ledger if span.kind == "repaired"} == {(2, 9), (12, 20), (30, 41)}
    assert speech_of(ledger).lost_s == 0
    assert sum(span.end - span.start for span in ledger) == SECONDS


def test_a_window_of_one_region_that_was_emptied_is_repaired_in_halves() -> None:
    found = hear([Region(2.0, 30.0)], faulty(lambda result: replace(result, words=()), 15, longer_than_s=20.0))
    assert texts(found) == expected([Region(2.0, 30.0)])
    assert [region.duration > 3 for region in found.repaired] == [True, True]


def test_an_empty_window_of_a_region_that_was_cut_is_heard_in_halves_too() -> None:
    fake = faulty(lambda result: replace(result, words=()), 15, longer_than_s=20.0)
    found = hear([Region(2.0, 16.0), Region(16.0, 30.0)], fake)
    assert texts(found) == expected([Region(2.0, 30.0)])
    assert fake.heard == 3


def test_holes_are_heard_no_more_at_a_time_than_windows() -> None:
    sizes: list[int] = []

    class Counted(Attentive):
        def recognize(
            self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
        ) -> list[Recognized]:
            sizes.append(len(windows))
            return super().recognize(windows, options, temperature=temperature)

    def empty(window: FloatArray, temperature: float) -> Recognized:
        return Recognized(()) if len(window) > 20 * RATE else numbers(window)

    regions = [Region(at, at + 3.0) for at in range(0, 40, 4)]
    assert texts(hear(regions, Counted(empty), batch_size=4)) == expected(regions)
    assert sizes == [1, 4, 4, 2]


def test_skipped_words_are_spliced_in_where_they_were_skipped() -> None:
    def skip(result: Recognized) -> Recognized:
        return replace(result, words=tuple(w for w in result.words if not 33 <= int(w.word) <= 36))

    found = hear(REGIONS, faulty(skip, 30, longer_than_s=10.0))
    assert texts(found) == expected(REGIONS)
    assert found.repaired == (Region(33.0, 37.0),)


def test_a_region_that_was_skipped_is_heard_on_its_own() -> None:
    def skip(result: Recognized) -> Recognized:
        return replace(result, words=tuple(word for word in result.words if word.word != " 61"))

    found = hear(REGIONS, faulty(skip, 50))
    assert texts(found) == expected(REGIONS)
    assert found.repaired == (Region(61.0, 62.0),)


def test_a_word_drawn_out_over_speech_gives_way_to_what_is_said() -> None:
    def draw(result: Recognized) -> Recognized:
        kept = [word for word in result.words if not 34 <= int(word.word) <= 38]
        return replace(result, words=tuple(replace(w, end=w.end + 5) if w.word == " 33" else w for w in kept))

    found = hear(REGIONS, faulty(draw, 30, longer_than_s=10.0))
    assert texts(found) == expected(REGIONS)


def test_words_heard_again_at_the_seam_move_and_come_once() -> None:
    """The recogniser puts the word of a region at the end of the one before it."""

    def misplace(result: Recognized) -> Recognized:
        *others, last = result.words
        return replace(result, words=(*others, replace(last, start=last.start - 0.4, end=last.start)))

    regions = (Region(50.0, 57.6), Region(58.0, 59.0))
    found = hear(regions, faulty(misplace, 50))
    assert texts(found) == expected(regions)
    assert found.words[-1].start == 58.0
    assert found.repaired == regions[1:]


def test_what_stays_silent_is_dropped_and_said() -> None:
    regions = (Region(2.0, 9.0), Region(62.0, 66.0))
    empty = faulty(lambda result: replace(result, words=tuple(w for w in result.words if int(w.word) < 60)), 63)
    found = hear(regions, empty)
    assert found.warnings == ("1:02: some speech has no words",)
    assert found.repaired == ()
    ledger = coverage(SECONDS, regions, found.words, repaired=found.repaired)
    assert [(span.start, span.end) for span in ledger if span.kind == "dropped"] == [(62.0, 66.0)]
    assert empty.heard == 1 + 1 + len(empty.temperatures)


def test_a_loop_forced_into_half_a_second_is_caught() -> None:
    """Its times prove it, though the rest of the window keeps the compression ratio low."""

    def loop(result: Recognized) -> Recognized:
        first = result.words[0]
        extra = [replace(first, word=" no", start=0.1 + n / 60, end=0.1 + (n + 1) / 60) for n in range(30)]
        return replace(result, words=(*extra, *result.words[1:]))

    found = hear(REGIONS, faulty(loop, 2, longer_than_s=15.0))
    assert texts(found) == expected(REGIONS)
    assert found.warnings == ()
    assert found.repaired[0].start == 2.0


def test_a_loop_that_comes_every_time_is_cut_and_said() -> None:
    def loop(result: Recognized) -> Recognized:
        times = np.linspace(0.0, result.words[-1].end, 61)
        words = tuple(Word(" thank", *map(float, times[n : n + 2]), 0.99) for n in range(60))
        return Recognized(words, avg_logprob=-0.05, compression_ratio=15.0)

    found = hear([Region(65.0, 75.0)], faulty(loop, 70))
    assert found.warnings[0] == "1:05: repeated text was cut"
    assert texts(found).count("thank") <= 2
    assert len(found.words) < 10


def test_people_may_repeat_themselves() -> None:
    said = tuple(Word(" no,", n * 0.4, n * 0.4 + 0.3, 0.95) for n in range(5))
    fake = Fake(hear=lambda window, temperature: Recognized(said))
    assert len(recognize(COUNTED, [Region(0.0, 2.2)], fake).words) == 5
    assert fake.heard == 1


def test_unsure_text_is_heard_at_other_temperatures_and_kept_with_a_mark() -> None:
    def hear_unsure(window: FloatArray, temperature: float) -> Recognized:
        return replace(numbers(window), avg_logprob=-1.5 + temperature)

    found = hear([Region(70.0, 75.0)], Fake(hear=hear_unsure))
    assert texts(found) == expected([Region(70.0, 75.0)])
    assert found.warnings == ("1:10: the text is unsure",)
    assert found.passages[0].avg_logprob == pytest.approx(-1.1)  # the best of them
    better = hear([Region(70.0, 75.0)], Fake(hear=lambda w, t: replace(numbers(w), avg_logprob=-1.3 + t)))
    assert better.warnings == ()


def test_text_is_sampled_at_the_temperature_that_is_asked_for_and_no_lower() -> None:
    tried: list[float] = []

    def unsure(window: FloatArray, temperature: float) -> Recognized:
        tried.append(temperature)
        return replace(numbers(window), avg_logprob=-0.1 if temperature == 0.4 else -2.0)

    found = hear(REGIONS[:1], Fake(hear=unsure), temperature=0.3)
    assert tried == [0.3, 0.4]
    assert [passage.temperature for passage in found.passages] == [0.4]
    assert {one.temperature for one in segment(found.words, found.passages, "en", SegmentOptions())} == {0.4}
    assert [one.temperature for one in hear(REGIONS[:1], Fake(hear=numbers), temperature=0.3).passages] == [0.3]
    assert [one.temperature for one in hear(REGIONS[:1], Fake(hear=numbers)).passages] == [0.0]
    plain = Fake(hear=numbers)
    plain.temperatures = ()  # type: ignore[assignment]
    assert [one.temperature for one in hear(REGIONS[:1], plain, temperature=0.3).passages] == [0.0]
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError, match="temperature must lie between 0 and 1"):
            WordOptions(temperature=wrong)


def test_words_are_told_in_order_as_soon_as_no_second_hearing_can_change_them() -> None:
    events: list[Any] = []
    wrong = REGIONS[1]

    def late(window: FloatArray, temperature: float) -> Recognized:
        """The second window is heard well only at the second go, in a batch of its own."""
        result = numbers(window, temperature)
        text = f" {round(wrong.start)}"
        is_wrong = bool(result.words) and result.words[0].word == text
        events.append(temperature)
        return replace(result, avg_logprob=-2.0) if is_wrong and temperature == 0.0 else result

    fake = Fake(hear=late)
    fake.window_s = 0.0
    found = recognize(
        COUNTED, REGIONS, fake, WordOptions(batch_size=1, language="en"), said=lambda words: events.append(words)
    )
    told = [one for one in events if not isinstance(one, float)]
    assert [word.word for words in told for word in words] == [word.word for word in found.words]
    assert len(told) == len(REGIONS)
    assert events.index(told[0]) < events.index(0.2) < events.index(told[1])
    assert texts(found) == expected(REGIONS)


def test_windows_that_begin_without_a_space_are_parted() -> None:
    def bare(window: FloatArray, temperature: float) -> Recognized:
        first, *rest = numbers(window, temperature).words
        return Recognized((replace(first, word=first.word.strip()), *rest), avg_logprob=-0.1, language=spoken)

    for spoken, space in (("en", " "), ("zh", "")):
        fake = Fake(hear=bare, language=spoken)
        fake.window_s = 0.0
        assert [word.word for word in hear(REGIONS, fake).words if word.word.strip() in ("2", "12")] == [
            f"{space}2",
            f"{space}12",
        ]


def test_more_than_can_be_said_is_left_out_and_said() -> None:
    credit = Recognized(
        tuple(Word(f" {w}", 0.1, 0.3, 0.9) for w in "Subtitles made by the community of viewers".split())
    )
    found = hear([Region(3.0, 3.6)], Fake(hear=lambda window, temperature: credit))
    assert found.words == ()
    assert found.warnings == ("0:03: text was left out, more than can be said in the time",)


def test_what_is_left_out_of_one_half_stays_in_the_other() -> None:
    def crowd(result: Recognized) -> Recognized:
        words = tuple(Word(f" {word}", 0.1, 0.3, 0.9) for word in ("credits " * 3 + "of people ").split() * 30)
        return replace(result, words=tuple(replace(w, word=f"{w.word}{n}") for n, w in enumerate(words)))

    found = hear([Region(65.0, 75.0)], faulty(crowd, 66))
    middle = found.words[0].start
    assert 68 < middle < 73
    assert texts(found) == expected([Region(middle, 75.0)])
    assert found.warnings[0] == "1:05: text was left out, more than can be said in the time"


def test_ghosts_are_left_out_and_said_where_neither_detector_nor_recogniser_is_sure() -> None:
    ghost = Recognized((Word(" You", 0.1, 0.4, 0.4),), avg_logprob=-0.7)
    fake = Fake(hear=lambda window, temperature: ghost)
    found = hear([Region(3.0, 4.0, probability=0.5)], fake)
    assert found.words == ()
    assert found.warnings == ("0:03: text was left out where hardly anybody speaks",)
    assert fake.heard == 1  # asking again would only be asking until it answers
    assert hear([Region(3.0, 4.0, probability=0.9)], fake).words != ()


class Attentive(Fake):
    """Notes the options of every call."""

    def __init__(self, hear: Callable[[FloatArray, float], Recognized] = numbers) -> None:
        super().__init__(hear=hear)
        self.options: list[WordOptions] = []

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        self.options.append(options)
        return super().recognize(windows, options, temperature=temperature)


def test_the_prompt_is_left_out_of_second_hearings() -> None:
    attentive = Attentive(lambda window, temperature: replace(numbers(window), avg_logprob=-2.0))
    hear([Region(70.0, 75.0)], attentive, hotwords="Ada", initial_prompt="Hello.")
    prompts = [(options.hotwords, options.initial_prompt) for options in attentive.options]
    assert prompts == [("Ada", "Hello.")] + [(None, None)] * (1 + len(attentive.temperatures))


def test_an_engine_that_cannot_be_told_says_so_in_one_line() -> None:
    class Deaf(Fake):
        name = "deaf"
        ignores = ("hotwords", "initial_prompt")

    found = hear(REGIONS, Deaf(hear=numbers), hotwords="Ada", initial_prompt="Hello.")
    assert found.warnings == ("--hotwords and --initial-prompt changed nothing: deaf cannot be told what to expect",)
    assert hear(REGIONS, Deaf(hear=numbers)).warnings == ()
    assert hear(REGIONS, Fake(hear=numbers), hotwords="Ada").warnings == ()


class Polyglot(Attentive):
    """Hears French from second 50 on, and tells words of the language it is asked for."""

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        self.asked += len(windows)
        french = (float(np.mean(window > 0.0505)) for window in windows)  # the share of a window
        return [{"fr": self.sure * share, "en": 1 - self.sure * share} for share in french]

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        found = super().recognize(windows, options, temperature=temperature)
        language = options.language or ""
        return [
            replace(result, words=tuple(replace(word, word=f"{word.word}-{language}") for word in result.words))
            for result in found
        ]

    asked = 0
    sure = 0.95


def test_each_window_is_heard_in_its_own_language() -> None:
    polyglot = Polyglot()
    found = recognize(COUNTED, [*REGIONS[:3], Region(50.0, 55.0)], polyglot, WordOptions())
    assert {word.word[-2:] for word in found.words if word.start < 45} == {"en"}
    assert {word.word[-2:] for word in found.words if word.start > 45} == {"fr"}
    assert found.language == "en"
    assert polyglot.heard == 2


def test_the_transcript_has_the_language_of_the_most_speech() -> None:
    """Whatever the vote of a few windows says."""
    assert recognize(COUNTED, [Region(2.0, 9.0), Region(50.0, 79.0)], Polyglot(), WordOptions()).language == "fr"


def test_a_language_that_was_given_or_is_not_sure_is_kept() -> None:
    unsure = Polyglot()
    unsure.sure = 0.6
    given = Polyglot()
    for polyglot, options in ((given, WordOptions(language="en")), (unsure, WordOptions(language="auto"))):
        found = recognize(COUNTED, [*REGIONS[:3], Region(50.0, 55.0)], polyglot, options)
        assert {word.word[-2:] for word in found.words} == {"en"}
        assert polyglot.heard == 2
    assert given.asked == 0


def test_a_window_in_two_languages_is_heard_in_parts() -> None:
    """Its regions are asked for theirs; the short one goes with the one before it."""
    polyglot, regions = Polyglot(), (Region(39.0, 44.0), Region(45.0, 46.0), Region(50.0, 55.0), Region(60.0, 61.0))
    found = recognize(COUNTED, [*REGIONS[:3], *regions], polyglot, WordOptions())
    assert {word.word[-2:] for word in found.words if word.start < 50} == {"en"}
    assert {word.word[-2:] for word in found.words if word.start > 50} == {"fr"}
    assert [word.split("-")[0] for word in texts(found)] == expected([*REGIONS[:3], *regions])
    assert polyglot.heard == 3
    assert polyglot.asked == 2 + 2 + 2  # all windows for the vote, each again, and two regions


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0.2, 4), st.floats(0.5, 25)), min_size=1, max_size=5),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 4)), max_size=30),
    st.integers(0, 3),
)
def test_no_word_begins_before_its_region_whatever_an_engine_says(
    steps: list[tuple[float, float]], drawn: list[tuple[float, float]], wrong: int
) -> None:
    """Words in any place and of any length, windows emptied or not: all end up inside regions, in order."""
    regions, time = [], 0.0
    for pause, length in steps:
        regions.append(Region(time + pause, time + pause + length))
        time += pause + length
    said = tuple(Word(f" w{n}", start, start + length, 0.9) for n, (start, length) in enumerate(sorted(drawn)))
    calls = 0

    def hear(window: FloatArray, temperature: float) -> Recognized:
        nonlocal calls
        calls += 1
        kept = tuple(word for word in said if word.start < len(window) / RATE)
        return Recognized(() if calls <= wrong else kept)

    silence = Audio(np.zeros(160 * RATE, np.float32))
    found = recognize(silence, regions, Fake(hear=hear), WordOptions(batch_size=2))
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    for word in found.words:
        assert any(r.start <= word.start <= word.end <= r.end for r in regions)
    ledger = coverage(160.0, regions, found.words, repaired=found.repaired)
    assert sum(span.end - span.start for span in ledger) == pytest.approx(160.0, abs=1e-9)


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_the_size_of_batches_changes_nothing(batch_size: int) -> None:
    regions = [Region(at, at + 13.0) for at in range(0, 110, 14)]
    skip = faulty(lambda result: replace(result, words=result.words[:3]), 20, longer_than_s=20.0)
    whole = faulty(lambda result: replace(result, words=result.words[:3]), 20, longer_than_s=20.0)
    assert hear(regions, skip, batch_size=batch_size) == hear(regions, whole, batch_size=8)


def test_what_was_heard_twice_can_be_kept() -> None:
    """As checkpoints keep it: a run that goes on says and marks the same."""
    kept: dict[str, Any] = {}

    class Memory:
        def get(self, name: str, kind: Any) -> Any:
            return from_plain(kind, json.loads(kept[name])) if name in kept else None

        def put(self, name: str, value: Any) -> None:
            kept[name] = json.dumps(to_plain(value))

    regions = [Region(2.0, 9.0, 0.6), Region(12.0, 20.0, 0.9), Region(30.0, 41.0), Region(70.0, 75.0)]
    empty = faulty(lambda result: replace(result, words=()), 15, longer_than_s=20.0)
    first = recognize(COUNTED, regions, empty, WordOptions(), memo=Memory())
    fake = Fake(hear=numbers)
    assert recognize(COUNTED, regions, fake, WordOptions(), memo=Memory()) == first
    assert first.repaired == tuple(regions[:3])
    assert fake.heard == 0
