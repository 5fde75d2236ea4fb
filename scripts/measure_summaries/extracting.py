"""Extractive summaries against ones that somebody wrote, beside the first sentences and sumy's LexRank.

All methods choose among the same sentences, and as many of them as ours for the same text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import fmean

from claims import talk
from texts import TEXTS
from topics import joined_texts, told_by

from earwitness.chapters import chapters
from earwitness.engines import sentence_embedder
from earwitness.evaluation.summaries import rouge
from earwitness.evaluation.synth import chatter
from earwitness.meanings import Meanings
from earwitness.options import ChapterOptions, SummaryOptions
from earwitness.segments import speakers, turns
from earwitness.summary import summarize
from earwitness.text import Vocabulary, stop_words, tokens
from earwitness.types import Segment


@dataclass(frozen=True)
class Episode:
    """Segments, the ids of those with which topics begin, and what somebody would say that it was about."""

    segments: tuple[Segment, ...]
    topics: tuple[int, ...]
    reference: str | None


Chooser = Callable[[Episode, int], list[int]]


def single() -> list[Episode]:
    return [Episode(told_by([("guest", text.told)])[0], (0,), text.summary) for text in TEXTS]


def joined() -> list[Episode]:
    made = []
    for seed in range(20):
        texts, segments, starts = joined_texts(seed, voices=2, count=4, least=10)
        made.append(Episode(segments, (0, *starts), " ".join(text.summary for text in texts)))
    return made


def scripted() -> list[Episode]:
    made = []
    for seed in range(31, 37):
        segments, starts = talk(chatter.script(0.5, 3, seed))
        made.append(Episode(segments, tuple(starts), None))
    return made


def ours(episode: Episode, count: int) -> list[int]:
    return _chosen(episode, None)


def _chosen(episode: Episode, meanings: Meanings | None) -> list[int]:
    segments = episode.segments
    divided = chapters(segments, ChapterOptions(), "en")
    found = summarize(segments, divided, turns(segments), SummaryOptions(), "en", speakers(segments), meanings)
    return [number for sentence in found.summary.sentences for number in sentence.evidence]


def heeding(model: str) -> Chooser:
    """Ours, with a model of sentences."""
    engine = sentence_embedder(model)
    meanings = Meanings(engine) if engine else None

    def choose(episode: Episode, count: int) -> list[int]:
        return _chosen(episode, meanings)

    return choose


def lead(episode: Episode, count: int) -> list[int]:
    return list(range(count))


def anywhere(episode: Episode, count: int) -> list[int]:
    return sorted(random.Random(count).sample(range(len(episode.segments)), min(count, len(episode.segments))))


def lex_rank(episode: Episode, count: int) -> list[int]:
    """sumy's own, over the same sentences, with its stemmer and our stop words."""
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.nlp.stemmers import Stemmer
    from sumy.summarizers.lex_rank import LexRankSummarizer

    class Words:
        @staticmethod
        def to_words(text: str) -> tuple[str, ...]:
            return tuple(tokens(text))

    sentences = [Sentence(item.text, Words) for item in episode.segments]
    summarizer = LexRankSummarizer(Stemmer("english"))
    summarizer.stop_words = stop_words("en")
    chosen = summarizer(ObjectDocumentModel([Paragraph(sentences)]), count)
    place = {id(sentence): number for number, sentence in enumerate(sentences)}
    return [place[id(sentence)] for sentence in chosen]


METHODS: dict[str, Chooser] = {
    "earwitness": ours,
    "first sentences": lead,
    "any sentences": anywhere,
    **({"sumy's LexRank": lex_rank} if find_spec("sumy") else {}),
}
SETS: dict[str, Callable[[], list[Episode]]] = {
    "ten texts": single,
    "four texts joined": joined,
    "scripts of half an hour": scripted,
}


def table(model: str = "none") -> Iterator[str]:
    """A line a set and method: ROUGE-1, -2 and -L (F1), content words of the reference covered, topics covered."""
    for name, make in SETS.items():
        episodes = make()
        counts = [len(ours(episode, 0)) for episode in episodes]
        heeds = {} if model == "none" else {f"earwitness with {model}": heeding(model)}
        for method, choose in {**METHODS, **heeds}.items():
            chosen = [choose(episode, count) for episode, count in zip(episodes, counts, strict=True)]
            scores = [scored(episode, ids) for episode, ids in zip(episodes, chosen, strict=True)]
            yield f"| {name} | {method} | " + " | ".join(_mean(column) for column in zip(*scores, strict=True)) + " |"


def scored(episode: Episode, chosen: Sequence[int]) -> list[float | None]:
    """ROUGE-1, -2 and -L, content words of the reference that were chosen, and topics of which something was."""
    text = " ".join(episode.segments[number].text for number in chosen)
    topics = {sum(start <= number for start in episode.topics) for number in chosen} - {0}
    covered = len(topics) / len(episode.topics)
    if episode.reference is None:
        return [None, None, None, None, covered]
    found = rouge(episode.reference, text)
    vocabulary = Vocabulary.of([], "en")
    wanted, said = set(vocabulary.terms(episode.reference)), set(vocabulary.terms(text))
    return [found.rouge1.f1, found.rouge2.f1, found.rougeL.f1, len(wanted & said) / len(wanted), covered]


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{fmean(known):.3f}" if known else ""
