"""Text to speech of any length: what is joined, how long it is, and that nothing clicks, clips or is lost."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earwitness import audio
from earwitness.engines import espeak
from earwitness.errors import ModelError, OptionError, ScriptError, StorageError
from earwitness.options import SpeechOptions
from earwitness.toolkit import encoding, synthesis
from earwitness.toolkit.tempo import stretched
from earwitness.toolkit.utterances import CLAUSE_PAUSE_S, PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S, utterances
from factories import make_transcript

RATE = 8000
STORY = "In January, a great storm destroyed the wooden bridge. Nobody was hurt!\n\nForty workers built a new one."


class Hum:
    """An engine that hums 0.01 s a character, cut off in full swing at both ends."""

    name, model, language, sample_rate = "hum", "hum", "en", RATE
    speeds = (1.0, 1.0)

    def __init__(self, level: float = 0.5, *, stops_at: str = "", error: BaseException | None = None) -> None:
        self.said: list[str] = []
        self._level, self._stops_at, self._error = level, stops_at, error
        self.versions: dict[str, str] = {}

    def identity(self) -> str:
        return "hum"

    def fits(self, text: str) -> bool:
        return len(text) <= 60

    def missing(self, text: str) -> Collection[str]:
        return {letter for letter in text if letter.isdigit()}

    def speak(self, text: str, speed: float = 1.0) -> np.ndarray:
        self.said.append(text)
        if self._stops_at and self._stops_at in text and self._error:
            raise self._error
        if text.startswith("Hush"):
            return np.zeros(0, np.float32)
        times = np.arange(80 * len(text)) / RATE
        return (self._level * np.cos(2 * np.pi * 200 * times)).astype(np.float32)


def test_its_length_is_that_of_the_pieces_and_the_pauses() -> None:
    engine = Hum()
    made = synthesis.say(STORY, engine=engine)
    assert engine.said == [
        "In January, a great storm destroyed the wooden bridge.",
        "Nobody was hurt!",
        "Forty workers built a new one.",
    ]
    pauses = round((SENTENCE_PAUSE_S + PARAGRAPH_PAUSE_S) * RATE)
    assert len(made.samples) == sum(80 * len(text) for text in engine.said) + pauses
    assert made.sample_rate == RATE


def test_what_does_not_fit_is_cut_between_words_and_nothing_of_it_is_lost() -> None:
    long = " ".join(f"word{number}," if number % 7 == 0 else f"word{number}" for number in range(400))
    found = utterances(f"{long}. Short.", "en", lambda text: len(text) <= 60)
    assert " ".join(one.text for one in found) == f"{long}. Short."
    assert all(len(one.text) <= 60 for one in found)
    assert {one.pause_s for one in found[:-2]} == {CLAUSE_PAUSE_S}
    assert [one.pause_s for one in found[-2:]] == [SENTENCE_PAUSE_S, 0.0]
    assert [one.text for one in utterances("x" * 200, "en", lambda text: len(text) <= 60)] == ["x" * 50] * 4


@pytest.mark.parametrize("level", [0.5, 1.0])
def test_no_join_is_a_greater_jump_than_those_inside_the_pieces(level: float) -> None:
    engine = Hum(level)
    made = synthesis.say(STORY * 5, engine=engine).samples
    inside = max(float(np.abs(np.diff(engine.speak(text))).max()) for text in set(engine.said))
    assert np.abs(np.diff(made, prepend=0.0, append=0.0)).max() <= inside + 1e-6
    assert np.isfinite(made).all()
    assert np.abs(made).max() == pytest.approx(min(level, synthesis.PEAK), abs=1e-3)


def test_real_speech_joins_without_clicks_and_does_not_clip() -> None:
    pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
    made = synthesis.say(STORY)
    pieces = [espeak.sound(one.text)[0] for one in utterances(STORY, "en", lambda text: True)]
    assert made.sample_rate == espeak.own_rate()
    assert len(made.samples) == sum(map(len, pieces)) + round(made.sample_rate * (SENTENCE_PAUSE_S + PARAGRAPH_PAUSE_S))
    assert np.abs(np.diff(made.samples)).max() <= max(float(np.abs(np.diff(piece)).max()) for piece in pieces)
    assert 0.1 < np.abs(made.samples).max() < 1.0
    assert np.array_equal(made.samples, synthesis.say(STORY).samples)


@pytest.mark.parametrize("speed", [0.25, 0.6, 1.7, 4.0])
def test_speed_is_kept_by_engines_that_know_none_and_by_those_that_know_some(speed: float) -> None:
    slow = synthesis.say(STORY, SpeechOptions(speed=speed), engine=Hum())
    usual = synthesis.say(STORY, engine=Hum())
    pauses = SENTENCE_PAUSE_S + PARAGRAPH_PAUSE_S
    assert slow.duration - pauses == pytest.approx((usual.duration - pauses) / speed, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(slow.samples))
    assert spectrum.argmax() * RATE / len(slow.samples) == pytest.approx(200, abs=12)  # the pitch is as it was

    pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
    slow, usual = synthesis.say("A great storm.", SpeechOptions(speed=speed)), synthesis.say("A great storm.")
    assert slow.duration == pytest.approx(usual.duration / speed, rel=0.25)  # its pauses and stops do not shrink alike
    assert np.abs(slow.samples).max() < 1.0


def test_a_stretch_of_nothing_is_nothing() -> None:
    assert len(stretched(np.zeros(0, np.float32), RATE, 2.0)) == 0


def test_speech_is_made_when_it_is_asked_for() -> None:
    engine, told = Hum(), []
    made = synthesis.blocks(STORY, engine=engine, progress=lambda done, total: told.append((done, total)))
    assert engine.said == []
    next(made)
    assert len(engine.said) == 1
    assert len(list(made)) == 2
    total = sum(map(len, engine.said))
    assert [done for done, _ in told] == list(np.cumsum([len(text) for text in engine.said]))
    assert {all_ for _, all_ in told} == {total}


@pytest.mark.parametrize("ending", sorted(encoding.FORMS))
def test_a_file_of_each_kind_holds_what_was_said(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"speech{ending}"
    spoken = synthesis.write(STORY, path, engine=Hum())
    whole = synthesis.say(STORY, engine=Hum())
    found = audio.load(path, sample_rate=RATE)
    assert spoken.duration == whole.duration
    assert found.duration == pytest.approx(whole.duration, abs=2 * 1024 / RATE)  # AAC fills its frames of 1024
    level = float(np.sqrt(np.mean(found.samples**2)))
    assert level == pytest.approx(float(np.sqrt(np.mean(whole.samples**2))), rel=0.1)
    assert np.abs(found.samples).max() < 1.0
    if ending in (".wav", ".flac"):
        assert np.abs(found.samples - whole.samples).max() <= 1 / 32768
    assert [path.name for path in path.parent.iterdir()] == [path.name]


def test_speech_goes_into_a_stream_too() -> None:
    stream = io.BytesIO()
    length = encoding.encode(synthesis.blocks(STORY, engine=Hum()), RATE, stream, encoding.FORMS[".mp3"])
    assert length > RATE
    assert len(stream.getvalue()) > 1000


def test_a_rate_that_a_kind_of_file_does_not_know_becomes_the_next_higher(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050).astype(np.float32) / 2
    encoding.write([tone[:500], tone[500:]], 22050, tmp_path / "tone.opus")
    found = audio.load(tmp_path / "tone.opus", sample_rate=22050).samples
    assert len(found) == pytest.approx(22050, abs=50)
    assert np.corrcoef(found[2000:20000], tone[2000:20000])[0, 1] > 0.99


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ModelError("broken")])
def test_whatever_stops_it_leaves_the_file_as_it_was(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_bytes(b"before")
    with pytest.raises(type(error)):
        synthesis.write(STORY, path, engine=Hum(stops_at="Forty", error=error))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot write .*speech.wav: .*choose another place"):
        synthesis.write("Hello.", tmp_path / "file" / "speech.wav", engine=Hum())
    with pytest.raises(OptionError, match=r"speech.docx: it must end in one of .wav, .flac"):
        synthesis.write("Hello.", tmp_path / "speech.docx", engine=Hum())


def test_what_an_engine_has_no_sound_for_is_told_and_leaves_no_hole() -> None:
    made = synthesis.say("Hush now. Seven is 7.", engine=Hum())
    assert len(made.samples) == 80 * len("Seven is 7.")
    assert made.warnings == ("the voice has no sound for 7, and leaves them out; write them as it would read them",)
    with pytest.raises(ScriptError, match=r"hum .*has no sound for any of this text"):
        synthesis.say("Hush.", engine=Hum())


def test_numbers_that_are_none_are_refused() -> None:
    engine = Hum()
    engine.speak = lambda text, speed=1.0: np.full(100, np.nan, np.float32)  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="is not all numbers; try --dtype float32"):
        synthesis.say("Hello.", engine=engine)


@pytest.mark.parametrize("text", ["", "  \n\n ", "... !? —"])
def test_nothing_to_say_is_said_before_any_sound(text: str) -> None:
    with pytest.raises(ScriptError, match="nothing to say"):
        synthesis.blocks(text, engine=Hum())


def test_far_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "MOST_CHARACTERS", 1000)
    with pytest.raises(ScriptError, match="a text of 1,030 characters is too long; give 1,000 at most"):
        synthesis.blocks(STORY * 10, engine=Hum())


def test_a_summary_is_read_with_its_title_and_chapters_and_without_what_is_doubtful() -> None:
    transcript = make_transcript()
    assert transcript.summary
    doubtful = replace(transcript.summary.sentences[0], text="It was built of cheese.", unsupported=True)
    summary = replace(transcript.summary, sentences=(*transcript.summary.sentences, doubtful))
    first, second = transcript.chapters
    told = replace(
        transcript, summary=summary, chapters=(replace(first, summary=None), replace(second, summary=summary))
    )
    text = " ".join(one.text for one in transcript.summary.sentences)
    assert synthesis.summary_text(told) == f"episode one\n\n{text}\n\nThe bridge\n\n{text}"
    with pytest.raises(ScriptError, match="no summary to read; make one with `earwitness summarize`"):
        synthesis.summary_text(replace(told, summary=None, chapters=(first,)))


@pytest.mark.parametrize("values", [{"speed": 0.2}, {"speed": 4.1}, {"speed": float("nan")}, {"seed": -1}])
def test_options_outside_their_range(values: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="must lie between"):
        SpeechOptions(**values)  # type: ignore[arg-type]
