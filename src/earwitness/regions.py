"""Where somebody speaks: found once, and shared by recognition and speakers.

The detector's probabilities become regions that cover all speech (hysteresis, short pauses bridged, padded), and long
ones are cut where they are quietest. `pack` then fills windows of Whisper's length with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from earwitness.engines.base import SpeechDetector
from earwitness.mapped import release
from earwitness.options import RegionOptions
from earwitness.types import Audio, Progress, Region, Seconds
from earwitness.units import to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BLOCK_S = 10.0
"""What the detector is given at a time; longer blocks are no faster and take a megabyte for each second."""
LOUDNESS_STEP_S = 0.02
LOUDNESS_SPAN_S = 0.1
"""A cut wants a tenth of a second of quiet, not one quiet sample."""


def detect(
    audio: Audio, detector: SpeechDetector, options: RegionOptions | None = None, progress: Progress | None = None
) -> tuple[Region, ...]:
    """The regions of `audio` in which somebody speaks: sorted, disjoint, each at most `max_region_s` long."""
    options = options or RegionOptions()
    probabilities = detector.probabilities(_blocks(audio, progress))
    found = regions_of(probabilities, detector.frame_s, audio.duration, options)
    return tuple(piece for region in found for piece in split(audio, region, options.max_region_s))


def _blocks(audio: Audio, progress: Progress | None) -> Iterator[FloatArray]:
    step = to_samples(BLOCK_S, audio.sample_rate)
    for start in range(0, len(audio.samples), step):
        yield audio.samples[start : start + step]
        release(audio.samples)
        if progress:
            progress("regions", min(start + step, len(audio.samples)) / audio.sample_rate, audio.duration)


def regions_of(
    probabilities: FloatArray, frame_s: Seconds, duration: Seconds, options: RegionOptions
) -> tuple[Region, ...]:
    """Regions from the probability of speech in each frame.

    A region is a run of frames at or above `release` that somewhere reaches `threshold`; runs with short pauses between
    them are one. Its own probability is the mean of those frames.

    >>> import numpy as np
    >>> speech = np.array([0.1, 0.9, 0.9, 0.1, 0.1, 0.1], np.float32)
    >>> regions_of(speech, 0.5, 3.0, RegionOptions(pad_s=0.1))
    (Region(start=0.4, end=1.6),)
    """
    above = np.concatenate([[0], (probabilities >= options.release).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(above))
    runs = [
        (int(first), int(last))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if probabilities[first:last].max() >= options.threshold
    ]
    merged: list[Region] = []
    for first, last in runs:
        region = Region(first * frame_s, min(last * frame_s, duration))
        if merged and region.start - merged[-1].end < options.min_silence_s:
            region = Region(merged.pop().start, region.end)
        merged.append(region)
    long = [region for region in merged if region.duration >= options.min_speech_s]
    sure = [replace(region, probability=_probability(probabilities, frame_s, region, options)) for region in long]
    return padded(sure, duration, options.pad_s)


def _probability(probabilities: FloatArray, frame_s: Seconds, region: Region, options: RegionOptions) -> float:
    """The mean over the frames of a region in which somebody speaks."""
    inside = probabilities[round(region.start / frame_s) : math.ceil(region.end / frame_s)]
    return round(float(inside[inside >= options.release].mean()), 4)


def padded(regions: Sequence[Region], duration: Seconds, pad_s: Seconds) -> tuple[Region, ...]:
    """Each region made longer on both sides, neighbours meeting halfway at most."""
    if not regions:
        return ()
    middles = [(before.end + after.start) / 2 for before, after in pairwise(regions)]
    floors, ceilings = [0.0, *middles], [*middles, duration]
    return tuple(
        replace(region, start=max(floor, region.start - pad_s), end=min(ceiling, region.end + pad_s))
        for region, floor, ceiling in zip(regions, floors, ceilings, strict=True)
    )


def split(audio: Audio, region: Region, max_s: Seconds) -> tuple[Region, ...]:
    """The region in pieces of at most `max_s`, cut where it is quietest."""
    pieces: list[Region] = []
    while region.duration > max_s:
        # As few pieces as can be, none of them a crumb: the cut lies in the later half of what is allowed, and what
        # is left behind it is at least as long as a piece would be if all were equal.
        count = math.ceil(region.duration / max_s)
        latest = min(region.start + max_s, region.end - max_s / 4)
        earliest = min(latest, max(region.start + max_s / 4, region.end - (count - 1) * max_s))
        cut = quietest(audio, earliest, latest)
        pieces.append(replace(region, end=cut))
        region = replace(region, start=cut)
    return (*pieces, region)


def quietest(audio: Audio, start: Seconds, end: Seconds) -> Seconds:
    """The middle of the quietest tenth of a second between two times."""
    samples = audio.between(start - LOUDNESS_SPAN_S / 2, end + LOUDNESS_SPAN_S / 2)
    step = to_samples(LOUDNESS_STEP_S, audio.sample_rate)
    count = len(samples) // step
    span = max(1, round(LOUDNESS_SPAN_S / LOUDNESS_STEP_S))
    if count <= span:
        return (start + end) / 2
    energy = np.square(samples[: count * step].reshape(count, step), dtype=np.float32).mean(axis=1)
    smooth = np.convolve(energy, np.ones(span), "valid")
    begin = max(0.0, start - LOUDNESS_SPAN_S / 2)
    at = begin + (int(smooth.argmin()) + span / 2) * LOUDNESS_STEP_S
    return min(max(at, start), end)


def pack(regions: Sequence[Region], max_s: Seconds) -> tuple[tuple[Region, ...], ...]:
    """Regions in windows of at most `max_s` of speech, in order; 0 puts each region in a window of its own.

    Pauses between regions are left out of the window: Whisper's time goes to speech, and there is no silence for it
    to fill with words.

    >>> pack([Region(0, 12), Region(20, 32), Region(40, 52)], 30)
    ((Region(start=0, end=12), Region(start=20, end=32)), (Region(start=40, end=52),))
    """
    windows: list[tuple[Region, ...]] = []
    room = 0.0
    for region in regions:
        if windows and region.duration <= room:
            windows[-1] = (*windows[-1], region)
        else:
            windows.append((region,))
            room = max_s
        room -= region.duration
    return tuple(windows)
