"""WeSpeaker's voice embedders: a residual network over mel bands, run by onnxruntime.

The model comes from the hub, where it needs no account, or is an ONNX file of one's own: input (batch, frames, 80),
output (batch, d). The built-in choice is a ResNet34 trained on VoxCeleb (CC BY 4.0), 256 numbers a span.

Wang et al., "Wespeaker: a research and production oriented speaker embedding learning toolkit", 2023; the front end is
that of its recipes: Kaldi's log mel bands of 25 ms every 10 ms under a Hamming window, less their mean over the span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import hub
from earwitness.errors import ModelError, reason
from earwitness.files import fingerprint
from earwitness.mapped import release
from earwitness.options import ModelOptions
from earwitness.types import Region
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BANDS = 80
MIN_SAMPLES = SAMPLE_RATE_HZ // 2
"""Shorter spans are widened to this: the network pools over an eighth of the frames and needs several to vary."""
BATCH_SPANS = 32
"""Spans run through the network together."""


def mel_bands(samples: FloatArray) -> FloatArray:
    """Log mel energies, Kaldi's, every 10 ms, less their mean: shape (frames, 80), only whole windows of 25 ms.

    Args:
        samples: shape (n,), at 16 kHz, n of 400 at least.

    >>> import numpy as np
    >>> mel_bands(np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)).shape
    (148, 80)
    """
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = BANDS
    extractor = knf.OnlineFbank(options)
    # Kaldi expects the range of 16-bit samples; below it, its floor for the logarithm would show in quiet frames.
    extractor.accept_waveform(SAMPLE_RATE_HZ, samples * 32768)
    extractor.input_finished()
    bands = np.array([extractor.get_frame(index) for index in range(extractor.num_frames_ready)], np.float32)
    centred: FloatArray = bands - bands.mean(axis=0)
    return centred


class WeSpeaker:
    """The `VoiceEmbedder` "wespeaker": a model from the hub, or `wespeaker:MODEL`."""

    window_s = 1.5
    """That of WeSpeaker's recipe for diarization."""

    def __init__(self, model: str = "", options: ModelOptions | None = None) -> None:
        """Finds the model, downloading it where it must; it is loaded when it is first used.

        Args:
            model: an ONNX file, a folder with one, or a hub id; empty for the one of `earwitness.engines.hub`.
            options: `offline` and `threads` are heeded; the network runs on the CPU.

        Raises:
            ModelError: the model is not here and cannot be had.
        """
        self._options = options or ModelOptions()
        self.name = f"wespeaker:{model}" if model else "wespeaker"
        self._path = _network(hub.find_voices("wespeaker", model, offline=self._options.offline))

    def identity(self) -> str:
        """The network itself, wherever it lies."""
        return f"wespeaker:{fingerprint(self._path)}"

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), d), rows of length one: voices are told apart by angle.

        Raises:
            ModelError: the model cannot be loaded, or is not of this kind.
        """
        by_length: dict[int, list[int]] = defaultdict(list)
        bands = {}
        for index, span in enumerate(spans):
            bands[index] = mel_bands(_piece(samples, span))
            by_length[len(bands[index])].append(index)
        release(samples)
        rows: dict[int, FloatArray] = {}
        for same in by_length.values():
            for begin in range(0, len(same), self._batch):
                batch = same[begin : begin + self._batch]
                rows.update(zip(batch, self._run(np.stack([bands.pop(index) for index in batch])), strict=True))
        return np.stack([rows[index] for index in range(len(spans))]) if rows else np.zeros((0, 1), np.float32)

    def _run(self, batch: FloatArray) -> FloatArray:
        try:
            points = self._session.run(None, {self._session.get_inputs()[0].name: batch})[0]
        except Exception as error:  # onnxruntime has a dozen kinds of its own, which share no base
            raise ModelError(f"{self._path}: the model cannot be run ({reason(error)}); {_WANTED}") from error
        if np.ndim(points) != 2 or len(points) != len(batch) or not np.isfinite(points).all():
            raise ModelError(f"{self._path}: the model gives no row of finite numbers for a span; {_WANTED}")
        points = np.asarray(points, np.float32)
        rows: FloatArray = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
        return rows

    @property
    def _batch(self) -> int:
        """Some models were exported for one span at a time."""
        return 1 if isinstance(self._session.get_inputs()[0].shape[0], int) else BATCH_SPANS

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._options.threads
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as above
            raise ModelError(f"{self._path}: not a network ({reason(error)}); {_WANTED}") from error
        shapes = [wanted.shape for wanted in session.get_inputs()]
        if len(shapes) != 1 or len(shapes[0]) != 3 or (isinstance(shapes[0][2], int) and shapes[0][2] != BANDS):
            raise ModelError(f"{self._path}: its inputs are {shapes}, not (batch, frames, {BANDS}); {_WANTED}")
        return session


_WANTED = "give a WeSpeaker embedder with --diarizer wespeaker:FILE.onnx, or use --diarizer builtin"


def _network(path: Path) -> Path:
    """The ONNX file in a folder, or the file itself."""
    if path.is_file():
        return path
    found = sorted(path.rglob("*.onnx"))
    if len(found) != 1:
        several = f"{len(found)} ONNX files, say which" if found else "no ONNX file"
        raise ModelError(f"{path}: {several}; {_WANTED}")
    return found[0]


def _piece(samples: FloatArray, span: Region) -> FloatArray:
    """The samples of a span, widened about its middle to `MIN_SAMPLES`; a shorter recording is repeated."""
    first, last = to_samples(span.start), to_samples(span.end)
    first = max(0, first - max(0, MIN_SAMPLES - (last - first)) // 2)
    first = max(0, min(first, len(samples) - MIN_SAMPLES))
    piece = np.asarray(samples[first : max(last, first + MIN_SAMPLES)], np.float32)
    piece = np.nan_to_num(piece, posinf=0.0, neginf=0.0)
    return piece if len(piece) >= MIN_SAMPLES else np.resize(piece, MIN_SAMPLES)
