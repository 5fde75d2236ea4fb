"""Whisper with its encoder on OpenVINO and its decoder on CTranslate2.

On a CPU the encoder is most of the work, and CTranslate2 leaves its attention in float32. OpenVINO computes all of it
in bfloat16 where the processor can (AMX, AVX512-BF16): on two AVX512-BF16 cores that takes half the time or less, and
errs less than 8-bit weights do. The graph is built from the very folder that CTranslate2 reads, so that nothing else
need be downloaded or converted.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.metadata import version
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.ct2_weights import Weights
from earwitness.engines.faster_whisper import FasterWhisper, T
from earwitness.engines.whisper import WINDOW_FRAMES
from earwitness.errors import ExtraError, ModelError, OptionError, reason
from earwitness.mapped import give_back_freed, mapped, release
from earwitness.options import ModelOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BFLOAT16, FLOAT32 = "bf16", "f32"
NORM_EPSILON = 1e-5
LARGE_BYTES = 2**18
"""Weights of this size go to disk: OpenVINO keeps, beside the copies that it computes with, what it was given."""


def suits(options: ModelOptions) -> bool:
    """Whether this engine is the fastest for these options: installed, on a CPU that computes in bfloat16.

    >>> suits(ModelOptions(device="cuda"))
    False
    """
    if options.device not in ("auto", "cpu") or importlib.util.find_spec("openvino") is None:
        return False
    if options.device == "auto":
        import ctranslate2

        if ctranslate2.get_cuda_device_count():
            return False
    return _precision_of_processor() == BFLOAT16


def runtime() -> Any:
    """The package `openvino`, which must not do what it does when it is imported: send Intel a message.

    It does so through another package, and does without where there is none.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _precision_of_processor() -> str:
    """bf16 where OpenVINO itself would choose it, else f32."""
    chosen = runtime().Core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    return BFLOAT16 if chosen == runtime().Type.bf16 else FLOAT32


class OpenVino(FasterWhisper):
    """The `Recognizer` "openvino": a CTranslate2 Whisper whose encoder is computed by OpenVINO."""

    name = "openvino"

    def __init__(self, options: ModelOptions) -> None:
        """Checks what can be checked without loading anything.

        Raises:
            ExtraError: openvino is not installed.
            OptionError: a device other than the CPU.
        """
        super().__init__(options)
        if options.device not in ("auto", "cpu"):
            raise OptionError(f"--device {options.device}: openvino is for CPUs; use --engine faster-whisper there")
        if importlib.util.find_spec("openvino") is None:
            raise ExtraError(
                "--engine openvino needs the package openvino: pip install 'earwitness[openvino]', or use "
                "--engine faster-whisper"
            )

    @property
    def _device(self) -> str:
        return "cpu"

    @cached_property
    def versions(self) -> Mapping[str, str]:
        return {**super().versions, "openvino": version("openvino")}

    def identity(self) -> str:
        """Beside the weights and the decoder's arithmetic, the encoder's."""
        return f"{super().identity()}:{self.precision}"

    @cached_property
    def precision(self) -> str:
        """What the encoder computes in: bf16, or f32 where the processor or the compute type wants that."""
        return FLOAT32 if self._compute_type == "float32" else _precision_of_processor()

    @cached_property
    def _weights(self) -> Weights:
        return Weights(self._folder / "model.bin")

    @contextmanager
    def _loadable(self) -> Iterator[Path]:
        """The model without its encoder, which would take memory for nothing.

        CTranslate2 wants one layer of it. It would also load a model from memory, but then keeps what it was given.
        """
        layers = tuple(f"{layer}/" for layer in _layers(self._weights)[1:])
        with tempfile.TemporaryDirectory(prefix="earwitness-") as name:
            folder = Path(name)
            for path in self._folder.iterdir():
                if path.suffix in (".json", ".txt"):
                    shutil.copy(path, folder)
            self._weights.write_without(lambda variable: variable.startswith(layers), folder / "model.bin")
            yield folder

    @cached_property
    def _encoder(self) -> Any:
        """The compiled encoder, for one window at a time in each worker."""
        settings = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": self._workers,
        }
        try:
            graph, self._on_disk = encoder_graph(self._weights, self.precision)
            compiled = runtime().Core().compile_model(graph, "CPU", settings)
        except (RuntimeError, KeyError, OSError) as error:
            raise ModelError(
                f"{self.model}: OpenVINO cannot compile this encoder ({reason(error)}); use --engine faster-whisper"
            ) from error
        give_back_freed()
        return compiled

    def _shared_out(self, windows: Sequence[FloatArray], work: Callable[[Sequence[FloatArray]], list[T]]) -> list[T]:
        _ = self._whisper, self._encoder  # loaded and compiled once, before several threads want it
        return super()._shared_out(windows, work)

    def _encode(self, windows: Sequence[FloatArray]) -> Any:
        import ctranslate2

        request = self._encoder.create_infer_request()
        encoded = np.empty((len(windows), *self._encoder.output(0).shape[1:]), np.float32)
        try:
            for index, window in enumerate(windows):
                encoded[index] = request.infer([self._features([window])])[0][0]
        except RuntimeError as error:
            raise ModelError(
                f"{self.model}: the encoder failed ({reason(error)}); use --engine faster-whisper"
            ) from error
        for values in self._on_disk:
            release(values)
        return ctranslate2.StorageView.from_array(encoded)


