"""Whisper with its encoder on OpenVINO and its decoder on CTranslate2.

On a CPU the encoder is most of the work, and CTranslate2 leaves its attention in float32. OpenVINO computes that in
bfloat16 where the processor can (AMX, AVX512-BF16), and the same products of eight bits faster. The graph is built from
the very folder that CTranslate2 reads, so that nothing else need be downloaded or converted.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.ct2_weights import Weights
from earwitness.engines.faster_whisper import CPU_WORKERS, FasterWhisper
from earwitness.engines.openvino_graph import encoder_graph, layers, runtime
from earwitness.errors import ExtraError, ModelError, OptionError, reason
from earwitness.mapped import give_back_freed, release
from earwitness.options import ModelOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BFLOAT16, FLOAT32 = "bf16", "f32"
PROCESSOR = Path("/proc/cpuinfo")


def suits(options: ModelOptions) -> bool:
    """Whether this engine is the fastest for these options: installed, on a CPU with AVX512-VNNI or bfloat16.

    >>> suits(ModelOptions(device="cuda"))
    False
    """
    if options.device not in ("auto", "cpu") or importlib.util.find_spec("openvino") is None:
        return False
    if options.device == "auto":
        import ctranslate2

        if ctranslate2.get_cuda_device_count():
            return False
    return _multiplies_integers()


@cache
def _precision_of_processor() -> str:
    """bf16 where OpenVINO itself would choose it, else f32."""
    chosen = runtime().Core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    return BFLOAT16 if chosen == runtime().Type.bf16 else FLOAT32


@cache
def _multiplies_integers() -> bool:
    """Whether the processor has AVX512-VNNI, as all have that OpenVINO chooses bfloat16 for; without, sums overflow."""
    if _precision_of_processor() == BFLOAT16:
        return True
    return PROCESSOR.exists() and "avx512_vnni" in PROCESSOR.read_text(encoding="utf-8")


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
        return f"{super().identity()}:{self.arithmetic}"

    @property
    def arithmetic(self) -> str:
        """What the encoder computes in: bf16 or f32, with int8 where the compute type says so and the processor can."""
        return f"int8+{self._precision}" if self._integers else self._precision

    @cached_property
    def _integers(self) -> bool:
        return self._compute_type.startswith("int8") and _multiplies_integers()

    @cached_property
    def _precision(self) -> str:
        return FLOAT32 if self._compute_type == "float32" else _precision_of_processor()

    @cached_property
    def _weights(self) -> Weights:
        return Weights(self._folder / "model.bin")

    @contextmanager
    def _loadable(self) -> Iterator[Path]:
        """The model without its encoder, which would take memory for nothing.

        What else the encoder has says of what shape its input and output are. CTranslate2 would also load a model from
        memory, but then keeps what it was given.
        """
        left_out = ("encoder/conv2/", *(f"{layer}/" for layer in layers(self._weights)))
        with tempfile.TemporaryDirectory(prefix="earwitness-") as name:
            folder = Path(name)
            for path in self._folder.iterdir():
                if path.suffix in (".json", ".txt"):
                    shutil.copy(path, folder)
            self._weights.write_without(lambda variable: variable.startswith(left_out), folder / "model.bin")
            yield folder

    @cached_property
    def _encoder(self) -> Any:
        """The compiled encoder, for one window at a time in each worker.

        A second stream is a second graph, 45 MB of the size of small. On two cores windows come as fast from one, whose
        two threads share each window; more threads would wait more for one another, and were not measured.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": 1 if self._threads <= CPU_WORKERS else self._workers,
        }
        try:
            graph, self._on_disk = encoder_graph(self._weights, integers=self._integers)
            compiled = runtime().Core().compile_model(graph, "CPU", settings)
        except (RuntimeError, KeyError, OSError) as error:
            raise ModelError(
                f"{self.model}: OpenVINO cannot compile this encoder ({reason(error)}); use --engine faster-whisper"
            ) from error
        self._give_back()
        return compiled

    def _give_back(self) -> None:
        """Memory that is not in use: weights as they were given, and what was freed."""
        for values in self._on_disk:
            release(values)
        give_back_freed()

    @cached_property
    def _whisper(self) -> Any:
        """The encoder is compiled meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            encoder = pool.submit(lambda: self._encoder)
            whisper = super()._whisper
            encoder.result()
        give_back_freed()
        return whisper

    def _encode(self, windows: Sequence[FloatArray]) -> Any:
        import ctranslate2

        encoder = self._encoder
        self._give_back()  # what decoding the windows before has taken
        request = encoder.create_infer_request()
        encoded = np.empty((len(windows), *encoder.output(0).shape[1:]), np.float32)
        try:
            for index, window in enumerate(windows):
                encoded[index] = request.infer([self._features([window])])[0][0]
        except RuntimeError as error:
            raise ModelError(
                f"{self.model}: the encoder failed ({reason(error)}); use --engine faster-whisper"
            ) from error
        with suppress(RuntimeError):  # another worker still needs it, and will give it back
            encoder.release_memory()
        self._give_back()
        return ctranslate2.StorageView.from_array(encoded)
