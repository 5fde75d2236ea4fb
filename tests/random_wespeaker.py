"""A speaker embedder with random weights, in the shape of WeSpeaker's ONNX files.

It knows no voices, but it goes through the very path that a real checkpoint takes: frames through a layer, their mean
over time, and a second layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

BANDS, HIDDEN, WIDTH = 80, 32, 16


def weights(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return (
        random.normal(0, 0.1, (BANDS, HIDDEN)).astype(np.float32),
        random.normal(0, 0.3, (HIDDEN, WIDTH)).astype(np.float32),
    )


def write(path: Path, seed: int = 0, *, batch: int | str = "B", bands: int = BANDS) -> Path:
    """Writes the network; the same seed gives the same."""
    from onnx import TensorProto, helper, numpy_helper, save

    first, second = weights(seed)
    nodes = [
        helper.make_node("MatMul", ["feats", "first"], ["layer"]),
        helper.make_node("Relu", ["layer"], ["hidden"]),
        helper.make_node("ReduceMean", ["hidden"], ["pooled"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["pooled", "second"], ["embs"]),
    ]
    graph = helper.make_graph(
        nodes,
        "embedder",
        [helper.make_tensor_value_info("feats", TensorProto.FLOAT, [batch, "T", bands])],
        [helper.make_tensor_value_info("embs", TensorProto.FLOAT, [batch, WIDTH])],
        [numpy_helper.from_array(first[:bands], "first"), numpy_helper.from_array(second, "second")],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))
    return path


def expected(frames: np.ndarray, seed: int = 0) -> np.ndarray:
    """What the network makes of frames, computed by hand: a row of length one."""
    first, second = weights(seed)
    point = np.maximum(frames @ first, 0).mean(axis=0) @ second
    return np.asarray(point / np.linalg.norm(point))
