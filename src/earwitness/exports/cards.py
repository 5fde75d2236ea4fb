"""Words to subtitle cards: at most two lines each, cut where a reader would pause, timed by the words themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from earwitness.exports.reading import clean, shown_name, timed_words
from earwitness.text import UNSPACED_LANGUAGES
from earwitness.types import Seconds, Segment, Transcript, Word
from earwitness.units import to_milliseconds

MAX_CARD_S = 7.0
"""Longer than anybody looks at two lines (the BBC and Netflix guidelines agree)."""
MIN_CARD_MS = 1000
"""A shorter card is held into the pause after it, as far as that goes."""
MIN_STEP_MS = 300
"""The next card comes no sooner: only where two people talk at once is it later than its first word."""
MAX_PAUSE_S = 1.0
"""A longer pause always ends a card."""
SHORT_PAUSE_S = 0.3
"""A longer pause is a good place to end a card."""

SENTENCE_ENDS = tuple(".?!…。？！")
CLAUSE_ENDS = tuple(",;:—–，、；：")
_CLOSERS = "\"'”’»)]」』）"

# What it costs to end a card at a place, against 1 for one card more: whole sentences first, then clauses, then
# pauses; never between a name and what is said.
_CARD_COST = 1.0
_CLAUSE_COST = 0.3
_PAUSE_COST = 0.5
_MID_CLAUSE_COST = 1.5
_NAME_COST = 100.0


@dataclass(frozen=True)
class Card:
    """One subtitle; times in whole milliseconds."""

    start_ms: int
    end_ms: int
    speaker: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Token:
    """What no line break may part: a word with its punctuation. `spaced`: whether a space stands before it."""

    text: str
    start: Seconds
    end: Seconds
    spaced: bool
    columns: int
    is_name: bool = False


def columns(text: str) -> int:
    """How wide a text is: East Asian characters take two columns, as subtitling guidelines count them.

    >>> columns("word"), columns("字幕")
    (4, 4)
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def cards(transcript: Transcript, line_columns: int, *, named: bool) -> tuple[Card, ...]:
    """All words, once and in order, as cards that never overlap.

    Args:
        line_columns: the width of a line; only a single word that is wider goes beyond it.
        named: whether the text says `Name: ` where the speaker changes.
    """
    made: list[Card] = []
    for run in _runs(transcript.segments):
        tokens = _tokens(run, transcript.language)
        name = shown_name(transcript, run[0].speaker)
        if named and name and tokens:
            label = _label(name, line_columns)
            tokens.insert(0, _Token(label, tokens[0].start, tokens[0].start, False, columns(label), is_name=True))
        for group in _split(tokens, line_columns):
            lines = tuple(_text(line) for line in _wrap(group, line_columns) or [group])
            made.append(Card(to_milliseconds(group[0].start), _end_ms(group), run[0].speaker, lines))
    return _apart(made, to_milliseconds(transcript.duration))


def _runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in order of time, together as long as the speaker stays the same."""
    runs: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda segment: segment.start):
        if not clean(segment.text):
            continue
        if runs and runs[-1][0].speaker == segment.speaker:
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def _tokens(run: Sequence[Segment], language: str) -> list[_Token]:
    tokens: list[_Token] = []
    for segment in run:
        for i, word in enumerate(timed_words(segment, language)):
            if tokens and i and _sticks(word, language):
                text = tokens[-1].text + word.word
                tokens[-1] = replace(tokens[-1], text=text, end=max(tokens[-1].end, word.end), columns=columns(text))
            else:
                text = word.word.strip()
                spaced = word.word.startswith(" ") or (i == 0 and language not in UNSPACED_LANGUAGES)
                tokens.append(_Token(text, word.start, max(word.start, word.end), spaced, columns(text)))
    return tokens


def _sticks(word: Word, language: str) -> bool:
    """Whether a word may not begin a line: it goes on from the one before, or is only punctuation."""
    if word.word.startswith(" "):
        return False
    return language not in UNSPACED_LANGUAGES or not any(character.isalnum() for character in word.word)


def _label(name: str, line_columns: int) -> str:
    while columns(name) > line_columns - 1:
        name = name.removesuffix("…")[:-1].rstrip() + "…"
    return f"{name}:"


def _split(tokens: Sequence[_Token], line_columns: int) -> list[Sequence[_Token]]:
    """The cheapest way to cut a run into cards, by dynamic programming over where the last card begins."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(tokens) + 1):
        options = []
        for begin in range(end - 1, -1, -1):
            group = tokens[begin:end]
            if len(group) > 1 and not _fits(group, line_columns):
                break
            options.append((best[begin][0] + _cost(group, tokens[end : end + 1], line_columns), begin))
        best.append(min(options))
    cuts = [len(tokens)]
    while cuts[-1] > 0:
        cuts.append(best[cuts[-1]][1])
    return [tokens[begin:end] for begin, end in pairwise(reversed(cuts))]


