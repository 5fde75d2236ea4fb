"""A place -> the recordings to evaluate, each with what is known of it.

A new kind of dataset is one file here and one row below.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.errors import SourceError
from earwitness.evaluation.datasets import feed, librispeech, manifest, rttm, stm
from earwitness.evaluation.datasets.base import Access, named_apart
from earwitness.evaluation.datasets.base import Item as Item
from earwitness.evaluation.datasets.ignored import outside as outside
from earwitness.feeds.fetching import is_address
from earwitness.options import SourceOptions
from earwitness.source import printable


@dataclass(frozen=True)
class Adapter:
    """A kind of dataset: how people call it, what it is known by, and what gives its name and items."""

    what: str
    accepts: Callable[[str], bool]
    dataset: Callable[[str, Access], tuple[str, Iterator[Item]]]


ADAPTERS = (
    Adapter("a manifest.jsonl", manifest.accepts, manifest.dataset),
    Adapter("a folder with *.trans.txt as LibriSpeech has", librispeech.accepts, librispeech.dataset),
    Adapter("one with *.rttm", rttm.accepts, rttm.dataset),
    Adapter("one with *.stm", stm.accepts, stm.dataset),
    Adapter("a podcast feed (http(s) URL or file) with podcast:transcript", feed.accepts, feed.dataset),
)
"""The first that accepts a place reads it."""


def load(
    place: str,
    *,
    options: SourceOptions | None = None,
    say: Callable[[str], None] | None = None,
    limit: int | None = None,
) -> tuple[str, tuple[Item, ...]]:
    """The name of a dataset and its items.

    What cannot be read is an item with an `error` wherever the others can go on without it. Feeds and their
    transcripts are fetched here; recordings are not.

    Args:
        options: how feeds are fetched.
        say: called with a line for each sort of thing that is left out.
        limit: at most so many items, the first ones; a feed's newest episodes, as a rule.

    Raises:
        SourceError: the place is no dataset, cannot be read, or has nothing to evaluate.
    """
    there = is_address(place) or os.path.exists(place)  # noqa: PTH110 - a Path raises where a name is too long
    adapter = next((adapter for adapter in ADAPTERS if there and adapter.accepts(place)), None)
    if adapter is None:
        known = ", or ".join(adapter.what for adapter in ADAPTERS)
        raise SourceError(f"{printable(place)}: {'not a dataset' if there else 'no such file or folder'}; give {known}")
    with tempfile.TemporaryDirectory() as scratch:
        access = Access(options or SourceOptions(), Path(scratch), say or (lambda line: None))
        name, found = adapter.dataset(place, access)
        items = tuple(itertools.islice(named_apart(found), limit))
    if not items:
        raise SourceError(f"{printable(place)}: nothing in it can be evaluated; it has no recording with a reference")
    return name, items
