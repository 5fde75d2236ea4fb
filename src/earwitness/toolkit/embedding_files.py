"""Embeddings on disk, as numpy or Parquet files, written as they come: a long recording's need not fit into memory.

NPZ       files (k,) text, file (n,) the index into it, start and end (n,) in seconds, vector (n, d) float32;
          model, level, identity: texts
Parquet   a row a point: file (text), start and end (double, in seconds), vector (a list of d floats);
          model, level and identity in the metadata of the schema
"""

from __future__ import annotations

import os
import secrets
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from earwitness.errors import ExtraError, ModelError, OptionError, StorageError
from earwitness.mapped import mapped
from earwitness.processes import holder

if TYPE_CHECKING:
    from earwitness.toolkit.embeddings import Embeddings, Level


class _Writer(Protocol):
    def add(self, file: str, points: Embeddings) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class EmbeddingFile:
    """A file that is being written: a context, at whose end it is there, whole; or not, where an error has ended it.

    >>> from earwitness.toolkit.embeddings import Embeddings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with EmbeddingFile(Path(folder) / "points.npz", "some/model", "window", "v1") as file:
    ...         file.add("a.wav", Embeddings(np.array([0.0]), np.array([1.5]), np.ones((1, 3), np.float32)))
    ...     with np.load(Path(folder) / "points.npz") as found:
    ...         found["files"][found["file"]], found["end"], found["vector"].shape
    (array(['a.wav'], dtype='<U5'), array([1.5]), (1, 3))
    """

    def __init__(self, path: Path, model: str, level: Level, identity: str) -> None:
        """Begins a file, under another name until it is whole.

        Args:
            path: ends in .npz or .parquet.
            model: what the points are of.
            level: likewise.
            identity: the embedder's.

        Raises:
            OptionError: another ending.
            ExtraError: Parquet without pyarrow.
            StorageError: it cannot be written there.
        """
        self.path, self.rows, self.size = path, 0, 0
        self._model = model
        self._temporary = path.with_name(f".{secrets.token_hex(4)}.{holder()}.tmp")
        about = {"model": model, "level": level, "identity": identity}
        make = _WRITERS.get(path.suffix.lower())
        if make is None:
            raise OptionError(f"{path}: embeddings are written as .npz or .parquet; name such a file")
        try:
            self._writer = make(self._temporary, about)
        except OSError as error:
            raise _unwritable(path, error) from error

    def add(self, file: str, points: Embeddings) -> None:
        """Appends the points of a recording, which `file` names.

        Raises:
            ModelError: points of another number of dimensions than those before.
            StorageError: they cannot be written.
        """
        if self.size not in (0, points.vectors.shape[1]):
            raise ModelError(f"{self._model}: points of {self.size} and of {points.vectors.shape[1]} numbers")
        try:
            self._writer.add(file, points)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.rows, self.size = self.rows + len(points.vectors), points.vectors.shape[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Puts the file in its place; without an error and with points in it only."""
        try:
            if kind is None and self.rows:
                self._writer.finish()
                self._temporary.replace(self.path)
        except OSError as failure:
            raise _unwritable(self.path, failure) from failure
        finally:
            with suppress(OSError):
                self._writer.close()
            self._temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path}: cannot be written ({error.strerror or error}); name another file, or make room")


class _Npz:
    """The columns grow in files without names beside the result, and are copied into it piece by piece at the end."""

    def __init__(self, path: Path, about: dict[str, str]) -> None:
        self._path, self._about = path, about
        self._files: dict[str, int] = {}
        self._columns: dict[str, IO[bytes]] = {
            name: tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  (closed in `close`)
            for name in ("file", "start", "end", "vector")
        }
        self._size = 0

    def add(self, file: str, points: Embeddings) -> None:
        index = self._files.setdefault(file, len(self._files))
        self._size = points.vectors.shape[1]
        for name, column in (
            ("file", np.full(len(points.starts), index, np.int32)),
            ("start", points.starts.astype(np.float64)),
            ("end", points.ends.astype(np.float64)),
            ("vector", points.vectors.astype(np.float32)),
        ):
            self._columns[name].write(column.tobytes())

    def finish(self) -> None:
        types = {"file": np.int32, "start": np.float64, "end": np.float64, "vector": np.float32}
        arrays: dict[str, Any] = {"files": np.array([*self._files]), **self._about}
        for name, column in self._columns.items():
            column.flush()
            arrays[name] = mapped(column).view(types[name])
        arrays["vector"] = arrays["vector"].reshape(-1, self._size)
        # Not by numpy.savez, for which an array cannot be called "file".
        with zipfile.ZipFile(self._path, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)

    def close(self) -> None:
        for column in self._columns.values():
            column.close()


class _Parquet:
    """Rows are gathered into groups, each written when it is full."""

    GROUP_BYTES = 2**24

    def __init__(self, path: Path, about: dict[str, str]) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise ExtraError(
                f"{path.name}: pyarrow is not installed; pip install 'earwitness[models]', or name an .npz file"
            ) from error
        self._arrow, self._path, self._about = pyarrow, path, about
        self._writer: Any = None
        self._waiting: list[Any] = []
        path.touch()

    def add(self, file: str, points: Embeddings) -> None:
        arrow, size = self._arrow, points.vectors.shape[1]
        vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(points.vectors.ravel(), arrow.float32()), size)
        name = os.fsencode(file).decode(errors="replace")  # Parquet knows text only, and file names may be none
        columns = [[name] * len(points.starts), points.starts, points.ends, vectors]
        self._waiting.append(arrow.table(columns, schema=self._schema(size)))
        if sum(table.nbytes for table in self._waiting) >= self.GROUP_BYTES:
            self._flush()

    def _schema(self, size: int) -> Any:
        arrow = self._arrow
        columns = [
            ("file", arrow.string()),
            ("start", arrow.float64()),
            ("end", arrow.float64()),
            ("vector", arrow.list_(arrow.float32(), size)),
        ]
        return arrow.schema(columns, metadata=self._about)

    def _flush(self) -> None:
        table = self._arrow.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = self._arrow.parquet.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)
        self._waiting = []

    def finish(self) -> None:
        if self._waiting:
            self._flush()
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


_WRITERS: dict[str, Callable[[Path, dict[str, str]], _Writer]] = {".npz": _Npz, ".parquet": _Parquet}
