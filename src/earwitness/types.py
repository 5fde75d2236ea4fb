"""The values that the stages hand to one another: frozen, and with times in seconds of the source file.

`Transcript.to_dict` and `Transcript.from_dict` are the transcript JSON, schema `earwitness.transcript/1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from earwitness.errors import TranscriptError
from earwitness.units import SAMPLE_RATE_HZ, rounded, to_samples
from earwitness.values import from_plain, to_plain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray: TypeAlias = npt.NDArray[np.float32]

SCHEMA = "earwitness.transcript/1"

DOUBTFUL_SPEAKER = 0.7
"""Words whose speaker is less probable may be somebody else's."""

Seconds: TypeAlias = float
Progress: TypeAlias = Callable[[str, Seconds, Seconds], None]
"""Called with a stage, the seconds of audio it has done and those it has to do, 0 where that is not known."""

CoverageKind = Literal["transcribed", "silence", "music", "noise", "dropped", "repaired"]
COVERAGE_KINDS: tuple[CoverageKind, ...] = ("transcribed", "silence", "music", "noise", "dropped", "repaired")


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound.

    `samples` is float32, shape (n,), in [-1, 1] unless the file itself is hotter; for a long file it is mapped
    from disk, so slice it rather than copy it. `warnings` tells what the decoder had to forgive.
    """

    samples: FloatArray
    sample_rate: int = SAMPLE_RATE_HZ
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> Seconds:
        return len(self.samples) / self.sample_rate

    def between(self, start: Seconds, end: Seconds) -> FloatArray:
        """The samples of a span: a view, clipped to what there is."""
        return self.samples[max(0, to_samples(start, self.sample_rate)) : max(0, to_samples(end, self.sample_rate))]


@dataclass(frozen=True)
class Region:
    """A span in which somebody speaks; `probability` is how sure the detector is of that, 0 to 1."""

    start: Seconds
    end: Seconds
    probability: float = field(default=1.0, compare=False, repr=False)

    @property
    def duration(self) -> Seconds:
        return self.end - self.start


@dataclass(frozen=True)
class Word:
    """A word as Whisper writes it: with the space before it, where the language has one, and its punctuation.

    `probability` is the recogniser's, `speaker_probability` that this speaker says the word; both 0 to 1.
    """

    word: str
    start: Seconds
    end: Seconds
    probability: float
    speaker: str | None = None
    speaker_probability: float | None = None

    @property
    def has_doubtful_speaker(self) -> bool:
        return self.speaker_probability is not None and self.speaker_probability < DOUBTFUL_SPEAKER


@dataclass(frozen=True)
class Passage:
    """What the recogniser says of a stretch of its own output: natural log probability a token, and so on."""

    start: Seconds
    end: Seconds
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0
    """The highest at which any of it was sampled; 0 is the likeliest text."""


@dataclass(frozen=True)
class SummarySentence:
    """A sentence, the ids of the segments it rests on, and how well they support it (0 to 1).

    `unsupported` marks what readers should doubt.
    """

    text: str
    evidence: tuple[int, ...]
    support: float
    unsupported: bool = False


@dataclass(frozen=True)
class Summary:
    """Sentences in the order of reading; `unread` has the ids of the segments that no summariser got to read."""

    sentences: tuple[SummarySentence, ...] = ()
    unread: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True)
class Turn:
    """A span that belongs to one speaker; once there are segments, the ids of those in it."""

    start: Seconds
    end: Seconds
    speaker: str | None
    id: int = 0
    segments: tuple[int, ...] = ()
    summary: Summary | None = None


@dataclass(frozen=True)
class Segment:
    """A readable piece of one speaker's words: a sentence where there is punctuation."""

    id: int
    start: Seconds
    end: Seconds
    text: str
    speaker: str | None
    words: tuple[Word, ...]
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    temperature: float = 0.0
    """The highest at which any of it was sampled."""


@dataclass(frozen=True)
class Chapter:
    id: int
    start: Seconds
    end: Seconds
    title: str
    segments: tuple[int, ...]
    summary: Summary | None = None


