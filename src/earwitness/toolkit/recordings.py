"""The recordings that a command names, one after the other; one that cannot be read stops no other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from earwitness.checkpoints import Checkpoints, default_folder
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

    Raises:
        StorageError: the cache, where such folders are made (in /tmp a long recording may lie in memory), is of no use.
    """
    made, room = list[Made](), Checkpoints(default_folder()).scratch()
    for reference in references:
        with tempfile.TemporaryDirectory(prefix="earwitness-", dir=room) as folder:
            try:
                source = fetch(reference, SourceOptions(), Path(folder))
                made.append(work(reference, source, Path(folder)))
            except (AudioError, SourceError) as error:
                failed(reference.name, error)
    return made
