"""The page's files: what is served, as what, and what a browser is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("fastapi")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from serving import Serving


@pytest.fixture
def client(tmp_path: Path, serve: Callable[..., Serving]) -> Iterator[httpx.Client]:
    with serve(tmp_path).client() as client:
        yield client


def test_every_file_is_served_with_its_type_and_policy(client: httpx.Client) -> None:
    from earwitness.server.routes.page import assets

    for path, asset in assets().items():
        answer = client.get(f"/assets/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, asset.type)
        assert answer.content == asset.content
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    assert client.get("/").content == assets()["index.html"].content


def test_what_a_browser_has_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "js", "js/", "js/..%2f..%2fapp.py", ""])
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/assets/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_asks_nobody_else_for_anything() -> None:
    from earwitness.server.routes.page import assets

    for path, asset in assets().items():
        text = asset.content.decode()
        addresses = [line for line in text.splitlines() if "://" in line and "www.w3.org/2000/svg" not in line]
        assert all("https?:" in line for line in addresses), (path, addresses)
        assert "innerHTML" not in text
        assert "eval(" not in text
        assert " style=" not in text
