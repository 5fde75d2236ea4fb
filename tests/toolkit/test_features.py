"""Features are librosa's, whatever the blocks; files and pictures of them hold all there is to see."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earwitness.audio import load
from earwitness.errors import AudioError, ExtraError, OptionError, SourceError, StorageError
from earwitness.frames import blocks
from earwitness.toolkit import feature_files, plots, spectral
from earwitness.toolkit.features import KINDS, Feature, FeatureOptions, extract, of_file, parse_kinds
from earwitness.types import Audio
from sounds import EPISODE, write_wav

librosa = pytest.importorskip("librosa")

RATE = 22_050
BY_LIBROSA = [kind for kind in KINDS if kind != "log-mel"]
BY_FRAMES = [kind for kind in BY_LIBROSA if kind not in ("chroma-cqt", "pitch")]


@pytest.fixture(scope="module")
def speech() -> Audio:
    """Eight seconds of the episode, and some samples that fill no frame."""
    return Audio(load(EPISODE, sample_rate=RATE).samples[: 8 * RATE + 77], RATE)


def part_for(kind: str, audio: Audio) -> Audio:
    """Less of it for pitch, which takes its time."""
    return Audio(audio.samples[: 2 * RATE + 77], RATE) if kind == "pitch" else audio


@pytest.fixture(scope="module")
def recording(data: Path) -> Audio:
    return load(data / "sounds" / "esc10_dog_bark_3-136288-A.ogg", sample_rate=RATE)


def whole(kind: str, y: np.ndarray, o: FeatureOptions) -> np.ndarray:
    """What librosa says of all of it at once."""
    frames = {"n_fft": o.n_fft, "hop_length": o.hop_length}
    steps = {"frame_length": o.n_fft, "hop_length": o.hop_length}

    def mels() -> np.ndarray:
        power = librosa.feature.melspectrogram(
            y=y, sr=RATE, n_mels=o.n_mels or 128, fmin=o.fmin_hz, fmax=o.fmax_hz, **frames
        )
        return librosa.power_to_db(power)

    def mfcc() -> np.ndarray:
        found = librosa.feature.mfcc(S=mels(), n_mfcc=o.n_mfcc)
        return np.concatenate([found, librosa.feature.delta(found), librosa.feature.delta(found, order=2)])

    by_kind: dict[str, Callable[[], np.ndarray]] = {
        "mel": mels,
        "mfcc": mfcc,
        "chroma-stft": lambda: librosa.feature.chroma_stft(y=y, sr=RATE, **frames),
        "chroma-cqt": lambda: librosa.feature.chroma_cqt(y=y, sr=RATE, hop_length=o.hop_length),
        "spectral-centroid": lambda: librosa.feature.spectral_centroid(y=y, sr=RATE, **frames),
        "rms": lambda: librosa.feature.rms(y=y, **steps),
        "zero-crossing-rate": lambda: librosa.feature.zero_crossing_rate(y, **steps),
        "pitch": lambda: np.stack(
            librosa.pyin(y, fmin=o.pitch_min_hz, fmax=o.pitch_max_hz, sr=RATE, fill_na=0.0, **steps)
        ),
    }
    return by_kind[kind]()


DEFAULTS = FeatureOptions()
OTHERS = FeatureOptions(
    n_fft=1024, hop_length=256, n_mels=40, fmin_hz=100, fmax_hz=7000, n_mfcc=13, pitch_min_hz=80, pitch_max_hz=400
)


@pytest.mark.parametrize("kind", BY_LIBROSA)
@pytest.mark.parametrize("options", [DEFAULTS, OTHERS], ids=["defaults", "others"])
def test_a_feature_is_librosas(kind: str, options: FeatureOptions, speech: Audio) -> None:
    audio = part_for(kind, speech)
    found = extract(audio, kind, options)
    expected = whole(kind, audio.samples, options)
    assert found.values.dtype == np.float32
    assert found.values.shape == expected.shape
    np.testing.assert_allclose(found.values, expected, atol=1e-5 * np.abs(expected).max(), rtol=1e-5)
    np.testing.assert_allclose(
        found.times, librosa.times_like(expected, sr=RATE, hop_length=options.hop_length), atol=1e-9
    )
    assert len(found.units) == len(expected)
    assert len(found.names if found.frequencies_hz is None else found.frequencies_hz) == len(expected)


@pytest.mark.parametrize("kind", BY_LIBROSA)
def test_a_feature_of_a_real_recording_is_librosas(kind: str, recording: Audio) -> None:
    audio = part_for(kind, recording)
    found, expected = extract(audio, kind).values, whole(kind, audio.samples, DEFAULTS)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max(), rtol=1e-5)


def test_pitch_by_yin_is_librosas(speech: Audio) -> None:
    expected = librosa.yin(speech.samples, fmin=65.4, fmax=2093.0, sr=RATE)
    np.testing.assert_allclose(extract(speech, "pitch", FeatureOptions(pitch_method="yin")).values[0], expected)


@pytest.mark.parametrize("kind", BY_FRAMES)
@pytest.mark.parametrize("frames", [1, 100, 10**6])
def test_blocks_make_no_difference(
    kind: str, frames: int, speech: Audio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at_once = extract(speech, kind).values
    monkeypatch.setattr(spectral, "blocks", lambda count: blocks(count, frames))
    np.testing.assert_array_equal(extract(speech, kind, scratch=tmp_path).values, at_once)


@pytest.mark.parametrize(("kind", "tolerance"), [("pitch", 1e-6), ("chroma-cqt", 5e-4)])
def test_pieces_make_hardly_a_difference(
    kind: str, tolerance: float, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = extract(speech, kind, OTHERS).values
    monkeypatch.setattr(spectral, "PIECE_S", 3.5)
    monkeypatch.setattr(spectral, "CONTEXT_S", 2.0)
    np.testing.assert_allclose(extract(speech, kind, OTHERS).values, at_once, atol=tolerance, rtol=0)


def test_memory_does_not_grow_with_the_recording(speech: Audio, tmp_path: Path) -> None:
    """Beside the samples and the values, which are in files."""

    def peak(times: int) -> int:
        audio = Audio(np.tile(speech.samples, times), RATE)
        tracemalloc.start()
        extract(audio, "mfcc", scratch=tmp_path)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(24) < 1.05 * peak(12)  # two blocks in either are whole


def test_a_tone_is_what_it_is() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE, dtype=np.float64).astype(np.float32)

    def middle(kind: str) -> np.ndarray:
        values = extract(Audio(tone, RATE), kind).values
        return values[:, values.shape[1] // 2]

    assert middle("pitch") == pytest.approx([440, 1, 1], rel=0.02)
    assert middle("rms") == pytest.approx([0.5 / np.sqrt(2)], rel=0.01)
    assert middle("zero-crossing-rate") == pytest.approx([2 * 440 / RATE], rel=0.03)
    assert middle("spectral-centroid") == pytest.approx([440], rel=0.02)
    for kind in ("chroma-stft", "chroma-cqt"):
        assert spectral.NOTES[int(middle(kind).argmax())] == "A"
    mel = extract(Audio(tone, RATE), "mel")
    assert mel.frequencies_hz is not None
    assert mel.frequencies_hz[mel.values.mean(axis=1).argmax()] == pytest.approx(440, abs=15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [160, 3000, 30_000], ids=str)
def test_silence_and_short_clips_give_numbers(kind: str, count: int) -> None:
    rate = 16_000 if kind == "log-mel" else RATE
    for samples in (np.zeros(count), np.random.default_rng(0).normal(0, 0.1, count)):
        found = extract(Audio(samples.astype(np.float32), rate), kind)
        assert np.isfinite(found.values).all()
        assert found.values.shape[1] == len(found.times) >= 1
        assert found.range()[0] <= found.range()[1]


def test_differences_of_short_clips_are_those_of_held_ends() -> None:
    values = extract(Audio(np.random.default_rng(0).normal(0, 0.1, 1200).astype(np.float32), RATE), "mfcc").values
    assert values.shape == (60, 3)
    held = np.pad(values[:20], ((0, 0), (4, 4)), mode="edge")
    np.testing.assert_allclose(
        values[20:40, 1], sum(lag * held[:, 5 + lag] for lag in range(-4, 5)) / 60, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize(
    ("kind", "rate", "samples", "error", "text"),
    [
        ("mel", RATE, [np.nan] * 4000, AudioError, "no numbers"),
        ("rms", RATE, [0.0, np.inf] * 4000, AudioError, "set them to 0"),
        ("log-mel", 16_000, [0.0] * 159, AudioError, "159 samples are too short for log-mel"),
        ("mel", RATE, [], AudioError, "0 samples"),
        ("log-mel", RATE, [0.0] * RATE, OptionError, "wants audio at 16000 Hz"),
        ("chroma-cqt", 4000, [0.0] * 8000, OptionError, "raise the sample rate"),
        ("pitch", 4000, [0.0] * 8000, OptionError, "pitch_max_hz must be at most"),
        ("scent", RATE, [0.0] * RATE, OptionError, "give one of mel, log-mel"),
    ],
)
def test_what_cannot_be_computed_is_said(
    kind: str, rate: int, samples: list[float], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        extract(Audio(np.array(samples, np.float32), rate), kind)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_fft": 2047}, "even"), ({"hop_length": 0}, "hop_length"), ({"n_mfcc": 200}, "128"),
        ({"fmin_hz": 9000, "fmax_hz": 8000}, "below fmax_hz"), ({"pitch_method": "swipe"}, "pyin or yin"),
        ({"pitch_min_hz": 500, "pitch_max_hz": 400}, "pitch_min_hz"), ({"n_mels": 0}, "n_mels"),
    ],
)  # fmt: skip
def test_options_outside_their_range(options: dict[str, float], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        FeatureOptions(**options)  # type: ignore[arg-type]


def test_options_that_do_not_fit_the_sound(speech: Audio) -> None:
    with pytest.raises(OptionError, match="half the sample rate, 11025 Hz"):
        extract(speech, "mel", FeatureOptions(fmax_hz=12_000))
    with pytest.raises(OptionError, match="no period of 10 Hz"):
        extract(speech, "pitch", FeatureOptions(pitch_min_hz=10))
    with pytest.raises(OptionError, match="80 or 128 bands, not 40"):
        extract(Audio(np.zeros(16_000, np.float32)), "log-mel", FeatureOptions(n_mels=40))


def test_odd_options_are_warned_of(speech: Audio) -> None:
    (said,) = extract(speech, "mel", FeatureOptions(n_fft=256)).warnings
    assert said.startswith("Empty filters")


def test_names_of_kinds() -> None:
    assert parse_kinds("all") == tuple(KINDS)
    assert parse_kinds("chroma, mfcc,chroma-stft") == ("chroma-stft", "mfcc")
    with pytest.raises(OptionError, match="--kind mell: give some of mel"):
        parse_kinds("mel,mell")


def test_a_file_is_decoded_at_the_rate_that_each_kind_wants(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "clip.wav", np.random.default_rng(0).normal(0, 0.1, 48_000), 48_000)
    seen: list[str] = []
    found = of_file(path, ["rms", "log-mel", "mel"], sample_rate=32_000, report=lambda kind, *_: seen.append(kind))
    assert [(feature.kind, feature.sample_rate) for feature in found] == [
        ("rms", 32_000), ("log-mel", 16_000), ("mel", 32_000)
    ]  # fmt: skip
    assert set(seen) == {"rms", "log-mel", "mel"}
    with pytest.raises(AudioError, match=r"tiny\.wav: 20 samples"):
        of_file(write_wav(tmp_path / "tiny.wav", np.ones(20)), ["log-mel"])


@pytest.fixture(scope="module")
def some(speech: Audio) -> list[Feature]:
    return [extract(part_for("pitch", speech), kind) for kind in ("mel", "mfcc", "chroma-stft", "rms", "pitch")]


def test_a_file_has_all_that_is_needed_to_plot_again(some: list[Feature], tmp_path: Path) -> None:
    for features in (some, some[:1]):
        feature_files.save(features, tmp_path / "all.npz")
        again = feature_files.load(tmp_path / "all.npz")
        assert plots.plot([again[0], again[-1]], "a $t$") == plots.plot([features[0], features[-1]], "a $t$")
        for one, other in zip(features, again, strict=True):
            np.testing.assert_array_equal(one.values, other.values)
            assert (one.kind, one.options, one.units, one.names) == (
                other.kind, other.options, other.units, other.names
            )  # fmt: skip
    assert list(tmp_path.iterdir()) == [tmp_path / "all.npz"]


def test_keys_of_a_file(some: list[Feature], tmp_path: Path) -> None:
    feature_files.save(some[:1], tmp_path / "mel.npz")
    beside = {"times_s", "units", "kind", "sample_rate_hz", "parameters", "values"}
    assert set(np.load(tmp_path / "mel.npz")) == beside | {"frequencies_hz"}
    feature_files.save(some, tmp_path / "all.npz")
    keys = set(np.load(tmp_path / "all.npz"))
    assert {f"mfcc/{key}" for key in beside | {"rows"}} < keys


def test_a_file_that_holds_no_features(tmp_path: Path, some: list[Feature]) -> None:
    np.savez(tmp_path / "other.npz", weights=np.ones(3))
    (tmp_path / "text.npz").write_text("no numbers")
    for name in ("other.npz", "text.npz", "none.npz"):
        with pytest.raises(SourceError, match=f"{name}: holds no features"):
            feature_files.load(tmp_path / name)
    with pytest.raises(StorageError, match="cannot be written"):
        feature_files.save(some[:1], tmp_path / "none" / "mel.npz")


def test_pictures_of_every_kind_say_what_they_show(tmp_path: Path) -> None:
    """What is drawn, by matplotlib's own account; how it looks, a person must see."""
    from matplotlib.figure import Figure

    drawn: list[Figure] = []

    class Kept(Figure):
        def __init__(self, *arguments: object, **settings: object) -> None:
            super().__init__(*arguments, **settings)  # type: ignore[arg-type]
            drawn.append(self)

    audio = {rate: load(EPISODE, sample_rate=rate) for rate in (RATE, 16_000)}
    short = {rate: Audio(found.between(0, 1), rate) for rate, found in audio.items()}
    found = [extract(short[16_000 if kind == "log-mel" else RATE], kind) for kind in KINDS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure", Kept)
        plots.plot(found, "episode")
        plots.plot([extract(audio[RATE], "rms")])
    panels = [axes for axes in drawn[0].axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split(" (")[0] for axes in panels] == [
        "mel spectrogram", "Whisper's log-mel spectrogram", "mel-frequency cepstral coefficients",
        "mel-frequency cepstral coefficients, deltas", "mel-frequency cepstral coefficients, delta-deltas",
        "chromagram", "chromagram", "spectral centroid", "RMS", "zero-crossing rate", "pitch by pyin",
    ]  # fmt: skip
    assert all(axes.get_ylabel() for axes in drawn[0].axes)  # colour bars, too
    assert panels[-1].get_xlabel() == "time (s)"
    hertz = [tick.get_text() for tick in panels[0].get_yticklabels()]
    assert hertz == ["250", "500", "1000", "2000", "4000", "8000"]
    assert drawn[1].axes[0].get_xlabel() == "time (m:ss)"
    assert [tick.get_text() for tick in drawn[1].axes[0].get_xticklabels()][:3] == ["0:00", "0:30", "1:00"]


def test_long_curves_are_drawn_from_least_to_most() -> None:
    means = plots._means(np.arange(12_000, dtype=np.float32)[None])
    assert means.shape == (1, plots.COLUMNS)
    assert means[0, :2].tolist() == [2.5, 8.5]


def test_log_mel_wants_neither_librosa_nor_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    feature = extract(Audio(np.zeros(16_000, np.float32)), "log-mel")
    feature_files.save([feature], tmp_path / "x.npz")
    with pytest.raises(ExtraError, match=r"librosa.*pip install 'earwitness\[features\]'"):
        extract(Audio(np.zeros(RATE, np.float32), RATE), "mel")
    with pytest.raises(ExtraError, match=r"matplotlib.*pip install 'earwitness\[features\]'"):
        plots.plot([feature])
