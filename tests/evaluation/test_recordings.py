"""Conversations from recordings: each reader is a tone with a pitch, so that the sound itself tells who speaks when."""

from __future__ import annotations

import dataclasses
import json
import re
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from earwitness import exports
from earwitness.engines import voice_net
from earwitness.errors import AudioError, OptionError, SourceError, TranscriptError
from earwitness.evaluation.datasets import Item
from earwitness.evaluation.synth.episode import Episode, write
from earwitness.evaluation.synth.pieces import FRAME_S, MARGIN_S, pieces
from earwitness.evaluation.synth.recordings import (
    LOUDNESS_DB,
    LOUDNESS_SPREAD_DB,
    NOISE_DB,
    PAUSE_S,
    conversation,
    joined,
    load,
    readers,
)
from earwitness.evaluation.truth import Truth, Utterance, read
from earwitness.exports import rttm
from earwitness.types import Turn

RATE_HZ = 16_000
PITCHES_HZ = {"ann": 300.0, "bob": 500.0, "eve": 800.0, "jim": 1300.0}
BEFORE_S, AFTER_S = 0.31, 0.47
"""Silence in the recordings around what is said."""


def tone(pitch_hz: float, length_s: float, peak: float = 0.2) -> np.ndarray:
    """Syllables, five a second, that never fall silent."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    return peak * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time_s)) * np.sin(2 * np.pi * pitch_hz * time_s)


def silence(length_s: float) -> np.ndarray:
    return np.zeros(round(length_s * RATE_HZ))


def write_wav(path: Path, *parts: np.ndarray) -> None:
    samples = np.concatenate(parts)
    noise = np.random.default_rng(0).normal(0, 1e-4, len(samples))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.round((samples + noise) * 32767).astype("<i2").tobytes())


def write_manifest(folder: Path, rows: list[dict[str, Any]]) -> str:
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Item, ...]:
    """Four readers with six utterances of 1.0 to 3.5 s; the text says how long one is, and whose."""
    folder = tmp_path_factory.mktemp("told")
    rows = []
    for name, pitch_hz in PITCHES_HZ.items():
        for number in range(6):
            length_s = 1.0 + number / 2
            file = f"{name}-{number}.wav"
            write_wav(folder / file, silence(BEFORE_S), tone(pitch_hz, length_s, 0.05 * (number + 1)), silence(AFTER_S))
            row = {"file": file, "kind": "asr", "speakers": [name], "reference_text": f"{name} says {length_s}"}
            rows.append(row | {"duration_s": BEFORE_S + length_s + AFTER_S})
    return load(write_manifest(folder, rows))


@pytest.fixture(scope="module")
def untold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Item, ...]:
    """Two readers with one recording of half a minute each, without a text, that has short dips to cut at."""
    folder = tmp_path_factory.mktemp("untold")
    rows = []
    for name in ("ann", "bob"):
        phrases = [part for _ in range(30) for part in (tone(PITCHES_HZ[name], 0.9), silence(0.12))]
        write_wav(folder / f"{name}.wav", *phrases)
        rows.append({"file": f"{name}.wav", "kind": "speaker", "speakers": [name]})
    return load(write_manifest(folder, rows))


def without_text(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dataclasses.replace(item, truth=dataclasses.replace(item.truth, text=None)) for item in items)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2)))


def between(episode: Episode, start: float, end: float) -> np.ndarray:
    return episode.samples[round(start * RATE_HZ) : round(end * RATE_HZ)]


def loudest_pitch(samples: np.ndarray) -> str:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    peak_hz = spectrum.argmax() * RATE_HZ / len(samples)
    return min(PITCHES_HZ, key=lambda name: abs(PITCHES_HZ[name] - peak_hz))


def test_everybody_is_heard_where_the_truth_says_so(told: tuple[Item, ...]) -> None:
    episode = conversation(told, speakers=4, duration_s=30, seed=1)
    segments = episode.truth.segments
    assert len(segments) > 8
    for segment in segments:
        assert loudest_pitch(between(episode, segment.start, segment.end)) == segment.speaker
        assert level_db(between(episode, segment.start, segment.end)) == pytest.approx(
            LOUDNESS_DB, abs=LOUDNESS_SPREAD_DB + 0.2
        )
    for before, after in pairwise(segments):
        assert PAUSE_S[0] - 0.01 <= after.start - before.end <= PAUSE_S[1] + 0.01
        rest = between(episode, before.end + MARGIN_S, after.start - MARGIN_S)
        assert level_db(rest) == pytest.approx(NOISE_DB, abs=3)
    assert episode.samples.dtype == np.float32
    assert len(episode.samples) / RATE_HZ == episode.truth.duration


def test_a_turn_reaches_from_its_first_sound_to_its_last(told: tuple[Item, ...]) -> None:
    for segment in conversation(told, speakers=3, duration_s=40, seed=2).truth.segments:
        name, length_s = re.fullmatch(r"(\w+) says ([\d.]+)", segment.text).groups()  # type: ignore[union-attr]
        assert segment.speaker == name
        assert segment.end - segment.start == pytest.approx(float(length_s), abs=1.5 * FRAME_S)


def test_nobody_speaks_twice_in_a_row_or_says_anything_twice(told: tuple[Item, ...]) -> None:
    for seed in range(5):
        segments = conversation(told, speakers=3, duration_s=60, seed=seed).truth.segments
        assert len({segment.speaker for segment in segments[:3]}) == 3
        assert all(before.speaker != after.speaker for before, after in pairwise(segments))
        assert len({segment.text for segment in segments}) == len(segments)


def test_it_ends_with_the_turn_that_reaches_the_length_and_says_so_where_it_cannot(told: tuple[Item, ...]) -> None:
    short = conversation(told, speakers=2, duration_s=12, seed=3).truth
    assert short.segments[-2].end < 12 <= short.segments[-1].end
    assert short.warnings == ()
    used_up = conversation(told, speakers=2, duration_s=600, seed=3).truth
    assert len(used_up.segments) >= 11
    assert len(used_up.warnings) == 1
    brief = conversation(told, speakers=4, duration_s=0.1, seed=3).truth
    assert len(brief.speakers) == len(brief.segments) == 4


def test_a_seed_decides_on_everything(told: tuple[Item, ...]) -> None:
    first, again = (conversation(told, speakers=3, duration_s=20, seed=5, overlap_share=0.3) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert first.truth == again.truth
    other = conversation(told, speakers=3, duration_s=20, seed=6, overlap_share=0.3)
    assert other.truth.segments != first.truth.segments


def test_the_order_of_the_items_does_not_matter(told: tuple[Item, ...]) -> None:
    backwards = conversation(told[::-1], speakers=3, duration_s=20, seed=5)
    assert backwards.truth == conversation(told, speakers=3, duration_s=20, seed=5).truth


def test_one_speaker_alone_goes_on(told: tuple[Item, ...]) -> None:
    truth = conversation(told, speakers=1, duration_s=8, seed=0).truth
    assert len(truth.segments) > 2
    assert len(truth.speakers) == 1


def test_overlaps_are_heard_and_never_three_at_once(told: tuple[Item, ...]) -> None:
    episode = conversation(told, speakers=4, duration_s=40, seed=4, overlap_share=1.0)
    segments = episode.truth.segments
    assert np.abs(episode.samples).max() <= 1
    for number, (before, after) in enumerate(pairwise(segments)):
        shorter_s = min(before.end - before.start, after.end - after.start)
        assert 0 < before.end - after.start <= shorter_s / 2 + 1e-3
        assert number == 0 or segments[number - 1].end <= after.start + 1e-3
        both = between(episode, after.start + 0.02, before.end - 0.02)
        spectrum = np.abs(np.fft.rfft(both * np.hanning(len(both))))
        heard = [spectrum[round(PITCHES_HZ[str(who.speaker)] * len(both) / RATE_HZ)] for who in (before, after)]
        assert min(heard) > 0.1 * max(heard)
    assert sum(span.end - span.start for span in episode.truth.coverage) == pytest.approx(episode.truth.duration)


def test_recordings_without_a_text_are_cut_at_their_pauses(untold: tuple[Item, ...]) -> None:
    episode = conversation(untold, speakers=2, duration_s=40, seed=1)
    segments = episode.truth.segments
    assert len(segments) > 4
    for segment in segments:
        length_s = segment.end - segment.start
        assert segment.text == ""
        assert 1.0 <= length_s <= 13
        # Whole phrases of 0.9 s with dips of 0.12 s between them.
        assert abs((length_s + 0.12) / 1.02 - round((length_s + 0.12) / 1.02)) < 0.05
        assert loudest_pitch(between(episode, segment.start, segment.end)) == segment.speaker
    assert sum(s.end - s.start for s in segments if s.speaker == "ann") <= 30 * 1.02


def test_they_are_cut_into_turns_of_the_length_asked_for(untold: tuple[Item, ...]) -> None:
    talk = conversation(untold, speakers=2, duration_s=30, seed=1, turn_s=(0.5, 1.5)).truth.segments
    usual = conversation(untold, speakers=2, duration_s=30, seed=1).truth.segments
    # The dips that it may be cut at are 1.02 s apart.
    assert max(segment.end - segment.start for segment in talk) < 2.3
    assert len(talk) > 2 * len(usual)


def test_pieces_are_joined_as_they_come(untold: tuple[Item, ...]) -> None:
    rng, by_reader = np.random.default_rng(0), readers(untold)
    said = [next(pieces(name, by_reader[name], rng)) for name in ("bob", "ann", "ann", "bob")]
    episode = joined(said, "four", rng)
    assert [segment.speaker for segment in episode.truth.segments] == ["bob", "ann", "ann", "bob"]
    assert (episode.truth.source.name, episode.truth.warnings) == ("four", ())
    for segment, piece in zip(episode.truth.segments, said, strict=True):
        assert segment.end - segment.start == pytest.approx(len(piece.speech) / RATE_HZ)
        assert loudest_pitch(between(episode, segment.start, segment.end)) == segment.speaker


def test_a_long_pause_inside_a_turn_is_in_no_turn_of_the_truth(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(500, 2), silence(0.9), tone(500, 1), silence(0.3), tone(500, 1))
    place = write_manifest(tmp_path, [{"file": "a.wav", "speakers": ["bob"], "reference_text": "one two three"}])
    truth = conversation(load(place), speakers=1, duration_s=5, seed=0).truth
    (segment,) = truth.segments
    assert segment.end - segment.start == pytest.approx(5.2, abs=1.5 * FRAME_S)
    assert [turn.end - turn.start for turn in truth.turns] == pytest.approx([2.0, 2.3], abs=1.5 * FRAME_S)
    assert truth.turns[1].start - truth.turns[0].end == pytest.approx(0.9, abs=1.5 * FRAME_S)
    assert truth.speakers[0].seconds == pytest.approx(4.3, abs=3 * FRAME_S)


def test_silence_around_a_turn_is_left_out_of_noisy_recordings_too(tmp_path: Path) -> None:
    parts = (silence(0.5), tone(500, 2), silence(0.8), tone(500, 1), silence(0.4))
    noise = np.random.default_rng(1).normal(0, 0.01, sum(map(len, parts)))  # 18 dB below the tone
    write_wav(tmp_path / "a.wav", np.concatenate(parts) + noise)
    place = write_manifest(tmp_path, [{"file": "a.wav", "speakers": ["bob"], "reference_text": "one two three"}])
    truth = conversation(load(place), speakers=1, duration_s=3, seed=0).truth
    assert [turn.end - turn.start for turn in truth.turns] == pytest.approx([2.0, 1.0], abs=0.1)
    assert truth.segments[0].end - truth.segments[0].start == pytest.approx(3.8, abs=0.1)


def test_recordings_without_a_text_are_left_out_where_others_have_one(told: tuple[Item, ...]) -> None:
    some = (*without_text(told[:12]), *told[12:])
    truth = conversation(some, speakers=2, duration_s=15, seed=0).truth
    assert {segment.speaker for segment in truth.segments} == {"eve", "jim"}
    assert all(segment.text for segment in truth.segments)
    with pytest.raises(OptionError, match=r"that have a text are of 2 people \(eve, jim\)"):
        conversation(some, speakers=3, duration_s=15, seed=0)


def test_people_with_enough_to_say_are_drawn_first(told: tuple[Item, ...]) -> None:
    rich = [item for item in told if item.name.startswith(("bob", "jim")) or item.name.endswith("0.wav")]
    for seed in range(4):
        truth = conversation(rich, speakers=2, duration_s=20, seed=seed).truth
        assert {speaker.id for speaker in truth.speakers} == {"bob", "jim"}


@pytest.mark.parametrize("texts", [True, False])
def test_the_files_say_what_the_truth_says(told: tuple[Item, ...], tmp_path: Path, texts: bool) -> None:
    items = told if texts else without_text(told)
    episode = conversation(items, speakers=3, duration_s=20, seed=2)
    written = write(episode, tmp_path / "talk.flac")
    schema = json.loads((Path(exports.__file__).parent / "transcript.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "talk.json").read_text()), schema)
    turns = read(tmp_path / "talk.rttm").turns
    expected = tuple(Turn(turn.start, turn.end, turn.speaker) for turn in episode.truth.turns)
    assert turns is not None
    assert [turn.speaker for turn in turns] == [turn.speaker for turn in expected]
    assert np.ravel([(t.start, t.end) for t in turns]) == pytest.approx(
        np.ravel([(t.start, t.end) for t in expected]), abs=2e-3
    )
    for name in exports.FORMATS:
        assert exports.save(written, tmp_path, "all", [name])


def test_rttm_has_the_turns_of_a_segment_without_words(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(500, 2), silence(0.9), tone(500, 1))
    place = write_manifest(tmp_path, [{"file": "a.wav", "speakers": ["bob"], "reference_text": "one two three"}])
    truth = conversation(load(place), speakers=1, duration_s=3, seed=0).truth
    assert rttm.runs(truth) == tuple(Turn(turn.start, turn.end, "bob") for turn in truth.turns)
    untimed = dataclasses.replace(truth, turns=())
    (run,) = rttm.runs(untimed)
    assert (run.start, run.end) == (truth.segments[0].start, truth.segments[0].end)


def test_readers_are_those_who_are_alone_and_known_by_name() -> None:
    def item(name: str, text: str | None, *speakers: str | None, error: str | None = None) -> Item:
        said = tuple(Utterance(text or "", speaker) for speaker in speakers)
        return Item(name, "asr", name, Truth(name, text=text, utterances=said), error=error)

    items = [
        item("1", "hello", "ann"),
        item("2", "Hello", "ann"),
        item("3", "bye", "ann"),
        item("4", "hello", "bob"),
        item("5", "both", "ann", "bob"),
        item("6", "anybody", "unknown"),
        item("7", "nobody", None),
        item("8", "broken", "eve", error="no such file"),
        item("9", None, "jim"),
    ]
    found = {name: [item.name for item in said] for name, said in readers(items).items()}
    assert found == {"ann": ["1", "3"], "bob": ["4"], "jim": ["9"]}


def test_a_manifest_gives_the_recordings_of_one_speaker(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "file": "a.wav",
            "kind": "asr",
            "speakers": ["ann"],
            "reference_text": "hello",
            "duration_s": 2,
            "language": "en",
        },
        {"file": "b.wav", "kind": "speaker", "speakers": [17]},
        {"file": "c.wav", "kind": "diarization", "speakers": ["ann"]},
        {"file": "d.wav", "kind": "asr", "speakers": ["ann", "bob"], "reference_text": "both"},
        {"file": "e.wav", "kind": "speaker_count", "speakers": 1},
        {"file": "f.wav", "kind": "sound"},
    ]
    place = write_manifest(tmp_path, rows)
    items = load(place)
    assert [(item.name, item.truth.text, item.truth.duration) for item in items] == [
        ("a.wav", "hello", 2), ("b.wav", None, None),
    ]  # fmt: skip
    assert [item.truth.utterances for item in items] == [(Utterance("hello", "ann"),), (Utterance("", "17"),)]
    assert items[0].recording == str(tmp_path / "a.wav")
    assert items == load(str(tmp_path / "manifest.jsonl"))


def test_a_folder_of_librispeech_serves_as_well(tmp_path: Path) -> None:
    for reader, pitch_hz in (("61", 300.0), ("121", 800.0)):
        folder = tmp_path / "test-clean" / reader / "7"
        folder.mkdir(parents=True)
        for number in range(3):
            write_wav(folder / f"{reader}-7-000{number}.wav", tone(pitch_hz, 2))
        texts = [f"{reader}-7-000{number} READER {reader} LINE {number}\n" for number in range(3)]
        (folder / f"{reader}-7.trans.txt").write_text("".join(texts))
    truth = conversation(load(str(tmp_path)), speakers=2, duration_s=8, seed=0).truth
    assert all(segment.text.startswith(f"READER {segment.speaker} LINE") for segment in truth.segments)
    assert {speaker.id for speaker in truth.speakers} == {"61", "121"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "manifest.jsonl line 2: not JSON"),
        ('["a.wav"]', "manifest.jsonl line 2: not an object with a `file`"),
        ('{"speakers": ["ann"]}', "manifest.jsonl line 2: not an object with a `file`"),
        ('{"file": "b.wav", "speakers": ["ann"], "reference_text": 3}', "manifest.jsonl line 2: its reference_text"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "manifest.jsonl").write_text(f'{{"file": "a.wav", "speakers": ["ann"]}}\n{line}\n')
    with pytest.raises(TranscriptError, match=problem):
        load(str(tmp_path))


def test_what_is_missing_is_named(told: tuple[Item, ...], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        load(str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(SourceError, match="no recording of one speaker"):
        load(write_manifest(tmp_path, [{"file": "a.wav", "kind": "sound"}]))
    gone = load(write_manifest(tmp_path, [{"file": "gone.wav", "speakers": ["ann"], "reference_text": "hello"}]))
    with pytest.raises(SourceError, match=r"gone\.wav: no such file"):
        conversation(gone, speakers=1, duration_s=3, seed=0)
    with pytest.raises(OptionError, match=r"are of 4 people \(ann, bob, eve, jim\)"):
        conversation(told, speakers=5, duration_s=10, seed=0)


def test_a_reader_who_is_never_heard_is_named(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(500, 2))
    with wave.open(str(tmp_path / "b.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(bytes(4 * RATE_HZ))
    rows = [{"file": f"{name}.wav", "speakers": [name]} for name in "ab"]
    with pytest.raises(AudioError, match=r"b\.wav: silent"):
        conversation(load(write_manifest(tmp_path, rows)), speakers=2, duration_s=9, seed=0)


def test_a_clip_of_a_few_milliseconds_does_no_harm(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(500, 0.003))
    place = write_manifest(tmp_path, [{"file": "a.wav", "speakers": ["ann"], "reference_text": "oh"}])
    episode = conversation(load(place), speakers=1, duration_s=1, seed=0)
    assert np.isfinite(episode.samples).all()
    assert [segment.text for segment in episode.truth.segments] == ["oh"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"speakers": 0}, "speakers"), ({"duration_s": 0}, "duration_s"), ({"duration_s": float("nan")}, "duration_s"),
        ({"duration_s": 1e6}, "duration_s"), ({"overlap_share": 1.5}, "overlap_share"),
        ({"overlap_share": float("nan")}, "overlap_share"), ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_options_outside_their_range_are_refused(told: tuple[Item, ...], wrong: dict[str, Any], named: str) -> None:
    given: dict[str, Any] = {"speakers": 2, "duration_s": 9.0, "seed": 0} | wrong
    with pytest.raises(OptionError, match=named):
        conversation(told, **given)


def test_real_readers_are_told_apart(data: Path) -> None:
    """By the built-in diarizer, not trained on them and given the count; docs/benchmarks.md has 0.5 % confusion."""
    from earwitness import engines
    from earwitness.evaluation.diarization import diarization_error_rate
    from earwitness.options import SpeakerOptions
    from earwitness.regions import detect
    from earwitness.speakers import diarize
    from earwitness.types import Audio

    with np.load(voice_net.SHIPPED / voice_net.POINTS) as arrays:
        trained_on = {str(name) for name in arrays["readers"]}
    items = [item for item in load(str(data)) if "librispeech" in item.name]
    untrained = {name: said for name, said in readers(items).items() if name not in trained_on and len(said) > 1}
    assert len(untrained) >= 4
    confused_s = spoken_s = 0.0
    for seed in range(3):
        said = [item for items in untrained.values() for item in items]
        episode = conversation(said, speakers=2 + seed, duration_s=60, seed=seed)
        audio = Audio(episode.samples)
        answer = diarize(
            audio, detect(audio, engines.detector()), engines.embedder(), SpeakerOptions(speakers=2 + seed)
        )
        result = diarization_error_rate(episode.truth.turns, answer.turns)
        confused_s += result.confusion_s
        spoken_s += result.correct_s + result.confusion_s
        assert result.missed_s / result.total_s < 0.08
    assert confused_s / spoken_s < 0.02
