"""What the server is told when it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.errors import OptionError
from earwitness.library.store import default_path
from earwitness.options import Options
from earwitness.types import Seconds

LOOPBACK_NAMES = frozenset(("localhost", "localhost.localdomain"))


@dataclass(frozen=True)
class Settings:
    """Where the server listens, what it keeps where, and what it allows."""

    host: str = "127.0.0.1"
    port: int = 8765
    library: Path | None = None
    """The database; none is the user's."""
    folder: Path | None = None
    """Where recordings are kept; none is beside the library, under its name."""
    options: Options = field(default_factory=Options)
    """How recordings are transcribed unless a request says otherwise."""
    workers: int = 1
    """Recordings that are transcribed at once, each by a process with engines of its own."""
    max_upload_bytes: int = 2 * 2**30
    """A longer recording is refused while it comes."""
    max_body_bytes: int = 4 * 2**20
    """So is any other body that is longer than this."""
    requests_per_minute: int = 600
    """More from one key or address are put off."""
    keys: bool = False
    """Whether a key is asked for on loopback, too; elsewhere it always is."""
    stop_s: Seconds = 10.0
    """How long answers that are under way have to end when the server is stopped."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise OptionError(f"port {self.port}: give one from 0 to 65535")
        if self.workers < 1:
            raise OptionError("workers must be 1 or more")
        if min(self.max_upload_bytes, self.max_body_bytes, self.requests_per_minute) < 1:
            raise OptionError("limits must be 1 or more")

    @property
    def recordings(self) -> Path:
        """The folder for recordings."""
        library = self.library or default_path()
        return self.folder or library.with_name(f"{library.name}.recordings")

    @property
    def is_loopback(self) -> bool:
        """Whether nobody can reach it but from this machine.

        >>> Settings().is_loopback, Settings(host="0.0.0.0").is_loopback
        (True, False)
        """
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() in LOOPBACK_NAMES

    @property
    def needs_key(self) -> bool:
        return self.keys or not self.is_loopback
