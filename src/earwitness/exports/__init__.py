"""Transcripts to files: one writer a format, one table.

A writer is a pure function from a `Transcript` to the bytes of its file; one that links to the others, or draws the
recording, gets their `Beside`, too. To add a format: a file here with a `write`, and a row in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePath
from typing import NamedTuple

from earwitness.errors import OptionError, StorageError
from earwitness.files import write_whole
from earwitness.peaks import Peaks
from earwitness.types import Transcript

ALL = "all"


@dataclass(frozen=True)
class Beside:
    """The files that are written together: what they are called, where on the web they will be, and their formats.

    `peaks` is the shape of the recording, none where it is not at hand.
    """

    stem: str
    url: str = ""
    formats: tuple[str, ...] = ()
    peaks: Peaks | None = None


class Format(NamedTuple):
    """What a format's file name ends in, and its writer as "module:function", imported when it is first used."""

    suffix: str
    writer: str
    looks_beside: bool = False
    """Whether its writer gets what is beside the file."""

    def write(self, transcript: Transcript, beside: Beside | None = None) -> bytes:
        """The bytes of the file; without `beside` as if all formats were written under the recording's name."""
        module, _, function = self.writer.partition(":")
        write = getattr(import_module(module), function)
        if not self.looks_beside:
            return bytes(write(transcript))
        return bytes(write(transcript, beside or Beside(PurePath(transcript.source.name).stem, "", tuple(FORMATS))))


FORMATS: dict[str, Format] = {
    "txt": Format(".txt", "earwitness.exports.txt:write"),
    "md": Format(".md", "earwitness.exports.md:write"),
    "notes": Format(".notes.md", "earwitness.exports.notes:write"),
    "html": Format(".html", "earwitness.exports.html:write", looks_beside=True),
    "srt": Format(".srt", "earwitness.exports.srt:write"),
    "vtt": Format(".vtt", "earwitness.exports.vtt:write"),
    "tsv": Format(".tsv", "earwitness.exports.tsv:write"),
    "json": Format(".json", "earwitness.exports.json:write"),
    "rttm": Format(".rttm", "earwitness.exports.rttm:write"),
    "podcast": Format(".podcast.json", "earwitness.exports.podcast:write"),
    "chapters": Format(".chapters.json", "earwitness.exports.chapters:write"),
    "feed": Format(".feed.xml", "earwitness.exports.feed:write", looks_beside=True),
    "docx": Format(".docx", "earwitness.exports.docx:write"),
}


def parse_formats(text: str) -> tuple[str, ...]:
    """Format names from a list with commas, in its order and each once; `all` stands for every one.

    >>> parse_formats("txt, md,txt")
    ('txt', 'md')

    Raises:
        OptionError: a name that is not in `FORMATS`, or none at all.
    """
    names: list[str] = []
    for name in (part.strip().lower() for part in text.split(",")):
        names += FORMATS if name == ALL else [name] if name else []
    _require_known(names)
    if not names:
        raise OptionError(f"no format given; known are {_known()}")
    return tuple(dict.fromkeys(names))


def save(
    transcript: Transcript,
    folder: str | Path,
    stem: str,
    formats: Sequence[str],
    publish_url: str = "",
    peaks: Peaks | None = None,
) -> list[Path]:
    """Writes `folder/stem.suffix` for each format, so that a file is either whole or as it was.

    Every format is rendered before the first byte is written. The folder is made where it is missing. `publish_url` is
    where on the web the files will be, `peaks` the shape of the recording (`earwitness.peaks`), for the page to draw.

    Returns:
        The paths, in the order of `formats`.

    Raises:
        OptionError: an unknown format, or a stem that is not a plain file name.
        StorageError: the disk is full, the folder may not be written, and so on.
    """
    return write(rendered(transcript, stem, formats, publish_url, peaks), folder)


def rendered(
    transcript: Transcript, stem: str, formats: Sequence[str], publish_url: str = "", peaks: Peaks | None = None
) -> tuple[tuple[str, bytes], ...]:
    """The name and the content of each file that `save` writes.

    Raises:
        OptionError: an unknown format, or a stem that is not a plain file name.
    """
    _require_known(formats)
    _require_plain(stem)
    beside = Beside(stem, publish_url, tuple(formats), peaks)
    return tuple((f"{stem}{FORMATS[name].suffix}", FORMATS[name].write(transcript, beside)) for name in formats)


def write(files: Sequence[tuple[str, bytes]], folder: str | Path) -> list[Path]:
    """Writes files of these names and contents into a folder, each whole or not at all; else as `save`."""
    folder = Path(folder)
    for name, _ in files:
        _require_plain(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _storage_error(folder, error) from error
    for name, content in files:
        try:
            write_whole(folder / name, content)
        except OSError as error:
            raise _storage_error(folder / name, error) from error
    return [folder / name for name, _ in files]


def _require_plain(stem: str) -> None:
    if not stem or stem.startswith("..") or any(character in "/\\\0" for character in stem):
        raise OptionError(f"{stem!r} cannot name a file; give a stem without slashes")


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {error.strerror or error}; free space there or choose another folder")


def _require_known(names: Sequence[str]) -> None:
    unknown = [name for name in dict.fromkeys(names) if name not in FORMATS]
    if unknown:
        raise OptionError(f"no such format: {', '.join(map(repr, unknown))}; known are {_known()}")


def _known() -> str:
    return ", ".join([*FORMATS, ALL])
