"""Live transcription on a clock that is the sound's own, so that every run is the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import numpy as np
import pytest

from earwitness import audio, regions
from earwitness.checkpoints import Checkpoints
from earwitness.endpoints import Endpoints
from earwitness.engines.base import Recognized
from earwitness.engines.fake import Fake, counting
from earwitness.engines.silero import Silero
from earwitness.errors import OptionError
from earwitness.live import STEP_S, Closed, Event, Final, Listening, Partial, listen
from earwitness.online_speakers import OnlineSpeakers
from earwitness.options import Options, RegionOptions, SpeakerOptions
from earwitness.pipeline import Engines, Stages, transcript_of
from earwitness.source import fetch, find
from earwitness.tape import Tape
from earwitness.types import Audio, Region, Word
from sounds import RATE, speech, write_wav

QUIET = Options.of(language="en", diarize=False, summarizer="none")


class Loud:
    """Takes what is loud for speech."""

    name = "loud"
    frame_s = 0.032

    def frames(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        rest = np.zeros(0, np.float32)
        for block in blocks:
            rest = np.concatenate([rest, block])
            count = len(rest) // 512
            yield (np.abs(rest[: count * 512]).reshape(count, 512).max(axis=1, initial=0.0) > 0.1).astype(np.float32)
            rest = rest[count * 512 :]

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.float32), *self.frames(blocks)])


def in_blocks(samples: np.ndarray, seconds: float = 0.1) -> Iterator[np.ndarray]:
    step = round(seconds * RATE)
    return (samples[first : first + step] for first in range(0, len(samples), step))


def engines(options: Options = QUIET, hear: Callable[..., Recognized] | None = None, **changes: Any) -> Engines:
    return Engines(options, recognizer=Fake(hear=hear) if hear else Fake(), **changes)


def words_of(events: Sequence[Event], kind: type = Final) -> list[str]:
    return [word.word.strip() for event in events if isinstance(event, kind) for word in event.words]


def talk(*spans: tuple[float, float], seconds: float) -> np.ndarray:
    """Sound in the spans, of which each has an amplitude of its own; and silence."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for number, (start, end) in enumerate(spans, 1):
        samples[round(start * RATE) : round(end * RATE)] = 0.2 + 0.01 * number
    return samples


def test_words_firm_up_while_somebody_speaks() -> None:
    sound = talk((1.0, 5.0), seconds=8.0)
    events = list(listen(in_blocks(sound), engines(detector=Loud()), QUIET))
    before_the_end = [event for event in events if event.at < 5.0]
    assert words_of(before_the_end) == ["one", "two", "three", "four", "five", "six"]  # heard twice
    assert words_of(events) == ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    assert isinstance(events[0], Partial)
    (closed,) = (event for event in events if isinstance(event, Closed))
    assert (closed.start, closed.end) == pytest.approx((0.8, 5.2), abs=0.04)
    assert words_of(events, Closed) == words_of(events)
    assert 0.3 < closed.at - 5.0 < 0.6
    assert all(
        0 <= event.at - word.end < 3 * STEP_S for event in events if isinstance(event, Final) for word in event.words
    )


def test_a_hypothesis_hears_the_speech_so_far_and_no_more() -> None:
    heard: list[float] = []

    def hear(window: np.ndarray, temperature: float) -> Recognized:
        heard.append(round(len(window) / RATE, 1))
        return counting(window)

    list(listen(in_blocks(talk((1.0, 4.0), (6.0, 7.5), seconds=9.0)), engines(hear=hear, detector=Loud()), QUIET))
    # Three hypotheses, the region whole; two hypotheses of the second region, and both in one window.
    assert heard == pytest.approx([1.0, 2.0, 3.0, 3.4, 1.0, 2.0, 5.3], abs=0.21)


def test_final_words_stay_and_come_once_whatever_the_recogniser_makes_of_them() -> None:
    """An engine that changes its mind at random, as Whisper does: what is said is a stream in order of time."""
    random = np.random.default_rng(0)

    def fickle(window: np.ndarray, temperature: float) -> Recognized:
        words = counting(window).words
        return Recognized(
            tuple(
                Word(" um", word.start, word.end, 0.9) if random.random() < 0.2 else word
                for word in words if random.random() > 0.1
            )
        )  # fmt: skip

    sound = talk((0.5, 9.0), (10.0, 16.0), (17.0, 40.0), seconds=42.0)
    events = list(listen(in_blocks(sound), engines(hear=fickle, detector=Loud()), QUIET))
    final = [word for event in events if isinstance(event, Final) for word in event.words]
    assert len(final) > 40
    middles = [(word.start + word.end) / 2 for word in final]
    assert middles == sorted(middles)
    assert len(set(middles)) == len(middles)


