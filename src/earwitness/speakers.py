"""Who speaks when: sound and regions to turns.

An engine turns spans of 1.6 s into points, `earwitness.clustering` finds the voices among them, and every tenth of a
second goes to the voice it is nearest to, by the best path that does not change voices lightly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from earwitness.clustering import spread_of, voices_of
from earwitness.engines.base import VoiceEmbedder
from earwitness.options import SpeakerOptions
from earwitness.types import Audio, Progress, Region, Seconds, Turn
from earwitness.units import to_samples

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    IntArray = npt.NDArray[np.intp]

T = TypeVar("T")

STEP_S = 0.1
"""Turns are found to this; their ends then move to the quietest moment nearby."""
HOP_S = 0.2
"""Between the starts of two spans. Every second one is clustered: more overlap adds cost and no knowledge."""
BATCH_SPANS = 1_500
"""Spans embedded between two reports of progress: five minutes of speech."""
CHANGE_COST = 0.5
"""What a change of voices costs, in mean squared spreads a dimension over one step."""
MIN_TURN_S = 0.4
JOIN_S = 0.5
"""A shorter pause does not end a turn."""
SNAP_S = 0.3
QUIET_S = 0.05


def diarize(
    audio: Audio,
    regions: Sequence[Region],
    embedder: VoiceEmbedder,
    options: SpeakerOptions | None = None,
    progress: Progress | None = None,
) -> tuple[Turn, ...]:
    """The turns of a recording: sorted, disjoint, inside the regions but for pauses of up to half a second.

    Args:
        audio: the recording.
        regions: where somebody speaks: sorted and disjoint.
        embedder: turns spans into points; see `earwitness.engines`.
        options: how many speakers there are, or may be.
        progress: called with "speakers" and seconds of speech.

    Returns:
        Turns with the labels SPEAKER_00, SPEAKER_01, ... in order of first appearance. Nobody speaks: no turns.
    """
    options = options or SpeakerOptions()
    regions = [region for region in regions if region.duration > 0]
    if not regions:
        return ()
    spans = tuple(_spans(regions, embedder.window_s))
    points = _points(audio, spans, embedder, progress)
    starts = np.array([span.start for span in spans])
    spread = spread_of(points, starts, embedder.window_s)
    fewest, most = options.speakers or options.min_speakers, options.speakers or options.max_speakers
    voices = voices_of(points[::2], spread, fewest, most)
    steps, labels = _path(points, starts, voices, spread, regions, embedder.window_s)
    turns = [turn for region in regions for turn in _region_turns(region, steps, labels)]
    return _labelled(_joined([_snapped_turn(audio, before, turn, after) for before, turn, after in _around(turns)]))


def _spans(regions: Sequence[Region], window_s: Seconds) -> Iterator[Region]:
    """Spans of `window_s` evenly over each region; one about a shorter region, as far as its neighbours allow."""
    for index, region in enumerate(regions):
        spare = region.duration - window_s
        if spare <= 0:
            low = regions[index - 1].end if index else 0.0
            high = regions[index + 1].start if index + 1 < len(regions) else np.inf
            yield Region(max(low, region.start + spare / 2), float(min(high, region.end - spare / 2)))
            continue
        count = int(np.ceil(spare / HOP_S)) + 1
        for start in np.linspace(region.start, region.end - window_s, count):
            yield Region(float(start), float(start) + window_s)


def _points(audio: Audio, spans: Sequence[Region], embedder: VoiceEmbedder, progress: Progress | None) -> FloatArray:
    batches = []
    for begin in range(0, len(spans), BATCH_SPANS):
        batches.append(embedder.embed(audio.samples, spans[begin : begin + BATCH_SPANS]))
        if progress:
            progress("speakers", spans[min(begin + BATCH_SPANS, len(spans)) - 1].end, spans[-1].end)
    return np.concatenate(batches)


def _path(
    points: FloatArray,
    starts: Any,
    voices: FloatArray,
    spread: float,
    regions: Sequence[Region],
    window_s: Seconds,
) -> tuple[IntArray, IntArray]:
    """The steps of `STEP_S` in which somebody speaks, and the voice of each."""
    steps = np.unique(np.concatenate([_steps(region) for region in regions]))
    if len(voices) == 1:
        return steps, np.zeros(len(steps), np.intp)
    fits = np.stack([-((points - voice) ** 2).mean(axis=1) for voice in voices], axis=1) / (2 * spread)
    covered = round(window_s / STEP_S)
    # A span says most of its middle: a step's score is the mean of its spans', weighted by how central it is in them.
    weights = np.minimum(np.arange(covered) + 0.5, covered - np.arange(covered) - 0.5) ** 2
    firsts = np.floor(starts / STEP_S + 0.5).astype(np.intp)
    size = max(int(firsts.max()) + covered, int(steps[-1]) + 1)
    total, weight = np.zeros((size, len(voices))), np.zeros(size)
    for offset in range(covered):
        np.add.at(total, firsts + offset, weights[offset] * fits)
        np.add.at(weight, firsts + offset, weights[offset])
    return steps, _viterbi(total[steps] / np.maximum(weight[steps, None], 1e-12))


def _steps(region: Region) -> IntArray:
    first = int(np.floor(region.start / STEP_S + 0.5))
    return np.arange(first, max(first + 1, int(np.floor(region.end / STEP_S + 0.5))))


def _viterbi(scores: Any) -> IntArray:
    """The path of the greatest sum of scores, less `CHANGE_COST` for every change."""
    best, stays = scores[0].copy(), np.ones(scores.shape, bool)
    leaders = np.zeros(len(scores), np.intp)
    for step in range(1, len(scores)):
        leaders[step] = best.argmax()
        changed = best[leaders[step]] - CHANGE_COST
        stays[step] = best >= changed
        best = np.where(stays[step], best, changed) + scores[step]
    path = np.zeros(len(scores), np.intp)
    path[-1] = best.argmax()
    for step in range(len(scores) - 1, 0, -1):
        path[step - 1] = path[step] if stays[step, path[step]] else leaders[step]
    return path


def _region_turns(region: Region, steps: IntArray, labels: IntArray) -> list[Turn]:
    """The turns of one region; a run shorter than `MIN_TURN_S` goes to the longer of its neighbours."""
    wanted = _steps(region)
    found = labels[np.searchsorted(steps, wanted)]
    runs = [[int(run[0]), len(run)] for run in np.split(found, np.flatnonzero(np.diff(found)) + 1)]
    while len(runs) > 1:
        shortest = min(range(len(runs)), key=lambda index: runs[index][1])
        if runs[shortest][1] * STEP_S >= MIN_TURN_S:
            break
        sides = [index for index in (shortest - 1, shortest + 1) if 0 <= index < len(runs)]
        runs[shortest][0] = runs[max(sides, key=lambda index: runs[index][1])][0]
        runs = _same_joined(runs)
    ends = [(wanted[0] + count) * STEP_S for count in np.cumsum([length for _, length in runs])]
    edges = [region.start, *(float(end) for end in ends[:-1]), region.end]
    return [Turn(start, end, str(label)) for (start, end), (label, _) in zip(pairwise(edges), runs, strict=True)]


def _same_joined(runs: Sequence[Sequence[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for label, length in runs:
        if joined and joined[-1][0] == label:
            joined[-1][1] += length
        else:
            joined.append([label, length])
    return joined


def _around(items: Sequence[T]) -> Iterator[tuple[T | None, T, T | None]]:
    """Each item with the one before and the one after it."""
    for index, item in enumerate(items):
        yield (
            items[index - 1] if index else None,
            item,
            items[index + 1] if index + 1 < len(items) else None,
        )


def _snapped_turn(audio: Audio, before: Turn | None, turn: Turn, after: Turn | None) -> Turn:
    """Moves the ends that a turn shares with others, of another voice, to the quietest moment nearby."""
    start, end = turn.start, turn.end
    if before and before.end == start and before.speaker != turn.speaker:
        start = _quietest(audio, before, turn)
    if after and after.start == end and after.speaker != turn.speaker:
        end = _quietest(audio, turn, after)
    return replace(turn, start=start, end=end)


def _quietest(audio: Audio, one: Turn, other: Turn) -> Seconds:
    """The middle of the quietest `QUIET_S` within `SNAP_S` of a change; the nearest one of equals."""
    change = one.end
    low = max(change - SNAP_S, (one.start + one.end) / 2)
    high = min(change + SNAP_S, (other.start + other.end) / 2)
    frame = to_samples(QUIET_S / 5, audio.sample_rate)
    samples = np.asarray(audio.between(low, high), np.float64)
    count = len(samples) // frame
    if count < 10:
        return change
    energy = (samples[: count * frame].reshape(count, frame) ** 2).sum(axis=1)
    smooth = np.convolve(energy, np.ones(5), mode="valid")
    times = low + (np.arange(len(smooth)) + 2.5) * frame / audio.sample_rate
    quiet = np.flatnonzero(smooth <= smooth.min() * 1.1)
    return float(times[quiet[np.abs(times[quiet] - change).argmin()]])


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker and turn.start - joined[-1].end <= JOIN_S:
            joined[-1] = replace(joined[-1], end=turn.end)
        else:
            joined.append(turn)
    return joined


def _labelled(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Names in order of first appearance, and ids in order of time."""
    order = list(dict.fromkeys(turn.speaker for turn in turns))
    return tuple(
        replace(turn, id=index, speaker=f"SPEAKER_{order.index(turn.speaker):02d}") for index, turn in enumerate(turns)
    )
