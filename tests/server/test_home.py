"""Recordings handed in, under way, in the library; search, voices, the microphone, the key: in a browser, for real."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Request, Response, Route

    from serving import Serving

expect = sync_api.expect
EXAMPLE = Path(__file__).parents[2] / "examples" / "episode.flac"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>.mp3"
WORK_MS = 30_000
"""Longer than a transcription takes on a busy machine."""
DROP = """
(files) => {
  const data = new DataTransfer();
  for (const [name, content] of files) data.items.add(new File([content], name));
  const how = {dataTransfer: data, bubbles: true, cancelable: true};
  const fire = (kind) => document.body.dispatchEvent(new DragEvent(kind, how));
  fire("dragenter");
  const veil = !document.querySelector(".veil").hidden;
  fire("dragover");
  fire("drop");
  return veil;
}
"""

HOLD_ANSWERS = """
const answered = new Promise((resolve) => { window.release = resolve; });
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  const { onload } = this;
  this.onload = () => answered.then(onload);
  return send.call(this, body);
};
"""


@pytest.fixture
def home(page: Page) -> Page:
    """The first view, with the example episode in the library."""
    return opened(page, "/")


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    page.locator("main:not([aria-busy]) h1").wait_for()
    return page


def row(page: Page, name: str) -> Locator:
    """A recording under way."""
    return page.locator(".job").filter(has=page.get_by_text(name, exact=True))


def jobs(server: Serving) -> list[dict[str, Any]]:
    """The newest first; that which made the example is left out."""
    with server.client() as client:
        return list(client.get("/api/jobs").json())[:-1]


def is_accepted(answer: Response) -> bool:
    """Whether this is a recording's arrival."""
    return answer.request.method == "POST" and answer.url.endswith("/api/jobs") and answer.status == 202


