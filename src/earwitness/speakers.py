"""Who speaks when: sound and regions to turns.

An engine turns spans of 1.6 s into points, `earwitness.clustering` finds the voices among them, and
`earwitness.boundaries` says whose each piece of speech is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import boundaries
from earwitness.clustering import spread_of, voices_of
from earwitness.counting import closest
from earwitness.engines.base import Diarization, Stretch, VoiceEmbedder
from earwitness.interjections import strangers
from earwitness.options import SpeakerOptions
from earwitness.types import Audio, Progress, Region, Seconds, Turn

if TYPE_CHECKING:
    from earwitness.types import FloatArray

HOP_S = 0.2
"""Between the starts of two spans. Every second one is clustered: more overlap adds cost and no knowledge."""
BATCH_SPANS = 1_500
"""Spans embedded between two reports of progress: five minutes of speech."""
STEP_S = 0.1
"""Spans are summed up to this."""
HALVED = -0.35
"""Evidence from which on two of a known number of voices are likely to be halves of one, because the last of them says
too little for a cut to find: 34 of 36 shows with a guest of two words have more, joined talks over telephones only."""
STRANGER_CHANCE = 0.9
"""That a phrase which fits no voice is of another one."""
LEAST_CHANCE = 0.01
"""Speakers less likely than this are not named for a stretch."""
JOIN_S = 0.5
"""A shorter pause does not end a turn."""


def diarize(
    audio: Audio,
    regions: Sequence[Region],
    embedder: VoiceEmbedder,
    options: SpeakerOptions | None = None,
    progress: Progress | None = None,
) -> Diarization:
    """The turns of a recording: sorted, disjoint, inside the regions but for pauses of up to half a second.

    Args:
        audio: the recording.
        regions: where somebody speaks: sorted and disjoint.
        embedder: turns spans into points; see `earwitness.engines`.
        options: how many speakers there are, or may be.
        progress: called with "speakers" and seconds of speech.

    Returns:
        Turns and stretches with the labels SPEAKER_00, SPEAKER_01, ... in order of first appearance; none where
        nobody speaks.
    """
    options = options or SpeakerOptions()
    regions = [region for region in regions if region.duration > 0]
    if not regions:
        return Diarization()
    spans = tuple(_spans(regions, embedder.window_s))
    points = _points(audio, spans, embedder, progress)
    starts = np.array([span.start for span in spans])
    spread = spread_of(points, starts, embedder.window_s)
    pieces = boundaries.cut(audio, regions)
    fewest, most = options.speakers or options.min_speakers, options.speakers or options.max_speakers

    def chances_of(voices: FloatArray) -> Any:
        scores = _span_scores(points, starts, voices, spread, embedder.window_s)
        steps = np.minimum((pieces.times / STEP_S).astype(np.intp), len(scores) - 1)
        chances = boundaries.probabilities(pieces, lambda frames: scores[steps[frames]])
        if len(voices) < most:
            labels = chances.argmax(axis=1)
            chances = _with_stranger(chances, strangers(audio, pieces, labels, embedder, voices, spread))
        return chances

    voices = voices_of(points[::2], spread, fewest, most)
    chances = chances_of(voices)
    if len(voices) == fewest > 1 and closest(voices / np.sqrt(spread)) > HALVED:
        with_guest = chances_of(voices_of(points[::2], spread, fewest - 1, most))
        chances = with_guest if with_guest.shape[1] >= fewest else chances
    stretches = _stretches(pieces, chances)
    return Diarization(turns=_turns(stretches), stretches=stretches)


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


def _span_scores(points: FloatArray, starts: Any, voices: FloatArray, spread: float, window_s: Seconds) -> FloatArray:
    """Natural log likelihoods of the voices in every step of `STEP_S`, by the spans about it: shape (steps, voices)."""
    fits = np.stack([-((points - voice) ** 2).mean(axis=1) for voice in voices], axis=1) / (2 * spread)
    covered = round(window_s / STEP_S)
    # A span says most of its middle: a step's score is the mean of its spans', weighted by how central it is in them.
    weights = np.minimum(np.arange(covered) + 0.5, covered - np.arange(covered) - 0.5) ** 2
    firsts = np.floor(starts / STEP_S + 0.5).astype(np.intp)
    size = int(firsts.max()) + covered
    total: FloatArray = np.zeros((size, len(voices)), np.float32)
    weight: FloatArray = np.zeros((size, 1), np.float32)
    for offset in range(covered):
        np.add.at(total, firsts + offset, weights[offset] * fits)
        np.add.at(weight, firsts + offset, weights[offset])
    scores: FloatArray = (total / np.maximum(weight, 1e-12)).astype(np.float32)
    return scores


def _with_stranger(chances: Any, strange: Any) -> Any:
    """The chances with one voice more, which has what no other voice can have said."""
    if not strange.any():
        return chances
    share = np.where(strange, STRANGER_CHANCE, 0.0)[:, None]
    return np.hstack([chances * (1 - share), share])


def _stretches(pieces: boundaries.Pieces, probabilities: Any) -> tuple[Stretch, ...]:
    """The pieces in which somebody speaks; neighbours without a pause between them that say the same are one."""
    spoken = np.flatnonzero(pieces.spoken)
    voices = list(dict.fromkeys(probabilities[spoken].argmax(axis=1).tolist()))
    # A voice that nowhere is the likeliest has no name.
    chances = probabilities[spoken][:, voices]
    chances = np.round(chances / chances.sum(axis=1, keepdims=True), 2)
    found: list[Stretch] = []
    for piece, row in zip(spoken, chances.tolist(), strict=True):
        named = {f"SPEAKER_{voice:02d}": chance for voice, chance in enumerate(row) if chance >= LEAST_CHANCE}
        start, end = round(float(pieces.starts[piece]), 3), round(float(pieces.ends[piece]), 3)
        if found and found[-1].end == start and found[-1].chances == named:
            start = found.pop().start
        found.append(Stretch(start, end, named))
    return tuple(found)


def _turns(stretches: Sequence[Stretch]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for stretch in stretches:
        speaker = stretch.speaker
        if turns and turns[-1].speaker == speaker and stretch.start - turns[-1].end <= JOIN_S:
            turns[-1] = replace(turns[-1], end=stretch.end)
        else:
            turns.append(Turn(stretch.start, stretch.end, speaker, id=len(turns)))
    return tuple(turns)
