"""A queue of work in the library: whoever is free takes the oldest job, and what a dead worker had is taken again.

A job is held by a lease (`earwitness.leases`). One that fails is set aside with its reason, and so is one whose worker
has died three times; both wait for `Queue.retry`. One that is cancelled while it is done stays its holder's until that
has stopped and settled it: before, nobody else can have it, however soon it is retried.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection
from types import TracebackType
from typing import Literal, Self

from earwitness.errors import StorageError
from earwitness.leases import LEASE_S, beating, has_ended
from earwitness.library.store import Library
from earwitness.processes import holder
from earwitness.types import Seconds

State = Literal["waiting", "running", "done", "failed"]
MAX_ATTEMPTS = 3
DIED = "its worker died three times"

_COLUMNS = "id, key, work, state, attempts, reason"
_AMONG = "(?1 IS NULL OR key IN (SELECT value FROM json_each(?1)))"
_HELD = "state = 'running' AND id = ? AND holder = ?"


@dataclass(frozen=True)
class Job:
    """A piece of work: `key` names it, `work` (any text, such as JSON) says what is to be done.

    `attempts` have been begun, the present one with them; `reason` is why it failed.
    """

    id: int
    key: str
    work: str
    state: State
    attempts: int
    reason: str | None


class Queue:
    """The jobs of a library, for as many workers, threads and processes as there are; each opens its own library.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "a.sqlite") as library:
    ...     queue = Queue(library)
    ...     _ = queue.add("episode 1", "https://example.org/1.mp3"), queue.add("episode 2", "https://example.org/2.mp3")
    ...     job = queue.claim()
    ...     _ = queue.failed(job, "no such recording")
    ...     [(job.key, job.state, job.reason) for job in queue.jobs()]
    [('episode 1', 'failed', 'no such recording'), ('episode 2', 'waiting', None)]
    """

    def __init__(self, library: Library, *, lease_s: Seconds = LEASE_S) -> None:
        self.library, self.lease_s = library, lease_s

    def add(self, key: str, work: str) -> bool:
        """Puts a job at the end, unless there is one with this key; whether there was none.

        One that still waits, or was set aside, gets the new `work`.

        Raises:
            StorageError: as do all methods, where the library cannot be read or written.
        """
        return self.add_all({key: work}) == 1

    def add_all(self, works: Mapping[str, str]) -> int:
        """The same for many, all or none of them: key -> work. How many are new."""
        now = _now()
        with self.library.transaction() as database:
            added = database.executemany(
                "INSERT OR IGNORE INTO jobs (key, work, state, created, changed) VALUES (?, ?, 'waiting', ?, ?)",
                [(key, work, now, now) for key, work in works.items()],
            ).rowcount
            if added < len(works):
                database.executemany(
                    "UPDATE jobs SET work = ? WHERE key = ? AND state IN ('waiting', 'failed')",
                    [(work, key) for key, work in works.items()],
                )
        return added

    def claim(self, keys: Sequence[str] | None = None, *, prefixes: Sequence[str] = ("",)) -> Job | None:
        """The oldest job that waits or whose worker is dead, now this process's; none where there is none to do.

        Args:
            keys: only those, where it is given.
            prefixes: only those whose keys begin with one of them.
        """
        with self.library.transaction() as database:
            self._take_from_the_dead(database)
            rows = database.execute(
                f"""
                UPDATE jobs
                SET state = 'running', holder = ?2, held_until = ?3, changed = ?4, attempts = attempts + 1
                WHERE id = (
                    SELECT id FROM jobs
                    WHERE state = 'waiting' AND holder IS NULL AND {_AMONG}
                    AND EXISTS (SELECT 1 FROM json_each(?5) WHERE substr(jobs.key, 1, length(value)) = value)
                    ORDER BY id LIMIT 1
                )
                RETURNING {_COLUMNS}
                """,  # noqa: S608
                (_listed(keys), holder(), time.time() + self.lease_s, _now(), _listed(prefixes)),
            ).fetchall()
        return Job(*rows[0]) if rows else None

    def beat(self) -> None:
        """Puts off the end of the leases on all jobs of this process; call it well within a lease."""
        with self.library.transaction() as database:
            database.execute(
                "UPDATE jobs SET held_until = ? WHERE state = 'running' AND holder = ?",
                (time.time() + self.lease_s, holder()),
            )

    def is_held(self, job: Job) -> bool:
        """Whether a job that was claimed is still this process's: it may have been cancelled."""
        with self.library.transaction(writes=False) as database:
            return database.execute(f"SELECT 1 FROM jobs WHERE {_HELD}", (job.id, holder())).fetchone() is not None  # noqa: S608

    def done(self, job: Job) -> bool:
        """Notes that a job is done; false where it was no longer this process's, and then nothing is noted."""
        return self._end(job, "done")

    def failed(self, job: Job, reason: str) -> bool:
        """Sets a job aside; false where it was no longer this process's, and then nothing is noted."""
        return self._end(job, "failed", reason)

    def give_back(self, job: Job) -> bool:
        """Lets another do a job that was not done, as if it had never been taken."""
        return self._end(job, "waiting", begun=0)

    def died(self, job: Job) -> bool:
        """Lets another do a job whose worker died, or sets it aside where that was the third time."""
        return self._end(job, *(("failed", DIED) if job.attempts >= MAX_ATTEMPTS else ("waiting", None)))

    def cancel(self, key: str, reason: str) -> bool:
        """Sets a job aside that waits or is being done; whoever does it learns of it by `is_held`, or as it is settled.

        False where it was ended before, or there is none.
        """
        with self.library.transaction() as database:
            return bool(
                database.execute(
                    """
                    UPDATE jobs SET state = 'failed', reason = ?, changed = ?
                    WHERE key = ? AND state IN ('waiting', 'running')
                    """,
                    (reason, _now(), key),
                ).rowcount
            )

    def retry(self, keys: Sequence[str] | None = None) -> int:
        """Lets jobs that were set aside, or only those with these keys, wait again; how many there were."""
        with self.library.transaction() as database:
            return database.execute(
                f"""
                UPDATE jobs SET state = 'waiting', attempts = 0, reason = NULL, changed = ?2
                WHERE state = 'failed' AND {_AMONG}
                """,  # noqa: S608
                (_listed(keys), _now()),
            ).rowcount

    def jobs(self, state: State | None = None, keys: Sequence[str] | None = None) -> tuple[Job, ...]:
        """All jobs, or those in one state or with these keys, the oldest first."""
        with self.library.transaction(writes=False) as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM jobs WHERE {_AMONG} AND (?2 IS NULL OR state = ?2) ORDER BY id",  # noqa: S608
                (_listed(keys), state),
            ).fetchall()
        return tuple(Job(*row) for row in rows)

    def _end(self, job: Job, state: State, reason: str | None = None, *, begun: int = 1) -> bool:
        with self.library.transaction() as database:
            ended = database.execute(
                f"""
                UPDATE jobs
                SET state = ?, reason = ?, attempts = attempts - ?, changed = ?, holder = NULL, held_until = NULL
                WHERE {_HELD}
                """,  # noqa: S608
                (state, reason, 1 - begun, _now(), job.id, holder()),
            ).rowcount
            if not ended:  # it was cancelled: now others may have it
                database.execute(
                    "UPDATE jobs SET holder = NULL, held_until = NULL WHERE id = ? AND holder = ?", (job.id, holder())
                )
        return bool(ended)

    def _take_from_the_dead(self, database: Connection) -> None:
        held = database.execute(
            """
            SELECT id, state, reason, attempts, holder, held_until FROM jobs
            WHERE state IN ('running', 'waiting') AND holder NOTNULL
            """
        )
        for number, state, reason, attempts, held_by, held_until in held.fetchall():
            if not has_ended(held_by, held_until, self.lease_s):
                continue
            if state == "running":
                state, reason = ("failed", DIED) if attempts >= MAX_ATTEMPTS else ("waiting", None)
            database.execute(
                "UPDATE jobs SET state = ?, reason = ?, holder = NULL, held_until = NULL, changed = ? WHERE id = ?",
                (state, reason, _now(), number),
            )


