"""What people type, as a query that SQLite's FTS5 understands (https://www.sqlite.org/fts5.html, section 3).

Words and "phrases" that must all be there; AND, OR and NOT in capitals, and parentheses; a * ends the beginning of a
word. What is no such query (quotes or parentheses that do not close, an AND without a second word) is searched for as
plain words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earwitness.errors import OptionError
from earwitness.library.passages import spaced

MAX_CHARACTERS = 1000
MAX_DEPTH = 20
"""Parentheses within parentheses; SQLite gives up at some two hundred."""

_QUOTES = str.maketrans("“”„«»", '"' * 5)
_OPERATORS = ("AND", "OR", "NOT")
_TOKEN = re.compile(r'[()]|"[^"]*"\*?|[^\s()"]+')


class _NoQueryError(Exception):
    """The words do not make a query."""


@dataclass(frozen=True)
class Query:
    """A query for FTS5, and the phrases in it, each of them a query by itself."""

    match: str
    phrases: tuple[str, ...]


def parsed(text: str) -> Query:
    """The query that a text means.

    >>> parsed('climate AND (tax OR "green deal")').match
    '("climate" AND ("tax" OR "green deal"))'
    >>> parsed("AT&T?").match, parsed('bio* AND "').match
    ('"AT&T?"', '"bio"*')

    Raises:
        OptionError: there is no letter or digit in it, or it is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise OptionError(f"the query has {len(text)} characters; give {MAX_CHARACTERS} or fewer")
    text = text.translate(_QUOTES)
    try:
        if text.count('"') % 2:
            raise _NoQueryError
        parser = _Parser(_TOKEN.findall(text))
        match = parser.alternatives()
        if parser.left:
            raise _NoQueryError
    except _NoQueryError:
        words = [word for word in re.split(r'[\s()"]+', text) if _has_word(word)]
        parser = _Parser([word for word in words if word not in _OPERATORS] or [f'"{word}"' for word in words])
        if not parser.left:
            raise OptionError(f"{text!r} has no word to search for; give one") from None
        match = parser.alternatives()
    return Query(match, tuple(parser.phrases))


class _Parser:
    """Recursive descent: OR binds loosest, then AND, then NOT, and words side by side tightest, as FTS5 has it."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.left = [token for token in reversed(tokens) if token in ("(", ")") or _has_word(token)]
        self.phrases: dict[str, None] = {}
        self._depth = 0

    def alternatives(self) -> str:
        return self._chain("OR", lambda: self._chain("AND", lambda: self._chain("NOT", self._together)))

    def _chain(self, operator: str, part: Callable[[], str]) -> str:
        parts = [part()]
        while self.left and self.left[-1] == operator:
            self.left.pop()
            parts.append(part())
        return _joined(operator, parts)

    def _together(self) -> str:
        parts = []
        while self.left and self.left[-1] not in (*_OPERATORS, ")"):
            word = self.left.pop()
            parts.append(self._enclosed() if word == "(" else self._phrase(word))
        if not parts:
            raise _NoQueryError
        return _joined("AND", parts)

    def _enclosed(self) -> str:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NoQueryError
        found = self.alternatives()
        if not self.left or self.left.pop() != ")":
            raise _NoQueryError
        self._depth -= 1
        return found

    def _phrase(self, token: str) -> str:
        """In quotes, so that nothing in it is syntax."""
        found = f'"{spaced(token.replace(chr(34), "").rstrip("*"))}"' + "*" * token.endswith("*")
        self.phrases[found] = None
        return found


def _joined(operator: str, parts: Sequence[str]) -> str:
    return f"({f' {operator} '.join(parts)})" if len(parts) > 1 else parts[0]


def _has_word(token: str) -> bool:
    return any(character.isalnum() for character in token)
