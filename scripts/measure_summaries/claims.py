"""True and false sentences about made-up talk: what a summary might say of it, and the same with one thing changed.

A true one says a sentence of the talk in another order or form, or reports who said it. A false one differs from it in
a name, a number, a date, a noun, a verb, who says it, or a denial; the wrong word is one that the talk has, too,
wherever there is one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from earwitness.evaluation.synth import chatter
from earwitness.evaluation.synth.script import Heading, Line, Script
from earwitness.options import SegmentOptions
from earwitness.segments import segment
from earwitness.types import Segment, Word

WORD_S = 0.35

# What is said -> what may be said of it; {speaker} is who says it. A slot that comes twice has a number.
RETOLD = {
    "The {person} {past} the {focus} with {number} {people}.":
        "With {number} {people}, the {person} {past} the {focus}.",
    "In {month}, the {person} {past} the {thing} in the {place}.":
        "The {person} {past} the {thing} in the {place} in {month}.",
    "There are {number} {things} in the {place} now.": "The {place} now has {number} {things}.",
    "Last year the {person} {past} {number} {things} near the {place}.":
        "{speaker} says that the {person} {past} {number} {things} near the {place} last year.",
    "The {people} of {town} {past} the {thing} in {number} {times}.":
        "In {number} {times}, the {people} of {town} {past} the {thing}.",
    "My friend {name} is a {person} in {town}, and we {past} the {thing} together.":
        "{speaker} and {name}, a {person} in {town}, {past} the {thing} together.",
    "The {stuff} came from {town} by ship.": "A ship brought the {stuff} from {town}.",
    "After {number} {times} the {focus} was ready.": "The {focus} was ready after {number} {times}.",
    "Only {number} {people} know how to {base} the {focus}.":
        "{speaker} explains that only {number} {people} know how to {base} the {focus}.",
    "Before that, the {person} had no {thing} and no {stuff}.":
        "The {person} had neither a {thing} nor {stuff} before that.",
    "The {person} asked the {people} to {base} the {thing}.":
        "The {people} were asked by the {person} to {base} the {thing}.",
    "The {focus} was {number} years old, and it was still {adjective}.":
        "Though {number} years old, the {focus} was still {adjective}.",
    "The story of the {focus} began in {town} in {month}.": "In {month}, the story of the {focus} began in {town}.",
    "My mother {past} the {focus} for {number} {times}.":
        "{speaker}'s mother {past} the {focus} for {number} {times}.",
    "We compared the {focus} with a {thing} from {town}.": "They compared a {thing} from {town} with the {focus}.",
    "Next year the {place} will have {number} new {things}.":
        "The {place} will get {number} new {things} next year.",
    "I was with {name} in {town} when the {person} {past} the {focus}.":
        "{speaker} was in {town} with {name} when the {person} {past} the {focus}.",
    "We could not {base} the {focus} in {month}, because there was no {stuff}.":
        "Because there was no {stuff}, they could not {base} the {focus} in {month}.",
    "The {people} work in the {place} for {number} hours every {day}.":
        "Every {day}, the {people} work {number} hours in the {place}.",
    "There was no {stuff} in the {place} for {number} {times}.":
        "For {number} {times}, the {place} had no {stuff}.",
    "I {past} my first {thing} in {town} when I was a child.":
        "As a child in {town}, {speaker} {past} a first {thing}.",
    "The {person} waited in the {place} until the {thing} was ready.":
        "Until the {thing} was ready, the {person} waited in the {place}.",
    "Nobody knew where the {focus} was.": "{speaker} recalls that nobody knew where the {focus} was.",
    "The government paid for the {focus}, and the {people} paid for the {stuff}.":
        "{speaker} says that the {people} paid for the {stuff} and the government for the {focus}.",
    "The {people} changed the {thing} because the {stuff} was {quality}.":
        "Because the {stuff} was {quality}, the {people} changed the {thing}.",
    "{name} {past} the {thing} on {day}, and the {person} {past2} it again on {day2}.":
        "On {day}, {name} {past} the {thing}, and on {day2} the {person} {past2} it again.",
    "The {focus} costs more than the {thing}.": "According to {speaker}, the {focus} costs more than the {thing}.",
    "My father was a {person}, and he {past} every {thing} in the {place}.":
        "{speaker}'s father, a {person}, {past} every {thing} in the {place}.",
}  # fmt: skip

DENIED = (
    ("neither a", "both a"), ("could not", "could"), (" had no ", " had "), (" was no ", " was "),
    ("nobody knew", "everybody knew"), (" was still ", " was not "), (" know how", " do not know how"),
    (" was ready", " was not ready"), (" will get ", " will not get "), (" now has ", " never had "),
    (" brought ", " never brought "),
)  # fmt: skip
KINDS = {
    "name": "name", "town": "place name", "month": "date", "day": "date", "day2": "date", "number": "number",
    "person": "noun", "people": "noun", "thing": "noun", "things": "noun", "stuff": "noun", "place": "noun",
    "focus": "noun", "past": "verb", "past2": "verb", "base": "verb", "speaker": "speaker",
}  # fmt: skip
"""Slot -> what is wrong where another word stands in it."""


@dataclass(frozen=True)
class Claim:
    """A sentence about segments `read`; `fault` says what is wrong with it, none where it is true."""

    text: str
    read: tuple[int, ...]
    fault: str | None


def talk(script: Script) -> tuple[tuple[Segment, ...], list[int]]:
    """A script as if it had been heard without a fault, and the ids of the segments with which its chapters begin."""
    words: list[Word] = []
    starts: list[float] = []
    time = 0.0
    for item in script.items:
        if isinstance(item, Heading):
            starts.append(time)
        elif isinstance(item, Line):
            for word in item.text.split():
                words.append(Word(f" {word}", time, time + 0.8 * WORD_S, 1.0, item.speaker, 1.0))
                time += WORD_S
            time += WORD_S
    segments = segment(words, (), "en", SegmentOptions())
    return segments, [next(item.id for item in segments if item.start >= start - 1e-6) for start in starts]


def claims(segments: tuple[Segment, ...], starts: list[int], seed: int) -> Iterator[Claim]:
    """For each sentence that can be retold a true claim, and one false one of each kind."""
    r = Random(seed)
    patterns = {re.compile(_pattern(said)): retold for said, retold in RETOLD.items()}
    found = [(item, match, patterns[match.re]) for item in segments for match in _matches(item, patterns)]
    heard: defaultdict[str, set[str]] = defaultdict(set)
    for item, match, _ in found:
        for slot, word in match.groupdict().items():
            heard[slot.rstrip("2")].add(word)
        heard["speaker"].add(str(item.speaker))
    for item, match, retold in found:
        read = _chapter(item.id, starts, len(segments))
        slots = {**match.groupdict(), "speaker": str(item.speaker)}
        yield Claim(_filled(retold, slots), read, None)
        yield from (Claim(text, read, fault) for text, fault in _wrong(r, retold, slots, heard))


def _matches(item: Segment, patterns: Mapping[re.Pattern[str], str]) -> Iterator[re.Match[str]]:
    yield from (match for pattern in patterns if (match := pattern.fullmatch(item.text)))


def _wrong(
    r: Random, retold: str, slots: Mapping[str, str], heard: Mapping[str, set[str]]
) -> Iterator[tuple[str, str]]:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for slot in re.findall(r"{(\w+)}", retold):
        if slot in KINDS:
            by_kind[KINDS[slot]].append(slot)
    for kind, names in by_kind.items():
        slot = r.choice(names)
        others = sorted(word for word in heard[slot.rstrip("2")] if not _share_word(word, slots.values()))
        if others:
            yield _filled(retold, {**slots, slot: r.choice(others)}), kind
    true = _filled(retold, slots)
    for said, denied in DENIED:
        if said in true:
            yield true.replace(said, denied, 1).replace(" nor ", " and "), "denial"
            break


def _share_word(word: str, others: Iterator[str] | object) -> bool:
    return any(set(word.split()) & set(other.split()) for other in others)  # type: ignore[attr-defined]


def _chapter(number: int, starts: list[int], count: int) -> tuple[int, ...]:
    first = max(start for start in starts if start <= number)
    return tuple(range(first, min((start for start in starts if start > number), default=count)))


def _pattern(said: str) -> str:
    escaped = re.escape(said).replace(r"\{", "{").replace(r"\}", "}").replace(r"a\ {", r"an?\ {")
    named = re.sub(r"{name}", r"(?P<name>[A-Z]\\w+)", escaped)
    return re.sub(r"{(\w+)}", r"(?P<\1>[\\w ]+?)", named)


def _filled(retold: str, slots: Mapping[str, str]) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", retold.format(**slots))
    return text[0].upper() + text[1:]


def chatter_claims(seeds: range, hours: float = 1.0, speakers: int = 3) -> Iterator[tuple[tuple[Segment, ...], Claim]]:
    """Claims about made-up podcasts of `earwitness synth`."""
    for seed in seeds:
        segments, starts = talk(chatter.script(hours, speakers, seed))
        for claim in claims(segments, starts, seed):
            yield segments, claim
