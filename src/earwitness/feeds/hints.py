"""What a feed leads one to expect of an episode: names and terms that are said, and how many speak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from earwitness.feeds.values import Episode, Feed
from earwitness.text import stop_words
from earwitness.types import Person

MAX_TERMS = 20
MAX_TERM_CHARACTERS = 40
"""Longer runs of capitals are somebody shouting."""
MAX_CHARACTERS = 300
"""About a third of what Whisper takes as text gone before; more of it makes it repeat the list."""
COMMON_SHARE = 0.3
FEW_EPISODES = 5
"""With so many episodes or more, what this share of their notes has is the show's small print, no term."""
CAST = "cast"
MANY_EPISODES = 200
"""So many are looked at; older ones may have had another small print."""
MORE_SPEAKERS = 2
"""Callers, clips and advertisements: who is heard beside those that a feed names."""
NOUNS_IN_CAPITALS = ("de", "lb")

_NOISE = re.compile(r"\S*(?:://|@|www\.)\S*|#\S+|\b\d+:\d\d(?::\d\d)?\b")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n|\s[–—|•·]\s|: ")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_PARTICLES = frozenset("van von de der den del della di da dos du la le bin al el ter zu".split())
"""What stands in small letters between two words of a name."""
_WITH = re.compile(r"\b(?:with|feat\.?|featuring|ft\.?|mit|avec|con|com|met)\s+([^()|]+)", re.IGNORECASE)
"""Who is named after these in a title is a guest, however many capitals it has otherwise."""


def small_print(feed: Feed) -> frozenset[str]:
    """The terms that say nothing of an episode, for many have them; in lower case."""
    sample = feed.episodes[:MANY_EPISODES]
    if len(sample) < FEW_EPISODES:
        return frozenset()
    language = tongue(feed.language)
    counts = Counter(
        term.casefold() for episode in sample for term in set(_terms(episode.notes, language, titled=False))
    )
    return frozenset(term for term, count in counts.items() if count > COMMON_SHARE * len(sample))


def hotwords(
    feed: Feed, episode: Episode, small: Collection[str] = (), corrected: Collection[str] = ()
) -> tuple[str, ...]:
    """Names and rare terms that may be said: the people, then those of the title, those of the notes.

    Args:
        small: terms that say nothing, in lower case; as of `small_print`.
        corrected: what people have put right in other episodes of the show; it comes after the people.

    >>> item = Episode("Bridges, with Bob", "1", description="Ada Lovelace asks Bob Noyce about the Ponte Vecchio.")
    >>> hotwords(Feed("Show", "en", ()), item)
    ('Bob Noyce', 'Ada Lovelace', 'Ponte Vecchio')
    """
    language = tongue(feed.language)
    names = [person.name for person in people_of(feed, episode) if person.group == CAST]
    notes = Counter(_terms(episode.notes, language, titled=False))
    guests = [guest for match in _WITH.finditer(episode.title) for guest in _terms(match[1], language, titled=True)]
    titled = [term for term in _terms(episode.title, language, titled=True) if _holds(term, notes)]
    names += corrected
    ordered = [*names, *guests, *titled, *(term for term, _ in notes.most_common())]
    return tuple(_short(term for term in ordered if term in names or term.casefold() not in small))


def speakers(feed: Feed, episode: Episode) -> tuple[int | None, int | None]:
    """The fewest and the most who speak, where the feed names two or more of the cast for this episode.

    It never says a number: guests are often not named, and not all who are speak. A host alone says nothing.
    """
    cast = {person.name.casefold() for person in episode.people if person.group == CAST}
    return (2, len(cast) + MORE_SPEAKERS) if len(cast) > 1 else (None, None)


def people_of(feed: Feed, episode: Episode) -> tuple[Person, ...]:
    """Those of the episode; those of the show where the episode names nobody, as the namespace has it."""
    return episode.people or feed.people


def tongue(language: str | None) -> str:
    """The first part of a language tag.

    >>> tongue("de-AT"), tongue(None)
    ('de', '')
    """
    return (language or "").replace("_", "-").partition("-")[0].strip().lower()


def _holds(term: str, notes: Mapping[str, int]) -> bool:
    """Whether a term of a title, where most words have capitals, is one: notes have it, or its spelling is its own."""
    return any(term in known for known in notes) or any(word[1:] != word[1:].lower() for word in re.split("[ -]", term))


def _terms(text: str, language: str, *, titled: bool) -> Iterator[str]:
    """Words with capitals that no sentence begins with, and runs of them; in titles also those at the beginning."""
    stops = stop_words(language or "en")
    particles = frozenset() if language in NOUNS_IN_CAPITALS else _PARTICLES  # "Brot von Ada" is no name
    for sentence in _SENTENCE.split(_NOISE.sub("\n", text)):
        for first, run in _runs(sentence, stops, particles):
            alone = " " not in run
            if alone and (language in NOUNS_IN_CAPITALS or len(run) < 3):
                continue
            if first and not titled and alone and run.istitle():
                continue
            yield run


def _runs(sentence: str, stops: Collection[str], particles: frozenset[str]) -> Iterator[tuple[bool, str]]:
    """Words with capitals that stand together, without those that say nothing; and whether they come first."""
    run, began, before = "", 0, 0
    for number, match in enumerate(_WORD.finditer(sentence.replace("’", "'"))):
        word = match[0].removesuffix("'s")
        if run and word in particles:
            continue
        gap = sentence[before : match.start()]
        before = match.end()
        capital = word != word.lower() and word.casefold() not in stops
        if run and not (capital and particles.issuperset(gap.split())):
            yield began == 0, run
            run = ""
        if capital:
            began = began if run else number
            run = f"{run}{gap}{word}" if run else word
        if run and word != match[0]:  # what somebody has is another thing
            yield began == 0, run
            run = ""
    if run:
        yield began == 0, run


def _short(terms: Iterable[str]) -> Iterator[str]:
    """Each once and as long as it is found, as many as there is room for."""
    kept: list[str] = []
    for term in terms:
        if len(term) > MAX_TERM_CHARACTERS or sum(map(len, kept)) + len(term) > MAX_CHARACTERS:
            continue
        like = next((number for number, other in enumerate(kept) if _within(term, other) or _within(other, term)), None)
        if like is None and len(kept) < MAX_TERMS:
            kept.append(term)
        elif like is not None and " " not in kept[like]:
            kept[like] = term
    return iter(kept)


def _within(term: str, other: str) -> bool:
    return f" {term} ".casefold() in f" {other} ".casefold()
