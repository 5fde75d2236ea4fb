"""What an encoder made of sound, kept for as long as somebody may want that sound heard again.

The encoder is most of the work on a processor, and a window is heard several times: its language is asked for, then
its words, and those again at other temperatures where they fail the guards.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MOST = 32
"""More are not kept, whoever holds on to his windows: each takes 3 to 8 MB, by the model's width."""


class Encodings:
    """Encoder outputs by the very array of samples they were made of; each goes when its array does.

    >>> import numpy as np
    >>> window, kept = np.zeros(16_000, np.float32), Encodings()
    >>> kept.keep(window, "encoded")
    >>> kept.get(window), kept.get(window.copy())
    ('encoded', None)
    >>> del window
    >>> len(kept)
    0
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[FloatArray], Any]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, window: FloatArray) -> Any:
        """What was kept of this array, whose samples must not have been changed since; none where nothing was."""
        _, encoded = self._kept.get(id(window), (None, None))
        return encoded

    def keep(self, window: FloatArray, encoded: Any) -> None:
        key = id(window)
        if key not in self._kept and len(self._kept) < MOST:
            # Its number is given to another array only after this one is gone, and by then so is what was kept.
            self._kept[key] = weakref.ref(window, lambda _: self._kept.pop(key, None)), encoded
