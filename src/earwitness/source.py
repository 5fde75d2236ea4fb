"""Path, folder, glob, URL or standard input -> a local file with an identity.

`find` says what there is to do without reading any of it; `fetch` brings one recording here. What is wrong with an
argument is raised by `fetch` alone, so that one bad argument never stops the others.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from earwitness.errors import SourceError, StorageError
from earwitness.options import SourceOptions

EXTENSIONS = frozenset(
    ".mp3 .mp2 .m4a .m4b .aac .mp4 .m4v .mov .3gp .3g2 .ogg .oga .ogv .opus .spx .flac .wav .wave .w64 .wma .wmv .asf"
    " .aif .aiff .aifc .webm .weba .mka .mkv .caf .au .snd .amr .ac3 .sph".split()
)
"""What is taken for a recording in a folder; a file that is named itself may be called anything."""

STDIN = "-"
STDIN_STEM = "stdin"
MAX_STEM_CHARACTERS = 120
MAX_STEM_BYTES = 200
"""File systems allow 255; the rest is for `.podcast.json` and the temporary name beside it."""
BLOCK_BYTES = 2**20

BytesProgress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes fetched so far and, where that is known, how many there are."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=:|,,)")
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.IGNORECASE)
_UNSAFE = re.compile(r'[<>:"/\\|?*]')


@dataclass(frozen=True)
class Reference:
    """A recording that was asked for and not yet looked at.

    `argument` is the path or URL, or `-`; `name` is it for people to read; `stem` names its outputs and is unique
    among the references found together. `problem` is what `fetch` will raise, where that is known already.
    """

    argument: str
    kind: Literal["file", "url", "stdin", "refused"]
    name: str
    stem: str
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """A recording on this machine. `name` is safe to show, `stem` safe as part of a file's name."""

    path: Path
    name: str
    stem: str
    sha256: str
    temporary: bool = False
    """Whether the file is a copy that `fetch` made."""

    def discard(self) -> None:
        """Removes the file if it is only a copy."""
        if self.temporary:
            self.path.unlink(missing_ok=True)


def find(arguments: Sequence[str], extensions: Collection[str] = EXTENSIONS) -> list[Reference]:
    """Files, folders (recursively, sorted, without hidden files), globs, http(s) URLs and `-`, each file once.

    Stems depend on the set of recordings, not on their order: `episode.mp3` has the stem `episode`; where two would
    share it they keep their extensions, or get the names of their folders in front, or at last a number.

    Args:
        extensions: Lower case, with the dot; what counts as a recording in a folder or under a glob.

    Example:
        >>> [reference.stem for reference in find(["s1/pilot.mp3", "s2/pilot.mp3", "https://example.org/x.ogg?key=1"])]
        ['s1-pilot', 's2-pilot', 'x']
    """
    found: dict[tuple[str, str], Reference] = {}
    for argument in arguments:
        for reference in _expanded(argument, extensions):
            identity = _real(reference.argument) if reference.kind == "file" else reference.argument
            found.setdefault((reference.kind, identity), reference)
    return _with_stems(list(found.values()))


def fetch(
    reference: Reference,
    options: SourceOptions,
    folder: Path,
    progress: BytesProgress | None = None,
    *,
    content: bytes | None = None,
) -> Source:
    """Makes sure that a recording is a file on this machine, and takes its SHA-256.

    Args:
        folder: Where standard input and downloads are put; nothing is left there if this fails.
        content: What is in it, where another machine has read it; then it is put into `folder`.

    Raises:
        SourceError: it is not there, cannot be read, is refused, too large or too slow.
        StorageError: `folder` cannot be written.
    """
    if reference.kind == "refused":
        raise SourceError(f"{reference.name}: {reference.problem}")
    if content is not None:
        return _stored(reference, [content], folder, progress, len(content))
    if reference.kind == "file":
        path = Path(reference.argument)
        with _opened(path, reference.name) as file:
            sha256 = _digest(_blocks(file, reference.name), os.fstat(file.fileno()).st_size, progress)
        return Source(path, reference.name, reference.stem, sha256)
    if reference.kind == "stdin":
        return _stored(reference, _standard_input(options.max_download_bytes), folder, progress)
    from earwitness.download import download

    with download(reference.argument, options) as (blocks, size_bytes):
        return _stored(reference, blocks, folder, progress, size_bytes)


