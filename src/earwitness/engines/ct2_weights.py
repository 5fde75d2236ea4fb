"""The weights of a CTranslate2 model, read from its `model.bin`.

The file is a header, the variables one after another, and aliases (names for variables that are there under another
name); all numbers are little-endian:

    uint32 format, string kind, uint32 revision of the kind
    uint32 count, then for each variable: string name, uint8 rank, uint32 shape[rank], uint8 type, uint32 bytes, data
    uint32 count, then for each alias: string alias, string name
    a string is uint16 length, that many bytes, the last of them 0

Source: https://github.com/OpenNMT/CTranslate2, `python/ctranslate2/specs/model_spec.py`, which writes it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from earwitness.errors import ModelError

if TYPE_CHECKING:
    from earwitness.types import FloatArray

FORMAT = 6
TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2", "<u2")
"""In the order of CTranslate2's own numbers; the last is bfloat16, which numpy does not have."""
BFLOAT16 = len(TYPES) - 1
BLOCK_BYTES = 2**20
"""Copied at a time."""
SCALE = "_scale"
"""What is added to a quantised variable's name for that of its scales: stored value = true value * scale."""


LARGEST_STEP = 127


@dataclass(frozen=True)
class _Place:
    """Where a variable lies: what follows its name begins at `start`, its values at `data`; it ends before `end`."""

    shape: tuple[int, ...]
    kind: int
    start: int
    data: int
    end: int


class Weights(Mapping[str, "FloatArray"]):
    """Names to arrays, each read from the file when it is asked for.

    >>> from earwitness.engines.hub import demo_folder
    >>> weights = Weights(demo_folder() / "model.bin")
    >>> weights["encoder/conv1/weight"].shape, weights["encoder/conv1/weight"].dtype
    ((192, 80, 3), dtype('float32'))
    """

    def __init__(self, path: Path) -> None:
        """Reads what variables there are, and none of them.

        Raises:
            ModelError: the file cannot be read, or is not of this format.
        """
        self._path = path
        try:
            with path.open("rb") as file:
                self._read_index(file)
        except (OSError, struct.error, UnicodeDecodeError, IndexError) as error:
            raise ModelError(f"{path}: not a CTranslate2 model ({error}); download or convert it again") from error

    def _read_index(self, file: BinaryIO) -> None:
        (version,) = _unpacked(file, "<I")
        if version != FORMAT:
            raise ModelError(f"{self._path}: not a CTranslate2 model of format {FORMAT}; convert it again")
        self.kind = _string(file)
        file.seek(4, 1)
        self._count_at = file.tell()
        self._places: dict[str, _Place] = {}
        for _ in range(_unpacked(file, "<I")[0]):
            name, start = _string(file), file.tell()
            (rank,) = _unpacked(file, "<B")
            *shape, kind, size = _unpacked(file, f"<{rank}IBI")
            data = file.tell()
            if size != math.prod(shape) * np.dtype(TYPES[kind]).itemsize:
                raise ModelError(f"{self._path}: {name} has not the size of its shape; convert it again")
            self._places[name] = _Place(tuple(shape), kind, start, data, file.seek(size, 1))
        self._aliases = {_string(file): _string(file) for _ in range(_unpacked(file, "<I")[0])}

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in (*self._places, *self._aliases) if not name.endswith(SCALE))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> FloatArray:
        """Shape as stored; float32, whether stored as float32, float16, bfloat16, or as integers with scales.

        Integers without scales, such as the number of heads, come as they are.
        """
        name = self._aliases.get(name, name)
        values, scale = self._stored(name), self._places.get(name + SCALE)
        if scale is None:
            return values
        # One scale for each row, or for the whole of it.
        scales = self._stored(name + SCALE)
        return values.astype(np.float32) / scales.reshape(-1, *(1,) * (values.ndim - 1))

    def quantised(self, name: str) -> tuple[Any, FloatArray]:
        """A matrix in eight bits: int8 of its shape, and float32 of shape (rows, 1): what a step of each row is worth.

        As stored, or rounded as CTranslate2 rounds: the largest of a row becomes 127.

        >>> from earwitness.engines.hub import demo_folder
        >>> steps, step = Weights(demo_folder() / "model.bin").quantised("encoder/layer_0/ffn/linear_0/weight")
        >>> steps.shape, steps.dtype, step.shape
        ((768, 192), dtype('int8'), (768, 1))
        """
        name = self._aliases.get(name, name)
        scale = self._places.get(name + SCALE)
        if scale is not None and TYPES[self._places[name].kind] == "<i1":
            return self._stored(name), np.reciprocal(self._stored(name + SCALE)).reshape(-1, 1)
        values = self[name]
        largest = np.maximum(values.max(axis=1, keepdims=True), -values.min(axis=1, keepdims=True))
        largest[largest == 0] = 1
        values *= LARGEST_STEP / largest
        return np.rint(values, out=values).astype(np.int8), largest / np.float32(LARGEST_STEP)

    def _stored(self, name: str) -> FloatArray:
        place = self._places[name]
        count = math.prod(place.shape)
        values: Any = np.fromfile(self._path, TYPES[place.kind], count, offset=place.data).reshape(place.shape)
        if place.kind == BFLOAT16:
            # bfloat16 is the upper half of a float32.
            values = (values.astype(np.uint32) << 16).view(np.float32)
        result: FloatArray = values.astype(np.float32, copy=False) if values.dtype.kind == "f" else values
        return result

    def write_without(self, left_out: Callable[[str], bool], path: Path) -> None:
        """Writes the file again, with one zero each for the matrices and vectors whose names are `left_out`.

        CTranslate2 refuses to load a model in which a name is missing.

        Raises:
            OSError: it cannot be written.
        """
        names = (*self._places, *self._aliases)
        kept = {name for name in names if not left_out(name)}
        # Where only an alias stays, the variable takes its name.
        aliases = {name: self._aliases[name] for name in names if name in kept and self._aliases.get(name) in kept}
        places = {name: self._places[self._aliases.get(name, name)] for name in names if name not in aliases}
        with self._path.open("rb") as file, path.open("wb") as copy:
            copy.write(file.read(self._count_at))
            copy.write(struct.pack("<I", len(places)))
            for name, place in places.items():
                copy.write(_packed(name))
                if name in kept or not place.shape:
                    _copy(file, place, copy)
                else:
                    rank, size = len(place.shape), np.dtype(TYPES[place.kind]).itemsize
                    copy.write(struct.pack(f"<B{rank}IBI{size}x", rank, *[1] * rank, place.kind, size))
            copy.write(struct.pack("<I", len(aliases)))
            for name, target in aliases.items():
                copy.write(_packed(name) + _packed(target))


def _copy(file: BinaryIO, place: _Place, copy: BinaryIO) -> None:
    file.seek(place.start)
    for at in range(place.start, place.end, BLOCK_BYTES):
        copy.write(file.read(min(BLOCK_BYTES, place.end - at)))


def _packed(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def _unpacked(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _string(file: BinaryIO) -> str:
    (length,) = _unpacked(file, "<H")
    (data,) = _unpacked(file, f"{length}s")
    return str(data[:-1], "utf-8")
