"""Recordings searched by sound: for a text, or for another sound such as theme music.

Every recording is heard once, in windows that overlap by half, and kept as their points in the library. A text is one
point, compared with that of every window. A sound is the points of its own windows in their order, laid beside those
of a recording at every place: the mean of their cosines is how alike the two are there. It is cut into windows eight
times, each time a little later, so that some lie as the recording's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.audio import load
from earwitness.engines.base import SoundEmbedder
from earwitness.errors import AudioError
from earwitness.library import sounds
from earwitness.library.sounds import IndexedSound
from earwitness.library.store import Library
from earwitness.mapped import release
from earwitness.options import AudioOptions
from earwitness.source import Reference, Source
from earwitness.toolkit.matching import reading, unit
from earwitness.toolkit.recordings import Failed, each
from earwitness.types import Audio, Seconds
from earwitness.units import rounded, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

LIMIT = 10
MAX_QUERY_S: Seconds = 300.0
"""A longer sound is no sound to search for, and comparing it takes its length times that of all recordings."""
CUTS = 8
"""How often a sound that is searched for is cut into windows, each time so much of a hop later."""
LEAST_ALIKE = {"builtin": (0.25, 0.65)}
"""What is less alike than the first number, and the second divided by the root of the number of windows, is not shown:
so much is alike by chance, the more the shorter the sound. Figures: docs/matching.md. Other engines' cosines have no
such bound: there is always something nearest."""
STAGE = "index"
BATCH = 32
"""Windows that an engine gets at a time: of CLAP's 60 MB."""

Report = Callable[[str, str, Seconds, Seconds], None]


@dataclass(frozen=True, eq=False)
class Query:
    """What is searched for, of a length in seconds.

    `cuts` are its rows, float32 (n, d), a hop apart, for each of `offsets`: where in it they begin. `recording` is its
    sha256, none for a text: it is not found in itself.
    """

    name: str
    seconds: Seconds
    cuts: tuple[FloatArray, ...]
    offsets: tuple[Seconds, ...] = (0.0,)
    recording: str | None = None


@dataclass(frozen=True)
class Hit:
    """Where something that was searched for is: `recording` is a sha256, `similarity` a cosine of -1 to 1."""

    query: str
    name: str
    path: str
    recording: str
    start: Seconds
    end: Seconds
    similarity: float


@dataclass(frozen=True, eq=False)
class _Compared:
    """A recording's likeness to a query at each place: the similarity, float32 (n,), and where it would begin.

    The recording's own rows are gone: of a thousand hours they are gigabytes.
    """

    sound: IndexedSound
    similarities: Any
    starts: Any


def text_queries(texts: Sequence[str], embedder: SoundEmbedder) -> list[Query]:
    """Texts as what is searched for.

    Raises:
        OptionError: the engine knows no texts, or one is empty.
        ModelError: the model cannot be had or run.
    """
    if not texts:
        return []
    rows = reading(embedder).embed_texts(texts)
    return [Query(text, embedder.window_s, (row[np.newaxis],)) for text, row in zip(texts, rows, strict=True)]


def sound_queries(references: Sequence[Reference], embedder: SoundEmbedder, failed: Failed) -> list[Query]:
    """Recordings as what is searched for.

    Args:
        references: from `earwitness.source.find`.
        embedder: from `earwitness.engines.sound_embedder`.
        failed: told of one that cannot be read, is longer than `MAX_QUERY_S`, or in which nothing can be heard.

    Raises:
        ModelError: the model cannot be had or run.
    """
    return each(references, lambda _, source, __: _sound_query(source, embedder), failed)


def index(
    library: Library,
    references: Sequence[Reference],
    embedder: SoundEmbedder,
    failed: Failed,
    *,
    report: Report | None = None,
    heard: Callable[[str], None] | None = None,
) -> list[str]:
    """Hears recordings that are not in the index, and keeps each when it is heard; returns the sha256 of all.

    Args:
        library: where the index is.
        references: from `earwitness.source.find`.
        embedder: from `earwitness.engines.sound_embedder`.
        failed: told of a recording that cannot be read; the others are heard.
        report: called with a recording's name, "index", and the seconds of it that are heard and to be heard.
        heard: called with the name of one that was not in the index and is now.

    Raises:
        ModelError: the model cannot be had or run.
        StorageError: the library cannot be used.
    """
    engine = embedder.identity()

    def work(reference: Reference, source: Source, folder: Path) -> str:
        path = str(source.path.absolute()) if reference.kind == "file" else reference.argument
        if not sounds.is_kept(library, source.sha256, engine, name=source.name, path=path):
            sounds.keep(library, _heard(source, path, embedder, folder, report), engine)
            if heard:
                heard(source.name)
        return source.sha256

    return each(references, work, failed)


