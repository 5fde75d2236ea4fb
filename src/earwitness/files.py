"""Files that are either whole or as they were, names for what they hold, and JSON whose numbers are numbers."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from earwitness.errors import TranscriptError
from earwitness.processes import holder, is_gone

SAMPLE_BYTES = 2**16
SAMPLES = 1024
"""Of files longer than the product, 64 MiB, so many pieces of this length stand for the whole."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the file and renames: a reader never sees half of it, and a failure leaves the old one.

    Raises:
        OSError: it cannot be written; no temporary file is left.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside the file for what shall take its place: it does at the end, and is gone where that is not reached.

    Raises:
        OSError: it cannot be renamed.
    """
    temporary = path.with_name(f".{secrets.token_hex(4)}.{holder()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what processes that were killed in `write_whole` have left in a folder; what cannot be removed stays."""
    for path in folder.glob(".*.*.tmp"):
        if is_gone(path.name.split(".")[2]):
            with suppress(OSError):
                path.unlink()


def fingerprint(path: Path) -> str:
    """A name for the content of a file, or of all files of a folder: 16 hexadecimal digits.

    Of a long file the length and evenly spread samples count: networks are gigabytes, and training them further
    changes them everywhere.

    Raises:
        OSError: a file cannot be read.
    """
    digest = sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            size = file.stat().st_size
            digest.update(f"{file.name}:{size}:".encode())
            with file.open("rb") as content:
                if size <= SAMPLE_BYTES * SAMPLES:
                    digest.update(content.read())
                    continue
                for index in range(SAMPLES):
                    content.seek(index * (size - SAMPLE_BYTES) // (SAMPLES - 1))
                    digest.update(content.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]


def read_json(path: Path, remedy: str) -> Any:
    """What a JSON file holds; no number in it is infinite or none.

    Raises:
        TranscriptError: there is no such file, or it holds something else; the message ends with `remedy`.
    """
    try:
        return json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except OSError as error:
        raise TranscriptError(f"cannot read {path}: {error.strerror or error}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{path} is not JSON ({error}); {remedy}") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number
