"""Passages that mean what is searched for, in whatever words, where there is an engine that embeds sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.base import SentenceEmbedder
from earwitness.errors import OptionError
from earwitness.library.passages import SEPARATOR, time_at
from earwitness.library.search import LIMIT, SNIPPET_CHARACTERS, Hit, filters_of
from earwitness.library.store import Library
from earwitness.units import short_clock

if TYPE_CHECKING:
    from earwitness.types import FloatArray

_STEPS = 127
"""Numbers of -1 to 1 are kept as whole ones of this size, a byte each; that moves a cosine by some 0.003."""
# Blanks before a sentence are not in it.
_SENTENCE = re.compile(rf"[^\s{SEPARATOR}.!?…。！？][^.!?…。！？]*[.!?…。！？]*")
_IDS, _VECTORS = np.dtype("<i8"), np.dtype("i1")


def search_meaning(
    library: Library,
    query: str,
    embedder: SentenceEmbedder,
    *,
    speaker: str | None = None,
    since: str | None = None,
    limit: int = LIMIT,
    report: Callable[[int, int], None] | None = None,
) -> tuple[Hit, ...]:
    """The passages that mean most nearly what a text means; there are always some.

    Episodes that the embedder has not read yet are read first, which takes some seconds an hour of speech.

    Args:
        library: where to search; what the embedder makes of its passages is kept there.
        query: a text, best a sentence or a question.
        embedder: from `engines.sentence_embedder`.
        speaker: as in `earwitness.library.search.search`, and so are `since` and `limit`. A hit's `score` is the cosine
            of its passage, at most 1; its `start` and `snippet` are those of the sentence in it that is nearest.
        report: called with how many episodes have been read and how many there are to read.

    Raises:
        OptionError: an empty query, no such speaker, or no such date.
        ModelError: the embedder cannot run.
        StorageError: the library cannot be read or written.
    """
    if not query.strip():
        raise OptionError("an empty query has no meaning; give a few words")
    if limit < 1:
        raise OptionError(f"a limit of {limit}: give 1 or more")
    engine = embedder.identity()
    _read_all(library, embedder, engine, report)
    wanted = embedder.embed([query])[0]
    with library.transaction(writes=False) as database:
        filters = filters_of(database, speaker, since)
        ids, cosines = _cosines(database, engine, wanted)
        if filters:
            sql = "SELECT rowid FROM found WHERE found MATCH ?"
            query = " AND ".join(f"({one})" for one in filters)
            among = np.isin(ids, np.array([row for (row,) in database.execute(sql, (query,))], _IDS))
            ids, cosines = ids[among], cosines[among]
        best = np.argsort(-cosines, kind="stable")[:limit]
        nearest = [(int(ids[place]), float(cosines[place])) for place in best]
        texts = {row: _row(database, "text", row)[0] for row, _ in nearest}
        closest = _closest(texts, embedder, wanted)
        return tuple(_hit(database, row, cosine, closest[row]) for row, cosine in nearest)


def _read_all(
    library: Library, embedder: SentenceEmbedder, engine: str, report: Callable[[int, int], None] | None
) -> None:
    """Embeds what is new, an episode at a time, so that nothing is lost where it is stopped."""
    sql = "SELECT id FROM episodes WHERE id NOT IN (SELECT episode FROM meanings WHERE embedder = ?) ORDER BY id"
    with library.transaction(writes=False) as database:
        new = [episode for (episode,) in database.execute(sql, (engine,))]
    for number, episode in enumerate(new):
        if report:
            report(number, len(new))
        with library.transaction(writes=False) as database:
            rows = _passages(database, episode)
        vectors = _packed(embedder.embed([text.replace(SEPARATOR, "") for _, text in rows])) if rows else b""
        with library.transaction() as database:
            if _passages(database, episode) == rows:  # else it was transcribed anew meanwhile, and its turn comes
                ids = np.array([row for row, _ in rows], _IDS).tobytes()
                database.execute("INSERT OR REPLACE INTO meanings VALUES (?, ?, ?, ?)", (episode, engine, ids, vectors))


def _passages(database: Connection, episode: int) -> Sequence[tuple[int, str]]:
    return database.execute("SELECT id, text FROM passages WHERE episode = ? ORDER BY id", (episode,)).fetchall()


def _packed(vectors: FloatArray) -> bytes:
    return np.round(vectors * _STEPS).astype(_VECTORS).tobytes()


def _cosines(database: Connection, engine: str, wanted: FloatArray) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all passages, and how near each is to a direction."""
    ids, cosines = [np.zeros(0, _IDS)], [np.zeros(0, np.float32)]
    for passages, content in database.execute("SELECT passages, vectors FROM meanings WHERE embedder = ?", (engine,)):
        vectors = np.frombuffer(content, _VECTORS).reshape(-1, len(wanted)).astype(np.float32)
        ids.append(np.frombuffer(passages, _IDS))
        cosines.append(vectors @ wanted / np.maximum(np.linalg.norm(vectors, axis=1), 1))
    return np.concatenate(ids), np.concatenate(cosines)


def _closest(texts: Mapping[int, str], embedder: SentenceEmbedder, wanted: FloatArray) -> dict[int, tuple[int, int]]:
    """Where the sentence begins and ends, in each text, that is nearest to a direction."""
    places = [(row, match.span()) for row, text in texts.items() for match in _SENTENCE.finditer(text)]
    sentences = [texts[row][begin:end].replace(SEPARATOR, "") for row, (begin, end) in places]
    cosines = embedder.embed(sentences) @ wanted if sentences else ()
    found: dict[int, tuple[float, tuple[int, int]]] = {}
    for (row, span), cosine in zip(places, cosines, strict=True):
        if row not in found or cosine > found[row][0]:
            found[row] = float(cosine), span
    return {row: found[row][1] if row in found else (0, len(text)) for row, text in texts.items()}


def _row(database: Connection, columns: str, row: int) -> tuple[Any, ...]:
    found: tuple[Any, ...] = database.execute(
        f"""
        SELECT {columns} FROM passages JOIN episodes ON episodes.id = passages.episode
        LEFT JOIN speakers ON speakers.episode = passages.episode AND speakers.label = passages.speaker
        WHERE passages.id = ?
        """,  # noqa: S608
        (row,),
    ).fetchone()
    return found


def _hit(database: Connection, row: int, cosine: float, span: tuple[int, int]) -> Hit:
    columns = "passages.episode, kind, start, text, times, title, show, published, "
    columns += "coalesce(speakers.name, passages.speaker)"
    episode, kind, start, text, times, title, show, published, name = _row(database, columns, row)
    time = time_at(start, text, times, span[0])
    said = text[slice(*span)].replace(SEPARATOR, "").strip()
    snippet = said if len(said) <= SNIPPET_CHARACTERS else said[:SNIPPET_CHARACTERS].rpartition(" ")[0] + " …"
    return Hit(
        episode, title, show, published, kind, name, round(time, 2), short_clock(time), snippet, (), round(cosine, 4)
    )  # fmt: skip