def _fits(group: Sequence[_Token], line_columns: int) -> bool:
    if group[1].start - group[0].end > MAX_PAUSE_S or group[-1].end - group[0].start > MAX_CARD_S:
        return False
    return _wrap(group, line_columns) is not None


def _cost(group: Sequence[_Token], following: Sequence[_Token], line_columns: int) -> float:
    last, width = group[-1], _columns(group)
    duration_s = last.end - group[0].start
    emptiness = max(0.0, 1 - width / (2 * line_columns))
    cost = _CARD_COST + emptiness**2 / 2 + max(0.0, 1 - duration_s)
    if last.is_name:
        return cost + _NAME_COST
    if not following or _ends(last, SENTENCE_ENDS):
        return cost
    if _ends(last, CLAUSE_ENDS):
        return cost + _CLAUSE_COST
    return cost + (_PAUSE_COST if following[0].start - last.end > SHORT_PAUSE_S else _MID_CLAUSE_COST)


def _ends(token: _Token, marks: tuple[str, ...]) -> bool:
    return token.text.rstrip(_CLOSERS).endswith(marks)


def _wrap(group: Sequence[_Token], line_columns: int) -> list[Sequence[_Token]] | None:
    """One line, or the two that are the most even, rather after punctuation; none where the words need more."""
    if _is_line(group, line_columns):
        return [group]
    pairs = [(group[:cut], group[cut:]) for cut in range(1, len(group))]
    fitting = [pair for pair in pairs if _is_line(pair[0], line_columns) and _is_line(pair[1], line_columns)]
    if not fitting:
        return None
    upper, lower = min(fitting, key=lambda pair: _unevenness(pair[0], pair[1], line_columns))
    return [upper, lower]


def _is_line(tokens: Sequence[_Token], line_columns: int) -> bool:
    return len(tokens) == 1 or _columns(tokens) <= line_columns


def _unevenness(upper: Sequence[_Token], lower: Sequence[_Token], line_columns: int) -> float:
    difference = abs(_columns(upper) - _columns(lower)) / line_columns
    return difference - (0.4 if _ends(upper[-1], SENTENCE_ENDS + CLAUSE_ENDS) else 0.0)


def _columns(line: Sequence[_Token]) -> int:
    return sum(token.columns + token.spaced for token in line) - line[0].spaced


def _text(line: Sequence[_Token]) -> str:
    return "".join(f"{' ' * (token.spaced and i > 0)}{token.text}" for i, token in enumerate(line))


def _end_ms(group: Sequence[_Token]) -> int:
    start = group[0].start
    return to_milliseconds(min(max(token.end for token in group), start + MAX_CARD_S))


def _apart(made: Sequence[Card], duration_ms: int) -> tuple[Card, ...]:
    """Cards that follow one another, held long enough to be read where there is room."""
    if not made:
        return ()
    starts: list[int] = []
    for card in made:
        starts.append(max(card.start_ms, starts[-1] + MIN_STEP_MS if starts else 0))
    ends = [*starts[1:], max([duration_ms, *(card.end_ms for card in made)])]
    return tuple(
        replace(card, start_ms=start, end_ms=max(start + 1, min(max(card.end_ms, start + MIN_CARD_MS), limit)))
        for card, start, limit in zip(made, starts, ends, strict=True)
    )
