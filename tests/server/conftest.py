"""A server over a library that has the example episode, and a browser to look at it.

The episode is transcribed once, by the demo model and through the server; every test has a copy of that library.
"""

from __future__ import annotations

import os
import shutil
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from serving import Serving

AXE = Path(os.environ.get("EARWITNESS_AXE", Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"))
CHROMIUM = os.environ.get("EARWITNESS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def _has_server() -> None:
    for name in ("fastapi", "uvicorn", "httpx"):
        pytest.importorskip(name, reason=f"the server is tested with {name}, which is not installed")


@pytest.fixture(scope="session")
def _transcribed(_has_server: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from serving import EXAMPLE, served, upload

    folder = tmp_path_factory.mktemp("transcribed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_CACHE", str(folder / "cache"))
        with served(folder) as serving, serving.client() as client:
            job = upload(client, EXAMPLE)
    assert job["state"] == "done", job
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return folder


@pytest.fixture
def library(_transcribed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a library of a test's own, `library.db`, and its recordings; the example is episode 1."""
    monkeypatch.setenv("EARWITNESS_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(_transcribed, tmp_path / "served"))


@pytest.fixture
def serve(_has_server: None) -> Iterator[Callable[..., Serving]]:
    """Starts servers over folders that a test names, with settings of its own; all are stopped after it."""
    from serving import served

    with ExitStack() as stack:
        yield lambda folder, **options: stack.enter_context(served(folder, **options))


@pytest.fixture
def server(library: Path, serve: Callable[..., Serving]) -> Serving:
    """A server over that library."""
    return serve(library)


@pytest.fixture(scope="session")
def _spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's microphone hears: the first sentences of the example."""
    from earwitness.audio import load
    from serving import EXAMPLE

    sound = load(EXAMPLE)
    path = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, sound.sample_rate, 0, "NONE", "not compressed"))
        file.writeframes((sound.between(0.0, 8.0) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def browser(_spoken: Path) -> Iterator[Browser]:
    """Chromium; tests skip where there is none, or no Playwright to drive it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium; install it, or name it in EARWITNESS_CHROMIUM")
    arguments = [
        "--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={_spoken}%noloop",
    ]  # fmt: skip
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[tuple[str, str, list[str]]]]:
    """What axe-core finds wrong with a page: the rule, how bad that is, and where."""
    if not AXE.is_file():
        pytest.skip("no axe-core; `npm install --no-save axe-core`, or name its axe.min.js in EARWITNESS_AXE")
    script = AXE.read_text(encoding="utf-8")

    def found(page: Page) -> list[tuple[str, str, list[str]]]:
        page.evaluate(script)
        violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [(one["id"], one["impact"], [node["html"][:120] for node in one["nodes"][:3]]) for one in violations]

    return found


@pytest.fixture
def page(browser: Browser, server: Serving) -> Iterator[Page]:
    """A tab with nothing in it yet, for paths of the server; whatever goes wrong in it fails the test."""
    from serving import tab

    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    with tab(context) as page:
        yield page
    context.close()
