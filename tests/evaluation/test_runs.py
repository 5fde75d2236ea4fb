from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import damage
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import Recognized
from earwitness.engines.fake import Fake
from earwitness.errors import ExtraError, ModelError, OptionError
from earwitness.evaluation import runs as module
from earwitness.evaluation.datasets import Item
from earwitness.evaluation.json import read, write
from earwitness.evaluation.results import ErrorRate, Evaluation, Scores, Step
from earwitness.evaluation.runs import Plan, evaluate, results, summed_up
from earwitness.evaluation.truth import Truth, Utterance, of_transcript
from earwitness.exports import save
from earwitness.options import Options
from earwitness.pipeline import Engines
from earwitness.types import Coverage, Region, Transcript, Turn, Word
from factories import make_transcript
from sounds import speech, write_wav

FAKE = Options.of(engine="fake", diarize=False)
SAID = "The bridge was safe. The bridge was safe."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings, one of them a text that calls itself one."""
    place = tmp_path_factory.mktemp("recordings")
    for index, name in enumerate(("a.wav", "c.wav")):
        write_wav(place / name, speech(12.0, start=30.0 * index))
    (place / "b.mp3").write_text("this is no recording")
    return place


def make_item(folder: Path, name: str, text: str = SAID, **changes: Any) -> Item:
    return Item(name, "asr", str(folder / name), **{"truth": Truth(name, text, language="en"), **changes})


def sentences(window: Any, temperature: float = 0.0) -> Recognized:
    """Four words every two seconds."""
    texts = (" The", " bridge", " was", " safe.")
    count = int(len(window) / 16_000 * 2)
    return Recognized(tuple(Word(texts[i % 4], i * 0.5, i * 0.5 + 0.45, 0.9) for i in range(count)), avg_logprob=-0.1)


def engines(**fake: Any) -> Engines:
    return Engines(FAKE, recognizer=Fake(**{"hear": sentences, **fake}))


def run(items: list[Item], **changes: Any) -> Evaluation:
    return evaluate(items, FAKE, **{"name": "test", "engines": engines(), **changes})


# With the pipeline


def test_a_recording_that_fails_stops_no_other_and_counts_in_no_total(folder: Path) -> None:
    items = [make_item(folder, name) for name in ("a.wav", "b.mp3", "missing.wav", "c.wav")]
    evaluation = run(items)
    assert [file.file for file in evaluation.files] == ["a.wav", "b.mp3", "missing.wav", "c.wav"]
    errors = {file.file: file.error for file in evaluation.files if file.error}
    assert list(errors) == ["b.mp3", "missing.wav"]
    assert all(name in str(error) for name, error in errors.items())
    done = [file for file in evaluation.files if not file.error]
    assert evaluation.totals["wer"].files == 2
    words = [file.scores.words for file in done]
    assert evaluation.totals["wer"].value == sum(found.errors for found in words if found) / 16


def test_what_is_kept_of_a_recording(folder: Path) -> None:
    (file,) = run([make_item(folder, "a.wav")], engines=Engines(FAKE)).files
    assert file.scores.words is not None
    assert (file.scores.words.normaliser, file.scores.words.reference_length) == ("whisper-english", 8)
    assert file.duration_s == 12.0
    assert file.elapsed_s > 0
    assert {"audio", "regions", "words", "sounds", "segments", "chapters", "summary"} == set(file.timings)
    assert file.warnings == ("the fake engine counts to ten, whatever is said",)


def test_a_second_run_transcribes_nothing_again_and_finds_the_same(folder: Path, tmp_path: Path) -> None:
    kept, items = Checkpoints(tmp_path), [make_item(folder, "a.wav"), make_item(folder, "c.wav")]
    first = run(items, checkpoints=kept)
    again = engines()
    second = run(items, checkpoints=kept, engines=again)
    assert again.recognizer.heard == 0  # type: ignore[attr-defined]
    assert [file.scores for file in first.files] == [file.scores for file in second.files]
    assert [file.timings["words"] for file in first.files] == [file.timings["words"] for file in second.files]


def test_what_is_finished_can_be_summed_up_and_the_rest_done_later(folder: Path, tmp_path: Path) -> None:
    items = (make_item(folder, "a.wav"), make_item(folder, "c.wav"))
    plan = Plan("test", items, FAKE, engines(), Checkpoints(tmp_path))
    one = next(results(plan))
    part = summed_up(plan, [one])
    assert part.totals["wer"].files == 1
    assert summed_up(plan, list(results(plan))).files[0].scores == one.scores


def test_items_that_do_not_count_are_left_out_and_items_with_an_error_fail(folder: Path) -> None:
    items = [
        make_item(folder, "a.wav"),
        make_item(folder, "c.wav", counted=False),
        make_item(folder, "x.wav", error="x.wav: x.rttm line 3: not a time; correct it"),
    ]
    evaluation = run(items)
    assert [(file.file, file.error) for file in evaluation.files] == [
        ("a.wav", None),
        ("x.wav", "x.wav: x.rttm line 3: not a time; correct it"),
    ]


@pytest.mark.parametrize(
    ("known", "speakers", "turns", "told"),
    [
        (False, 3, (), None),
        (True, 3, (), 3),
        (True, None, (Turn(0.0, 1.0, "A"), Turn(1.0, 2.0, "B"), Turn(3.0, 4.0, "A"), Turn(4.0, 5.0, None)), 2),
        (True, None, (), None),
    ],
)
def test_the_diarizer_is_told_how_many_speakers_there_are_where_that_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, known: bool, speakers: int | None, turns: Any, told: int | None
) -> None:
    seen = []

    def spy(source: object, options: Options, *_: object, **__: object) -> Transcript:
        seen.append(options.speakers.speakers)
        return make_transcript()

    monkeypatch.setattr(module.pipeline, "run", spy)
    item = make_item(folder, "a.wav", speakers=speakers, truth=Truth("a.wav", "a", turns=turns or None))
    run([item], known_speakers=known)
    assert seen == [told]


def test_progress_is_told_with_the_item_and_the_stage(folder: Path) -> None:
    seen: list[tuple[str, str]] = []
    run([make_item(folder, "a.wav")], progress=lambda name, stage, done, total: seen.append((name, stage)))
    assert list(dict.fromkeys(seen)) == [("a.wav", stage) for stage in ("source", "audio", "regions", "words")]


def test_what_made_it_is_told(folder: Path) -> None:
    evaluation = run([make_item(folder, "a.wav")], collar_s=0.5, engines=engines(model="fake-2"))
    options = evaluation.options
    assert (options["engine"], options["model"], options["beam_size"], options["diarizer"]) == (
        "fake",
        "fake-2",
        "5",
        "none",
    )
    assert (options["collar_s"], options["skip_overlap"], options["known_speakers"]) == ("0.5", "no", "no")
    assert (options["language"], options["diarize"]) == ("auto", "no")
    assert "min_speakers" not in options
    assert evaluation.normaliser == "whisper-english"
    assert evaluation.machine.cores > 0


def test_what_nothing_can_be_scored_with_fails_before_anything_is_heard(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unheard(*_: object) -> Recognized:
        raise AssertionError("it was transcribed")

    made = engines(hear=unheard)
    with pytest.raises(OptionError, match="no normaliser is called 'klingon'"):
        run([make_item(folder, "a.wav")], engines=made, normaliser="klingon")
    with pytest.raises(OptionError, match="collar"):
        run([make_item(folder, "a.wav")], engines=made, collar_s=-1.0)
    monkeypatch.setitem(__import__("sys").modules, "jiwer", None)
    with pytest.raises(ExtraError, match=r"earwitness\[eval\]"):
        run([make_item(folder, "a.wav")], engines=made)


def test_a_model_that_cannot_be_had_fails_at_once(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        evaluate([make_item(folder, "a.wav")], Options.of(model=str(tmp_path), diarize=False), name="test")


# With transcripts that are there


@pytest.fixture
def damaged(tmp_path: Path) -> Evaluation:
    save(damage.damaged().transcript, tmp_path, "episode", ["json"])
    return run([damage_item()], transcripts=tmp_path, engines=None)


def damage_item() -> Item:
    return Item("episode.wav", "podcast", "/nowhere/episode.wav", of_transcript(damage.truth(), name="episode.wav"))


def test_a_damaged_transcript_is_found_out_with_the_right_numbers(damaged: Evaluation) -> None:
    """One word in ten is another, two speakers are swapped for a while, a minute is gone: all known exactly."""
    known = damage.damaged()
    (file,) = damaged.files
    scores = file.scores
    assert scores.words
    assert scores.diarization
    assert scores.speaker_words
    assert scores.speaker_accuracy

    words = damage.LINES * damage.WORDS_A_LINE
    lost = known.dropped_lines * damage.WORDS_A_LINE
    kept = words - lost
    assert (scores.words.substitutions, scores.words.deletions, scores.words.insertions) == (known.kept_lines, lost, 0)
    assert scores.words.reference_length == words
    assert damaged.totals["wer"].value == (known.kept_lines + lost) / words

    spoken_s, swapped_s = damage.LINES * damage.LINE_S, known.swapped_lines * damage.LINE_S
    assert scores.diarization.total_s == pytest.approx(spoken_s, abs=0.001)
    assert scores.diarization.missed_s == pytest.approx(known.dropped_lines * damage.LINE_S, abs=0.001)
    assert scores.diarization.confusion_s == pytest.approx(swapped_s, abs=0.001)
    assert scores.diarization.false_alarm_s == pytest.approx(0, abs=0.001)
    assert scores.diarization.speaker_count_error == 0

    swapped_words = known.swapped_lines * damage.WORDS_A_LINE
    assert (scores.speaker_accuracy.words, scores.speaker_accuracy.correct) == (kept, kept - swapped_words)
    # By speaker, every word of a swapped line is another one; elsewhere it is the one that was changed.
    assert scores.speaker_words.errors == lost + swapped_words + known.kept_lines - known.swapped_lines


def test_the_steps_that_are_kept_hold_every_error(damaged: Evaluation) -> None:
    (file,) = damaged.files
    assert file.scores.words
    steps = file.scores.words.steps
    kinds = [step.kind for step in steps]
    assert kinds.count("substitution") == file.scores.words.substitutions
    assert kinds.count("deletion") == file.scores.words.deletions
    fifth = damage.truth().words[damage.REPLACED_PLACE].word.strip()
    assert Step("substitution", fifth, damage.wrong(fifth)) in steps


def test_the_timeline_has_the_turns_of_both(damaged: Evaluation) -> None:
    (file,) = damaged.files
    known = damage.damaged()
    assert len(file.reference_turns) == damage.LINES
    assert len(file.hypothesis_turns) == known.kept_lines
    assert {turn.speaker for turn in file.hypothesis_turns} == {"Ann", "Bob", "Cem"}
    assert file.reference_turns[0] == Turn(1.0, 3.95, "Ann")


def test_its_json_says_the_same(damaged: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_bytes(write(damaged))
    assert read(tmp_path / "evaluation.json") == damaged


def test_speakers_whose_names_are_exchanged_everywhere_are_named(tmp_path: Path) -> None:
    save(damage.renamed(), tmp_path, "episode", ["json"])
    (file,) = run([damage_item()], transcripts=tmp_path, engines=None).files
    assert file.scores.diarization
    assert file.scores.speaker_accuracy
    assert file.scores.diarization.rate == 0
    assert file.scores.speaker_accuracy.rate == 1
    assert file.scores.speaker_accuracy.renamed == {"Ann": "Bob", "Bob": "Ann"}


def test_a_transcript_keeps_what_its_own_run_measured(tmp_path: Path) -> None:
    coverage = (Coverage(0.0, 60.0, "transcribed"), Coverage(60.0, 61.5, "dropped"), Coverage(61.5, 362.65, "silence"))
    transcript = replace(
        damage.truth(), coverage=coverage, timings={"words": 30.0, "speakers": 6.265}, warnings=("0:12: unsure",)
    )
    save(transcript, tmp_path, "episode", ["json"])
    evaluation = run([damage_item()], transcripts=tmp_path, engines=None)
    (file,) = evaluation.files
    assert (file.dropped_s, file.warnings, file.elapsed_s) == (1.5, ("0:12: unsure",), 0.0)
    assert evaluation.totals["real_time_factor"].value == pytest.approx(0.1)
    assert evaluation.options["transcripts"] == str(tmp_path)


def test_without_a_transcript_a_recording_fails_with_the_name_that_was_looked_for(tmp_path: Path) -> None:
    (file,) = run([damage_item()], transcripts=tmp_path, engines=None).files
    assert file.error is not None
    assert file.error.startswith("episode.wav: ")
    assert "episode.json" in file.error


def test_another_programs_transcript_is_scored_too(tmp_path: Path) -> None:
    """WhisperX: segments with words and speakers, no duration."""
    (tmp_path / "episode.json").write_text(
        '{"segments": [{"start": 0.0, "end": 2.0, "text": " good morning", "speaker": "SPEAKER_00", "words": ['
        '{"word": "good", "start": 0.0, "end": 0.9, "score": 0.9, "speaker": "SPEAKER_00"},'
        '{"word": "morning", "start": 1.0, "end": 2.0, "score": 0.8, "speaker": "SPEAKER_00"}]}], "language": "en"}'
    )
    truth = Truth(
        "e",
        "good morning everybody",
        (Utterance("good morning everybody", "Ann", 0.0, 3.0),),
        turns=(Turn(0.0, 3.0, "Ann"),),
    )
    (file,) = run([Item("e", "g", "episode.mp3", truth)], transcripts=tmp_path, engines=None).files
    assert file.error is None
    assert file.scores.words
    assert (file.scores.words.hits, file.scores.words.deletions) == (2, 1)
    assert file.scores.diarization
    assert file.scores.diarization.missed_s == pytest.approx(1.0)
    assert file.timings == {}


def test_recordings_that_share_a_name_are_told_apart_as_transcribe_does(tmp_path: Path) -> None:
    """s1/pilot.mp3 and s2/pilot.mp3 have s1-pilot.json and s2-pilot.json."""
    for stem, text in (("s1-pilot", "one two"), ("s2-pilot", "three four")):
        (tmp_path / f"{stem}.txt").write_text(text)
    items = [
        Item(f"{season}/pilot.mp3", "asr", f"{season}/pilot.mp3", Truth("", text))
        for season, text in (("s1", "one two"), ("s2", "three four"))
    ]
    evaluation = run(items, transcripts=tmp_path, engines=None)
    assert [file.error for file in evaluation.files] == [None, None]
    assert evaluation.totals["wer"].value == 0


def test_of_several_encodings_the_one_that_counts_is_found_under_either_name(tmp_path: Path) -> None:
    """Who transcribed both files has `jfk.flac.json`, who transcribed one of them `jfk.json`."""
    items = [
        Item("jfk.flac", "asr", "jfk.flac", Truth("", "ask not")),
        Item("jfk.mp3", "asr", "jfk.mp3", Truth("", "ask not"), counted=False),
    ]
    for stem in ("jfk", "jfk.flac"):
        (tmp_path / stem).mkdir()
        (tmp_path / stem / f"{stem}.txt").write_text("ask not")
        (file,) = run(items, transcripts=tmp_path / stem, engines=None).files
        assert file.error is None


def test_what_was_heard_where_the_truth_says_nothing_is_not_scored(tmp_path: Path) -> None:
    whole = damage.truth()
    save(whole, tmp_path, "episode", ["json"])
    known = replace(whole, segments=tuple(segment for segment in whole.segments if segment.end < 100))
    item = replace(damage_item(), truth=of_transcript(known), ignored=(Region(known.segments[-1].end, 400.0),))
    (file,) = run([item], transcripts=tmp_path, engines=None).files
    assert file.scores.words
    assert file.scores.words.errors == 0
    assert file.scores.diarization
    assert file.scores.diarization.rate == 0


# What is kept of an alignment


def aligned(kinds: str) -> tuple[Step, ...]:
    names = {"h": "hit", "s": "substitution"}
    return tuple(Step(names[kind], str(i), str(i)) for i, kind in enumerate(kinds))  # type: ignore[arg-type]


def kept_steps(steps: tuple[Step, ...]) -> list[str | None]:
    scores = Scores(words=ErrorRate("word", "none", len(steps), 0, 0, 0, steps))
    readable = module._readable(scores)
    assert readable.words
    return [step.reference for step in readable.words.steps]


def test_an_alignment_keeps_the_errors_with_three_words_on_either_side() -> None:
    assert kept_steps(aligned("hhhhhhshhhhhhhhhh")) == [str(i) for i in range(3, 10)]
    assert kept_steps(aligned("hhhhhhhhhhhhhhhhh")) == []
    assert kept_steps(aligned("shhhhhhhhhhhhhhhs")) == ["0", "1", "2", "3", "13", "14", "15", "16"]


def test_an_alignment_that_nobody_could_read_is_cut() -> None:
    assert len(kept_steps(aligned("s" * 9000))) == module.MAX_STEPS


def test_a_recording_of_which_only_the_number_of_speakers_is_known_counts(tmp_path: Path) -> None:
    transcript = make_transcript()
    speakers = len(transcript.speakers)
    save(transcript, tmp_path, "a", ["json"])
    for known, right in ((speakers, 1.0), (speakers + 1, 0.0)):
        item = Item("a.wav", "speaker_count", str(tmp_path / "a.wav"), Truth("a.wav"), speakers=known)
        (tmp_path / "a.wav").touch()
        evaluation = evaluate([item], Options(), name="counts", transcripts=tmp_path)
        assert evaluation.files[0].speaker_count == (known, speakers)
        assert evaluation.totals["speaker_count_right"].value == right
