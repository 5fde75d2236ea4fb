"""The built-in voice network: pooling against its definition, finite points, and voices it never heard told apart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from earwitness.audio import load
from earwitness.engines.base import VoiceEmbedder
from earwitness.engines.mfcc_lda import MfccLda
from earwitness.engines.voice_net import POINTS, SHIPPED, TRUNK, VoiceNet, VoicePrints, all_pooled, pooled
from earwitness.errors import ModelError
from earwitness.types import Region

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RATE = 16_000


def noise(seconds: float, seed: int = 0) -> FloatArray:
    """Bursts, loud and quiet in turn."""
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE))
    bursts: FloatArray = (samples * (1.2 + np.sin(np.arange(len(samples)) / 900))).astype(np.float32)
    return bursts


def test_pooling_is_the_softmax_of_the_gate_within_each_span() -> None:
    rng = np.random.default_rng(0)
    values, gate = rng.normal(size=(5, 40)).astype(np.float32), rng.normal(0, 3, 40).astype(np.float32)
    edges = np.array([[0, 80], [10, 50], [49, 52], [70, 95]])
    found = pooled(values, gate, edges)
    for row, (first, end) in zip(found, [(0, 40), (5, 25), (24, 26), (35, 40)], strict=True):
        weights = np.exp(gate[first:end]) / np.exp(gate[first:end]).sum()
        mean = values[:, first:end] @ weights
        deviation = np.sqrt((values[:, first:end] - mean[:, None]) ** 2 @ weights)
        assert row == pytest.approx(np.concatenate([mean, np.maximum(deviation, 0.01)]), abs=1e-4)


def test_each_network_has_its_own_gate() -> None:
    rng = np.random.default_rng(1)
    values, gates = rng.normal(size=(6, 30)).astype(np.float32), rng.normal(0, 3, (2, 30)).astype(np.float32)
    edges = np.array([[0, 60], [7, 31]])
    found = all_pooled(values, gates, edges)
    assert found[:, :6] == pytest.approx(pooled(values[:3], gates[0], edges))
    assert found[:, 6:] == pytest.approx(pooled(values[3:], gates[1], edges))


def test_pooling_of_spans_beyond_the_end_is_finite() -> None:
    found = pooled(np.ones((3, 4), np.float32), np.zeros(4, np.float32), np.array([[6, 20], [30, 50]]))
    assert found[:, :3] == pytest.approx(np.ones((2, 3)))
    assert np.isfinite(found).all()


def test_it_satisfies_the_protocol() -> None:
    embedder: VoiceEmbedder = VoiceNet()
    assert embedder.name == "builtin"
    assert embedder.embed(noise(3), []).shape == (0, 96)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(3 * RATE, np.float32),
        np.ones(3 * RATE, np.float32),
        np.full(3 * RATE, np.nan, np.float32),
        np.full(3 * RATE, np.inf, np.float32),
        np.full(3 * RATE, 1e-9, np.float32),
        np.concatenate([noise(1), np.zeros(2 * RATE, np.float32)]),
        np.zeros(50, np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["silence", "constant", "nan", "inf", "tiny", "then silence", "3 ms", "nothing"],
)
def test_points_are_finite_whatever_is_heard(samples: np.ndarray) -> None:
    spans = [Region(0, 1.6), Region(0.5, 0.51), Region(1.4, 3.0), Region(2.9, 4.5), Region(7, 8.6)]
    for embedder in (VoiceNet(), VoicePrints()):
        points = embedder.embed(samples, spans)
        assert points.shape == (5, 48 if embedder.name == "prints" else 96)
        assert np.isfinite(points).all()


def test_prints_are_other_points_of_the_same_network() -> None:
    assert VoicePrints().identity() != VoiceNet().identity()
    assert VoicePrints().embed(noise(3), []).shape == (0, 48)


def test_gain_and_the_order_of_spans_do_not_matter() -> None:
    buzz = np.sign(np.sin(2 * np.pi * 120 * np.arange(4 * RATE) / RATE))
    samples, spans = (noise(4) + 0.25 * buzz).astype(np.float32), [Region(0, 1.6), Region(0.7, 2.3), Region(2, 3.6)]
    points = VoiceNet().embed(samples, spans)
    assert VoiceNet().embed(samples, spans[::-1])[::-1] == pytest.approx(points, abs=1e-4)
    assert VoiceNet().embed(samples * np.float32(0.2), spans) == pytest.approx(points, abs=0.1)


def test_spans_minutes_apart_are_computed_apart() -> None:
    samples = np.concatenate([noise(4), np.zeros(70 * RATE, np.float32), noise(4)])
    first, again = VoiceNet().embed(samples, [Region(1, 2.6), Region(75, 76.6)])
    # The same sound, but for the frames around the piece that is computed.
    assert again == pytest.approx(first, abs=0.2)


def test_what_ships_is_small() -> None:
    assert sum((SHIPPED / file).stat().st_size for file in (TRUNK, POINTS)) < 4_000_000


@pytest.mark.parametrize("file", [TRUNK, POINTS])
@pytest.mark.parametrize("damage", ["missing", "cut short"])
def test_a_damaged_installation_is_one_clear_error(tmp_path: Path, file: str, damage: str) -> None:
    for name in (TRUNK, POINTS):
        shutil.copy(SHIPPED / name, tmp_path)
    if damage == "missing":
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes((SHIPPED / file).read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"{file}.*reinstall"):
        VoiceNet(tmp_path).embed(noise(2), [Region(0, 1.6)])


@pytest.mark.parametrize("file", [TRUNK, POINTS])
def test_the_identity_changes_with_either_file(tmp_path: Path, file: str) -> None:
    for name in (TRUNK, POINTS):
        shutil.copy(SHIPPED / name, tmp_path)
    assert VoiceNet(tmp_path).identity() == VoiceNet().identity()
    embedder = VoiceNet(tmp_path)
    with (tmp_path / file).open("ab") as end:
        end.write(b"more")
    assert embedder.identity() != VoiceNet().identity()


def equal_error_rate(points: np.ndarray, readers: np.ndarray, files: np.ndarray) -> float:
    """Of pairs of pieces from different recordings, by Euclidean distance."""
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    same, apart = readers[:, None] == readers[None], files[:, None] != files[None]
    near, far = np.sort(distance[same & apart]), np.sort(distance[~same])
    missed = 1 - np.arange(1, len(near) + 1) / len(near)
    return float(np.min(np.maximum(missed, np.searchsorted(far, near) / len(far))))


def test_readers_it_never_heard_are_told_apart_better_than_by_the_discriminant_alone(data: Path) -> None:
    embedders: tuple[VoiceEmbedder, ...] = (VoiceNet(), MfccLda())
    points: list[list[np.ndarray]] = [[], []]
    readers, files = [], []
    for reader, chapter in (("1688", "142285"), ("1998", "15444"), ("2414", "128291"), ("3005", "163389")):
        for index in range(4):
            samples = load(data / "asr" / f"librispeech_{reader}-{chapter}-{index:04d}.flac").samples
            spans = [Region(float(at), at + 1.5) for at in np.arange(0.2, len(samples) / RATE - 1.6, 2)]
            for embedder, found in zip(embedders, points, strict=True):
                found.append(embedder.embed(samples, spans))
            readers += [reader] * len(spans)
            files += [f"{reader}-{index}"] * len(spans)
    network, plain = (equal_error_rate(np.concatenate(found), np.array(readers), np.array(files)) for found in points)
    assert network < 0.08
    assert network < 0.8 * plain
