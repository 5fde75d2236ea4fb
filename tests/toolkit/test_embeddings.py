"""Windows, frames and files of points, with an embedder that is easy to calculate."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from commands import called
from earwitness import engines
from earwitness.engines.base import SoundEmbedding
from earwitness.errors import ModelError, OptionError, StorageError
from earwitness.options import PretrainedOptions
from earwitness.toolkit.embedding_files import EmbeddingFile
from earwitness.toolkit.embeddings import Embeddings, embed, stream
from earwitness.types import Audio
from earwitness.units import SAMPLE_RATE_HZ

RATE = 1000


class Means:
    """A clip is the mean and the length of its window; frames are 0.5 s, each its mean."""

    name, model, sample_rate, window_s, versions = "means", "some/means", RATE, 2.0, {}

    def __init__(self, *, frames: bool = True) -> None:
        self.heard: list[int] = []
        self._frames = frames

    def identity(self) -> str:
        return "means:1"

    def embed(self, windows: Sequence[np.ndarray]) -> list[SoundEmbedding]:
        self.heard += [len(window) for window in windows]
        return [self._one(window) for window in windows]

    def _one(self, window: np.ndarray) -> SoundEmbedding:
        clip = np.array([window.mean(), len(window)], np.float32)
        edges = range(0, len(window), RATE // 2) if self._frames else ()
        rows = [[window[edge : edge + RATE // 2].mean()] for edge in edges]
        return SoundEmbedding(clip, np.array(rows, np.float32).reshape(-1, 1), 0.5)


def sound(seconds: float) -> Audio:
    return Audio(np.arange(round(seconds * RATE), dtype=np.float32), RATE)


def test_windows_cover_a_recording_and_the_last_is_what_is_left() -> None:
    means = Means()
    found = embed(sound(39.25), means)
    assert means.heard == [2 * RATE] * 19 + [RATE + RATE // 4]
    assert np.array_equal(found.starts, np.arange(0, 40, 2.0))
    assert np.array_equal(found.ends, [*np.arange(2, 40, 2.0), 39.25])
    assert np.array_equal(found.vectors[:2], [[999.5, 2000], [2999.5, 2000]])


def test_frames_are_placed_in_the_recording() -> None:
    found = embed(sound(3.2), Means(), level="frame")
    assert found.starts.tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert found.ends.tolist() == [0.5, 1, 1.5, 2, 2.5, 3, 3.2]
    assert found.vectors[[0, -1], 0].tolist() == [249.5, 3099.5]


def test_a_file_is_the_mean_of_its_windows_by_their_length() -> None:
    found = embed(sound(2.5), Means(), level="file")
    assert (found.starts.tolist(), found.ends.tolist()) == ([0], [2.5])
    assert found.vectors[0, 0] == np.arange(2500).mean()


def test_windows_can_be_shorter_than_the_models() -> None:
    means = Means()
    embed(sound(2.5), means, window_s=1.0)
    assert means.heard == [1000, 1000, 500]


def test_no_samples_give_no_points() -> None:
    for level in ("frame", "window", "file"):
        assert len(embed(sound(0), Means(), level=level).vectors) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"window_s": 3.0}, "0.1 to 2 s"),
        ({"window_s": 0.0}, "0.1 to 2 s"),
        ({"window_s": float("nan")}, "0.1 to 2 s"),
        ({"level": "word"}, "frame, window, file"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        embed(sound(1), Means(), **arguments)


def test_sound_of_another_rate_and_frames_of_who_has_none_are_refused() -> None:
    with pytest.raises(OptionError, match="1000 Hz, not 16000"):
        embed(Audio(np.zeros(8, np.float32)), Means())
    with pytest.raises(OptionError, match="no frames"):
        embed(sound(1), Means(frames=False), level="frame")


def test_a_file_is_heard_at_the_rate_of_the_model_and_no_more_of_it_than_a_few_windows(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.full(60 * SAMPLE_RATE_HZ, 2**14, np.int16).tobytes())
    means = Means()
    first = next(iter(stream(path, means)))
    assert means.heard == [2 * RATE] * 8
    assert first.vectors[0, 0] == pytest.approx(0.5, abs=0.01)


def points(rows: int, value: float, size: int = 3) -> Embeddings:
    starts = np.arange(rows, dtype=np.float64)
    return Embeddings(starts, starts + 1, np.full((rows, size), value, np.float32))


def write(path: Path, *pieces: tuple[str, Embeddings]) -> None:
    with EmbeddingFile(path, "some/model", "window", "v1") as file:
        for name, piece in pieces:
            file.add(name, piece)


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "points.npz"
    write(path, ("a.wav", points(2, 1)), ("b.wav", points(1, 2)), ("b.wav", points(1, 3)))
    with np.load(path) as found:
        assert found["files"][found["file"]].tolist() == ["a.wav", "a.wav", "b.wav", "b.wav"]
        assert found["start"].tolist() == [0, 1, 0, 0]
        assert found["end"].tolist() == [1, 2, 1, 1]
        assert found["vector"].tolist() == [[1] * 3, [1] * 3, [2] * 3, [3] * 3]
        assert [str(found[name]) for name in ("model", "level", "identity")] == ["some/model", "window", "v1"]
    assert [*tmp_path.iterdir()] == [path]


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "points.parquet"
    write(path, ("a.wav", points(2, 1)), (b"\xff.wav".decode(errors="surrogateescape"), points(1, 2)))
    table = parquet.read_table(path)
    assert table.column_names == ["file", "start", "end", "vector"]
    assert table.to_pydict() == {
        "file": ["a.wav", "a.wav", "\ufffd.wav"],
        "start": [0.0, 1.0, 0.0],
        "end": [1.0, 2.0, 1.0],
        "vector": [[1.0] * 3, [1.0] * 3, [2.0] * 3],
    }
    assert table.schema.metadata[b"model"] == b"some/model"
    assert [*tmp_path.iterdir()] == [path]


def test_parquet_is_written_on_the_way(tmp_path: Path) -> None:
    """Otherwise a long recording would have to fit into memory."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "points.parquet"
    with EmbeddingFile(path, "some/model", "frame", "v1") as file:
        for _ in range(5):
            file.add("a.wav", points(10_000, 1, 512))
        (temporary,) = tmp_path.iterdir()
        assert temporary.stat().st_size > 0
    assert parquet.ParquetFile(path).metadata.num_row_groups == 5


