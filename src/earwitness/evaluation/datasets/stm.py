"""A folder of STM files with the recordings that they tell of, as TED-LIUM has them (Hernandez et al. 2018).

A recording is a whole talk, with the text of all its lines. Of TED-LIUM's marks `{NOISE}` and the like and `word(2)`, a
second pronunciation, are taken out here, `<unk>` and the space in `it 's` by the reader of STM. Spans that the STM says
to ignore are the item's `ignored`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from earwitness.errors import EarwitnessError
from earwitness.evaluation.datasets.base import (
    Access,
    Item,
    Recordings,
    by_recording,
    folder_name,
    has,
    in_one_order,
    items_in,
    parsed,
)
from earwitness.evaluation.readers.nist import IGNORED
from earwitness.evaluation.truth import Truth
from earwitness.source import printable
from earwitness.types import Region

SUFFIX = ".stm"
NAME_FIELD = 0

_MARKS = re.compile(r"\{[^{}]*\}|(?<=\w)\(\d+\)")


def accepts(place: str) -> bool:
    return has(place, SUFFIX)


def dataset(place: str, access: Access) -> tuple[str, Iterator[Item]]:
    name = folder_name(place)
    return name, items_in(Path(place), SUFFIX, name, lambda path: by_recording(path, NAME_FIELD), _item)


def _item(name: str, text: str, path: Path, group: str, recordings: Recordings) -> Item:
    item = Item(printable(name), group, "", Truth(printable(name)))
    try:
        item = replace(item, recording=str(recordings.named(name)))
        found = _truth(parsed(text, path), item.name)
        speakers = len({said.speaker for said in found.utterances or ()})
        return replace(item, truth=found, speakers=speakers, ignored=_ignored(text))
    except EarwitnessError as error:
        return replace(item, error=str(error))


def _truth(read: Truth, name: str) -> Truth:
    """The lines' words. Their spans are no turns: they take in pauses, and leave out what nobody wrote down."""
    said = (replace(line, text=" ".join(_MARKS.sub(" ", line.text).split())) for line in read.utterances or ())
    utterances = tuple(line for line in said if line.text)
    text = " ".join(line.text for line in utterances) if in_one_order(read) else None
    return Truth(name, text=text, utterances=utterances)


def _ignored(text: str) -> tuple[Region, ...]:
    rows = (line.split() for line in text.splitlines() if IGNORED in line)
    return tuple(Region(float(row[3]), float(row[4])) for row in rows)
