"""SpeechT5, HiFi-GAN, VITS and x-vectors, small and with random weights, through the public command and functions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import random_speech
from commands import called
from earwitness import audio
from earwitness.engines import xvector
from earwitness.errors import ExtraError, ModelError, OptionError
from earwitness.options import PretrainedOptions, SpeechOptions
from earwitness.toolkit import synthesis, timbres
from sounds import EPISODE

TEXT = "Hi, Ada."
ONE = PretrainedOptions(threads=1)
"""On a busy machine, threads wait for each other longer than these models compute."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    random_speech.write_speecht5(folder / "speecht5")
    random_speech.write_vocoder(folder / "vocoder")
    random_speech.write_vits(folder / "vits")
    random_speech.write_vits(folder / "choir", num_speakers=3, speaker_embedding_size=4)
    random_speech.write_xvector(folder / "xvector")
    return folder


@pytest.fixture
def speecht5(models: Path) -> SpeechOptions:
    return SpeechOptions(
        engine="speecht5", model=str(models / "speecht5"), vocoder=str(models / "vocoder"), pretrained=ONE
    )


@pytest.fixture
def vits(models: Path) -> SpeechOptions:
    return SpeechOptions(engine="vits", model=str(models / "vits"), pretrained=ONE)


def say(text: str, options: SpeechOptions, **changes: Any) -> np.ndarray:
    return synthesis.say(text, replace(options, **changes)).samples


