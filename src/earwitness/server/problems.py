"""Errors as answers: `application/problem+json` (RFC 9457), with the line that a command would print."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from earwitness.errors import (
    AudioError,
    EarwitnessError,
    ModelError,
    OptionError,
    ScriptError,
    SourceError,
    StorageError,
    TranscriptError,
)
from earwitness.server.requests import GoneError, ReusedKeyError, UnknownRequestError
from earwitness.server.transcripts import UnknownEpisodeError
from earwitness.server.uploads import FormError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request, Response


class FailedError(EarwitnessError, RuntimeError):
    """A recording that was sent cannot be transcribed."""


class StoppingError(EarwitnessError, RuntimeError):
    """The server is about to stop."""


class NotFoundError(EarwitnessError, KeyError):
    """What was asked for is not there."""


class UnknownModelError(NotFoundError):
    """A model was asked for that OpenAI's API does not have here."""


class ParameterError(OptionError):
    """A parameter of OpenAI's API is not what it should be; its clients are told which (`param`)."""

    def __init__(self, param: str, detail: str) -> None:
        super().__init__(f"{param}: {detail}")
        self.param = param


TYPE = "application/problem+json"

STATUSES: Mapping[type[Exception], int] = {
    UnknownRequestError: 404,
    UnknownEpisodeError: 404,
    NotFoundError: 404,
    GoneError: 410,
    ReusedKeyError: 422,
    TooLargeError: 413,
    FormError: 400,
    AudioError: 422,
    OptionError: 422,
    ScriptError: 422,
    TranscriptError: 422,
    SourceError: 422,
    FailedError: 422,
    StoppingError: 503,
    StorageError: 507,
    ModelError: 503,
    EarwitnessError: 500,
}
"""Kinds of errors -> their statuses; the first kind that fits counts."""


def status_of(error: EarwitnessError) -> int:
    """
    >>> status_of(OptionError("no")), status_of(StorageError("full"))
    (422, 507)
    """
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says what is wrong."""
    from fastapi.responses import JSONResponse

    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content, status, dict(headers or {}), media_type=TYPE)


def openai_error(status: int, detail: str, error: Exception | None = None) -> dict[str, Any]:
    """What is wrong, as OpenAI's clients expect it, under any status."""
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    code = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}.get(status)
    param = error.param if isinstance(error, ParameterError) else None
    if isinstance(error, UnknownModelError):
        param, code = "model", "model_not_found"
    return {"message": detail, "type": kind, "param": param, "code": code}


def openai_problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, error: Exception | None = None
) -> Response:
    """An answer that says it; OpenAI knows no 422."""
    from fastapi.responses import JSONResponse

    status = 400 if status == 422 else status
    return JSONResponse({"error": openai_error(status, detail, error)}, status, dict(headers or {}))


def answer(
    path: str,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    error: Exception | None = None,
) -> Response:
    """An answer that says what is wrong, in the form that those expect who ask for that path."""
    # What is too slow or too long is not read to its end, so that nothing else can follow on that connection.
    headers = {**(headers or {}), **({"Connection": "close"} if status in (408, 413) else {})}
    if path.startswith("/v1/"):
        return openai_problem(status, detail, headers, error)
    return problem(status, detail, headers)


def install(app: FastAPI) -> None:
    """Lets all errors of an application be answered so."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, EarwitnessError)
        return answer(request.url.path, status_of(error), str(error), error=error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request.url.path, error.status_code, str(error.detail), error.headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        first = str(error.errors()[0]["loc"][-1])
        return answer(request.url.path, 422, told, error=ParameterError(first, told))

    app.add_exception_handler(EarwitnessError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