def test_speech_is_found_where_the_batch_finds_it() -> None:
    sound = Audio(speech(45.0))
    expected = regions.detect(sound, Silero())
    events = listen(in_blocks(sound.samples, 0.37), engines(hear=lambda *_: Recognized(())), QUIET)
    found = [(event.start, event.end) for event in events if isinstance(event, Closed)]
    assert len(expected) > 5
    assert found == [(region.start, region.end) for region in expected]


def test_the_transcript_at_the_end_is_the_batchs_and_hears_nothing_again(tmp_path: Path) -> None:
    samples = speech(20.0)
    path = write_wav(tmp_path / "talk.wav", samples)
    options = Options.of(language="en", summarizer="none")
    found = fetch(find([str(path)])[0], options.source, tmp_path)
    batch = transcript_of(Stages(found, options, Checkpoints(None)), engines(options))
    for given in (options, Options.of(summarizer="none")):  # whether the language is told or heard
        used = engines(given)
        listening = Listening(used, given)
        events = list(listening.events(in_blocks(audio.load(path).samples)))
        heard = used.recognizer.heard  # type: ignore[attr-defined]
        assert heard > 5
        stages = Stages(found, given, Checkpoints(None))
        listening.tell(stages)
        live = transcript_of(stages, used)
        assert used.recognizer.heard == heard  # type: ignore[attr-defined]
        assert (live.segments, live.coverage, live.speakers) == (batch.segments, batch.coverage, batch.speakers)
        assert len(words_of(events)) >= 30


def test_what_was_heard_in_another_language_is_heard_again(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "talk.wav", speech(20.0))
    found = fetch(find([str(path)])[0], QUIET.source, tmp_path)
    options = Options.of(diarize=False, summarizer="none")
    listening = Listening(Engines(options, recognizer=Fake(language="en")), options)
    list(listening.events(in_blocks(audio.load(path).samples)))
    other = Engines(options, recognizer=Fake(language="de"))
    stages = Stages(found, options, Checkpoints(None))
    listening._engines = other
    listening.tell(stages)
    assert stages.known == {}
    assert transcript_of(stages, other).language == "de"


def test_a_stalled_consumer_gets_every_second() -> None:
    sound = speech(1.5)
    tape, heard = Tape(), []
    Thread(target=tape.play, args=(sound,), daemon=True).start()
    for event in listen((heard.append(block) or block for block in tape), engines(), QUIET, now=tape.now):
        if isinstance(event, Partial):
            sleep(0.7)
    assert np.array_equal(np.concatenate(heard), sound)
    tape.close()


def test_who_is_late_makes_no_hypotheses_and_misses_nothing() -> None:
    sound = talk((1.0, 9.0), (11.0, 18.0), (20.0, 24.0), seconds=26.0)
    used = engines(detector=Loud())
    events = list(listen([sound], used, QUIET))
    assert not any(isinstance(event, Partial) for event in events)
    assert used.recognizer.heard == 1  # type: ignore[attr-defined] - all three regions go into one window
    assert len(words_of(events)) >= 38
    assert sum(isinstance(event, Closed) for event in events) == 3


def test_speech_without_a_pause_is_cut_and_memory_stays_small() -> None:
    options = QUIET
    listening = Listening(engines(detector=Loud()), options)
    minute = np.full(60 * RATE, 0.3, np.float32)
    closed: list[Closed] = []
    for event in listening.events(block for _ in range(4) for block in in_blocks(minute, 0.5)):
        if isinstance(event, Closed):
            closed.append(event)
        assert sum(len(samples) for _, samples in listening._sound._pieces) < 70 * RATE
    assert len(closed) >= 8
    assert max(event.end - event.start for event in closed) <= options.regions.max_region_s + 0.1
    assert all(one.end == other.start for one, other in pairwise(closed))


def test_a_whole_lecture_at_once_is_heard() -> None:
    events = list(listen([np.full(200 * RATE, 0.3, np.float32)], engines(detector=Loud()), QUIET))
    assert len(words_of(events)) == len(words_of(events, Closed)) >= 390


def test_hours_of_pauses_between_words_take_no_memory() -> None:
    listening = Listening(engines(detector=Loud()), QUIET)
    pause = talk((30.0, 31.0), seconds=60.0)
    for _ in listening.events(block for _ in range(40) for block in in_blocks(pause, 30.0)):
        assert sum(len(samples) for _, samples in listening._sound._pieces) < 100 * RATE


@pytest.mark.parametrize(
    ("blocks", "damaged"),
    [
        ([], 0),
        ([np.zeros(160, np.float32)], 0),
        ([np.zeros(0, np.float32)], 0),
        ([np.zeros(RATE, np.float32)] * 5, 0),
        ([np.full(1600, np.nan, np.float32)] * 50, 80_000),
        ([np.array([np.inf, -np.inf, 1e30, 0.1])], 3),
        ([np.full(160, 0.5, np.float32)], 0),
    ],
)
def test_nothing_is_made_of_nothing(blocks: list[np.ndarray], damaged: int) -> None:
    listening = Listening(engines(), QUIET)
    assert list(listening.events(blocks)) == []
    assert bool(listening.warnings) == bool(damaged)
    assert all(str(damaged) in line for line in listening.warnings)


