"""Many recordings on a Ray cluster.

Ray places workers, brings them their work, notices when one is lost and starts it anew; this package says what the work
is. A `worker` has a GPU, or some cores where none of the `nodes` has a GPU, and engines of its own. The `driver` gives
it no more than it works on, so that nothing piles up. A recording is one task; a long one is divided
(`earwitness.portions`), so that all workers hear it together. What comes back is written here: workers need neither the
user's folders nor a common disk.

What a lost worker was at is done again by another; a recording that has lost three of them is set aside.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from earwitness.batch import Job, Outcome, Report, Say
from earwitness.cluster.driver import Driver, Seat
from earwitness.cluster.nodes import joined, workers_of
from earwitness.errors import ExtraError, OptionError
from earwitness.source import Reference


def transcribe_all(
    references: Iterable[Reference], job: Job, address: str, *, report: Report | None = None, say: Say | None = None
) -> Iterator[Outcome]:
    """As `earwitness.batch.transcribe_all`, on the cluster at this address.

    Args:
        address: HOST:PORT; or `auto`, which is a cluster that this machine belongs to, or else one that is started on
            this machine and ends with the work. Where this process is connected to a cluster, that one is used.
        say: told what happens to the cluster.

    Raises:
        ExtraError: Ray is not installed.
        OptionError: there is no cluster at `address`, or its nodes are not fit for this job.
        ModelError: no worker could be had.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # a cluster that is started here reports to nobody
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # Ray would print to stdout, where results go
    try:
        import ray
    except ImportError as error:
        raise ExtraError("--ray needs Ray: pip install 'earwitness[ray]'") from error
    if job.options.library.known_voices:
        raise OptionError("--known-voices reads this machine's library, which a cluster's nodes lack; leave out --ray")
    tell = say or (lambda line: None)
    with joined(ray, address, tell):
        workers = [Seat(handle, slots) for handle, slots in workers_of(ray, job)]
        try:
            yield from Driver(ray, workers, references, job, report, tell).outcomes()
        finally:
            for seat in workers:
                ray.kill(seat.handle)
