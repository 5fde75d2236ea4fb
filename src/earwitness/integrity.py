"""Whether a file is the one that a hash was taken of, as W3C's Subresource Integrity writes it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path

ALGORITHMS = ("sha256", "sha384", "sha512")
"""The weakest first; of several hashes only those of the strongest count."""


def is_whole(path: Path, integrity: str) -> bool:
    """Whether one of the hashes is the file's; true as well where none is of a kind that is known.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "empty"
    ...     path.touch()
    ...     is_whole(path, "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    True

    Raises:
        OSError: it cannot be read.
    """
    hashes = [found for part in integrity.split() if (found := _hash(part))]
    if not hashes:
        return True
    strongest = max((algorithm for algorithm, _ in hashes), key=ALGORITHMS.index)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, strongest).digest()
    return (strongest, digest) in hashes


def _hash(part: str) -> tuple[str, bytes] | None:
    algorithm, _, encoded = part.partition("?")[0].partition("-")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    return (algorithm, digest) if algorithm in ALGORITHMS and len(digest) * 8 == int(algorithm[3:]) else None
