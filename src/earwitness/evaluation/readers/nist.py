"""The line formats of NIST's evaluations: RTTM (who speaks when), STM (who says what when), CTM (words with times)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from earwitness.errors import TranscriptError
from earwitness.evaluation.readers.checks import seconds, span
from earwitness.evaluation.truth import Truth, Utterance, of_words
from earwitness.types import Turn, Word

IGNORED = "ignore_time_segment_in_scoring"
"""What an STM says where nothing shall be scored."""

_UNKNOWN = "<unk>"
_LABEL = re.compile(r"<\S*>$")
# TED-LIUM parts clitics from their words: "it 's". An apostrophe that begins a word, as in 'cause, stays where it is.
_CLITIC = re.compile(r"(?<=\w) '(?=(?:s|m|d|t|ll|re|ve)\b)", re.IGNORECASE)


def read_rttm(text: str, name: str) -> Truth:
    """The turns of one recording's SPEAKER lines; lines of other types, and turns of no length, say nothing of it."""
    turns: list[Turn] = []
    recordings: list[str] = []
    rows = [(where, row) for where, row in _rows(text) if row[0] == "SPEAKER"]
    if text.strip() and not rows:
        raise TranscriptError("has no SPEAKER line, so it is no RTTM")
    for where, row in rows:
        if len(row) < 8:
            raise TranscriptError(f"{where}: a SPEAKER line has at least 8 fields, this has {len(row)}")
        start, duration = seconds(row[3], where), seconds(row[4], where)
        recordings.append(row[1])
        if duration:
            turns.append(Turn(start, start + duration, row[7]))
    _one_recording(recordings)
    return Truth(name, turns=tuple(turns))


def read_stm(text: str, name: str) -> Truth:
    """Utterances of one recording, `file channel speaker start end <label> text`; the label may be missing.

    Lines that say `ignore_time_segment_in_scoring` are left out, and so is `<unk>`.
    """
    utterances: list[Utterance] = []
    recordings: list[str] = []
    for where, row in _rows(text):
        if len(row) < 5:
            raise TranscriptError(f"{where}: an STM line is `file channel speaker start end text`")
        start, end = span(row[3], row[4], where)
        recordings.append(row[0])
        said = row[6:] if len(row) > 5 and _LABEL.match(row[5]) and row[5] != _UNKNOWN else row[5:]
        if IGNORED not in said:
            words = " ".join(word for word in said if word != _UNKNOWN)
            utterances.append(Utterance(_CLITIC.sub("'", words), row[2], start, end))
    _one_recording(recordings)
    utterances.sort(key=lambda said: said.start or 0.0)
    return Truth(name, " ".join(said.text for said in utterances), tuple(utterances), turns=_turns(utterances))


def read_ctm(text: str, name: str) -> Truth:
    """Words of one recording, `file channel start duration word confidence`; the confidence may be missing."""
    words: list[Word] = []
    recordings: list[str] = []
    for where, row in _rows(text):
        if len(row) < 5:
            raise TranscriptError(f"{where}: a CTM line is `file channel start duration word`")
        start, duration = seconds(row[2], where), seconds(row[3], where)
        recordings.append(row[0])
        words.append(Word(f" {row[4]}", start, start + duration, _probability(row[5:6], where)))
    _one_recording(recordings)
    return of_words(name, sorted(words, key=lambda word: word.start))


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """The fields of every line but comments and empty ones, each with what to call the line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(";;"):
            yield f"line {number}", line.split()


def _one_recording(names: Iterable[str]) -> None:
    found = list(dict.fromkeys(names))
    if len(found) > 1:
        several = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise TranscriptError(f"holds {len(found)} recordings ({several}); give a file with one of them")


def _turns(utterances: Sequence[Utterance]) -> tuple[Turn, ...]:
    """A turn an utterance, as the annotators parted them."""
    return tuple(
        Turn(said.start, said.end, said.speaker)
        for said in utterances
        if said.start is not None and said.end is not None and said.end > said.start
    )


def _probability(fields: Sequence[str], where: str) -> float:
    return min(1.0, seconds(fields[0], where)) if fields and fields[0] != "NA" else 1.0
