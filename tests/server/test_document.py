"""/openapi.json, and a server asked for whatever that says it takes, as schemathesis makes it up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

for _needed in ("fastapi", "uvicorn", "httpx", "schemathesis"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

import jsonschema  # noqa: E402
import schemathesis  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402
from schemathesis import checks  # noqa: E402
from schemathesis.specs.openapi import checks as of_document  # noqa: E402

from server_process import FAKE, Served, ended, hand_in, serving  # noqa: E402
from sounds import speech, write_wav  # noqa: E402

WANTED = [
    checks.not_a_server_error,
    of_document.status_code_conformance,
    of_document.content_type_conformance,
    of_document.response_schema_conformance,
]
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with one episode, so that what asks for number 1 finds something."""
    folder = tmp_path_factory.mktemp("document")
    with serving(folder, FAKE) as served, served.client() as client:
        made = hand_in(client, write_wav(folder / "talk.wav", speech(3.0)))
        assert ended(client, made["id"])["state"] == "done"
        yield served


@pytest.fixture(scope="module")
def document(server: Served) -> dict[str, Any]:
    with server.client() as client:
        return dict(client.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield path, method, operation


def test_the_document_is_whole(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["key"] == {**schemes["key"], "type": "http", "scheme": "bearer"}
    references = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            references.extend([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for one in part.values():
                walk(one)
        elif isinstance(part, list):
            for one in part:
                walk(one)

    walk(document)
    assert references
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    for path, method, operation in operations(document):
        assert operation.get("summary"), path
        assert operation.get("description"), path
        wrong = operation["responses"]["400" if path.startswith("/v1") else "422"]["content"]
        assert list(wrong) == ["application/json" if path.startswith("/v1") else "application/problem+json"], path
        if method == "post" and not path.endswith(("/retry", "/forget")):
            assert "requestBody" in operation, path
    jsonschema.Draft202012Validator.check_schema({"$defs": document["components"]["schemas"]})


ENDLESS = ("/events",)
"""Answers that do not end; tests/server/test_serving.py reads them."""
LONG = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/audio/speech")
"""Seconds each; what is wrong with what is asked for is still tried, by hand, in tests/server/test_openai.py."""


def tried(server: Served, examples: int, *, long: bool) -> tuple[int, list[str]]:
    """Asks for everything that the document has; how many answers were looked at, and what was wrong with them."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    schema = schema.exclude(path_regex="|".join(f"{end}$" for end in (*ENDLESS, *(() if long else LONG))))
    count, wrong = 0, []
    for result in schema.get_all_operations():
        operation = result.ok()

        def ask(case: Any) -> None:
            nonlocal count
            count += 1
            case.validate_response(case.call(timeout=30), checks=WANTED)

        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            try:
                _asked(ask, operation.as_strategy(generation_mode=mode), examples)
            except BaseExceptionGroup as found:
                wrong.extend(f"{operation.label}: {one}" for one in found.exceptions)
    return count, wrong


def _asked(ask: Any, strategy: Any, examples: int) -> None:
    limits = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        seed(9)(limits(given(case=strategy)(ask)))()
    except Unsatisfiable:  # nothing can be wrong with an operation that takes nothing
        return


def test_nothing_that_the_document_allows_or_forbids_breaks_the_server(server: Served) -> None:
    count, wrong = tried(server, 2, long=False)
    assert wrong == []
    assert count > 60
    with server.client() as client:
        assert client.get("/ready").status_code == 200


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nor_does_anything_in_minutes(server: Served) -> None:
    count, wrong = tried(server, 150, long=True)
    assert wrong == []
    assert count > 3000
