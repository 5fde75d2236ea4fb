"""The reader, as whoever reads has it: in a browser, with a real server, a transcript of a real run, and its sound."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from serving import Serving

expect = sync_api.expect
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def shared(_transcribed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    from serving import served

    with served(Path(shutil.copytree(_transcribed, tmp_path_factory.mktemp("reader") / "served"))) as serving:
        yield serving


@pytest.fixture
def server(shared: Serving) -> Iterator[Serving]:
    """One server for all tests here; what a test corrects is taken back after it."""
    yield shared
    with shared.client() as client:
        while client.get("/api/episodes/1/corrections").json():
            client.delete("/api/episodes/1/corrections/last")


@pytest.fixture(scope="module")
def context(browser: Browser, shared: Serving) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=shared.url, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Serving) -> Iterator[Page]:
    """A tab of one browser for all tests here: it need not read the page's files anew."""
    from serving import tab

    with tab(context) as page:
        yield page


@pytest.fixture
def reader(page: Page) -> Page:
    """The example episode, opened near "That was dangerous." and ready to be heard."""
    return opened(page, "?t=40")


def opened(page: Page, query: str = "") -> Page:
    page.goto(f"/#/episode/1{query}")
    page.locator("button.play:enabled").wait_for()
    return page


def word(page: Page, text: str) -> Locator:
    return page.locator(".said .w", has_text=re.compile(rf"^{text}\W?$")).first


def time(page: Page) -> float:
    """Where the player is, in whole seconds, as the page tells it."""
    return float(page.get_by_role("slider", name="Position").get_attribute("aria-valuenow") or "nan")


def playing(page: Page) -> Locator:
    return page.get_by_role("button", name="Pause", exact=True)


def transcript(server: Serving) -> dict[str, Any]:
    with server.client() as client:
        return dict(client.get("/api/episodes/1").json())


def start_of(server: Serving, text: str) -> float:
    words = [word for segment in transcript(server)["segments"] for word in segment["words"]]
    return next(float(word["start"]) for word in words if re.fullmatch(rf" {text}\W?", word["word"]))


def test_a_click_on_a_word_plays_there_and_lights_what_is_spoken(reader: Page, server: Serving) -> None:
    word(reader, "dangerous").click()
    expect(playing(reader)).to_be_visible()
    expect(reader.locator(".w.now")).not_to_have_text("dangerous.")
    reader.keyboard.press("k")
    expect(playing(reader)).to_have_count(0)
    words = [word for segment in transcript(server)["segments"] for word in segment["words"]]
    lit = int(reader.locator(".w.now").get_attribute("data-w") or 0)
    assert start_of(server, "dangerous") < words[lit]["start"] < time(reader) + 1
    assert words[lit + 1]["start"] > time(reader) - 1


def test_a_click_on_the_waveform_plays_there(reader: Page, server: Serving) -> None:
    band = reader.locator(".lane.wave .band")
    box = band.bounding_box()
    assert box
    band.hover(position={"x": box["width"] / 2, "y": 10})
    expect(reader.locator(".tip")).to_contain_text("1:44")
    expect(reader.locator(".tip")).to_contain_text("transcribed")
    band.click(position={"x": box["width"] / 2, "y": 10})
    expect(playing(reader)).to_be_visible()
    assert time(reader) == pytest.approx(transcript(server)["duration"] / 2, abs=3)


def test_the_waveform_the_ledger_and_every_speaker_are_drawn(reader: Page) -> None:
    canvases = reader.locator(".score canvas")
    assert canvases.count() == 6  # sound, sound that was played, every second, three speakers
    for index in range(6):
        colours = canvases.nth(index).evaluate(
            "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
        )
        assert colours > 1
    expect(reader.get_by_label("What became of every second")).to_contain_text("transcribed 3:1")


