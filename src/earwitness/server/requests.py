"""What was asked of the server: every request is a job of the library's queue, under an id that cannot be guessed.

The same Idempotency-Key of the same caller is the same request, whatever becomes of the answer on its way.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from earwitness.checkpoints import digest
from earwitness.errors import EarwitnessError, OptionError
from earwitness.library.jobs import Queue
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.processes import holder, is_gone
from earwitness.source import Reference
from earwitness.values import from_plain, to_plain

KEPT_PREFIX = "serve:"
"""The keys of jobs that any server on the library may do begin with this."""
AWAITED_PREFIX = "await:"
"""Those of jobs whose answer a caller waits for: then the server's `holder` follows, for only that one can give it."""
CANCELLED = "cancelled"
GONE = "the recording is not kept any more; hand it in again"
STATES = ("waiting", "running", "done", "failed", CANCELLED)

_SELECT = """
    SELECT requests.id, name, origin, state, reason, episode, requests.created, changed
    FROM requests JOIN jobs ON jobs.key = requests.job
"""


class UnknownRequestError(EarwitnessError, KeyError):
    """No request has this id."""


class GoneError(EarwitnessError, FileNotFoundError):
    """What was uploaded is kept no longer."""


class ReusedKeyError(OptionError):
    """An Idempotency-Key came with something else than before."""


@dataclass(frozen=True)
class Request:
    """A recording that was handed in.

    `origin` is upload, url, feed or api; `state` one of `STATES`. `episode` is the id of its transcript in the library,
    once that is there, `reason` why it failed. `created` and `changed` are ISO 8601 times in UTC.
    """

    id: str
    name: str
    origin: str
    state: str
    reason: str | None
    episode: int | None
    created: str
    changed: str


@dataclass(frozen=True)
class Work:
    """What a worker is to do: a recording, and those options that differ from the server's own, by their names.

    Unless `keep` is set the transcript goes to whoever waits for it, and neither it nor the recording is kept.
    """

    reference: Reference
    options: dict[str, Any]
    keep: bool = True

    def over(self, base: Options) -> Options:
        """The options of this work.

        Raises:
            OptionError: one is unknown or out of its range.
        """
        return base.changed(**self.options)

    @property
    def has_recording(self) -> bool:
        """Whether there is still what was uploaded; of an address nobody knows before it is fetched."""
        return self.reference.kind != "file" or Path(self.reference.argument).is_file()


def prefixes() -> Sequence[str]:
    """How the keys of the jobs begin that this server may do; other jobs of the queue are none of its own."""
    return KEPT_PREFIX, f"{AWAITED_PREFIX}{holder()}:"


def id_of(key: str) -> str:
    """The request that a job of one of those keys is."""
    return key.rpartition(":")[2]


def ask(
    library: Library,
    work: Work,
    origin: str,
    *,
    content: str = "",
    idempotency: str | None = None,
    keep: Callable[[], object] | None = None,
) -> Request:
    """Puts a request into the queue, or finds the one that was made with the same key.

    Args:
        library: whose queue.
        work: what is to be done.
        origin: upload, url, feed or api.
        content: the sha256 of what was uploaded.
        idempotency: the caller and their Idempotency-Key, if they gave one.
        keep: called where the request is new, to keep what was uploaded: together with the request or not at all.

    Raises:
        ReusedKeyError: the key came with another request before.
        StorageError: the library cannot be written; or what `keep` raises.
    """
    request = secrets.token_urlsafe(12)
    key = (KEPT_PREFIX if work.keep else f"{AWAITED_PREFIX}{holder()}:") + request
    hashed = _hashed(idempotency) if idempotency is not None else None
    with library.transaction() as database:
        if idempotency is not None and (known := _known(database, work, content, idempotency)):
            return known
        if keep:
            keep()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        database.execute(
            "INSERT INTO requests (id, job, name, origin, idempotency, asked, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (request, key, work.reference.name, origin, hashed, _asked(work, content), now),
        )
        database.execute(
            "INSERT INTO jobs (key, work, state, created, changed) VALUES (?, ?, 'waiting', ?, ?)",
            (key, json.dumps(to_plain(work)), now, now),
        )
        return Request(*database.execute(f"{_SELECT} WHERE requests.id = ?", (request,)).fetchone())


def requests(library: Library, limit: int = 100) -> Sequence[Request]:
    """The newest requests, the newest first."""
    with library.transaction(writes=False) as database:
        rows = database.execute(f"{_SELECT} WHERE origin != 'api' ORDER BY jobs.id DESC LIMIT ?", (limit,)).fetchall()
    return [_shown(Request(*row)) for row in rows]