def search(
    library: Library,
    queries: Sequence[Query],
    embedder: SoundEmbedder,
    *,
    recordings: Collection[str] | None = None,
    limit: int = LIMIT,
    min_similarity: float | None = None,
) -> list[Hit]:
    """The places in indexed recordings that are most like each query, the most alike first.

    Windows side by side that are like a text, or a sound of one window, are one hit: as many as come at least half-way
    from what is usual in all recordings to the best of them. Of places that overlap otherwise, the best is the hit.

    Args:
        library: where the index is.
        queries: from `text_queries` and `sound_queries`.
        embedder: the engine that made them.
        recordings: the sha256 of those that are searched; none is all that the engine has heard.
        limit: at most so many hits for a query.
        min_similarity: only what is so much alike; none is what `LEAST_ALIKE` says for the engine.

    Raises:
        StorageError: the library cannot be read.
    """
    compared: list[list[_Compared]] = [[] for _ in queries]
    for sound in sounds.indexed(library, embedder.identity(), recordings):
        for query, results in zip(queries, compared, strict=True):
            if sound.recording != query.recording:
                results.append(_compared(query, sound))
    hits: list[Hit] = []
    for query, results in zip(queries, compared, strict=True):
        usual = float(np.median(np.concatenate([one.similarities for one in results]))) if results else 0.0
        least = _least(query, embedder) if min_similarity is None else min_similarity
        found = [hit for one in results for hit in _hits(query, one, usual, limit, least)]
        hits += sorted(found, key=lambda hit: -hit.similarity)[:limit]
    return hits


def _sound_query(source: Source, embedder: SoundEmbedder) -> Query:
    audio = load(source.path, AudioOptions(max_duration_s=MAX_QUERY_S), sample_rate=embedder.sample_rate)
    hop_s = embedder.window_s / 2
    spare = max(audio.duration - embedder.window_s, 0.0)
    offsets = [cut * hop_s / CUTS for cut in range(CUTS) if cut * hop_s / CUTS <= spare]
    counts = [1 + int((spare - offset) / hop_s + 1e-9) for offset in offsets]
    cuts = tuple(
        _rows(audio, embedder, [offset + number * hop_s for number in range(count)])
        for offset, count in zip(offsets, counts, strict=True)
    )
    if not any(rows.any() for rows in cuts):
        raise AudioError(f"{source.name}: nothing can be heard in it; give a sound to search for")
    return Query(source.name, max(audio.duration, embedder.window_s), cuts, tuple(offsets), source.sha256)


def _heard(source: Source, path: str, embedder: SoundEmbedder, folder: Path, report: Report | None) -> IndexedSound:
    audio = load(source.path, sample_rate=embedder.sample_rate, scratch=folder)
    hop_s = embedder.window_s / 2

    def progress(done: Seconds) -> None:
        if report:
            report(source.name, STAGE, done, audio.duration)

    # The last window lacks less than half of its length, and nothing is left out.
    count = 1 + math.ceil(max(audio.duration - embedder.window_s, 0.0) / hop_s - 1e-9)
    vectors = _rows(audio, embedder, [number * hop_s for number in range(count)], progress)
    return IndexedSound(source.sha256, source.name, path, audio.duration, embedder.window_s, hop_s, vectors)


def _rows(
    audio: Audio, embedder: SoundEmbedder, starts: Sequence[Seconds], progress: Callable[[Seconds], None] | None = None
) -> FloatArray:
    """The windows of a recording that begin at some times, as rows of length 1; what they lack at the end is the
    engine's to make up."""
    length = to_samples(embedder.window_s, audio.sample_rate)
    rows: list[FloatArray] = []
    for some in (starts[first : first + BATCH] for first in range(0, len(starts), BATCH)):
        firsts = [to_samples(start, audio.sample_rate) for start in some]
        heard = embedder.embed([np.array(audio.samples[first : first + length]) for first in firsts])
        rows += [one.clip for one in heard]
        release(audio.samples)
        if progress:
            progress(some[-1])
    return unit(np.stack(rows))


def _least(query: Query, embedder: SoundEmbedder) -> float:
    always, for_one = LEAST_ALIKE.get(embedder.name, (-1.0, 0.0))
    return always + for_one / math.sqrt(min(map(len, query.cuts)))


def _compared(query: Query, sound: IndexedSound) -> _Compared:
    """The best of the query's cuts at every place."""
    count = len(sound.vectors)
    longest = max(map(len, query.cuts))
    best = np.full(count + longest - 1, -np.inf, np.float32)
    starts = np.zeros(len(best))
    places = np.arange(len(best)) - (longest - 1)
    for rows, offset in zip(query.cuts, query.offsets, strict=True):
        cosines = rows @ sound.vectors.T
        sums = np.zeros(len(best), np.float32)
        for number in range(len(rows)):  # what lies outside of the recording is not alike at all
            sums[longest - 1 - number : longest - 1 - number + count] += cosines[number]
        better = sums / len(rows) > best
        best[better] = sums[better] / len(rows)
        starts[better] = places[better] * sound.hop_s - offset
    return _Compared(replace(sound, vectors=np.zeros((0, 0), np.float32)), best, starts)


def _hits(query: Query, compared: _Compared, usual: float, limit: int, least: float) -> Iterator[Hit]:
    """The best places of a recording that do not overlap."""
    sound, similarities = compared.sound, compared.similarities.copy()
    joins = len(query.cuts[0]) == 1
    for _ in range(limit):
        place = int(similarities.argmax())
        best = float(similarities[place])
        if not best >= least:
            return
        first = last = place
        if joins:
            enough = (best + usual) / 2
            while first > 0 and similarities[first - 1] >= enough:
                first -= 1
            while last + 1 < len(similarities) and similarities[last + 1] >= enough:
                last += 1
        start, end = compared.starts[first], compared.starts[last] + query.seconds
        overlap = (compared.starts < end) & (compared.starts + query.seconds > start)
        similarities[overlap] = -np.inf
        within = rounded(max(start, 0.0)), rounded(min(end, sound.seconds))
        yield Hit(query.name, sound.name, sound.path, sound.recording, *within, round(min(best, 1.0), 4))
