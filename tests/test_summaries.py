"""All summaries of a transcript: by whom they are, what they rest on, and what is left where an engine fails."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from conversations import ISLAND, OCTOPUS
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import Task, Written
from earwitness.errors import ModelError
from earwitness.options import SummaryOptions
from earwitness.summaries import WARNING, fell_short, with_summaries
from earwitness.support import SUPPORTED
from earwitness.types import SummarySentence, Transcript
from episodes import episode, five_hours
from writers import Writer, picks_longest, repeats

NOTHING_KEPT = Checkpoints(None)
MEMORY_BYTES = 40e6
"""For five hours: some hundred times their text, most of it for finding evidence."""


def summarized(
    transcript: Transcript, engine: Writer | None, *, unsupported: str = "mark", kept: Checkpoints = NOTHING_KEPT
) -> Transcript:
    return with_summaries(transcript, SummaryOptions(unsupported=unsupported), engine, kept)


def told_in(transcript: Transcript) -> list[SummarySentence]:
    """All sentences of all summaries."""
    spans = (*transcript.chapters, *transcript.turns, *transcript.speakers, transcript)
    found = [sentence for span in spans if span.summary for sentence in span.summary.sentences]
    return [*found, transcript.description] if transcript.description else found


def without_summaries(transcript: Transcript) -> Transcript:
    return replace(
        transcript,
        chapters=tuple(replace(span, summary=None) for span in transcript.chapters),
        turns=tuple(replace(span, summary=None) for span in transcript.turns),
        speakers=tuple(replace(span, summary=None) for span in transcript.speakers),
        engine=replace(transcript.engine, summarizer=None, versions={}),
        summary=None,
        description=None,
        keywords=(),
        warnings=(),
    )


def failing(task: Task) -> tuple[Written, ...]:
    raise ModelError("http://localhost:1/v1: cannot connect; start the server")


def test_every_level_is_written() -> None:
    engine, transcript = Writer(picks_longest), summarized(episode(), None)
    result = summarized(transcript, engine)
    assert result.summary
    assert result.description
    for chapter in result.chapters:
        assert chapter.summary
        assert {number for item in chapter.summary.sentences for number in item.evidence} <= set(chapter.segments)
        longest = max((transcript.segments[number].text for number in chapter.segments), key=len)
        assert longest in chapter.summary.text
    for speaker in result.speakers:
        assert speaker.summary
        own = {number for sentence in speaker.summary.sentences for number in sentence.evidence}
        assert {transcript.segments[number].speaker for number in own} == {speaker.id}
    assert {task.kind for task in engine.asked} == {"said", "episode", "speaker", "description"}
    assert {task.speaker for task in engine.asked if task.kind == "speaker"} == {"Anna", "Tom"}
    assert result.engine.summarizer == "writer:test"
    assert result.engine.versions == {"earwitness": "0.1.0", "writer": "1.0"}
    assert not fell_short(result, engine)
    assert without_summaries(result) == without_summaries(transcript)


def test_every_segment_is_read_by_a_map_step() -> None:
    transcript = episode(ISLAND)
    engine = Writer(budget=60)
    result = summarized(transcript, engine)
    read = sorted(line.text for task in engine.asked if task.kind == "said" for line in task.lines)
    assert read == sorted(item.text for item in transcript.segments)
    assert result.summary
    assert result.summary.unread == ()


@pytest.mark.parametrize("place", ["said", "episode"])
def test_a_broken_engine_leaves_the_extracts_and_says_so(place: str) -> None:
    engine = Writer(lambda task: failing(task) if task.kind == place else repeats(task))
    transcript = replace(episode(), warnings=("the sound is poor",))
    result = summarized(transcript, engine)
    plain = summarized(transcript, None)
    assert result.summary == plain.summary
    assert result.chapters == plain.chapters
    assert result.engine == plain.engine
    assert result.engine.summarizer == "extractive"
    assert result.warnings[0] == "the sound is poor"
    assert result.warnings[1].startswith(f"{WARNING}writer failed")
    assert "start the server" in result.warnings[1]
    assert fell_short(result, engine)
    assert not fell_short(plain, None)


def test_the_next_time_the_old_warning_is_gone() -> None:
    broken = summarized(replace(episode(), warnings=("the sound is poor",)), Writer(failing))
    assert summarized(broken, Writer()).warnings == ("the sound is poor",)


def test_what_was_read_before_an_engine_broke_is_not_read_again(tmp_path: Path) -> None:
    kept, transcript = Checkpoints(tmp_path), episode()
    broken = Writer(lambda task: failing(task) if task.kind == "episode" else repeats(task))
    assert fell_short(summarized(transcript, broken, kept=kept), broken)
    mended = Writer()
    assert summarized(transcript, mended, kept=kept).engine.summarizer == "writer:test"
    assert "said" not in {task.kind for task in mended.asked}
    third = Writer()
    summarized(transcript, third, kept=kept)
    assert third.asked == []


def test_another_model_reads_for_itself(tmp_path: Path) -> None:
    kept, transcript = Checkpoints(tmp_path), episode()
    summarized(transcript, Writer(), kept=kept)
    other = Writer(identity="another model or prompt")
    summarized(transcript, other, kept=kept)
    assert other.asked


def test_an_edit_reads_only_its_own_chapter_again(tmp_path: Path) -> None:
    kept, transcript = Checkpoints(tmp_path), episode()
    summarized(transcript, Writer(), kept=kept)
    number = transcript.chapters[1].segments[3]
    lines = list(transcript.segments)
    lines[number] = replace(lines[number], text="The glaziers of the town mended four windows.")
    engine = Writer()
    summarized(replace(transcript, segments=tuple(lines)), engine, kept=kept)
    (mapped,) = [task for task in engine.asked if task.kind == "said"]
    assert [line.text for line in mapped.lines] == [lines[n].text for n in transcript.chapters[1].segments]


def test_a_chapter_of_which_nothing_was_written_keeps_its_extract() -> None:
    transcript = episode()
    plain = summarized(transcript, None)
    lines = {transcript.segments[number].text for number in transcript.chapters[1].segments}
    engine = Writer(lambda task: () if task.lines[0].text in lines else repeats(task))
    result = summarized(transcript, engine)
    assert result.chapters[1].summary == plain.chapters[1].summary
    assert result.chapters[2].summary != plain.chapters[2].summary
    assert result.warnings == (f"{WARNING}1 of 5 chapters are in extracts, since writer wrote nothing of use",)
    assert not fell_short(result, engine)


def test_an_engine_that_writes_nothing_has_failed() -> None:
    engine = Writer(lambda task: ())
    result = summarized(episode(), engine)
    assert fell_short(result, engine)
    assert "another model" in result.warnings[0]


def invents(task: Task) -> tuple[Written, ...]:
    """Of every part one sentence that was said, and one that nobody said but that cites a line."""
    return (*repeats(task)[:1], Written("The mayor of Oslo sold nine railways.", (task.lines[0].id,)))


def test_what_nobody_said_is_marked_dropped_or_kept() -> None:
    marked, dropped, kept = (
        summarized(episode(), Writer(invents), unsupported=choice) for choice in ("mark", "drop", "keep")
    )
    invented = [sentence for sentence in told_in(marked) if "Oslo" in sentence.text]
    assert invented
    assert all(sentence.unsupported and sentence.support < SUPPORTED for sentence in invented)
    assert not any("Oslo" in sentence.text for sentence in told_in(dropped))
    assert not any(sentence.unsupported for sentence in told_in(kept))
    assert any("Oslo" in sentence.text for sentence in told_in(kept))
    assert all(chapter.summary and chapter.summary.sentences for chapter in dropped.chapters)


def test_an_engine_of_which_nothing_is_left_has_failed() -> None:
    engine = Writer(lambda task: (Written("The mayor of Oslo sold nine railways.", (1,)),))
    result, plain = (summarized(episode(), each, unsupported="drop") for each in (engine, None))
    assert replace(result, warnings=()) == plain
    assert fell_short(result, engine)
    assert not fell_short(summarized(episode(), engine), engine)


def test_a_transcript_without_words_asks_nobody() -> None:
    silent = replace(episode(), segments=(), turns=(), speakers=(), chapters=())
    engine = Writer()
    result = summarized(silent, engine)
    assert engine.asked == []
    assert not fell_short(result, engine)


def test_progress_never_runs_backwards_and_comes_to_its_end() -> None:
    steps: list[tuple[float, float]] = []
    transcript = episode(OCTOPUS)
    with_summaries(
        transcript,
        SummaryOptions(),
        Writer(budget=40),
        NOTHING_KEPT,
        lambda stage, done, total: steps.append((done, total)),
    )
    assert len(steps) > 5
    assert steps == sorted(steps)
    assert {total for _, total in steps} == {transcript.duration}
    assert steps[-1][0] == transcript.duration


def test_five_hours_are_read_to_the_last_word() -> None:
    transcript = five_hours()
    assert transcript.duration > 5 * 3600
    engine = Writer(budget=500)
    result = summarized(transcript, engine)
    read = sorted(line.text for task in engine.asked if task.kind == "said" for line in task.lines)
    assert read == sorted(item.text for item in transcript.segments)
    assert result.summary
    assert result.summary.unread == ()
    assert result.engine.summarizer == "writer:test"
    assert max(sum(map(engine.size, task.lines)) for task in engine.asked) <= 500


@pytest.mark.slow
def test_memory_grows_with_the_text_only() -> None:
    transcript = five_hours()
    summarized(episode(), Writer())  # whatever is loaded once is loaded now
    tracemalloc.start()
    summarized(transcript, Writer(budget=500))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY_BYTES