def safe_stem(text: str, max_characters: int = MAX_STEM_CHARACTERS, max_bytes: int = MAX_STEM_BYTES) -> str:
    """`text` as part of a file's name on any system.

    >>> safe_stem("../../etc/passwd"), safe_stem("-rf"), safe_stem("CON"), safe_stem("AC/DC: live?")
    ('_.._etc_passwd', 'rf', '_CON', 'AC_DC_ live_')
    """
    stem = _UNSAFE.sub("_", printable(unicodedata.normalize("NFC", text))).strip().lstrip("-. ")
    stem = stem[:max_characters].encode()[:max_bytes].decode(errors="ignore").rstrip(". ")
    if _RESERVED.match(stem):
        stem = f"_{stem}"[:max_characters]
    return stem or "recording"


def printable(text: str) -> str:
    """`text` on one line without what a terminal or a reader would act on: controls, marks of direction, surrogates.

    >>> printable("a\\x1b[31m\\u202eb\\n")
    'a[31mb '
    """
    spaced = re.sub(r"\s", " ", text)
    return "".join(character for character in spaced if unicodedata.category(character) not in ("Cc", "Cf", "Cs"))


# What there is


def _expanded(argument: str, extensions: Collection[str]) -> Iterator[Reference]:
    if argument == STDIN:
        yield Reference(STDIN, "stdin", STDIN_STEM, "")
    elif argument.lower().startswith(("http://", "https://")):
        yield Reference(argument, "url", _url_name(argument), "")
    elif not _is_path(argument):
        yield _refused(argument, "not a path; give a file, a folder or an http(s) URL")
    elif os.path.isdir(argument):  # noqa: PTH112 - a Path raises where a name is too long
        yield from _in_folder(argument, extensions)
    elif os.path.lexists(argument):
        yield _file(argument)
    elif scheme := _SCHEME.match(argument):
        yield _refused(argument, f"no such file, and {scheme[0]!r} is not fetched; give a path or an http(s) URL")
    elif glob.has_magic(argument):
        yield from _matching(argument, extensions)
    else:
        yield _file(argument)


def _is_path(argument: str) -> bool:
    try:
        return bool(argument) and b"\0" not in os.fsencode(argument)
    except UnicodeError:
        return False


def _file(path: str) -> Reference:
    return Reference(path, "file", printable(PurePath(path).name) or printable(path), "")


def _refused(argument: str, problem: str) -> Reference:
    return Reference(argument, "refused", printable(argument) or "''", "", problem)


def _in_folder(folder: str, extensions: Collection[str]) -> Iterator[Reference]:
    files: list[Path] = []
    unreadable: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += (Path(parent, name) for name in names if not name.startswith(".") and _is_recording(name, extensions))
    for error in unreadable:
        yield _refused(str(error.filename), f"cannot be read ({error.strerror}); check its permissions")
    if not files and not unreadable:
        yield _refused(folder, "no recording in this folder; give files, or a folder that has some")
    yield from (_file(str(path)) for path in sorted(files))


def _matching(pattern: str, extensions: Collection[str]) -> Iterator[Reference]:
    asked = PurePath(pattern).suffix
    matches = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))  # noqa: PTH207, PTH113
    recordings = [path for path in matches if _is_recording(path, extensions) or (asked and path.endswith(asked))]
    if not recordings:
        yield _refused(pattern, "no recording matches; check the pattern")
    yield from map(_file, recordings)


def _is_recording(name: str, extensions: Collection[str]) -> bool:
    return PurePath(name).suffix.lower() in extensions


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _url_name(url: str) -> str:
    try:
        parts = urlsplit(url)
        last = PurePosixPath(unquote(parts.path)).name
        return printable(last or parts.hostname or "")[: 2 * MAX_STEM_CHARACTERS] or "download"
    except ValueError:
        return "download"  # fetching it will say what is wrong


# Stems


def _with_stems(references: Sequence[Reference]) -> list[Reference]:
    groups: defaultdict[str, list[Reference]] = defaultdict(list)
    for reference in references:
        groups[_key(_candidates(reference)[0])].append(reference)
    stems: dict[Reference, str] = {}
    taken: set[str] = set()
    # Those that share their stem with none keep it, whatever the others come to be called.
    for _, group in sorted(groups.items(), key=lambda item: (len(item[1]) > 1, item[0])):
        for reference, stem in zip(group, _distinct(group, taken), strict=True):
            stems[reference] = stem
            taken.add(_key(stem))
    return [replace(reference, stem=stems[reference]) for reference in references]


