from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

import random_whisper
from earwitness.engines.ct2_weights import Weights
from earwitness.errors import ModelError

ROWS = np.array([[1.0, -0.5, 0.25], [100.0, 3.0, -7.0]], np.float32)


def weights(folder: Path, quantization: str | None = None) -> Weights:
    return Weights(random_whisper.write(folder, layers=12, quantization=quantization) / "model.bin")


def model_bin(path: Path, shape: tuple[int, ...], kind: int, data: bytes) -> Path:
    """A model of one variable, laid out as CTranslate2's documentation of the format has it."""
    head = struct.pack("<IH4sII", 6, 4, b"Test", 3, 1)
    variable = struct.pack(f"<H2sB{len(shape)}IBI", 2, b"v", len(shape), *shape, kind, len(data))
    path.write_bytes(head + variable + data + struct.pack("<IH2sH2s", 1, 2, b"a", 2, b"v"))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    read = weights(tmp_path)
    assert {"encoder/layer_11/ffn/linear_0/weight", "decoder/projection/weight"} <= set(read)
    assert len(read) == len(set(read))
    assert read.kind == "WhisperSpec"
    assert read["encoder/num_heads"] == random_whisper.HEADS
    # The first numbers of the generator fill the encoder's first convolution.
    first = np.random.default_rng(0).normal(0, 0.3, read["encoder/conv1/weight"].shape).astype(np.float32)
    assert np.array_equal(read["encoder/conv1/weight"], first)


@pytest.mark.parametrize("quantization", ["float16", "int16", "int8", "int8_float16"])
def test_quantised_weights_are_the_same_to_a_rounding(tmp_path: Path, quantization: str) -> None:
    exact, read = weights(tmp_path / "exact"), weights(tmp_path / "quantised", quantization)
    steps = {"float16": 2**-11, "int16": 2**-11, "int8": 1 / 254, "int8_float16": 1 / 254}
    assert set(read) == set(exact)
    for name in exact:
        if exact[name].dtype != np.float32:
            continue
        assert read[name].dtype == np.float32
        largest = np.abs(exact[name]).max() if quantization == "int16" else np.abs(exact[name]).max(axis=-1, initial=0)
        if exact[name].ndim == 3 and quantization.startswith("int8"):
            largest = np.abs(exact[name]).max(axis=(1, 2))[:, None]
        error = np.abs(read[name] - exact[name]).max(axis=-1, initial=0)
        assert np.all(error <= largest * steps[quantization] * 1.01), name


def test_in_eight_bits_weights_are_as_ctranslate2_stores_them(tmp_path: Path) -> None:
    exact, stored = weights(tmp_path / "exact"), weights(tmp_path / "quantised", "int8")
    name = "encoder/layer_0/ffn/linear_0/weight"
    (own, own_step), (theirs, their_step) = exact.quantised(name), stored.quantised(name)
    assert own.dtype == theirs.dtype == np.int8
    assert np.array_equal(own, theirs)
    assert np.allclose(own_step, their_step, rtol=1e-6)
    assert np.abs(own * own_step - exact[name]).max() <= own_step.max() / 2 * 1.001


def test_a_row_of_zeros_stays_one_in_eight_bits(tmp_path: Path) -> None:
    rows = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]], np.float32)
    steps, step = Weights(model_bin(tmp_path / "model.bin", (2, 3), 0, rows.tobytes())).quantised("v")
    assert steps.tolist() == [[0, 0, 0], [64, -127, 32]]
    assert step.shape == (2, 1)


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path: Path) -> None:
    halves = (ROWS.view(np.uint32) >> 16).astype("<u2")
    read = Weights(model_bin(tmp_path / "model.bin", (2, 3), 5, halves.tobytes()))
    assert np.array_equal(read["v"], ROWS)  # these numbers need no more than eight bits
    assert np.array_equal(read["a"], ROWS)  # the alias


def test_a_model_written_without_a_part_has_all_the_rest(tmp_path: Path) -> None:
    """Layers that are all alike are aliases of the first; what only an alias of a dropped one had must stay."""
    whole = weights(tmp_path, "float16")
    whole.write_without(lambda name: name.startswith("encoder/layer_0/"), tmp_path / "part.bin")
    part = Weights(tmp_path / "part.bin")
    assert set(part) == set(whole)
    dropped = {name for name in whole if name.startswith("encoder/layer_0/")}
    assert all(np.array_equal(part[name], whole[name]) for name in set(whole) - dropped)
    assert all(part[name].tolist() == np.zeros((1,) * whole[name].ndim).tolist() for name in dropped)


def test_what_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    good = model_bin(path, (2, 3), 0, ROWS.tobytes()).read_bytes()
    assert np.array_equal(Weights(path)["v"], ROWS)
    broken = [good[:length] for length in range(0, len(good), 7)]
    broken += [b"\x05" + good[1:], b"<html>not found</html>", good.replace(struct.pack("<II", 2, 3), b"\xff" * 8)]
    for content in broken:
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"model\.bin"):
            Weights(path)
    with pytest.raises(ModelError, match="missing"):
        Weights(tmp_path / "missing.bin")
