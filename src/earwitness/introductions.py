"""Speakers who say who they are, among the people that a feed names: proposed, and never put in place of a name.

"I'm Ada" says more than "this is Ada", which may be said of a guest, as "and this is Ada" mostly is. Who is claimed by
several speakers on equal terms is proposed for none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from earwitness.types import Person, Transcript

OF_ONESELF = (
    *("i'm", "i am", "my name is", "my name's", "ich bin", "mein name ist", "je suis", "je m'appelle", "soy"),
    *("me llamo", "mi nombre es", "mi chiamo", "ik ben", "mijn naam is", "eu sou", "meu nome é"),
)
OF_SOMEBODY = (r"(?<!\band )this is", "hier ist", "hier spricht")
_TITLES = r"(?:(?:dr|prof|professor|doctor|mr|mrs|ms)\.? )?"
_NAME_ENDS = r"(?!\w|['-]\w|(?-i: [A-ZÀ-Þ]))"
"""A surname of another, or something that somebody has, comes after no whole name."""


def with_introductions(transcript: Transcript) -> Transcript:
    """The transcript whose speakers carry as a proposal, without a probability, the name by which they call themselves.

    Only those of the feed's people count, by their whole name or by a first name that no other of them has. What a
    known voice proposes stays.
    """
    people = transcript.episode.people if transcript.episode else ()
    found = _claims(transcript, OF_ONESELF, people)
    left = [person for person in people if person.name not in found.values()]
    found = {**_claims(transcript, OF_SOMEBODY, left), **found}
    return replace(
        transcript,
        speakers=tuple(
            replace(speaker, proposal=found[speaker.id])
            if speaker.id in found and speaker.proposal is None and speaker.name != found[speaker.id]
            else speaker
            for speaker in transcript.speakers
        ),
    )


def _claims(transcript: Transcript, openings: Iterable[str], people: Iterable[Person]) -> dict[str, str]:
    """Label -> the name of the only one of these people whom this speaker, and no other, claims to be."""
    firsts = Counter(person.name.split()[0].casefold() for person in people)
    claims: set[tuple[str, str]] = set()
    for person in people:
        first = person.name.split()[0]
        names = "|".join(map(re.escape, [person.name, *([first] if firsts[first.casefold()] == 1 else [])]))
        pattern = re.compile(rf"\b(?:{'|'.join(openings)}) {_TITLES}(?:{names}){_NAME_ENDS}", re.IGNORECASE)
        for segment in transcript.segments:
            text = " ".join(segment.text.replace("’", "'").split())
            if segment.speaker is not None and pattern.search(text):
                claims.add((segment.speaker, person.name))
    labels, names_claimed = Counter(label for label, _ in claims), Counter(name for _, name in claims)
    return {label: name for label, name in claims if labels[label] == names_claimed[name] == 1}
