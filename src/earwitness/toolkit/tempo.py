"""Speech faster or slower, at the same pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from earwitness.units import to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

_SLOWEST = 0.5
"""Of FFmpeg's filter; for less it is applied twice."""
_TAIL_S = 0.2
"""Of silence after the samples: the filter holds back up to so much of what it was given last."""


def stretched(samples: FloatArray, sample_rate: int, tempo: float) -> FloatArray:
    """The same speech in 1 / `tempo` of the time, by overlapping and adding pieces that match (FFmpeg's `atempo`).

    Args:
        samples: float32 (n,).
        sample_rate: in hertz.
        tempo: 0.25 to 100; 2 is twice as fast.

    Returns:
        float32, shape (n / tempo,).

    >>> len(stretched(np.zeros(8000, np.float32), 8000, 2.0))
    4000
    """
    if not len(samples) or tempo == 1:
        return samples
    import av

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")
    steps = [tempo] if tempo >= _SLOWEST else [tempo**0.5] * 2
    filters = [source, *(graph.add("atempo", f"{step:.6f}") for step in steps), graph.add("abuffersink")]
    graph.link_nodes(*filters).configure()
    padded = np.concatenate((samples, np.zeros(to_samples(_TAIL_S, sample_rate), np.float32)))
    frame = av.AudioFrame.from_ndarray(padded[None], format="flt", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    blocks = []
    while True:
        try:
            blocks.append(graph.pull().to_ndarray()[0])
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    return np.concatenate(blocks)[: round(len(samples) / tempo)]
