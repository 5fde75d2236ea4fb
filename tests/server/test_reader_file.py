"""The reader as a file: opened from disk, with the recording that is chosen there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")

from earwitness.exports.html import write  # noqa: E402
from factories import make_transcript  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

expect = sync_api.expect
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_it_plays_a_recording_that_is_chosen(browser: Browser, tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(2 * 8000 * 18))
    (tmp_path / "a.html").write_bytes(write(make_transcript()))
    with browser.new_page() as page:
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{(tmp_path / 'a.html').as_uri()}#t=11.4-12.3")
        expect(page.locator(".w.cited")).to_have_text(["It", "was", "built"])
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_disabled()
        page.get_by_label("Listen along: choose the recording").set_input_files(tmp_path / "a.wav")
        page.locator(".w", has_text="glad").click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        expect(page.locator(".w.now")).to_have_count(1)
        assert page.get_by_role("button", name="Rename").count() == 0
        assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
        assert wrong == []


def test_axe_finds_nothing(browser: Browser, axe: Callable[[Page], list[Any]], tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(write(make_transcript()))
    with browser.new_page() as page:
        page.goto((tmp_path / "a.html").as_uri())
        page.locator(".said .w").first.wait_for()
        assert axe(page) == []


def test_text_of_users_stays_text(browser: Browser, tmp_path: Path) -> None:
    transcript = make_transcript([("A", HOSTILE)], names={"A": HOSTILE}, chapters=[(0, HOSTILE)], keywords=(HOSTILE,))
    (tmp_path / "a.html").write_bytes(write(transcript))
    with browser.new_page() as page:
        wrong: list[str] = []
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto((tmp_path / "a.html").as_uri())
        expect(page.locator(".said", has_text=HOSTILE)).to_have_count(1)
        assert page.locator("main script, main img").count() == 0
        assert wrong == []


def test_it_is_read_without_scripts(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(write(make_transcript()))
    with browser.new_page(java_script_enabled=False) as page:
        page.goto((tmp_path / "a.html").as_uri())
        expect(page.get_by_text("How old is the bridge?", exact=True)).to_be_visible()
        page.get_by_role("link", name=re.compile("The bridge")).click()
        expect(page.get_by_role("heading", name="The bridge")).to_be_in_viewport()
