"""What a sound is of: the labels of a classifier, for a clip or over a long recording, and the events among them.

A recording is heard in windows that overlap, so that a sound at the end of one is in the middle of the next. What they
say is kept as scores of steps, which abut and add up to the whole recording: every second has its labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.base import SoundClassifier
from earwitness.errors import AudioError, OptionError
from earwitness.mapped import release
from earwitness.types import Audio, Event, Seconds
from earwitness.units import rounded, to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

TOP_K = 5
THRESHOLD = 0.5
RELEASE = 0.7
"""An event begins where its score reaches the threshold, and lasts while it is not below this share of it."""
MIN_HOP_S = 0.01
WINDOWS_AT_ONCE = 16
"""They are copied out of the recording, and so they are in memory."""


@dataclass(frozen=True)
class Label:
    """What a sound may be of; `score` 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Step:
    """A part of a recording, and what is most likely heard there, the likeliest first."""

    start: Seconds
    end: Seconds
    labels: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Timeline:
    """The scores of a recording over time.

    `edges`, float64 (n + 1,), are seconds: the first is 0, the last the recording's duration, and a step lies between
    two. `scores`, float32 (n, len(labels)), are 0 to 1; where the labels are `exclusive`, those of a step add up to 1.
    """

    labels: tuple[str, ...]
    exclusive: bool
    edges: npt.NDArray[np.float64]
    scores: FloatArray

    @property
    def duration(self) -> Seconds:
        return float(self.edges[-1])

    def top(self, k: int = TOP_K) -> tuple[Label, ...]:
        """The labels of the whole recording: the mean score of each over time, the highest first."""
        return self._best(np.average(self.scores, axis=0, weights=np.diff(self.edges)), k)

    def steps(self, k: int = TOP_K) -> Iterator[Step]:
        """All of the recording, step by step."""
        for index, scores in enumerate(self.scores):
            yield Step(rounded(self.edges[index]), rounded(self.edges[index + 1]), self._best(scores, k))

    def _best(self, scores: FloatArray, k: int) -> tuple[Label, ...]:
        if k < 1:
            raise OptionError(f"top {k}: give 1 or more")
        best = np.argsort(-scores, kind="stable")[:k]
        return tuple(Label(self.labels[index], float(scores[index])) for index in best)

    def events(self, threshold: float = THRESHOLD, min_length_s: Seconds = 0.0) -> tuple[Event, ...]:
        """The spans in which a label is heard, in order of time; none where nothing is clear enough.

        Events of exclusive labels never overlap: in each step only the likeliest label counts. `score` is the label's
        mean over its span.

        Args:
            threshold: 0 to 1; an event reaches it somewhere, and is nowhere below `RELEASE` times it.
            min_length_s: shorter events are left out.

        Raises:
            OptionError: a value outside its range.
        """
        if not 0 <= threshold <= 1 or not min_length_s >= 0:
            raise OptionError(
                f"events from {threshold:g} of {min_length_s:g} s: give a threshold of 0 to 1, and a length "
                "that is not negative"
            )
        heard = self.scores >= RELEASE * threshold
        if self.exclusive:
            heard &= self.scores.argmax(axis=1)[:, np.newaxis] == np.arange(len(self.labels))
        found = [
            self._event(first, last, column)
            for column in np.flatnonzero((self.scores >= threshold).any(axis=0)).tolist()
            for first, last in _runs(heard[:, column])
            if self.scores[first:last, column].max() >= threshold
            and self.edges[last] - self.edges[first] >= min_length_s - 1e-9
        ]
        return tuple(sorted(found, key=lambda event: (event.start, event.end, event.label)))

    def _event(self, first: int, last: int, column: int) -> Event:
        score = np.average(self.scores[first:last, column], weights=np.diff(self.edges[first : last + 1]))
        return Event(rounded(self.edges[first]), rounded(self.edges[last]), self.labels[column], float(score))


