"""What has been transcribed: whole transcripts by their recording, and what a search finds them by.

The transcript JSON, compressed, is the truth; speakers and passages are made of it, with its corrections, whenever it
is kept or corrected.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from pathlib import PurePosixPath
from sqlite3 import Connection

from earwitness.errors import OptionError, StorageError, reason
from earwitness.exports.reading import title as title_of
from earwitness.library.corrections import Correction, add, corrections_of, take_back
from earwitness.library.overlay import corrected
from earwitness.library.passages import Passage, date_filters, packed, passages, speaker_filter
from earwitness.library.store import Library
from earwitness.types import Seconds, Transcript

# More takes twice as long and saves a twentieth.
_COMPRESSION = 5
_SHOWN = 10
_AT_HAND = 2
"""So many transcripts stay in memory once they are read; one of five hours takes some 30 MB."""


@dataclass(frozen=True)
class Episode:
    """A recording whose transcript is kept.

    `id` is its number in this library, `recording` the sha256 of the file, `name` the file's name. `published` is an
    ISO 8601 date or time, none where nobody knows; `added` is when it was last kept, in UTC.
    """

    id: int
    recording: str
    name: str
    title: str
    show: str | None
    published: str | None
    language: str
    seconds: Seconds
    words: int
    added: str


@dataclass(frozen=True)
class About:
    """What is known of an episode beside what is said in it."""

    title: str
    show: str | None = None
    published: str | None = None


def about(transcript: Transcript) -> About:
    """The title, the show and the date of a transcript's episode."""
    told = transcript.episode
    return About(title_of(transcript), told.show or None, told.published) if told else About(title_of(transcript))


def keep(library: Library, transcript: Transcript) -> int:
    """Keeps a transcript, in place of an earlier one of the same recording; returns the episode's id.

    Args:
        transcript: as the engines made it; corrections of its recording are applied where it is read.

    Raises:
        StorageError: the library cannot be written; it is as it was.
    """
    content = compressed(transcript)
    with library.transaction() as database:
        shown, _ = corrected(transcript, corrections_of(database, transcript.source.sha256))
        episode = put(database, shown, content)
        put_passages(database, episode, shown)
    return episode


def correct(library: Library, recording: str, made: Sequence[Correction]) -> tuple[Correction, ...]:
    """Adds corrections to a recording; returns those that do not fit its transcript, which are kept nevertheless.

    Raises:
        OptionError: the recording (its sha256) is not in the library.
        StorageError: the library cannot be written; it is as it was.
    """
    with library.transaction() as database:
        row = database.execute("SELECT id, transcript FROM episodes WHERE recording = ?", (recording,)).fetchone()
        if row is None:
            raise OptionError(f"no episode has the recording {recording[:12]}; transcribe it first")
        add(database, recording, made)
        shown, unfit = _corrected(library, row[1], corrections_of(database, recording))
        put_passages(database, row[0], shown)
    return tuple(correction for correction in unfit if correction in made)


def undo(library: Library, recording: str) -> Correction | None:
    """Takes back the last correction of a recording; none where there is none.

    Raises:
        OptionError: the recording (its sha256) is not in the library.
        StorageError: the library cannot be written; it is as it was.
    """
    with library.transaction() as database:
        row = database.execute("SELECT id, transcript FROM episodes WHERE recording = ?", (recording,)).fetchone()
        if row is None:
            raise OptionError(f"no episode has the recording {recording[:12]}; transcribe it first")
        last = take_back(database, recording)
        if last:
            shown, _ = _corrected(library, row[1], corrections_of(database, recording))
            put_passages(database, row[0], shown)
    return last


def episodes(library: Library) -> tuple[Episode, ...]:
    """All episodes, the newest first: by the date of publication, or of keeping where that is not known."""
    with library.transaction(writes=False) as database:
        return _episodes(database, "ORDER BY coalesce(published, added) DESC, id DESC")


