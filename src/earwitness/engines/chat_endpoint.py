"""Where a chat model answers: an address that may be asked, and the key that goes there and nowhere else."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from earwitness.errors import OptionError

PATH = "/chat/completions"
KEY_VARIABLE = "EARWITNESS_CHAT_KEY"
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
OPENAI_HOST = ".openai.com"

_UNSHOWN = re.compile(r"[\x00-\x20\x7f-\x9f]")


@dataclass(frozen=True)
class Endpoint:
    """Where questions go. `base` is the URL without its query, which may hold a key."""

    base: str
    encrypted: bool
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Reads a base URL; one that ends in /chat/completions is taken, too.

        >>> Endpoint.of("http://localhost:11434/v1/").base
        'http://localhost:11434/v1'

        Raises:
            OptionError: it is no http(s) URL, or holds a password.
        """
        wanted = "give one such as http://localhost:11434/v1"
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode() if parts.hostname else "", parts.port
        except (ValueError, UnicodeError) as error:
            raise OptionError(f"--chat-url: its host or port is malformed; {wanted}") from error
        if parts.scheme not in ("http", "https") or not host or _UNSHOWN.search(url):
            raise OptionError(f"--chat-url: not an http or https address; {wanted}")
        if parts.username is not None or parts.password is not None:
            raise OptionError(f"--chat-url: it holds a user name or password; put the key in {KEY_VARIABLE}")
        path = parts.path.rstrip("/").removesuffix(PATH)
        name = f"[{host}]" if ":" in host else host
        encrypted = parts.scheme == "https"
        base = f"{parts.scheme}://{name}{f':{port}' if port else ''}{path}"
        target = f"{path}{PATH}{f'?{parts.query}' if parts.query else ''}"
        if not target.isascii():
            raise OptionError(f"--chat-url: its path is not ASCII; {wanted}")
        return cls(base, encrypted, host, port or (443 if encrypted else 80), target)

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, by its address or the one name that always means it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def key(self) -> str | None:
        """The key for this host, from the environment.

        OpenAI's own goes to OpenAI only: who has it set for other programs does not mean it for every server.

        Raises:
            OptionError: it cannot be sent.
        """
        names = [KEY_VARIABLE]
        if f".{self.host}".endswith(OPENAI_HOST):
            names.append(OPENAI_KEY_VARIABLE)
        for name in names:
            if key := os.environ.get(name, "").strip():
                if not key.isascii() or _UNSHOWN.search(key):
                    raise OptionError(f"{name}: it has spaces or characters that no key has; set it again")
                return key
        return None
