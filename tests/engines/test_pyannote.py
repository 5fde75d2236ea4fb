"""The pyannote adapter, against a stand-in that answers in pyannote's own types."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyannote.core import Annotation, Segment

import hub_cache
import servers
from earwitness import engines
from earwitness.engines import hub
from earwitness.engines.pyannote import Pyannote
from earwitness.errors import ExtraError, ModelError
from earwitness.options import ModelOptions, SpeakerOptions
from earwitness.types import Audio, Turn

STAND_INS = Path(__file__).parents[1] / "stand_ins"
OFFLINE = ModelOptions(offline=True)
AUDIO = Audio(np.random.default_rng(0).normal(0, 0.1, 16_000 * 12).astype(np.float32))


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pyannote.audio and torch, as far as the adapter sees them, not yet imported."""
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    monkeypatch.syspath_prepend(STAND_INS)
    for name in ("pyannote.audio", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("pyannote.audio", "torch"):
        sys.modules.pop(name, None)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return hub_cache.use(monkeypatch, tmp_path / "hub")


def filled(folder: Path, config: str = "a pipeline") -> Path:
    for name in hub.VOICES["pyannote"].files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(config if name == "config.yaml" else name)
    return folder


def annotation(*spans: tuple[float, float, str]) -> Annotation:
    found = Annotation()
    for track, (start, end, speaker) in enumerate(spans):
        found[Segment(start, end), track] = speaker
    return found


def answer(output: Any = None) -> Any:
    """What the pipeline shall say: by default SPEAKER_01 first, and a third voice that is only heard with others."""
    package = importlib.import_module("pyannote.audio")
    package.Pipeline.answer = output or package.DiarizeOutput(
        speaker_diarization=annotation((0.5, 4, "SPEAKER_01"), (3.5, 8, "SPEAKER_00"), (6, 7, "SPEAKER_02")),
        exclusive_speaker_diarization=annotation((0.5, 3.8, "SPEAKER_01"), (3.8, 8, "SPEAKER_00")),
    )
    return package


@pytest.mark.usefixtures("package")
def test_turns_with_and_without_overlap_have_one_set_of_names(cache: Path) -> None:
    filled(hub_cache.own(cache, "pyannote"))
    engine = engines.diarizer("pyannote", OFFLINE)
    assert engine is not None
    answer()
    found = engine.diarize(AUDIO, SpeakerOptions())
    assert found.turns == (Turn(0.5, 3.8, "SPEAKER_00", 0), Turn(3.8, 8.0, "SPEAKER_01", 1))
    assert found.overlapping == (
        Turn(0.5, 4.0, "SPEAKER_00", 0),
        Turn(3.5, 8.0, "SPEAKER_01", 1),
        Turn(6.0, 7.0, "SPEAKER_02", 2),
    )
    assert (engine.name, engine.versions) == ("pyannote", {"pyannote.audio": "4.0.7"})


@pytest.mark.usefixtures("package")
def test_telemetry_is_off_before_the_package_is_imported(tmp_path: Path) -> None:
    engine = Pyannote(str(filled(tmp_path)))
    with pytest.raises(ModelError, match="no exclusive turns"):
        engine.diarize(AUDIO, SpeakerOptions())
    assert sys.modules["pyannote.audio"].METRICS == "0"


@pytest.mark.usefixtures("package")
def test_the_sound_is_handed_over_in_memory_and_finite(tmp_path: Path) -> None:
    engine = Pyannote(str(filled(tmp_path)), ModelOptions(threads=2))
    package = answer()
    samples = AUDIO.samples.copy()
    samples[:100] = np.nan
    samples.flags.writeable = False
    engine.diarize(Audio(samples), SpeakerOptions())
    pipeline = package.Pipeline.made[-1]
    (call,) = pipeline.calls
    assert set(call) == {"waveform", "sample_rate", "min_speakers", "max_speakers"}
    assert call["waveform"].values.shape == (1, 16_000 * 12)
    assert np.array_equal(call["waveform"].values[0, 100:], AUDIO.samples[100:])
    assert not call["waveform"].values[0, :100].any()
    assert call["sample_rate"] == 16_000
    assert (pipeline.device, sys.modules["torch"].threads) == ("device cpu", [2])


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (SpeakerOptions(speakers=3), {"num_speakers": 3}),
        (SpeakerOptions(min_speakers=2, max_speakers=4), {"min_speakers": 2, "max_speakers": 4}),
    ],
)
def test_what_is_known_of_the_count_is_passed_on(
    tmp_path: Path, options: SpeakerOptions, wanted: dict[str, int]
) -> None:
    package = answer()
    Pyannote(str(filled(tmp_path))).diarize(AUDIO, options)
    call = package.Pipeline.made[-1].calls[-1]
    assert {name: value for name, value in call.items() if name.endswith("_speakers")} == wanted


