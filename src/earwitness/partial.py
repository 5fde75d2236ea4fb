"""A download that goes on where it broke off: what has come so far, and beside it which version of what it is.

`DIGEST.part` and `DIGEST.part.json` are named by the URL. A process holds the part by a lock, which ends with the
process, however that ends; another one that wants the same meanwhile downloads all of it for itself. So does everybody
where the system has no such locks, or the server does not say which version it sends.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from earwitness.download import RangeRefusedError, Version, download
from earwitness.errors import SourceError
from earwitness.files import write_whole
from earwitness.options import SourceOptions

BLOCK_BYTES = 2**20
KEPT_S = 7 * 24 * 3600.0
"""What nobody went on with for so long is removed."""


def bring(
    url: str,
    options: SourceOptions,
    folder: Path,
    progress: Callable[[int, int | None], None] | None = None,
    *,
    prefix: str = "",
    suffix: str = "",
) -> tuple[Path, str]:
    """Downloads to a new file in the folder, which is then the caller's; returns it and its SHA-256.

    Args:
        prefix, suffix: of the file's name.
        progress: called with the bytes that are here and, where that is known, how many there are.

    Raises:
        SourceError: as of `download`; what has come stays for the next attempt, where the server says its version.
        OSError: the folder cannot be written; nothing stays.
    """
    _sweep(folder)
    with _held(url, folder) as part:
        try:
            digest = _completed(part, url, options, progress)
        except RangeRefusedError:
            part.restart(Version())
            digest = _completed(part, url, options, progress)
        return part.taken(prefix, suffix), digest


class _Part:
    """A file that grows. `version` is that of the document it is the beginning of."""

    def __init__(self, file: IO[bytes], path: Path, *, kept: bool) -> None:
        self.file, self.path, self.kept = file, path, kept
        self.version = self._noted() if kept else Version()
        if not self.version.exact:
            file.truncate(0)

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def _noted(self) -> Version:
        try:
            return Version(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):
            return Version()

    def digest(self) -> hashlib._Hash:
        """Of what is here; what is written next comes after it."""
        digest = hashlib.sha256()
        self.file.seek(0)
        while block := self.file.read(BLOCK_BYTES):
            digest.update(block)
        return digest

    def restart(self, version: Version) -> None:
        """Nothing is here, and what comes is of this version."""
        self._note.unlink(missing_ok=True)
        self.file.seek(0)
        self.file.truncate()
        self.version = version
        if self.kept and version.exact:
            write_whole(self._note, json.dumps(asdict(version)).encode())

    def taken(self, prefix: str, suffix: str) -> Path:
        """The file under a name that no other download has."""
        self.file.flush()
        descriptor, name = tempfile.mkstemp(suffix, prefix, self.path.parent)
        os.close(descriptor)
        self.path.replace(name)
        self._note.unlink(missing_ok=True)
        return Path(name)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _completed(
    part: _Part, url: str, options: SourceOptions, progress: Callable[[int, int | None], None] | None
) -> str:
    here = os.fstat(part.file.fileno()).st_size
    with download(url, options, start=here, of=part.version) as answer:
        if answer.start == 0:
            part.restart(answer.version)
        elif answer.version.etag not in (None, part.version.etag):
            raise RangeRefusedError("the server sends the rest of another version; start anew")
        digest, done = part.digest(), answer.start
        for block in answer.blocks:
            part.file.write(block)
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress(done, answer.size_bytes)
    return digest.hexdigest()


@contextlib.contextmanager
def _held(url: str, folder: Path) -> Iterator[_Part]:
    digest = hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()
    path = folder / f"{digest[:32]}.part"
    file = path.open("a+b")
    kept = _locked(file, path)
    if not kept:
        file.close()
        descriptor, name = tempfile.mkstemp(".part", "", folder)
        file, path = os.fdopen(descriptor, "w+b"), Path(name)
    with file:
        part = _Part(file, path, kept=kept)
        try:
            yield part
        except (SourceError, KeyboardInterrupt):
            if not part.version.exact or not kept:
                part.discard()
            raise
        except BaseException:
            part.discard()
            raise


def _locked(file: IO[bytes], path: Path) -> bool:
    """Whether the file is ours now, and still the one with this name."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (ImportError, OSError):
        return False


def _sweep(folder: Path) -> None:
    for path in folder.glob("*.part*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - KEPT_S:
                path.unlink()
