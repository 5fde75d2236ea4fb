"""Words and turns to words that know their speaker, and how sure that is.

Recognisers place the words at the edges of speech to a few tenths of a second, and some diarizers do no better with
changes of speaker. What is said helps: people hand over where a sentence ends, or else where there is a pause. So the
runs of words that the diarizer gives are kept, and where each ends is decided by all three together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.base import Stretch
from earwitness.text import SENTENCE_END
from earwitness.types import Overlap, Turn, Word

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

EDGE_S = 0.1
"""So far from the end of a turn a speaker's standing is a quarter outside, three quarters inside."""
TAIL = 0.01
"""What is left of a speaker far from their turns, of 1 for who has one."""
MOMENTS = 5
"""In so many places a word asks whose it is."""
DOUBT = 0.05
"""The part of a word's chances that all have in equal shares, however sure the stretches in it are: words lie where the
recogniser thinks."""
PAUSE_WEIGHT, NEARER = 0.05, 0.75
"""What a moment in a pause counts beside one in a stretch, and how much of it the nearer stretch has."""
REACH_WORDS = 3
"""A change moves so far at most."""
CHANGE_COST = 6.0
"""What a change in mid-sentence costs more than one between sentences: a natural logarithm, as the chances are."""
PAUSE_WORTH = 3.0
"""What a pause of `LONG_PAUSE_S` takes off that cost. Less than the end of a sentence: at the edges of speech the
recogniser's times are rough, and the first word of a turn can stand with the last one of the turn before."""
LONG_PAUSE_S = 0.3
MIN_OVERLAP_S = 0.1
"""Nobody hears less as speech of two."""


def assign(
    words: Sequence[Word],
    turns: Sequence[Turn],
    overlapping: Sequence[Turn] = (),
    stretches: Sequence[Stretch] = (),
) -> tuple[Word, ...]:
    """Gives every word its speaker and that speaker's probability; without turns the words come back as they are.

    Every word first belongs to whose speech is in it, by stretches or else turns, or nearest to it where nobody's is.
    Then each change of speaker moves by up to `REACH_WORDS`, to where the chances over the words, less the costs of the
    place, sum up best; all changes together, by dynamic programming, and so that every run keeps a word: somebody who
    says one word is not talked over by a rule.

    `speaker_probability` sums over all places where the changes can be, by their weights, whatever has this speaker
    say the word (forward-backward). For the share of a word in which several have a turn it is the speaker's share
    among them instead.

    Args:
        words: in order of time.
        turns: whom the words are given to.
        overlapping: turns of which several may be going on at once, by the same labels; where there are none, `turns`.
        stretches: sorted and disjoint, by the same labels; where there are none, `turns`.

    >>> words = [Word(" Yes.", 0, 1, 1), Word(" And", 1, 2, 1), Word(" you?", 2, 3, 1)]
    >>> [word.speaker for word in assign(words, [Turn(0, 1.9, "A"), Turn(1.9, 3, "B")])]
    ['A', 'B', 'B']
    """
    if not (words and turns):
        return tuple(words)
    labels = list(dict.fromkeys(turn.speaker for turn in (*turns, *overlapping)))
    moments = _moments(words)
    chances = _spoken_by(words, stretches, labels) if stretches else _over_words(_chances(moments, turns, labels))
    chosen, probabilities = _resolved(chances, _costs(words))
    together = np.array(_spoken(moments, overlapping or turns) > 1, np.float64)
    shared = _over_words(together[:, None])
    if shared.any():
        alike = _over_words(_chances(moments, overlapping, labels)) if overlapping else chances
        probabilities = (1 - shared) * probabilities + shared * alike
    return tuple(
        replace(word, speaker=labels[speaker], speaker_probability=float(probability[speaker]))
        for word, speaker, probability in zip(words, chosen, probabilities, strict=True)
    )


