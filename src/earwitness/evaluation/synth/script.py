"""What a synthetic podcast is made from: a text that reads like a script, and the values that it stands for.

    # A comment. One thing a line; blank lines mean nothing.
    [voice Host en-us+f4 rate=165 pitch=55 gain=-1]
    ## Welcome
    Host: Welcome to the show.
    [pause 1.2]
    Guest: Thank you for having me.

`## Title` begins a chapter and `Speaker: text` is a turn. Directives stand in brackets; all but the first three hold
from there on, until another one changes them:

    [voice SPEAKER VOICE rate=165 pitch=50 gain=0]    a voice of espeak-ng; who has none gets one of `CAST`
    [pause SECONDS]            silence before the next turn, instead of the usual 0.6 s; at the end, after the last one
    [overlap SECONDS]          the next turn begins so long before what was said until then ends
    [gain DB]                  everybody is louder, or softer, than they are by themselves
    [gain SPEAKER DB]          one speaker is
    [telephone SPEAKER]        a speaker is heard over a telephone line; [telephone SPEAKER off] ends it
    [room SECONDS]             voices reverberate, so long to fall by 60 dB; [room off] ends it
    [noise DB]                 white noise; [noise off] ends it
    [music DB]                 music, under the speech or, with a pause, alone; [music off] ends it

Levels of noise and music are those of their root mean square in dB of full scale; speech of gain 0 has about -20.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from earwitness.errors import OptionError, ScriptError
from earwitness.types import Seconds

OFF = "off"
MAX_PAUSE_S = 3600.0
MAX_OVERLAP_S = 60.0
RATES_WPM = (80.0, 450.0)
PITCHES = (0.0, 99.0)
GAINS_DB = (-60.0, 20.0)
LEVELS_DB = (-120.0, 0.0)
ROOM_S = (0.05, 5.0)


def _require(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also where it is not a number
        raise OptionError(f"{what} must lie between {low:g} and {high:g}, not {value:g}")


@dataclass(frozen=True)
class Voice:
    """A voice of espeak-ng such as `en-us+f4`, its words a minute, its pitch (0 to 99), and its loudness."""

    name: str
    rate_wpm: int = 165
    pitch: int = 50
    gain_db: float = 0.0
    line: int | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        _require("rate", self.rate_wpm, *RATES_WPM)
        _require("pitch", self.pitch, *PITCHES)
        _require("gain", self.gain_db, *GAINS_DB)


@dataclass(frozen=True)
class _Placed:
    """`line` is where it stands in the file, for messages."""

    line: int | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True)
class Line(_Placed):
    """A turn: what a speaker says in one go."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Heading(_Placed):
    """A chapter begins with the next turn, or with the music before it."""

    title: str


@dataclass(frozen=True)
class Pause(_Placed):
    """Silence before the next turn, instead of the usual one; several add up."""

    seconds: Seconds

    def __post_init__(self) -> None:
        _require("a pause", self.seconds, 0, MAX_PAUSE_S)


@dataclass(frozen=True)
class Overlap(_Placed):
    """The next turn begins so long before what was said until then ends.

    It does not begin before the turn before it did, nor while the same speaker still speaks.
    """

    seconds: Seconds

    def __post_init__(self) -> None:
        _require("an overlap", self.seconds, 0, MAX_OVERLAP_S)


@dataclass(frozen=True)
class Gain(_Placed):
    """From here on so much louder than the voice is by itself: one speaker, or everybody; the two add up."""

    db: float
    speaker: str | None = None

    def __post_init__(self) -> None:
        _require("a gain", self.db, *GAINS_DB)


@dataclass(frozen=True)
class Telephone(_Placed):
    """From here on a speaker is heard over a telephone line, or no longer."""

    speaker: str
    on: bool = True


@dataclass(frozen=True)
class Room(_Placed):
    """From here on voices reverberate: the time they take to fall by 60 dB, none for no room."""

    seconds: Seconds | None

    def __post_init__(self) -> None:
        if self.seconds is not None:
            _require("a room", self.seconds, *ROOM_S)


@dataclass(frozen=True)
class Noise(_Placed):
    """From here on white noise at this level (RMS, dB of full scale), or none."""

    level_db: float | None

    def __post_init__(self) -> None:
        if self.level_db is not None:
            _require("noise", self.level_db, *LEVELS_DB)


