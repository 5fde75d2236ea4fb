"""What was asked of the server: every request is a job of the library's queue, under an id that cannot be guessed.

The same Idempotency-Key of the same caller is the same request, whatever becomes of the answer on its way.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from earwitness.checkpoints import digest
from earwitness.errors import EarwitnessError, OptionError
from earwitness.library.jobs import Queue
from earwitness.library.store import Library
from earwitness.options import Options
from earwitness.source import Reference
from earwitness.values import from_plain, to_plain

PREFIX = "serve:"
"""The keys of the server's jobs begin with this; other jobs of the queue are not its own."""
CANCELLED = "cancelled"
STATES = ("waiting", "running", "done", "failed", CANCELLED)

_SELECT = """
    SELECT requests.id, name, origin, state, reason, episode, requests.created, changed
    FROM requests JOIN jobs ON jobs.key = requests.job
"""


class UnknownRequestError(EarwitnessError, KeyError):
    """No request has this id."""


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


def ask(library: Library, work: Work, origin: str, *, content: str = "", idempotency: str | None = None) -> Request:
    """Puts a request into the queue, or finds the one that was made with the same key.

    Args:
        library: whose queue.
        work: what is to be done.
        origin: upload, url, feed or api.
        content: the sha256 of what was uploaded.
        idempotency: the caller and their Idempotency-Key, if they gave one.

    Raises:
        ReusedKeyError: the key came with another request before.
        StorageError: the library cannot be written.
    """
    request, key = secrets.token_urlsafe(12), None
    asked = digest(content or work.reference.argument, work.options)
    with library.transaction() as database:
        if idempotency is not None:
            key = sha256(idempotency.encode(errors="surrogatepass")).hexdigest()
            known = database.execute("SELECT id, asked FROM requests WHERE idempotency = ?", (key,)).fetchone()
            if known and known[1] != asked:
                raise ReusedKeyError("this Idempotency-Key came with another request before; give each its own")
            if known:
                return Request(*database.execute(f"{_SELECT} WHERE requests.id = ?", known[:1]).fetchone())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        database.execute(
            "INSERT INTO requests (id, job, name, origin, idempotency, asked, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (request, PREFIX + request, work.reference.name, origin, key, asked, now),
        )
        database.execute(
            "INSERT INTO jobs (key, work, state, created, changed) VALUES (?, ?, 'waiting', ?, ?)",
            (PREFIX + request, json.dumps(to_plain(work)), now, now),
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
        raise UnknownRequestError(f"no job has the id {number[:40]!r}")
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
    request_of(library, number)
    Queue(library).cancel(PREFIX + number, CANCELLED)
    return request_of(library, number)


def retry(library: Library, number: str) -> Request:
    """Lets a request that failed or was cancelled wait again."""
    request_of(library, number)
    Queue(library).retry([PREFIX + number])
    return request_of(library, number)


def finished(library: Library, number: str, episode: int) -> None:
    """Notes the transcript that a request led to."""
    with library.transaction() as database:
        database.execute("UPDATE requests SET episode = ? WHERE id = ?", (episode, number))


def drop_unawaited(library: Library) -> None:
    """Ends the requests whose answer nobody waits for any more: those of a server that is gone."""
    with library.transaction() as database:
        database.execute("DELETE FROM jobs WHERE key IN (SELECT job FROM requests WHERE origin = 'api')")
        database.execute("DELETE FROM requests WHERE origin = 'api'")


def forget(library: Library, number: str) -> None:
    """Removes a request that was answered and is nobody else's business."""
    with library.transaction() as database:
        database.execute("DELETE FROM jobs WHERE key = ?", (PREFIX + number,))
        database.execute("DELETE FROM requests WHERE id = ?", (number,))


def work_of(text: str) -> Work:
    """What `ask` put into the queue."""
    work: Work = from_plain(Work, json.loads(text))
    return work


def _shown(found: Request) -> Request:
    """A job that was cancelled is set aside with that for a reason."""
    if found.state == "failed" and found.reason == CANCELLED:
        return Request(found.id, found.name, found.origin, CANCELLED, None, None, found.created, found.changed)
    return found
