"""What the writers share: text that is safe to lay out, words with times, and paragraphs to read."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from earwitness.options import EXTRACTIVE
from earwitness.text import UNSPACED_LANGUAGES
from earwitness.types import (
    Chapter,
    Event,
    Overlap,
    Seconds,
    Segment,
    Speaker,
    Summary,
    SummarySentence,
    Transcript,
    Turn,
    Word,
)
from earwitness.units import short_clock

PARAGRAPH_CHARACTERS = 700
"""A longer turn is broken at the next segment: a lecture of one speaker would else be a single paragraph."""

UNSUPPORTED = "unsupported"
DOUBTED = f"What is marked “{UNSUPPORTED}” is not borne out by the segments that it cites; listen to them."

GIST_SHARE = 0.5
"""A turn's summary is shown where it is at most this share of the turn's text; a longer one saves no reading."""

# No-break spaces stay: French puts them before its punctuation.
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")
# Controls, bidirectional embeddings, overrides and isolates (which reorder what stands around them; the plain marks
# that Arabic and Hebrew need stay), lone surrogates and noncharacters: nothing that shows, much that breaks readers.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def clean(text: str) -> str:
    """Text on one line: no control characters, every run of white space one space, none at the ends.

    >>> clean(" one\\n\\ttwo\\x00 ")
    'one two'
    """
    if text.isascii() and text.isprintable() and "  " not in text:  # as most words are, and they are many
        return text.strip()
    return _SPACE.sub(" ", _UNSHOWN.sub("", text)).strip()


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate, which UTF-8 cannot write, becomes a question mark."""
    return text.encode("utf-8", "replace")


def gap(language: str) -> str:
    """What stands between two sentences.

    >>> gap("en"), gap("zh")
    (' ', '')
    """
    return "" if language in UNSPACED_LANGUAGES else " "


def timed_words(segment: Segment, language: str) -> tuple[Word, ...]:
    """A segment's words, cleaned, none empty, each with the space before it that it needs.

    Where the words do not spell the segment's text (somebody edited it, or an engine gave none), the text's own
    words share the segment's time by their length; their probability is then 1, as nothing is known of it.
    """
    words = tuple(_cleaned(word) for word in segment.words if clean(word.word))
    text = clean(segment.text)
    if "".join(word.word for word in words).replace(" ", "") == text.replace(" ", ""):
        return words
    pieces = list(text) if language in UNSPACED_LANGUAGES else [f" {piece}" for piece in text.split(" ")]
    step_s = (segment.end - segment.start) / max(1, len("".join(pieces)))
    spread: list[Word] = []
    start = segment.start
    for piece in pieces:
        end = start + step_s * len(piece)
        if piece.strip():
            spread.append(Word(piece, start, end, 1.0, segment.speaker))
        start = end
    return tuple(spread)


def _cleaned(word: Word) -> Word:
    text = (" " if word.word[:1].isspace() else "") + clean(word.word)
    if text == word.word:
        return word  # most are as they should be, and a long recording has many
    return Word(text, word.start, word.end, word.probability, word.speaker, word.speaker_probability)


@dataclass(frozen=True)
class Paragraph:
    """What a reader takes in at once: a speaker's turn, or a part of a long one.

    `events` are what is heard before it; `chapter` is the one that opens with it; `gist` says in short what the turn
    says that begins with it.
    """

    name: str | None
    speaker: str | None
    text: str
    segments: tuple[Segment, ...]
    chapter: Chapter | None = None
    gist: Summary | None = None
    events: tuple[Event, ...] = ()

    @property
    def start(self) -> Seconds:
        return self.segments[0].start


def paragraphs(transcript: Transcript) -> tuple[Paragraph, ...]:
    """Every segment once, by turns; a turn is broken where a chapter opens, where something else than speech is heard,
    and where it grows too long to read."""
    turns = {segment: turn for turn in transcript.turns for segment in turn.segments}
    opens = {segment.id: chapter for chapter, segment in openings(transcript) if segment}
    heard = _heard_before(transcript)
    groups: list[list[Segment]] = []
    for segment in transcript.segments:
        if groups and segment.id not in opens and segment.id not in heard and _continues(groups[-1], segment, turns):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    gists = _gists(transcript)
    return tuple(
        Paragraph(
            name=shown_name(transcript, group[0].speaker),
            speaker=group[0].speaker,
            text=gap(transcript.language).join(filter(None, (clean(segment.text) for segment in group))),
            segments=tuple(group),
            chapter=opens.get(group[0].id),
            gist=gists.get(group[0].id),
            events=tuple(heard.get(group[0].id, ())),
        )
        for group in groups
    )