def overlaps(turns: Sequence[Turn]) -> tuple[Overlap, ...]:
    """Where turns of different speakers are going on at once for `MIN_OVERLAP_S` or longer, in order of time.

    >>> overlaps([Turn(0, 5, "A"), Turn(4, 6, "B")])
    (Overlap(start=4, end=5, speakers=('A', 'B')),)
    """
    labels = list(dict.fromkeys(turn.speaker for turn in turns if turn.speaker is not None))
    edges = sorted({edge for turn in turns for edge in (turn.start, turn.end)})
    changes: dict[float, list[tuple[str, int]]] = {edge: [] for edge in edges}
    for turn in turns:
        if turn.speaker is not None and turn.start < turn.end:
            changes[turn.start].append((turn.speaker, 1))
            changes[turn.end].append((turn.speaker, -1))
    going = dict.fromkeys(labels, 0)
    found: list[Overlap] = []
    for start, end in pairwise(edges):
        for label, step in changes[start]:
            going[label] += step
        together = tuple(label for label in labels if going[label])
        if len(together) < 2:
            continue
        if found and found[-1].end == start and found[-1].speakers == together:
            start = found.pop().start
        found.append(Overlap(start, end, together))
    return tuple(overlap for overlap in found if overlap.end - overlap.start >= MIN_OVERLAP_S)


def _spoken_by(words: Sequence[Word], stretches: Sequence[Stretch], labels: Sequence[str | None]) -> Array:
    """The mean chances of the speech in each word, or nearest to it where it has none: shape (words, speakers)."""
    chances = np.array([[stretch.chances.get(label or "", 0.0) for label in labels] for stretch in stretches])
    starts, ends = (np.array([getattr(stretch, edge) for stretch in stretches]) for edge in ("start", "end"))
    middles = (ends[:-1] + starts[1:]) / 2
    # Each half of a pause belongs to the stretch beside it, and less so to the one beyond.
    before, after = np.vstack([chances[:1], chances[:-1]]), np.vstack([chances[1:], chances[-1:]])
    nearer = [NEARER * chances + (1 - NEARER) * other for other in (before, after)]
    by_part = np.stack([nearer[0], chances, nearer[1]], axis=1).reshape(-1, len(labels))
    edges = np.stack([np.append(0, middles), starts, ends], axis=1).ravel()
    edges = np.append(edges, max(ends[-1], words[-1].end) + 1)
    weights = np.diff(edges) * np.tile([PAUSE_WEIGHT, 1, PAUSE_WEIGHT], len(stretches))
    sums = np.vstack([np.zeros(len(labels)), np.cumsum(weights[:, None] * by_part, axis=0)])
    times = np.array([(word.start, max(word.end, word.start + 1e-3)) for word in words])
    within = np.stack([np.diff(np.interp(times, edges, column))[:, 0] for column in sums.T], axis=1)
    spoken: Array = DOUBT / len(labels) + (1 - DOUBT) * within / within.sum(axis=1, keepdims=True)
    return spoken


def _moments(words: Sequence[Word]) -> Array:
    """`MOMENTS` times evenly over each word: shape (words * MOMENTS,)."""
    starts = np.array([word.start for word in words], np.float64)
    lengths = np.array([word.end - word.start for word in words], np.float64)
    return np.ravel(starts[:, None] + lengths[:, None] * (np.arange(MOMENTS) + 0.5) / MOMENTS)


def _over_words(values: Array) -> Array:
    """Means over the moments of each word: (words * MOMENTS, n) to (words, n)."""
    means: Array = values.reshape(-1, MOMENTS, values.shape[1]).mean(axis=1)
    return means


def _chances(moments: Array, turns: Sequence[Turn], labels: Sequence[str | None]) -> Array:
    """How likely each speaker has each moment: shape (moments, speakers), rows that sum to 1."""
    standing = np.stack([_standing(moments, [turn for turn in turns if turn.speaker == name]) for name in labels], 1)
    chances: Array = standing / standing.sum(axis=1, keepdims=True)
    return chances


