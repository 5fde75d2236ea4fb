from __future__ import annotations

import json

import pytest

from earwitness.cli.captions import BOLD, CLEARED, DIM, PLAIN, Firming, JsonLines, Lines
from earwitness.live import Closed, Final, Partial
from earwitness.types import Word


def said(text: str, start: float = 0.0) -> tuple[Word, ...]:
    return tuple(Word(f" {word}", start + at, start + at + 0.5, 0.9) for at, word in enumerate(text.split()))


EVENTS = (
    Partial(said("Good"), 1.5),
    Final(said("Good"), 2.5),
    Partial(said("evening to", 1.0), 3.1),
    Final(said("evening,\x1b[31m", 1.0), 4.0),
    Closed(0.0, 3.0, said("Good evening,\x1b[31m"), "SPEAKER_01", 4.0),
)


def shown(events: tuple[object, ...], capsys: pytest.CaptureFixture[str], kind: type[Lines]) -> list[str]:
    captions, found = kind(), []
    for event in events:
        captions.show(event)  # type: ignore[arg-type]
        found.append(capsys.readouterr().out)
    return found


def test_a_terminal_shows_what_firms_up_and_how_late(capsys: pytest.CaptureFixture[str]) -> None:
    partial, final, both, _, closed = shown(EVENTS, capsys, Firming)
    assert partial == f"{CLEARED}{BOLD}{PLAIN}{DIM} Good  1.0 s{PLAIN}"
    assert final == f"{CLEARED}{BOLD}Good{PLAIN}{DIM}   2.0 s{PLAIN}"
    assert both == f"{CLEARED}{BOLD}Good{PLAIN}{DIM} evening to  0.6 s{PLAIN}"
    assert closed == f"{CLEARED}0:00 Speaker 2: Good evening,[31m\n"  # what was heard controls no terminal


def test_the_line_is_never_longer_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    words = said("and so on and so on and so on and so on")
    for line in shown((Final(words, 12.0), Partial(words, 13.0)), capsys, Firming):
        for code in (CLEARED, BOLD, DIM, PLAIN):
            line = line.replace(code, "")
        assert len(line) <= 30


def test_elsewhere_a_line_for_each_stretch(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(EVENTS, capsys, Lines) == ["", "", "", "", "0:00 Speaker 2: Good evening,[31m\n"]


def test_json_has_times_to_the_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines().show(Final((Word(" so", 0.1 + 0.2, 1.0, 0.5),), 2.00049))
    content = json.loads(capsys.readouterr().out)
    assert (content["event"], content["at"], content["words"][0]["start"]) == ("final", 2.0, 0.3)