class Claims:
    """Jobs handed out one by one, as somebody is free for them, each claimed then and held until it is settled.

    Use it in a `with`: what is not settled at its end is given back. Iterating ends where nothing is left to claim;
    others may still be at work on theirs.

        with Claims(queue) as claims:
            for outcome in transcribe_all((reference_of(job) for job in claims), ...):
                claims.settle(job_of(outcome), outcome.error)
    """

    def __init__(self, queue: Queue, keys: Sequence[str] | None = None) -> None:
        self._queue, self._keys = queue, keys
        self._at_work: dict[int, Job] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(beating(self._beat, self._queue.lease_s))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        with suppress(StorageError):  # then their leases end by themselves
            for job in self._at_work.values():
                self._queue.give_back(job)

    def __iter__(self) -> Iterator[Job]:
        while job := self._queue.claim(self._keys):
            self._at_work[job.id] = job
            yield job

    def settle(self, job: Job, error: str | None = None) -> bool:
        """Notes that a job is done, or sets it aside with what is wrong; false where another has it by now."""
        settled = self._queue.failed(job, error) if error else self._queue.done(job)
        self._at_work.pop(job.id, None)
        return settled

    def _beat(self) -> None:
        with Library(self._queue.library.path) as library:  # a connection belongs to one thread
            Queue(library, lease_s=self._queue.lease_s).beat()


def _listed(keys: Sequence[str] | None) -> str | None:
    return None if keys is None else json.dumps(list(keys))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
