"""The recordings that a command names, one after the other; one that cannot be read stops no other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from earwitness.errors import AudioError, EarwitnessError, SourceError
from earwitness.options import SourceOptions
from earwitness.source import Reference, Source, fetch

Made = TypeVar("Made")
Work = Callable[[Reference, Source, Path], Made]
"""Gets what was asked for, the recording, and a folder for what is needed only while it is at it."""
Failed = Callable[[str, EarwitnessError], None]
"""Called with the name of a recording and what is wrong with it."""


def each(references: Sequence[Reference], work: Work[Made], failed: Failed) -> list[Made]:
    """What becomes of every recording that can be read, in order.

    Args:
        references: from `earwitness.source.find`.
        work: called for each.
        failed: told of a recording that cannot be fetched or is no audio. Other errors end it all.
    """
    made: list[Made] = []
    for reference in references:
        with tempfile.TemporaryDirectory(prefix="earwitness-") as folder:
            try:
                source = fetch(reference, SourceOptions(), Path(folder))
                made.append(work(reference, source, Path(folder)))
            except (AudioError, SourceError) as error:
                failed(reference.name, error)
    return made