def last_events(transcript: Transcript) -> tuple[Event, ...]:
    """What is heard once the last segment has begun."""
    return tuple(_heard_before(transcript).get(None, ()))


def _heard_before(transcript: Transcript) -> dict[int | None, list[Event]]:
    """Events by the segment that begins after they begin; by none where nobody speaks any more."""
    starts = [segment.start for segment in transcript.segments]
    found: dict[int | None, list[Event]] = {}
    for event in transcript.events:
        number = bisect_left(starts, event.start)
        found.setdefault(transcript.segments[number].id if number < len(starts) else None, []).append(event)
    return found


def told(event: Event) -> str:
    """An event as readers are told of it.

    >>> told(Event(0.0, 12.4, "music", 0.9))
    '[music 0:00-0:12]'
    """
    return f"[{clean(event.label)} {short_clock(event.start)}-{short_clock(event.end)}]"


def _continues(group: Sequence[Segment], segment: Segment, turns: Mapping[int, Turn]) -> bool:
    same_turn = turns.get(segment.id) is turns.get(group[0].id) and segment.speaker == group[0].speaker
    return same_turn and sum(len(earlier.text) for earlier in group) < PARAGRAPH_CHARACTERS


def _gists(transcript: Transcript) -> dict[int, Summary]:
    """First segment of a turn -> the turn's summary, where it saves the reader much of the turn."""
    lengths = {segment.id: len(segment.text) for segment in transcript.segments}
    return {
        turn.segments[0]: turn.summary
        for turn in transcript.turns
        if turn.segments
        and turn.summary
        and 0 < len(turn.summary.text) <= GIST_SHARE * sum(lengths.get(segment, 0) for segment in turn.segments)
    }


def openings(transcript: Transcript) -> list[tuple[Chapter, Segment | None]]:
    """Chapters, each with the segment that it opens with; none where nothing is said in it."""
    known = {segment.id: segment for segment in transcript.segments}
    return [
        (chapter, next((known[id_] for id_ in chapter.segments if id_ in known), None))
        for chapter in transcript.chapters
    ]


@dataclass(frozen=True)
class Cited:
    """A sentence of a summary, the segments that it rests on, and whose words it quotes where that must be said."""

    sentence: SummarySentence
    segments: tuple[Segment, ...]
    quoted: str | None = None


def evidence(transcript: Transcript, summary: Summary | None, *, named: bool = False) -> list[Cited]:
    """A summary's sentences, each with the segments that it rests on.

    Args:
        named: whether to name those who are quoted, where several speak; what somebody wrote about them names them.
    """
    known = {segment.id: segment for segment in transcript.segments}
    quotes = named and transcript.engine.summarizer == EXTRACTIVE and len(transcript.speakers) > 1
    found: list[Cited] = []
    last: str | None = None
    for sentence in summary.sentences if summary else ():
        segments = tuple(known[id_] for id_ in sentence.evidence if id_ in known)
        speaker = shown_name(transcript, segments[0].speaker) if segments and quotes else None
        found.append(Cited(sentence, segments, speaker if speaker != last else None))
        last = speaker
    return found


def unread(transcript: Transcript) -> list[Segment]:
    """The segments that the summariser did not get to read."""
    ids = frozenset(transcript.summary.unread if transcript.summary else ())
    return [segment for segment in transcript.segments if segment.id in ids]


def doubted(transcript: Transcript) -> bool:
    """Whether any sentence of any summary is marked as unsupported."""
    said = [sentence for summary in transcript.summaries for sentence in summary.sentences]
    return any(sentence.unsupported for sentence in (*said, transcript.description) if sentence)


def remarks(transcript: Transcript) -> list[str]:
    """What a reader must know before reading: the warnings, and what its marks mean."""
    return [*transcript.warnings, *([DOUBTED] if doubted(transcript) else [])]


def title(transcript: Transcript) -> str:
    """The episode's title where a feed has one, and else the recording's name."""
    return (clean(transcript.episode.title) if transcript.episode else "") or recording(transcript)


def recording(transcript: Transcript) -> str:
    """The recording's name, without its folder and extension."""
    return clean(PurePosixPath(transcript.source.name).stem) or "Transcript"


