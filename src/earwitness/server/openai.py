"""Transcripts as OpenAI's audio API gives them.

Source: OpenAI's API reference, "Create transcription", and the types of its Python client.
"""

from __future__ import annotations

import json
import math
import string
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from earwitness.errors import EarwitnessError
from earwitness.exports import FORMATS
from earwitness.server.problems import FailedError, openai_error, status_of
from earwitness.types import Segment, Transcript, Word
from earwitness.words import spelled

SHAPES = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
"""The values of `response_format`."""
LEAST = 1e-10
"""The least probability that has a logarithm here."""
_NAMES = """
af afrikaans am amharic ar arabic as assamese az azerbaijani ba bashkir be belarusian bg bulgarian bn bengali bo tibetan
br breton bs bosnian ca catalan cs czech cy welsh da danish de german el greek en english es spanish et estonian
eu basque fa persian fi finnish fo faroese fr french gl galician gu gujarati ha hausa haw hawaiian he hebrew hi hindi
hr croatian ht haitian_creole hu hungarian hy armenian id indonesian is icelandic it italian ja japanese jw javanese
ka georgian kk kazakh km khmer kn kannada ko korean la latin lb luxembourgish ln lingala lo lao lt lithuanian
lv latvian mg malagasy mi maori mk macedonian ml malayalam mn mongolian mr marathi ms malay mt maltese my myanmar
ne nepali nl dutch nn nynorsk no norwegian oc occitan pa punjabi pl polish ps pashto pt portuguese ro romanian
ru russian sa sanskrit sd sindhi si sinhala sk slovak sl slovenian sn shona so somali sq albanian sr serbian
su sundanese sv swedish sw swahili ta tamil te telugu tg tajik th thai tk turkmen tl tagalog tr turkish tt tatar
uk ukrainian ur urdu uz uzbek vi vietnamese yi yiddish yo yoruba yue cantonese zh chinese
""".split()
LANGUAGES = {code: name.replace("_", " ") for code, name in zip(_NAMES[::2], _NAMES[1::2], strict=True)}
"""ISO 639-1 codes, and Whisper's names for the languages, which the API gives."""


def text_of(transcript: Transcript) -> str:
    """The text, word by word: where segments end makes no difference to it, so that it can be told before they do."""
    return spelled(transcript.words).lstrip()


def plain(transcript: Transcript, *, logprobs: bool) -> dict[str, Any]:
    """json: the text, and how sure its words are where that is asked for."""
    found = {"text": text_of(transcript), "usage": _usage(transcript)}
    return {**found, "logprobs": _logprobs(_led(transcript.words))} if logprobs else found


def verbose(
    transcript: Transcript, tokens: Sequence[Sequence[int]], task: str, granularities: Sequence[str]
) -> dict[str, Any]:
    """verbose_json: segments, each with its tokens, and words where they are asked for."""
    found: dict[str, Any] = {
        "task": task,
        "duration": transcript.duration,
        "language": LANGUAGES.get(transcript.language, transcript.language),
        "text": text_of(transcript),
        "usage": _usage(transcript),
    }
    if "segment" in granularities:
        found["segments"] = [_segment(*one) for one in zip(transcript.segments, tokens, strict=True)]
    if "word" in granularities:
        found["words"] = [
            {"word": word.word.strip(), "start": word.start, "end": word.end} for word in transcript.words
        ]
    return found


def diarized(transcript: Transcript, names: Mapping[str, str]) -> dict[str, Any]:
    """diarized_json: who says what; `names` are labels -> what speakers are to be called, if not A, B and so on."""
    return {
        "task": "transcribe",
        "duration": transcript.duration,
        "text": text_of(transcript),
        "segments": list(_turns(transcript, names)),
        "usage": _usage(transcript),
    }


def subtitles(transcript: Transcript, shape: str) -> bytes:
    """srt or vtt, without speakers."""
    unnamed = tuple(
        replace(one, speaker=None, words=tuple(replace(word, speaker=None) for word in one.words))
        for one in transcript.segments
    )
    return FORMATS[shape].write(replace(transcript, segments=unnamed, speakers=(), turns=()))


class Events:
    """The events of a stream: words as they become certain, then the rest, the speakers and the end."""

    def __init__(self, *, logprobs: bool) -> None:
        self._logprobs = logprobs
        self._said = ""
        self.words = 0
        """How many have been told."""

    def delta(self, words: Sequence[Word]) -> bytes:
        """The next words; one at least."""
        words = words if self.words else _led(words)
        self.words += len(words)
        self._said += spelled(words)
        more = {"logprobs": _logprobs(words)} if self._logprobs else {}
        return _event({"type": "transcript.text.delta", "delta": spelled(words), **more})

    def end(self, transcript: Transcript, names: Mapping[str, str] | None) -> Iterator[bytes]:
        """What is left to tell; with `names` (of `diarized`) of the speakers, too.

        Raises:
            FailedError: the transcript says something else than was told, as one can that was begun again by chance.
        """
        if spelled(_led(transcript.words[: self.words])) != self._said:
            raise FailedError("it was heard a second time, and otherwise; send it again")
        if rest := transcript.words[self.words :]:
            yield self.delta(rest)
        for turn in _turns(transcript, names) if names is not None else ():
            yield _event(turn)
        more = {"logprobs": _logprobs(_led(transcript.words))} if self._logprobs else {}
        done = {"type": "transcript.text.done", "text": text_of(transcript), "usage": _usage(transcript)}
        yield _event({**done, **more})


def error_event(error: EarwitnessError) -> bytes:
    """What is wrong, in a stream that has begun."""
    return _event({"type": "error", "error": openai_error(status_of(error), str(error), error)})


def _led(words: Sequence[Word]) -> Sequence[Word]:
    """Words from the beginning of a text, without a space before the first."""
    return [replace(words[0], word=words[0].word.lstrip()), *words[1:]] if words else []


def _logprobs(words: Sequence[Word]) -> list[dict[str, Any]]:
    """How sure the recogniser is of each word: it tells that of words, not of the tokens in them."""
    return [
        {"token": word.word, "bytes": [*word.word.encode()], "logprob": math.log(max(word.probability, LEAST))}
        for word in words
    ]


def _turns(transcript: Transcript, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    letters = _letters(transcript, names)
    for segment in transcript.segments:
        yield {
            "type": "transcript.text.segment",
            "id": f"seg_{segment.id:03d}",
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "speaker": letters.get(segment.speaker or "", "A"),
        }


def _letters(transcript: Transcript, names: Mapping[str, str]) -> dict[str, str]:
    """Labels -> their names, and the others in order of appearance A, B, ... Z, AA, AB and so on."""
    taken = set(names.values())
    letters = ("".join(pair) for pair in product(("", *string.ascii_uppercase), string.ascii_uppercase))
    free = (letter for letter in letters if letter not in taken)
    return {one.id: names.get(one.id) or next(free) for one in transcript.speakers}


def _segment(segment: Segment, tokens: Sequence[int]) -> dict[str, Any]:
    raw = segment.text.encode()
    return {
        "id": segment.id,
        "seek": int(segment.start * 100),
        "start": segment.start,
        "end": segment.end,
        "text": spelled(segment.words),
        "tokens": [*tokens],
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": transcript.duration}


def _event(content: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()
