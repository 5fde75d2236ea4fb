"""Plots as numbers: bars as long as their values, labels that fit."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from earwitness.evaluation.plots import Bar, bars, reliability
from earwitness.evaluation.results import Bin

pytest.importorskip("matplotlib", reason="plots need pip install 'earwitness[eval]'")

INKS = ("substitution", "deletion", "insertion")


def spans(svg: str, ink: str) -> list[tuple[float, float]]:
    """Left and right end of the shapes that are filled with a colour."""
    paths = re.findall(rf'<path d="([^"]+)" fill="var\(--{ink}\)"', svg)
    found = [[float(x) for x in re.findall(r"[ML] (-?[\d.]+) ", path)] for path in paths]
    return [(min(xs), max(xs)) for xs in found]


def scale(svg: str) -> dict[str, float]:
    """Where the ticks of the axis stand."""
    return {text: float(x) for x, text in re.findall(r'text-anchor="middle" x="([\d.]+)" y="[\d.]+">([\d.]+) %', svg)}


@pytest.mark.parametrize("narrow", [False, True])
def test_bars_are_stacked_and_as_long_as_their_values(narrow: bool) -> None:
    svg = bars("k", "t", [Bar("a", (0.2, 0.1, 0.0)), Bar("b", (0.0, 0.05, 0.05))], INKS, "errors (%)", narrow=narrow)
    ticks = scale(svg)
    share = (ticks["20"] - ticks["0"]) / 0.2
    (substituted,), (first, second), (inserted,) = (spans(svg, ink) for ink in INKS)
    assert substituted == pytest.approx((ticks["0"], ticks["0"] + 0.2 * share), abs=0.1)
    assert first == pytest.approx((ticks["0"] + 0.2 * share, ticks["0"] + 0.3 * share), abs=0.1)
    assert second == pytest.approx((ticks["0"], ticks["0"] + 0.05 * share), abs=0.1)
    assert inserted == pytest.approx((ticks["0"] + 0.05 * share, ticks["0"] + 0.1 * share), abs=0.1)
    assert re.findall(r">([^<]+%)</text>", svg)[-2:] == ["30.0 %", "10.0 %"]


def test_a_bar_beyond_150_percent_ends_there_and_says_its_length() -> None:
    svg = bars("k", "t", [Bar("a", (20.0, 1.0, 0.0)), Bar("b", (0.1, 0.0, 0.0))], INKS, "errors (%)", narrow=False)
    ticks = scale(svg)
    (long, short), shown = spans(svg, "substitution"), (ticks["150"] - ticks["0"]) / 1.5
    assert long[1] == pytest.approx(ticks["150"], abs=0.1)
    assert short[1] - short[0] == pytest.approx(0.1 * shown, abs=0.1)
    assert spans(svg, "deletion") == []
    assert ">2,100.0 %</text>" in svg


def test_an_interval_is_a_line_from_low_to_high() -> None:
    svg = bars("k", "t", [Bar("a", (0.2, 0.0, 0.0), (0.1, 0.3))], INKS, "errors (%)", narrow=False)
    ticks = scale(svg)
    line = re.search(r'd="M ([\d.]+) ([\d.]+) L ([\d.]+) \2" fill="none" stroke="var\(--ink\)"', svg)
    assert line
    assert [float(line[1]), float(line[3])] == pytest.approx([ticks["10"], ticks["30"]], abs=0.1)


def test_long_labels_keep_their_ends() -> None:
    svg = bars("k", "t", [Bar("meetings/" + "x" * 400 + "-17.wav", (0.1, 0, 0))], INKS, "errors (%)", narrow=True)
    label = next(text for text in re.findall(r">([^<]+)</text>", svg) if "…" in text)
    assert label.startswith("meetings/")
    assert label.endswith("-17.wav")
    assert len(label) < 60


def test_a_perfect_result_has_a_plot() -> None:
    ElementTree.fromstring(bars("k", "t", [Bar("a", (0.0, 0.0, 0.0))], INKS, "errors (%)", narrow=False))


def test_reliability_has_a_point_a_bin_and_hollow_ones_for_few_words() -> None:
    svg = reliability("k", "t", [Bin(0.5, 0.6, 10, 0.55, 4), Bin(0.9, 1.0, 1000, 0.95, 900)])
    uses = re.findall(r'<use href="#k-\w+" x="([\d.]+)" y="([\d.]+)" fill="var\(--(\w+)\)"', svg)
    (few_x, few_y, few), (many_x, many_y, many) = ((float(x), float(y), ink) for x, y, ink in uses)
    assert (few, many) == ("paper", "deletion")
    # From 55 to 95 % to the right, and from 40 to 90 % upwards, on axes of the same scale.
    assert (few_y - many_y) / (many_x - few_x) == pytest.approx(0.5 / 0.4, abs=0.01)
    bars_px = [top - bottom for bottom, top in heights(svg)]
    assert bars_px[1] / bars_px[0] == pytest.approx(100, rel=0.1)


def heights(svg: str) -> list[tuple[float, float]]:
    paths = re.findall(r'<path d="([^"]+)" fill="var\(--muted\)"', svg)
    found = [[float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)] for path in paths]
    return [(min(ys), max(ys)) for ys in found]
