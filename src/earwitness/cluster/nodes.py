"""Where the workers are: the cluster that is joined or started, and a worker for each GPU or group of cores."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from earwitness.batch import AT_WORK, Job, Say
from earwitness.checkpoints import default_folder
from earwitness.cluster.worker import Worker
from earwitness.cores import cores
from earwitness.errors import OptionError, reason
from earwitness.options import ModelOptions
from earwitness.types import Seconds

AUTO = "auto"
CORES = 2
"""A worker without a GPU has so many cores unless `--threads` says otherwise; each has the model in memory."""
REACH_S: Seconds = 5.0
"""An address that nobody answers for so long is wrong. Ray itself would try for two minutes."""
ADDRESSES = (
    "give auto, or the HOST:PORT that `ray start --head` has told, on a machine that has joined it by `ray start`"
)


@contextmanager
def joined(ray: Any, address: str, say: Say) -> Iterator[None]:
    if ray.is_initialized():  # by whoever uses earwitness from Python: it is theirs to end
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != AUTO:
        _require_answer(address)
    try:
        try:
            ray.init(address, **quiet)
        except ConnectionError:
            if address != AUTO:
                raise
            ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
            say("no Ray cluster is running on this machine: one is started, with this machine as its only node")
    except (OSError, RuntimeError, ValueError) as error:
        raise OptionError(f"--ray {address}: {reason(error)}; {ADDRESSES}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise OptionError(f"--ray {address}: not an address; {ADDRESSES}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (OSError, OverflowError) as error:
        raise OptionError(f"--ray {address}: nobody answers ({reason(error)}); {ADDRESSES}") from error


@dataclass(frozen=True)
class Share:
    """What a worker gets of a node."""

    node: str
    cpus: int
    gpus: int


def shares(nodes: Iterable[Mapping[str, Any]], options: ModelOptions) -> list[Share]:
    """A worker for each GPU of a cluster, or else for each group of cores.

    Args:
        nodes: as `ray.nodes` tells them.

    >>> shares([{"NodeID": "a", "Alive": True, "Resources": {"CPU": 5.0}}], ModelOptions())
    [Share(node='a', cpus=2, gpus=0), Share(node='a', cpus=2, gpus=0)]
    >>> machine = {"NodeID": "b", "Alive": True, "Resources": {"CPU": 16.0, "GPU": 2.0}}
    >>> shares([machine, {"NodeID": "c", "Alive": True, "Resources": {"CPU": 4.0}}], ModelOptions())
    [Share(node='b', cpus=8, gpus=1), Share(node='b', cpus=8, gpus=1)]
    """
    found = [
        (node["NodeID"], int(node["Resources"].get("CPU", 0)), int(node["Resources"].get("GPU", 0)))
        for node in nodes
        if node["Alive"]
    ]
    if options.device != "cpu" and any(gpus for _, _, gpus in found):
        return [Share(node, cpus // gpus, 1) for node, cpus, gpus in found for _ in range(gpus)]
    sizes = [(node, cpus, options.threads or min(cpus, CORES)) for node, cpus, _ in found if cpus]
    return [Share(node, size, 0) for node, cpus, size in sizes for _ in range(cpus // size)]


def workers_of(ray: Any, job: Job) -> list[tuple[Any, int]]:
    """Ray's handle of each worker, and how many tasks it takes at a time."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.method(max_task_retries=-1)(Worker.ready)  # so that it answers again once a lost worker is back
    ray.method(concurrency_group="news")(Worker.news)
    actor = ray.remote(max_restarts=-1, concurrency_groups={"news": 1})(Worker)
    found = shares(ray.nodes(), job.options.model)
    if not found:
        raise OptionError("--ray: no node of the cluster has the cores that a worker needs; try fewer --threads")
    made = []
    for share in found:
        slots = AT_WORK if share.gpus or share.cpus > 1 else 1
        where = NodeAffinitySchedulingStrategy(share.node, soft=True)
        placed = actor.options(
            num_cpus=share.cpus, num_gpus=share.gpus, max_concurrency=slots, scheduling_strategy=where
        )
        threads = job.options.model.threads or max(1, share.cpus)
        made.append((placed.remote(job, threads, job.cache == default_folder()), slots))
    return made