@pytest.mark.parametrize("name", ["points.npz", "points.parquet"])
def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(ModelError, match="of 3 and of 4 numbers"):
        write(path, ("a.wav", points(2, 1)), ("b.wav", points(2, 1, size=4)))
    with EmbeddingFile(path, "some/model", "window", "v1"):
        pass  # no recording could be read
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.npz or \.parquet"):
        write(tmp_path / "points.csv")
    for ending in ("npz", "parquet"):
        with pytest.raises(StorageError, match=r"missing.*cannot be written"):
            write(tmp_path / "missing" / f"points.{ending}")


def test_a_model_that_is_none(tmp_path: Path) -> None:
    """Without torch, or the hub."""
    options = PretrainedOptions(offline=True)
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        engines.sound_embedder("huber", options)
    with pytest.raises(ModelError, match=r"config\.json"):
        engines.sound_embedder(str(tmp_path), options)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="it is a bert and gives no embeddings of sound"):
        engines.sound_embedder(str(tmp_path), options)


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_the_command_names_the_extra_that_it_needs(tmp_path: Path) -> None:
    done = called(tmp_path, "embed", "a.wav", "--model", "hubert", "-o", "out.npz")
    assert done.returncode == 1
    assert "pip install 'earwitness[models]'" in done.stderr


def test_the_command_refuses_levels_that_are_none(tmp_path: Path) -> None:
    done = called(tmp_path, "embed", "a.wav", "--model", "hubert", "-o", "out.npz", "--level", "word")
    assert done.returncode == 2
    assert "there are frame, window, file" in done.stderr
