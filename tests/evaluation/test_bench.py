from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import random_whisper
from earwitness import audio
from earwitness.errors import AudioError, ExtraError, ModelError, OptionError, SourceError
from earwitness.evaluation import bench as module
from earwitness.evaluation.bench import Benchmark, Recording, Spread, bench, summarise, to_json
from earwitness.evaluation.bench_worker import OURS, Run, Task
from earwitness.evaluation.machine import machine
from earwitness.options import Options
from earwitness.values import from_plain
from sounds import write_wav

EPISODE = Path(__file__).parents[2] / "examples" / "episode.flac"
DEMO = Options.of(model="demo", language="en", beam_size=1)
STAGES = [
    "source", "audio", "regions", "sounds", "words", "speakers", "segments", "chapters", "summary", "exports", "rest",
]  # fmt: skip


@pytest.fixture(scope="session")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first eight seconds of the example."""
    samples = audio.load(EPISODE).between(0.0, 8.0)
    return write_wav(tmp_path_factory.mktemp("bench") / "piece.wav", samples)


def run(elapsed_s: float, **more: object) -> Run:
    return replace(Run(1.0, elapsed_s, elapsed_s, (3600.0,), 100), **more)  # type: ignore[arg-type]


def summed_up(**done: list[Run]) -> Benchmark:
    empty = Benchmark("now", machine(), (Recording("hour.wav", 3600.0),), None, ())
    return summarise(empty, done)


def test_medians_and_their_spread() -> None:
    (side,) = summed_up(earwitness=[run(seconds) for seconds in (36.0, 40.0, 30.0, 90.0, 45.0)]).sides
    assert side.elapsed_s == Spread(40.0, 30.0, 90.0)
    assert side.hours_per_hour == Spread(90.0, 40.0, 120.0)


def test_an_even_number_of_runs_has_one_median() -> None:
    """Speed is that of the median time: the median of the speeds would be another."""
    (side,) = summed_up(earwitness=[run(10.0), run(30.0)]).sides
    assert side.elapsed_s.median == 20.0
    assert side.hours_per_hour.median == 180.0


def test_what_no_stage_took_is_the_rest() -> None:
    (side,) = summed_up(earwitness=[run(10.0, stages={"audio": 1.0, "words": 6.5})]).sides
    assert {name: taken.median for name, taken in side.stages.items()} == {"audio": 1.0, "words": 6.5, "rest": 2.5}


def test_the_speedup_is_of_medians_and_its_spread_of_rounds() -> None:
    result = summed_up(earwitness=[run(10.0), run(20.0), run(12.0)], peer=[run(15.0), run(18.0), run(24.0)])
    assert result.speedup == Spread(18.0 / 12.0, 18.0 / 20.0, 24.0 / 12.0)


def test_few_runs_and_a_busy_machine_are_said() -> None:
    assert summed_up(earwitness=[run(1.0)] * 5).warnings == ()
    assert "trial" in summed_up(earwitness=[run(1.0)] * 4).warnings[0]
    (warning,) = summed_up(earwitness=[run(1.0, others=0.3)] * 5).warnings
    assert "30%" in warning


def turns(monkeypatch: pytest.MonkeyPatch, **tokens: tuple[int, ...]) -> list[str]:
    """Replaces the runs by ones that take no time, and lists whose they were."""
    order: list[str] = []

    def measure(task: Task) -> Run:
        order.append(task.side)
        return run(1.0, tokens=tokens.get(task.side.replace("-", "_"), ()), settings={"turn": str(len(order))})

    monkeypatch.setattr(module, "measure", measure)
    return order


def test_the_sides_take_turns_and_every_round_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    order, kept = turns(monkeypatch), list[int]()
    result = bench(
        [EPISODE], DEMO, runs=5, against="faster-whisper", keep=lambda so_far: kept.append(len(so_far.sides[1].runs))
    )
    assert order == [OURS, "faster-whisper"] * 5
    assert kept == [1, 2, 3, 4, 5]
    assert [one.settings["turn"] for one in result.sides[1].runs] == ["2", "4", "6", "8", "10"]


@pytest.mark.parametrize("theirs", [(5, 4), (5,), (6, 6)])
def test_unequal_tokens_are_refused(monkeypatch: pytest.MonkeyPatch, theirs: tuple[int, ...]) -> None:
    turns(monkeypatch, earwitness=(5, 5), faster_whisper=theirs)
    with pytest.raises(ModelError, match="did not do the same work"):
        bench([EPISODE], DEMO, against="faster-whisper", tokens=5)


def test_the_whole_job_in_a_process_of_its_own(piece: Path) -> None:
    result = bench([piece], DEMO, runs=1)
    (side,) = result.sides
    assert list(side.stages) == STAGES
    assert sum(taken.median for taken in side.stages.values()) == pytest.approx(side.elapsed_s.median)
    assert side.hours_per_hour.median == pytest.approx(8.0 / side.elapsed_s.median)
    assert side.runs[0].words > 10
    assert side.runs[0].windows == 1
    assert 100 < side.peak_mib.median < 2000
    assert result.recordings == (Recording("piece.wav", 8.0),)
    assert from_plain(Benchmark, json.loads(to_json(result))) == result


def test_both_sides_make_the_same_number_of_tokens_of_the_same_windows(tmp_path: Path) -> None:
    model = random_whisper.write(tmp_path / "model")
    recording = write_wav(tmp_path / "long.wav", audio.load(EPISODE).between(0.0, 31.0))
    options = Options.of(model=str(model), engine="faster-whisper", batch_size=2)
    ours, theirs = bench([recording], options, runs=1, against="faster-whisper", tokens=40).sides
    assert ours.runs[0].tokens == theirs.runs[0].tokens == (40, 40)
    assert ours.runs[0].windows == theirs.runs[0].windows == 2
    assert ours.settings == theirs.settings


@pytest.mark.parametrize("batch_size", [1, 4])
def test_beside_faster_whisper(piece: Path, batch_size: int) -> None:
    """In batches, and one window at a time. The same weights say about the same."""
    model = replace(DEMO.model, engine="faster-whisper")
    options = replace(DEMO, model=model, words=replace(DEMO.words, batch_size=batch_size))
    result = bench([piece], options, runs=1, against="faster-whisper")
    ours, theirs = result.sides
    assert list(ours.stages) == ["audio", "regions", "words", "rest"]
    assert abs(ours.runs[0].words - theirs.runs[0].words) <= 2
    assert {name for name in ours.settings if ours.settings[name] != theirs.settings[name]} == {"second_tries"}
    assert result.speedup is not None
    assert result.speedup.median == pytest.approx(theirs.elapsed_s.median / ours.elapsed_s.median)


def test_a_peer_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExtraError, match="not installed here; pip install openai-whisper"):
        bench([EPISODE], DEMO, against="openai-whisper")


def test_a_recording_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "page.mp3").write_bytes(b"%PDF-1.7 ")
    with pytest.raises(AudioError, match=r"page\.mp3"):
        bench([tmp_path / "page.mp3"], Options.of(engine="fake"), runs=1)


def test_a_peer_that_cannot_read_the_model(tmp_path: Path, piece: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelError, match=r"^faster-whisper: RuntimeError: .*model"):
        bench([piece], DEMO, runs=1, against="faster-whisper", against_model=tmp_path / "model")


def test_a_process_that_dies_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ModelError, match="earwitness: its process ended with status 1"):
        bench([EPISODE], DEMO, runs=1)


@pytest.mark.parametrize(
    ("recording", "options", "more", "error", "message"),
    [
        (EPISODE, DEMO, {"runs": 0}, OptionError, "--runs"),
        (EPISODE, DEMO, {"tokens": 225, "against": "faster-whisper"}, OptionError, "at most 224"),
        (EPISODE, DEMO, {"tokens": 5}, OptionError, "need --against"),
        (EPISODE, DEMO, {"against": "siri"}, OptionError, "no such peer; there are faster-whisper"),
        (EPISODE, Options.of(engine="fake"), {"against": "faster-whisper"}, OptionError, "--against-model"),
        (EPISODE, Options.of(engine="fake"), {"against": "faster-whisper", "tokens": 5}, OptionError, "no tokens"),
        ("https://example.org/a.mp3", DEMO, {}, OptionError, "files only"),
        ("missing.mp3", DEMO, {}, SourceError, "missing"),
    ],
)
def test_what_cannot_be_measured(recording, options, more, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        bench([recording], options, **more)