def test_a_recording_is_handed_in_cancelled_resumed_opened_and_heard(home: Page, server: Serving) -> None:
    home.get_by_label("Recordings", exact=True).and_(home.locator("input")).set_input_files(EXAMPLE)
    under_way = row(home, EXAMPLE.name)
    expect(under_way).to_contain_text(re.compile(r"Transcribing, [1-9]\d?\s%"), timeout=WORK_MS)
    assert 0.01 < float(under_way.get_by_role("progressbar").get_attribute("value") or 0) < 1
    under_way.get_by_role("button", name="Cancel episode.flac").click()
    expect(under_way).to_contain_text("Cancelled")
    assert [job["state"] for job in jobs(server)] == ["cancelled"]
    under_way.get_by_role("button", name="Try episode.flac again").click()
    expect(under_way).to_contain_text("Transcribed", timeout=WORK_MS)
    expect(home.get_by_role("status").filter(has_text="episode.flac is transcribed.")).to_be_visible()
    under_way.get_by_role("link", name="Open episode.flac").click()
    home.locator("button.play:enabled").wait_for()
    home.locator(".said .w", has_text=re.compile(r"^dangerous\W?$")).first.click()
    expect(home.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_a_job_told_of_before_its_upload_is_answered_has_one_row(browser: Browser, server: Serving) -> None:
    with browser.new_page(base_url=server.url) as page:
        page.add_init_script(HOLD_ANSWERS)
        opened(page, "/").locator("input[type=file]").set_input_files(EXAMPLE)
        expect(page.get_by_role("status").filter(has_text="episode.flac is transcribed.")).to_be_visible(
            timeout=WORK_MS
        )
        expect(row(page, EXAMPLE.name)).to_contain_text("Uploading")
        page.evaluate("release()")
        expect(row(page, EXAMPLE.name).get_by_role("link", name="Open episode.flac")).to_be_visible()
        assert page.locator(".job").count() == 1


def test_a_server_that_goes_away_is_said_until_it_is_back(browser: Browser, library: Path) -> None:
    from serving import served

    with browser.new_page() as page:
        with served(library) as server:
            opened(page, server.url)
            page.evaluate(DROP, [["talk.mp3", "no sound"]])
            expect(row(page, "talk.mp3").get_by_role("alert")).to_be_visible(timeout=WORK_MS)
            expect(page.get_by_text("The server does not answer.")).to_be_hidden()
        expect(page.get_by_text("The server does not answer.")).to_be_visible(timeout=WORK_MS)
        with served(library, port=int(server.url.rpartition(":")[2])):
            expect(page.get_by_text("The server does not answer.")).to_be_hidden(timeout=WORK_MS)


def test_what_is_no_recording_is_said_in_one_line_and_names_stay_text(home: Page, server: Serving) -> None:
    assert home.evaluate(DROP, [["talk.mp3", "%PDF-1.4 and so on"], [HOSTILE, "%PDF-1.7"]])
    for name in ("talk.mp3", HOSTILE):
        failed = row(home, name).get_by_role("alert")
        expect(failed).to_have_text(
            re.compile(r"not audio that earwitness reads.*give a recording such as"), timeout=WORK_MS
        )
        assert "\n" not in failed.inner_text()
    expect(home.locator(".veil")).to_be_hidden()
    assert home.locator("main script, main img").count() == 0
    home.get_by_role("button", name="Remove talk.mp3").click()
    expect(row(home, "talk.mp3")).to_have_count(0)
    assert [job["name"] for job in jobs(server)] == [HOSTILE]
    opened(home, "/").reload()
    expect(row(home, HOSTILE)).to_be_visible()
    expect(row(home, "talk.mp3")).to_have_count(0)
    home.get_by_role("button", name="Clear what has ended").click()
    expect(home.get_by_text("Under way")).to_be_hidden()
    assert jobs(server) == []
    assert len(list((server.settings.recordings / "kept").iterdir())) == 1  # that of the example


def test_an_upload_tells_how_far_it_is_and_can_be_cancelled(home: Page, server: Serving) -> None:
    network = home.context.new_cdp_session(home)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    network.send("Network.emulateNetworkConditions", slow)
    home.locator("input[type=file]").set_input_files(EXAMPLE)
    expect(row(home, EXAMPLE.name)).to_contain_text(re.compile(r"Uploading, [1-9]\d?\s% of 4 MB"))
    home.get_by_role("button", name="Cancel episode.flac").click()
    expect(row(home, EXAMPLE.name)).to_contain_text("Cancelled")
    assert jobs(server) == []


def test_options_go_with_a_recording_and_one_that_is_sent_twice_is_one_job(browser: Browser, server: Serving) -> None:
    from earwitness.server import requests

    sent: list[Request] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request)
        if len(sent) != 1 or route.request.method != "POST":
            route.continue_()
            return
        form = {"options": (None, '{"language": "en", "speakers": 2}'), "file": ("talk.mp3", b"no sound")}
        key = route.request.headers["idempotency-key"]
        with server.client() as client:  # what the browser sends, whose files Playwright does not see
            assert client.post("/api/jobs", files=form, headers={"Idempotency-Key": key}).status_code == 202
        route.abort()

    with browser.new_page(base_url=server.url) as page:
        page.route("**/api/jobs", lose_the_first_answer)
        opened(page, "/")
        page.get_by_text("Options", exact=True).click()
        page.get_by_label("Language").select_option(label="English")
        page.get_by_role("combobox", name="Speakers").select_option("2")
        expect(page.locator(".options summary")).to_contain_text("English, 2 speakers")
        page.evaluate(DROP, [["talk.mp3", "no sound"]])
        with page.expect_response(is_accepted):
            page.locator(".job", has_text="The connection broke").get_by_role(
                "button", name="Try talk.mp3 again"
            ).click()
        expect(row(page, "talk.mp3")).to_have_count(1)
    assert len(jobs(server)) == 1
    with server.service.library() as library, library.transaction(writes=False) as database:
        (work,) = database.execute("SELECT work FROM jobs ORDER BY id DESC").fetchone()
    assert requests.work_of(work).options == {"language": "en", "speakers": 2}


