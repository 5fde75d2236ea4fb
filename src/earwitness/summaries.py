"""A transcript to the same transcript with all its summaries, by the summarizer that was asked for.

The extractive summary is always made first. What an engine writes takes its place, piece by piece; where the engine
fails, it stands, and the transcript says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from earwitness import summary
from earwitness.abstracts import Author, Fact, Topic, facts_of
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import SentenceEmbedder, Summarizer
from earwitness.errors import ModelError
from earwitness.meanings import Meanings
from earwitness.options import EXTRACTIVE, SummaryOptions
from earwitness.summary import EPISODE_SENTENCES, Summarized, fitting
from earwitness.support import SUPPORTED, Witness
from earwitness.types import Chapter, Progress, Speaker, Summary, SummarySentence, Transcript

Told = Sequence[SummarySentence]

STAGE = "summary"
WARNING = "summary: "
"""How every warning of this stage begins."""
SENTENCES = "sentences"
"""Under this name the versions of a transcript tell which model of sentences its summaries heed."""

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
    sentences: SentenceEmbedder | None = None,
) -> Transcript:
    """The transcript with summaries of its chapters, turns and speakers and of the whole; nothing else changes.

    Args:
        engine: what writes them; none for what was said, in extracts.
        checkpoints: keeps every answer of the engine by what it was asked.
        sentences: tells what means the like; none for what has the same words.

    Where the engine fails there are extracts and a warning, and `engine.summarizer` of the result says "extractive";
    where `sentences` fails, all is done by words, and no version tells of it.
    """
    warnings = tuple(line for line in transcript.warnings if not line.startswith(WARNING))
    versions = {name: version for name, version in transcript.engine.versions.items() if name != SENTENCES}
    meanings = Meanings(sentences) if sentences and transcript.segments else None
    try:
        first = _extracts(transcript, options, meanings)
    except ModelError as problem:
        warnings += (f"{WARNING}meanings are not heeded, only words; {problem}",)
        meanings = None
        first = _extracts(transcript, options, meanings)
    if sentences and meanings:
        versions |= {**sentences.versions, SENTENCES: sentences.name}
    made, name = first, EXTRACTIVE
    if engine and transcript.segments:
        try:
            made, remarks = _written(first, transcript, options, engine, checkpoints, progress, meanings)
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


def fell_short(transcript: Transcript, engine: Summarizer | None, sentences: SentenceEmbedder | None = None) -> bool:
    """Whether engines were asked for that did not serve this transcript's summary."""
    unwritten = engine is not None and transcript.engine.summarizer == EXTRACTIVE
    unheeded = sentences is not None and SENTENCES not in transcript.engine.versions
    return bool(transcript.segments) and (unwritten or unheeded)


def _extracts(transcript: Transcript, options: SummaryOptions, meanings: Meanings | None) -> Summarized:
    spans = transcript.segments, transcript.chapters, transcript.turns
    return summary.summarize(*spans, options, transcript.language, transcript.speakers, meanings)


@dataclass(frozen=True)
class _Drafts:
    """What an engine wrote: of each chapter, the whole, each speaker, and the line; `unread` are ids of segments."""

    chapters: Sequence[Told]
    whole: Told
    speakers: Sequence[Told]
    line: Told
    unread: tuple[int, ...]


def _written(
    first: Summarized,
    transcript: Transcript,
    options: SummaryOptions,
    engine: Summarizer,
    checkpoints: Checkpoints,
    progress: Progress | None,
    meanings: Meanings | None,
) -> tuple[Summarized, list[str]]:
    """What the engine writes, with the extracts where it writes nothing; and what the user should know of that."""
    witness = Witness(transcript.segments, transcript.language, _names(transcript), meanings=meanings)
    shelf = checkpoints.shelf(transcript.source.sha256 or "unknown", STAGE, engine.identity())
    author = Author(engine, witness, shelf=shelf, report=_reporter(transcript, progress))
    drafts, better = _drafts(author, transcript), _Better(options.unsupported == "drop")
    chapters = tuple(
        replace(chapter, summary=better.summary(told, chapter.summary))
        for chapter, told in zip(first.chapters, drafts.chapters, strict=True)
    )
    left, count = better.left, len(chapters)
    if left == count:
        raise ModelError(f"{engine.model}: nothing that it wrote was of any use; try another model")
    made = replace(
        first,
        summary=replace(better.summary(drafts.whole, first.summary) or Summary(), unread=drafts.unread),
        chapters=chapters,
        speakers=tuple(
            replace(speaker, summary=better.summary(told, speaker.summary))
            for speaker, told in zip(first.speakers, drafts.speakers, strict=True)
        ),
        description=better.sentence(drafts.line, first.description),
    )
    remarks = [f"{left} of {count} chapters are in extracts, since {engine.name} wrote nothing of use"] if left else []
    return made, remarks


def _drafts(author: Author, transcript: Transcript) -> _Drafts:
    """Chapters of what was said, the others of what was written of the chapters."""
    names = _names(transcript)
    said = {item.id: Fact(item.text, (item.id,), names.get(item.speaker or "")) for item in transcript.segments}
    chapters = author.write([_of_chapter(chapter, said) for chapter in transcript.chapters])
    facts = facts_of([sentence for told in chapters for sentence in told])
    speakers = [_of_speaker(speaker, transcript, facts) for speaker in transcript.speakers]
    whole, *persons = author.write([_of_all(facts, len(chapters)), *speakers])
    (line,) = author.write([Topic("description", facts_of(whole), 1)])
    unread = tuple(item.id for item in transcript.segments if item.text.strip() and item.id not in author.read)
    return _Drafts(chapters, whole, persons, line, unread)


def _names(transcript: Transcript) -> dict[str, str]:
    return {speaker.id: speaker.name for speaker in transcript.speakers}


def _of_chapter(chapter: Chapter, said: dict[int, Fact]) -> Topic:
    count = fitting((chapter.end - chapter.start) / _CHAPTER_SENTENCE_S, CHAPTER_SENTENCES)
    return Topic("said", tuple(said[number] for number in chapter.segments if number in said), count)


def _of_all(facts: Sequence[Fact], chapters: int) -> Topic:
    return Topic("episode", tuple(facts), fitting(chapters, EPISODE_SENTENCES))


def _of_speaker(speaker: Speaker, transcript: Transcript, facts: Sequence[Fact]) -> Topic:
    """What the chapters' summaries have of somebody."""
    own = {item.id for item in transcript.segments if item.speaker == speaker.id}
    count = fitting(speaker.seconds / _SPEAKER_SENTENCE_S, SPEAKER_SENTENCES)
    return Topic("speaker", tuple(fact for fact in facts if own & set(fact.evidence)), count, speaker.name)


class _Better:
    """Chooses between what was written and the extracts; `left` counts where these were left."""

    def __init__(self, only_supported: bool) -> None:
        self._only_supported = only_supported
        self.left = 0

    def summary(self, written: Told, extracts: Summary | None) -> Summary | None:
        if self._serves(written):
            return Summary(tuple(written))
        self.left += 1
        return extracts

    def sentence(self, written: Told, extract: SummarySentence | None) -> SummarySentence | None:
        return written[0] if self._serves(written) else extract

    def _serves(self, written: Told) -> bool:
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
