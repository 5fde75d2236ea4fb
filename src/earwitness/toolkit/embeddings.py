"""Sound to points, by learned encoders: what sounds alike lies close together.

A recording is cut into windows as long as the model hears at once. Each gives a point for the whole of it, and most
models give points on the way, one every few hundredths of a second: the frames.

    from earwitness import engines
    from earwitness.options import PretrainedOptions
    from earwitness.toolkit import embeddings

    embedder = engines.sound_embedder("hubert", PretrainedOptions())
    print(embeddings.embed("episode.flac", embedder).vectors.shape)

A recording is decoded into a file and worked through window by window: ten hours take no more memory than a minute.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from earwitness import audio
from earwitness.engines.base import SoundEmbedder, SoundEmbedding
from earwitness.errors import OptionError
from earwitness.mapped import release
from earwitness.types import Audio, Region, Seconds
from earwitness.units import to_samples, to_seconds

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

    TimeArray: TypeAlias = npt.NDArray[np.float64]

Level = Literal["frame", "window", "file"]
LEVELS: tuple[Level, ...] = get_args(Level)

WINDOWS_AT_ONCE = 8
"""So many are in memory together."""
MIN_WINDOW_S = 0.1


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Points and the spans that they stand for, in order of time.

    `starts` and `ends` are float64 (n,), in seconds of the recording; `vectors` is float32 (n, d), finite.
    """

    starts: TimeArray
    ends: TimeArray
    vectors: FloatArray


def level_of(name: str) -> Level:
    """A level by its name.

    Raises:
        OptionError: there is no such level.
    """
    for level in LEVELS:
        if level == name:
            return level
    raise OptionError(f"level {name!r}: there are {', '.join(LEVELS)}")


def embed(
    source: str | Path | Audio, embedder: SoundEmbedder, *, level: Level = "window", window_s: Seconds | None = None
) -> Embeddings:
    """The points of a recording, all in memory; `stream` gives them piece by piece.

    Args:
        source: a file, or sound at the embedder's sample rate.
        embedder: such as `earwitness.engines.sound_embedder` gives.
        level: "window" is a point a window; "frame" all points within the windows, as the model gives them; "file" one
            point for the whole: the mean over the windows, a shorter one counting for less.
        window_s: the length of a window in seconds; none is what the model hears at once. The last window is as long
            as what is left.

    Returns:
        Embeddings of the d of the model; no points where a recording has no samples.

    Raises:
        SourceError, AudioError: the file cannot be had or is no audio.
        ModelError: the model cannot be had or run.
        OptionError: a window longer than the model hears, or frames of a model that has none.

    Example:
        >>> from earwitness.engines.base import SoundEmbedding
        >>> class Loudness:
        ...     name, model, sample_rate, window_s, versions = "loudness", "", 16_000, 2.0, {}
        ...     def identity(self): return "loudness:1"
        ...     def embed(self, windows):
        ...         clips = [np.sqrt(np.square(window).mean(keepdims=True)) for window in windows]
        ...         return [SoundEmbedding(clip, np.zeros((0, 1), np.float32), 1.0) for clip in clips]
        >>> sound = Audio(np.repeat(np.float32([0.5, 0.1]), [32_000, 16_000]))
        >>> points = embed(sound, Loudness())
        >>> points.starts, points.ends, points.vectors.round(3)[:, 0]
        (array([0., 2.]), array([2., 3.]), array([0.5, 0.1], dtype=float32))
    """
    pieces = list(stream(source, embedder, level=level, window_s=window_s))
    return Embeddings(
        np.concatenate([piece.starts for piece in pieces] or [np.zeros(0)]),
        np.concatenate([piece.ends for piece in pieces] or [np.zeros(0)]),
        np.concatenate([piece.vectors for piece in pieces] or [np.zeros((0, 0), np.float32)]),
    )


def stream(
    source: str | Path | Audio, embedder: SoundEmbedder, *, level: Level = "window", window_s: Seconds | None = None
) -> Iterator[Embeddings]:
    """As `embed`, in pieces of a few windows: what was taken need not stay in memory."""
    length_s = embedder.window_s if window_s is None else window_s
    level_of(level)
    if not MIN_WINDOW_S <= length_s <= embedder.window_s:
        raise OptionError(
            f"windows of {length_s:g} s: {embedder.model} hears from {MIN_WINDOW_S:g} to {embedder.window_s:g} s"
        )
    if isinstance(source, Audio):
        if source.sample_rate != embedder.sample_rate:
            raise OptionError(f"{embedder.model} hears sound at {embedder.sample_rate} Hz, not {source.sample_rate}")
        yield from _pieces(source, embedder, level, length_s)
        return
    with tempfile.TemporaryDirectory() as scratch:
        sound = audio.load(source, sample_rate=embedder.sample_rate, scratch=Path(scratch))
        yield from _pieces(sound, embedder, level, length_s)


def _pieces(sound: Audio, embedder: SoundEmbedder, level: Level, length_s: Seconds) -> Iterator[Embeddings]:
    found = _embedded(sound, embedder, length_s)
    if level == "file":
        yield from _whole(found)
        return
    for span, window in found:
        yield _frames(span, window, embedder) if level == "frame" else _point(span, window.clip)


def _embedded(sound: Audio, embedder: SoundEmbedder, length_s: Seconds) -> Iterator[tuple[Region, SoundEmbedding]]:
    """Every window and what was made of it."""
    step, rate = to_samples(length_s, sound.sample_rate), sound.sample_rate
    starts = range(0, len(sound.samples), step)
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        spans = [(start, min(start + step, len(sound.samples))) for start in starts[first : first + WINDOWS_AT_ONCE]]
        samples = [np.array(sound.samples[start:end]) for start, end in spans]
        release(sound.samples)
        regions = [Region(to_seconds(start, rate), to_seconds(end, rate)) for start, end in spans]
        yield from zip(regions, embedder.embed(samples), strict=True)


def _point(span: Region, vector: FloatArray) -> Embeddings:
    return Embeddings(np.array([span.start]), np.array([span.end]), vector[None])


def _frames(span: Region, found: SoundEmbedding, embedder: SoundEmbedder) -> Embeddings:
    count = len(found.frames)
    if not count:
        raise OptionError(f"{embedder.model} knows windows as a whole only, no frames; choose another level or model")
    edges = np.minimum(span.start + found.frame_s * np.arange(count + 1), span.end)
    return Embeddings(edges[:-1], np.append(edges[1:-1], span.end), found.frames)


def _whole(pieces: Iterator[tuple[Region, SoundEmbedding]]) -> Iterator[Embeddings]:
    total, seconds = np.zeros(0), 0.0
    for span, found in pieces:
        total = (total if seconds else 0.0) + span.duration * found.clip.astype(np.float64)
        seconds += span.duration
    if seconds:
        yield _point(Region(0.0, span.end), (total / seconds).astype(np.float32))
