"""Words of the library's transcripts: who says them, in which episode, and at which second."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from sqlite3 import Connection, DatabaseError

from earwitness.errors import OptionError
from earwitness.library.passages import SEPARATOR, date_filters, speaker_filter, time_at
from earwitness.library.query import Query, parsed
from earwitness.library.store import Library
from earwitness.types import Seconds
from earwitness.units import short_clock

LIMIT = 20
WEIGHED = 3_000
"""Words and phrases are weighed in all passages that have them, the rarest first, up to so many: more take too long."""
NEWEST = 500
"""Of passages with a word that is too frequent for that, so many are ranked: those kept last, and as many that have one
of the rarer words."""
SNIPPET_CHARACTERS = 160

# Of BM25 (Robertson and Zaragoza 2009), as SQLite has them.
_K1, _B = 1.2, 0.75
_OPENING, _CLOSING = "\x02", "\x03"
_MARKED = re.compile(f"{_OPENING}([^{_CLOSING}]*){_CLOSING}")
_BOUNDARY = re.compile(f"[ {SEPARATOR}]")


@dataclass(frozen=True)
class Hit:
    """A passage that was searched for.

    `episode` is the id, `kind` "speech", "chapter" or "episode" (its title, or a summary), `speaker` the name, none
    where nobody is known. `start` is when the first found word begins, `time` the same as people write it. `marks` are
    the places of what was found in `snippet`, each with the position of its first character and that after its last.
    `score` is higher for what fits better, and says nothing beside that of another search.
    """

    episode: int
    title: str
    show: str | None
    published: str | None
    kind: str
    speaker: str | None
    start: Seconds
    time: str
    snippet: str
    marks: tuple[tuple[int, int], ...]
    score: float


def search(
    library: Library, query: str, *, speaker: str | None = None, since: str | None = None, limit: int = LIMIT
) -> tuple[Hit, ...]:
    """The passages that fit a query, those that fit best first.

    They are ranked by BM25: all of them, where the words of the query are in no more than `WEIGHED` passages; else the
    newest `NEWEST` of those that fit, and as many that have the rarer words.

    Args:
        library: where to search.
        query: words and "phrases", AND, OR, NOT and parentheses, and beginnings of words as in `clim*`.
        speaker: only what somebody of this name says; upper and lower case are the same.
        since: only episodes that were published then or later (kept, where no date of publication is known): a year,
            a month or a day, as 2024-03-15.
        limit: at most so many.

    Raises:
        OptionError: there is no word in the query, no such speaker, or no such date.
        StorageError: the library cannot be read.
    """
    wanted = parsed(query)
    if limit < 1:
        raise OptionError(f"a limit of {limit}: give 1 or more")
    with library.transaction(writes=False) as database:
        filters = filters_of(database, speaker, since)
        rare = _rare(database, wanted.phrases)
        ranked = _ranked_of_all if len(rare) == len(wanted.phrases) else _ranked_of_newest
        scores = ranked(database, wanted, rare, filters)[:limit]
        return tuple(_hit(database, wanted, row, score) for row, score in scores)


def filters_of(database: Connection, speaker: str | None, since: str | None) -> list[str]:
    """The queries for FTS5 that all passages must fit which a speaker says, and which are of a day or later.

    Raises:
        OptionError: no such speaker, or no such date.
    """
    wanted = [_named(database, speaker)] if speaker is not None else []
    wanted += [_days_from(_first_day(since))] if since is not None else []
    return [f"filters : ({' OR '.join(words)})" for words in wanted]


def _rare(database: Connection, phrases: Sequence[str]) -> list[str]:
    """The phrases that can be weighed in all passages."""
    counts = {
        phrase: database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM found WHERE found MATCH ? LIMIT ?)", (f"text : {phrase}", WEIGHED + 1)
        ).fetchone()[0]
        for phrase in phrases
    }
    ordered = sorted(phrases, key=lambda phrase: counts[phrase])
    sums = accumulate(counts[phrase] for phrase in ordered)
    return [phrase for phrase, total in zip(ordered, sums, strict=True) if total <= WEIGHED]


def _ranked_of_all(
    database: Connection,
    wanted: Query,
    _rare: Sequence[str],
    filters: Sequence[str],
) -> list[tuple[int, float]]:
    """Passages and scores by SQLite's own BM25."""
    sql, values = "SELECT rowid, -rank FROM found WHERE found MATCH ?", [f"text : {wanted.match}"]
    if filters:  # not in the first query, since that would weigh them, too
        sql += " AND +rowid IN (SELECT rowid FROM found WHERE found MATCH ?)"
        values.append(_all_of([f"text : {wanted.match}", *filters]))
    return database.execute(f"{sql} ORDER BY rank", values).fetchall()


