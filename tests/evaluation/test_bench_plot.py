from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from earwitness.evaluation.bench import Benchmark, Recording, summarise
from earwitness.evaluation.bench_plot import _parts, plot
from earwitness.evaluation.bench_worker import Run
from earwitness.evaluation.machine import machine


@pytest.fixture
def result() -> Benchmark:
    def run(audio_s: float, words_s: float) -> Run:
        return Run(1.0, audio_s + words_s, 1.0, (3600.0,), 9, {"audio": audio_s, "words": words_s})

    ours = [run(1.0, 50.0), run(9.0, 40.0), run(2.0, 70.0)]
    empty = Benchmark("now", machine(), (Recording("<hour> & more.wav", 3600.0),), None, ())
    return summarise(empty, {"earwitness": ours, "peer": [Run(1.0, 80.0, 1.0, (), 9)] * 3})


def test_the_bar_is_as_long_as_the_median_run(result: Benchmark) -> None:
    ours, theirs = result.sides
    parts = dict(_parts(ours))
    assert sum(parts.values()) == pytest.approx(51.0)
    assert parts["words"] / parts["audio"] == pytest.approx(50.0 / 2.0)
    assert dict(_parts(theirs)) == {"recognition": pytest.approx(80.0)}


def test_the_same_result_is_the_same_picture(result: Benchmark) -> None:
    picture = plot(result)
    assert ET.fromstring(picture).tag.endswith("svg")
    assert plot(result) == picture
