"""A transcript to the same transcript with all its summaries, by the summarizer that was asked for.

The extractive summary is always made first. What an engine writes takes its place, piece by piece; where the engine
fails, it stands, and the transcript says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from earwitness import summary
from earwitness.abstracts import Author, Fact, Topic, facts_of
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import Summarizer
from earwitness.errors import ModelError
from earwitness.options import SummaryOptions
from earwitness.summary import EPISODE_SENTENCES, Summarized
from earwitness.support import SUPPORTED, Witness
from earwitness.types import Chapter, Progress, Summary, SummarySentence, Transcript

EXTRACTIVE = "extractive"
STAGE = "summary"
WARNING = "summary: "
"""How every warning of this stage begins."""

CHAPTER_SENTENCES, SPEAKER_SENTENCES = (1, 5), (1, 3)
# There is a sentence for so much of a chapter, and of what somebody says.
_CHAPTER_SENTENCE_S, _SPEAKER_SENTENCE_S = 60.0, 120.0
# Of all that is read, the share that is read again.
_READ_AGAIN = 0.1


def with_summaries(
    transcript: Transcript,
    options: SummaryOptions,
    engine: Summarizer | None,
    checkpoints: Checkpoints,
    progress: Progress | None = None,
) -> Transcript:
    """The transcript with summaries of its chapters, turns and speakers and of the whole; nothing else changes.

    Args:
        engine: what writes them; none for what was said, in extracts.
        checkpoints: keeps every answer of the engine by what it was asked.

    Where the engine fails there are extracts and a warning, and `engine.summarizer` of the result says "extractive".
    """
    first = summary.summarize(
        transcript.segments, transcript.chapters, transcript.turns, options, transcript.language, transcript.speakers
    )
    warnings = tuple(line for line in transcript.warnings if not line.startswith(WARNING))
    made, name, versions = first, EXTRACTIVE, dict(transcript.engine.versions)
    if engine and transcript.segments:
        try:
            made, remarks = _written(first, transcript, options, engine, checkpoints, progress)
            warnings += tuple(WARNING + line for line in remarks)
            name = f"{engine.name}:{engine.model}"
            versions |= engine.versions
        except ModelError as problem:
            warnings += (f"{WARNING}{engine.name} failed, so what was said stands in extracts; {problem}",)
    return replace(
        made.onto(transcript, options.unsupported),
        engine=replace(transcript.engine, summarizer=name, versions=versions),
        warnings=warnings,
    )


def fell_short(transcript: Transcript, engine: Summarizer | None) -> bool:
    """Whether an engine was asked for that did not write this transcript's summary."""
    return engine is not None and bool(transcript.segments) and transcript.engine.summarizer == EXTRACTIVE


def _written(
    first: Summarized,
    transcript: Transcript,
    options: SummaryOptions,
    engine: Summarizer,
    checkpoints: Checkpoints,
    progress: Progress | None,
) -> tuple[Summarized, list[str]]:
    """What the engine writes, with the extracts where it writes nothing; and what the user should know of that."""
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    witness = Witness(transcript.segments, transcript.language, names)
    shelf = checkpoints.shelf(transcript.source.sha256 or "unknown", STAGE, engine.identity())
    author = Author(engine, witness, shelf=shelf, report=_reporter(transcript, progress))

    said = {item.id: Fact(item.text, (item.id,), names.get(item.speaker or "")) for item in transcript.segments}
    better = _Better(options.unsupported == "drop")
    parts = author.write([_of_chapter(chapter, said) for chapter in first.chapters])
    if not any(map(better.serves, parts)):
        raise ModelError(f"{engine.model}: nothing that it wrote was of any use; try another model")
    facts = facts_of([sentence for part in parts for sentence in part])
    own = [_of_speaker(transcript, label, facts) for label in names]
    whole, *persons = author.write([_of_all(facts, len(parts)), *own])
    (line,) = author.write([Topic("description", facts_of(whole or parts[0]), 1)])

    chapters = tuple(
        replace(chapter, summary=better.summary(part, chapter.summary))
        for chapter, part in zip(first.chapters, parts, strict=True)
    )
    left, count = better.left, len(chapters)
    unread = tuple(item.id for item in transcript.segments if item.text.strip() and item.id not in author.read)
    made = replace(
        first,
        summary=replace(better.summary(whole, first.summary) or Summary(), unread=unread),
        chapters=chapters,
        speakers=tuple(
            replace(speaker, summary=better.summary(person, speaker.summary))
            for speaker, person in zip(first.speakers or transcript.speakers, persons, strict=True)
        ),
        description=better.sentence(line, first.description),
    )
    remarks = [f"{left} of {count} chapters are in extracts, since {engine.name} wrote nothing of use"] if left else []
    return made, remarks


def _of_chapter(chapter: Chapter, said: dict[int, Fact]) -> Topic:
    count = _fitting((chapter.end - chapter.start) / _CHAPTER_SENTENCE_S, CHAPTER_SENTENCES)
    return Topic("said", tuple(said[number] for number in chapter.segments if number in said), count)


def _of_all(facts: Sequence[Fact], chapters: int) -> Topic:
    return Topic("episode", tuple(facts), _fitting(chapters, EPISODE_SENTENCES))


def _of_speaker(transcript: Transcript, label: str, facts: Sequence[Fact]) -> Topic:
    """What the chapters' summaries have of somebody."""
    speaker = next(known for known in transcript.speakers if known.id == label)
    own = {item.id for item in transcript.segments if item.speaker == label}
    count = _fitting(speaker.seconds / _SPEAKER_SENTENCE_S, SPEAKER_SENTENCES)
    return Topic("speaker", tuple(fact for fact in facts if own & set(fact.evidence)), count, speaker.name)


class _Better:
    """Chooses between what was written and the extracts; `left` counts where these were left."""

    def __init__(self, only_supported: bool) -> None:
        self._only_supported = only_supported
        self.left = 0

    def summary(self, written: Sequence[SummarySentence], extracts: Summary | None) -> Summary | None:
        if self.serves(written):
            return Summary(tuple(written))
        self.left += 1
        return extracts

    def sentence(self, written: Sequence[SummarySentence], extract: SummarySentence | None) -> SummarySentence | None:
        return written[0] if self.serves(written) else extract

    def serves(self, written: Sequence[SummarySentence]) -> bool:
        return any(sentence.support >= SUPPORTED or not self._only_supported for sentence in written)


def _reporter(transcript: Transcript, progress: Progress | None) -> Callable[[int], None]:
    """Turns characters that were read into seconds of the recording."""
    total = max(1.0, sum(len(item.text) for item in transcript.segments) * (1 + _READ_AGAIN))
    done = 0

    def report(characters: int) -> None:
        nonlocal done
        done += characters
        if progress:
            progress(STAGE, transcript.duration * min(1.0, done / total), transcript.duration)

    return report


def _fitting(count: float, bounds: tuple[int, int]) -> int:
    return min(max(round(count), bounds[0]), bounds[1])
