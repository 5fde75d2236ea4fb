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
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from earwitness.errors import SourceError, StorageError
from earwitness.integrity import is_whole
from earwitness.options import SourceOptions
from earwitness.stems import MAX_STEM_CHARACTERS, numbered, stem_key
from earwitness.stems import printable as printable
from earwitness.stems import safe_stem as safe_stem
from earwitness.types import EpisodeInfo

EXTENSIONS = frozenset(
    ".mp3 .mp2 .m4a .m4b .aac .mp4 .m4v .mov .3gp .3g2 .ogg .oga .ogv .opus .spx .flac .wav .wave .w64 .wma .wmv .asf"
    " .aif .aiff .aifc .webm .weba .mka .mkv .caf .au .snd .amr .ac3 .sph".split()
)
"""What is taken for a recording in a folder; a file that is named itself may be called anything."""

STDIN = "-"
STDIN_STEM = "stdin"
BLOCK_BYTES = 2**20

BytesProgress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes fetched so far and, where that is known, how many there are."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=:|,,)")
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True)
class Expected:
    """What somebody says of a recording that nobody has looked at yet.

    `size_bytes` and `integrity` (a hash as of W3C's Subresource Integrity) are of the file; `hotwords` may be said in
    it, by so many speakers.
    """

    size_bytes: int | None = None
    integrity: str | None = None
    hotwords: tuple[str, ...] = ()
    min_speakers: int | None = None
    max_speakers: int | None = None


@dataclass(frozen=True)
class Reference:
    """A recording that was asked for and not yet looked at.

    `argument` is the path or URL, or `-`; `name` is it for people to read; `stem` names its outputs and is unique
    among the references found together. `problem` is what `fetch` will raise, where that is known already. `about` and
    `expected` say what is known of it otherwise.
    """

    argument: str
    kind: Literal["file", "url", "stdin", "refused"]
    name: str
    stem: str
    problem: str = ""
    about: EpisodeInfo | None = None
    expected: Expected = Expected()


@dataclass(frozen=True)
class Source:
    """A recording on this machine. `name` is safe to show, `stem` safe as part of a file's name."""

    path: Path
    name: str
    stem: str
    sha256: str
    temporary: bool = False
    """Whether the file is a copy that `fetch` made."""
    about: EpisodeInfo | None = None
    warnings: tuple[str, ...] = ()

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
        folder: Where standard input and downloads are put; if this fails, nothing is left there but the beginning of a
            download that can go on.
        content: What is in it, where another machine has read it; then it is put into `folder`.

    Returns:
        The recording; `warnings` tell where it is not as long as `reference.expected` says.

    Raises:
        SourceError: it is not there, cannot be read, is refused, too large or too slow, or has another hash than
            `reference.expected` says.
        StorageError: `folder` cannot be written.
    """
    if reference.kind == "refused":
        raise SourceError(f"{reference.name}: {reference.problem}")
    if content is not None:
        return replace(_stored(reference, [content], folder, progress), about=reference.about)
    if reference.kind == "file":
        path = Path(reference.argument)
        with _opened(path, reference.name) as file:
            sha256 = _digest(_blocks(file, reference.name), os.fstat(file.fileno()).st_size, progress)
        return Source(path, reference.name, reference.stem, sha256, about=reference.about)
    if reference.kind == "stdin":
        return _stored(reference, _standard_input(options.max_download_bytes), folder, progress)
    return _downloaded(reference, options, folder, progress)


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
        groups[stem_key(_candidates(reference)[0])].append(reference)
    stems: dict[Reference, str] = {}
    taken: set[str] = set()
    # Those that share their stem with none keep it, whatever the others come to be called.
    for _, group in sorted(groups.items(), key=lambda item: (len(item[1]) > 1, item[0])):
        for reference, stem in zip(group, _distinct(group, taken), strict=True):
            stems[reference] = stem
            taken.add(stem_key(stem))
    return [replace(reference, stem=stems[reference]) for reference in references]


def _distinct(group: Sequence[Reference], taken: Collection[str]) -> list[str]:
    """The first kind of stem that tells all of a group apart, or numbered ones."""
    for stems in zip(*map(_candidates, group), strict=True):
        keys = {stem_key(stem) for stem in stems}
        if len(keys) == len(group) and not keys & set(taken):
            return list(stems)
    used = set(taken)
    made: dict[Reference, str] = {}
    for reference in sorted(group, key=lambda reference: reference.argument):
        made[reference] = numbered(_candidates(reference)[0], used)
        used.add(stem_key(made[reference]))
    return [made[reference] for reference in group]


def _candidates(reference: Reference) -> tuple[str, ...]:
    """Stems from the shortest to the most telling: without and with extension, then the same with folders."""
    name, bare = reference.name, _EXTENSION.sub("", reference.name)
    if reference.kind != "file":
        return tuple(map(safe_stem, (bare, name, bare, name, bare, name)))
    folders = PurePath(os.path.abspath(reference.argument)).parent.parts[1:]  # noqa: PTH100 - may be too long to resolve
    near, far = "-".join(folders[-1:]), "-".join(folders[-2:])
    return tuple(map(safe_stem, (bare, name, f"{near}-{bare}", f"{near}-{name}", f"{far}-{bare}", f"{far}-{name}")))


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


def _downloaded(reference: Reference, options: SourceOptions, folder: Path, progress: BytesProgress | None) -> Source:
    from earwitness.partial import bring

    prefix, suffix = _file_name(reference)
    try:
        path, sha256 = bring(reference.argument, options, folder, progress, prefix=prefix, suffix=suffix)
        source = Source(path, reference.name, reference.stem, sha256, temporary=True, about=reference.about)
        if reference.expected.integrity and not is_whole(path, reference.expected.integrity):
            source.discard()
            raise SourceError(f"{reference.name}: not the file that its feed has the hash of; try later")
        size, expected = path.stat().st_size, reference.expected.size_bytes
    except SourceError:
        raise
    except OSError as error:
        raise _not_stored(reference, error) from error
    if expected is None or expected == size:
        return source
    return replace(source, warnings=(f"its feed says that the file has {expected} bytes; it has {size}",))


def _stored(reference: Reference, blocks: Iterable[bytes], folder: Path, progress: BytesProgress | None) -> Source:
    """Blocks in a new file in the folder."""
    prefix, suffix = _file_name(reference)
    try:
        descriptor, name = tempfile.mkstemp(suffix, prefix, folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write there ({error.strerror}); name another folder") from error
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sha256 = _digest(_written(blocks, file), None, progress)
    except SourceError:
        path.unlink(missing_ok=True)
        raise
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_stored(reference, error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Source(path, reference.name, reference.stem, sha256, temporary=True)


def _file_name(reference: Reference) -> tuple[str, str]:
    """What the name of a copy begins and ends with, so that errors can name the recording."""
    extension = _EXTENSION.search(reference.name)
    return safe_stem(reference.stem, max_bytes=100) + ".", extension[0] if extension else ""


def _not_stored(reference: Reference, error: OSError) -> StorageError:
    return StorageError(f"{reference.name}: cannot be stored ({error.strerror}); free some disk space")


def _written(blocks: Iterable[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for block in blocks:
        file.write(block)
        yield block
