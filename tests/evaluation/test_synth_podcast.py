"""A podcast and its truth: the truth is checked against the sound, and the sound against the script."""

from __future__ import annotations

import hashlib
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from earwitness import audio
from earwitness.errors import ExtraError, OptionError, ScriptError, StorageError
from earwitness.evaluation.synth import podcast
from earwitness.evaluation.synth.podcast import Episode, make, record, write
from earwitness.evaluation.synth.script import Line, Script, parse
from earwitness.exports import json
from earwitness.types import Turn

pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
pytest.importorskip("soxr", reason="speech needs the extra tts")

RATE_HZ = 16000
ANN = "[voice Ann en-us+m3]\n"
VOICES = ANN + "[voice Bob en-us+m1]\n"  # neither has an echo of its own
TALK = VOICES + "Ann: We built the bridge in eleven months. It is safe.\nBob: Who paid for it?\nAnn: Everybody did."


def episode_of(text: str, seed: int = 0) -> Episode:
    return make(parse(text, "test.txt"), seed=seed)


def between(episode: Episode, start: float, end: float) -> np.ndarray:
    return episode.samples[round(start * RATE_HZ) : round(end * RATE_HZ)]


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.asarray(samples, float) ** 2)))


def kinds(episode: Episode) -> list[tuple[float, float, str]]:
    return [(span.start, span.end, span.kind) for span in episode.truth.coverage]


def test_the_transcript_is_the_script() -> None:
    truth = episode_of(TALK).truth
    assert [(segment.speaker, segment.text) for segment in truth.segments] == [
        ("Ann", "We built the bridge in eleven months."), ("Ann", "It is safe."), ("Bob", "Who paid for it?"),
        ("Ann", "Everybody did."),
    ]  # fmt: skip
    assert [(turn.speaker, turn.segments) for turn in truth.turns] == [("Ann", (0, 1)), ("Bob", (2,)), ("Ann", (3,))]
    assert [(speaker.id, speaker.name) for speaker in truth.speakers] == [("Ann", "Ann"), ("Bob", "Bob")]
    assert (truth.language, truth.engine.asr, truth.engine.model) == ("en", "espeak-ng", "en-us+m3, en-us+m1")
    assert truth.words[0].word == " We"
    assert {(word.probability, word.speaker) for word in truth.words} == {(1.0, "Ann"), (1.0, "Bob")}


def test_words_are_loud_and_everything_else_is_silent() -> None:
    episode = episode_of(TALK)
    words = episode.truth.words
    assert all(rms(between(episode, word.start, word.end)) > 0.02 for word in words)
    spoken = np.zeros(len(episode.samples), bool)
    for word in words:
        spoken[round((word.start - 0.002) * RATE_HZ) : round((word.end + 0.005) * RATE_HZ)] = True
    assert 0.3 < spoken.mean() < 0.8
    assert rms(episode.samples[~spoken]) < 2e-4


@pytest.mark.parametrize("extra", ["", "[room 0.6]\n", "[gain -6]\n"])
def test_a_turn_begins_with_its_first_sound_whatever_is_done_to_it(extra: str) -> None:
    episode = episode_of(extra + TALK)
    loudest = float(np.abs(episode.samples).max())
    for turn in episode.truth.turns:
        around = between(episode, turn.start - 0.05, turn.start + 0.2)
        before, after = around[: round(0.05 * RATE_HZ)], around[round(0.05 * RATE_HZ) :]
        first = np.flatnonzero(np.abs(after) > max(0.03 * loudest, 2.5 * np.abs(before).max()))[0]
        assert first / RATE_HZ < 0.02


def test_pauses_are_as_long_as_the_script_says() -> None:
    text = VOICES + "[pause 1]\nAnn: One.\n[pause 2.5]\n[pause 0.5]\nBob: Two.\nAnn: Three.\n[pause 0]\nBob: Four."
    episode = episode_of(text + "\n[pause 1.5]")
    turns = episode.truth.turns
    gaps = [after.start - before.end for before, after in pairwise(turns)]
    assert turns[0].start == pytest.approx(1.0, abs=1e-4)
    assert gaps == pytest.approx([3.0, podcast.TURN_PAUSE_S, 0.0], abs=1e-4)
    assert episode.truth.duration - turns[-1].end == pytest.approx(1.5, abs=1.1e-3)
    assert episode.truth.duration == len(episode.samples) / RATE_HZ == round(episode.truth.duration, 3)