def _ranked_of_newest(
    database: Connection, wanted: Query, rare: Sequence[str], filters: Sequence[str]
) -> list[tuple[int, float]]:
    """The same for some of them, by the frequencies among those: SQLite would count frequent words in all."""
    queries = [_all_of([f"text : {wanted.match}", *filters])]
    if rare:
        queries.append(_all_of([*queries, f"text : ({' OR '.join(rare)})"]))
    texts: dict[int, str] = {}
    for query in queries:
        texts.update(
            database.execute(
                "SELECT rowid, highlight(found, 0, ?, ?) FROM found WHERE found MATCH ? ORDER BY rowid DESC LIMIT ?",
                (_OPENING, _CLOSING, query, NEWEST),
            )
        )
    counts = {row: Counter(term.casefold() for term in _MARKED.findall(text)) for row, text in texts.items()}
    lengths = {row: 1 + len(_BOUNDARY.findall(text)) for row, text in texts.items()}
    containing = Counter(term for found in counts.values() for term in found)
    mean = sum(lengths.values()) / max(1, len(lengths))
    weights = {term: math.log1p(len(texts) / number) for term, number in containing.items()}
    scores = {
        row: sum(
            weights[term] * number * (_K1 + 1) / (number + _K1 * (1 - _B + _B * lengths[row] / mean))
            for term, number in found.items()
        )
        for row, found in counts.items()
    }
    return sorted(scores.items(), key=lambda item: (-item[1], -item[0]))


def _hit(database: Connection, wanted: Query, row: int, score: float) -> Hit:
    found = database.execute(
        """
        SELECT highlight(found, 0, ?, ?), passages.episode, kind, start, times, title, show, published,
               coalesce(speakers.name, passages.speaker)
        FROM found JOIN passages ON passages.id = found.rowid JOIN episodes ON episodes.id = passages.episode
        LEFT JOIN speakers ON speakers.episode = passages.episode AND speakers.label = passages.speaker
        WHERE found MATCH ? AND found.rowid = ?
        """,
        (_OPENING, _CLOSING, f"text : {wanted.match}", row),
    ).fetchone()
    if found is None:
        raise DatabaseError(f"passage {row} is missing")
    marked, episode, kind, start, times, title, show, published, name = found
    snippet, marks = _snippet(marked)
    time = time_at(start, marked, times, marked.find(_OPENING))
    return Hit(
        episode, title, show, published, kind, name, round(time, 2), short_clock(time), snippet, marks, round(score, 4)
    )  # fmt: skip


def _snippet(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The words about the first that is marked, and the places of those that are.

    >>> _snippet("how the \x02climate\x03 is")
    ('how the climate is', ((8, 15),))
    """
    first = max(0, marked.find(_OPENING))
    begin, end = max(0, first - SNIPPET_CHARACTERS // 3), first + SNIPPET_CHARACTERS
    if begin:
        begin = next((place.end() for place in _BOUNDARY.finditer(marked, begin, first)), first)
    if end < len(marked):
        end = next((place.start() for place in _BOUNDARY.finditer(marked, end)), len(marked))
    cut = marked[begin:end].replace(SEPARATOR, "")
    cut += _CLOSING if cut.rfind(_OPENING) > cut.rfind(_CLOSING) else ""
    text, marks = "… " if begin else "", []
    for place, piece in enumerate(re.split(f"[{_OPENING}{_CLOSING}]", cut)):
        if place % 2:
            marks.append((len(text), len(text) + len(piece)))
        text += piece
    return text + (" …" if end < len(marked) else ""), tuple(marks)


def _all_of(queries: Sequence[str]) -> str:
    return " AND ".join(f"({query})" for query in queries)


def _named(database: Connection, speaker: str) -> list[str]:
    """The filters of the speakers of this name, or, where there are none, of those whose names have these words."""
    known = {name for (name,) in database.execute("SELECT DISTINCT name FROM speakers")}
    wanted = speaker.strip().casefold()
    found = [name for name in known if name.casefold() == wanted]
    found = found or [name for name in known if wanted and f" {wanted} " in f" {name.casefold()} "]
    if not found:
        few = ", ".join(sorted(known)[:10]) or "none"
        raise OptionError(f"no speaker is called {speaker!r}; there are {few}" + (", ..." if len(known) > 10 else ""))
    return list(dict.fromkeys(map(speaker_filter, found)))


def _first_day(text: str) -> date:
    """The first day of a year, a month or a day.

    >>> _first_day("2024-03"), _first_day("2024")
    (datetime.date(2024, 3, 1), datetime.date(2024, 1, 1))
    """
    try:
        return date.fromisoformat(text + "-01-01"[{4: 0, 7: 3}.get(len(text), 6) :])
    except ValueError:
        raise OptionError(f"{text!r} is no date; give a year, a month or a day, as 2024-03-15") from None


def _days_from(first: date) -> list[str]:
    """The filters that cover a day and all later ones: the rest of its month, of its year, and the years until next.

    >>> _days_from(date(2024, 11, 29))[:4]
    ['d20241129', 'd20241130', 'm202412', 'y2025']
    """
    last = monthrange(first.year, first.month)[1]
    days = [date_filters(first.replace(day=day))[2] for day in range(first.day, last + 1)]
    months = [date_filters(date(first.year, month, 1))[1] for month in range(first.month + 1, 13)]
    years = [date_filters(date(year, 1, 1))[0] for year in range(first.year + 1, datetime.now(UTC).year + 2)]
    return [*days, *months, *years]
