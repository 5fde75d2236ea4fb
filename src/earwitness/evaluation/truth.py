"""What is known of a recording: the text, the words, who speaks when. Both sides of a comparison are read into it."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.types import Chapter, Seconds, Summary, Transcript, Turn, Word


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

    `turns` are who speaks when, and may overlap. `words` have times, and speakers where those are known.
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
