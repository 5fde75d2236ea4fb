"""Segments to chapters: where the words change, and where people say that the topic does."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import numpy as np

from earwitness import cues
from earwitness.options import ChapterOptions
from earwitness.phrases import titles
from earwitness.text import Vocabulary, plain
from earwitness.types import Chapter, Coverage, Seconds, Segment

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

# How long a chapter of an episode should be: 75 s in four minutes, seven minutes in an hour, ten in two and beyond.
_TYPICAL_S, _TYPICAL_EPISODE_S, _TYPICAL_POWER, _TYPICAL_MOST_S = 75.0, 240.0, 0.63, 600.0
# A chapter may be this many times longer than typical, and there may be this many times more chapters.
_MOST = 4.0
_MANY = 2.0
_LEAST_OF_MOST_S = 300.0
# Spread of the lengths, as the standard deviation of their logarithm.
_SPREAD = 0.7

# How strongly a chapter's words are expected to be those of the episode: the concentration of the Dirichlet prior, as
# a share of the words of a typical chapter.
_CONCENTRATION = 1.0
# A boundary costs so many times the logarithm of the number of places for it; the cues are worth nats as well.
_BOUNDARY = 2.5
_TURN, _QUESTION, _CUE, _CONTINUATION, _PAUSE, _JINGLE = 2.0, 1.0, 5.0, -3.0, 1.0, 8.0
_LEAST_JINGLE_S = 1.5
# Longer episodes are handled in this many pieces at most, so that memory and time stay bounded.
_MAX_UNITS = 6000

# Farewells are looked for in this last share of the episode, within bounds.
_CLOSING_SHARE, _CLOSING_S = 0.15, (30.0, 180.0)
# Openings and closings are named so up to this length, and up to this share of the other chapters' average.
_SHORT_S, _SHORT_SHARE = 90.0, 0.7
_TOO_SHORT = 1000.0


def chapters(
    segments: Sequence[Segment], options: ChapterOptions, language: str, sounds: Sequence[Coverage] = ()
) -> tuple[Chapter, ...]:
    """Divides an episode by topic; every segment is in exactly one chapter, the chapters abut from 0 on.

    The division is the likeliest one under a model in which each chapter has its own distribution over words, drawn
    around that of the episode (Eisenstein and Barzilay 2008, here with the episode's word frequencies as the prior,
    which makes common words say little in any language), found by dynamic programming. Turns, questions, pauses,
    jingles and phrases that announce a topic make a boundary likelier, and so do lengths that suit the episode.

    Args:
        options: chapters are no shorter than `min_chapter_s`; the opening and the closing may be a third as long.
        language: ISO 639-1; the phrases are English, the rest serves any language.
        sounds: what is heard beside speech; music between words is taken for a jingle, unless it is so all the time.
    """
    if not segments:
        return ()
    vocabulary = Vocabulary.of([item.text for item in segments], language)
    units = _units(segments)
    documents = [vocabulary.terms(" ".join(item.text for item in unit)) for unit in units]
    worths = _boundary_worths(units, language) + _jingle_worths(units, sounds, options)
    firsts = _divide(units, documents, worths, options)
    groups = [[item for unit in units[first:last] for item in unit] for first, last in pairwise([*firsts, len(units)])]
    names = _titles(groups, vocabulary)
    bounds = [0.0, *(group[0].start for group in groups[1:]), max(item.end for item in segments)]
    return tuple(
        Chapter(number, start, end, name, tuple(item.id for item in group))
        for number, (name, group, (start, end)) in enumerate(zip(names, groups, pairwise(bounds), strict=True))
    )


def _units(segments: Sequence[Segment]) -> list[list[Segment]]:
    """One segment each; a few where there would be more than `_MAX_UNITS`."""
    size = -(-len(segments) // _MAX_UNITS)
    return [list(segments[first : first + size]) for first in range(0, len(segments), size)]


class _Likelihood:
    """Negative log likelihoods, in nats, of all spans of units that end at a given one."""

    def __init__(self, documents: Sequence[Sequence[str]], chapters: float) -> None:
        self.documents = documents
        frequency = Counter(term for document in documents for term in document)
        total = sum(frequency.values())
        concentration = max(1.0, _CONCENTRATION * total / chapters)
        self.prior = {term: concentration * count / total for term, count in frequency.items()}
        self.lengths = np.concatenate([[0], np.cumsum([len(document) for document in documents])])
        self.normaliser = np.concatenate([[0.0], np.cumsum(np.log(np.arange(total) + concentration))])
        self.heard: defaultdict[str, list[int]] = defaultdict(list)
        self.gains = np.zeros(len(documents))

    def advance(self, last: int, first: int) -> Numbers:
        """For spans that end with unit `last`, a cost for each start from `first` to `last`.

        To be called for every unit in order, `first` not falling. A word's cost depends on how often the span had
        it before, so it changes only where the word was heard: each word adds its steps, a sum over them does the
        rest.
        """
        steps = np.zeros(last - first + 1)
        for term in self.documents[last]:
            prior = self.prior[term]
            heard = self.heard[term]
            steps[-1] += math.log(prior)
            for count, unit in enumerate(reversed(heard), 1):
                if unit < first:
                    break
                steps[unit - first] += math.log((count + prior) / (count - 1 + prior))
            heard.append(last)
        self.gains[first : last + 1] += np.cumsum(steps[::-1])[::-1]
        counts = self.lengths[last + 1] - self.lengths[first : last + 1]
        costs: Numbers = self.normaliser[counts] - self.gains[first : last + 1]
        return costs


def _boundary_worths(units: Sequence[Sequence[Segment]], language: str) -> Numbers:
    """How much the cues speak for a boundary before each unit, in nats."""
    heads = [unit[0] for unit in units]
    pauses = np.array([0.0, *(after[0].start - before[-1].end for before, after in pairwise(units))])
    usual = max(0.2, float(np.median(pauses[1:]))) if len(units) > 1 else 1.0
    worths: Numbers = _PAUSE * np.clip(np.log2(np.maximum(pauses, 0.05) / usual), -1.0, 3.0)
    end = units[-1][-1].end
    closing = end - min(max(_CLOSING_S[0], _CLOSING_SHARE * end), _CLOSING_S[1])
    for number in range(1, len(units)):
        head, before = heads[number], units[number - 1][-1]
        turn = head.speaker != before.speaker
        worths[number] += _TURN if turn else 0.0
        if language != "en":
            worths[number] += _QUESTION if turn and "?" in head.text else 0.0
            continue
        words = plain(head.text)
        if turn and _asks(units, number):
            worths[number] += _QUESTION
        farewell = head.start >= closing and _says_farewell(units, number)
        greeted = turn and _replies_to_welcome(units, number)
        if farewell or greeted or cues.NEXT_TOPIC.search(words):
            worths[number] += _CUE
        elif cues.CONTINUES.search(words):
            worths[number] += _CONTINUATION
        if before.text.endswith("?"):
            worths[number] += _CONTINUATION
    return worths


def _jingle_worths(units: Sequence[Sequence[Segment]], sounds: Sequence[Coverage], options: ChapterOptions) -> Numbers:
    """What music between the words speaks for; nothing where it is heard in more places than there can be chapters."""
    worths = np.zeros(len(units))
    ends = np.maximum.accumulate([unit[-1].end for unit in units])
    starts = np.array([unit[0].start for unit in units])
    for span in sounds:
        if span.kind == "music":
            number = int(np.searchsorted(starts, span.end - _LEAST_JINGLE_S / 2))
            if 0 < number < len(units):
                between_s = min(span.end, starts[number]) - max(span.start, ends[number - 1])
                worths[number] = _JINGLE if between_s >= _LEAST_JINGLE_S else worths[number]
    bed = np.count_nonzero(worths) > max(2.0, _MANY * ends[-1] / _typical_s(ends[-1], options))
    return np.zeros(len(units)) if bed else worths


def _typical_s(duration: Seconds, options: ChapterOptions) -> Seconds:
    typical: Seconds = _TYPICAL_S * (duration / _TYPICAL_EPISODE_S) ** _TYPICAL_POWER
    return max(min(typical, _TYPICAL_MOST_S), options.min_chapter_s)


def _says_farewell(units: Sequence[Sequence[Segment]], number: int) -> bool:
    """Whether the farewell begins here: in this unit, or in the next one of a turn that begins here."""
    before = units[number - 1][-1]
    first, *rest = (unit[0] for unit in units[number : number + 2])
    near = [first, *(item for item in rest if before.speaker != first.speaker == item.speaker)]
    return any(cues.FAREWELL.search(plain(item.text)) for item in near) and not cues.FAREWELL.search(plain(before.text))


def _replies_to_welcome(units: Sequence[Sequence[Segment]], number: int) -> bool:
    """Whether the turn that ends here is a guest's first."""
    speaker = units[number - 1][-1].speaker
    turn = takewhile(lambda unit: unit[-1].speaker == speaker, reversed(units[max(0, number - 3) : number]))
    return any(cues.GUEST_REPLY.search(plain(item.text)) for unit in turn for item in unit)