def _layers(weights: Weights) -> list[str]:
    names = (f"encoder/layer_{index}" for index in count())
    return list(takewhile(lambda name: f"{name}/ffn/linear_0/weight" in weights, names))


def encoder_graph(weights: Weights, precision: str = FLOAT32) -> tuple[Any, list[Any]]:
    """Whisper's encoder as an OpenVINO model, from CTranslate2's weights.

    Args:
        weights: of a Whisper.
        precision: f32; or bf16, in which the graph then holds its weights, too, which halves their memory.

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
    net = _Net(weights, precision)
    mels = weights["encoder/conv1/weight"].shape[1]
    features = op.parameter([1, mels, WINDOW_FRAMES], np.float32)
    signal = op.convert(features, precision)
    for name, stride in (("encoder/conv1", 1), ("encoder/conv2", 2)):
        signal = net.convolution(signal, name, stride)
    signal = op.transpose(signal, net.integers(0, 2, 1))
    signal = op.add(signal, net.constant(weights["encoder/position_encodings/encodings"][None]))
    for layer in _layers(weights):
        signal = op.add(signal, net.attention(signal, f"{layer}/self_attention"))
        signal = op.add(signal, net.feed_forward(signal, f"{layer}/ffn"))
    signal = op.convert(net.norm(signal, "encoder/layer_norm"), FLOAT32)
    return runtime().Model([op.result(signal)], [features], "whisper_encoder"), net.on_disk


class _Net:
    """The parts of a Whisper encoder, each by the name that its weights have."""

    def __init__(self, weights: Weights, precision: str) -> None:
        self._op, self._weights, self._precision = runtime().opset13, weights, precision
        self.on_disk: list[Any] = []
        self._heads = int(weights["encoder/num_heads"])

    def integers(self, *values: int) -> Any:
        return self._op.constant(np.array(values, np.int64))

    def constant(self, values: FloatArray) -> Any:
        openvino = runtime()
        bits: Any = np.ascontiguousarray(values)
        if self._precision == BFLOAT16:
            bits = _upper_halves(bits)
        if bits.nbytes >= LARGE_BYTES:
            with tempfile.TemporaryFile(prefix="earwitness-") as file:
                file.write(bits.tobytes())
                file.flush()
                bits = mapped(file).view(bits.dtype)
            self.on_disk.append(bits)
        tensor = openvino.Tensor(bits, openvino.Shape(values.shape), getattr(openvino.Type, self._precision))
        return self._op.constant(tensor, shared_memory=bits.nbytes >= LARGE_BYTES)

    def _named(self, name: str) -> Any:
        return self.constant(self._weights[name])

    def norm(self, signal: Any, name: str) -> Any:
        op = self._op
        flat = op.mvn(signal, self.integers(-1), True, NORM_EPSILON, "inside_sqrt")
        return op.add(op.multiply(flat, self._named(f"{name}/gamma")), self._named(f"{name}/beta"))

    def linear(self, signal: Any, name: str) -> Any:
        product = self._op.matmul(signal, self._named(f"{name}/weight"), False, True)
        return self._op.add(product, self._named(f"{name}/bias"))

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
        merged = op.reshape(op.transpose(heard, self.integers(0, 2, 1, 3)), self.integers(0, 0, -1), True)
        return self.linear(merged, f"{name}/linear_1")

    def _split_heads(self, signal: Any) -> Any:
        op = self._op
        split = op.reshape(signal, self.integers(0, 0, self._heads, -1), True)
        return op.transpose(split, self.integers(0, 2, 1, 3))


def _upper_halves(values: FloatArray) -> Any:
    """The bits of the nearest bfloat16s, which numpy does not have: the upper halves of the float32s, rounded to even.

    >>> [hex(bits) for bits in _upper_halves(np.array([1.0, 1.005], np.float32)).tolist()]
    ['0x3f80', '0x3f81']
    """
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
