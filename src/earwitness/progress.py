"""How far the work on a recording is, whoever shows it."""

from __future__ import annotations

from earwitness.types import Seconds

SHARES = {"source": 0.01, "audio": 0.02, "regions": 0.02, "words": 0.9, "speakers": 0.05}
"""The share of a recording's time that each stage takes, about."""


def share_done(stage: str, done: Seconds, total: Seconds) -> float:
    """How much of the whole work on a recording is behind it, 0 to 1; of a summary, how much of that alone.

    >>> share_done("words", 50.0, 100.0)
    0.5
    """
    if stage not in SHARES:  # what engines write: minutes that nobody can tell before
        return done / total if total else 1.0
    before = sum(share for name, share in SHARES.items() if list(SHARES).index(name) < list(SHARES).index(stage))
    return before + SHARES[stage] * (done / total if total else 1.0)
