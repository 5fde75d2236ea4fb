"""Text to speech with espeak-ng: samples, and every word with the time it begins and ends.

The times are the synthesiser's own: it tells of each word and of each phoneme the sample at which it starts. espeak-ng
(GPL-3.0) is reached through the shared library that the package `espeakng-loader` carries; nothing of it is part of
earwitness.

The library keeps its state (phases, automatic gain) in process-wide variables that none of its functions resets, so the
same words would sound a little different each time. It is therefore loaded afresh for each text and unloaded after it,
in some five milliseconds, under a lock, and its random numbers get a seed: what `speak` returns depends on its
arguments alone, and threads may call it. (Where somebody else in the process holds the same library, it stays loaded;
speech then differs by a few samples from one time to the next.)

Source: https://github.com/espeak-ng/espeak-ng, `src/include/espeak-ng/speak_lib.h` and `espeak_ng.h`.
"""

from __future__ import annotations

import ctypes as c
import difflib
import re
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import ExtraError, ModelError, OptionError
from earwitness.types import Seconds
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

NAME = "espeak-ng"
DEFAULT_VOICE = "en-us"
RATES_WPM = (80, 450)
"""The slowest and the fastest that espeak-ng speaks by itself."""
PITCHES = (0, 99)

# Numbers of speak_lib.h.
_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS, _INITIALIZE_DONT_EXIT = 0x0001, 0x8000
_CHARS_UTF8, _POS_CHARACTER = 1, 1
_PARAMETER_RATE, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 3, 4
_EVENT_LIST_TERMINATED, _EVENT_WORD, _EVENT_END, _EVENT_PHONEME = 0, 1, 5, 7
PAUSE = "_"
"""The names of phonemes that are pauses begin with this."""

_INT16 = 32768
_SEED = 1
"""Of the breath in some voices (en-us+f2)."""
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F, *range(0xD800, 0xE000)), " ")
"""Control characters would be commands to espeak-ng; surrogates cannot be written in UTF-8."""
_TOKEN = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff][^\w\s]*|[^\s\u3005-\u3007\u3040-\u30ff\u3400-\u9fff]+")
"""A word is what stands between white space; in Chinese and Japanese, a character."""


@dataclass(frozen=True)
class SpokenWord:
    """A word of the text with its punctuation, the index of its first character, and when it is said."""

    text: str
    offset: int
    start: Seconds
    end: Seconds


@dataclass(frozen=True)
class SpokenPhoneme:
    """A sound by espeak-ng's name for it, stress and length marks with it ("'oU", "i:", pauses "_:"), and its time."""

    name: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, eq=False)
class Speech:
    """What was said: float32 samples, shape (n,), in [-1, 1], 16 kHz mono, and the words and the phonemes in order."""

    samples: FloatArray
    words: tuple[SpokenWord, ...]
    phonemes: tuple[SpokenPhoneme, ...] = ()

    @property
    def duration(self) -> Seconds:
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class _Event:
    """What begins at a sample of espeak-ng's own rate; `at` is the index of its character, `name` a phoneme's."""

    kind: int
    at: int
    sample: int
    name: str

    @property
    def is_pause(self) -> bool:
        return self.name.startswith(PAUSE)


@dataclass(frozen=True)
class _Span:
    """Characters of the text, or samples at espeak-ng's own rate."""

    start: int
    end: int


