"""What a script says, and what is wrong with one that says nothing."""

from __future__ import annotations

import pytest

from earwitness.errors import OptionError, ScriptError
from earwitness.evaluation.synth.script import (
    CAST,
    Gain,
    Heading,
    Line,
    Music,
    Noise,
    Overlap,
    Pause,
    Room,
    Script,
    Telephone,
    Voice,
    parse,
    voices_of,
)  # fmt: skip

EVERYTHING = """\ufeff# A comment.
[voice Host en-us+f4 rate=170 pitch=55 gain=-1.5]
[voice Dr. Who de]

## The beginning
[music -20]
[pause 1.5]
  Host: It is 12:30, isn't it?
[music off]
[overlap 0.8]
Dr. Who: [laughs] Yes: it is.
### Still a comment.
[gain 3]
[gain Dr. Who -6]
[telephone Dr. Who]
[telephone Dr. Who off]
[room 0.3]
[room off]
[noise -50]
[noise off]
Host:    Goodbye.
[pause 2]
"""


def test_every_line_is_read() -> None:
    script = parse(EVERYTHING, "all.txt")
    assert script.name == "all.txt"
    assert script.voices == {"Host": Voice("en-us+f4", 170, 55, -1.5), "Dr. Who": Voice("de", 165, 50, 0.0)}
    assert script.items == (
        Heading("The beginning"), Music(-20.0), Pause(1.5), Line("Host", "It is 12:30, isn't it?"), Music(None),
        Overlap(0.8), Line("Dr. Who", "[laughs] Yes: it is."), Gain(3.0), Gain(-6.0, "Dr. Who"), Telephone("Dr. Who"),
        Telephone("Dr. Who", on=False), Room(0.3), Room(None), Noise(-50.0), Noise(None), Line("Host", "Goodbye."),
        Pause(2.0),
    )  # fmt: skip
    assert [item.line for item in script.lines] == [8, 11, 21]


def test_line_ends_of_any_system() -> None:
    assert parse("A: one.\r\nB: two.\r\n", "x").items == parse("A: one.\nB: two.", "x").items


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.txt: nothing is said in it; write lines such as Host: Welcome."),
        ("# Host: hello\n[pause 1]", "s.txt: nothing is said in it"),
        ("Host: hello\nand more", "line 2: 'and more' is no turn; write Speaker: text, ## Title, "),
        ("x" * 100, f"line 1: '{'x' * 40}…' is no turn"),
        ("Host: ...", "line 1: Host says nothing but '...'; give words"),
        ("##\nHost: hello", "line 1: a chapter needs a title"),
        ("## One\n## Two\nHost: hello", "line 1: nothing is said in the chapter 'One'"),
        ("Host: hello\n## End\n[pause 3]", "line 2: nothing is said in the chapter 'End'"),
        ("[musik -20]\nHost: hello", "line 1: no directive is called 'musik'; did you mean 'music'?"),
        ("[]\nHost: hello", "line 1: no directive is called ''; there are voice, pause, overlap"),
        ("[pause 1\nHost: hello", "line 1: the bracket is not closed"),
        ("[pause]\nHost: hello", "line 1: write [pause SECONDS]"),
        ("[pause 1 2]\nHost: hello", "line 1: write [pause SECONDS]"),
        ("[pause soon]\nHost: hello", "line 1: 'soon' is not a number"),
        ("[pause -1]\nHost: hello", "line 1: a pause must lie between 0 and 3600, not -1"),
        ("[pause nan]\nHost: hello", "line 1: a pause must lie between 0 and 3600, not nan"),
        ("[room 60]\nHost: hello", "line 1: a room must lie between 0.05 and 5, not 60"),
        ("[noise 3]\nHost: hello", "line 1: noise must lie between -120 and 0, not 3"),
        ("[music inf]\nHost: hello", "line 1: music must lie between -120 and 0, not inf"),
        ("[gain 99]\nHost: hello", "line 1: a gain must lie between -60 and 20, not 99"),
        ("[voice Host]\nHost: hello", "line 1: write [voice SPEAKER VOICE rate=165 pitch=50 gain=0]"),
        ("[voice Host en rate=fast]\nHost: hello", "line 1: 'fast' is not a number"),
        ("[voice Host en rate=10]\nHost: hello", "line 1: rate must lie between 80 and 450, not 10"),
        ("[voice Host en speed=10]\nHost: hello", "line 1: write [voice SPEAKER VOICE"),
        ("[voice Host rate=100 en]\nHost: hello", "line 1: write [voice SPEAKER VOICE"),
        ("[voice Host en]\n[voice Host de]\nHost: hello", "line 2: Host already has the voice 'en'"),
        ("[voice Hots en]\nHost: hello", "line 1: 'Hots' says nothing; did you mean 'Host'?"),
        ("Host: hello\n[gain Guest -6]", "line 2: 'Guest' says nothing; there are Host"),
        ("Host: hello\n[telephone Gast]\nGuest: hi", "line 2: 'Gast' says nothing; did you mean 'Guest'?"),
        ("[overlap 1]\nHost: hello", "line 1: nothing is said before this overlap"),
        ("Host: hello\n[overlap 1]", "line 2: nothing is said after this overlap"),
        ("A: one\n[overlap 1]\n[pause 1]\nB: two", "line 3: a turn cannot begin after a pause and overlap"),
        ("A: one\n[pause 1]\n[overlap 1]\nB: two", "line 3: a turn cannot begin after a pause and overlap"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, "s.txt")
    assert str(caught.value).startswith("s.txt")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scripts_made_by_programs_are_checked_too() -> None:
    with pytest.raises(ScriptError, match="made: 'Bob' says nothing"):
        Script("made", (Line("Ann", "Hello."),), {"Bob": Voice("en")})
    with pytest.raises(OptionError, match="a pause must lie"):
        Pause(-1.0)


def test_speakers_without_a_voice_get_those_of_the_cast_that_are_free() -> None:
    script = parse(f"A: one\nB: two\nC: three\n[voice B {CAST[0].name}]", "x")
    assert voices_of(script) == {"A": CAST[1], "B": Voice(CAST[0].name), "C": CAST[2]}


def test_forty_speakers_have_forty_voices() -> None:
    script = parse("\n".join(f"Speaker {number}: hello" for number in range(40)), "x")
    voices = list(voices_of(script).values())
    assert len({(voice.name, voice.rate_wpm, voice.pitch) for voice in voices}) == 40
    assert voices[: len(CAST)] == list(CAST)
