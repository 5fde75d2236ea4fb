"""Who may use the server: keys, of which the library has only the hashes, and the sessions that a browser has for them.

A key has 256 random bits, so that its SHA-256 tells nothing of it and needs no salt.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock

from earwitness.errors import OptionError
from earwitness.library.store import Library
from earwitness.library.voices import checked_name
from earwitness.types import Seconds

PREFIX = "ew_"
SESSION_S: Seconds = 12 * 3600.0
MAX_SESSIONS = 10_000


@dataclass(frozen=True)
class Key:
    """A key that was given out: to whom, and when (ISO 8601, UTC)."""

    name: str
    created: str


def new(library: Library, name: str) -> str:
    """Makes a key for somebody; it is shown now and never again.

    Raises:
        OptionError: there is one of this name, or it is no name.
        StorageError: the library cannot be written.
    """
    name, key = checked_name(name), PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with library.transaction() as database:
        if database.execute("SELECT 1 FROM api_keys WHERE name = ?", (name,)).fetchone():
            raise OptionError(f"there is a key called {name!r}; remove it first, or give another name")
        database.execute("INSERT INTO api_keys (name, hash, created) VALUES (?, ?, ?)", (name, _hash(key), now))
    return key


def keys(library: Library) -> Sequence[Key]:
    """The keys that count, by name."""
    with library.transaction(writes=False) as database:
        return [Key(*row) for row in database.execute("SELECT name, created FROM api_keys ORDER BY name")]


def remove(library: Library, name: str) -> None:
    """Lets a key count no more.

    Raises:
        OptionError: there is none of this name.
    """
    with library.transaction() as database:
        if not database.execute("DELETE FROM api_keys WHERE name = ?", (name,)).rowcount:
            known = ", ".join(name for (name,) in database.execute("SELECT name FROM api_keys ORDER BY name")) or "none"
            raise OptionError(f"no key is called {name!r}; there are {known}")


def holder_of(library: Library, key: str) -> str | None:
    """The name that a key was made for; none where it is no key. Takes as long for any key that is not one."""
    given, found = _hash(key), None
    with library.transaction(writes=False) as database:
        for name, known in database.execute("SELECT name, hash FROM api_keys"):
            if hmac.compare_digest(known, given):
                found = str(name)
    return found


class Sessions:
    """What browsers are known by for some hours, in memory; each ends when the key it was opened with is removed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, tuple[str, float]] = {}

    def open(self, key: str) -> str:
        """A token for the holder of a key that was found to be good."""
        token, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            ended = [known for known, (_, until) in self._open.items() if until < now]
            for known in ended or ([next(iter(self._open))] if len(self._open) >= MAX_SESSIONS else []):
                del self._open[known]
            self._open[_hash(token)] = (key, now + SESSION_S)
        return token

    def key_of(self, token: str) -> str | None:
        """The key behind a token that is still good."""
        with self._lock:
            key, until = self._open.get(_hash(token), ("", 0.0))
        return key if until > time.monotonic() else None

    def close(self, token: str) -> None:
        with self._lock:
            self._open.pop(_hash(token), None)


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
