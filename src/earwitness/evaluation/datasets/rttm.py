"""A folder of RTTM files with the recordings that they tell of: AMI, VoxConverse, or what `earwitness synth` writes.

A recording has the name that the RTTM calls it by, and lies anywhere in the folder or in `audio` and the like beside
it. Beside the RTTM there may be `NAME.json` (a transcript of ours), `NAME.stm` and `NAME.words.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from earwitness.engines import RECOGNIZERS
from earwitness.errors import EarwitnessError
from earwitness.evaluation import truth
from earwitness.evaluation.datasets.base import (
    Access,
    Item,
    Recordings,
    by_recording,
    folder_name,
    has,
    in_one_order,
    is_file,
    items_in,
    parsed,
)
from earwitness.evaluation.truth import Truth
from earwitness.source import printable

SUFFIX = ".rttm"
NAME_FIELD = 1
BESIDE = (".json", ".stm", ".words.json")


def accepts(place: str) -> bool:
    return has(place, SUFFIX)


def dataset(place: str, access: Access) -> tuple[str, Iterator[Item]]:
    name = folder_name(place)
    return name, items_in(Path(place), SUFFIX, name, _texts, _item)


def _texts(path: Path) -> dict[str, str]:
    """An empty file says that nobody speaks in the recording of its name."""
    return by_recording(path, NAME_FIELD) or {path.stem: ""}


def _item(name: str, text: str, path: Path, group: str, recordings: Recordings) -> Item:
    item = Item(printable(name), group, "", Truth(printable(name)))
    try:
        # First, as a name that some recording has is one that other files may have.
        item = replace(item, recording=str(recordings.named(name)))
        turns = parsed(text, path).turns or ()
        beside = (path.with_name(f"{name}{suffix}") for suffix in BESIDE)
        found = _truth(replace(item.truth, turns=turns), *beside)
        return replace(item, truth=found, speakers=len({turn.speaker for turn in turns}), notes=_maker(found))
    except EarwitnessError as error:
        return replace(item, error=str(error))


def _truth(bare: Truth, transcript: Path, utterances: Path, words: Path) -> Truth:
    """All that is known beside the turns; those that the RTTM has are the exact ones."""
    found = bare
    if is_file(transcript):
        found = replace(truth.read(transcript), name=bare.name, turns=bare.turns)
    if is_file(utterances):
        said = truth.read(utterances)
        text = said.text if found.text is None and in_one_order(said) else found.text
        found = replace(found, text=text, utterances=said.utterances)
    if is_file(words):
        found = replace(found, words=truth.read(words).words)
    return found


def _maker(found: Truth) -> str:
    """Says so where the truth was itself recognised, as it is in a folder of our own outputs."""
    engine = found.transcript.engine if found.transcript else None
    if engine and engine.asr in RECOGNIZERS:
        return f"the reference was itself made by {engine.asr} {engine.model}".rstrip()
    return ""
