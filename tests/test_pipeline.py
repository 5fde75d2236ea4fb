from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from earwitness import transcribe
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import Diarization, Recognized, Task, Written
from earwitness.engines.fake import Fake
from earwitness.errors import AudioError, ModelError, OptionError, SourceError
from earwitness.options import Options, SpeakerOptions
from earwitness.pipeline import NO_SPEECH, WAITING, Engines
from earwitness.types import Audio, Overlap, Progress, Region, Transcript, Turn, Word
from sounds import bursts, write_wav
from writers import Writer, repeats

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SPANS = ((1.2, 10.8), (14.2, 19.8), (24.2, 29.8))


class Loud:
    """A detector to which loud is speech."""

    name = "loud"
    frame_s = 0.1

    def __init__(self) -> None:
        self.calls = 0

    def probabilities(self, blocks: Iterable[FloatArray]) -> FloatArray:
        self.calls += 1
        samples = np.concatenate(list(blocks))
        frames = samples[: len(samples) // 1600 * 1600].reshape(-1, 1600)
        return (np.abs(frames).max(axis=1) > 0.05).astype(np.float32)


class Thirds:
    """An embedder to which the middle third of the half minute is another voice."""

    name = "thirds"
    window_s = 1.6

    def __init__(self) -> None:
        self.calls = 0

    def identity(self) -> str:
        return self.name

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        self.calls += 1
        points = np.random.default_rng(0).normal(0, 0.01, (len(spans), 8)).astype(np.float32)
        for point, span in zip(points, spans, strict=True):
            point[0 if 12 < (span.start + span.end) / 2 < 22 else 1] += 1
        return points


def sentences(window: FloatArray, temperature: float = 0.0) -> Recognized:
    """A sentence of four words every two seconds."""
    words = []
    for index in range(int(len(window) / 16_000 * 2)):
        text = (" The", " bridge", " was", " safe.")[index % 4]
        words.append(Word(text, index * 0.5, index * 0.5 + 0.45, 0.9))
    return Recognized(tuple(words), avg_logprob=-0.1)


def engines(writer: Writer | None = None, **options: Any) -> Engines:
    settings = Options.of(engine="fake", **options)
    return Engines(settings, recognizer=Fake(hear=sentences), detector=Loud(), embedder=Thirds(), summarizer=writer)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", bursts(32.0, *SPANS))


def run(recording: Path, kept: Checkpoints, made: Engines, **options: Any) -> Transcript:
    return transcribe(recording, engines=made, checkpoints=kept, engine="fake", **options)


def test_a_recording_becomes_a_transcript(recording: Path, tmp_path: Path) -> None:
    transcript = run(recording, Checkpoints(tmp_path / "cache"), engines(), speakers=2)
    assert transcript.source.name == "talk.wav"
    assert transcript.duration == 32.0
    assert [turn.speaker for turn in transcript.turns] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert [round(turn.start) for turn in transcript.turns] == [1, 14, 24]
    assert transcript.segments[0].text.startswith("The bridge was safe.")
    assert len(transcript.speakers) == 2
    assert transcript.engine.asr == "fake"
    assert transcript.engine.diarizer == "thirds"
    assert sum(span.end - span.start for span in transcript.coverage) == pytest.approx(32.0, abs=1e-9)
    assert {"audio", "regions", "words", "speakers", "segments"} <= transcript.timings.keys()


def test_a_second_run_computes_nothing_and_says_the_same(recording: Path, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "cache")
    first = run(recording, kept, engines())
    made = engines()
    second = run(recording, kept, made)
    assert isinstance(made.recognizer, Fake)
    assert isinstance(made.detector, Loud)
    assert isinstance(made.embedder, Thirds)
    assert (made.recognizer.heard, made.detector.calls, made.embedder.calls) == (0, 0, 0)
    plain, again = first.to_dict(), second.to_dict()
    for volatile in ("segments", "chapters", "summary"):
        plain["timings"].pop(volatile, None)
        again["timings"].pop(volatile, None)
    assert plain == again


class Musical:
    """A sound classifier to which everything is music, or nothing."""

    name = model = "musical"
    labels = ("music", "noise")
    sample_rate, window_s, exclusive = 16_000, 3.0, True
    versions: Mapping[str, str] = {}

    def __init__(self, music: float) -> None:
        self.music = music
        self.calls = 0

    def identity(self) -> str:
        return f"{self.name} {self.music}"

    def classify(self, windows: Sequence[FloatArray]) -> FloatArray:
        self.calls += 1
        return np.array([[self.music, 1 - self.music]] * len(windows), np.float32)


def test_music_beside_speech_is_in_the_ledger_and_among_the_events(tmp_path: Path) -> None:
    samples = bursts(32.0, *SPANS)
    samples[round(10.9 * 16_000) : round(14.1 * 16_000)] += 0.02  # soft, and no speech to the detector
    kept, recording = Checkpoints(tmp_path / "cache"), write_wav(tmp_path / "talk.wav", samples)

    def heard(classifier: Musical) -> Transcript:
        made = Engines(
            Options.of(engine="fake"), recognizer=Fake(hear=sentences), detector=Loud(), embedder=Thirds(),
            sounds=classifier,
        )  # fmt: skip
        return run(recording, kept, made)

    musical = heard(Musical(0.8))
    (event,) = musical.events
    assert (event.label, event.score) == ("jingle", pytest.approx(0.8))
    assert 10.8 <= event.start < event.end <= 14.2
    assert [(span.start, span.end) for span in musical.coverage if span.kind == "music"] == [(event.start, event.end)]
    # Another classifier hears for itself; the same one again takes what is kept.
    other, again = Musical(0.1), Musical(0.8)
    noisy = heard(other)
    assert other.calls
    assert (noisy.events, {span.kind for span in noisy.coverage} & {"music", "noise"}) == ((), {"noise"})
    assert heard(again).events == musical.events
    assert not again.calls


def test_another_summarizer_transcribes_nothing_again(recording: Path, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "cache")
    assert run(recording, kept, engines()).summary is not None
    made = engines(summarizer="none")
    transcript = run(recording, kept, made, summarizer="none")
    assert transcript.summary is None
    assert transcript.engine.summarizer is None
    assert isinstance(made.recognizer, Fake)
    assert made.recognizer.heard == 0


def test_an_engine_writes_the_summary_and_where_it_fails_extracts_stand(recording: Path, tmp_path: Path) -> None:
    def broken(task: Task) -> tuple[Written, ...]:
        raise ModelError("http://localhost:1/v1: cannot connect; start the server")

    kept = Checkpoints(tmp_path / "cache")
    first, second = (run(recording, kept, engines(writer=Writer(answer))) for answer in (repeats, broken))
    assert first.engine.summarizer == "writer:test"
    assert second.engine.summarizer == "writer:test"  # of what was kept
    other = run(recording, Checkpoints(tmp_path / "other"), engines(writer=Writer(broken)))
    assert other.engine.summarizer == "extractive"
    assert other.summary == run(recording, kept, engines()).summary
    assert "start the server" in other.warnings[-1]
    assert "summary" in other.timings


def test_other_speaker_options_only_diarize_again(recording: Path, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "cache")
    run(recording, kept, engines())
    made = engines(speakers=1)
    assert len(run(recording, kept, made, speakers=1).speakers) == 1
    assert isinstance(made.recognizer, Fake)
    assert isinstance(made.embedder, Thirds)
    assert made.recognizer.heard == 0
    assert made.embedder.calls > 0


def test_a_run_that_was_stopped_goes_on_from_there(recording: Path, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "cache")
    heard = 0

    def stop_at_the_second(window: FloatArray, temperature: float) -> Recognized:
        nonlocal heard
        heard += 1
        if heard == 2:
            raise KeyboardInterrupt
        return sentences(window)

    made = engines()
    made.recognizer = Fake(hear=stop_at_the_second)
    made.recognizer.window_s = 0.0  # a window a region
    with pytest.raises(KeyboardInterrupt):
        run(recording, kept, made, batch_size=1)
    made = engines()
    made.recognizer = Fake(hear=sentences)
    made.recognizer.window_s = 0.0
    transcript = run(recording, kept, made, batch_size=1)
    assert made.recognizer.heard == 2
    assert isinstance(made.detector, Loud)
    assert made.detector.calls == 0
    assert len(transcript.words) == 44


def test_who_comes_to_a_stage_that_another_is_at_waits_and_takes_its_result(recording: Path, tmp_path: Path) -> None:
    """The first run is held up in recognition until the second has said that it waits."""
    kept, there, waits = Checkpoints(tmp_path / "cache"), threading.Event(), threading.Event()

    def slowly(window: FloatArray, temperature: float) -> Recognized:
        there.set()
        assert waits.wait(60)
        return sentences(window)

    held_up, second, told = engines(), engines(), []
    held_up.recognizer = Fake(hear=slowly)

    def progress(stage: str, done: float, total: float) -> None:
        told.append((stage, done / total))
        waits.set()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, recording, kept, held_up)
        assert there.wait(60)
        transcript = run(recording, kept, second, progress=progress)
        assert transcript.segments == first.result(60).segments
    assert isinstance(second.recognizer, Fake)
    assert (held_up.recognizer.heard > 0, second.recognizer.heard) == (True, 0)
    assert told[0] == (WAITING, 0.0)


