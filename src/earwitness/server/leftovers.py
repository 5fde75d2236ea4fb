"""Recordings that nobody needs any more: of jobs that came to nothing, and of episodes that are gone.

A recording is needed by its episode, by every job that waits or runs on it, whichever server does it, and for
`KEPT_DAYS` by one that failed or was cancelled, which may be tried again. Whether it is needed is looked up, and it is
removed, in one transaction that writes; in one, too, is a recording kept that was handed in, and its job made. Files
that this library does not know of are left alone: they may be another's.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection

from earwitness.errors import OptionError
from earwitness.library.store import Library
from earwitness.server import requests
from earwitness.server.recordings import Recordings

KEPT_DAYS = 7
"""So long the recording of a job that failed or was cancelled is kept, in case that it is tried again."""

# What an upload's job works on is the path of the recording, which is called by its sha256, 64 digits.
_UPLOADS = """
    SELECT requests.id, substr(json_extract(work, '$.reference.argument'), -64), state, changed
    FROM requests JOIN jobs ON jobs.key = requests.job WHERE origin = 'upload'
"""


def sweep(library: Library, kept: Recordings) -> None:
    """Removes all that are not needed.

    Raises:
        StorageError: the library cannot be read or written, or a recording not be removed.
    """
    since = _some_days_ago()
    with library.transaction() as database:
        uploads = {recording for _, recording, *_ in database.execute(_UPLOADS)}
        noted = {recording for (recording,) in database.execute("SELECT recording FROM media")}
        for recording in (uploads | noted) - _needed(database, since):
            # What was fetched just now has no episode yet, and nothing says whose it will be.
            if (came := kept.came(recording)) is None or came < since:
                _remove(database, kept, recording)


def drop(library: Library, kept: Recordings, recording: str) -> None:
    """Removes a recording whose episode is gone, unless a job waits or runs on it.

    Raises:
        StorageError: as for `sweep`.
    """
    with library.transaction() as database:
        if recording not in _needed(database, None):
            _remove(database, kept, recording)


def forget(library: Library, kept: Recordings, number: str) -> None:
    """Removes a request that failed or was cancelled, and what was handed in with it, unless that is needed.

    Raises:
        UnknownRequestError: there is no such request.
        OptionError: it may still lead to a transcript, or has.
        StorageError: as for `sweep`.
    """
    with library.transaction() as database:
        state = requests.state_of(database, number)
        if state != "failed":
            raise OptionError(f"this job is {state}; only one that failed or was cancelled can be forgotten")
        recordings = [recording for request, recording, *_ in database.execute(_UPLOADS) if request == number]
        requests.delete(database, number)
        for recording in recordings:
            if recording not in _needed(database, _some_days_ago()):
                _remove(database, kept, recording)


def _needed(database: Connection, since: datetime | None) -> Set[str]:
    """The recordings of episodes, of jobs that wait or run, and of those that came to nothing since some time."""
    needed = {recording for (recording,) in database.execute("SELECT recording FROM episodes")}
    for _, recording, state, changed in database.execute(_UPLOADS):
        may_be_retried = state == "failed" and since is not None and datetime.fromisoformat(changed) >= since
        if state in ("waiting", "running") or may_be_retried:
            needed.add(recording)
    return needed


def _remove(database: Connection, kept: Recordings, recording: str) -> None:
    database.execute("DELETE FROM media WHERE recording = ?", (recording,))
    kept.remove(recording)


def _some_days_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=KEPT_DAYS)
