"""Sentences about the texts in words that these do not have: faithful ones, and ones in which a thing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from texts import TEXTS
from topics import told_by

from earwitness.engines import sentence_embedder
from earwitness.meanings import Meanings
from earwitness.support import SUPPORTED, Witness

FAITHFUL = {
    "whales": """
    Whales phoned each other more quietly while the harbor was shut.
    Slower vessels are less noisy and consume less fuel.
    Most skippers participated when Canada tested slower speeds.
    """,
    "trains": """
    The speaker has been employed as an attendant on night trains for nineteen years.
    Young passengers reserve months in advance.
    He prepares coffee at six in the morning.
    """,
    "volcano": """
    Five thousand residents fled the valley in a single night.
    The lava devoured more than a thousand homes within eighty-five days.
    Gas rises into the basements.
    """,
    "library": """
    Borrowing declined by a third within a decade, while visits doubled.
    The statistics rescued two branches from closure.
    Certain coworkers worried about theft.
    """,
    "bread": """
    The baker previously worked for an insurance company for two decades.
    The burnt first loaf did not scare the buyer away.
    The bakery purchases flour from a mill thirty kilometers away.
    """,
    "maps": """
    About a third of the maps are deliberately incorrect.
    The skipper sounded the depth from a rowing boat during two summers.
    Twentieth-century maps are falling apart because acid destroys their paper.
    """,
}
WRONG = {
    "whales": """
    Whales phoned each other more loudly while the harbor was shut.
    Slower vessels are less noisy but consume more timber.
    Most fishermen protested when Canada tested slower speeds.
    """,
    "trains": """
    The speaker has been employed as an attendant on night trains for thirty years.
    Elderly passengers reserve months in advance.
    He prepares sandwiches at six in the morning.
    """,
    "volcano": """
    Eight thousand residents fled the valley in a single night.
    The lava devoured more than a thousand vineyards within eighty-five days.
    Smoke never rises into the basements.
    """,
    "library": """
    Borrowing declined by a half within a decade, while visits doubled.
    The lawyers rescued two branches from closure.
    No coworkers worried about theft.
    """,
    "bread": """
    The baker previously worked for an automobile company for two decades.
    The burnt first loaf injured the buyer.
    The bakery purchases butter from a farm thirty kilometers away.
    """,
    "maps": """
    About a third of the maps are deliberately hidden.
    The skipper sounded the temperature from a rowing boat during two summers.
    Twentieth-century maps are falling apart because mice destroy their paper.
    """,
}


@dataclass(frozen=True)
class Told:
    """A sentence about a text; whether it is faithful, and its support by words alone and with a model."""

    sentence: str
    faithful: bool
    by_words: float
    with_model: float


def judgements(model: str = "none") -> list[Told]:
    """All sentences, each about its text. `model` is a folder, a hub id or none."""
    engine = sentence_embedder(model)
    meanings = Meanings(engine) if engine else None
    found = []
    for text in TEXTS:
        segments, _ = told_by([("guest", text.told)])
        witnesses = Witness(segments, "en"), Witness(segments, "en", meanings=meanings)
        for faithful, sentences in ((True, FAITHFUL), (False, WRONG)):
            for sentence in filter(None, map(str.strip, sentences.get(text.name, "").splitlines())):
                support = [witness.cited(sentence).support for witness in witnesses]
                found.append(Told(sentence, faithful, *support))
    return found


def table(model: str = "none") -> Iterator[str]:
    """A line for the faithful and for the wrong ones: how many pass by their words, and how many with the model."""
    found = judgements(model)
    for faithful, name in ((True, "faithful"), (False, "wrong")):
        told = [item for item in found if item.faithful == faithful]
        by_words, with_model = (
            sum(support >= SUPPORTED for support in column)
            for column in ([item.by_words for item in told], [item.with_model for item in told])
        )
        yield f"| {name} | {len(told)} | {by_words} | {with_model} |"
