"""Questions to an OpenAI-compatible server: one POST each, read as it streams, asked again where that may help.

Spoken by OpenAI and by Ollama, vLLM, llama.cpp and most others; where they differ, `earwitness.engines.chat` asks for
less. No proxy is used and no redirect followed: the text and the key go to the host that was named, or nowhere.

Source: the API reference of OpenAI, "Chat Completions"; the WHATWG's "Server-sent events".
"""

from __future__ import annotations

import json
import random
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from earwitness import __version__
from earwitness.engines.chat_endpoint import KEY_VARIABLE, Endpoint
from earwitness.errors import ModelError, reason

CONNECT_S = 30.0
FIRST_S = 600.0
"""Until the first word: a local server may have to load the model, and to read the prompt on a CPU."""
IDLE_S = 60.0
"""The longest silence between two words."""
ATTEMPTS = 6
BACK_OFF_S, MAX_BACK_OFF_S = 1.0, 30.0
MAX_RETRY_AFTER_S = 120.0
"""A server that wants to be left alone for longer is taken for broken."""
MAX_LINE_BYTES = 2**20
MAX_ANSWER_CHARACTERS = 40_000
"""Models that loop write on for ever; no answer that we ask for is a tenth of that."""
MAX_SHOWN_CHARACTERS = 200

_PASSING = (408, 409, 425, 429)
_FOR_GOOD = (501, 505)
_MAY_BE_TOO_LONG = (400, 422, 500)
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum context|too many (input )?tokens|(prompt|input) is too (long|large)"
    r"|too large to process|exceeds? .{0,40}tokens|reduce the length",
    re.IGNORECASE,
)
_UNSHOWN = re.compile(r"[\x00-\x20\x7f-\x9f]+")


class TooLongError(Exception):
    """The server says that the question does not fit what the model can read at once."""


class RejectedError(Exception):
    """The server does not take the question as it is, and says why in its own words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status, self.text = status, text


class _PassingError(Exception):
    """What may be gone the next time; `wait_s` is what the server asks for."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Answer:
    """What a model wrote, why it stopped ("stop", or "length" where it had no room), and what it says it read."""

    text: str
    finish: str
    prompt_tokens: int | None = None


class Client:
    """Asks one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._key = endpoint.key()

    def ask(self, payload: Mapping[str, Any]) -> Answer:
        """The answer to one question, asked up to `ATTEMPTS` times.

        Raises:
            TooLongError, RejectedError: the question has to be another one.
            ModelError: nobody answers, or never to the end.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._ask(json.dumps(payload).encode())
            except _PassingError as problem:
                wait_s = problem.wait_s
                if attempt + 1 == ATTEMPTS or (wait_s or 0.0) > MAX_RETRY_AFTER_S:
                    asks = f" and asks to wait {wait_s:.0f} s" if wait_s else ""
                    raise ModelError(
                        f"{self.endpoint.base}: {self._shown(str(problem))}{asks}, after {attempt + 1} attempts; look "
                        "at the server, then run the same command again: what is done is kept"
                    ) from problem
                if wait_s is None:
                    # Jitter, lest many clients that failed together come back together.
                    wait_s = min(BACK_OFF_S * 2**attempt, MAX_BACK_OFF_S) * random.uniform(0.5, 1.0)
                time.sleep(wait_s)
        raise AssertionError("every attempt returns or raises")

    def _ask(self, body: bytes) -> Answer:
        with closing(self._connected()) as connection:
            try:
                connection.request("POST", self.endpoint.target, body, self._headers())
                sender = connection.sock
                sender.settimeout(FIRST_S)
                with connection.getresponse() as response:
                    self._check(response)
                    if "event-stream" not in response.getheader("Content-Type", ""):
                        return _whole(response)
                    return _Stream(response, sender).read()
            except TimeoutError as error:
                raise _PassingError("the server stalls") from error
            except (OSError, HTTPException) as error:
                raise _PassingError(f"the connection broke ({reason(error)})") from error

    def _connected(self) -> HTTPConnection:
        kind = HTTPSConnection if self.endpoint.encrypted else HTTPConnection
        connection = kind(self.endpoint.host, self.endpoint.port, timeout=CONNECT_S)
        try:
            connection.connect()
        except TimeoutError as error:
            raise _PassingError("nobody answers") from error
        except OSError as error:  # a refused connection, an unknown host or a bad certificate stays what it is
            why = "its certificate is not valid" if isinstance(error, ssl.SSLCertVerificationError) else reason(error)
            raise ModelError(
                f"{self.endpoint.base}: cannot connect ({why}); start the server, or say where it is with --chat-url"
            ) from error
        return connection

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "User-Agent": f"earwitness/{__version__}",
            "Connection": "close",
            **({"Authorization": f"Bearer {self._key}"} if self._key else {}),
        }

    def _check(self, response: HTTPResponse) -> None:
        """Nothing where there is an answer to read."""
        status = response.status
        if status == 200:
            return
        base, text = self.endpoint.base, self._said(response)
        if 300 <= status < 400:
            raise ModelError(f"{base}: the server redirects; give the address that it leads to with --chat-url")
        if status in (401, 403):
            raise ModelError(f"{base}: the server refuses ({status} {text}); put a key that it knows in {KEY_VARIABLE}")
        if status == 413 or (status in _MAY_BE_TOO_LONG and _TOO_LONG.search(text)):
            raise TooLongError(text)
        if status in _PASSING or (status >= 500 and status not in _FOR_GOOD):
            raise _PassingError(f"the server answers {status} {text}", _retry_after(response))
        raise RejectedError(status, text)

    def _said(self, response: HTTPResponse) -> str:
        """The server's own words for what is wrong, on one line and without our key."""
        text = response.read(MAX_LINE_BYTES).decode(errors="replace")
        try:
            text = _error_of(json.loads(text)) or text
        except (ValueError, RecursionError):
            text = response.reason or text
        return self._shown(text)

    def _shown(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, "***")
        return _UNSHOWN.sub(" ", text).strip()[:MAX_SHOWN_CHARACTERS]