@pytest.mark.usefixtures("package")
def test_progress_is_told_in_seconds(tmp_path: Path) -> None:
    answer()
    told: list[tuple[str, float, float]] = []
    Pyannote(str(filled(tmp_path))).diarize(AUDIO, SpeakerOptions(), lambda *report: told.append(report))
    assert told == [("speakers", 3.0, 12.0), ("speakers", 12.0, 12.0)]


@pytest.mark.usefixtures("package")
def test_nobody_speaks(tmp_path: Path) -> None:
    package = answer()
    answer(package.DiarizeOutput(annotation(), annotation()))
    found = Pyannote(str(filled(tmp_path))).diarize(AUDIO, SpeakerOptions())
    assert (found.turns, found.overlapping) == ((), ())


@pytest.mark.usefixtures("package")
def test_its_identity_is_that_of_its_files(tmp_path: Path) -> None:
    one, same = (Pyannote(str(filled(tmp_path / name))) for name in ("one", "same"))
    other = Pyannote(str(filled(tmp_path / "other", config="another")))
    assert one.identity() == same.identity() != other.identity()
    assert "4.0.7" in one.identity()


@pytest.mark.usefixtures("package")
def test_what_cannot_be_loaded_or_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot load it \(no such class\); .*--diarizer builtin$"):
        Pyannote(str(filled(tmp_path / "broken", config="broken"))).diarize(AUDIO, SpeakerOptions())
    answer(RuntimeError("CUDA out of memory\nmuch more"))
    with pytest.raises(ModelError, match=r"pipeline failed \(CUDA out of memory\); .*--diarizer builtin$"):
        Pyannote(str(filled(tmp_path / "whole"))).diarize(AUDIO, SpeakerOptions())


def test_without_the_package_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("earwitness.engines.pyannote.version", missing)
    with pytest.raises(ExtraError, match=r"not installed; pip install 'earwitness\[pyannote\]'"):
        Pyannote()
    monkeypatch.setattr("earwitness.engines.pyannote.version", lambda name: "3.4.0")
    with pytest.raises(ExtraError, match=r"3\.4\.0 is too old, 4 is needed"):
        Pyannote()


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("closed", ["files", "all"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_pipeline_is_one_line_with_the_three_steps(
    cache: Path, monkeypatch: pytest.MonkeyPatch, status: int, closed: str
) -> None:
    """The hub's real client against a hub that answers as the real one does; it may or may not tell of its files."""
    from huggingface_hub import constants

    repository = hub.VOICES["pyannote"]
    first = repository.files[0]
    info = {"id": repository.hub_id, "sha": repository.revision, "siblings": [{"rfilename": first}]}
    tree = [{"type": "file", "path": first, "size": 400, "oid": "0" * 40}]
    refused = servers.body(b"", status, X_Error_Code="GatedRepo", X_Error_Message="Access to this model is restricted.")
    file = f"/{repository.hub_id}/resolve/{repository.revision}/{first}"
    # Versions of the client ask for the one or the other.
    about = {
        f"/api/models/{repository.hub_id}/{kind}/{repository.revision}": servers.body(json.dumps(told).encode())
        for kind, told in (("revision", info), ("tree", tree))
    }
    answers = dict.fromkeys(about, refused) if closed == "all" else about
    answers = {**answers, file: refused}
    monkeypatch.setattr(servers.Handler, "do_HEAD", servers.Handler.do_GET, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with servers.serving(answers) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url(""))
        template = server.url("/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        with pytest.raises(ModelError) as error:
            Pyannote()
        assert server.asked[-1].partition("?")[0] in (about if closed == "all" else [file])
    text = str(error.value)
    assert "\n" not in text
    for part in ("(1) accept", "https://huggingface.co/pyannote/speaker-diarization-community-1", "(2) create a token",
                 "https://huggingface.co/settings/tokens", "(3)", "hf auth login", "HF_TOKEN"):  # fmt: skip
        assert part in text


@pytest.mark.usefixtures("package", "cache")
def test_offline_nobody_is_asked() -> None:
    with pytest.raises(ModelError, match=r"--offline forbids a download; .*models download pyannote"):
        Pyannote(options=OFFLINE)
