"""A server on this machine that speaks OpenAI's chat protocol, well or badly, as a test wants it to."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

import servers

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]
"""Answers one question: the request, and the JSON that came with it."""

PATH = "/v1/chat/completions"


class ChatServer:
    """Answers question after question with `replies`, the last one for ever; `asked` is what came, with its headers."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        payload = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.asked.append(payload)
        self.headers.append(dict(handler.headers))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        reply(handler, payload)

    @property
    def transcripts(self) -> list[str]:
        """What was sent to be read."""
        return [question["messages"][1]["content"] for question in self.asked]


@contextlib.contextmanager
def serving(*replies: Reply) -> Iterator[ChatServer]:
    """A server whose `url` is that to give as --chat-url."""
    chat = ChatServer(*replies)
    with pytest.MonkeyPatch.context() as patch, servers.serving({PATH: chat.take}) as server:
        patch.setattr(servers.Handler, "do_POST", servers.Handler.do_GET, raising=False)
        chat.url = server.url("/v1")
        yield chat


def lines_of(payload: dict[str, Any]) -> list[tuple[int, str]]:
    """The numbered lines of a question."""
    return [(int(number), text) for number, text in re.findall(r"^\[(\d+)\] (.*)$", _content(payload), re.MULTILINE)]


def _content(payload: dict[str, Any]) -> str:
    return str(payload["messages"][1]["content"])


def first_line(payload: dict[str, Any]) -> str:
    """The answer of a model that repeats the first line, and cites it."""
    number, text = lines_of(payload)[0]
    return sentences((text.partition(": ")[2] or text, [number]))


def sentences(*told: tuple[str, list[Any]]) -> str:
    return json.dumps({"sentences": [{"text": text, "lines": lines} for text, lines in told]})


def streaming(
    write: Callable[[dict[str, Any]], str] = first_line,
    *,
    finish: str = "stop",
    prompt_tokens: int | Callable[[dict[str, Any]], int] | None = None,
    piece: int = 7,
) -> Reply:
    """What `write` makes of a question, in pieces, as server-sent events; with its usage where that is told."""

    def reply(handler: BaseHTTPRequestHandler, payload: dict[str, Any]) -> None:
        begin(handler)
        text = write(payload)
        send(handler, {"choices": [{"delta": {"role": "assistant"}, "finish_reason": None}]})
        for start in range(0, len(text), piece):
            send(handler, delta(text[start : start + piece]))
        send(handler, {"choices": [{"delta": {}, "finish_reason": finish}]})
        if prompt_tokens is not None:
            count = prompt_tokens(payload) if callable(prompt_tokens) else prompt_tokens
            send(handler, {"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": 9}})
        handler.wfile.write(b"data: [DONE]\n\n")

    return reply


def begin(handler: BaseHTTPRequestHandler, content_type: str = "text/event-stream") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", content_type)
    handler.end_headers()


def delta(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": None}]}


def send(handler: BaseHTTPRequestHandler, event: dict[str, Any]) -> None:
    handler.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")


def whole(write: Callable[[dict[str, Any]], str] = first_line, finish: str = "stop") -> Reply:
    """The answer in one piece, of a server that does not stream."""

    def reply(handler: BaseHTTPRequestHandler, payload: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": write(payload)}
        content = {"choices": [{"message": message, "finish_reason": finish}], "usage": {"prompt_tokens": 3}}
        servers.body(json.dumps(content).encode(), Content_Type="application/json")(handler)

    return reply


def failing(status: int, message: str = "", **headers: str) -> Reply:
    """An error, in OpenAI's shape."""

    def reply(handler: BaseHTTPRequestHandler, _payload: dict[str, Any]) -> None:
        servers.body(json.dumps({"error": {"message": message}}).encode(), status, **headers)(handler)

    return reply