def speak(
    text: str, voice: str = DEFAULT_VOICE, *, rate_wpm: int = 165, pitch: int = 50, pitch_range: int = 50
) -> Speech:
    """Speaks a text; one without anything to say (empty, or only punctuation) gives no samples and no words.

    Every word of the text gets a time, from the beginning of its first phoneme to the end of its last. Where espeak-ng
    says several in one go ("of the"), they share its time by their length; a dash that stands alone goes with the word
    before it.

    Args:
        text: plain text in any script that the voice reads; markup is read out.
        voice: a language or voice of espeak-ng and, after a plus sign, a variant: "de", "en-us+f4".
        rate_wpm: words a minute, 80 to 450.
        pitch: 0 to 99; 50 is the voice's own.
        pitch_range: 0 to 99, monotonous to lively.

    Raises:
        OptionError: there is no such voice, or a number is out of its range.
        ExtraError: the extra `tts` is not installed.
        ModelError: espeak-ng cannot speak.

    >>> speech = speak("Hello, world!", "en-us+f4")
    >>> [(word.text, word.offset) for word in speech.words]
    [('Hello,', 0), ('world!', 7)]
    """
    text = text.translate(_CONTROLS)
    samples, events, rate_hz = _synthesize(text, _identifier(voice), _parameters(rate_wpm, pitch, pitch_range))
    if not any(event.kind == _EVENT_WORD for event in events):
        return Speech(np.zeros(0, np.float32), ())
    resampled = _package("soxr").resample(samples.astype(np.float32) / _INT16, rate_hz, SAMPLE_RATE_HZ)
    words = tuple(
        SpokenWord(text[word.start : word.end], word.start, span.start / rate_hz, span.end / rate_hz)
        for word, span in _timed(text, events)
    )
    return Speech(np.asarray(resampled, np.float32), words, tuple(_phonemes(events, len(samples), rate_hz)))


def sound(text: str, voice: str = DEFAULT_VOICE, *, rate_wpm: int = 165) -> tuple[FloatArray, int]:
    """The samples of `speak`, float32 (n,), as espeak-ng makes them, and their rate in hertz: nothing is resampled."""
    parameters = _parameters(rate_wpm, pitch=50, pitch_range=50)
    samples, events, rate_hz = _synthesize(text.translate(_CONTROLS), _identifier(voice), parameters)
    if not any(event.kind == _EVENT_WORD for event in events):
        samples = samples[:0]
    return samples.astype(np.float32) / np.float32(_INT16), rate_hz


@cache
def own_rate() -> int:
    """The rate of what espeak-ng makes, in hertz."""
    with _library() as (_, rate_hz):
        return rate_hz


def voices() -> Mapping[str, str]:
    """Names of voices, in lower case, to their languages (ISO 639-1 where there is a code)."""
    return {name: _language(identifier) for name, identifier in _voices().items()}


def variants() -> tuple[str, ...]:
    """What may stand after the plus sign of a voice."""
    return tuple(sorted(path.name for path in (_data() / "voices" / "!v").iterdir()))


def require_voice(voice: str) -> str:
    """The language that a voice speaks.

    Raises:
        OptionError: there is no such voice; the message names those that are near.
        ExtraError: the extra `tts` is not installed.

    >>> require_voice("en-gb-scotland+m2")
    'en'
    """
    return _language(_identifier(voice).partition("+")[0])


def package_version() -> str:
    """The version of the package that carries espeak-ng."""
    _package("espeakng_loader")
    return version("espeakng-loader")


def _parameters(rate_wpm: int, pitch: int, pitch_range: int) -> dict[int, int]:
    for name, value, (low, high) in (
        ("rate_wpm", rate_wpm, RATES_WPM), ("pitch", pitch, PITCHES), ("pitch_range", pitch_range, PITCHES),
    ):  # fmt: skip
        if not low <= value <= high:
            raise OptionError(f"{name} must lie between {low} and {high}, not {value}")
    return {_PARAMETER_RATE: rate_wpm, _PARAMETER_PITCH: pitch, _PARAMETER_RANGE: pitch_range}


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ExtraError(f"{name} is not installed, and espeak-ng needs it; pip install 'earwitness[tts]'") from error


def _data() -> Path:
    return Path(_package("espeakng_loader").get_data_path())


# The library ------------------------------------------------------------------------------------------------------


class _EventStruct(c.Structure):
    _fields_ = [
        ("type", c.c_int), ("unique_identifier", c.c_uint), ("text_position", c.c_int), ("length", c.c_int),
        ("audio_position", c.c_int), ("sample", c.c_int), ("user_data", c.c_void_p), ("id", c.c_char * 8),
    ]  # fmt: skip


class _VoiceStruct(c.Structure):
    _fields_ = [
        ("name", c.c_char_p), ("languages", c.c_void_p), ("identifier", c.c_char_p), ("gender", c.c_ubyte),
        ("age", c.c_ubyte), ("variant", c.c_ubyte), ("xx1", c.c_ubyte), ("score", c.c_int), ("spare", c.c_void_p),
    ]  # fmt: skip


_Callback = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_EventStruct))
_lock = threading.Lock()