def listen(
    audio: Audio,
    classifier: SoundClassifier,
    *,
    window_s: Seconds | None = None,
    hop_s: Seconds | None = None,
    progress: Callable[[Seconds], None] | None = None,
) -> Timeline:
    """What a classifier hears in a recording, over time.

    The score of a step is the mean of the windows that it lies in, each as far as the step lies in it. A recording
    that is not longer than a window is one step, and its scores are the classifier's own.

    Args:
        audio: at `classifier.sample_rate`; read window by window, so that a long file need not be in memory.
        window_s: the length of a window; by default what the classifier is made for.
        hop_s: from one window to the next, and the length of a step; at most `window_s`, by default half of it.
        progress: called with the seconds heard so far.

    Raises:
        AudioError: there is no sound.
        OptionError: another sample rate, or a window or hop that is none.
        ModelError: the classifier cannot be had or run.

    >>> from earwitness.engines import sound_classifier
    >>> rain = np.random.default_rng(0).normal(0, 0.05, 64_000).astype(np.float32)
    >>> timeline = listen(Audio(rain), sound_classifier("builtin"))
    >>> timeline.top(1)[0].label, [(event.start, event.end, event.label) for event in timeline.events()]
    ('noise', [(0.0, 4.0, 'noise')])
    """
    window_s = classifier.window_s if window_s is None else window_s
    hop_s = window_s / 2 if hop_s is None else hop_s
    if audio.sample_rate != classifier.sample_rate:
        raise OptionError(
            f"sound at {audio.sample_rate} Hz for a classifier that hears {classifier.sample_rate} Hz; "
            "load(path, sample_rate=classifier.sample_rate) decodes it so"
        )
    if not len(audio.samples):
        raise AudioError("empty audio: there is nothing to classify; give a recording")
    if not MIN_HOP_S <= hop_s <= window_s < float("inf"):
        raise OptionError(f"windows of {window_s:g} s every {hop_s:g} s: give a hop of {MIN_HOP_S:g} s to a window")
    starts, edges = _plan(audio.duration, window_s, hop_s)
    sums = np.zeros((len(edges) - 1, len(classifier.labels)))
    weights = np.zeros(len(edges) - 1)
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        batch = starts[first : first + WINDOWS_AT_ONCE]
        scores = classifier.classify([_window(audio, start, window_s) for start in batch])
        for start, row in zip(batch, scores, strict=True):
            touched, shares = _shares(edges, start, start + window_s)
            sums[touched] += shares[:, np.newaxis] * row
            weights[touched] += shares
        if progress:
            progress(min(batch[-1] + window_s, audio.duration))
    means = (sums / weights[:, np.newaxis]).astype(np.float32)
    return Timeline(tuple(classifier.labels), classifier.exclusive, edges, means)


def events(
    audio: Audio,
    classifier: SoundClassifier,
    *,
    window_s: Seconds | None = None,
    hop_s: Seconds | None = None,
    threshold: float = THRESHOLD,
    min_length_s: Seconds = 0.0,
) -> tuple[Event, ...]:
    """What is heard when: `listen`, and then `Timeline.events`."""
    return listen(audio, classifier, window_s=window_s, hop_s=hop_s).events(threshold, min_length_s)


def _runs(heard: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The first step of each run, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], heard.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _plan(duration: Seconds, window_s: Seconds, hop_s: Seconds) -> tuple[list[Seconds], npt.NDArray[np.float64]]:
    """Where windows begin, the last of them ending with the recording, and the edges of the steps."""
    if duration <= window_s:
        return [0.0], np.array([0.0, duration])
    last = duration - window_s
    starts = [*(hop_s * np.arange(np.ceil(last / hop_s))).tolist(), last]
    steps = max(1, round(duration / hop_s))  # so that none is shorter than half a hop
    return starts, np.append(hop_s * np.arange(steps), duration)


def _window(audio: Audio, start: Seconds, length_s: Seconds) -> FloatArray:
    """A copy, and all of one length, since the ends of spans are not rounded as their lengths are."""
    first = to_samples(start, audio.sample_rate)
    samples = np.array(audio.samples[first : first + to_samples(length_s, audio.sample_rate)], np.float32)
    release(audio.samples)
    return samples


def _shares(edges: npt.NDArray[np.float64], start: Seconds, end: Seconds) -> tuple[slice, npt.NDArray[np.float64]]:
    """The steps that a window reaches into, and how many seconds of each."""
    first = int(np.searchsorted(edges, start, "right")) - 1
    last = int(np.searchsorted(edges, end, "left"))
    bounds = np.clip(edges[first : last + 1], start, end)
    return slice(first, first + len(bounds) - 1), np.diff(bounds)