def test_a_speaker_is_renamed_everywhere_and_that_can_be_undone(reader: Page, server: Serving) -> None:
    reader.locator(".lane .name", has_text="Speaker 1").click()
    reader.get_by_label("Name", exact=True).fill("Laura Lane")
    reader.keyboard.press("Enter")
    expect(reader.get_by_text("Speaker 1", exact=True)).to_have_count(0)
    reader.reload()
    expect(reader.locator(".lane .name", has_text="Laura Lane")).to_be_visible()
    expect(reader.locator(".row .name", has_text="Laura Lane").first).to_be_visible()
    expect(reader.get_by_text("Speaker 1", exact=True)).to_have_count(0)
    reader.get_by_role("button", name="Undo the last correction").click()
    expect(reader.locator(".row .name", has_text="Speaker 1").first).to_be_visible()
    expect(reader.get_by_text("Laura Lane", exact=True)).to_have_count(0)
    assert [one["name"] for one in transcript(server)["speakers"]] == ["Speaker 1", "Speaker 2", "Speaker 3"]
    reader.get_by_role("button", name="Undo the last correction").click()
    expect(reader.locator("#says")).to_have_text("There is no correction that could be taken back.")


def test_two_voices_of_one_name_become_one_and_the_others_keep_their_colours(reader: Page) -> None:
    def colours() -> dict[str, str]:
        lanes = reader.locator(".lane .name")
        return {lane.inner_text(): str(lane.evaluate("(it) => getComputedStyle(it).color")) for lane in lanes.all()}

    before = colours()
    assert len(set(before.values())) == 3
    for name in ("Speaker 1", "Speaker 2"):
        reader.locator(".lane .name", has_text=name).click()
        reader.get_by_label("Name", exact=True).fill("Laura Lane")
        reader.keyboard.press("Enter")
        expect(reader.locator(".lane .name", has_text=name)).to_have_count(0)
    expect(reader.locator(".lane .name", has_text="Laura Lane")).to_have_count(1)
    assert colours() == {"Laura Lane": before["Speaker 1"], "Speaker 3": before["Speaker 3"]}


def test_an_edited_word_stays_so_and_keeps_its_time(reader: Page, server: Serving) -> None:
    start = start_of(server, "dangerous")
    word(reader, "dangerous").dblclick()
    sentence = reader.get_by_role("textbox", name="The sentence")
    expect(sentence).to_have_text("That was dangerous.")
    sentence.fill("That was very perilous.")
    reader.keyboard.press("Enter")
    expect(word(reader, "perilous")).to_be_visible()
    reader.reload()
    expect(word(reader, "perilous")).to_be_visible()
    expect(word(reader, "dangerous")).to_have_count(0)
    assert start_of(server, "very") == start
    assert start_of(server, "was") < start < start_of(server, "perilous") < start_of(server, "How")


def test_escape_leaves_a_sentence_as_it_was(reader: Page, server: Serving) -> None:
    before = transcript(server)
    word(reader, "dangerous").dblclick()
    reader.get_by_role("textbox", name="The sentence").fill("Nothing of the kind.")
    reader.keyboard.press("Escape")
    expect(word(reader, "dangerous")).to_be_visible()
    assert transcript(server) == before


@pytest.mark.parametrize(
    ("at", "written", "sent"),
    [
        ("dangerous", "Yes, that was dangerous.", "Yes, that"),
        ("dangerous", "That was dangerous indeed.", "dangerous indeed."),
        ("dangerous", "That dangerous.", "That dangerous."),
    ],
)
def test_words_come_and_go(reader: Page, server: Serving, at: str, written: str, sent: str) -> None:
    word(reader, at).dblclick()
    reader.get_by_role("textbox", name="The sentence").fill(written)
    reader.keyboard.press("Enter")
    expect(reader.locator("#says")).to_have_text("Kept.")
    expect(reader.locator(".seg", has_text=written)).to_have_count(1)
    assert written in transcript(server)["text"]
    with server.client() as client:
        made = client.get("/api/episodes/1/corrections").json()
    assert [one["after"] in sent for one in made] == [True]


