"""What the server counts, in the text format of Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 60, 600)


class Metrics:
    """The numbers of one server."""

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        self._answers = Counter(
            "earwitness_http_requests", "Answers, by method, route and status.", ("method", "route", "status"),
            registry=self._all,
        )  # fmt: skip
        self._seconds = Histogram(
            "earwitness_http_request_duration_seconds", "Time to the end of an answer.", ("method", "route"),
            buckets=BUCKETS_S, registry=self._all,
        )  # fmt: skip
        self._jobs = Gauge("earwitness_jobs", "Jobs of the server, by state.", ("state",), registry=self._all)
        began = Gauge("earwitness_start_time_seconds", "When the server began (Unix time).", registry=self._all)
        began.set(time.time())

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answer; `route` is that of the application, not what was asked for: those are without number."""
        self._answers.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, jobs: Callable[[], Mapping[str, int]]) -> bytes:
        """All numbers, with those of the jobs (state -> how many) as they are now."""
        for state, count in jobs().items():
            self._jobs.labels(state).set(count)
        return generate_latest(self._all)