@contextmanager
def _library() -> Iterator[tuple[Any, int]]:
    """The library as it is when it has just been loaded, and its sample rate; one thread at a time."""
    path = _package("espeakng_loader").get_library_path()
    with _lock:
        try:
            library = c.CDLL(path)
        except OSError as error:
            raise ModelError(
                f"espeak-ng cannot be loaded ({error}); pip install --force-reinstall espeakng-loader"
            ) from error
        try:
            library.espeak_Synth.argtypes = [
                c.c_char_p, c.c_size_t, c.c_uint, c.c_int, c.c_uint, c.c_uint, c.c_void_p, c.c_void_p,
            ]  # fmt: skip
            options = _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_DONT_EXIT
            rate_hz = library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, str(_data()).encode(), options)
            if rate_hz <= 0:
                raise ModelError(f"espeak-ng cannot read {_data()}; pip install --force-reinstall espeakng-loader")
            library.espeak_ng_SetRandSeed(c.c_long(_SEED))  # it has just taken the time of day for one
            yield library, rate_hz
        finally:
            library.espeak_Terminate()
            _unload(library)


def _unload(library: Any) -> None:
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


def _synthesize(text: str, voice: str, parameters: Mapping[int, int]) -> tuple[Any, list[_Event], int]:
    """Samples (int16), what begins at which of them, and their rate."""
    blocks: list[Any] = [np.zeros(0, np.int16)]
    events: list[_Event] = []

    def collect(samples: Any, count: int, structs: Any) -> int:
        if count > 0 and samples:
            blocks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while (struct := structs[index]).type != _EVENT_LIST_TERMINATED:
            if struct.type in (_EVENT_WORD, _EVENT_END, _EVENT_PHONEME):
                name = struct.id.decode(errors="replace") if struct.type == _EVENT_PHONEME else ""
                events.append(_Event(struct.type, struct.text_position - 1, struct.sample, name))
            index += 1
        return 0

    with _library() as (library, rate_hz):
        callback = _Callback(collect)  # in a variable, as the library holds but a pointer to it
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ModelError(f"espeak-ng cannot load its voice {voice!r}; choose another one")
        for parameter, value in parameters.items():
            library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        if library.espeak_Synth(data, len(data) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None) != 0:
            raise ModelError(f"espeak-ng cannot speak {text[:40]!r} with its voice {voice!r}; choose another one")
    return np.concatenate(blocks), events, rate_hz


# Voices -----------------------------------------------------------------------------------------------------------


@cache
def _voices() -> dict[str, str]:
    """Languages, files and identifiers, in lower case -> identifier."""
    found: dict[str, str] = {}
    with _library() as (library, _):
        library.espeak_ListVoices.restype = c.POINTER(c.POINTER(_VoiceStruct))
        structs = library.espeak_ListVoices(None)
        index = 0
        while structs[index]:
            voice = structs[index].contents
            index += 1
            identifier = voice.identifier.decode()
            if identifier.startswith("mb/"):  # MBROLA voices are other files, which the package does not have
                continue
            for name in (*_languages(voice.languages), identifier.rpartition("/")[2], identifier):
                found.setdefault(name.lower(), identifier)
    return found


def _languages(address: int) -> Iterator[str]:
    """Each is a byte of priority, the name and a zero; another zero is the end."""
    while c.string_at(address, 1) != b"\0":
        name = c.string_at(address + 1)
        yield name.decode()
        address += len(name) + 2


def _identifier(voice: str) -> str:
    base, plus, variant = voice.partition("+")
    identifier = _voices().get(base.lower())
    if identifier is None:
        raise _no_such("voice", base, _voices())
    if plus and variant not in variants():
        raise _no_such("variant of a voice", variant, variants())
    return f"{identifier}{plus}{variant}"


def _no_such(what: str, name: str, known: Sequence[str] | Mapping[str, str]) -> OptionError:
    near = difflib.get_close_matches(name.lower(), list(known), n=4, cutoff=0.5)
    hint = f"near are {', '.join(near)}" if near else "try en-us, en-gb, de, fr or en-us+f4"
    return OptionError(f"espeak-ng has no {what} {name!r}; {hint}")


def _language(identifier: str) -> str:
    tag = identifier.rpartition("/")[2].partition("-")[0].lower()
    return "zh" if tag == "cmn" else tag


