"""What a feed says, as frozen values. All addresses are http(s); all text is on one line but for notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from earwitness.feeds.notes import plain
from earwitness.types import Person, Seconds


@dataclass(frozen=True)
class TranscriptLink:
    """A transcript that a feed offers: media type in lower case without parameters, `rel` is `captions` or none."""

    url: str
    type: str
    language: str | None = None
    rel: str | None = None


@dataclass(frozen=True)
class ChaptersLink:
    """Chapters that a feed offers; media type as of a `TranscriptLink`."""

    url: str
    type: str


@dataclass(frozen=True)
class Enclosure:
    """A file of an episode; its length as the feed has it, which is often not the file's."""

    url: str
    type: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True)
class Episode:
    """An episode as its feed tells of it; `guid` is what it is known by, `audio` the address of its sound.

    `integrity` is a hash of that sound as of W3C's Subresource Integrity. `people` are those of the item alone.
    """

    title: str
    guid: str
    published: datetime | None = None
    audio: str | None = None
    transcripts: tuple[TranscriptLink, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    integrity: str | None = None
    chapters: ChaptersLink | None = None
    link: str | None = None
    description: str = ""
    """What it is about, as plain text with line breaks."""
    description_html: str = ""
    """The same or more as the feed has it, which nobody has made safe to show."""
    subtitle: str = ""
    image: str | None = None
    duration_s: Seconds | None = None
    season: int | None = None
    number: float | None = None
    type: str | None = None
    """full, trailer or bonus."""
    explicit: bool | None = None
    author: str = ""
    people: tuple[Person, ...] = ()

    @property
    def size_bytes(self) -> int | None:
        """How long the feed says that the sound is."""
        return next((file.size_bytes for file in self.enclosures if file.url == self.audio), None)

    @cached_property
    def notes(self) -> str:
        """The longest text about the episode, as plain text."""
        return max(self.description, plain(self.description_html), key=len)


@dataclass(frozen=True)
class Feed:
    """A show and its episodes, in the order of the feed.

    `people` are those of the whole show. `new_url` is where it has moved to, `next` where older episodes are (RFC
    5005), `first` where its newest are.
    """

    title: str
    language: str | None
    episodes: tuple[Episode, ...]
    description: str = ""
    link: str | None = None
    image: str | None = None
    published: datetime | None = None
    author: str = ""
    owner: tuple[str, str] = ("", "")
    """Name and e-mail address."""
    categories: tuple[tuple[str, ...], ...] = ()
    """Each with those that it is under, the widest first."""
    explicit: bool | None = None
    type: str | None = None
    """episodic or serial."""
    generator: str = ""
    funding: str | None = None
    people: tuple[Person, ...] = ()
    new_url: str | None = None
    next: str | None = None
    first: str | None = None