def _asks(units: Sequence[Sequence[Segment]], number: int) -> bool:
    """Whether the turn that begins here asks something within its first three units."""
    speaker = units[number][0].speaker
    for unit in units[number : number + 3]:
        if unit[0].speaker != speaker:
            break
        if "?" in unit[-1].text or cues.ASKS.search(plain(unit[0].text)):
            return True
    return False


def _divide(
    units: Sequence[Sequence[Segment]], documents: Sequence[Sequence[str]], worths: Numbers, options: ChapterOptions
) -> list[int]:
    """The first units of the chapters: those of the division with the least cost."""
    starts = np.array([unit[0].start for unit in units] + [units[-1][-1].end])
    starts[0] = 0.0
    typical = _typical_s(float(starts[-1]), options)
    most = max(_MOST * typical, _LEAST_OF_MOST_S)
    windows = [min(int(np.searchsorted(starts, end - most)), last) for last, end in enumerate(starts[1:])]
    likelihood = _Likelihood(documents, max(1.0, starts[-1] / typical))
    costs = []
    for last, first in enumerate(windows):
        lengths = starts[last + 1] - starts[first : last + 1]
        costs.append(
            likelihood.advance(last, first) + _length_costs(lengths, first, last, len(units), typical, options)
        )
    low = high = _BOUNDARY * math.log(len(units) + 1)
    found = _least_cost(costs, windows, worths - high)
    many = max(2, round(_MANY * starts[-1] / typical))
    if len(found) <= many:
        return found
    while len(found) > many:
        low, high = high, 2 * high
        found = _least_cost(costs, windows, worths - high)
    for _ in range(8):
        middle = (low + high) / 2
        tried = _least_cost(costs, windows, worths - middle)
        low, high, found = (middle, high, found) if len(tried) > many else (low, middle, tried)
    return found