@dataclass(frozen=True)
class Music(_Placed):
    """From here on music at this level (RMS, dB of full scale), or none."""

    level_db: float | None

    def __post_init__(self) -> None:
        if self.level_db is not None:
            _require("music", self.level_db, *LEVELS_DB)


Item: TypeAlias = Line | Heading | Pause | Overlap | Gain | Telephone | Room | Noise | Music


@dataclass(frozen=True)
class Script:
    """A podcast to be spoken: its items in order, and the voices of the speakers that were given one.

    Raises:
        ScriptError: nothing is said, a speaker is named who says nothing, a chapter is empty, or an overlap has no
            turn before or after it or a pause beside it.
    """

    name: str
    items: tuple[Item, ...]
    voices: Mapping[str, Voice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for problem, line in (*_unknown_speakers(self), *_misplaced(self)):
            raise self.error(problem, line)

    def error(self, problem: str, line: int | None = None) -> ScriptError:
        """An error that says where in the script it is."""
        return ScriptError(f"{self.name}{f', line {line}' if line else ''}: {problem}")

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(item for item in self.items if isinstance(item, Line))


CAST = (
    Voice("en-us+f4", 165, 55), Voice("en-us+m3", 155, 42), Voice("en-gb-scotland+m2", 170, 62),
    Voice("en-gb-x-rp+f3", 160, 50), Voice("en-us+m7", 165, 45), Voice("en-us+f2", 170, 60),
    Voice("en-us-nyc+m6", 160, 48), Voice("en-us+linda", 165, 50, -1), Voice("en+m4", 160, 40), Voice("en+f5", 155, 52),
    Voice("en-us+Michael", 165, 50, -2), Voice("en-us+Andrea", 165, 50, -5), Voice("en+m8", 170, 55, 3),
    Voice("en+f1", 165, 58, -2), Voice("en-us+m1", 160, 50), Voice("en-us", 165, 50),
)  # fmt: skip
"""Voices for speakers that have none, about equally loud; the demo model knows them."""


def voices_of(script: Script) -> dict[str, Voice]:
    """Everybody's voice, in the order of their first turns: their own, or the first of `CAST` that is not taken.

    After the last one the cast begins again, higher or lower.

    >>> voices_of(parse("Ann: Hi. \\nBob: Hello.\\n[voice Ann en-us+m3]", "x"))["Bob"].name
    'en-us+f4'
    """
    taken = {voice.name for voice in script.voices.values()}
    free = [voice for voice in CAST if voice.name not in taken] or list(CAST)
    found: dict[str, Voice] = {}
    extras = 0
    for speaker in dict.fromkeys(line.speaker for line in script.lines):
        if speaker in script.voices:
            found[speaker] = script.voices[speaker]
            continue
        again, index = divmod(extras, len(free))
        found[speaker] = replace(free[index], pitch=(free[index].pitch + 30 * again) % 100)
        extras += 1
    return found


def parse(text: str, name: str) -> Script:
    """Reads a script; `name` is what messages and the transcript call it.

    Raises:
        ScriptError: a line that means nothing, with its number and the remedy.

    >>> script = parse("## Hello\\nHost: Good morning.\\n[pause 2]\\nGuest: Good night.", "short")
    >>> script.items[1:3]
    (Line(line=2, speaker='Host', text='Good morning.'), Pause(line=3, seconds=2.0))
    """
    items: list[Item] = []
    voices: dict[str, Voice] = {}
    for number, written in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        try:
            for read in _read(written.strip()):
                if isinstance(read, tuple):
                    speaker, voice = read
                    if speaker in voices:
                        raise OptionError(f"{speaker} already has the voice {voices[speaker].name!r}; give one")
                    voices[speaker] = replace(voice, line=number)
                else:
                    items.append(replace(read, line=number))
        except OptionError as problem:
            raise ScriptError(f"{name}, line {number}: {problem}") from None
    return Script(name, tuple(items), voices)


# Lines ------------------------------------------------------------------------------------------------------------

_TURN = re.compile(r"([^:\[\]#]+?)\s*:\s+(\S.*)")
_CHAPTER = re.compile(r"##(?!#)\s*(.*)")


def _read(line: str) -> Iterator[Item | tuple[str, Voice]]:
    """What a line stands for, if anything."""
    if match := _CHAPTER.fullmatch(line):
        if not match[1]:
            raise OptionError("a chapter needs a title; write ## Title")
        yield Heading(match[1])
    elif line.startswith("["):
        yield _directive(line)
    elif match := _TURN.fullmatch(line):
        if not any(character.isalnum() for character in match[2]):
            raise OptionError(f"{match[1]} says nothing but {match[2]!r}; give words")
        yield Line(match[1], match[2])
    elif line and not line.startswith("#"):
        shown = line if len(line) <= 40 else f"{line[:40]}…"
        raise OptionError(f"{shown!r} is no turn; write Speaker: text, ## Title, [directive] or # comment")


_USAGES = {
    "voice": "[voice SPEAKER VOICE rate=165 pitch=50 gain=0]",
    "pause": "[pause SECONDS]",
    "overlap": "[overlap SECONDS]",
    "gain": "[gain DB] or [gain SPEAKER DB]",
    "telephone": "[telephone SPEAKER] or [telephone SPEAKER off]",
    "room": "[room SECONDS] or [room off]",
    "noise": "[noise DB] or [noise off]",
    "music": "[music DB] or [music off]",
}


def _directive(line: str) -> Item | tuple[str, Voice]:
    if not line.endswith("]"):
        raise OptionError("the bracket is not closed; a directive has a line to itself and ends with ]")
    match line[1:-1].split():
        case ["voice", *words]:
            return _voice(words)
        case ["pause", seconds]:
            return Pause(_number(seconds))
        case ["overlap", seconds]:
            return Overlap(_number(seconds))
        case ["gain", db]:
            return Gain(_number(db))
        case ["gain", *speaker, db]:
            return Gain(_number(db), " ".join(speaker))
        case ["telephone", *speaker, "off"] if speaker:
            return Telephone(" ".join(speaker), on=False)
        case ["telephone", *speaker] if speaker:
            return Telephone(" ".join(speaker))
        case ["room", seconds]:
            return Room(None if seconds == OFF else _number(seconds))
        case ["noise", db]:
            return Noise(None if db == OFF else _number(db))
        case ["music", db]:
            return Music(None if db == OFF else _number(db))
        case [name, *_] if name in _USAGES:
            raise OptionError(f"write {_USAGES[name]}")
        case words:
            name = "".join(words[:1])
            raise OptionError(f"no directive is called {name!r}; {_hint(name, _USAGES)}")


def _voice(words: Sequence[str]) -> tuple[str, Voice]:
    names = [word for word in words if "=" not in word]
    settings = dict(word.split("=", 1) for word in words[len(names) :] if "=" in word)
    if len(names) < 2 or len(names) + len(settings) != len(words) or settings.keys() - {"rate", "pitch", "gain"}:
        raise OptionError(f"write {_USAGES['voice']}")
    rate, pitch = (round(_number(settings.get(name, default))) for name, default in (("rate", "165"), ("pitch", "50")))
    return " ".join(names[:-1]), Voice(names[-1], rate, pitch, _number(settings.get("gain", "0")))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"{text!r} is not a number; write one such as 1.5") from None


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"


