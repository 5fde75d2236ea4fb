"""What is known of a recording: the text, the words, who speaks when. Both sides of a comparison are read into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeVar

from earwitness.errors import TranscriptError
from earwitness.exports.rttm import RUN_PAUSE_S
from earwitness.types import Chapter, Seconds, Summary, Transcript, Turn, Word

Span = TypeVar("Span", Word, Turn)

MAX_BYTES = 256 * 2**20
"""A day of speech with the times of its words is a fifth of it."""
REMEDY = "give a transcript as JSON, RTTM, STM, CTM, SRT, VTT, TSV or text"


@dataclass(frozen=True)
class Utterance:
    """A stretch of one speaker's words; times in seconds, none where the file does not tell."""

    text: str
    speaker: str | None = None
    start: Seconds | None = None
    end: Seconds | None = None


@dataclass(frozen=True)
class Truth:
    """What a file says of a recording; a field is none where it says nothing of it.

    `turns` are who speaks when, and may overlap. `words` have times, and speakers where those are known; their
    probability is 1 where it is not.
    """

    name: str
    text: str | None = None
    utterances: tuple[Utterance, ...] | None = None
    words: tuple[Word, ...] | None = None
    turns: tuple[Turn, ...] | None = None
    chapters: tuple[Chapter, ...] | None = None
    summary: Summary | None = None
    transcript: Transcript | None = None
    duration: Seconds | None = None
    language: str | None = None


def read(path: Path) -> Truth:
    """What a file says of its recording.

    By suffix: `.json` (the transcript JSON, Whisper's and whisperX's, Podcasting 2.0's, or a list of words
    `{word, start, end, speaker}`), `.rttm`, `.stm`, `.ctm`, `.srt`, `.vtt`, `.tsv` (Whisper's), `.html` (Podcasting
    2.0's), `.txt` and `.md`; a file of another name is what it looks like, and text where it looks like nothing else.
    From our own `.txt` and `.md`, and from text whose every line begins with `Name: `, only what is said is taken.
    An empty file is a recording in which nothing is said.

    Raises:
        TranscriptError: it cannot be read, is not what its name says, or has impossible times; the line is named.
        ExtraError: it holds subtitles, and pysubs2 is not installed.
    """
    from earwitness.evaluation import readers

    text = _text(path)
    try:
        return readers.parse(text, path.name)
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TranscriptError(f"{path} is larger than {MAX_BYTES // 2**20} MiB, which no transcript is")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TranscriptError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path} is not UTF-8 text; {REMEDY}") from error
    if "\0" in text:
        raise TranscriptError(f"{path} is binary; {REMEDY}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def of_transcript(transcript: Transcript, *, name: str | None = None) -> Truth:
    """What a transcript of ours says; it has turns where somebody told the speakers apart.

    >>> from earwitness.types import EngineInfo, SourceInfo
    >>> silence = Transcript(SourceInfo("talk.mp3", "0" * 64, 9.0), EngineInfo("fake", "fake-1", None, None), "und")
    >>> said = of_transcript(silence)
    >>> said.text, said.turns
    ('', None)
    """
    from earwitness.evaluation.diarization import turns_of

    names = _names(transcript)
    segments = transcript.segments
    diarized = transcript.engine.diarizer is not None or any(segment.speaker is not None for segment in segments)
    # Segments without any text say who spoke and not what, as in conversations of which nobody knows the words.
    known = not segments or any(segment.text for segment in segments)
    return Truth(
        name=name or transcript.source.name,
        text=transcript.text if known else None,
        utterances=tuple(
            Utterance(segment.text, names.get(segment.speaker), segment.start, segment.end) for segment in segments
        )
        if known
        else None,
        words=tuple(replace(word, speaker=names.get(word.speaker)) for word in transcript.words) or None,
        turns=tuple(replace(turn, speaker=names[turn.speaker]) for turn in turns_of(transcript)) if diarized else None,
        chapters=transcript.chapters,
        summary=transcript.summary,
        transcript=transcript,
        duration=transcript.duration,
        language=transcript.language if transcript.language != "und" else None,
    )


def of_utterances(
    name: str, utterances: Sequence[Utterance], *, words: Sequence[Word] | None = None, language: str | None = None
) -> Truth:
    """What utterances say: all of their text, and turns where they have speakers and times.

    With `words` that have speakers, the turns are those of the words, which are closer.
    """
    turns = _turns_of_words(words or ()) or tuple(
        Turn(said.start, said.end, said.speaker)
        for said in utterances
        if said.speaker is not None and said.start is not None and said.end is not None
    )
    return Truth(
        name=name,
        text=" ".join(said.text for said in utterances),
        utterances=tuple(utterances),
        words=tuple(words) if words else None,
        turns=joined(turns) if turns else None,
        language=language,
    )


def of_words(name: str, words: Sequence[Word]) -> Truth:
    """What words say: the text in their order, and an utterance for each run of a speaker's words."""
    text = " ".join(word.word.strip() for word in words)
    if not any(word.speaker for word in words):
        return Truth(name, text, words=tuple(words))
    runs = [run for speaker in _speakers(words) for run in _runs([w for w in words if w.speaker == speaker])]
    utterances = (
        Utterance(" ".join(word.word.strip() for word in run), run[0].speaker, run[0].start, _end(run)) for run in runs
    )
    ordered = tuple(sorted(utterances, key=lambda said: said.start or 0.0))
    return Truth(name, text, ordered, tuple(words), _turns_of_words(words))


def joined(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns in the order of time, those of one speaker that hardly any pause parts as one, as our RTTM has them.

    >>> joined([Turn(0.0, 1.0, "A"), Turn(1.2, 2.0, "A"), Turn(3.0, 4.0, "A")])[0].end
    2.0
    """
    spans = [turn for turn in turns if turn.end > turn.start]
    runs = [run for speaker in _speakers(spans) for run in _runs([span for span in spans if span.speaker == speaker])]
    made = [Turn(run[0].start, _end(run), run[0].speaker) for run in runs]
    return tuple(sorted(made, key=lambda turn: (turn.start, turn.end)))


def _turns_of_words(words: Iterable[Word]) -> tuple[Turn, ...]:
    return joined(Turn(word.start, word.end, word.speaker) for word in words if word.speaker is not None)


def _speakers(spans: Iterable[Word | Turn]) -> list[str | None]:
    return list(dict.fromkeys(span.speaker for span in spans))


def _runs(spans: Iterable[Span]) -> list[list[Span]]:
    """One speaker's spans in the order of time, parted where they pause for long."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    ends = list(accumulate((span.end for span in ordered), max))
    cuts: list[int] = [i for i in range(1, len(ordered)) if ordered[i].start - ends[i - 1] > RUN_PAUSE_S]
    edges = [0, *cuts, len(ordered)] if ordered else []
    return [ordered[start:end] for start, end in pairwise(edges)]


def _end(spans: Iterable[Word | Turn]) -> Seconds:
    return max(span.end for span in spans)


def _names(transcript: Transcript) -> dict[str | None, str | None]:
    """Label -> the name to show; where several share a name, their labels tell them apart."""
    labels = dict.fromkeys(word.speaker for word in transcript.words) | dict.fromkeys(
        segment.speaker for segment in transcript.segments
    )
    names = {label: transcript.name_of(label) for label in labels}
    shared = Counter(names.values())
    return {label: name if shared[name] == 1 else f"{name} ({label})" for label, name in names.items()}