def test_speecht5_says_what_transformers_says(models: Path, speecht5: SpeechOptions) -> None:
    import torch
    from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

    voice = np.random.default_rng(5).standard_normal(512).astype(np.float32)
    voice /= np.linalg.norm(voice)
    tokens = SpeechT5Tokenizer.from_pretrained(models / "speecht5")(TEXT, return_tensors="pt").input_ids
    model = SpeechT5ForTextToSpeech.from_pretrained(models / "speecht5").eval()
    vocoder = SpeechT5HifiGan.from_pretrained(models / "vocoder").eval()
    torch.manual_seed(7)
    theirs = model.generate_speech(tokens, torch.from_numpy(voice)[None], vocoder=vocoder).numpy()

    from earwitness import engines

    ours = engines.synthesizer(replace(speecht5, seed=7), voice).speak(TEXT)
    assert ours.dtype == np.float32
    # Ten steps of two frames a token, and 16 samples a frame: the model never stops by itself.
    assert ours.shape == (tokens.shape[1] * 20 // 2 * 2 * 16,)
    assert theirs.std() > 0.01
    assert np.abs(ours - theirs).max() < 1e-5


def test_vits_says_what_transformers_says(models: Path, vits: SpeechOptions) -> None:
    import torch
    from transformers import VitsModel, VitsTokenizer

    from earwitness import engines

    inputs = VitsTokenizer.from_pretrained(models / "choir")(TEXT, return_tensors="pt")
    model = VitsModel.from_pretrained(models / "choir").eval()
    torch.manual_seed(7)
    with torch.no_grad():
        made = model(**inputs, speaker_id=2)
    theirs = made.waveform[0].numpy()
    engine = engines.synthesizer(replace(vits, model=str(models / "choir"), voice="2", seed=7))
    ours = engine.speak(TEXT)
    assert (ours.dtype, ours.shape) == (np.float32, (int(made.sequence_lengths[0]),))
    assert np.abs(ours - theirs).max() < 1e-5
    assert engine.language == "en"


def test_the_command_says_what_the_function_says(
    models: Path, speecht5: SpeechOptions, vits: SpeechOptions, tmp_path: Path
) -> None:
    for options in (replace(speecht5, seed=3), vits):
        more = ("--vocoder", options.vocoder) if options.vocoder else ()
        arguments = ("--engine", options.engine, "--model", options.model, *more, "--seed", str(options.seed))
        done = called(tmp_path, "say", f"{TEXT} And I.", "-o", "hi.flac", *arguments, "--offline", "--threads", "1")
        assert done.returncode == 0, done.stderr
        found = audio.load(tmp_path / "hi.flac").samples
        expected = say(f"{TEXT} And I.", options)
        assert len(found) == len(expected)
        assert np.abs(found - expected).max() <= 1 / 32768
        assert 0.01 < np.abs(found).max() < 1.0


@pytest.mark.parametrize("engine", ["speecht5", "vits"])
def test_the_same_seed_is_the_same_speech_and_disturbs_nobody(engine: str, request: pytest.FixtureRequest) -> None:
    import torch

    options = request.getfixturevalue(engine)
    speaker = synthesis.synthesizer(options)
    first = speaker.speak(TEXT)  # which loads it, too
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    assert np.array_equal(speaker.speak(TEXT), first)
    assert torch.equal(torch.rand(1), expected)
    first = say(TEXT, options)
    assert np.array_equal(say(TEXT, options), first)
    other = say(TEXT, options, seed=1)
    assert len(other) != len(first) or not np.allclose(other, first, atol=1e-3)
    identities = {synthesis.synthesizer(replace(options, seed=seed)).identity() for seed in (0, 0, 1)}
    assert len(identities) == 2


def test_a_voice_is_another_with_another_x_vector_and_its_length_does_not_matter(
    speecht5: SpeechOptions, tmp_path: Path
) -> None:
    vectors = np.random.default_rng(0).standard_normal((2, 512))
    for name, vector in (("a", vectors[0]), ("loud", 30 * vectors[0]), ("b", vectors[1])):
        np.save(tmp_path / f"{name}.npy", vector)
    a, loud, b = (say(TEXT, speecht5, voice=str(tmp_path / f"{name}.npy")) for name in ("a", "loud", "b"))
    assert np.allclose(a, loud, atol=1e-5)
    assert np.abs(a - b).max() > 1e-3


def test_a_voice_from_a_recording(models: Path, speecht5: SpeechOptions) -> None:
    options = replace(speecht5, voice=str(EPISODE), speaker_encoder=str(models / "xvector"))
    vector = timbres.find(options)
    assert vector is not None
    assert (vector.shape, vector.dtype) == ((512,), np.float32)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(timbres.find(options), vector)
    assert np.array_equal(say(TEXT, options), say(TEXT, options))
    assert np.abs(say(TEXT, options) - say(TEXT, speecht5)).max() > 1e-3


def test_the_x_vector_network_is_what_torch_makes_of_its_layers(models: Path) -> None:
    """The same weights in torch's own layers; the features against those that speechbrain computes, by hand."""
    import torch
    from torch import nn

    samples = torch.from_numpy(np.array(audio.load(EPISODE).between(10, 13)))
    bands = xvector.log_mels(samples)
    assert bands.shape == (301, 24)
    assert float(bands.mean(0).abs().max()) < 1e-4
    assert float(bands.max() - bands.min()) < 100
    weights = torch.load(models / "xvector" / xvector.WEIGHTS)
    layers: list[Any] = []
    before = xvector.BANDS
    for index, (channels, kernel, dilation) in enumerate(xvector.LAYERS):
        conv = nn.Conv1d(before, channels, kernel, dilation=dilation, padding="same", padding_mode="reflect")
        norm = nn.BatchNorm1d(channels)
        conv.load_state_dict({name: weights[f"blocks.{3 * index}.conv.{name}"] for name in ("weight", "bias")})
        names = ("weight", "bias", "running_mean", "running_var")
        state = {name: weights[f"blocks.{3 * index + 2}.norm.{name}"] for name in names}
        norm.load_state_dict(state, strict=False)
        layers += [conv, nn.LeakyReLU(), norm]
        before = channels
    with torch.no_grad():
        hidden = nn.Sequential(*layers).eval()(bands.T[None])[0]
        pooled = torch.cat((hidden.mean(1), hidden.std(1) + 1e-5))
        expected = weights["blocks.16.w.weight"] @ pooled + weights["blocks.16.w.bias"]
    found = xvector.XVector(str(models / "xvector"), PretrainedOptions()).embed(samples.numpy())
    assert np.abs(found - (expected / expected.norm()).numpy()).max() < 1e-5


def test_a_tone_is_loudest_in_the_band_that_holds_it() -> None:
    import torch

    for hertz, band in ((440.0, 3), (1000.0, 7), (4000.0, 17)):
        tone = torch.sin(2 * torch.pi * hertz * torch.arange(16_000) / 16_000)
        tone[:4000] = 0  # or the mean over time would be all there is
        assert int(xvector.log_mels(tone)[60].argmax()) == pytest.approx(band, abs=1)


def test_numbers_are_read_and_what_has_no_sound_is_told(speecht5: SpeechOptions, vits: SpeechOptions) -> None:
    assert np.array_equal(say("7 bees.", speecht5), say("seven bees.", speecht5))
    assert "no sound for é," in synthesis.say("Café 7.", speecht5).warnings[0]
    assert "no sound for 7 é," in synthesis.say("Café 7.", vits).warnings[0]
    for options in (speecht5, vits):
        assert synthesis.say("Hi.", options).warnings == ()
        with pytest.raises(Exception, match="has no sound for any of this text"):
            synthesis.say("Привет.", options)


def test_a_long_sentence_is_cut_to_what_the_model_reads(models: Path, speecht5: SpeechOptions, tmp_path: Path) -> None:
    random_speech.write_speecht5(tmp_path / "short", max_text_positions=40, max_speech_positions=12)
    options = replace(speecht5, model=str(tmp_path / "short"))
    engine = synthesis.synthesizer(options)
    text = "The old bridge is made of stone, and we paid 1234567 for it."
    assert not engine.fits(text)
    pieces = list(synthesis.blocks(text, options, engine=engine))
    assert len(pieces) > 2
    assert all(np.isfinite(piece).all() and len(piece) for piece in pieces)


def test_vits_speaks_faster_by_itself(vits: SpeechOptions) -> None:
    usual, fast = say(TEXT, vits), say(TEXT, vits, speed=2.0)
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.2)


