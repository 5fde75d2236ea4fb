"""What browsers are told of a recording, and the copy of what they do not play: real files of many kinds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from earwitness.audio import load
from earwitness.server.listenable import type_of, write_copy
from earwitness.toolkit.encoding import Form, encode
from sounds import EPISODE, RATE, speech

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from serving import Serving

PLAYED = [
    (Form("wav", "pcm_s24le"), "audio/wav"),
    (Form("flac", "flac"), "audio/flac"),
    (Form("mp3", "libmp3lame", 64_000), "audio/mpeg"),
    (Form("ogg", "libopus", 64_000), "audio/ogg"),
    (Form("ipod", "aac", 64_000), "audio/mp4"),
    (Form("webm", "libopus", 64_000), "audio/webm"),
]
COPIED = [
    Form("asf", "wmav2", 64_000),
    Form("aiff", "pcm_s16be"),
    Form("caf", "pcm_s16le"),
    Form("amr", "libopencore_amrnb", 12_200),
    Form("ac3", "ac3", 64_000),
    Form("wav", "adpcm_ima_wav"),
    Form("wav", "pcm_f64le"),
    Form("ipod", "alac"),
    Form("mov", "pcm_s16le"),
    Form("matroska", "libopus", 64_000),
    Form("adts", "aac", 64_000),
    Form("mp2", "mp2", 64_000),
]
SECONDS = 12


def clicks() -> np.ndarray:
    """A tick in the middle of every second, and hiss in every other second, for which some codecs need more bytes."""
    sound = np.zeros(SECONDS * RATE, np.float32)
    tick = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 100) / RATE)
    for second in range(SECONDS):
        if second % 2:
            hiss = np.random.default_rng(second).standard_normal(RATE)
            sound[second * RATE : (second + 1) * RATE] = 0.05 * hiss
        middle = second * RATE + RATE // 2
        sound[middle : middle + len(tick)] = tick
    return sound


def heard(path: Path) -> list[float]:
    """When the ticks are heard: where each second is loudest."""
    sound = np.abs(load(path).samples)
    return [second + float(np.argmax(sound[second * RATE : (second + 1) * RATE])) / RATE for second in range(SECONDS)]


def made(path: Path, form: Form, sound: np.ndarray) -> Path:
    rate = 8000 if form.container == "amr" else RATE
    encode([sound[:: RATE // rate]], rate, path, form)
    return path


@pytest.mark.parametrize(("form", "told"), PLAYED, ids=str)
def test_what_browsers_play_is_told_by_container_and_codec(form: Form, told: str, tmp_path: Path) -> None:
    assert type_of(made(tmp_path / "x.mp3", form, clicks())) == told


@pytest.mark.parametrize("form", COPIED, ids=str)
def test_of_what_they_do_not_play_there_is_a_copy_with_the_same_times(form: Form, tmp_path: Path) -> None:
    recording = made(tmp_path / "x.mp3", form, clicks())
    assert type_of(recording) is None
    write_copy(recording, tmp_path / "copy")
    assert type_of(tmp_path / "copy") == "audio/mp4"
    assert heard(tmp_path / "copy") == pytest.approx(heard(recording), abs=0.02)
    late_s = 0.08 if form.container == "adts" else 0.05  # bare AAC cannot say how late its encoder was
    assert heard(tmp_path / "copy") == pytest.approx([second + 0.5 for second in range(SECONDS)], abs=late_s)


def test_mp3_in_which_browsers_guess_where_a_time_is_is_copied(tmp_path: Path) -> None:
    advertisement = made(tmp_path / "a.mp3", Form("mp3", "libmp3lame", 128_000), clicks())
    talk = made(tmp_path / "b.mp3", Form("mp3", "libmp3lame", 32_000), clicks())
    (tmp_path / "both.mp3").write_bytes(advertisement.read_bytes() + talk.read_bytes())
    assert [type_of(path) for path in (advertisement, talk, tmp_path / "both.mp3")] == [
        "audio/mpeg",
        "audio/mpeg",
        None,
    ]


def test_what_is_no_recording_is_told_nothing_of(tmp_path: Path) -> None:
    (tmp_path / "page.wav").write_text("<script>alert(1)</script>")
    (tmp_path / "list.mp3").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    assert [type_of(tmp_path / name) for name in ("page.wav", "list.mp3", "none.wav")] == [None] * 3
    assert type_of(EPISODE) == "audio/flac"


def test_a_recording_that_the_browser_does_not_play_is_heard_and_gone_about_in(
    page: Page, server: Serving, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    from serving import upload

    with server.client() as client:
        job = upload(client, made(tmp_path / "talk.aiff", Form("aiff", "pcm_s16be"), speech(12.0, 36.0)), speakers=1)
        number = job["episode"]
        part = client.get(f"/api/episodes/{number}/audio", headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"ftyp", "audio/mp4")
        page.goto(f"/#/episode/{number}")
        page.locator("button.play:enabled").wait_for()
        sound = "u => new Promise(done => { const a = new Audio(u); a.onloadedmetadata = () => done(a.duration); })"
        assert page.evaluate(sound, f"/api/episodes/{number}/audio") == pytest.approx(12.0, abs=0.05)
        page.locator(".said .w", has_text=re.compile(r"^dangerous\W?$")).first.click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        expect(page.locator(".w.now")).not_to_have_text("dangerous.")
        recording = client.get(f"/api/episodes/{number}").json()["source"]["sha256"]
        kept = server.service.recordings
        assert kept.heard(recording) == kept.copy(recording)
        assert kept.path(recording).read_bytes() == (tmp_path / "talk.aiff").read_bytes()
        assert client.delete(f"/api/episodes/{number}").status_code == 204
        assert list(server.settings.recordings.rglob(f"{recording}*")) == []