def origin(transcript: Transcript) -> list[str]:
    """What the recording is an episode of: the show, its season and number in it, and the day it was published.

    >>> from earwitness.types import EngineInfo, EpisodeInfo, Person, SourceInfo
    >>> about = EpisodeInfo("On Bread", "Rye", "1", "2025-09-01T07:00:00+00:00", season=2, number=3.0)
    >>> info, engine = SourceInfo("1.mp3", "", 0.0), EngineInfo("fake", "fake", None, None)
    >>> origin(Transcript(info, engine, "en", episode=about))
    ['On Bread', 'season 2, episode 3', '2025-09-01']
    """
    about = transcript.episode
    if about is None:
        return []
    place = ", ".join(
        f"{what} {number:g}" for what, number in (("season", about.season), ("episode", about.number)) if number
    )
    return [part for part in (clean(about.show), place, clean(about.published or "").partition("T")[0]) if part]


def cast(transcript: Transcript) -> str:
    """Those whom the feed names, who are perhaps heard; nothing where it names nobody.

    >>> from earwitness.types import EngineInfo, EpisodeInfo, Person, SourceInfo
    >>> about = EpisodeInfo("On Bread", "Rye", "1", people=(Person("Ada"), Person("Bob", "guest")))
    >>> info, engine = SourceInfo("1.mp3", "", 0.0), EngineInfo("fake", "fake", None, None)
    >>> cast(Transcript(info, engine, "en", episode=about))
    'In the feed: Ada (host), Bob (guest)'
    """
    people = transcript.episode.people if transcript.episode else ()
    named = ", ".join(clean(f"{person.name} ({person.role})") for person in people)
    return f"In the feed: {named}" if named else ""


def shown_name(transcript: Transcript, speaker: str | None) -> str | None:
    """A speaker's name on one line; none where nobody is known."""
    return clean(transcript.name_of(speaker) or "") or None


def introduced(speaker: Speaker) -> str:
    """A speaker's name, with whom they perhaps are where somebody is proposed, and why; on one line.

    >>> introduced(Speaker("SPEAKER_00", "Speaker 1", 9.0, "Ada Lovelace", 0.934))
    'Speaker 1 (perhaps Ada Lovelace, 93 %)'
    >>> introduced(Speaker("SPEAKER_00", "Speaker 1", 9.0, "Ada Lovelace"))
    'Speaker 1 (perhaps Ada Lovelace, by their own words)'
    """
    if speaker.proposal is None:
        return clean(speaker.name)
    sure = speaker.proposal_probability
    why = "by their own words" if sure is None else f"{100 * sure:.0f} %"
    return clean(f"{speaker.name} (perhaps {speaker.proposal}, {why})")


def talk_shares(transcript: Transcript) -> list[tuple[Speaker, float]]:
    """Speakers by how much they speak, most first, each with the share (0 to 1) of all that is spoken."""
    total = sum(speaker.seconds for speaker in transcript.speakers)
    ordered = sorted(transcript.speakers, key=lambda speaker: -speaker.seconds)
    return [(speaker, speaker.seconds / total if total > 0 else 0.0) for speaker in ordered]


def doubtful_runs(transcript: Transcript) -> list[tuple[Segment, tuple[Word, ...]]]:
    """Words that may be another speaker's than it says: those beside each other together, with their segment."""
    return [
        (segment, tuple(run))
        for segment in transcript.segments
        for doubtful, run in groupby(
            timed_words(segment, transcript.language), key=lambda word: word.has_doubtful_speaker
        )
        if doubtful
    ]


def together(transcript: Transcript) -> list[tuple[Overlap, list[str], Segment | None]]:
    """Where several speak at once: the names, and the segment to read there (none where no words follow)."""
    ends = [segment.end for segment in transcript.segments]
    return [
        (
            overlap,
            [shown_name(transcript, speaker) or "" for speaker in overlap.speakers],
            next(iter(transcript.segments[bisect_right(ends, overlap.start) :]), None),
        )
        for overlap in transcript.overlaps
    ]


def made_by(transcript: Transcript) -> str:
    """One line on the engines that made the transcript."""
    engine = transcript.engine
    parts = [f"transcribed by {engine.asr} with the model {engine.model}"]
    parts += [f"speakers by {engine.diarizer}"] if engine.diarizer else []
    parts += [f"summary by {engine.summarizer}"] if engine.summarizer else []
    return clean(", ".join(parts))
