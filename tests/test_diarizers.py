"""What `--diarizer` may name, from the option to the words of a transcript."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import hub_cache
import random_wespeaker
from earwitness import engines, transcribe
from earwitness.checkpoints import Checkpoints
from earwitness.cli import main
from earwitness.engines import hub
from earwitness.engines.base import Diarization
from earwitness.engines.fake import Fake
from earwitness.errors import OptionError
from earwitness.options import Options, SpeakerOptions
from earwitness.pipeline import Engines
from earwitness.types import Audio, Progress, Transcript, Turn
from sounds import bursts, write_wav


class Told:
    """A diarizer that has been told who speaks when, of which the middle is said by two."""

    name = "told"
    versions: Mapping[str, str] = {"told.audio": "1.2"}

    def __init__(self, edition: str = "first") -> None:
        self.calls: list[SpeakerOptions] = []
        self._edition = edition

    def identity(self) -> str:
        return f"{self.name}:{self._edition}"

    def diarize(self, audio: Audio, options: SpeakerOptions, progress: Progress | None = None) -> Diarization:
        self.calls.append(options)
        alone = (Turn(1.0, 5.0, "SPEAKER_00", 0), Turn(5.0, 11.0, "SPEAKER_01", 1))
        return Diarization(alone, (Turn(1.0, 6.0, "SPEAKER_00", 0), Turn(4.0, 11.0, "SPEAKER_01", 1)))


class Always:
    """A detector to which everything is speech."""

    name = "always"
    frame_s = 0.1

    def probabilities(self, blocks: object) -> np.ndarray:
        return np.ones(120, np.float32)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", bursts(12.0, (1.0, 11.0)))


def run(recording: Path, kept: Checkpoints, diarizer: Told) -> Transcript:
    options = Options.of(engine="fake", speakers=2)
    made = Engines(options, recognizer=Fake(), detector=Always(), diarizer=diarizer)
    return transcribe(recording, engines=made, checkpoints=kept, engine="fake", speakers=2)


def test_a_diarizers_turns_become_the_words_speakers(recording: Path) -> None:
    diarizer = Told()
    transcript = run(recording, Checkpoints(None), diarizer)
    assert [call.speakers for call in diarizer.calls] == [2]
    assert transcript.engine.diarizer == "told"
    assert transcript.engine.versions["told.audio"] == "1.2"
    assert {word.speaker for word in transcript.words if word.end < 4} == {"SPEAKER_00"}
    assert {word.speaker for word in transcript.words if word.start > 7} == {"SPEAKER_01"}


def test_turns_are_kept_until_the_diarizer_is_another(recording: Path, tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "cache")
    first = run(recording, kept, Told())
    same, other = Told(), Told("second")
    assert run(recording, kept, same).turns == first.turns
    assert not same.calls
    run(recording, kept, other)
    assert len(other.calls) == 1


def test_a_wespeaker_file_goes_the_whole_way(recording: Path, tmp_path: Path) -> None:
    named = f"wespeaker:{random_wespeaker.write(tmp_path / 'voices.onnx')}"
    made = Engines(Options.of(engine="fake", diarizer=named), recognizer=Fake(), detector=Always())
    transcript = transcribe(recording, engines=made, checkpoints=Checkpoints(None), engine="fake", diarizer=named)
    assert transcript.engine.diarizer == named
    assert {word.speaker for word in transcript.words} <= {speaker.id for speaker in transcript.speakers}
    assert transcript.speakers[0].id == "SPEAKER_00"


def test_the_builtin_embedder_has_no_other_model() -> None:
    with pytest.raises(OptionError, match="builtin has no other model; a model goes with wespeaker, pyannote"):
        engines.embedder("builtin:voices.npz")


def test_an_engine_that_gives_turns_is_no_embedder() -> None:
    with pytest.raises(
        OptionError, match="gives turns and no voices; here use one of builtin, discriminant, wespeaker"
    ):
        engines.embedder("pyannote")


def test_what_is_no_diarizer_is_refused_with_those_there_are() -> None:
    for name in ("ear", "ear:model", ""):
        with pytest.raises(OptionError, match="there are auto, builtin, discriminant, wespeaker, pyannote"):
            Engines(Options.of(engine="fake", diarizer=name))


def test_diarizers_models_are_listed_and_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = hub_cache.use(monkeypatch, tmp_path / "hub")
    network = random_wespeaker.write(hub_cache.own(cache, "wespeaker") / "voxceleb_resnet34_LM.onnx")
    models = {model.name: model for model in hub.catalogue()}
    assert (models["wespeaker"].cached, models["wespeaker"].size_bytes) == (True, network.stat().st_size)
    assert not models["pyannote"].cached
    with pytest.raises(SystemExit, match="0"):
        main(["models", "download", "wespeaker"])
    assert Path(capsys.readouterr().out.strip()) == network.parent
    with pytest.raises(SystemExit, match="1"):
        main(["models", "download", "pyannote"])
    assert "copy its cache" in capsys.readouterr().err
