"""Points that were worked out before: the same for every clustering."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earwitness.types import Region

if TYPE_CHECKING:
    from earwitness.engines.base import VoiceEmbedder
    from earwitness.types import FloatArray


class Remembering:
    """An embedder that works out the same spans of the same samples once; between runs, too, where it has a folder."""

    def __init__(self, embedder: VoiceEmbedder, cache: Path | None = None) -> None:
        self._embedder, self._cache = embedder, cache
        self._known: dict[str, FloatArray] = {}
        self.name, self.window_s = embedder.name, embedder.window_s
        if cache:
            cache.mkdir(parents=True, exist_ok=True)

    def identity(self) -> str:
        return self._embedder.identity()

    def forget(self) -> None:
        """What is not in the folder: between two recordings."""
        self._known.clear()

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        content = sha256(np.ascontiguousarray(samples).data)
        content.update(np.array([(span.start, span.end) for span in spans]).tobytes())
        content.update(self.identity().encode())
        key = content.hexdigest()
        if key not in self._known:
            self._known[key] = self._kept(key, samples, spans) if self._cache else self._embedder.embed(samples, spans)
        return self._known[key]

    def _kept(self, key: str, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        assert self._cache
        path = self._cache / f"{key}.npy"
        if not path.is_file():
            unfinished = path.with_suffix(".part.npy")
            np.save(unfinished, self._embedder.embed(samples, spans))
            unfinished.replace(path)
        points: FloatArray = np.load(path)
        return points
