"""Features as pictures that a person can read: time across, hertz or rows upwards, colours with their unit."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.extras import require
from earwitness.mapped import release
from earwitness.toolkit.features import KINDS, Feature
from earwitness.types import Seconds
from earwitness.units import short_clock

if TYPE_CHECKING:
    from earwitness.types import FloatArray

WIDTH_IN, IMAGE_IN, CURVE_IN, HEAD_IN = 11.0, 2.6, 1.8, 0.7
"""Inches: of the picture, and heights of a panel that is an image, one that is a curve, and what is about them."""
DOTS_PER_INCH = 110
COLUMNS = 2000
"""More frames than there are dots: groups of them are averaged in images, and drawn from least to most in curves."""
SECONDS_UNTIL_S = 90.0
"""Longer recordings have minutes on their axis."""
STEPS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14400,
)  # fmt: skip
MOST_TICKS = 10
TICK_SHARE = 0.07
"""Of the height, which ticks need from one another."""
PITCH_TICKS_HZ = (25, 35, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200)
"""Every other one where there are more than three octaves."""
TICKS_HZ = (62, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
CLIPPED_PERCENT = 2.0
"""Of the cepstra (the loudness, which would drown all others, aside) so many are beyond the ends of the colours."""
LEAST_SCALE_DB = 0.1
"""So that rounding errors of silence have no colours."""
SHADE, LINE = "#9ecae1", "#08519c"


def plot(features: Sequence[Feature], title: str = "") -> bytes:
    """A PNG of features of one recording, one below the other on the same axis of time.

    The same features give the same bytes. Matplotlib draws them without a display.

    Raises:
        ExtraError: matplotlib is not installed.

    Example:
        >>> from earwitness.toolkit.features import extract
        >>> from earwitness.types import Audio
        >>> plot([extract(Audio(np.zeros(16_000, np.float32)), "log-mel")], "hush")[1:4]
        b'PNG'
    """
    figures = require("matplotlib.figure", "features")
    panels = [panel for feature in features for panel in _panels(feature)]
    heights = [IMAGE_IN if panel.is_image else CURVE_IN for panel in panels]
    figure = figures.Figure(figsize=(WIDTH_IN, sum(heights) + HEAD_IN), dpi=DOTS_PER_INCH, layout="constrained")
    rows = figure.subplots(len(panels), squeeze=False, gridspec_kw={"height_ratios": heights}, sharex=True)[:, 0]
    for axes, panel in zip(rows, panels, strict=True):
        panel.draw(axes)
        axes.set_title(panel.title, fontsize=10, loc="left")
    _time_axis(rows[-1], max(float(feature.times[-1]) + feature.hop_s / 2 for feature in features))
    if title:
        # No $ of a file's name shall be taken for mathematics.
        figure.suptitle(title, fontsize=12, x=0.01, ha="left", parse_math=False)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


class _Panel:
    """A picture of some rows of a feature: here an image, whose rows are frequencies."""

    is_image = True
    _colours, _extend = "magma", "neither"

    def __init__(self, feature: Feature, rows: slice, title: str) -> None:
        self.feature, self.rows = feature, rows
        self.values, self.unit = feature.values[rows], feature.units[rows][0]
        details = f"{feature.sample_rate} Hz, {feature.hop_s * 1000:.3g} ms a frame"
        self.title = f"{title} ({details})"

    def draw(self, axes: Any) -> None:
        """The rows as lines of an image, with their frequencies or names beside them."""
        feature = self.feature
        half = feature.hop_s / 2
        shown = self._shown()
        low, high = self._limits(shown)
        image = axes.imshow(
            shown, origin="lower", aspect="auto", interpolation="nearest", cmap=self._colours, vmin=low, vmax=high,
            extent=(feature.times[0] - half, feature.times[-1] + half, -0.5, len(shown) - 0.5),
        )  # fmt: skip
        axes.figure.colorbar(image, ax=axes, label=self.unit, pad=0.01, extend=self._extend)
        self._rows_axis(axes)

    def _shown(self) -> FloatArray:
        return _means(self.values)

    def _limits(self, shown: FloatArray) -> tuple[float, float]:
        return float(shown.min()), float(shown.max())

    def _rows_axis(self, axes: Any) -> None:
        centres = self.feature.frequencies_hz
        assert centres is not None
        ticks = [tick for tick in TICKS_HZ if centres[0] <= tick <= centres[-1]]
        places = np.interp(ticks, centres, np.arange(len(centres)))
        # Low ones are near one another; they give way.
        near = np.flatnonzero(np.diff(places) < TICK_SHARE * len(centres))
        first = near[-1] + 1 if len(near) else 0
        ticks, places = ticks[first:], places[first:]
        axes.set_yticks(places, [str(tick) for tick in ticks])
        axes.set_ylabel("frequency (Hz)")


class _Chroma(_Panel):
    def _rows_axis(self, axes: Any) -> None:
        axes.set_yticks(range(len(self.feature.names)), self.feature.names, fontsize=7)
        axes.set_ylabel("pitch class")

    def _limits(self, shown: FloatArray) -> tuple[float, float]:
        return 0.0, 1.0


class _Cepstra(_Panel):
    _colours, _extend = "RdBu_r", "both"

    def __init__(self, feature: Feature, rows: slice, title: str) -> None:
        super().__init__(feature, rows, title)
        self.unit += " from the row's mean"

    def _rows_axis(self, axes: Any) -> None:
        axes.set_ylabel("coefficient")
        axes.yaxis.get_major_locator().set_params(integer=True)

    def _shown(self) -> FloatArray:
        """Each coefficient without its mean, beside which nothing else would be seen."""
        values = super()._shown()
        centred: FloatArray = values - values.mean(axis=1, keepdims=True)
        return centred

    def _limits(self, shown: FloatArray) -> tuple[float, float]:
        high = max(
            float(np.percentile(np.abs(shown[1:] if len(shown) > 1 else shown), 100 - CLIPPED_PERCENT)), LEAST_SCALE_DB
        )
        return -high, high


class _Curve(_Panel):
    is_image = False

    def draw(self, axes: Any) -> None:
        """The row as a line; of a long recording, all that it passes through."""
        (row,) = self.values
        edges = _groups(len(row))
        if len(edges) == len(row):
            axes.plot(self.feature.times, row, color=LINE, linewidth=1)
        else:
            times = self.feature.times[edges]
            lows, highs = np.minimum.reduceat(row, edges), np.maximum.reduceat(row, edges)
            axes.fill_between(times, lows, highs, color=SHADE, linewidth=0, label="least to most")
            axes.plot(times, _means(self.values)[0], color=LINE, linewidth=0.8, label="mean")
            axes.legend(loc="upper right", fontsize=7)
        axes.set_ylim(bottom=0)
        _curve_axes(axes, "frequency (Hz)" if self.unit == "Hz" else self.unit)


class _Pitch(_Panel):
    is_image = False

    def draw(self, axes: Any) -> None:
        """The pitch where there is one, coloured by how probable that is."""
        feature = self.feature
        f0 = feature.values[0]
        there = f0 > 0
        colour = feature.values[2][there] if len(feature.values) > 1 else LINE
        points = axes.scatter(feature.times[there], f0[there], c=colour, s=4, linewidths=0, cmap="cool", vmin=0, vmax=1)
        if len(feature.values) > 1:
            axes.figure.colorbar(points, ax=axes, label="voiced probability", pad=0.01)
        bottom, top = feature.options.pitch_min_hz, feature.options.pitch_max_hz
        if there.any():
            bottom, top = f0[there].min() / 1.1, f0[there].max() * 1.1
        else:
            axes.text(0.5, 0.5, "no frame is voiced", transform=axes.transAxes, ha="center", va="center")
        axes.set_ylim(bottom, top)
        if top > 3 * bottom:
            axes.set_yscale("log")
            step = 2 if top > 8 * bottom else 1
            ticks = [tick for tick in PITCH_TICKS_HZ[::step] if bottom <= tick <= top]
            axes.set_yticks(ticks, [str(tick) for tick in ticks])
            axes.minorticks_off()
        _curve_axes(axes, "frequency (Hz)")


def _panels(feature: Feature) -> Iterator[_Panel]:
    everything, title = slice(None), KINDS[feature.kind].title
    if feature.kind in ("chroma-stft", "chroma-cqt"):
        yield _Chroma(feature, everything, title)
    elif feature.kind == "mfcc":
        count = feature.options.n_mfcc
        for index, name in enumerate(("", ", deltas", ", delta-deltas")):
            yield _Cepstra(feature, slice(index * count, (index + 1) * count), title + name)
    elif feature.kind == "pitch":
        yield _Pitch(feature, everything, f"{title} by {feature.options.pitch_method}")
    elif feature.frequencies_hz is None:
        yield _Curve(feature, everything, title)
    else:
        yield _Panel(feature, everything, title)


def _curve_axes(axes: Any, unit: str) -> None:
    axes.set_ylabel(unit, fontsize=9)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _groups(frames: int) -> Any:
    """The first frame of each group that is one column of the picture."""
    return np.unique(np.linspace(0, frames, min(frames, COLUMNS), endpoint=False).astype(np.int64))


def _means(values: FloatArray) -> FloatArray:
    """The mean of each group of frames, shape (rows, groups), row by row: the values may be in a file."""
    edges = _groups(values.shape[1])
    sizes = np.diff(edges, append=values.shape[1])
    found = np.empty((len(values), len(edges)), np.float32)
    for row, mean in zip(values, found, strict=True):
        mean[:] = np.add.reduceat(row, edges, dtype=np.float64) / sizes
        release(values)
    return found


def _time_axis(axes: Any, end: Seconds) -> None:
    step = next((step for step in STEPS_S if end / step <= MOST_TICKS), STEPS_S[-1])
    ticks = np.arange(0, end + step * 1e-6, step)
    if end <= SECONDS_UNTIL_S:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks.round(6)])
        axes.set_xlabel("time (s)")
    else:
        axes.set_xticks(ticks, [short_clock(tick) for tick in ticks.round(6)])
        axes.set_xlabel("time (h:mm:ss)" if end >= 3600 else "time (m:ss)")
    axes.set_xlim(0, end)
