"""Whisper's encoder as a graph for OpenVINO, made from a CTranslate2 model's weights.

Where it may compute in integers, a product with a weight matrix is what CTranslate2 makes of it: rows of eight bits
times rows of eight bits, each with a scale of its own, the signal's found as it comes. OpenVINO's fast products know
only scales found beforehand; the graph divides each row by its largest number, so that one scale fits them all, and
multiplies the product by it. Attention, norms and convolutions stay in floating point.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import count, takewhile
from typing import Any

import numpy as np

from earwitness.engines.ct2_weights import Weights
from earwitness.engines.whisper import WINDOW_FRAMES
from earwitness.mapped import mapped

NORM_EPSILON = 1e-5
TINY = 1e-9
"""What a row of nothing but zeros is divided by."""
LEVELS = 255
"""Of eight bits: -127 to 127."""
LARGE_BYTES = 2**18
"""Weights of this size go to disk: OpenVINO keeps, beside the copies that it computes with, what it was given."""


def runtime() -> Any:
    """The package `openvino`, which must not do what it does when it is imported: send Intel a message.

    It does so through another package, and does without where there is none.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def layers(weights: Weights) -> list[str]:
    """The names of the encoder's layers, in order."""
    names = (f"encoder/layer_{index}" for index in count())
    return list(takewhile(lambda name: f"{name}/ffn/linear_0/weight" in weights, names))


def encoder_graph(weights: Weights, *, integers: bool = False) -> tuple[Any, list[Any]]:
    """Whisper's encoder as an OpenVINO model, from CTranslate2's weights.

    Args:
        weights: of a Whisper.
        integers: multiply in eight bits, as CTranslate2 does when its compute type is int8; the processor must have
            instructions for that (VNNI or AMX), else the sums overflow.

    Returns:
        An `openvino.Model` with one input, mel features of shape (1, mels, 3000), and one output, of shape
        (1, 1500, width), both float32; and the arrays that its large weights lie in, which are in unnamed files. They
        must be kept as long as the model, but their memory can be released: OpenVINO makes its own copies.

    Raises:
        KeyError: the weights are not a Whisper's.

    >>> from earwitness.engines.hub import demo_folder
    >>> encoder_graph(Weights(demo_folder() / "model.bin"))[0].output(0).shape  # doctest: +SKIP
    <Shape: [1,1500,192]>
    """
    op = runtime().opset13
    net = _Net(weights, integers=integers)
    mels = weights["encoder/conv1/weight"].shape[1]
    features = op.parameter([1, mels, WINDOW_FRAMES], np.float32)
    signal = features
    for name, stride in (("encoder/conv1", 1), ("encoder/conv2", 2)):
        signal = net.convolution(signal, name, stride)
    signal = op.transpose(signal, net.places(0, 2, 1))
    signal = op.add(signal, net.constant(weights["encoder/position_encodings/encodings"][None]))
    for layer in layers(weights):
        signal = op.add(signal, net.attention(signal, f"{layer}/self_attention"))
        signal = op.add(signal, net.feed_forward(signal, f"{layer}/ffn"))
    signal = net.norm(signal, "encoder/layer_norm")
    return runtime().Model([op.result(signal)], [features], "whisper_encoder"), net.on_disk


class _Net:
    """The parts of a Whisper encoder, each by the name that its weights have."""

    def __init__(self, weights: Weights, *, integers: bool) -> None:
        self._op, self._weights = runtime().opset13, weights
        self.on_disk: list[Any] = []
        self._heads = int(weights["encoder/num_heads"])
        self._linear = self._linear_in_integers if integers else self._linear_in_floats

    def places(self, *values: int) -> Any:
        return self._op.constant(np.array(values, np.int64))

    def constant(self, values: Any) -> Any:
        values = np.ascontiguousarray(values)
        large = values.nbytes >= LARGE_BYTES
        if large:
            with tempfile.TemporaryFile(prefix="earwitness-") as file:
                file.write(values.data)
                file.flush()
                values = mapped(file).view(values.dtype).reshape(values.shape)
            self.on_disk.append(values)
        openvino = runtime()
        tensor = openvino.Tensor(values, openvino.Shape(values.shape), openvino.Type(values.dtype))
        return self._op.constant(tensor, shared_memory=large)

    def _named(self, name: str) -> Any:
        return self.constant(self._weights[name])

    def norm(self, signal: Any, name: str) -> Any:
        op = self._op
        flat = op.mvn(signal, self.places(-1), True, NORM_EPSILON, "inside_sqrt")
        return op.add(op.multiply(flat, self._named(f"{name}/gamma")), self._named(f"{name}/beta"))

    def linear(self, signal: Any, name: str) -> Any:
        return self._op.add(self._linear(signal, f"{name}/weight"), self._named(f"{name}/bias"))

    def _linear_in_floats(self, signal: Any, name: str) -> Any:
        return self._op.matmul(signal, self._named(name), False, True)

    def _linear_in_integers(self, signal: Any, name: str) -> Any:
        """OpenVINO recognises the pattern: rounded signal, and weights that are made of integers."""
        op = self._op
        steps, step = self._weights.quantised(name)
        weight = op.multiply(op.convert(self.constant(steps), np.float32), self.constant(step))
        largest = op.maximum(op.reduce_max(op.abs(signal), self.places(-1), True), self._number(TINY))
        least, most = self._number(-1.0), self._number(1.0)
        rounded = op.fake_quantize(op.divide(signal, largest), least, most, least, most, LEVELS)
        return op.multiply(op.matmul(rounded, weight, False, True), largest)

    def _number(self, value: float) -> Any:
        return self._op.constant(np.full((1, 1, 1), value, np.float32))

    def convolution(self, signal: Any, name: str, stride: int) -> Any:
        op = self._op
        moved = op.convolution(signal, self._named(f"{name}/weight"), [stride], [1], [1], [1])
        bias = self._weights[f"{name}/bias"].reshape(1, -1, 1)
        return op.gelu(op.add(moved, self.constant(bias)), "erf")

    def feed_forward(self, signal: Any, name: str) -> Any:
        wide = self.linear(self.norm(signal, f"{name}/layer_norm"), f"{name}/linear_0")
        return self.linear(self._op.gelu(wide, "erf"), f"{name}/linear_1")

    def attention(self, signal: Any, name: str) -> Any:
        """Self-attention; CTranslate2 keeps queries, keys and values in one matrix, one after the other."""
        op = self._op
        joined = self.linear(self.norm(signal, f"{name}/layer_norm"), f"{name}/linear_0")
        parts = op.split(joined, op.constant(np.int64(2)), 3).outputs()
        heard = op.scaled_dot_product_attention(*(self._split_heads(part) for part in parts))
        merged = op.reshape(op.transpose(heard, self.places(0, 2, 1, 3)), self.places(0, 0, -1), True)
        return self.linear(merged, f"{name}/linear_1")

    def _split_heads(self, signal: Any) -> Any:
        op = self._op
        split = op.reshape(signal, self.places(0, 0, self._heads, -1), True)
        return op.transpose(split, self.places(0, 2, 1, 3))