def test_speakers_are_numbered(models: Path, vits: SpeechOptions) -> None:
    choir = replace(vits, model=str(models / "choir"))
    assert not np.array_equal(say(TEXT, choir, voice="0"), say(TEXT, choir, voice="1"))
    assert np.array_equal(say(TEXT, choir), say(TEXT, choir, voice="0"))
    for options, known in ((choir, "0 to 2"), (vits, "just one, without --voice")):
        for voice in ("3", "Ada", "-1"):
            with pytest.raises(OptionError, match=f"no speaker is numbered '{voice}'; there are {known}"):
                synthesis.synthesizer(replace(options, voice=voice))


def test_a_language_that_has_to_be_romanized_says_so(vits: SpeechOptions, tmp_path: Path) -> None:
    random_speech.write_vits(tmp_path / "amh", is_uroman=True)
    with pytest.raises(ExtraError, match=r"uroman, which turns text .* pip install uroman"):
        synthesis.say("Hi.", replace(vits, model=str(tmp_path / "amh")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "nowhere"}, "nowhere: neither a folder nor a hub id"),
        ({"model": "nobody/no-such-model"}, "not in the cache and --offline forbids a download"),
        ({"vocoder": "nowhere"}, "nowhere: neither a folder nor a hub id"),
        ({"model": "{vits}"}, "SpeechT5"),
        ({"vocoder": "{vits}"}, "SpeechT5HifiGan"),
        ({"vocoder": "{wide}"}, "a vocoder for 20 mel bands, and .* makes 16"),
        ({"voice": str(EPISODE), "speaker_encoder": "{vits}"}, "neither a folder with embedding_model.ckpt"),
        ({"voice": str(EPISODE), "speaker_encoder": "{broken}"}, "embedding_model.ckpt: cannot be read"),
        ({"voice": str(EPISODE), "speaker_encoder": "{other}"}, "32 tensors, such as blocks.0.conv.weight, are not"),
    ],
)
def test_models_that_cannot_be_had_are_one_line(
    changes: dict[str, str], said: str, models: Path, speecht5: SpeechOptions, tmp_path: Path
) -> None:
    import torch

    random_speech.write_vocoder(tmp_path / "wide", model_in_dim=20)
    for name in ("broken", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / xvector.WEIGHTS).write_bytes(b"no weights")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other" / xvector.WEIGHTS)
    places = {"vits": models / "vits", **{name: tmp_path / name for name in ("wide", "broken", "other")}}
    options = replace(
        speecht5,
        pretrained=PretrainedOptions(threads=1, offline=True, cache=tmp_path / "cache"),
        **{name: value.format(**places) for name, value in changes.items()},  # type: ignore[arg-type]
    )
    with pytest.raises(ModelError, match=said) as raised:
        synthesis.say("Hi.", options)
    assert "\n" not in str(raised.value)


def test_weights_that_are_missing_are_not_made_up(models: Path, speecht5: SpeechOptions, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(models / "speecht5", tmp_path / "holed")
    weights = load_file(folder / "model.safetensors")
    weights.pop("speech_decoder_postnet.feat_out.bias")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"1 tensors are missing, such as speech_decoder_postnet.feat_out.bias"):
        synthesis.say("Hi.", replace(speecht5, model=str(folder)))
