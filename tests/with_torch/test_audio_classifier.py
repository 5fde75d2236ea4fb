"""Checkpoints for audio classification, by the command and against transformers' own pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import random_classifiers
from earwitness.audio import load
from earwitness.cli import main
from earwitness.engines import sound_classifier
from earwitness.engines.audio_classifier import AUDIOSET_LABELS, AudioClassifier
from earwitness.errors import ModelError, OptionError
from earwitness.options import PretrainedOptions
from earwitness.toolkit.classification import listen
from earwitness.types import Audio
from random_classifiers import KINDS, LABELS, WINDOW_S
from sounds import EPISODE, RATE, write_wav

EACH_KIND = pytest.mark.parametrize("kind", KINDS)
OPTIONS = PretrainedOptions(device="cpu", threads=1)
TOLERANCE = 1e-6

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("classifiers")
    return {kind: random_classifiers.write(kind, base / kind) for kind in KINDS}


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command's JSON; it ends as it should with everything done."""
    monkeypatch.setenv("EARWITNESS_CACHE", str(tmp_path))

    def run(*arguments: str | Path) -> Any:
        with pytest.raises(SystemExit) as ended:
            main(["classify", *map(str, arguments), "--json", "--threads", "1", "--device", "cpu"])
        assert ended.value.code == 0
        return json.loads(capsys.readouterr().out)

    return run


def by_pipeline(folder: Path, samples: np.ndarray, **settings: Any) -> dict[str, float]:
    """What transformers itself says, with nothing of ours in between."""
    from transformers import pipeline

    judge = pipeline("audio-classification", model=str(folder), device="cpu")
    return {found["label"]: found["score"] for found in judge(np.array(samples), top_k=None, **settings)}


def scores_of(found: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {label["label"]: label["score"] for label in found}


def real_sounds(data: Path) -> list[Path]:
    return [data / "sounds" / name for name in ("max_applause.wav", "esc10_dog_bark_1-100032-A.ogg")]


@EACH_KIND
def test_the_command_says_of_a_clip_what_the_pipeline_says(
    kind: str, folders: dict[str, Path], command: Command, data: Path, tmp_path: Path
) -> None:
    for number, path in enumerate(real_sounds(data)):
        clip = write_wav(tmp_path / f"{number}.wav", load(path).between(0.0, 1.2))
        (found,) = command(clip, "--model", folders[kind], "--top-k", "5")
        assert scores_of(found["labels"]) == pytest.approx(by_pipeline(folders[kind], load(clip).samples), abs=2e-6)
        assert found["model"] == str(folders[kind])
        assert found["duration"] == 1.2


@EACH_KIND
def test_each_window_of_a_long_recording_is_judged_as_the_pipeline_judges_it(
    kind: str, folders: dict[str, Path]
) -> None:
    engine = sound_classifier(str(folders[kind]), OPTIONS)
    audio = Audio(load(EPISODE).between(0.0, 20.3))
    found = listen(audio, engine, window_s=1.0, hop_s=1.0)
    assert found.duration == audio.duration
    assert len(found.scores) == round(audio.duration)
    for second in (0, 17):
        expected = by_pipeline(folders[kind], audio.samples[second * RATE : (second + 1) * RATE])
        assert dict(zip(found.labels, found.scores[second].tolist(), strict=True)) == pytest.approx(
            expected, abs=TOLERANCE
        )


@EACH_KIND
def test_windows_together_are_judged_as_each_alone(kind: str, folders: dict[str, Path]) -> None:
    """Of several lengths, silent, and shorter than one frame; and the same every time."""
    samples = load(EPISODE).samples
    lengths = (16_000, 16_000, 9_000, 16_000, 9_001, 100, 16_000, 16_000, 0)
    windows = [samples[place * 16_000 :][:length] for place, length in enumerate(lengths)]
    windows.append(np.zeros(16_000, np.float32))
    engine = AudioClassifier(str(folders[kind]), OPTIONS)
    together = engine.classify(windows)
    assert together.shape == (len(windows), len(LABELS))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    assert np.array_equal(together, engine.classify(windows))
    assert np.abs(together - np.concatenate([engine.classify([window]) for window in windows])).max() < TOLERANCE
    assert np.abs(together[0] - together[3]).max() > 1e-3, "it does not heed what it hears"
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)


def test_no_windows_are_no_scores(folders: dict[str, Path]) -> None:
    assert sound_classifier(str(folders["hubert"]), OPTIONS).classify([]).shape == (0, len(LABELS))


