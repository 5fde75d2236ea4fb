"""What the routes share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from earwitness.server.problems import TYPE
from earwitness.server.problems import NotFoundError as NotFoundError
from earwitness.server.service import Service


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(_service)]
Number = Annotated[int, Path(ge=1, le=2**62)]
"""The number of an episode."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The part of the OpenAPI document on answers that are problems."""
    return {status: _answer(HTTPStatus(status).phrase, TYPE, "Problem") for status in statuses}


def openai_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for OpenAI's API, whose errors have a form of their own."""
    return {status: _answer(HTTPStatus(status).phrase, "application/json", "OpenAIError") for status in statuses}


def content(description: str, *media_types: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The part on an answer that is no JSON of a model."""
    return {status: {"description": description, "content": {kind: {} for kind in media_types}}}


def _answer(description: str, media_type: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