def _phonemes(events: Sequence[_Event], samples: int, rate_hz: int) -> Iterator[SpokenPhoneme]:
    """Each from its event to the next one's; those without any length are left out."""
    found = [event for event in events if event.kind == _EVENT_PHONEME]
    for event, end in zip(found, (*(event.sample for event in found[1:]), samples), strict=True):
        if event.sample < end:
            yield SpokenPhoneme(event.name, event.sample / rate_hz, end / rate_hz)


# Times ------------------------------------------------------------------------------------------------------------


def _timed(text: str, events: Sequence[_Event]) -> list[tuple[_Span, _Span]]:
    """The words of a text: the characters of each, and its samples."""
    tokens = [_Span(*match.span()) for match in _TOKEN.finditer(text)]
    heard: list[list[_Span]] = [[] for _ in tokens]
    firsts = [index for index, event in enumerate(events) if event.kind == _EVENT_WORD]
    for token, span in zip(_tokens_of(tokens, [events[i].at for i in firsts]), _spans(events, firsts), strict=True):
        heard[token].append(span)
    # A group is a token that was heard and those after it that were not; the first also has those before it.
    openings = [index for index, spans in enumerate(heard) if spans]
    edges = [0, *openings[1:], len(tokens)]
    return [
        word
        for opening, (first, last) in zip(openings, pairwise(edges), strict=True)
        for word in _shared(text, tokens[first:last], opening - first, heard[opening])
    ]


def _spans(events: Sequence[_Event], firsts: Sequence[int]) -> list[_Span]:
    """From each word's event, and after a pause from its first phoneme, to the pause after it or the next word."""
    spans = []
    after_pause = True
    for first, last in pairwise([*firsts, len(events)]):
        phonemes = [event for event in events[first + 1 : last] if event.kind == _EVENT_PHONEME]
        after_pause = after_pause or bool(phonemes and phonemes[0].is_pause)
        sounds = [index for index, phoneme in enumerate(phonemes) if not phoneme.is_pause]
        start = phonemes[sounds[0]].sample if sounds and after_pause else events[first].sample
        # The pause that ends a word, else the next word, else the end of the speech.
        rest = phonemes[sounds[-1] + 1 :] if sounds else phonemes
        end = (rest[0] if rest else events[min(last, len(events) - 1)]).sample
        spans.append(_Span(start, max(start, end)))
        after_pause = bool(rest)
    return spans


def _tokens_of(tokens: Sequence[_Span], positions: Sequence[int]) -> list[int]:
    """The token that each word event means.

    An event lies in its token, or in the white space before it (after some apostrophes espeak-ng is one short), or
    beyond it (a symbol that is read as several words).
    """
    starts = [token.start for token in tokens]
    inside = [max(0, bisect_right(starts, position) - 1) for position in positions]
    found: list[int] = []
    for token, position, following in zip(inside, positions, [*inside[1:], len(tokens)], strict=True):
        is_short = position >= tokens[token].end and token + 1 < following
        found.append(max([token + is_short, *found[-1:]]))
    return found


def _shared(text: str, tokens: Sequence[_Span], main: int, heard: Sequence[_Span]) -> list[tuple[_Span, _Span]]:
    """Words and samples of tokens of which only `main` was heard, once or in several parts."""
    words = _joined(text, tokens, main)
    if len(words) == len(heard):
        return list(zip(words, heard, strict=True))
    start, length = heard[0].start, heard[-1].end - heard[0].start
    sizes = [0, *accumulate(word.end - word.start for word in words)]
    edges = [start + length * size // sizes[-1] for size in sizes]
    return [(word, _Span(a, b)) for word, (a, b) in zip(words, pairwise(edges), strict=True)]


def _joined(text: str, tokens: Sequence[_Span], main: int) -> list[_Span]:
    """Tokens without a letter or digit that were not heard go with the one before, at the very beginning after."""
    words: list[_Span] = []
    opening: int | None = None
    for index, token in enumerate(tokens):
        if index == main or any(character.isalnum() for character in text[token.start : token.end]):
            words.append(_Span(token.start if opening is None else opening, token.end))
            opening = None
        elif words:
            words[-1] = _Span(words[-1].start, token.end)
        elif opening is None:
            opening = token.start
    return words
