"""What the adapters share: the items that they give, and how they find and read what belongs to them."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from earwitness.errors import EarwitnessError, SourceError, TranscriptError
from earwitness.evaluation import readers
from earwitness.evaluation.scoring import NOTED_OVERLAP_SHARE, overlapped_share
from earwitness.evaluation.truth import Truth
from earwitness.options import SourceOptions
from earwitness.source import EXTENSIONS, printable
from earwitness.types import Region

AUDIO_FOLDERS = ("audio", "wav", "wavs", "flac", "sph")
"""Where recordings lie when references have a folder of their own: beside that folder, under one of these names."""
MIXED_DOWN = "Mix-Headset"
"""Of the AMI corpus's many recordings of one meeting, the one that results are published on."""


@dataclass(frozen=True)
class Item:
    """A recording to evaluate. `name` is unique in its dataset and stable: two runs are compared by it.

    `recording` is a path or an http(s) URL, to be found with `source.find`; it need not be there. `group` is the kind
    of recording that averages are also taken over.
    """

    name: str
    group: str
    recording: str
    truth: Truth
    counted: bool = True
    """Whether it counts in averages: not where it is another encoding of a recording that does."""
    speakers: int | None = None
    """How many people speak, where that is known."""
    ignored: tuple[Region, ...] = ()
    """Spans of which the truth says nothing: what was heard there is not to be scored (see `datasets.outside`)."""
    notes: str = ""
    error: str | None = None
    """Why the truth cannot be had (one line that names the item): the item fails, the others do not."""


@dataclass(frozen=True)
class Access:
    """What adapters read with: `scratch` is a folder for downloads, `say` is told what is left out."""

    options: SourceOptions
    scratch: Path
    say: Callable[[str], None]


class Recordings:
    """The recordings in some folders, by the names that references know them by."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)
        self._by_stem: defaultdict[str, list[Path]] = defaultdict(list)
        for folder in self.folders:
            for path in files(folder, *EXTENSIONS):
                self._by_stem[path.stem].append(path)

    def of(self, name: str) -> Path | None:
        """The recording `NAME.flac` or such, or `NAME.Mix-Headset.wav`; the same one on every machine."""
        exact = self._by_stem.get(name)
        if exact:
            return min(exact)
        longer = [path for stem, paths in self._by_stem.items() if stem.startswith(f"{name}.") for path in paths]
        return min(longer, key=lambda path: (MIXED_DOWN not in path.name, path), default=None)

    def named(self, name: str) -> Path:
        """The same.

        Raises:
            SourceError: there is none.
        """
        if found := self.of(name):
            return found
        places = " or ".join(printable(folder.name) for folder in self.folders)
        raise SourceError(f"{printable(name)}: no recording of this name in {places}; put it there")


def recordings_for(folder: Path) -> Recordings:
    """The recordings in a folder, and in `audio` and the like beside it."""
    beside = (folder.absolute().parent / name for name in AUDIO_FOLDERS)
    return Recordings(dict.fromkeys([folder.absolute(), *(path for path in beside if path.is_dir())]))


def files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """Files with one of these suffixes in lower case, recursively and in order, without hidden ones."""
    for parent, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(suffixes):
                yield Path(parent, name)


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no system allows is the name of none."""
    return os.path.isfile(path)  # noqa: PTH113 - a Path raises where a name is too long


def has(place: str, *suffixes: str) -> bool:
    """Whether a place is a folder with such files in it."""
    return next(files(Path(place), *suffixes), None) is not None


def folder_name(place: str) -> str:
    return printable(Path(place).resolve().name) or "dataset"


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not empty, with their numbers.

    Raises:
        SourceError: it cannot be read.
        TranscriptError: it is not UTF-8 text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path}: not text in UTF-8; convert it") from error
    # Not splitlines, to which a form feed or a separator inside a sentence would be an end of line.
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def by_recording(path: Path, field: int) -> dict[str, str]:
    """A file of NIST's that tells of many recordings as a text for each: the lines whose `field` names it.

    All the others are empty there, so that errors name the right line.

    Raises:
        SourceError, TranscriptError: it cannot be read.
    """
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for number, line in lines(path):
        fields = line.split()
        if len(fields) > field and not line.lstrip().startswith(";;"):
            text = texts[fields[field]]
            text += [""] * (number - 1 - len(text))
            text.append(line)
    return {name: "\n".join(text) for name, text in texts.items()}


def items_in(
    folder: Path,
    suffix: str,
    group: str,
    texts_of: Callable[[Path], Mapping[str, str]],
    item_of: Callable[[str, str, Path, str, Recordings], Item],
) -> Iterator[Item]:
    """The items of all files with a suffix, each of which tells of one or many recordings; what cannot be read fails
    alone."""
    recordings = recordings_for(folder)
    for path in files(folder, suffix):
        try:
            texts = texts_of(path)
        except EarwitnessError as error:
            yield Item(printable(path.stem), group, "", Truth(printable(path.stem)), error=str(error))
            continue
        for name, text in texts.items():
            yield item_of(name, text, path, group, recordings)


def parsed(text: str, path: Path) -> Truth:
    """What one of those texts says.

    Raises:
        TranscriptError: it is not what the file's name says.
    """
    try:
        return readers.parse(text, path.name)
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error


def in_one_order(said: Truth) -> bool:
    """Whether the words of all speakers have one order; those of people who talk at once do not, and are to be scored
    by speaker alone."""
    return overlapped_share(said) <= NOTED_OVERLAP_SHARE


def named_apart(items: Iterable[Item]) -> Iterator[Item]:
    """The same items; a name that was there before gets a number."""
    taken: set[str] = set()
    for item in items:
        numbered = (f"{item.name} ({number})" for number in itertools.count(2))
        name = next(name for name in itertools.chain([item.name], numbered) if name not in taken)
        taken.add(name)
        yield replace(item, name=name)