def episode(library: Library, said: str) -> Episode:
    """The episode of this id, file name (with or without its ending), title, or beginning of the recording's sha256.

    Raises:
        OptionError: there is none, or several are called so.
    """
    known = episodes(library)
    if found := [one for one in known if str(one.id) == said.strip()]:
        return found[0]
    wanted = said.strip().casefold()
    found = [one for one in known if wanted in _names(one)] or [
        one for one in known if len(wanted) >= 4 and one.recording.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise OptionError(f"{len(found)} episodes are called {said!r}: {_listed(found)}; give the number")
    raise OptionError(f"no episode is called {said!r}; {_near(wanted, known)}")


def numbered(library: Library, number: int) -> Episode | None:
    """The episode with this number, if there is one."""
    with library.transaction(writes=False) as database:
        return next(iter(_episodes(database, "WHERE id = ?", str(number))), None)


def transcript_of(library: Library, number: int) -> Transcript:
    """The transcript of an episode, with its corrections.

    Raises:
        OptionError: there is no such episode.
        StorageError: the library is damaged.
    """
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT transcript, recording FROM episodes WHERE id = ?", (number,)).fetchone()
        made = corrections_of(database, row[1]) if row else ()
    if row is None:
        raise OptionError(f"no episode has the number {number}")
    return _corrected(library, row[0], made)[0]


def raw_transcript_of(library: Library, number: int) -> Transcript:
    """The transcript of an episode as the engines made it; it raises what `transcript_of` does."""
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT transcript FROM episodes WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise OptionError(f"no episode has the number {number}")
    return _read(library, row[0])


def corrections(library: Library, recording: str) -> tuple[Correction, ...]:
    """The corrections of a recording, in the order in which they were made."""
    with library.transaction(writes=False) as database:
        return corrections_of(database, recording)


def kept(library: Library, recording: str) -> Episode | None:
    """The episode of a recording (its sha256), if there is one."""
    with library.transaction(writes=False) as database:
        return next(iter(_episodes(database, "WHERE recording = ?", recording)), None)


def spoken_in(library: Library, name: str) -> tuple[Episode, ...]:
    """The episodes in which a speaker has this name, the newest first."""
    with library.transaction(writes=False) as database:
        which = "WHERE id IN (SELECT episode FROM speakers WHERE name = ?) ORDER BY added DESC, id DESC"
        return _episodes(database, which, name)


def remove(library: Library, number: int) -> None:
    """Removes an episode with its corrections and what is indexed of its sound, from the file too.

    Raises:
        StorageError: another process has the library open, so that the log cannot be emptied.
    """
    with library.transaction() as database:
        database.execute(
            "DELETE FROM corrections WHERE recording = (SELECT recording FROM episodes WHERE id = ?)", (number,)
        )
        database.execute(
            "DELETE FROM sounds WHERE recording = (SELECT recording FROM episodes WHERE id = ?)", (number,)
        )
        database.execute("DELETE FROM passages WHERE episode = ?", (number,))
        database.execute("DELETE FROM episodes WHERE id = ?", (number,))
        # Until it is merged, the index has what was deleted, and a mark that it was.
        database.execute("INSERT INTO found (found) VALUES ('optimize')")
    library.scrub()


def put_passages(database: Connection, episode: int, transcript: Transcript) -> None:
    """Makes an episode's speakers and passages anew."""
    row = database.execute("SELECT title, published, added FROM episodes WHERE id = ?", (episode,)).fetchone()
    database.execute("DELETE FROM speakers WHERE episode = ?", (episode,))
    database.executemany(
        "INSERT INTO speakers (episode, label, name, seconds) VALUES (?, ?, ?, ?)",
        [(episode, one.id, one.name, one.seconds) for one in transcript.speakers],
    )
    database.execute("DELETE FROM passages WHERE episode = ?", (episode,))
    database.execute("DELETE FROM meanings WHERE episode = ?", (episode,))
    names = {label: transcript.name_of(label) for label in {segment.speaker for segment in transcript.segments}}
    add_passages(database, episode, passages(transcript, row[0]), names, _day(row[1], row[2]))


def add_passages(
    database: Connection, episode: int, made: Iterable[Passage], names: Mapping[str | None, str | None], day: date
) -> None:
    """Adds passages to an episode of that day, whose speakers' labels have these names."""
    days = " ".join(date_filters(day))
    filters = {label: f"{speaker_filter(name)} {days}" for label, name in names.items() if name}
    database.executemany(
        "INSERT INTO passages (episode, kind, speaker, start, text, filters, times) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (episode, one.kind, one.speaker, one.start, one.text, filters.get(one.speaker, days), packed(one))
            for one in made
        ),
    )


