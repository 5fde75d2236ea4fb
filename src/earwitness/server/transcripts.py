"""Transcripts of the library as the JSON that is sent, made once for as long as nothing changes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from threading import Lock

from earwitness.errors import EarwitnessError
from earwitness.library.episodes import transcript_of
from earwitness.library.store import Library
from earwitness.types import Transcript

KEPT = 8
"""So many are kept in memory; one of five hours has some eight megabytes, and one more when it was compressed."""
_COMPRESSION = 5
"""Twice the time of the quickest, and a fifth less; it is spent once."""


class UnknownEpisodeError(EarwitnessError, KeyError):
    """No episode has this number."""


@dataclass(frozen=True)
class Shown:
    """A transcript, corrected, as JSON, and a tag that changes with it."""

    content: bytes
    tag: str

    @cached_property
    def compressed(self) -> bytes:
        """The same as gzip, made when somebody asks for it first."""
        return gzip.compress(self.content, _COMPRESSION, mtime=0)


class Transcripts:
    """The transcripts that were last asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], Shown] = OrderedDict()

    def shown(self, library: Library, episode: int) -> Shown:
        """
        Raises:
            UnknownEpisodeError: there is none of this number.
            StorageError: the library is damaged.
        """
        with library.transaction(writes=False) as database:
            version = database.execute(
                """
                SELECT added, length(transcript),
                       (SELECT json_group_array(json_array(id, kind, start, end, before, after, spans)) FROM corrections
                        WHERE corrections.recording = episodes.recording)
                FROM episodes WHERE id = ?
                """,
                (episode,),
            ).fetchone()
        if version is None:
            raise UnknownEpisodeError(f"no episode has the number {episode}")
        key = (episode, *version)  # with the corrections themselves: an id is given again once one is undone
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        content = _content(library, episode, is_corrected=version[2] != "[]")
        found = Shown(content, f'"{sha256(content).hexdigest()[:32]}"')
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


def transcript(library: Library, episode: int) -> Transcript:
    """An episode's transcript with its corrections.

    Raises:
        UnknownEpisodeError: there is none of this number.
        StorageError: the library is damaged.
    """
    recording_of(library, episode)
    return transcript_of(library, episode)


def recording_of(library: Library, episode: int) -> str:
    """The sha256 of an episode's recording.

    Raises:
        UnknownEpisodeError: there is none of this number.
    """
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT recording FROM episodes WHERE id = ?", (episode,)).fetchone()
    if row is None:
        raise UnknownEpisodeError(f"no episode has the number {episode}")
    return str(row[0])


def _content(library: Library, episode: int, *, is_corrected: bool) -> bytes:
    if not is_corrected:  # as it lies there: to read and write a long one takes seconds
        with library.transaction(writes=False) as database:
            row = database.execute("SELECT transcript FROM episodes WHERE id = ?", (episode,)).fetchone()
        if row is not None:
            try:
                return zlib.decompress(row[0]).decode("utf-8", "surrogatepass").encode("utf-8", "replace")
            except (zlib.error, UnicodeDecodeError):
                pass  # the damage is said below
    made = transcript(library, episode).to_dict()
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
