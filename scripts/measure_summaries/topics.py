"""Chapters against talk whose topics are known, beside TextTiling and beside guesses."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from random import Random
from statistics import fmean

from claims import WORD_S, talk
from nltk.tokenize.texttiling import TextTilingTokenizer
from texts import TEXTS, Text

from earwitness.chapters import chapters
from earwitness.evaluation.segmentation import compare
from earwitness.evaluation.synth import chatter
from earwitness.options import ChapterOptions, SegmentOptions
from earwitness.segments import segment
from earwitness.text import stop_words
from earwitness.types import Segment, Word

Divided = tuple[tuple[Segment, ...], list[int]]
"""Segments, and the ids of those with which topics begin, the first of all left out."""
Divider = Callable[[Sequence[Segment], int], list[int]]
"""Segments and the true number of topics to the segments with which topics begin, the first of all left out."""

SETTINGS = ((20, 5), (20, 20), (40, 10))
"""Of TextTiling: words in a pseudo-sentence, and pseudo-sentences in a block."""
LEAST_SENTENCES = 6
ASKS = 0.25
QUESTIONS = (
    "How did that begin?", "And what happened then?", "Is that really so?", "Why is that?", "I did not know that.",
    "Tell me more about it.", "What do people say to that?",
)  # fmt: skip


def joined_texts(
    seed: int, *, voices: int, count: int = 5, least: int = LEAST_SENTENCES
) -> tuple[list[Text], tuple[Segment, ...], list[int]]:
    """Some texts in a random order, each up to a random sentence, with their segments and where the later ones begin.

    They are told by one voice, or each by another guest to a host who now and then asks.
    """
    r = Random(seed)
    chosen = r.sample(TEXTS, count)
    turns: list[tuple[str, str]] = []
    firsts: list[int] = []
    for number, text in enumerate(chosen):
        firsts.append(len(turns))
        sentences = re.findall(r"[^.!?]+[.!?]", " ".join(text.told.split()))
        for sentence in sentences[: r.randint(least, len(sentences))]:
            if voices > 1 and r.random() < ASKS and len(turns) > firsts[-1]:
                turns.append(("host", r.choice(QUESTIONS)))
            turns.append((f"guest {number}" if voices > 1 else "guest", sentence))
    segments, starts = told_by(turns)
    return chosen, segments, [starts[first] for first in firsts[1:]]


def told_by(turns: Sequence[tuple[str, str]]) -> tuple[tuple[Segment, ...], list[int]]:
    """Segments of what speakers say one after another, and the id of the one with which each begins."""
    words: list[Word] = []
    begins: list[float] = []
    time = 0.0
    for speaker, said in turns:
        begins.append(time)
        for word in said.split():
            words.append(Word(f" {word}", time, time + 0.8 * WORD_S, 1.0, speaker, 1.0))
            time += WORD_S
        time += WORD_S
    segments = segment(words, (), "en", SegmentOptions())
    starts = [item.start for item in segments]
    return segments, [bisect_left(starts, begin - 1e-6) for begin in begins]


def joined(seed: int, *, voices: int) -> Divided:
    """Five texts on different topics, one after another."""
    _, segments, starts = joined_texts(seed, voices=voices)
    return segments, starts


def scripted(seed: int, hours: float) -> Divided:
    """A made-up podcast of `earwitness synth` by three people, heard without a fault."""
    segments, starts = talk(chatter.script(hours, 3, seed))
    return segments, starts[1:]


def ours(segments: Sequence[Segment], count: int) -> list[int]:
    return [chapter.segments[0] for chapter in chapters(segments, ChapterOptions(), "en")[1:]]


def text_tiling(segments: Sequence[Segment], w: int = 20, k: int = 10) -> list[int]:
    """Hearst's TextTiling (1997) as nltk has it; every segment is a paragraph, where it may put a boundary."""
    paragraphs = [f"{item.text}\n\n" for item in segments]
    ends = list(accumulate(map(len, paragraphs)))
    tokenizer = TextTilingTokenizer(w=w, k=k, stopwords=stop_words("en"))
    try:
        parts = tokenizer.tokenize("".join(paragraphs))
    except ValueError:  # too short for its blocks
        return []
    cuts = list(accumulate(map(len, parts)))[:-1]
    return sorted({bisect_left(ends, cut) for cut in cuts} - {0})


def evenly(segments: Sequence[Segment], count: int) -> list[int]:
    return [round(number * len(segments) / count) for number in range(1, count)]


def none(segments: Sequence[Segment], count: int) -> list[int]:
    return []


SETS: dict[str, list[Callable[[], Divided]]] = {
    "joined texts, one voice": [lambda seed=seed: joined(seed, voices=1) for seed in range(20)],
    "joined texts, host and guests": [lambda seed=seed: joined(seed, voices=2) for seed in range(20)],
    "scripts of 10 minutes": [lambda seed=seed: scripted(seed, 1 / 6) for seed in range(21, 29)],
    "scripts of an hour": [lambda seed=seed: scripted(seed, 1.0) for seed in range(21, 24)],
    "scripts of five hours": [lambda seed=seed: scripted(seed, 5.0) for seed in range(21, 22)],
}


def table() -> Iterator[str]:
    """A line a set and method: Pk, WindowDiff, and chapters found for each there is."""
    for name, makers in SETS.items():
        made = [make() for make in makers]
        for method, divider in METHODS.items():
            yield _line(name, method, [_scored(divided, divider) for divided in made])
        tiled = {
            setting: [_scored(divided, lambda s, _, at=setting: text_tiling(s, *at)) for divided in made]
            for setting in SETTINGS
        }
        best = min(tiled, key=lambda setting: fmean(score[0] for score in tiled[setting]))
        yield _line(name, f"TextTiling, best of {len(SETTINGS)} settings: w={best[0]}, k={best[1]}", tiled[best])


METHODS: dict[str, Divider] = {
    "earwitness": ours,
    "TextTiling": lambda segments, _: text_tiling(segments),
    "evenly, as many as there are": evenly,
    "no boundary": none,
}


def _scored(divided: Divided, divider: Divider) -> tuple[float, float, float]:
    segments, truth = divided
    found = divider(segments, len(truth) + 1)
    return *compare(truth, found, len(segments)), (len(found) + 1) / (len(truth) + 1)


def _line(name: str, method: str, scores: Sequence[tuple[float, float, float]]) -> str:
    pk, difference, ratio = (fmean(column) for column in zip(*scores, strict=True))
    return f"| {name} | {method} | {pk:.3f} | {difference:.3f} | {ratio:.2f} |"