def test_what_a_script_does_not_say_is_usual() -> None:
    truth = episode_of(TALK).truth
    assert truth.turns[0].start == podcast.LEAD_S
    assert truth.duration - truth.turns[-1].end == pytest.approx(podcast.TURN_PAUSE_S, abs=1.1e-3)


def test_an_overlap_is_the_sum_of_both_voices() -> None:
    both = episode_of(VOICES + "Ann: We built the bridge in eleven months.\n[overlap 0.8]\nBob: That is not true.")
    ann, bob = both.truth.turns
    assert ann.end - bob.start == pytest.approx(0.8, abs=1e-4)
    alone = np.zeros(len(both.samples) + RATE_HZ, np.float32)
    for turn, text in ((ann, "Ann: We built the bridge in eleven months."), (bob, "Bob: That is not true.")):
        single = episode_of(f"[voice {turn.speaker} {'en-us+m3' if turn is ann else 'en-us+m1'}]\n{text}")
        shift = round((turn.start - single.truth.turns[0].start) * RATE_HZ)
        alone[shift : shift + len(single.samples)] += single.samples
    np.testing.assert_allclose(both.samples, alone[: len(both.samples)], atol=1e-6)


def test_who_interjects_is_written_where_they_begin() -> None:
    text = "Ann: We built the bridge. Forty workers did it, and the engineers tested it. It is safe.\n"
    episode = episode_of(VOICES + text + "[overlap 2.5]\nBob: Really?\nAnn: Yes.")
    truth = episode.truth
    starts = [segment.start for segment in truth.segments]
    assert starts == sorted(starts)
    assert [segment.id for segment in truth.segments] == list(range(len(starts)))
    assert [turn.segments for turn in truth.turns] == [(0, 1, 3), (2,), (4,)]
    assert truth.turns[2].start == pytest.approx(truth.turns[0].end + podcast.TURN_PAUSE_S, abs=1e-4)


def test_an_overlap_reaches_no_farther_than_the_turn_before_and_nobody_talks_over_themselves() -> None:
    ann, bob, again = episode_of(
        VOICES + "Ann: No.\n[overlap 30]\nBob: Oh yes, I think so.\n[overlap 30]\nBob: I do."
    ).truth.turns
    assert bob.start == ann.start
    assert again.start == pytest.approx(bob.end, abs=1e-4)


def test_the_rttm_states_the_turns(tmp_path: Path) -> None:
    text = VOICES + "Ann: We built the bridge in eleven months.\n[overlap 0.7]\nBob: That is not true.\nAnn: It is."
    truth = write(episode_of(text), tmp_path / "talk.flac")
    fields = [line.split() for line in (tmp_path / "talk.rttm").read_text().splitlines()]
    written = [(float(onset), float(onset) + float(length), name) for _, _, _, onset, length, _, _, name, *_ in fields]
    assert {(row[0], row[1]) for row in fields} == {("SPEAKER", "talk")}
    for (start, end, name), turn in zip(written, truth.turns, strict=True):
        words = [word for word in truth.words if word.speaker == turn.speaker and turn.start <= word.start < turn.end]
        assert (start, end) == pytest.approx((words[0].start, words[-1].end), abs=1.1e-3)
        assert (name, turn.start, turn.end) == (turn.speaker, words[0].start, words[-1].end)


def test_gains_are_in_decibels() -> None:
    plain = episode_of(TALK)
    turns = plain.truth.turns
    louder = episode_of("[gain -2]\n[gain Bob -6]\n" + TALK.replace("en-us+m3", "en-us+m3 gain=1"))
    expected_db = {"Ann": -1.0, "Bob": -8.0}
    for turn in turns:
        ratio = rms(between(louder, turn.start, turn.end)) / rms(between(plain, turn.start, turn.end))
        assert 20 * np.log10(ratio) == pytest.approx(expected_db[str(turn.speaker)], abs=0.05)


def test_a_gain_holds_from_its_line_on() -> None:
    episode = episode_of(ANN + "Ann: Hello there.\n[gain Ann -20]\nAnn: Hello there.")
    first, second = (between(episode, turn.start, turn.end) for turn in episode.truth.turns)
    assert rms(first) / rms(second) == pytest.approx(10, rel=0.02)