def test_an_address_that_cannot_be_had_is_said(browser: Browser, server: Serving) -> None:
    with browser.new_page(base_url=server.url) as page:
        opened(page, "/")
        page.get_by_label("Or from the web").fill("http://127.0.0.1:9/podcast/feed.xml")
        expect(page.get_by_role("radio", name="Podcast feed")).to_be_checked()
        page.get_by_role("button", name="Add").click()
        expect(page.locator(".address").get_by_role("alert")).to_contain_text("not on the public internet")
        page.get_by_role("radio", name="Recording").check()
        page.get_by_label("Or from the web").fill("http://127.0.0.1:9/a.mp3")
        with page.expect_response(is_accepted):
            page.keyboard.press("Enter")
        expect(row(page, "a.mp3")).to_be_visible()
    assert [job["origin"] for job in jobs(server)] == ["url"]


def test_what_is_searched_for_is_landed_on(page: Page, server: Serving) -> None:
    opened(page, "/#/search")
    page.keyboard.type('"ninety tapes"')
    hit = page.locator(".hit-link")
    expect(hit.locator("mark")).to_have_text(["ninety tapes"])
    expect(page.get_by_role("status").filter(has_text="1 place in 1 recording")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("button.play:enabled").wait_for()
    with server.client() as client:
        segments = client.get("/api/episodes/1").json()["segments"]
    words = [word for segment in segments for word in segment["words"]]
    start = next(a["start"] for a, b in pairwise(words) if "ninety tapes" in a["word"] + b["word"])
    position = page.get_by_role("slider", name="Position")
    assert float(position.get_attribute("aria-valuenow") or "nan") == pytest.approx(start, abs=1)
    expect(page.locator(".w", has_text=re.compile("^tapes")).first).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_label("Words, or a “phrase” in quotes")).to_have_value('"ninety tapes"')
    page.get_by_label("Said by").fill("speaker 1")
    expect(page.get_by_role("status").filter(has_text="Nobody says that.")).to_be_visible()


