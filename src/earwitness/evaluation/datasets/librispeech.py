"""A folder of LibriSpeech (Panayotov et al. 2015), or one laid out like it.

`READER-CHAPTER.trans.txt` has a line `READER-CHAPTER-0000 TEXT` for every recording beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from earwitness.errors import EarwitnessError
from earwitness.evaluation.datasets.base import Access, Item, Recordings, files, folder_name, has, lines
from earwitness.evaluation.truth import Truth
from earwitness.source import printable

TRANSCRIPTS = ".trans.txt"


def accepts(place: str) -> bool:
    return has(place, TRANSCRIPTS)


def dataset(place: str, access: Access) -> tuple[str, Iterator[Item]]:
    name = folder_name(place)
    return name, _items(Path(place), name)


def _items(folder: Path, name: str) -> Iterator[Item]:
    for path in files(folder, TRANSCRIPTS):
        # test-clean/61/70968/61-70968.trans.txt: what stands before reader and chapter is the part of the corpus.
        part = "/".join(path.relative_to(folder).parts[:-3]) or name
        recordings = Recordings([path.absolute().parent])
        try:
            rows = list(lines(path))
        except EarwitnessError as error:
            yield Item(path.name, part, "", Truth(path.name), error=str(error))
            continue
        for _, line in rows:
            utterance, _, text = line.strip().partition(" ")
            yield _item(utterance, text.strip(), part, recordings)


def _item(utterance: str, text: str, part: str, recordings: Recordings) -> Item:
    item = Item(printable(utterance), part, "", Truth(printable(utterance), text=text), speakers=1)
    try:
        return replace(item, recording=str(recordings.named(utterance)))
    except EarwitnessError as error:
        return replace(item, error=str(error))
