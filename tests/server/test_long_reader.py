"""Five hours in the reader: 50,000 words, of which only those near the window are in the page."""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested by Playwright, not installed")

from earwitness.library.episodes import keep  # noqa: E402
from earwitness.library.store import Library  # noqa: E402
from earwitness.types import (  # noqa: E402
    Chapter,
    Coverage,
    EngineInfo,
    Segment,
    SourceInfo,
    Speaker,
    Transcript,
    Turn,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from serving import Serving

expect = sync_api.expect
HOURS, WORDS = 5, 50_000
VOCABULARY = (
    "the bridge was built in winter and nobody knew how long it would stand before that great storm came".split()
)
MOST_ROWS = 60

SCROLLED = """async (pixels) => {
    const [frames, spent] = [[], []];
    const end = document.documentElement.scrollHeight - innerHeight;
    const pane = document.querySelector(".rows");
    let most = 0;
    await new Promise((done) => {
        let last = performance.now();
        const step = (now) => {
            frames.push(now - last);
            last = now;
            most = Math.max(most, pane.querySelectorAll(".row").length);
            if (frames.length > 600 || scrollY >= end - 1) done();
            else { scrollBy(0, pixels); requestAnimationFrame(step); }
        };
        requestAnimationFrame(step);
    });
    return { frames: frames.slice(2), most, scrolled: scrollY };
}"""


def five_hours() -> Transcript:
    """Two people talk for five hours, in sentences of some fourteen words; every fiftieth word is doubtful."""
    draw = random.Random(7)
    step = HOURS * 3600 / WORDS
    segments: list[Segment] = []
    turns: list[Turn] = []
    at, said = 0.0, 0
    while said < WORDS:
        speaker = f"SPEAKER_0{len(turns) % 3}"
        first = len(segments)
        for _ in range(draw.randint(1, 5)):
            words = tuple(
                Word(
                    f" {draw.choice(VOCABULARY)}", at + i * step, at + (i + 0.8) * step,
                    0.3 if (said + i) % 50 == 7 else 0.95, speaker, 0.9,
                )
                for i in range(draw.randint(4, 24))
            )  # fmt: skip
            text = "".join(word.word for word in words).strip()
            segments.append(Segment(len(segments), words[0].start, words[-1].end, text, speaker, words))
            at, said = at + len(words) * step, said + len(words)
        turns.append(
            Turn(segments[first].start, segments[-1].end, speaker, len(turns), tuple(range(first, len(segments))))
        )
    each = math.ceil(len(segments) / 40)
    parts = [segments[first : first + each] for first in range(0, len(segments), each)]
    chapters = tuple(
        Chapter(i, part[0].start, part[-1].end, f"Chapter {i + 1}", tuple(segment.id for segment in part))
        for i, part in enumerate(parts)
    )
    return Transcript(
        SourceInfo("five hours.wav", "5" * 64, at), EngineInfo("fake", "fake", "builtin", None), "en",
        segments=tuple(segments), turns=tuple(turns), chapters=chapters,
        speakers=tuple(Speaker(f"SPEAKER_0{i}", f"Speaker {i + 1}", at / 3) for i in range(3)),
        coverage=(Coverage(0.0, at, "transcribed"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def long_server(_has_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    from serving import served

    with served(tmp_path_factory.mktemp("long")) as server:
        with Library(server.settings.library) as library:
            keep(library, five_hours())
        server.service.recordings.write_peaks("5" * 64, {"data": [-9, 9] * (HOURS * 72_000), "length": HOURS * 72_000})
        yield server


@pytest.fixture
def page_of_hours(browser: Browser, long_server: Serving) -> Iterator[Page]:
    with browser.new_page(base_url=long_server.url, viewport={"width": 1280, "height": 900}) as page:
        page.goto("/#/episode/1")
        page.locator(".said .w").first.wait_for()
        yield page


def test_only_what_is_near_the_window_is_in_the_page(page_of_hours: Page) -> None:
    page = page_of_hours
    rows = page.locator(".rows > .row")
    total = int(rows.first.get_attribute("aria-setsize") or 0)
    assert total > 1000
    assert rows.count() < MOST_ROWS
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(f".row[aria-posinset='{total}']")).to_be_in_viewport()
    assert rows.count() < MOST_ROWS


def test_a_time_far_off_is_gone_to_at_once(page_of_hours: Page) -> None:
    page = page_of_hours
    page.goto("/#/episode/1?t=9000-9002")
    cited = page.locator(".w.cited")
    expect(cited.first).to_be_in_viewport()
    assert 4 <= cited.count() <= 7
    chapter = page.locator(".contents li[aria-current]")
    expect(chapter).to_contain_text("Chapter 20")
    expect(chapter).to_be_in_viewport(ratio=1)
    page.keyboard.press("n")
    expect(page.locator(".w.here")).to_be_in_viewport()
    expect(page.locator(".review")).to_contain_text("of 1,0")


@pytest.mark.slow
def test_a_correction_is_answered_before_somebody_wonders(long_server: Serving, record_property: Any) -> None:
    with long_server.client() as client:
        spent = []
        for word in (five_hours().segments[number].words[2] for number in (300, 2000, 3000)):
            asked = {
                "kind": "text",
                "start": word.start,
                "end": word.end,
                "before": word.word.strip(),
                "after": "Bridge",
            }
            began = time.process_time()
            answer = client.post("/api/episodes/1/corrections", json=asked)
            spent.append(time.process_time() - began)
            assert not answer.json()["unfit"]
            assert client.get("/api/episodes/1").json() == answer.json()["transcript"]
        for _ in spent:
            client.delete("/api/episodes/1/corrections/last")
    record_property("processor_s", spent)
    assert sorted(spent)[1] < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("pixels", [40, 240], ids=["reading", "flinging"])
def test_five_hours_scroll_as_fast_as_the_screen(page_of_hours: Page, pixels: int, record_property: Any) -> None:
    page_of_hours.wait_for_timeout(5_000)  # it measures its rows in idle moments
    found = page_of_hours.evaluate(SCROLLED, pixels)
    frames = sorted(found["frames"])
    told = {
        "frames": len(frames), "median_ms": frames[len(frames) // 2], "p95_ms": frames[int(0.95 * len(frames))],
        "over_50_ms": sum(frame > 50 for frame in frames), "rows": found["most"],
    }  # fmt: skip
    for name, value in told.items():
        record_property(name, value)
    print(told)
    assert told["median_ms"] < 17.5
    assert told["p95_ms"] < 34
    assert told["rows"] < MOST_ROWS
