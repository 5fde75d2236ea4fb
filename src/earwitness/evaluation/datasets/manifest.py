"""A manifest: JSON lines, one a recording, with its kind and its references.

Columns: `file`, `kind`, `reference_text`, `reference_file` (RTTM or any transcript), `transcript_file` (STM),
`word_file` (JSON: `start`, `end`, `speaker`, `word`), `speakers` (their names, or how many), `duration_s`, `language`,
`notes`; others are not looked at. Paths are relative to the manifest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from earwitness.errors import EarwitnessError, TranscriptError
from earwitness.evaluation import truth
from earwitness.evaluation.datasets.base import Access, Item, folder_name, in_one_order, lines
from earwitness.evaluation.truth import Truth
from earwitness.source import printable

FILE_NAME = "manifest.jsonl"

MAX_NUMBER = 1e9
"""No recording has as many seconds or speakers."""
SAME_LENGTH = 0.01
"""Encodings of one recording differ by less than this share of its length, which is their padding."""

COLUMNS: Mapping[str, Any] = {
    "file": str, "kind": str, "reference_text": str, "reference_file": str, "transcript_file": str, "word_file": str,
    "language": str, "notes": str, "duration_s": int | float, "speakers": int | list,
}  # fmt: skip
"""What a row may say, and as what."""

Row: TypeAlias = Mapping[str, Any]


def accepts(place: str) -> bool:
    path = Path(place)
    return (path.suffix == ".jsonl" and path.is_file()) or (path / FILE_NAME).is_file()


def dataset(place: str, access: Access) -> tuple[str, Iterator[Item]]:
    path = Path(place)
    path = path / FILE_NAME if path.is_dir() else path
    name = folder_name(str(path.parent)) if path.name == FILE_NAME else printable(path.stem)
    return name, _items(path, access)


def _items(path: Path, access: Access) -> Iterator[Item]:
    """Every row that can be evaluated; of several encodings of one recording only the first counts."""
    recordings: dict[tuple[str, str], list[float]] = {}
    left_out: Counter[str] = Counter()
    for number, line in lines(path):
        try:
            row = _row(line, f"{path.name} line {number}")
        except TranscriptError as error:
            name = f"{path.name} line {number}"
            yield Item(name, "unreadable", "", Truth(name), error=str(error))
            continue
        kind = _kind(row)
        if kind not in KINDS:
            left_out[kind or "unknown"] += 1
            continue
        yield _item(row, kind, path, counted=not _is_known(row, recordings))
    if left_out:
        rows = ", ".join(f"{count} {printable(kind)}" for kind, count in left_out.most_common())
        access.say(f"{path.name}: rows that are not evaluated: {rows}")


def _row(line: str, where: str) -> Row:
    try:
        row = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{where}: not JSON ({error}); correct it") from error
    if not isinstance(row, dict) or not isinstance(row.get("file"), str) or not row["file"]:
        raise TranscriptError(f"{where}: not an object with a `file`; correct it")
    for column, value in row.items():
        if column in COLUMNS and value is not None and not _is_possible(value, COLUMNS[column]):
            raise TranscriptError(f"{where}: its {column} is {repr(value)[:60]}; correct it")
    return row


def _is_possible(value: Any, kind: Any) -> bool:
    if isinstance(value, str):
        # Neither a NUL nor half of a surrogate pair can stand in a path, nor the half in anything that is written.
        return kind is str and "\0" not in value and value.encode(errors="ignore").decode() == value
    return isinstance(value, kind) and (not isinstance(value, int | float) or 0 <= value <= MAX_NUMBER)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number that JSON knows")


def _kind(row: Row) -> str:
    """A row's kind, or where it names none what its reference is good for."""
    return row.get("kind") or (
        "asr" if row.get("reference_text") is not None else "diarization" if row.get("reference_file") else ""
    )


def _item(row: Row, kind: str, path: Path, *, counted: bool) -> Item:
    file = row["file"]
    speakers = row.get("speakers")
    item = Item(
        name=printable(file),
        group=kind,
        recording=file if file.lower().startswith(("http://", "https://")) else str(path.absolute().parent / file),
        truth=Truth(printable(file), duration=row.get("duration_s"), language=row.get("language")),
        counted=counted,
        speakers=len(speakers) if isinstance(speakers, list) else speakers,
        notes=row.get("notes") or "",
    )
    try:
        return replace(item, truth=KINDS[kind](row, path.parent, item.truth))
    except EarwitnessError as error:
        return replace(item, error=f"{item.name}: {error}")


def _is_known(row: Row, recordings: dict[tuple[str, str], list[float]]) -> bool:
    """Whether the row is another encoding of one before: the same text by the same speaker, and equally long."""
    text, duration_s = row.get("reference_text"), row.get("duration_s")
    if not text or not duration_s or row.get("reference_file"):
        return False
    known = recordings.setdefault((" ".join(text.casefold().split()), repr(row.get("speakers"))), [])
    if any(abs(duration_s - other_s) <= SAME_LENGTH * other_s for other_s in known):
        return True
    known.append(duration_s)
    return False


# What the kinds of recording are known by


def _text(row: Row, folder: Path, bare: Truth) -> Truth:
    found = _filled(row, folder, bare)
    if found.text is None:
        raise TranscriptError("it has no reference_text; add one, or leave the row out")
    return found


def _speakers(row: Row, folder: Path, bare: Truth) -> Truth:
    found = _filled(row, folder, bare)
    if found.turns is None:
        raise TranscriptError("it has no reference_file with turns; name an RTTM, or leave the row out")
    return found


def _count(row: Row, folder: Path, bare: Truth) -> Truth:
    if not row.get("speakers"):
        raise TranscriptError("it does not say how many speakers there are; add that, or leave the row out")
    return bare


KINDS: Mapping[str, Callable[[Row, Path, Truth], Truth]] = {
    "asr": _text,
    "keyword": _text,
    "diarization": _speakers,
    "speaker_count": _count,
}
"""The kinds of row that can be evaluated, and what makes their truth."""


def _filled(row: Row, folder: Path, bare: Truth) -> Truth:
    found = bare
    if row.get("reference_file"):
        found = replace(truth.read(folder / row["reference_file"]), name=bare.name)
        found = replace(found, duration=bare.duration or found.duration, language=bare.language or found.language)
    if row.get("reference_text") is not None:
        found = replace(found, text=row["reference_text"])
    if row.get("transcript_file"):
        said = truth.read(folder / row["transcript_file"])
        found = replace(found, utterances=said.utterances, text=found.text if in_one_order(said) else None)
    if row.get("word_file"):
        found = replace(found, words=truth.read(folder / row["word_file"]).words)
    return found