@EACH_KIND
def test_an_engine_tells_what_it_is(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    engine = sound_classifier(str(folders[kind]), OPTIONS)
    assert (engine.name, engine.model, tuple(engine.labels)) == ("transformers", str(folders[kind]), LABELS)
    assert (engine.sample_rate, engine.window_s, engine.exclusive) == (RATE, WINDOW_S.get(kind, 10.0), True)
    assert set(engine.versions) == {"torch", "transformers"}
    other = random_classifiers.write(kind, tmp_path / "other", labels=LABELS[:3])
    identities = {engine.identity(), sound_classifier(str(other), OPTIONS).identity()}
    assert len(identities | {sound_classifier(str(folders[kind]), OPTIONS).identity()}) == 2


@pytest.mark.parametrize("kind", ["ast", "wav2vec2"])
def test_labels_that_do_not_exclude_each_other_are_judged_each_by_itself(
    kind: str, command: Command, tmp_path: Path
) -> None:
    folder = random_classifiers.write(kind, tmp_path / "model", problem_type="multi_label_classification")
    clip = write_wav(tmp_path / "clip.wav", load(EPISODE).between(3.0, 4.2))
    (found,) = command(clip, "--model", folder, "--threshold", "0.4")
    assert scores_of(found["labels"]) == pytest.approx(by_pipeline(folder, load(clip).samples), abs=2e-6)
    assert sum(scores_of(found["labels"]).values()) > 1.2
    assert [event["label"] for event in found["events"]] == sorted(
        label for label, score in scores_of(found["labels"]).items() if score >= 0.4
    )


def test_checkpoints_of_audioset_are_taken_as_they_were_trained(tmp_path: Path) -> None:
    """They do not say `problem_type`; the pipeline has to be told."""
    labels = ["Speech", "Music", *(f"Sound {number}" for number in range(AUDIOSET_LABELS - 2))]
    folder = random_classifiers.write("ast", tmp_path / "model", labels=labels)
    samples = load(EPISODE).between(3.0, 4.0)
    engine = sound_classifier(str(folder), OPTIONS)
    assert not engine.exclusive
    expected = by_pipeline(folder, samples, function_to_apply="sigmoid")
    assert dict(zip(labels, engine.classify([samples])[0].tolist(), strict=True)) == pytest.approx(
        expected, abs=TOLERANCE
    )


def test_a_checkpoint_with_attention_masks(tmp_path: Path) -> None:
    """Large models normalise each frame by itself and want a mask (`feat_extract_norm`)."""
    folder = random_classifiers.write(
        "wav2vec2", tmp_path / "model", feat_extract_norm="layer", do_stable_layer_norm=True
    )
    samples = load(EPISODE).samples
    windows = [samples[:16_000], samples[20_000:30_000]]
    scores = sound_classifier(str(folder), OPTIONS).classify(windows)
    for window, row in zip(windows, scores, strict=True):
        assert dict(zip(LABELS, row.tolist(), strict=True)) == pytest.approx(by_pipeline(folder, window), abs=TOLERANCE)


def test_weights_for_training_only_need_not_be_there(folders: dict[str, Path], tmp_path: Path) -> None:
    """As in many checkpoints on the hub, which also name the weights of a convolution as torch did before 2.0."""
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(folders["hubert"], tmp_path / "old"))
    weights = load_file(folder / "model.safetensors")
    del weights["hubert.masked_spec_embed"]
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    for new, name in old.items():
        weights = {key.replace(new, name): value for key, value in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    window = load(EPISODE).between(0.0, 1.0)
    new_scores, old_scores = (
        sound_classifier(str(model), OPTIONS).classify([window]) for model in (folders["hubert"], folder)
    )
    assert np.array_equal(new_scores, old_scores)

    del weights["classifier.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"classifier\.weight"):
        sound_classifier(str(folder), OPTIONS).classify([window])


def test_half_precision_is_near(folders: dict[str, Path]) -> None:
    window = load(EPISODE).between(0.0, 1.0)
    rows = [
        sound_classifier(str(folders["hubert"]), PretrainedOptions(device="cpu", dtype=dtype, threads=1)).classify(
            [window]
        )
        for dtype in ("float32", "bfloat16")
    ]
    assert 0 < np.abs(rows[0] - rows[1]).max() < 0.05


@pytest.mark.parametrize("kind", list(WINDOW_S))
def test_longer_windows_than_a_network_hears_are_refused(kind: str, folders: dict[str, Path]) -> None:
    engine = sound_classifier(str(folders[kind]), OPTIONS)
    audio = Audio(load(EPISODE).between(0.0, 10.0))
    assert np.isfinite(listen(audio, engine).scores).all()
    with pytest.raises(OptionError, match=f"hears at most {WINDOW_S[kind]:g} s"):
        listen(audio, engine, window_s=3.0)


def test_models_that_are_none_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification

    def refusal(model: Path | str) -> str:
        with pytest.raises(ModelError) as refused:
            sound_classifier(str(model), OPTIONS).classify([np.zeros(RATE, np.float32)])
        assert "\n" not in str(refused.value)
        return str(refused.value)

    (tmp_path / "empty").mkdir()
    assert "no config.json" in refusal(tmp_path / "empty")
    assert "neither a folder nor a hub id" in refusal("/no/such/folder")
    values = random_classifiers.write("hubert", tmp_path / "values", problem_type="regression")
    assert "regression" in refusal(values)
    no_extractor = Path(shutil.copytree(folders["ast"], tmp_path / "bare"))
    (no_extractor / "preprocessor_config.json").unlink()
    assert "AutoFeatureExtractor" in refusal(no_extractor)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    text = tmp_path / "text"
    BertForSequenceClassification(BertConfig(vocab_size=10, **sizes)).save_pretrained(text)
    shutil.copy(folders["hubert"] / "preprocessor_config.json", text)
    assert "AutoModelForAudioClassification" in refusal(text)


def test_samples_that_are_no_numbers_give_none(folders: dict[str, Path]) -> None:
    window = np.full(RATE, np.nan, np.float32)
    with pytest.raises(ModelError, match="not one number"):
        sound_classifier(str(folders["hubert"]), OPTIONS).classify([window])
