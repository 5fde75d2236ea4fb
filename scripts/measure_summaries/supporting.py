"""How often the support of a sentence tells true from false, over claims about made-up talk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from claims import chatter_claims

from earwitness.engines import sentence_embedder
from earwitness.meanings import Meanings
from earwitness.support import SUPPORTED, Witness
from earwitness.types import Segment

SEEDS = range(11, 14)
"""The threshold was set on seeds 1 and 2."""


def judgements(seeds: range, model: str = "none") -> list[tuple[str | None, float]]:
    """Of each claim about made-up hours: what is wrong with it, and its support, with a model of sentences or none."""
    found = []
    engine = sentence_embedder(model)
    meanings = Meanings(engine) if engine else None
    heard: tuple[Segment, ...] = ()
    for segments, claim in chatter_claims(seeds):
        if segments is not heard:
            heard = segments
            names = {str(item.speaker): str(item.speaker) for item in segments}
            witness = Witness(segments, "en", names, meanings=meanings)
        found.append((claim.fault, witness.cited(claim.text, claim.read).support))
    return found


def table(model: str = "none") -> Iterator[str]:
    """A line a kind of fault: how many claims have it, and how many of these are marked."""
    found = judgements(SEEDS, model)
    counts = Counter(fault for fault, _ in found)
    marked = Counter(fault for fault, support in found if support < SUPPORTED)
    for fault, count in counts.most_common():
        yield f"| {fault or 'nothing'} | {count} | {marked[fault] / count:.1%} |"