class _Stream:
    """Server-sent events with pieces of one answer."""

    def __init__(self, response: HTTPResponse, sender: socket.socket) -> None:
        self._response, self._sender = response, sender
        self._pieces: list[str] = []
        self._finish: str | None = None
        self._prompt_tokens: int | None = None

    def read(self) -> Answer:
        try:
            for event in self._events():
                self._take(event)
        except (OSError, HTTPException):
            if self._finish is None:
                raise
            # The answer is whole; only what comes after it is lost.
        if self._finish is None:
            raise _PassingError("the answer broke off")
        return Answer("".join(self._pieces), self._finish, self._prompt_tokens)

    def _events(self) -> Iterator[Any]:
        patience_s, heard = FIRST_S, time.monotonic()
        while line := self._response.readline(MAX_LINE_BYTES):
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    return
                patience_s, heard = IDLE_S, time.monotonic()
                self._sender.settimeout(IDLE_S)
                yield _parsed(data)
            elif time.monotonic() - heard > patience_s:  # comments that keep the connection alive are no answer
                raise TimeoutError

    def _take(self, event: Any) -> None:
        _raise_error_of(event)
        self._prompt_tokens = _prompt_tokens(event) or self._prompt_tokens
        choice = _first_choice(event)
        self._pieces.append(_text_of(choice.get("delta")))
        self._finish = choice.get("finish_reason") or self._finish
        if sum(map(len, self._pieces)) > MAX_ANSWER_CHARACTERS:
            self._finish = "length"
            raise HTTPException("runs on")


def _whole(response: HTTPResponse) -> Answer:
    """An answer in one piece, from a server that does not stream."""
    content = _parsed(response.read(MAX_LINE_BYTES))
    _raise_error_of(content)
    choice = _first_choice(content)
    if "message" not in choice:
        raise _PassingError("the server answers with something else than a chat completion")
    text = _text_of(choice["message"])
    return Answer(text[:MAX_ANSWER_CHARACTERS], choice.get("finish_reason") or "stop", _prompt_tokens(content))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _PassingError("the server answers with something else than JSON") from error


def _first_choice(content: Any) -> dict[str, Any]:
    choices = content.get("choices") if isinstance(content, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else {}
    return first if isinstance(first, dict) else {}


def _text_of(message: Any) -> str:
    """What a message says; some servers send a list of parts, of which those that think are passed over."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _prompt_tokens(content: Any) -> int | None:
    usage = content.get("usage") if isinstance(content, dict) else None
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count > 0 else None


def _raise_error_of(content: Any) -> None:
    """An error that comes where an answer should, under a status that promised one."""
    if error := _error_of(content):
        raise TooLongError(error) if _TOO_LONG.search(error) else _PassingError(f"the server fails ({error})")


def _error_of(content: Any) -> str:
    """The message of an error, in any of the shapes that servers give it; empty where there is none.

    >>> _error_of({"error": {"message": "no such model"}}), _error_of({"detail": "Not Found"}), _error_of({"id": 1})
    ('no such model', 'Not Found', '')
    """
    if not isinstance(content, dict):
        return ""
    error = content.get("error") or content.get("detail")
    if error is None and "choices" not in content:
        error = content.get("message")
    if isinstance(error, dict):
        error = error.get("message") or error
    return error if isinstance(error, str) else json.dumps(error) if error else ""


def _retry_after(response: HTTPResponse) -> float | None:
    """Seconds to wait, of a number or a date; none where the server does not say."""
    told = response.getheader("Retry-After", "").strip()
    try:
        return max(0.0, float(told) if told.replace(".", "", 1).isdigit() else _seconds_until(told))
    except ValueError:
        return None


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
