"""Files that are either whole or as they were."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the file and renames: a reader never sees half of it, and a failure leaves the old one.

    Raises:
        OSError: it cannot be written; no temporary file is left.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
