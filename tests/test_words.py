from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from earwitness.engines.base import Recognized
from earwitness.engines.fake import Fake, counting
from earwitness.options import WordOptions
from earwitness.types import Audio, Region, Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray
from earwitness.windows import in_file
from earwitness.words import Recognition, recognize

RATE = 16_000
SILENCE = Audio(np.zeros(200 * RATE, np.float32))


def phrase(text: str, start: float, end: float, probability: float = 0.9) -> tuple[Word, ...]:
    said = text.split()
    step = (end - start) / len(said)
    return tuple(Word(f" {w}", start + i * step, start + (i + 1) * step, probability) for i, w in enumerate(said))


def marked(seconds: dict[int, float]) -> Audio:
    """Silence in which the sample at each second has a value, so that a window can be told by its sound."""
    samples = np.zeros(200 * RATE, np.float32)
    for second, value in seconds.items():
        samples[second * RATE : (second + 1) * RATE] = value
    return Audio(samples)


def seconds_of(window: FloatArray) -> float:
    return len(window) / RATE


def test_words_lie_where_their_region_lies() -> None:
    window = (Region(10.0, 12.0), Region(50.0, 55.0))
    words = in_file(window, phrase("a b c d e f g", 0.0, 7.0))
    assert [word.start for word in words] == [10.0, 11.0, 50.0, 51.0, 52.0, 53.0, 54.0]
    assert words[1].end == 12.0


def test_a_word_drawn_out_over_a_pause_ends_with_its_region() -> None:
    words = in_file((Region(10.0, 12.0), Region(50.0, 55.0)), [Word(" a", 1.5, 3.0, 0.9), Word(" b", 3.0, 4.0, 0.9)])
    assert [(word.start, word.end) for word in words] == [(11.5, 12.0), (51.0, 52.0)]


def test_every_word_is_in_order_and_inside_a_region() -> None:
    regions = [Region(float(at), at + 5.5) for at in range(0, 190, 6)]
    found = recognize(SILENCE, regions, Fake())
    assert len(found.words) > 200
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert all(any(r.start <= w.start < w.end <= r.end for r in regions) for w in found.words)


def test_no_speech_asks_nobody() -> None:
    fake = Fake()
    assert recognize(SILENCE, [], fake) == Recognition("und")
    assert fake.heard == 0


def test_a_given_language_is_kept_and_a_missing_one_detected() -> None:
    region = [Region(0.0, 5.0)]
    assert recognize(SILENCE, region, Fake(language="fr")).language == "fr"
    assert recognize(SILENCE, region, Fake(language="fr"), WordOptions(language="de")).language == "de"
    assert recognize(SILENCE, region, Fake(language="fr"), WordOptions(task="translate")).language == "en"


def hear_with_fault(fault: Callable[[FloatArray], Recognized]) -> Callable[[FloatArray, float], Recognized]:
    """Counts, but a window of more than 20 s goes wrong in the way of `fault`."""
    return lambda window, temperature: fault(window) if seconds_of(window) > 20 else counting(window)


def test_a_window_whose_text_is_missing_is_heard_again_in_halves() -> None:
    fake = Fake(hear=hear_with_fault(lambda window: Recognized(())))
    found = recognize(SILENCE, [Region(0.0, 12.0), Region(20.0, 32.0)], fake)
    assert found.words[0].start == 0.0
    assert found.words[-1].end == pytest.approx(31.9)
    assert len(found.words) == 48
    assert found.warnings == ()


def test_a_loop_is_heard_again_in_halves() -> None:
    loop = Recognized(phrase("so " * 100, 0.0, 24.0), compression_ratio=9.0)
    found = recognize(SILENCE, [Region(0.0, 12.0), Region(20.0, 32.0)], Fake(hear=hear_with_fault(lambda window: loop)))
    assert " so" not in {word.word for word in found.words}
    assert len(found.words) == 48


def test_a_loop_that_stays_is_cut_and_said() -> None:
    def hear(window: FloatArray, temperature: float) -> Recognized:
        return Recognized(phrase("and so " * 20, 0.0, seconds_of(window)), compression_ratio=5.0)

    found = recognize(SILENCE, [Region(60.0, 65.0)], Fake(hear=hear))
    assert [word.word for word in found.words] == [" and", " so"]
    assert found.warnings == ("1:00: repeated text was cut", "1:00: some speech has no words")


def test_another_temperature_mends_what_halves_cannot() -> None:
    def hear(window: FloatArray, temperature: float) -> Recognized:
        return counting(window) if temperature == 0.4 else Recognized(())

    fake = Fake(hear=hear)
    found = recognize(SILENCE, [Region(0.0, 5.0)], fake)
    assert len(found.words) == 10
    assert fake.heard == 3  # as it is, and at each temperature


def test_speech_without_words_is_said() -> None:
    found = recognize(SILENCE, [Region(125.0, 130.0)], Fake(hear=lambda window, temperature: Recognized(())))
    assert found.words == ()
    assert found.warnings == ("2:05: some speech has no words",)


def test_words_made_of_silence_are_dropped() -> None:
    ghost = Recognized(phrase("Thank you for watching.", 0.0, 2.0), avg_logprob=-1.5, no_speech_prob=0.9)
    assert recognize(SILENCE, [Region(0.0, 2.0)], Fake(hear=lambda window, temperature: ghost)).words == ()


class Dictionary(dict[str, object]):
    def get(self, name: str, kind: object) -> object:  # type: ignore[override]
        return super().get(name)

    def put(self, name: str, value: object) -> None:
        self[name] = value


def test_remembered_windows_are_not_heard_again() -> None:
    memo, regions = Dictionary(), [Region(float(at), at + 25.0) for at in range(0, 150, 30)]
    calls = 0

    def hear(window: FloatArray, temperature: float) -> Recognized:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return counting(window)

    with pytest.raises(KeyboardInterrupt):
        recognize(SILENCE, regions, Fake(hear=hear), WordOptions(batch_size=1), memo=memo)
    again = Fake()
    found = recognize(SILENCE, regions, again, memo=memo)
    assert again.heard == 2
    assert found == recognize(SILENCE, regions, Fake())


def test_progress_ends_with_all_speech_done() -> None:
    seen: list[tuple[str, float, float]] = []
    regions = [Region(float(at), at + 25.0) for at in range(0, 150, 30)]
    recognize(SILENCE, regions, Fake(), WordOptions(batch_size=2), progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == [0.0, 25.0, 50.0, 75.0, 100.0, 125.0]
    assert {(stage, total) for stage, _, total in seen} == {("words", 125.0)}