def test_damage_in_the_middle_costs_only_itself() -> None:
    sound = speech(12.0).copy()
    whole = words_of(list(listen(in_blocks(sound), engines(), QUIET)))
    sound[16_000:16_100] = np.nan
    events = list(listen(in_blocks(sound), engines(), QUIET))
    assert words_of(events) == whole
    assert all(math.isfinite(word.end) for event in events for word in event.words)


def test_what_is_no_mono_sound_is_refused() -> None:
    with pytest.raises(OptionError, match=r"shape \(160, 2\).*one channel"):
        list(listen([np.zeros((160, 2), np.float32)], engines(), QUIET))
    with pytest.raises(OptionError, match="sample rate 0 Hz"):
        list(listen([np.zeros(160, np.float32)], engines(), QUIET, sample_rate=0))


def test_another_sample_rate_is_the_same_sound() -> None:
    sound = speech(12.0)
    expected = [event for event in listen(in_blocks(sound), engines(), QUIET) if isinstance(event, Closed)]
    fast = np.repeat(sound, 3)
    found = [
        event
        for event in listen(in_blocks(fast, 0.3), engines(), QUIET, sample_rate=48_000)
        if isinstance(event, Closed)
    ]
    assert [(event.start, event.end) for event in found] == [
        pytest.approx((event.start, event.end), abs=0.1) for event in expected
    ]


class Tones:
    """An embedder that hears the amplitude: a voice is a number."""

    name = "tones"
    window_s = 1.6

    def identity(self) -> str:
        return self.name

    def embed(self, samples: np.ndarray, spans: Sequence[Region]) -> np.ndarray:
        sound = Audio(samples)
        random = np.random.default_rng(len(samples))
        centres = [np.abs(sound.between(span.start, span.end)).mean() for span in spans]
        points = np.stack([np.full(32, 1.0) * round(20 * centre) * (-1.0) ** np.arange(32) for centre in centres])
        return (points + random.normal(size=points.shape)).astype(np.float32)


def test_speakers_are_told_as_turns_close() -> None:
    parts = [np.full(3 * RATE, level, np.float32) for level in (0.2, 0.6, 0.2, 0.9)]
    pause = np.zeros(RATE, np.float32)
    sound = np.concatenate([piece for part in parts for piece in (pause, part)] + [pause])
    options = Options.of(language="en", summarizer="none")
    events = list(listen(in_blocks(sound), engines(options, detector=Loud(), embedder=Tones()), options))
    closed = [event for event in events if isinstance(event, Closed)]
    assert [event.speaker for event in closed] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00", "SPEAKER_02"]
    assert all(word.speaker == event.speaker for event in closed for word in event.words)


def test_no_more_speakers_than_are_asked_for() -> None:
    speakers = OnlineSpeakers(Tones(), SpeakerOptions(speakers=2))
    told = [speakers.speaker(np.full(3 * RATE, level, np.float32)) for level in (0.2, 0.6, 0.9, 0.2)]
    assert told == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_01", "SPEAKER_00"]


def test_a_short_word_is_no_new_speaker() -> None:
    speakers = OnlineSpeakers(Tones(), SpeakerOptions())
    assert speakers.speaker(np.full(3 * RATE, 0.2, np.float32)) == "SPEAKER_00"
    assert speakers.speaker(np.full(RATE // 2, 0.9, np.float32)) == "SPEAKER_00"
    assert speakers.speaker(np.full(160, 0.9, np.float32)) == "SPEAKER_00"


def test_the_demo_model_live() -> None:
    """Real words: what is final equals the batch's text but for a word or two."""
    options = Options.of(model="demo", language="en", beam_size=1, summarizer="none", threads=1)
    used = Engines(options)
    sound = speech(20.0)
    events = list(listen(in_blocks(sound), used, options))
    final = " ".join(words_of(events))
    assert "today we talk about life on a small island" in final
    assert final.endswith("Thank you for having me, Laura.")
    assert [event.speaker for event in events if isinstance(event, Closed)] == ["SPEAKER_00", "SPEAKER_01"]
    lags = [event.at - word.end for event in events if isinstance(event, Final) for word in event.words]
    assert float(np.median(lags)) < 2.5


def test_endpoints_take_the_options_of_regions() -> None:
    ends = Endpoints(0.032, RegionOptions(min_silence_s=1.0, pad_s=0.0))
    assert ends.feed(np.array([0.9] * 30 + [0.0] * 30, np.float32)) == ()
    assert len(ends.feed(np.zeros(10, np.float32))) == 1