def test_who_starts_afresh_does_its_own_work_after_the_other(recording: Path, tmp_path: Path) -> None:
    kept, made = Checkpoints(tmp_path / "cache"), engines()
    run(recording, kept, engines())
    run(recording, Checkpoints(tmp_path / "cache", resume=False), made)
    assert isinstance(made.recognizer, Fake)
    assert made.recognizer.heard > 0


def test_silence_gives_an_empty_transcript(tmp_path: Path) -> None:
    transcript = run(write_wav(tmp_path / "silence.wav", np.zeros(16_000 * 3)), Checkpoints(None), engines())
    assert (transcript.segments, transcript.turns, transcript.chapters) == ((), (), ())
    assert NO_SPEECH in transcript.warnings
    assert [(span.start, span.end, span.kind) for span in transcript.coverage] == [(0.0, 3.0, "silence")]


def test_without_diarization_nobody_is_named(recording: Path) -> None:
    made = Engines(Options.of(engine="fake", diarize=False), recognizer=Fake(hear=sentences), detector=Loud())
    transcript = run(recording, Checkpoints(None), made, diarize=False)
    assert {word.speaker for word in transcript.words} == {None}
    assert transcript.speakers == ()
    assert transcript.engine.diarizer is None


def test_progress_names_the_stages_in_order(recording: Path) -> None:
    stages: list[str] = []
    transcribe(
        recording,
        engines=engines(),
        checkpoints=Checkpoints(None),
        engine="fake",
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert list(dict.fromkeys(stages)) == ["audio", "regions", "words", "speakers"]


class AtOnce:
    """A diarizer that hears two from second 8 to 9 and 16 to 17, and one voice else."""

    name = "at-once"
    versions: Mapping[str, str] = {}

    def identity(self) -> str:
        return "at-once"

    def diarize(self, audio: Audio, options: SpeakerOptions, progress: Progress | None = None) -> Diarization:
        turns = (Turn(1.2, 12.0, "SPEAKER_00"), Turn(12.0, 30.0, "SPEAKER_01"))
        both = (*turns, Turn(8.0, 9.0, "SPEAKER_01"), Turn(16.0, 17.0, "SPEAKER_00"))
        return Diarization(turns, both)


def test_where_two_speak_at_once_both_are_named_and_the_words_doubtful(recording: Path, tmp_path: Path) -> None:
    made = Engines(Options.of(engine="fake"), recognizer=Fake(hear=sentences), detector=Loud(), diarizer=AtOnce())
    transcript = run(recording, Checkpoints(tmp_path / "cache"), made)
    both = ("SPEAKER_00", "SPEAKER_01")
    assert transcript.overlaps == (Overlap(8.0, 9.0, both), Overlap(16.0, 17.0, both))
    doubtful = [word for word in transcript.words if word.has_doubtful_speaker]
    assert 2 <= len(doubtful) <= 6
    assert all(
        any(word.start < span.end and span.start < word.end for span in transcript.overlaps) for word in doubtful
    )
    assert Transcript.from_dict(transcript.to_dict()).overlaps == transcript.overlaps


def test_a_downloaded_copy_is_removed(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is copied to a file, as a download is; after the run only checkpoints are left."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(recording.read_bytes())))
    kept = Checkpoints(tmp_path / "cache")
    transcript = transcribe("-", engines=engines(), checkpoints=kept, engine="fake")
    assert transcript.words
    assert list(kept.scratch().iterdir()) == []


@pytest.mark.parametrize(
    ("options", "kind"),
    [({"engine": "espresso"}, OptionError), ({"summarizer": "poet"}, OptionError), ({"diarizer": "ear"}, OptionError)],
)
def test_unknown_names_are_refused_with_the_known_ones(recording: Path, options: dict[str, str], kind: type) -> None:
    with pytest.raises(kind, match="there are auto"):
        transcribe(recording, checkpoints=Checkpoints(None), **options)


def test_bad_recordings_raise_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "page.mp3").write_bytes(b"%PDF-1.7 " + b"x" * 5000)
    with pytest.raises(AudioError, match=r"page\.mp3"):
        run(tmp_path / "page.mp3", Checkpoints(None), engines())
    with pytest.raises(SourceError, match="missing"):
        run(tmp_path / "missing.mp3", Checkpoints(None), engines())