def test_noise_has_its_level_and_ends() -> None:
    episode = episode_of(ANN + "[noise -40]\n[pause 3]\nAnn: Yes.\n[noise off]\n[pause 2]\nAnn: No.")
    assert rms(between(episode, 0.1, 2.9)) == pytest.approx(0.01, rel=0.03)
    end = episode.truth.turns[0].end
    assert rms(between(episode, end + 0.1, end + 1.9)) < 1e-6
    assert kinds(episode)[0][2] == "silence"


def test_the_telephone_has_no_treble_until_it_is_off() -> None:
    episode = episode_of(
        ANN + "[telephone Ann]\nAnn: Six sizzling sausages.\n[telephone Ann off]\nAnn: Six sizzling sausages."
    )

    def treble(turn: Turn) -> float:
        power = np.abs(np.fft.rfft(between(episode, turn.start, turn.end))) ** 2
        return float(power[len(power) // 2 :].sum() / power.sum())

    first, second = episode.truth.turns
    assert treble(first) < 1e-5 < 1e-2 < treble(second)


def test_the_telephone_moves_no_word() -> None:
    direct, called = episode_of(TALK), episode_of("[telephone Ann]\n[telephone Bob]\n" + TALK)
    assert called.truth.words == direct.truth.words
    for turn in direct.truth.turns:
        heard, said = (between(episode, turn.start, turn.end) for episode in (called, direct))
        shifts = range(-40, 41)
        likeness = [float(np.dot(np.roll(heard, shift), said)) for shift in shifts]
        assert abs(shifts[int(np.argmax(likeness))]) <= 1


def test_a_room_is_heard_after_the_words_and_moves_none_of_them() -> None:
    dry, wet = episode_of(TALK), episode_of("[room 0.8]\n" + TALK)
    assert wet.truth.words == dry.truth.words
    end = dry.truth.turns[0].end
    assert rms(between(wet, end + 0.05, end + 0.2)) > 100 * rms(between(dry, end + 0.05, end + 0.2))
    assert wet.truth.duration > dry.truth.duration


def test_music_alone_is_music_and_under_speech_it_is_not() -> None:
    text = VOICES + "[music -20]\n[pause 4]\nAnn: Hello there.\n[pause 1]\n[music off]\n[pause 2]\nBob: Hi.\n"
    text += "[music -30]\n[pause 3]"
    episode = episode_of(text)
    ann, bob = episode.truth.turns
    duration = episode.truth.duration
    assert [kind for _, _, kind in kinds(episode)] == [
        "music",
        "transcribed",
        "music",
        "silence",
        "transcribed",
        "music",
    ]
    edges = [start for start, _, _ in kinds(episode)]
    assert edges == pytest.approx([0, ann.start, ann.end, ann.end + 1.5, bob.start, bob.end], abs=1e-3)
    assert kinds(episode)[-1][1] == duration == pytest.approx(bob.end + 3, abs=1.1e-3)
    assert ann.start == pytest.approx(4.0, abs=1e-4)
    # The level is that of a whole round of the music; a few seconds of it are a little louder or softer.
    assert 20 * np.log10(rms(between(episode, 0.6, 3.9))) == pytest.approx(-20, abs=3)
    assert 20 * np.log10(rms(between(episode, bob.end + 0.6, duration - 0.6))) == pytest.approx(-30, abs=3)
    assert rms(between(episode, ann.end + 1.51, bob.start - 0.01)) < 1e-4
    assert np.abs(episode.samples[-8:]).max() < 1e-3


def test_chapters_begin_with_their_music_or_their_first_turn() -> None:
    text = (
        VOICES
        + "Ann: Before all.\n## First\n[pause 2]\nBob: Hello. It is late.\n## Second\n[music -30]\n[pause 1]\nAnn: Bye."
    )
    truth = episode_of(text).truth
    first, second = truth.chapters
    assert (first.title, first.segments, first.start) == ("First", (1, 2), truth.turns[1].start)
    assert (second.title, second.segments, second.end) == ("Second", (3,), truth.duration)
    assert first.end == second.start == pytest.approx(truth.turns[1].end, abs=1e-4)


def test_the_same_seed_gives_the_same_files_and_another_one_does_not(tmp_path: Path) -> None:
    script = parse("[noise -50]\n[room 0.3]\n[music -40]\n" + TALK, "same.txt")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        record(script, tmp_path / name / "talk.flac", seed=seed)
    contents = [
        [(tmp_path / name / f"talk.{suffix}").read_bytes() for suffix in ("flac", "json", "rttm")] for name in "abc"
    ]
    assert contents[0] == contents[1]
    assert contents[0][0] != contents[2][0]
    assert contents[0][2] == contents[2][2]


def test_recorded_in_blocks_or_made_at_once_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = parse("[noise -50]\n[room 0.3]\n[music -40]\n" + TALK + "\n[overlap 1]\nBob: No.", "same.txt")
    at_once = write(make(script, seed=4), tmp_path / "once.wav")
    monkeypatch.setattr(podcast, "_BLOCK", 1000)
    in_blocks = record(script, tmp_path / "blocks.wav", seed=4)
    assert at_once.source.sha256 == in_blocks.source.sha256
    assert at_once.segments == in_blocks.segments


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_the_file_holds_the_samples_to_16_bits_and_the_truth_beside_it_names_it(suffix: str, tmp_path: Path) -> None:
    episode = episode_of(TALK)
    path = tmp_path / "new folder" / f"my.talk{suffix}"
    told = write(episode, path)
    heard = audio.load(path)
    assert heard.sample_rate == RATE_HZ
    np.testing.assert_allclose(heard.samples, episode.samples, atol=0.51 / 32768)
    assert told.source.name == f"my.talk{suffix}"
    assert told.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(file.name for file in path.parent.iterdir()) == sorted(
        [f"my.talk{suffix}", "my.talk.json", "my.talk.rttm"]
    )
    kept = json.read(path.with_suffix(".json"))
    assert kept.to_dict() == told.to_dict()
    assert kept.coverage[0].start == 0.0
    assert all(before.end == after.start for before, after in pairwise(kept.coverage))


def test_clipping_is_said(tmp_path: Path) -> None:
    told = write(episode_of("[gain 20]\n" + TALK), tmp_path / "loud.wav")
    (warning,) = told.warnings
    assert "clipped; lower the gains" in warning
    assert np.abs(audio.load(tmp_path / "loud.wav").samples).max() <= 1.0


def test_other_formats_are_refused_before_anything_is_spoken(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(OptionError, match=r"talk\.mp3: it must end in \.flac or \.wav"):
        record(parse(TALK, "x"), tmp_path / "talk.mp3", progress=lambda *_: said.append("spoken"))
    assert said == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "talk.flac").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*talk\.flac"):
        record(parse(TALK, "x"), tmp_path / "talk.flac")
    assert [path.name for path in tmp_path.iterdir()] == ["talk.flac"]


def test_an_unknown_voice_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"test\.txt, line 2: the voice of Bob: .*'en-uk'; near are en-us"):
        episode_of("Ann: Hello.\n[voice Bob en-uk]\nBob: Hi.")


def test_a_turn_without_words_is_refused() -> None:
    with pytest.raises(ScriptError, match=r"made: en-us\+f4 can say nothing of '\.\.\.'"):
        make(Script("made", (Line("Ann", "..."),)))


def test_progress_goes_up_to_the_whole() -> None:
    calls: list[tuple[str, float, float]] = []
    made = make(parse(TALK, "x"), progress=lambda *call: calls.append(call))
    assert len(calls) == 3
    assert calls[-1][1] == calls[-1][2] == pytest.approx(made.truth.turns[-1].end, abs=1e-4)
    assert all(before[1] < after[1] for before, after in pairwise(calls))


def test_languages_are_those_of_the_voices() -> None:
    script = Script("x", (Line("Ann", "Guten Morgen, liebe Freunde."), Line("Bob", "Hello.")), {})
    german = parse("[voice Ann de]\nAnn: Guten Morgen, liebe Freunde.\nBob: Hello.", "x")
    assert make(script).truth.language == "en"
    assert make(german).truth.language == "de"


def test_without_the_extra_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ExtraError, match=r"pip install 'earwitness\[tts\]'"):
        make(parse(TALK, "x"))
