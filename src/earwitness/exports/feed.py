"""The lines to paste into a feed's item (Podcasting 2.0): where the transcript and chapters are, and who speaks."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.exports import FORMATS, Beside
from earwitness.exports.reading import clean
from earwitness.feeds.lines import Line, placed
from earwitness.feeds.lines import write as write_lines
from earwitness.segments import UNNAMED
from earwitness.types import Person, Transcript

TRANSCRIPTS = {
    "podcast": ("application/json", False),
    "vtt": ("text/vtt", True),
    "srt": ("application/x-subrip", True),
}
"""Format -> its media type, and whether it is made to be shown with the sound, as captions."""
CHAPTERS_TYPE = "application/json+chapters"


def write(transcript: Transcript, beside: Beside) -> bytes:
    """A line for each of the files that are written beside it, and for everybody who is named."""
    return write_lines([*_links(transcript, beside), *map(_person, people(transcript))])


def people(transcript: Transcript) -> tuple[Person, ...]:
    """Those whom the feed names, and the speakers who have a name and are not among them."""
    named = transcript.episode.people if transcript.episode else ()
    known = {person.name.casefold() for person in named}
    speakers = (clean(speaker.name) for speaker in transcript.speakers if speaker.name != speaker.id)
    others = (name for name in speakers if name and not UNNAMED.fullmatch(name) and name.casefold() not in known)
    return (*named, *(Person(name, role="", group="") for name in dict.fromkeys(others)))


def _links(transcript: Transcript, beside: Beside) -> Iterator[Line]:
    language = clean(transcript.language)
    for name, (media_type, captions) in TRANSCRIPTS.items():
        if name in beside.formats and transcript.segments:
            rel = (("rel", "captions"),) if captions else ()
            url = _url(name, beside)
            yield Line("transcript", (("url", url), ("type", media_type), ("language", language), *rel))
    if "chapters" in beside.formats and transcript.chapters:
        yield Line("chapters", (("url", _url("chapters", beside)), ("type", CHAPTERS_TYPE)))


def _url(name: str, beside: Beside) -> str:
    return placed(f"{beside.stem}{FORMATS[name].suffix}", beside.url)


def _person(person: Person) -> Line:
    """What is not known is left out; the namespace then takes a host, and the cast, for granted."""
    attributes = (("role", person.role), ("group", person.group), ("href", person.href), ("img", person.img))
    return Line("person", tuple((name, clean(value)) for name, value in attributes if value), clean(person.name))
