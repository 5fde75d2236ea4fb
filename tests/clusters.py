"""A real Ray cluster on this machine: every node is a raylet with workers of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import pytest

from earwitness.checkpoints import FOLDER_VARIABLE

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."  # read when Ray is imported: it would tell of every node that is killed

SMALL = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@contextmanager
def two_nodes() -> Iterator[Any]:
    """A cluster of two nodes with a core each, and a cache that only they use."""
    from ray.cluster_utils import Cluster

    with elsewhere() as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv(FOLDER_VARIABLE, f"{folder}/cache")
        cluster = Cluster(initialize_head=True, head_node_args={**SMALL, "include_dashboard": False})
        cluster.add_node(**SMALL)
        try:
            yield cluster
        finally:
            cluster.shutdown()


@contextmanager
def elsewhere() -> Iterator[str]:
    """A folder in which Ray finds no cluster that is running, and leaves none to be found."""
    # Not the folder that pytest would give: the paths of sockets must be short.
    with (
        tempfile.TemporaryDirectory(prefix="ew", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as here,
    ):
        here.setenv("RAY_TMPDIR", folder)
        yield folder


def kill(cluster: Any) -> None:
    """Kills a node that is not the head, with all its processes, as a power cut would."""
    (node, *_) = cluster.worker_nodes
    cluster.remove_node(node, allow_graceful=False)


def workers() -> list[int]:
    """The processes of the workers of clusters that this process has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::Worker"):
                found.append(process.pid)
    return found