def test_words_are_given_to_another_speaker(reader: Page, server: Serving) -> None:
    word(reader, "dangerous").click(modifiers=[])
    reader.keyboard.press("k")
    reader.keyboard.press("s")
    reader.get_by_label("The name of somebody else").fill("Ada")
    reader.keyboard.press("Enter")
    expect(reader.locator(".row", has_text="That was dangerous.").get_by_role("button", name="Ada")).to_be_visible()
    expect(reader.locator(".lane .name", has_text="Ada")).to_be_visible()
    said = {one["name"]: one["id"] for one in transcript(server)["speakers"]}
    assert [s["text"] for s in transcript(server)["segments"] if s["speaker"] == said["Ada"]] == ["That was dangerous."]


def test_words_are_selected_and_given_away_by_keys(reader: Page, server: Serving) -> None:
    for key in ("]", ".", ">", ">"):
        reader.keyboard.press(key)
    expect(reader.get_by_role("toolbar", name="With the selected words")).to_be_visible()
    assert reader.evaluate("getSelection().toString()") == "was dangerous."
    reader.keyboard.press("s")
    reader.keyboard.press("ArrowDown")
    reader.keyboard.press("Enter")
    expect(reader.locator("#says")).to_contain_text("says that now")
    given = next(s for s in transcript(server)["segments"] if s["text"] == "was dangerous.")
    assert given["speaker"] == "SPEAKER_02"


def test_a_selection_is_given_away_and_linked_to(reader: Page, server: Serving) -> None:
    first, last = word(reader, "Forty"), word(reader, "months")
    expect(last).to_be_in_viewport()
    reader.evaluate(
        """() => {
            const find = (text) => [...document.querySelectorAll(".w")].find((one) => one.textContent.startsWith(text));
            getSelection().setBaseAndExtent(find("Forty").firstChild, 0, find("months").firstChild, 6);
        }"""
    )
    bar = reader.get_by_role("toolbar", name="With the selected words")
    expect(bar).to_be_visible()
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    bar.get_by_role("button", name="Copy link").click()
    link = reader.evaluate("navigator.clipboard.readText()")
    found = re.search(r"#/episode/1\?t=([\d.]+)-([\d.]+)$", link)
    assert found
    assert float(found[1]) == pytest.approx(start_of(server, "Forty"), abs=0.06)
    reader.goto(link)
    expect(first).to_have_class(re.compile("cited"))
    expect(last).to_have_class(re.compile("cited"))
    expect(word(reader, "engineers")).not_to_have_class(re.compile("cited"))
    expect(first).to_be_in_viewport()


def test_sentences_are_cut_and_joined(reader: Page, server: Serving) -> None:
    count = len(transcript(server)["segments"])
    word(reader, "river").click()
    reader.keyboard.press("k")
    reader.keyboard.press("]")
    reader.keyboard.press("[")
    for _ in range(3):
        reader.keyboard.press(".")
    reader.keyboard.press("c")
    expect(reader.get_by_role("status").filter(has_text="Cut.")).to_be_visible()
    assert len(transcript(server)["segments"]) == count + 1
    reader.keyboard.press("[")
    reader.keyboard.press("m")
    expect(reader.get_by_role("status").filter(has_text="Joined.")).to_be_visible()
    assert len(transcript(server)["segments"]) == count


def test_doubtful_places_are_reached_one_by_one(page: Page, server: Serving) -> None:
    reader = opened(page)
    words = [word for segment in transcript(server)["segments"] for word in segment["words"]]
    doubtful = [word["word"].strip() for word in words if word["probability"] < 0.5]
    assert doubtful
    expect(reader.locator(".review")).to_contain_text(f"{len(doubtful)} doubtful place")
    reader.keyboard.press("n")
    expect(reader.locator(".w.here")).to_have_text(doubtful[0])
    expect(reader.locator(".w.here")).to_have_class(re.compile("doubt"))
    expect(reader.locator(".w.here")).to_be_in_viewport()
    expect(reader.locator(".review")).to_contain_text(f"1 of {len(doubtful)}")
    expect(reader.locator("#says")).to_contain_text(" sure")
    reader.keyboard.press("Shift+N")
    expect(reader.locator(".w.here")).to_have_text(doubtful[-1])


