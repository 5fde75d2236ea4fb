"""Transcripts as JSON: ours, Whisper's, whisperX's, Podcasting 2.0's, and plain lists of words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from earwitness.errors import TranscriptError
from earwitness.evaluation.readers.checks import seconds, span
from earwitness.evaluation.truth import Truth, Utterance, of_transcript, of_utterances, of_words
from earwitness.types import SCHEMA, Transcript, Word

_OURS = SCHEMA.partition("/")[0]
_KNOWN = "a transcript has `segments` with `text` or `body`, `words`, `text`, or is a list of {word, start, end}"


def read(text: str, name: str) -> Truth:
    """Whichever of them it is; a word or segment of impossible times is an error that names it."""
    try:
        content = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"is not JSON ({error})") from error
    if isinstance(content, list):
        return of_words(name, list(_words(content, "")))
    if not isinstance(content, dict):
        raise TranscriptError(f"holds no transcript: {_KNOWN}")
    if str(content.get("schema", "")).startswith(_OURS):
        return _ours(content, name)
    if isinstance(content.get("segments"), list):
        return _segments(content, name)
    return _answer(content, name)


def _ours(content: Mapping[str, Any], name: str) -> Truth:
    transcript = Transcript.from_dict(content)
    for segment in transcript.segments:
        span(segment.start, segment.end, f"segment {segment.id}")
        for word in segment.words:
            span(word.start, word.end, f"segment {segment.id}, word {word.word.strip()!r}")
    for turn in transcript.turns:
        span(turn.start, turn.end, f"turn {turn.id}")
    return of_transcript(transcript, name=name)


def _segments(content: Mapping[str, Any], name: str) -> Truth:
    """Whisper's, whisperX's (which adds speakers), and Podcasting 2.0's (which calls the text `body`)."""
    utterances: list[Utterance] = []
    words: list[Word] = []
    for number, segment in enumerate(content["segments"]):
        where = f"segments[{number}]"
        if not isinstance(segment, dict) or not isinstance(said := segment.get("text", segment.get("body")), str):
            raise TranscriptError(f"{where} has neither `text` nor `body`; {_KNOWN}")
        start = segment.get("start", segment.get("startTime"))
        end = segment.get("end", segment.get("endTime"))
        times = (None, None) if start is None or end is None else span(start, end, where)
        utterances.append(Utterance(said.strip(), _speaker(segment), *times))
        words += _words(segment.get("words") or [], f"{where}.words")
    language = content.get("language")
    return of_utterances(name, utterances, words=words, language=language if isinstance(language, str) else None)


def _answer(content: Mapping[str, Any], name: str) -> Truth:
    """What OpenAI's API answers where nobody asks for segments: the text, and perhaps the words."""
    said, language = content.get("text"), content.get("language")
    if not isinstance(said, str | None) or (said is None and "words" not in content):
        raise TranscriptError(f"holds no transcript: {_KNOWN}")
    truth = of_words(name, list(_words(content.get("words") or [], "words")))
    return replace(
        truth,
        text=truth.text if said is None else said.strip(),
        words=truth.words or None,
        language=language if isinstance(language, str) else None,
    )


def _words(entries: Any, where: str) -> Iterator[Word]:
    """Words with times. WhisperX leaves the times of what it could not align out: those are no use here."""
    if not isinstance(entries, list):
        raise TranscriptError(f"{where} is not a list of words")
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        if not isinstance(entry, dict) or not isinstance(word := entry.get("word"), str):
            raise TranscriptError(f"{place} has no `word`; {_KNOWN}")
        if "start" in entry and "end" in entry:
            start, end = span(entry["start"], entry["end"], place)
            yield Word(
                word if word[:1].isspace() else f" {word}", start, end, _probability(entry, place), _speaker(entry)
            )


def _probability(entry: Mapping[str, Any], where: str) -> float:
    """The recogniser's. WhisperX's `score` is how well the word fits its place, which is another thing."""
    return min(1.0, seconds(entry.get("probability", 1.0), f"{where}.probability"))


def _speaker(entry: Mapping[str, Any]) -> str | None:
    return str(entry["speaker"]).strip() or None if entry.get("speaker") is not None else None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number that JSON knows")
