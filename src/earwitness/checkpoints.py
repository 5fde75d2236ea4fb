"""Results of stages, kept by what they were made from, so that nothing is computed twice.

A result is named by the hash of everything it depends on: the recording, the options and the engine of its stage, and
the stages before. A changed option therefore finds no result and computes it; nothing is ever out of date. Each is
written to a temporary name and renamed, so a process killed at any instant leaves whole results only. Processes that
share the folder hold a lease on what they compute (`earwitness.leases`), so that no two are at the same at once.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from earwitness.errors import StorageError
from earwitness.files import write_whole
from earwitness.leases import Leases
from earwitness.values import from_plain, to_plain

FOLDER_VARIABLE = "EARWITNESS_CACHE"
REMEDY = f"make room, or set {FOLDER_VARIABLE} to a folder with room"


def default_folder() -> Path:
    """The user's cache folder, or what the environment variable EARWITNESS_CACHE names."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("earwitness")


def digest(*parts: Any) -> str:
    """A name for values: equal for equal ones, 32 hexadecimal digits.

    >>> digest("words", {"beam": 5}) == digest("words", {"beam": 5}) != digest("words", {"beam": 1})
    True
    """
    text = json.dumps(to_plain(list(parts)), sort_keys=True)
    return sha256(text.encode()).hexdigest()[:32]


class Shelf:
    """The results of one stage on one recording. A shelf without a folder keeps nothing.

    Put `fresh` to leave what lies there unread; what is put is kept all the same.
    """

    def __init__(self, folder: Path | None, *, fresh: bool = False, leases: Leases | None = None) -> None:
        self._folder, self._fresh, self._leases = folder, fresh, leases

    def get(self, name: str, kind: Any) -> Any:
        """The value put under `name`, as type `kind`; none where there is none, or it cannot be read."""
        if self._folder is None or self._fresh:
            return None
        try:
            return from_plain(kind, json.loads(self._path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, name: str, value: Any) -> None:
        """Keeps a value.

        Raises:
            StorageError: it cannot be written.
        """
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(name), json.dumps(to_plain(value)).encode())
        except OSError as error:
            raise StorageError(
                f"{self._folder}: checkpoints cannot be written ({error.strerror or error}); {REMEDY}"
            ) from error

    @contextmanager
    def held(self, waiting: Callable[[], object] | None = None) -> Iterator[None]:
        """Nobody else, in this process or another, holds this shelf during the block; look again what lies there.

        Args:
            waiting: called again and again while another holds it; may raise, to give up.

        Raises:
            StorageError: it cannot be noted who holds it, so nothing could be kept either.
        """
        if self._folder is None or self._leases is None:
            yield
            return
        with self._leases.held("/".join(self._folder.parts[-2:]), waiting):
            yield

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{digest(name)}.json"


class Checkpoints:
    """All shelves. `folder` none keeps nothing; `resume` false computes everything anew."""

    def __init__(self, folder: Path | None, *, resume: bool = True) -> None:
        self._folder, self._resume = folder, resume

    def shelf(self, recording: str, stage: str, *depends: Any) -> Shelf:
        """The shelf of a stage on the recording with this sha256, for everything else that it depends on."""
        if self._folder is None:
            return Shelf(None)
        folder = self._folder / "checkpoints" / recording[:32] / f"{stage}-{digest(*depends)[:16]}"
        leases = Leases(self._folder / "leases.sqlite", remedy=REMEDY)
        return Shelf(folder, fresh=not self._resume, leases=leases)

    def scratch(self) -> Path:
        """A folder for temporary files.

        Raises:
            StorageError: it cannot be made.
        """
        folder = (self._folder or Path(tempfile.gettempdir())) / "scratch"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be made ({error.strerror}); set {FOLDER_VARIABLE}") from error
        return folder