def request_of(library: Library, number: str) -> Request:
    """
    Raises:
        UnknownRequestError: there is no such request.
    """
    with library.transaction(writes=False) as database:
        row = database.execute(f"{_SELECT} WHERE requests.id = ?", (number,)).fetchone()
    if row is None:
        raise _unknown(number)
    return _shown(Request(*row))


def counts(library: Library) -> dict[str, int]:
    """State -> how many requests are in it."""
    with library.transaction(writes=False) as database:
        rows = database.execute(
            """
            SELECT CASE WHEN state = 'failed' AND reason = ? THEN ? ELSE state END AS shown, count(*)
            FROM requests JOIN jobs ON jobs.key = requests.job GROUP BY shown
            """,
            (CANCELLED, CANCELLED),
        ).fetchall()
    return {**dict.fromkeys(STATES, 0), **dict(rows)}


def cancel(library: Library, number: str) -> Request:
    """Ends a request that is not ended yet."""
    Queue(library).cancel(_job_of(library, number), CANCELLED)
    return request_of(library, number)


def retry(library: Library, number: str) -> Request:
    """Lets a request that failed or was cancelled wait again.

    Raises:
        UnknownRequestError: there is no such request.
        GoneError: its recording is not there any more.
    """
    key = _job_of(library, number)
    for job in Queue(library).jobs("failed", [key]):
        if not work_of(job.work).has_recording:
            raise GoneError(GONE)
    Queue(library).retry([key])
    return request_of(library, number)


def finished(library: Library, number: str, episode: int) -> None:
    """Notes the transcript that a request led to."""
    with library.transaction() as database:
        database.execute("UPDATE requests SET episode = ? WHERE id = ?", (episode, number))


def drop_unawaited(library: Library) -> None:
    """Ends the requests whose answer nobody waits for any more: those of servers that are gone."""
    with library.transaction() as database:
        awaited = database.execute("SELECT key FROM jobs WHERE key LIKE ? || '%'", (AWAITED_PREFIX,)).fetchall()
        gone = [(key,) for (key,) in awaited if is_gone(key.removeprefix(AWAITED_PREFIX).rpartition(":")[0])]
        database.executemany("DELETE FROM jobs WHERE key = ?", gone)
        database.executemany("DELETE FROM requests WHERE job = ?", gone)


def forget(library: Library, number: str) -> None:
    """Removes a request that was answered and is nobody else's business."""
    with library.transaction() as database:
        delete(database, number)


def delete(database: Connection, number: str) -> None:
    """The same within a transaction."""
    database.execute("DELETE FROM jobs WHERE key = (SELECT job FROM requests WHERE id = ?)", (number,))
    database.execute("DELETE FROM requests WHERE id = ?", (number,))


def state_of(database: Connection, number: str) -> str:
    """The state of a request's job, for which cancelled is failed, within a transaction.

    Raises:
        UnknownRequestError: there is no such request.
    """
    row = database.execute(
        "SELECT state FROM jobs WHERE key = (SELECT job FROM requests WHERE id = ?)", (number,)
    ).fetchone()
    if row is None:
        raise _unknown(number)
    return str(row[0])


def work_of(text: str) -> Work:
    """What `ask` put into the queue."""
    work: Work = from_plain(Work, json.loads(text))
    return work


def _known(database: Connection, work: Work, content: str, idempotency: str) -> Request | None:
    row = database.execute("SELECT id, asked FROM requests WHERE idempotency = ?", (_hashed(idempotency),)).fetchone()
    if row is None:
        return None
    if row[1] != _asked(work, content):
        raise ReusedKeyError("this Idempotency-Key came with another request before; give each its own")
    return _shown(Request(*database.execute(f"{_SELECT} WHERE requests.id = ?", row[:1]).fetchone()))


def _asked(work: Work, content: str) -> str:
    return digest(content or work.reference.argument, work.options)


def _hashed(idempotency: str) -> str:
    return sha256(idempotency.encode(errors="surrogatepass")).hexdigest()


def _job_of(library: Library, number: str) -> str:
    with library.transaction(writes=False) as database:
        row = database.execute("SELECT job FROM requests WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise _unknown(number)
    return str(row[0])


def _unknown(number: str) -> UnknownRequestError:
    return UnknownRequestError(f"no job has the id {number[:40]!r}")


def _shown(found: Request) -> Request:
    """A job that was cancelled is set aside with that for a reason."""
    if found.state == "failed" and found.reason == CANCELLED:
        return Request(found.id, found.name, found.origin, CANCELLED, None, None, found.created, found.changed)
    return found