def test_the_library_is_filtered_and_what_is_deleted_is_gone(home: Page, server: Serving) -> None:
    episode = home.locator(".episode")
    expect(episode).to_contain_text(["3:29"])
    expect(episode.get_by_role("list", name="Speakers").get_by_role("listitem")).to_have_text(
        ["Speaker 1", "Speaker 2", "Speaker 3"]
    )
    home.keyboard.press("/")
    home.keyboard.type("bridge")
    expect(home.get_by_text("0 of 1 recording")).to_be_visible()
    expect(home.get_by_role("link", name="Search all that is said for “bridge”")).to_be_visible()
    home.get_by_label("Filter by title").fill("speaker 3 EPIS")
    expect(home.get_by_text("1 of 1 recording")).to_be_visible()
    home.get_by_role("button", name="Delete episode").click()
    home.get_by_role("button", name="Keep").click()
    expect(episode).to_have_count(1)
    home.get_by_role("button", name="Delete episode").click()
    home.get_by_role("button", name="Delete", exact=True).click()
    expect(episode).to_have_count(0)
    expect(home.locator(".welcome.first")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/episodes").json() == []


def test_a_voice_is_known_and_forgotten(page: Page, server: Serving) -> None:
    from earwitness.library import voices
    from earwitness.voices import Print

    found = Print(np.ones(4, np.float32), seconds=75.0)
    with server.service.library() as library:
        voices.remember(library, HOSTILE, found, embedder="none", recording="none", speaker="SPEAKER_00")
    with server.client() as client:
        opened(page, "/#/voices")
        expect(page.locator(".voice-list li")).to_contain_text(["1 min heard in 1 recording"])
        page.get_by_role("button", name=f"Forget {HOSTILE}").click()
        page.get_by_role("button", name="Forget", exact=True).click()
        expect(page.get_by_text("No voice has a name yet.")).to_be_visible()
        assert client.get("/api/voices").json() == []
    assert page.locator("main script, main img").count() == 0


def test_keyboard_only(home: Page) -> None:
    choosers: list[object] = []
    home.on("filechooser", lambda chooser: choosers.append(chooser))
    home.keyboard.press("Tab")
    expect(home.get_by_role("link", name="Skip to the content")).to_be_focused()
    home.keyboard.press("o")
    home.keyboard.press("?")
    expect(home.get_by_role("dialog")).to_contain_text("Filter the library")
    home.keyboard.press("Escape")
    home.keyboard.press("/")
    home.keyboard.press("Tab")
    expect(home.get_by_role("link", name="episode", exact=True)).to_be_focused()
    home.keyboard.press("Tab")
    home.keyboard.press("Enter")
    expect(home.get_by_role("button", name="Keep")).to_be_focused()
    home.keyboard.press("Escape")
    expect(home.get_by_role("dialog")).to_have_count(0)
    expect(home.get_by_role("button", name="Delete episode")).to_be_focused()
    home.keyboard.press("Shift+Tab")
    home.keyboard.press("Enter")
    expect(home.get_by_role("heading", level=1)).to_have_text("episode")
    assert len(choosers) == 1


def test_a_key_is_asked_for(browser: Browser, library: Path, serve: Callable[..., Serving]) -> None:
    from earwitness.server import keys

    server = serve(library, keys=True)
    with server.service.library() as opened_library:
        key = keys.new(opened_library, "Ada")
    with browser.new_page(base_url=server.url) as page:
        page.goto("/")
        sheet = page.get_by_role("dialog", name="Key")
        sheet.get_by_label("Key", exact=True).fill("ew_wrong")
        page.keyboard.press("Enter")
        expect(sheet.get_by_role("alert")).to_contain_text("no such key")
        sheet.get_by_label("Key", exact=True).fill(key)
        page.keyboard.press("Enter")
        expect(page.locator(".episode")).to_have_count(1)
        expect(sheet).to_have_count(0)
        for name in ("talk.mp3", "later.mp3"):
            with page.expect_response(is_accepted):
                page.evaluate(DROP, [[name, "no sound"]])
                if name == "later.mp3":
                    sheet.get_by_label("Key", exact=True).fill(key)
                    page.keyboard.press("Enter")
            expect(row(page, name)).to_have_count(1)  # the upload's row gives way to the job's
            page.context.clear_cookies()


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    for path in ("/#/", "/#/search?q=bridge", "/#/voices", "/#/live"):
        opened(page, path)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_what_the_microphone_hears_is_written_down_and_kept(page: Page, server: Serving) -> None:
    opened(page, "/")
    page.get_by_role("link", name="Speak").click()
    page.get_by_role("button", name="Begin").click()
    said = page.locator(".live .said")
    expect(said.locator(".partial").or_(said.locator(".final")).filter(has_text="Welcome").first).to_be_visible(
        timeout=WORK_MS
    )
    expect(said.locator(".final")).to_contain_text("island radio show", timeout=WORK_MS)
    expect(page.locator(".lag")).to_have_text(re.compile(r"\d\.\d s behind"))
    assert page.get_by_role("meter", name="Level of the microphone").get_attribute("aria-valuenow") is not None
    assert page.locator(".level canvas").evaluate(
        "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(Boolean)"
    )
    page.get_by_role("button", name="Stop").click()
    link = page.get_by_role("link", name="Open the transcript")
    expect(link).to_be_focused(timeout=WORK_MS)
    expect(page.get_by_role("log", name="What was said")).to_contain_text("Speaker 1")
    page.keyboard.press("Enter")
    expect(page.locator(".said").first).to_contain_text("Welcome back to the island radio show")
    page.locator("button.play:enabled").wait_for()


def test_axe_finds_nothing(page: Page, axe: Callable[[Page], Any]) -> None:
    for path in ("/#/", "/#/search?q=bridge", "/#/voices", "/#/live"):
        opened(page, path)
        for details in page.locator("main details").all():
            details.evaluate("one => { one.open = true; }")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert axe(page) == [], (path, scheme)
