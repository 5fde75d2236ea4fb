"""Whose voice it is: out of a file, a recording, or a recording of which the library knows who speaks when."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earwitness import audio, engines
from earwitness.errors import AudioError, EarwitnessError, OptionError, SourceError
from earwitness.library.episodes import keep
from earwitness.library.store import Library
from earwitness.options import SpeechOptions
from earwitness.toolkit import timbres
from earwitness.types import SourceInfo
from factories import make_transcript
from sounds import RATE, write_wav


class Encoder:
    name = "fake"

    def __init__(self) -> None:
        self.heard = np.zeros(0, np.float32)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        self.heard = samples
        return np.eye(512, dtype=np.float32)[0]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    made = Encoder()
    monkeypatch.setattr(engines, "timbre_encoder", lambda model, options: made)
    return made


def wanted(voice: Path | str, **more: Path | str | None) -> SpeechOptions:
    return SpeechOptions(engine="speecht5", voice=str(voice), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(512,), (1, 512), (1, 1, 512)])
@pytest.mark.parametrize("ending", [".npy", ".npz"])
def test_an_x_vector_from_a_file(shape: tuple[int, ...], ending: str, tmp_path: Path) -> None:
    vector = np.random.default_rng(0).standard_normal(shape)
    path = tmp_path / f"ada{ending}"
    (np.save if ending == ".npy" else np.savez)(path, vector)
    found = timbres.find(wanted(path))
    assert found is not None
    assert found.dtype == np.float32
    assert np.allclose(found, vector.ravel() / np.linalg.norm(vector), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (np.zeros(512), OptionError, "an x-vector has a direction"),
        (np.full(512, np.nan), OptionError, "not all numbers"),
        (np.ones(256), OptionError, r"not the 512 numbers of an x-vector, but float64 \(256,\)"),
        (np.array(["a"] * 512), OptionError, "not the 512 numbers"),
        (b"hello", SourceError, "cannot be read as an array"),
        (None, SourceError, "cannot be read as an array"),
    ],
)
def test_what_is_no_x_vector(content: object, kind: type[Exception], said: str, tmp_path: Path) -> None:
    path = tmp_path / "ada.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(kind, match=said):
        timbres.find(wanted(path))


def test_several_arrays_are_not_one_voice(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=np.ones(512), b=np.ones(512))
    with pytest.raises(OptionError, match=r"not the 512 numbers of an x-vector, but float64 \(512,\), float64"):
        timbres.find(wanted(tmp_path / "two.npz"))


def test_a_recording_is_heard_a_minute_at_most(encoder: Encoder, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 70 * RATE)
    write_wav(tmp_path / "ada.wav", noise)
    assert timbres.find(wanted(tmp_path / "ada.wav")) is not None
    assert np.array_equal(encoder.heard, audio.load(tmp_path / "ada.wav").samples[: 60 * RATE])


def test_too_short_and_silent_recordings_have_no_voice(encoder: Encoder, tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", np.full(RATE // 2, 0.1))
    with pytest.raises(AudioError, match="less than 1 s of a voice"):
        timbres.find(wanted(tmp_path / "short.wav"))
    write_wav(tmp_path / "silent.wav", np.zeros(2 * RATE))
    with pytest.raises(AudioError, match="silent, and there is no voice"):
        timbres.find(wanted(tmp_path / "silent.wav"))
    with pytest.raises(SourceError, match="no such file"):
        timbres.find(wanted(tmp_path / "missing.wav"))


def test_other_engines_have_voices_of_their_own() -> None:
    assert timbres.find(SpeechOptions(voice="en-us+f4")) is None
    assert timbres.find(SpeechOptions(engine="speecht5")) is None
    for engine, voice in (("espeak", "en"), ("speecht5", "")):
        with pytest.raises(OptionError, match="--recording is for --engine speecht5 with --voice NAME"):
            timbres.find(SpeechOptions(engine=engine, voice=voice, recording=Path("talk.wav")))


def test_a_named_voice_is_heard_in_the_turns_of_whoever_has_the_name(encoder: Encoder, tmp_path: Path) -> None:
    transcript = make_transcript()
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(transcript.duration * RATE))
    recording = write_wav(tmp_path / "talk.wav", noise)
    sha256 = hashlib.sha256(recording.read_bytes()).hexdigest()
    transcript = replace(transcript, source=SourceInfo("talk.wav", sha256, transcript.duration))
    database = tmp_path / "library.sqlite"
    with Library(database) as library:
        keep(library, transcript)

    assert timbres.find(wanted("bob", recording=recording, library=database)) is not None
    sound = audio.load(recording)
    turns = [turn for turn in transcript.turns if turn.speaker == "B"]
    assert len(turns) == 2
    assert np.array_equal(encoder.heard, np.concatenate([sound.between(turn.start, turn.end) for turn in turns]))

    other = write_wav(tmp_path / "other.wav", noise[RATE:])
    for options, said in (
        (
            wanted("Bob", library=database),
            "the library keeps no sound of 'Bob'; give --recording FILE, one of talk.wav",
        ),
        (wanted("Eve", library=database), "the library knows nobody called 'Eve'; give a name that"),
        (wanted("Eve", recording=recording, library=database), "no speaker is called 'Eve'; there are Ann Lee, Bob"),
        (wanted("Bob", recording=other, library=database), "no transcript of it; there are those of talk.wav"),
        (wanted("Bob", recording=tmp_path / "no.wav", library=database), "no such file"),
    ):
        with pytest.raises(EarwitnessError, match=said):
            timbres.find(options)