# Checks of the whole --------------------------------------------------------------------------------------------------

_Problem: TypeAlias = tuple[str, int | None]


def _unknown_speakers(script: Script) -> Iterator[_Problem]:
    known = dict.fromkeys(line.speaker for line in script.lines)
    if not known:
        yield "nothing is said in it; write lines such as Host: Welcome.", None
    named = [(speaker, voice.line) for speaker, voice in script.voices.items()]
    named += [(item.speaker, item.line) for item in script.items if isinstance(item, Gain | Telephone) and item.speaker]
    for speaker, line in named:
        if speaker not in known:
            yield f"{speaker!r} says nothing; {_hint(speaker, known)}", line


def _misplaced(script: Script) -> Iterator[_Problem]:
    """Chapters in which nothing is said, and overlaps with nothing before or after them, or with a pause."""
    heading: Heading | None = None
    overlap: Overlap | None = None
    pause: Pause | None = None
    is_first = True
    for item in (*script.items, Heading("")):
        match item:
            case Heading():
                if heading:
                    yield (
                        f"nothing is said in the chapter {heading.title!r}; give it a turn, or leave it out",
                        heading.line,
                    )
                heading = item
            case Line():
                heading = overlap = pause = None
                is_first = False
            case Overlap():
                if is_first:
                    yield "nothing is said before this overlap; begin with a turn", item.line
                overlap = item
            case Pause():
                pause = item
        if overlap and pause:
            yield "a turn cannot begin after a pause and overlap; leave one of them out", item.line
    if overlap:
        yield "nothing is said after this overlap; leave it out", overlap.line
