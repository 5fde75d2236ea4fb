"""/openapi.json: the description of the whole API, with what every route may answer besides its own."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from earwitness.server.guard import COOKIE, is_open
from earwitness.server.routes.common import openai_problems, problems
from earwitness.server.routes.jobs import Asked

ANYWHERE = (400, 401, 403, 408, 413, 421, 422, 429, 500, 507)
"""Of the guard, of bodies and parameters that are not what they should be, and of a library that cannot be used."""
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of `earwitness keys new NAME`."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of POST /api/session."},
}
_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_SCHEMAS = {
    "Problem": {
        "description": "What is wrong, as of RFC 9457.",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
    },
    "OpenAIError": {
        "description": "What is wrong, as OpenAI's API says it.",
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {"message": _TEXT, "type": _TEXT, "param": _MAYBE, "code": _MAYBE},
            }
        },
    },
}


def describe(app: FastAPI, *, needs_key: bool) -> None:
    """Lets an application that has all its routes describe itself; a key is asked for, or may be given."""
    made: dict[str, Any] = {}

    def described() -> dict[str, Any]:
        if not made:
            made.update(_described(app, needs_key=needs_key))
        return made

    app.openapi = described  # type: ignore[method-assign]


def _described(app: FastAPI, *, needs_key: bool) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # such answers are problems here
        schemas.pop(unused, None)
    asked = Asked.model_json_schema(ref_template="#/components/schemas/{model}")  # read while its body comes
    schemas |= {**_SCHEMAS, **asked.pop("$defs"), "Asked": asked}
    components["securitySchemes"] = _SCHEMES
    found["security"] = [{"key": []}, {"session": []}, *([] if needs_key else [{}])]
    for path, operations in found["paths"].items():
        wrong = openai_problems if path.startswith("/v1/") else problems
        anywhere = {str(status): answer for status, answer in wrong(*ANYWHERE).items()}
        unknown = {"422"} if path.startswith("/v1/") else set()  # OpenAI says 400 to what is wrong with parameters
        for operation in operations.values():
            told = {**operation["responses"], **anywhere}
            operation["responses"] = {status: told[status] for status in told if status not in unknown}
            if is_open(path):
                operation["security"] = []
    return found
