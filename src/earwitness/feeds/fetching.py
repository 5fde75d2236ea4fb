"""A feed's bytes: from a file, or from an address where they have changed since they were last read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from earwitness.download import Version, download
from earwitness.errors import SourceError
from earwitness.options import SourceOptions
from earwitness.source import printable

MAX_FEED_BYTES = 64 * 2**20
"""The feeds of daily shows with all their notes have some ten million bytes."""
MAX_WAIT_S = 120.0


@dataclass(frozen=True)
class Fetched:
    """A feed as it was read, and which version of it that was; `unchanged` where it is the one that was known."""

    content: bytes = field(repr=False)
    version: Version = field(default_factory=Version)
    unchanged: bool = False


def is_address(place: str) -> bool:
    """Whether a feed lies on the web.

    >>> is_address("HTTPS://example.org/feed"), is_address("feed.xml")
    (True, False)
    """
    return place.lower().startswith(("http://", "https://"))


def shown(place: str) -> str:
    """What to call a feed in messages: without the query of its address, which may hold a key."""
    return printable(place.partition("?")[0] if is_address(place) else Path(place).name)


def identity(place: str) -> str:
    """What a feed is known by in the library: its address, or that of its file.

    Raises:
        SourceError: it is neither.
    """
    try:
        return place if is_address(place) else Path(place).resolve().as_uri()
    except (ValueError, OSError) as error:
        raise SourceError(f"{printable(place)}: cannot be read (no path); give a file or an http(s) address") from error


def fetch(place: str, options: SourceOptions, known: Fetched | None = None) -> Fetched:
    """The feed at an address or path.

    Args:
        options: limits; those of feeds are narrower.
        known: what was read before. It is returned where the server says that it is still so.

    Raises:
        SourceError: it cannot be had, or is too long.
    """
    if not is_address(place):
        return Fetched(_read(Path(place)))
    limits = replace(
        options,
        max_download_bytes=min(MAX_FEED_BYTES, options.max_download_bytes),
        max_download_s=min(MAX_WAIT_S, options.max_download_s),
    )
    with download(place, limits, unless=known.version if known else None) as answer:
        if answer.unchanged and known:
            return replace(known, unchanged=True)
        return Fetched(b"".join(answer.blocks), answer.version)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FEED_BYTES:
            raise SourceError(f"{path.name}: longer than {MAX_FEED_BYTES} bytes; give a shorter feed")
        return path.read_bytes()
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{printable(str(path))}: cannot be read ({error.strerror}); check the path") from error
