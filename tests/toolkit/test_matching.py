"""Jingles at known times are found, whatever they lie in; what is not there is not found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from earwitness.engines.base import SoundEmbedding
from earwitness.engines.sound_patches import SoundPatches
from earwitness.errors import EarwitnessError, ModelError, OptionError
from earwitness.library.store import Library
from earwitness.options import PretrainedOptions
from earwitness.source import find
from earwitness.toolkit import matching
from earwitness.toolkit.sound_search import Hit, index, search, sound_queries, text_queries
from earwitness.types import Audio
from jingles import BACKGROUNDS, Show, background, noise, show, tune, write_mp3
from sounds import RATE, write_wav

BUILTIN = SoundPatches("", PretrainedOptions())
NEAR_S = 0.5


def fails(name: str, error: EarwitnessError) -> None:
    raise error


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


class Tones:
    """An engine for tests: a second of sound is as high as its pitch, in four steps, and texts name them."""

    name = model = "tones"
    sample_rate, window_s = 8000, 2.0
    versions: dict[str, str] = {}  # noqa: RUF012
    heard = 0
    WORDS = ("low", "middle", "high", "shrill")

    def identity(self) -> str:
        return self.name

    def embed(self, windows: Sequence[np.ndarray]) -> list[SoundEmbedding]:
        self.heard += len(windows)
        found = []
        for window in windows:
            power = np.abs(np.fft.rfft(window, 16_000)) ** 2
            found.append(SoundEmbedding(power.reshape(-1)[:8000].reshape(4, -1).sum(axis=1), np.zeros((0, 4)), 0.0))
        return found

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(4, dtype=np.float32)[[self.WORDS.index(text) for text in texts]]

    def scales(self) -> tuple[float, float]:
        return 5.0, 2.0


def tone(step: int, seconds: float) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * (500 + 1000 * step) * np.arange(round(seconds * 8000)) / 8000)


def found_in(library: Library, made: Show, jingles: Sequence[np.ndarray], folder: Path, bit_rate: int = 0) -> list[Hit]:
    place = folder / ("show.mp3" if bit_rate else "show.wav")
    if bit_rate:
        write_mp3(place, made.samples, bit_rate)
    else:
        write_wav(place, made.samples)
    asked = [str(write_wav(folder / f"{number}.wav", jingle)) for number, jingle in enumerate(jingles)]
    queries = sound_queries(find(asked), BUILTIN, fails)
    return search(library, queries, BUILTIN, recordings=index(library, find([str(place)]), BUILTIN, fails))


def true_hits(hits: Sequence[Hit], made: Show) -> int:
    """How many hits are at a time where what was searched for begins."""
    return sum(
        any(hit.query == f"{number}.wav" and abs(hit.start - at) <= NEAR_S for number, at in made.planted)
        for hit in hits
    )


@pytest.mark.parametrize(("gain_db", "bit_rate"), [(0, 0), (-10, 0), (-10, 48_000)], ids=["as is", "soft", "soft mp3"])
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_every_jingle_is_found_and_nothing_else(
    library: Library, tmp_path: Path, kind: str, gain_db: float, bit_rate: int
) -> None:
    """Jingles of 2.5 to 6 s in 50 s, and one that is not there: precision and recall are 1."""
    jingles = [tune(2.5, 1), tune(4.0, 2), tune(6.0, 3)]
    made = show(kind, jingles, 50.0, 1, gain_db)
    hits = found_in(library, made, [*jingles, tune(3.0, 4)], tmp_path, bit_rate)
    assert len(hits) == len(made.planted) == 6
    assert true_hits(hits, made) == 6
    assert min(hit.similarity for hit in hits) > 0.7


def test_a_jingle_under_talk_is_found(library: Library, tmp_path: Path) -> None:
    jingle = tune(6.0, 3)
    samples = background("speech", 40.0, 2).copy()
    samples[round(21.3 * RATE) : round(27.3 * RATE)] += jingle
    (hit,) = found_in(library, Show(samples, ((0, 21.3),)), [jingle], tmp_path)
    assert hit.start == pytest.approx(21.3, abs=0.1)
    assert hit.end - hit.start == pytest.approx(6.0)


def test_one_that_is_cut_off_by_the_end_is_found(library: Library, tmp_path: Path) -> None:
    jingle = tune(6.0, 3)
    samples = np.concatenate([jingle[2 * RATE :], noise(30.0, 1), jingle[: 4 * RATE]])
    hits = found_in(library, Show(samples, ()), [jingle], tmp_path)
    spans = sorted((hit.start, hit.end) for hit in hits)
    assert spans == [(0.0, pytest.approx(4.0, abs=0.1)), (pytest.approx(34.0, abs=0.1), pytest.approx(38.0, abs=0.1))]


@pytest.mark.parametrize(
    "samples",
    [np.zeros(RATE * 3), np.zeros(160), np.full(160, 0.5), np.r_[np.zeros(RATE * 30), tune(3.0, 1)]],
    ids=["silence", "10 ms of silence", "10 ms", "mostly silence"],
)
def test_what_can_hardly_be_heard_gives_numbers(library: Library, tmp_path: Path, samples: np.ndarray) -> None:
    hits = found_in(library, Show(samples, ()), [tune(3.0, 1)], tmp_path)
    assert all(np.isfinite(hit.similarity) and hit.similarity <= 1 for hit in hits)
    assert [round(hit.start) for hit in hits] == ([30] if len(samples) > RATE * 30 else [])


def test_silence_is_nothing_to_search_for_and_hinders_no_other(tmp_path: Path) -> None:
    silent, theme = write_wav(tmp_path / "silent.wav", np.zeros(RATE)), write_wav(tmp_path / "theme.wav", tune(2.0, 1))
    said: list[str] = []
    queries = sound_queries(find([str(silent), str(theme)]), BUILTIN, lambda _, error: said.append(str(error)))
    assert [query.name for query in queries] == ["theme.wav"]
    assert said == ["silent.wav: nothing can be heard in it; give a sound to search for"]


def test_points_do_not_depend_on_company_or_loudness() -> None:
    windows = [tune(1.0, seed).astype(np.float32) for seed in range(4)]
    together = np.stack([one.clip for one in BUILTIN.embed(windows)])
    assert np.array_equal(together, np.stack([BUILTIN.embed([window])[0].clip for window in windows]))
    softer = np.stack([one.clip for one in BUILTIN.embed([window / 30 for window in windows])])
    assert np.sum(together * softer, axis=1) == pytest.approx(1, abs=1e-3)
    assert np.abs(together @ together.T - np.eye(4)).max() < 0.7


def test_windows_side_by_side_that_fit_a_text_are_one_hit(library: Library, tmp_path: Path) -> None:
    tones = Tones()
    parts = [(0, 10), (2, 7), (0, 10), (3, 3), (0, 5), (2, 2), (0, 8)]
    write_wav(tmp_path / "a.wav", np.concatenate([tone(*part) for part in parts]), 8000)
    write_wav(tmp_path / "b.wav", tone(1, 20.0), 8000)
    among = index(library, find([str(tmp_path)]), tones, fails)
    heard = tones.heard
    hits = search(library, text_queries(["high"], tones), tones, recordings=among, min_similarity=0.5)
    assert [(hit.name, hit.start, hit.end, hit.similarity) for hit in hits] == [
        ("a.wav", 9.0, 18.0, pytest.approx(1.0)),  # half of the first and the last window is something else
        ("a.wav", 34.0, 38.0, pytest.approx(1.0)),
    ]
    assert index(library, find([str(tmp_path)]), tones, fails) == among
    assert tones.heard == heard


def test_probabilities_are_shares_by_the_models_scales(tmp_path: Path) -> None:
    """A sound of two tones, by hand: its point is (1, 1, 0, 0) / sqrt 2."""
    write_wav(tmp_path / "1.wav", (tone(0, 2) + tone(1, 2)) / 2, 8000)
    write_wav(tmp_path / "2.wav", tone(1, 2), 8000)
    first, second = matching.compare(find([str(tmp_path)]), ["low", "middle"], Tones(), fails)
    half = 2**-0.5
    assert [pair.similarity for pair in (*first, *second)] == pytest.approx([half, half, 0, 1], abs=1e-3)
    assert [pair.text_probability for pair in first] == pytest.approx([0.5, 0.5], abs=1e-3)
    assert [pair.text_probability for pair in second] == pytest.approx([1 / (1 + np.exp(5)), 1 / (1 + np.exp(-5))])
    assert first[1].sound_probability == pytest.approx(np.exp(2 * half) / (np.exp(2 * half) + np.exp(2)), abs=1e-3)
    assert first[1].sound_probability + second[1].sound_probability == pytest.approx(1)


def test_a_long_recording_is_the_mean_of_its_windows() -> None:
    samples = np.concatenate([tone(0, 2), tone(2, 2)]).astype(np.float32)
    found = matching.embedding(Audio(samples, 8000), Tones())
    assert found == pytest.approx([half := 2**-0.5, 0, half, 0], abs=1e-2)


def test_an_engine_without_texts_names_one_that_has_them() -> None:
    with pytest.raises(OptionError, match="--model builtin knows sounds, and no text; give --model clap"):
        text_queries(["dog"], BUILTIN)


def test_recordings_that_were_heard_before_an_engine_broke_are_kept(library: Library, tmp_path: Path) -> None:
    class Breaks(Tones):
        def embed(self, windows: Sequence[np.ndarray]) -> list[SoundEmbedding]:
            if self.heard > 5:
                raise ModelError("broken")
            return super().embed(windows)

    for name in ("1", "2"):
        write_wav(tmp_path / f"{name}.wav", tone(int(name), 8.0), 8000)
    with pytest.raises(ModelError):
        index(library, find([str(tmp_path)]), Breaks(), fails)
    heard: list[str] = []
    index(library, find([str(tmp_path)]), Tones(), fails, heard=heard.append)
    assert heard == ["2.wav"]
