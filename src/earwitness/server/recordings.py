"""The sound that is kept for listening: a file a recording, called by its sha256, never as somebody called it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from earwitness import peaks
from earwitness.errors import StorageError
from earwitness.files import write_whole
from earwitness.library.store import Library
from earwitness.peaks import Peaks
from earwitness.pipeline import Stages
from earwitness.processes import holder, is_gone
from earwitness.server import listenable

_COMING = "coming"
_KEPT = "kept"
_COPIES = "copies"
_PEAKS = "peaks"


class Recordings:
    """The recordings of a server: files under a folder, and a row each in the library."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder where it is missing, and does `drop_unfinished`.

        Raises:
            StorageError: it cannot be written.
        """
        self._folder = folder
        try:
            for name in (_COMING, _KEPT, _COPIES, _PEAKS):
                (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _unwritable(folder, error) from error
        self.drop_unfinished()

    def drop_unfinished(self) -> None:
        """Removes what a process that was killed has left half written.

        Raises:
            StorageError: it cannot be.
        """
        try:
            for path in (self._folder / _COMING).iterdir():
                if is_gone(path.name.split(".")[1]):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def path(self, recording: str) -> Path:
        """Where the recording with this sha256 is, or would be."""
        return self._folder / _KEPT / recording

    def copy(self, recording: str) -> Path:
        """Where the copy of a recording that browsers do not play as it is would be."""
        return self._folder / _COPIES / recording

    def heard(self, recording: str) -> Path:
        """What is listened to: the copy where there is one, or else the recording."""
        copy = self.copy(recording)
        return copy if copy.exists() else self.path(recording)

    def peaks(self, recording: str) -> Path:
        """Where the peaks of a recording are, or would be."""
        return self._folder / _PEAKS / f"{recording}.json"

    @contextmanager
    def coming(self) -> Iterator[Coming]:
        """A recording that is on its way here; unless it is kept, nothing of it is left after the block."""
        coming = Coming(self._folder / _COMING / f"{secrets.token_hex(8)}.{holder()}", self._folder / _KEPT)
        try:
            yield coming
        finally:
            coming.close()

    def named_coming(self, ending: str) -> Path:
        """A name for a file that somebody else writes while it comes, and removes."""
        return self._folder / _COMING / f"{secrets.token_hex(8)}.{holder()}{ending}"

    def came(self, recording: str) -> datetime | None:
        """When a recording was last handed in or fetched; none where it is not kept."""
        try:
            return datetime.fromtimestamp(self.path(recording).stat().st_mtime, UTC)
        except OSError:
            return None

    def come_again(self, recording: str) -> bool:
        """Notes that a recording has come once more; false where it is not kept."""
        try:
            os.utime(self.path(recording))
        except OSError:
            return False
        return True

    def keep_copy(self, source: Path, recording: str) -> None:
        """Keeps a file that lies elsewhere, whose sha256 is known.

        Raises:
            StorageError: it cannot be written.
        """
        with self.coming() as coming, source.open("rb") as file:
            while block := file.read(2**20):
                coming.write(block)
            coming.keep()

    def write_copy(self, recording: str) -> None:
        """Makes a copy of a recording for browsers, where there is none.

        Raises:
            StorageError: it cannot be written.
        """
        if self.copy(recording).exists():
            return
        coming = self.named_coming("")
        try:
            listenable.write_copy(self.path(recording), coming)
            coming.replace(self.copy(recording))
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        finally:
            coming.unlink(missing_ok=True)

    def write_peaks(self, recording: str, peaks: Peaks) -> None:
        """
        Raises:
            StorageError: they cannot be written.
        """
        try:
            write_whole(self.peaks(recording), json.dumps(peaks, separators=(",", ":")).encode())
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def read_peaks(self, recording: str) -> Peaks | None:
        """The peaks of a recording; none where they are not kept."""
        try:
            found: Peaks = json.loads(self.peaks(recording).read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def remove(self, recording: str) -> None:
        """Removes a recording, its copy and its peaks, where they are.

        Raises:
            StorageError: they cannot be removed.
        """
        try:
            for path in (self.path(recording), self.copy(recording), self.peaks(recording)):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self._folder}: a recording cannot be removed ({error.strerror or error})") from error


class Coming:
    """A recording while it comes: its bytes, and its sha256 so far."""

    def __init__(self, path: Path, kept: Path) -> None:
        self.path, self._kept = path, kept
        self._digest = hashlib.sha256()
        self.bytes = 0
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise _unwritable(path.parent, error) from error

    def write(self, block: bytes) -> None:
        """
        Raises:
            StorageError: the disk is full, and so on.
        """
        try:
            self._file.write(block)
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error
        self._digest.update(block)
        self.bytes += len(block)

    def finish(self) -> str:
        """All has come: it can be read at `path`; its sha256.

        Raises:
            StorageError: the disk is full, and so on.
        """
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error
        return self._digest.hexdigest()

    def keep(self) -> str:
        """Keeps it, finished or not: whole, on the disk, under its sha256, which is returned; else as `finish`."""
        recording = self._digest.hexdigest() if self._file.closed else self.finish()
        try:
            self.path.replace(self._kept / recording)
            _sync(self._kept)
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error
        return recording

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take is tried again here
            self._file.close()
        self.path.unlink(missing_ok=True)


def keep_sound(stages: Stages, library: Path | None, kept: Recordings) -> None:
    """Keeps a recording that was transcribed, what a browser is told of it, and its peaks.

    Where browsers do not play it, a copy that they play is made.

    Raises:
        StorageError: they cannot be written.
    """
    source = stages.source
    path = kept.path(source.sha256)
    with Library(library) as opened:
        with opened.transaction():  # in which nobody else removes it
            is_here = kept.come_again(source.sha256)
        if not is_here:
            kept.keep_copy(source.path, source.sha256)
        kind = listenable.type_of(path)
        if kind is None:
            kept.write_copy(source.sha256)
        note(opened, source.sha256, kind or listenable.COPY_TYPE, path.stat().st_size)
    if not kept.peaks(source.sha256).exists():
        kept.write_peaks(source.sha256, peaks.of(stages.audio))


def note(library: Library, recording: str, kind: str, size_bytes: int) -> None:
    """Notes in the library that a recording is kept, and what a browser is told of it."""
    with library.transaction() as database:
        database.execute("INSERT OR REPLACE INTO media VALUES (?, ?, ?)", (recording, kind, size_bytes))


def kind_of(library: Library, recording: str) -> str | None:
    """What a browser is told of a recording; none where it is not kept."""
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT type FROM media WHERE recording = ?", (recording,)).fetchone()
    return str(row[0]) if row else None


def _sync(folder: Path) -> None:
    """Has the names in a folder on the disk, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _unwritable(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder}: recordings cannot be kept ({error.strerror or error}); make room, or name another with --folder"
    )