def compressed(transcript: Transcript) -> bytes:
    """The transcript JSON as it is kept."""
    content = json.dumps(transcript.to_dict(), ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(content.encode("utf-8", "surrogatepass"), _COMPRESSION)


def put(database: Connection, transcript: Transcript, content: bytes) -> int:
    """The row of a transcript's episode, made or made anew; returns its id."""
    told, source = about(transcript), transcript.source
    values = (
        source.name, told.title, told.show, told.published, transcript.language, source.duration,
        len(transcript.words), datetime.now(UTC).isoformat(timespec="seconds"), content, source.sha256,
    )  # fmt: skip
    changed = database.execute(
        """
        UPDATE episodes SET name = ?, title = ?, show = ?, published = ?, language = ?, seconds = ?, words = ?,
                            added = ?, transcript = ? WHERE recording = ?
        """,
        values,
    )
    if not changed.rowcount:
        database.execute(
            """
            INSERT INTO episodes (name, title, show, published, language, seconds, words, added, transcript, recording)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            values,
        )
    row = database.execute("SELECT id FROM episodes WHERE recording = ?", (source.sha256,)).fetchone()
    return int(row[0])


def _corrected(
    library: Library, content: bytes, made: tuple[Correction, ...]
) -> tuple[Transcript, tuple[Correction, ...]]:
    """A transcript as it is kept with corrections, and those that do not fit it."""
    _read(library, content)
    return _overlaid(content, made)


def _read(library: Library, content: bytes) -> Transcript:
    try:
        return _parsed(content)
    except (zlib.error, ValueError) as error:
        raise StorageError(
            f"{library.path}: a transcript in it is damaged ({reason(error)}); transcribe the recording again"
        ) from error


# Whoever corrects a transcript does it again at once, and asks for it in between.
@lru_cache(_AT_HAND)
def _overlaid(content: bytes, made: tuple[Correction, ...]) -> tuple[Transcript, tuple[Correction, ...]]:
    return corrected(_parsed(content), made)


@lru_cache(_AT_HAND)
def _parsed(content: bytes) -> Transcript:
    return Transcript.from_dict(json.loads(zlib.decompress(content).decode("utf-8", "surrogatepass")))


def _episodes(database: Connection, which: str, *values: str) -> tuple[Episode, ...]:
    columns = ", ".join(column.name for column in fields(Episode))
    return tuple(Episode(*row) for row in database.execute(f"SELECT {columns} FROM episodes {which}", values))  # noqa: S608


def _day(published: str | None, added: str) -> date:
    """The day of publication, or of keeping where that is not known."""
    with suppress(ValueError):
        return date.fromisoformat((published or "")[:10])
    return date.fromisoformat(added[:10])


def _names(one: Episode) -> set[str]:
    return {one.name.casefold(), PurePosixPath(one.name).stem.casefold(), one.title.casefold()}


def _near(wanted: str, known: Sequence[Episode]) -> str:
    """Those whose names are like it, or the newest."""
    names = {name: one for one in known for name in _names(one)}
    like = [name for name in names if wanted and wanted in name] + get_close_matches(wanted, names, _SHOWN, 0.5)
    if like:
        return f"like it: {_listed(list(dict.fromkeys(names[name] for name in like)))}"
    return f"there are {_listed(known)}" if known else "there are none yet; `earwitness transcribe` keeps them"


def _listed(found: Sequence[Episode]) -> str:
    more = ", ..." if len(found) > _SHOWN else ""
    return ", ".join(f"{one.id} ({one.title})" for one in found[:_SHOWN]) + more