def test_a_summary_sentence_plays_its_evidence_and_stops(reader: Page, server: Serving) -> None:
    summary = transcript(server)["summary"]["sentences"]
    first = next(s for s in transcript(server)["segments"] if s["id"] == summary[0]["evidence"][0])
    reader.get_by_label("Speed").select_option("3")
    reader.locator(".brief").get_by_role("link", name=summary[0]["text"]).click()
    expect(playing(reader)).to_be_visible()
    expect(reader.locator(".w.cited")).to_have_count(len(first["words"]))
    expect(reader.locator(".w.cited").first).to_be_in_viewport()
    expect(playing(reader)).to_have_count(0)
    assert first["start"] - 1 <= time(reader) <= first["end"] + 1


def test_what_is_found_is_gone_to(reader: Page, server: Serving) -> None:
    reader.keyboard.press("/")
    reader.keyboard.type("NINETY tapes")
    expect(reader.locator(".finder")).to_contain_text("1 of 1")
    expect(reader.locator(".w.here")).to_have_text(["ninety", "tapes"])
    expect(reader.locator(".w.here").first).to_be_in_viewport()
    starts = [w["start"] for s in transcript(server)["segments"] for w in s["words"] if w["word"] == " ninety"]
    assert time(reader) == pytest.approx(starts[1], abs=0.6)
    reader.get_by_label("Find in this transcript").fill("zeppelin")
    expect(reader.locator(".finder")).to_contain_text("Not said")


def test_the_page_follows_what_is_spoken_until_somebody_scrolls(reader: Page) -> None:
    reader.get_by_role("button", name="3:03").or_(reader.locator(".contents button").last).click()
    reader.get_by_label("Speed").select_option("3")
    expect(reader.locator(".w.now")).to_be_in_viewport()
    reader.mouse.move(600, 400)
    reader.mouse.wheel(0, -10_000)
    back = reader.get_by_role("button", name="Back to what is spoken")
    expect(back).to_be_visible()
    expect(reader.get_by_role("heading", level=1)).to_be_in_viewport()
    back.click()
    expect(reader.locator(".w.now")).to_be_in_viewport()


def test_every_format_is_downloaded(reader: Page, server: Serving) -> None:
    from earwitness.exports import FORMATS

    reader.get_by_role("button", name="Download").click()
    links = reader.locator(".menu a")
    expect(links).to_have_count(len(FORMATS))
    for index, (name, made) in enumerate(FORMATS.items()):
        if index:
            reader.get_by_role("button", name="Download").click()
        with reader.expect_download() as coming:
            links.nth(index).click()
        assert coming.value.suggested_filename == f"episode{made.suffix}"
        assert Path(coming.value.path()).stat().st_size > 0, name


