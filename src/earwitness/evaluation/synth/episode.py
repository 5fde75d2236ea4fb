"""A recording and its truth, and the files that they become."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from earwitness import exports
from earwitness.errors import OptionError, StorageError
from earwitness.types import SourceInfo, Transcript
from earwitness.units import SAMPLE_RATE_HZ, to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

TRUTH_FORMATS = ("rttm", "json")
_FRAME = 4096
_BLOCK = 60 * SAMPLE_RATE_HZ
_INT16 = 32768


class _Encoding(NamedTuple):
    container: str
    codec: str
    options: dict[str, str]


ENCODINGS = {
    ".flac": _Encoding("flac", "flac", {"compression_level": "12"}),
    ".wav": _Encoding("wav", "pcm_s16le", {}),
}
"""Suffix to what is written: without loss, 16 bits."""


@dataclass(frozen=True, eq=False)
class Episode:
    """A recording and everything that is true of it.

    `samples` is float32, shape (n,), mono at 16 kHz; what is beyond [-1, 1] is clipped when it is written.
    `truth.source` has the name and the length, and no sha256 before there is a file.
    """

    samples: FloatArray
    truth: Transcript


def write(episode: Episode, path: Path) -> Transcript:
    """Writes `path` (.flac or .wav) and beside it the truth, as STEM.rttm and STEM.json; what is there is replaced.

    Returns:
        The truth, with the file's name and sha256, and a warning where it is clipped.

    Raises:
        OptionError: another suffix.
        StorageError: a file cannot be written.
    """
    samples = episode.samples
    blocks = (samples[first : first + _BLOCK] for first in range(0, len(samples), _BLOCK))
    return write_blocks(blocks, lambda: episode.truth, path)


def write_blocks(blocks: Iterable[FloatArray], truth: Callable[[], Transcript], path: Path) -> Transcript:
    """Like `write`, of a recording that comes in blocks; its truth is asked for when the last one is written."""
    encoding = encoding_of(path)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        length, clipped = _encode(blocks, temporary, encoding)
        with temporary.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free space there or choose another folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    told = truth()
    told = replace(told, source=SourceInfo(path.name, sha256, to_seconds(length)))
    if clipped:
        warning = f"{clipped} samples are louder than full scale and were clipped; lower the gains"
        told = replace(told, warnings=(*told.warnings, warning))
    exports.save(told, path.parent, path.stem, TRUTH_FORMATS)
    return told


def encoding_of(path: Path) -> _Encoding:
    """How a file of this name is written.

    Raises:
        OptionError: its suffix is none of `ENCODINGS`.
    """
    encoding = ENCODINGS.get(path.suffix.lower())
    if encoding is None:
        raise OptionError(f"cannot write {path.name}: it must end in {' or '.join(ENCODINGS)}, which lose nothing")
    return encoding


def _encode(blocks: Iterable[FloatArray], path: Path, encoding: _Encoding) -> tuple[int, int]:
    """How many samples there were, and how many of them had to be clipped."""
    import av

    length = clipped = 0
    with av.open(str(path), "w", format=encoding.container) as container:
        stream: Any = container.add_stream(encoding.codec, SAMPLE_RATE_HZ, layout="mono", options=encoding.options)
        for samples in _frames(blocks):
            scaled = np.round(samples * _INT16)
            whole = np.clip(scaled, -_INT16, _INT16 - 1).astype(np.int16)
            clipped += int(np.count_nonzero(scaled != whole))
            frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = length
            container.mux(stream.encode(frame))
            length += len(whole)
        container.mux(stream.encode(None))
    return length, clipped


def _frames(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """The same samples in pieces of one length, whatever the blocks: the encoder's output depends on it."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate((rest, block))
        whole = len(rest) // _FRAME * _FRAME
        yield from (rest[start : start + _FRAME] for start in range(0, whole, _FRAME))
        rest = rest[whole:]
    if len(rest):
        yield rest