def _distinct(group: Sequence[Reference], taken: Collection[str]) -> list[str]:
    """The first kind of stem that tells all of a group apart, or numbered ones."""
    for stems in zip(*map(_candidates, group), strict=True):
        keys = {_key(stem) for stem in stems}
        if len(keys) == len(group) and not keys & set(taken):
            return list(stems)
    used = set(taken)
    numbered: dict[Reference, str] = {}
    for reference in sorted(group, key=lambda reference: reference.argument):
        numbered[reference] = _numbered(_candidates(reference)[0], used)
        used.add(_key(numbered[reference]))
    return [numbered[reference] for reference in group]


def _numbered(stem: str, used: Collection[str]) -> str:
    number = 1
    while True:
        tail = f"-{number}"
        numbered = safe_stem(stem, MAX_STEM_CHARACTERS - len(tail), MAX_STEM_BYTES - len(tail)) + tail
        if _key(numbered) not in used:
            return numbered
        number += 1


def _candidates(reference: Reference) -> tuple[str, ...]:
    """Stems from the shortest to the most telling: without and with extension, then the same with folders."""
    name, bare = reference.name, _EXTENSION.sub("", reference.name)
    if reference.kind != "file":
        return tuple(map(safe_stem, (bare, name, bare, name, bare, name)))
    folders = PurePath(os.path.abspath(reference.argument)).parent.parts[1:]  # noqa: PTH100 - may be too long to resolve
    near, far = "-".join(folders[-1:]), "-".join(folders[-2:])
    return tuple(map(safe_stem, (bare, name, f"{near}-{bare}", f"{near}-{name}", f"{far}-{bare}", f"{far}-{name}")))


def _key(stem: str) -> str:
    """Equal for names that are one name on a file system that ignores case."""
    return unicodedata.normalize("NFC", stem.casefold())


# Bytes


def _opened(path: Path, name: str) -> IO[bytes]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(f"{name}: is a folder; give a file")
        if not stat.S_ISREG(mode):
            raise SourceError(f"{name}: not a regular file; give a recording, or pipe it in and name it -")
        return path.open("rb")
    except SourceError:
        raise
    except FileNotFoundError as error:
        raise SourceError(f"{name}: no such file; check the path") from error
    except OSError as error:
        raise SourceError(f"{name}: cannot be read ({error.strerror}); check the path and its permissions") from error


def _blocks(file: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        while block := file.read(BLOCK_BYTES):
            yield block
    except OSError as error:
        raise SourceError(
            f"{name}: cannot be read ({error.strerror}); try again, or copy it to another disk"
        ) from error


def _standard_input(max_bytes: int) -> Iterator[bytes]:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("-: standard input is a terminal; pipe a recording into it")
    received = 0
    for block in _blocks(sys.stdin.buffer, STDIN):
        received += len(block)
        if received > max_bytes:
            raise SourceError(f"-: standard input has more than {max_bytes} bytes; give a file")
        yield block


def _digest(blocks: Iterable[bytes], size_bytes: int | None, progress: BytesProgress | None) -> str:
    digest, done_bytes = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        done_bytes += len(block)
        if progress is not None:
            progress(done_bytes, size_bytes)
    return digest.hexdigest()


def _stored(
    reference: Reference,
    blocks: Iterable[bytes],
    folder: Path,
    progress: BytesProgress | None,
    size_bytes: int | None = None,
) -> Source:
    """Blocks in a new file in the folder, whose name lets errors name the recording."""
    extension = _EXTENSION.search(reference.name)
    prefix = safe_stem(reference.stem, max_bytes=100) + "."
    try:
        descriptor, name = tempfile.mkstemp(extension[0] if extension else "", prefix, folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write there ({error.strerror}); name another folder") from error
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sha256 = _digest(_written(blocks, file), size_bytes, progress)
    except SourceError:
        path.unlink(missing_ok=True)
        raise
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"{reference.name}: cannot be stored ({error.strerror}); free some disk space") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Source(path, reference.name, reference.stem, sha256, temporary=True)


def _written(blocks: Iterable[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for block in blocks:
        file.write(block)
        yield block