def test_keyboard_only(page: Page) -> None:
    reader = opened(page)
    reader.keyboard.press("Tab")
    expect(reader.get_by_role("link", name="Skip to the content")).to_be_focused()
    reader.keyboard.press("?")
    expect(reader.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("The next doubtful place")
    reader.keyboard.press("Escape")
    expect(reader.get_by_role("dialog")).to_have_count(0)
    reader.evaluate("document.activeElement.blur()")
    reader.keyboard.press("l")
    assert time(reader) == 15
    reader.keyboard.press("j")
    assert time(reader) == 0
    reader.keyboard.press(" ")
    expect(playing(reader)).to_be_visible()
    reader.keyboard.press("k")
    reader.keyboard.press("+")
    expect(reader.get_by_label("Speed")).to_have_value("1.25")
    position = reader.get_by_role("slider", name="Position")
    for _ in range(20):
        reader.keyboard.press("Tab")
        if position.evaluate("one => one === document.activeElement"):
            break
    reader.keyboard.press("End")
    assert time(reader) == 209
    reader.keyboard.press("Home")
    reader.keyboard.press("e")
    sentence = reader.get_by_role("textbox", name="The sentence")
    expect(sentence).to_be_focused()
    reader.keyboard.press("End")
    reader.keyboard.press("Backspace")
    reader.keyboard.type(" tonight.")
    reader.keyboard.press("Enter")
    expect(reader.locator("#says")).to_have_text("Kept.")
    expect(reader.locator(".seg").first).to_have_text("Welcome back to the island radio show tonight.")
    reader.keyboard.press("r")
    reader.keyboard.type("Laura")
    reader.keyboard.press("Enter")
    expect(reader.locator(".lane .name", has_text="Laura")).to_be_visible()
    reader.keyboard.press("u")
    expect(reader.locator(".lane .name", has_text="Laura")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(reader: Page, width: int) -> None:
    reader.set_viewport_size({"width": width, "height": 844})
    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    for label in ("Play", "15 seconds back (J)", "15 seconds forward (L)", "Follow"):
        box = reader.get_by_role("button", name=label, exact=True).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    word(reader, "dangerous").click()
    expect(playing(reader)).to_be_visible()


def test_dark_as_the_system_or_as_chosen(reader: Page) -> None:
    def paper() -> str:
        return str(reader.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = paper()
    reader.emulate_media(color_scheme="dark")
    dark = paper()
    assert dark != light
    reader.get_by_role("button", name="Theme: as the system").click()
    assert paper() == light
    reader.reload()
    assert paper() == light
    reader.get_by_role("button", name="Theme: light").click()
    assert paper() == dark
    reader.evaluate("localStorage.clear()")


def test_text_of_users_stays_text(page: Page, server: Serving) -> None:
    with server.client() as client:
        at = next(s for s in transcript(server)["segments"] if s["text"] == "That was dangerous.")
        text = {"kind": "text", "start": at["start"], "end": at["end"], "before": at["text"], "after": HOSTILE}
        name = {"kind": "name", "speaker": "SPEAKER_00", "name": HOSTILE}
        for correction in (text, name):
            assert client.post("/api/episodes/1/corrections", json=correction).status_code == 200
    opened(page, "?t=40")
    expect(page.locator(".said", has_text=HOSTILE)).to_have_count(1)
    assert page.get_by_role("button", name=HOSTILE).count() > 1
    assert page.locator("main script, main img").count() == 0
    page.locator(".lane .name", has_text=HOSTILE).click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)


def test_words_and_paragraphs_are_told_to_screen_readers(reader: Page) -> None:
    rows = reader.get_by_role("list", name="What is said").get_by_role("listitem")
    count = int(rows.first.get_attribute("aria-setsize") or 0)
    assert [rows.nth(0).get_attribute("aria-posinset"), rows.nth(1).get_attribute("aria-posinset")] == ["1", "2"]
    assert count >= rows.count()
    headings = reader.get_by_role("heading", level=1)
    expect(headings).to_have_text("episode")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing(page: Page, axe: Callable[[Page], list[Any]], scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, "?t=44.7")
    assert axe(page) == []
    word(page, "dangerous").dblclick()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert axe(page) == []


def test_what_must_be_doubted_is_said(page: Page, server: Serving) -> None:
    content = transcript(server)
    first, second = content["summary"]["sentences"][:2]
    first["unsupported"] = True
    second["evidence"] = [18, 19]
    content["summary"]["unread"] = [50, 51]
    content["overlaps"] = [{"start": 60.8, "end": 61.9, "speakers": ["SPEAKER_00", "SPEAKER_01"]}]
    content["events"] = [{"start": 0.0, "end": 0.3, "label": "<jingle>", "score": 0.9}]
    content["coverage"][-1]["kind"] = "dropped"
    page.route("**/api/episodes/1", lambda route: route.fulfill(json=content))
    opened(page)
    expect(page.locator(".unsupported").first).to_contain_text(f"{first['text']} 0:11 unsupported")
    links = page.locator(".brief .told", has_text=second["text"]).locator(".cite")
    expect(links).to_have_count(2)
    page.get_by_text("Not read by the summariser: 2 places").click()
    expect(page.locator(".checks li")).to_have_count(2)
    page.get_by_text("Spoken at once: 1 place").click()
    expect(page.locator(".review li")).to_have_text("1:00 1.1 s: Speaker 1, Speaker 2")
    expect(page.locator(".event")).to_have_text("[<jingle> 0:00–0:00]")
    expect(page.locator(".legend")).to_contain_text("speech without words")


def test_a_recording_in_which_nobody_speaks(page: Page, server: Serving) -> None:
    content = transcript(server)
    content |= {name: [] for name in ("segments", "turns", "speakers", "chapters", "keywords", "overlaps")}
    content |= {"language": "und", "text": "", "summary": None, "description": None}
    page.route("**/api/episodes/1", lambda route: route.fulfill(json=content))
    page.goto("/#/episode/1")
    expect(page.locator(".facts-row p")).to_have_text("3:29 · 0 words")
    said, below = page.locator(".rows .empty").bounding_box(), page.locator(".middle footer").bounding_box()
    assert said
    assert below
    assert said["y"] + said["height"] <= below["y"]


def test_a_proposed_voice_is_confirmed(page: Page, server: Serving) -> None:
    content = transcript(server)
    content["speakers"][1].update(proposal="Victor Stone", proposal_probability=0.934)
    page.route("**/api/episodes/1", lambda route: route.fulfill(json=content))
    opened(page)
    expect(page.locator(".proposal")).to_contain_text("perhaps Victor Stone, 93")
    page.get_by_role("button", name="Yes, Speaker 2 is Victor Stone").click()
    expect(page.locator(".lane .name", has_text="Victor Stone")).to_be_visible(timeout=30_000)
    expect(page.locator(".proposal")).to_have_count(0)
    with server.client() as client:
        assert [voice["name"] for voice in client.get("/api/voices").json()] == ["Victor Stone"]


def test_all_of_it_is_printed(reader: Page) -> None:
    rows = reader.locator(".rows > .row")
    total = int(rows.first.get_attribute("aria-setsize") or 0)
    assert rows.count() < total
    reader.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(rows).to_have_count(total)


def test_a_key_is_asked_for_where_the_server_wants_one(
    browser: Browser, library: Path, serve: Callable[..., Serving]
) -> None:
    from earwitness.server import keys

    server = serve(library, keys=True)
    with server.service.library() as opened_library:
        key = keys.new(opened_library, "Ada")
    with browser.new_page(base_url=server.url) as page:
        page.goto("/#/episode/1")
        page.get_by_label("Key", exact=True).and_(page.locator("input")).fill("ew_wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("no such key")
        page.get_by_label("Key", exact=True).and_(page.locator("input")).fill(key)
        page.keyboard.press("Enter")
        page.locator("button.play:enabled").wait_for()
        word(page, "guest").click()
        expect(playing(page)).to_be_visible()


def test_an_episode_that_is_not_there_is_said(browser: Browser, server: Serving) -> None:
    with browser.new_page(base_url=server.url) as page:
        page.goto("/#/episode/99")
        expect(page.get_by_role("alert")).to_have_text("no episode has the number 99")
        for address in ("/#/episode/", "/#/episode/%zz", "/#/episode/x"):
            page.goto("about:blank")
            page.goto(address)
            expect(page.get_by_role("alert")).to_have_text("There is nothing at this address.")


def test_without_its_recording_an_episode_is_read(
    browser: Browser, library: Path, serve: Callable[..., Serving]
) -> None:
    server = serve(library)
    server.service.recordings.remove(str(transcript(server)["source"]["sha256"]))
    with browser.new_page(base_url=server.url) as page:
        page.goto("/#/episode/1")
        expect(page.locator(".no-sound")).to_have_text("The recording is not kept here; only the transcript is.")
        word(page, "guest").click()
        expect(word(page, "guest")).to_have_class(re.compile("now"))
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_disabled()