@dataclass(frozen=True)
class Speaker:
    """Somebody heard: the label that words carry (`id`), a name to show, and how long they speak.

    `proposal` is who this perhaps is: a named voice of an earlier recording, with `proposal_probability` (0 to 1) that
    it is, or, without one, somebody of the feed by whose name this speaker introduces themselves. Only the user makes
    a name of it. `summary` is of what they say in the whole recording.
    """

    id: str
    name: str
    seconds: Seconds
    proposal: str | None = None
    proposal_probability: float | None = None
    summary: Summary | None = None


@dataclass(frozen=True)
class Coverage:
    """What became of a span of the file. The spans of a transcript abut and sum to its duration."""

    start: Seconds
    end: Seconds
    kind: CoverageKind


@dataclass(frozen=True)
class Overlap:
    """A span in which several speak at once, by their labels in order of their first turns."""

    start: Seconds
    end: Seconds
    speakers: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """Something that is heard; `label` says what, `score`, 0 to 1, how sure of it the classifier is.

    Those of a transcript are no speech: music, jingle, and applause, cheering or laughter where the classifier has
    labels for them. They are sorted; people may speak over one.
    """

    start: Seconds
    end: Seconds
    label: str
    score: float


@dataclass(frozen=True)
class SourceInfo:
    name: str
    sha256: str
    duration: Seconds


@dataclass(frozen=True)
class Person:
    """Somebody who has to do with an episode, as `podcast:person` of Podcasting 2.0 says it.

    `role` and `group` are of its taxonomy, in lower case; `href` is a page about them, `img` a picture.
    """

    name: str
    role: str = "host"
    group: str = "cast"
    href: str | None = None
    img: str | None = None


@dataclass(frozen=True)
class EpisodeInfo:
    """What the feed says of the episode that a recording is.

    `published` is an ISO 8601 time; `people` may speak in it or not, and which speaker is whom they do not say.
    """

    show: str
    title: str
    guid: str
    published: str | None = None
    link: str | None = None
    season: int | None = None
    number: float | None = None
    people: tuple[Person, ...] = ()


@dataclass(frozen=True)
class EngineInfo:
    """What made the transcript: names as given on the command line, and package versions."""

    asr: str
    model: str
    diarizer: str | None
    summarizer: str | None
    versions: Mapping[str, str] = field(default_factory=dict)
    sounds: str | None = None
    """What told music and noise apart."""


@dataclass(frozen=True)
class Transcript:
    """Who said what, when, what it was about, and what became of every second of the file."""

    source: SourceInfo
    engine: EngineInfo
    language: str
    segments: tuple[Segment, ...] = ()
    turns: tuple[Turn, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    summary: Summary | None = None
    description: SummarySentence | None = None
    """The recording in one line."""
    keywords: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    events: tuple[Event, ...] = ()
    """What is heard beside speech, see `earwitness.events`."""
    timings: Mapping[str, Seconds] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    episode: EpisodeInfo | None = None
    """What it is an episode of, where it came by a feed."""

    @property
    def duration(self) -> Seconds:
        return self.source.duration

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """All there are: of the whole, of its chapters, turns and speakers."""
        spans: tuple[Chapter | Turn | Speaker, ...] = (*self.chapters, *self.turns, *self.speakers)
        return tuple(filter(None, (self.summary, *(span.summary for span in spans))))

    def name_of(self, speaker: str | None) -> str | None:
        """The name to show for a speaker label; the label itself where it has none."""
        return next((known.name for known in self.speakers if known.id == speaker), speaker)

    def to_dict(self) -> dict[str, Any]:
        """The transcript JSON: plain lists and dicts, times to the millisecond."""
        content = _to_milliseconds(to_plain(self))
        head = {name: content.pop(name) for name in ("source", "engine", "language")}
        return {"schema": SCHEMA, **head, "text": self.text, "duration": rounded(self.duration), **content}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Transcript:
        """Reads what `to_dict` wrote.

        Raises:
            TranscriptError: `content` is not a transcript of this schema.
        """
        if not isinstance(content, Mapping) or content.get("schema") != SCHEMA:
            raise TranscriptError(
                f"not an earwitness transcript: its schema is not {SCHEMA!r}; give a STEM.json of ours"
            )
        try:
            transcript: Transcript = from_plain(cls, content)
        except (TypeError, ValueError) as error:
            raise TranscriptError(f"not an earwitness transcript: {error}; give a STEM.json of ours") from error
        return transcript


def _to_milliseconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_milliseconds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_milliseconds(item) for item in value]
    return rounded(value) if isinstance(value, float) else value