def _length_costs(
    lengths: Numbers, first: int, last: int, units: int, typical: Seconds, options: ChapterOptions
) -> Numbers:
    """Log-normal in length; a chapter that is too short costs more than any other fault."""
    strayed = np.log(np.maximum(lengths, 1.0) / typical) / _SPREAD
    shortest = np.full(len(lengths), float(options.min_chapter_s))
    if first == 0:
        shortest[0] /= 3
        strayed[0] = max(0.0, strayed[0])
    if last == units - 1:
        shortest /= 3
        strayed = np.maximum(0.0, strayed)
    costs: Numbers = strayed**2 / 2 + _TOO_SHORT * np.maximum(0.0, shortest - lengths)
    return costs


def _least_cost(costs: Sequence[Numbers], windows: Sequence[int], worths: Numbers) -> list[int]:
    best = np.zeros(len(costs) + 1)
    came_from = []
    opening = np.concatenate([[0.0], worths[1:]])
    for last, (first, cost) in enumerate(zip(windows, costs, strict=True)):
        totals = best[first : last + 1] + cost - opening[first : last + 1]
        choice = int(np.argmin(totals))
        best[last + 1] = totals[choice]
        came_from.append(first + choice)
    found = [came_from[-1]]
    while found[-1] > 0:
        found.append(came_from[found[-1] - 1])
    return found[::-1]


def _titles(groups: Sequence[Sequence[Segment]], vocabulary: Vocabulary) -> list[str]:
    texts = [[item.text for item in group] for group in groups]
    names = titles(texts, vocabulary)
    if vocabulary.language == "en" and len(groups) > 1:
        if _is_short(groups, 0) and any(cues.GREETING.search(plain(text)) for text in texts[0][:3]):
            names[0] = "Introduction"
        if _is_short(groups, -1) and any(cues.FAREWELL.search(plain(text)) for text in texts[-1][:3]):
            names[-1] = "Closing"
    return names


def _is_short(groups: Sequence[Sequence[Segment]], number: int) -> bool:
    lengths = [group[-1].end - group[0].start for group in groups]
    length = lengths.pop(number)
    return length <= min(_SHORT_S, _SHORT_SHARE * sum(lengths) / len(lengths))
