"""The reader as a file: opened from disk, with the recording that is chosen there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")

from earwitness.exports import Beside  # noqa: E402
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


def test_it_draws_the_recording_and_goes_where_that_is_clicked(browser: Browser, tmp_path: Path) -> None:
    duration = make_transcript().duration
    half = int(duration * 10)
    shape = {"samples_per_pixel": 800, "length": 2 * half, "data": [-1, 1] * half + [-90, 90] * half}
    (tmp_path / "a.html").write_bytes(write(make_transcript(), Beside("a", peaks=shape)))
    with browser.new_page() as page:
        page.goto((tmp_path / "a.html").as_uri())
        wave = page.locator(".lane.wave canvas").first
        loud = """c => {
            const draw = c.getContext("2d"), row = draw.getImageData(0, Math.round(c.height / 4), c.width, 1).data;
            const drawn = [...Array(c.width).keys()].filter((x) => row[4 * x + 3] > 0);
            return [drawn[0] / c.width, drawn.at(-1) / c.width];
        }"""
        assert wave.evaluate(loud) == [pytest.approx(0.5, abs=0.02), pytest.approx(1, abs=0.02)]
        box = page.locator(".lane.wave .band").bounding_box()
        assert box
        page.locator(".lane.wave .band").click(position={"x": 0.75 * box["width"], "y": 10})
        now = page.get_by_role("slider", name="Position")
        assert int(now.get_attribute("aria-valuenow") or 0) == pytest.approx(0.75 * duration, abs=1)


def test_without_the_recording_at_hand_there_is_no_waveform(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(write(make_transcript()))
    with browser.new_page() as page:
        page.goto((tmp_path / "a.html").as_uri())
        expect(page.locator(".lane.ledger")).to_be_visible()
        expect(page.locator(".lane.wave")).to_be_hidden()


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