def _standing(moments: Array, turns: Sequence[Turn]) -> Array:
    """0 to 1: half where a turn begins or ends, more inside; the tails are heavy, as diarizers also err by much."""
    if not turns:
        return np.full(len(moments), TAIL)
    ordered = sorted(turns, key=lambda turn: turn.start)
    starts = np.array([turn.start for turn in ordered] + [np.inf])
    ends = np.maximum.accumulate([turn.end for turn in ordered])
    after = np.searchsorted(starts, moments, side="right")
    before = np.maximum(after - 1, 0)
    inside = np.maximum(np.minimum(moments - starts[before], ends[before] - moments), moments - starts[after])
    standing: Array = TAIL + (1 - 2 * TAIL) * (1 + inside / (EDGE_S + np.abs(inside))) / 2
    return standing


def _spoken(moments: Array, turns: Sequence[Turn]) -> npt.NDArray[np.intp]:
    """How many turns are going on at each moment."""
    starts, ends = np.sort([turn.start for turn in turns]), np.sort([turn.end for turn in turns])
    return np.searchsorted(starts, moments, side="right") - np.searchsorted(ends, moments, side="right")


def _costs(words: Sequence[Word]) -> Array:
    """What a change before each word costs: nothing after a sentence, `CHANGE_COST` where speech runs on."""
    costs = np.zeros(len(words))
    for place, (before, after) in enumerate(pairwise(words), 1):
        if not SENTENCE_END.search(before.word):
            pause = min(max(after.start - before.end, 0.0) / LONG_PAUSE_S, 1.0)
            costs[place] = CHANGE_COST - PAUSE_WORTH * pause
    return costs


def _resolved(chances: Array, costs: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """The speaker of each word, and every speaker's probability of saying it: shapes (words,), (words, speakers)."""
    count = len(chances)
    first = chances.argmax(axis=1)
    changes = [int(at) for at in np.flatnonzero(np.diff(first)) + 1]
    runs = first[[0, *changes]]
    # A run's sum of log chances is a difference of these, so that the whole sum falls into a term for each change.
    sums = np.vstack([np.zeros(chances.shape[1]), np.cumsum(np.log(chances), axis=0)])
    places = [np.arange(max(1, at - REACH_WORDS), min(count, at + REACH_WORDS + 1)) for at in changes]
    scores = [
        sums[place, before] - sums[place, after] - costs[place]
        for place, (before, after) in zip(places, pairwise(runs), strict=True)
    ]
    bounds = [0, *_best(places, scores), count]
    speakers = np.repeat(runs, np.diff(bounds))
    steps = np.zeros(chances.shape)
    steps[0, runs[0]] = 1
    for place, weights, (before, after) in zip(places, _weights(places, scores), pairwise(runs), strict=True):
        steps[place, before] -= weights
        steps[place, after] += weights
    return speakers, np.clip(np.cumsum(steps, axis=0), 0, 1)


def _best(places: Sequence[Any], scores: Sequence[Array]) -> list[int]:
    """One place for every change, in order and all different, of the greatest sum of scores."""
    if not places:
        return []
    best, leaders = [scores[0]], [np.zeros(len(places[0]), np.intp)]
    for here, there, score in zip(places, places[1:], scores[1:], strict=False):
        reached = np.where(here < there[:, None], best[-1], -np.inf)
        leaders.append(reached.argmax(axis=1))
        best.append(score + reached.max(axis=1))
    chosen, at = [], int(best[-1].argmax())
    for place, leader in zip(reversed(places), reversed(leaders), strict=True):
        chosen.append(int(place[at]))
        at = int(leader[at])
    return chosen[::-1]


def _weights(places: Sequence[Any], scores: Sequence[Array]) -> list[Array]:
    """Of every change the probability of each of its places, given that all are in order and different."""
    forward, backward = list(scores), [np.zeros(len(place)) for place in places]
    for index in range(1, len(places)):
        reached = np.where(places[index - 1] < places[index][:, None], forward[index - 1], -np.inf)
        forward[index] = scores[index] + np.logaddexp.reduce(reached, axis=1)
    for index in range(len(places) - 2, -1, -1):
        onward = backward[index + 1] + scores[index + 1]
        reached = np.where(places[index][:, None] < places[index + 1], onward, -np.inf)
        backward[index] = np.logaddexp.reduce(reached, axis=1)
    totals = [ahead + behind for ahead, behind in zip(forward, backward, strict=True)]
    return [np.exp(total - np.logaddexp.reduce(total)) for total in totals]
