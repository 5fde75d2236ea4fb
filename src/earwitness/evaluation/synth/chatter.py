"""Made-up podcasts of any length: a host and guests who talk about one topic after another, for load tests.

What they say makes little sense, but it is shaped like talk: questions and answers, words thrown in between, long
answers and short ones, some talking over others. Every word is one that the demo model has heard; nine of ten are in
sentences that it has not. A chapter has its own nouns, which come again and again, so that chapters and summaries have
something to find.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from earwitness.errors import OptionError
from earwitness.evaluation.synth import topics
from earwitness.evaluation.synth.podcast import LEAD_S, TURN_PAUSE_S
from earwitness.evaluation.synth.script import CAST, Gain, Heading, Item, Line, Music, Overlap, Pause, Script
from earwitness.evaluation.synth.sentences import DAYS, MONTHS, NAMES, PLACES, clause, filled
from earwitness.evaluation.synth.topics import Topic
from earwitness.types import Seconds

MAX_SPEAKERS = 12
MAX_HOURS = 24.0
GREETING_S = 20.0
"""A podcast has at least so much for each speaker and for two more: everybody greets and says something."""

TOPIC_S = 300.0
"""About how long a chapter is; a podcast that is too short for `FEWEST_TOPICS` such has shorter ones."""
FEWEST_TOPICS = 3
LEAST_TOPIC_S = 45.0

# What espeak-ng takes for such sentences at a nominal 165 words a minute (least squares over 500 turns in the voices of
# `CAST`; most voices are within 4 %): the length of the podcast is planned with it.
NOMINAL_WPM = 165
LETTER_S, COMMA_S, SENTENCE_S, TURN_S = 0.0607, 0.3235, 0.4951, -0.3821

CHAPTER_PAUSE_S = (1.2, 2.0)
THINKING_PAUSE_S = (0.8, 1.4)
QUICK_PAUSE_S = (0.15, 0.35)
OVERLAP_S = (0.2, 0.6)

MIN_REST_S = 2.0
SPEECH_DB = -20.0
"""The level of speech of gain 0 (RMS, dB of full scale)."""
HEADROOM_DB = -3.0
"""Two who speak at once would else be louder than full scale now and then."""

ANSWERS_S = ((2.0, 8.0), (8.0, 20.0), (20.0, 40.0), (50.0, 75.0))
"""How long answers are; `ANSWER_WEIGHTS` has how many of a hundred are so."""
ANSWER_WEIGHTS = (30, 45, 20, 5)
HALF_SENTENCE_S = 1.6
FILL_S = 12.0
"""An answer after which less than this would be left of the chapter goes on to its end."""

# How often things happen.
HOST_ASKS, REMARKS_FIRST, BEGINS_SO, THINKS, NAMES_GUEST = 0.8, 0.35, 0.3, 0.15, 0.3
THROWS_IN, OBJECTS, TALKS_OVER = 0.4, 0.25, 0.2
RESTS = 0.2
ASIDE = 0.08
"""Share of the sentences that come from the grammar, with the topic's nouns."""
RECENT = 16
"""So many patterns come before the same one comes again."""

_PROPER = frozenset({"I", *NAMES, *PLACES, *DAYS, *MONTHS})
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=(?!useful|one\b)[aeiou]|honest)")


def script(
    hours: float, speakers: int, seed: int, *, music_below_db: float | None = None, max_pause_s: Seconds | None = None
) -> Script:
    """A podcast of so many hours by so many speakers, the same for the same seed.

    It begins with a welcome and ends with a farewell, each a chapter; those between are about five minutes long, and
    their titles name what they talk about. The length is planned from what espeak-ng usually takes for such sentences
    and may be off by 5 %, or by a few seconds. With one speaker it is a monologue.

    Args:
        hours: up to 24, and at least 20 s for each speaker and for two more.
        speakers: 1 to 12; the first one to speak is the host.
        music_below_db: music plays under it all, softer than the speech by so much; none for no music.
        max_pause_s: now and then nobody speaks for up to so long, at least `MIN_REST_S`; none for no such pauses.

    Raises:
        OptionError: one of these is out of its range.

    Example:
        >>> made = script(0.1, speakers=2, seed=7)
        >>> [item.title for item in made.items if isinstance(item, Heading)]
        ['Welcome', 'The simple result', 'The strong election', 'The big brick', 'Goodbye']
    """
    if not 1 <= speakers <= MAX_SPEAKERS:
        raise OptionError(f"speakers must lie between 1 and {MAX_SPEAKERS}, not {speakers}")
    total_s, least_s = hours * 3600, GREETING_S * (speakers + 2)
    if not least_s <= total_s <= MAX_HOURS * 3600:  # also true of NaN
        least = math.ceil(least_s / 3.6) / 1000
        raise OptionError(
            f"hours must lie between {least:g} (for {speakers} speakers) and {MAX_HOURS:g}, not {hours:g}"
        )
    if max_pause_s is not None and not MIN_REST_S <= max_pause_s <= total_s / 10:
        raise OptionError(
            f"pauses must lie between {MIN_REST_S:g} s and a tenth of the podcast ({total_s / 10:g} s), "
            f"not {max_pause_s:g}"
        )
    r = Random(seed)
    names = r.sample(NAMES, len(NAMES))
    talk = _Talk(r, names[:speakers], max_pause_s)
    if music_below_db is not None:
        talk.items.append(Music(SPEECH_DB + HEADROOM_DB - music_below_db))
    count = max(1, round(total_s / TOPIC_S), min(FEWEST_TOPICS, int(total_s / LEAST_TOPIC_S) - 1))
    subjects = topics.draw(r, count, names[MAX_SPEAKERS:])
    farewell = _farewell(r, talk.host, talk.guests)
    _welcome(talk, subjects)
    start_s = talk.length_s
    closing_s = CHAPTER_PAUSE_S[1] + sum(TURN_PAUSE_S + spoken_s(text) for _, text in farewell)
    left_s = total_s - start_s - closing_s
    shares = list(accumulate(r.uniform(0.6, 1.4) for _ in subjects))
    for number, (topic, share) in enumerate(zip(subjects, shares, strict=True)):
        announcement = topics.FIRST if number == 0 else topics.LAST if number == count - 1 else r.choice(topics.NEXT)
        _discuss(talk, topic, announcement.replace("{focus}", topic.focus), start_s + left_s * share / shares[-1])
    talk.begin("Goodbye")
    for speaker, text in farewell:
        talk.say(speaker, text)
    return Script(f"chatter-{seed}", tuple(talk.items))


def spoken_s(text: str, rate_wpm: int = NOMINAL_WPM) -> Seconds:
    """About how long a turn takes to speak."""
    letters = sum(character.isalpha() for character in text)
    stops = text.count(".") + text.count("?")
    nominal_s = LETTER_S * letters + COMMA_S * text.count(",") + SENTENCE_S * stops + TURN_S
    return max(0.3, nominal_s) * NOMINAL_WPM / rate_wpm


class _Talk:
    """A script that grows, and how long it is by now."""

    def __init__(self, r: Random, speakers: Sequence[str], max_rest_s: Seconds | None) -> None:
        self.r = r
        self.max_rest_s = max_rest_s
        self.host, *self.guests = speakers
        self.rates_wpm = {speaker: voice.rate_wpm for speaker, voice in zip(speakers, CAST, strict=False)}
        self.items: list[Item] = [Gain(HEADROOM_DB)]
        self.length_s = 0.0
        self.last = ""
        self._gap_s = LEAD_S
        self._waiting: list[str] = []
        self._recent: deque[str] = deque(maxlen=RECENT)

    def begin(self, title: str) -> None:
        self.items.append(Heading(title))
        if self.last:
            self.pause(CHAPTER_PAUSE_S)

    def pause(self, span_s: tuple[Seconds, Seconds]) -> None:
        self._gap_s = round(self.r.uniform(*span_s), 2)
        self.items.append(Pause(self._gap_s))

    def overlap(self) -> None:
        over_s = round(self.r.uniform(*OVERLAP_S), 2)
        self._gap_s = -over_s
        self.items.append(Overlap(over_s))

    def say(self, speaker: str, text: str) -> None:
        self.items.append(Line(speaker, _A_BEFORE_VOWEL.sub(r"\1n ", text)))
        self.length_s += max(0.0, self._gap_s + spoken_s(text, self.rates_wpm[speaker]))
        self._gap_s, self.last = TURN_PAUSE_S, speaker

    def happens(self, share: float) -> bool:
        return self.r.random() < share

    def next_guest(self) -> str:
        """Guests in turn, in ever new orders, but not the one who spoke last; alone, the host."""
        if not set(self._waiting) - {self.last}:
            self._waiting = self.r.sample(self.guests, len(self.guests)) or [self.host]
        chosen = next((name for name in self._waiting if name != self.last), self._waiting[0])
        self._waiting.remove(chosen)
        return chosen

    def pattern(self, patterns: Sequence[str]) -> str:
        """One that was not used lately."""
        chosen = self.r.choice([pattern for pattern in patterns if pattern not in self._recent])
        self._recent.append(chosen)
        return chosen


def _welcome(talk: _Talk, subjects: Sequence[Topic]) -> None:
    r, host, guests = talk.r, talk.host, talk.guests
    talk.begin("Welcome")
    named = _listed([f"the {topic.focus}" for topic in subjects[:3]])
    greeting = f"Welcome to the {r.choice(PLACES)} podcast. I am {host}, and today we talk about {named}."
    for guest in guests:
        person = r.choice(r.choice(subjects).kinds["person"])
        known = f"My guest is {guest}" if guest == guests[0] else f"{guest} is here, too"
        greeting += f" {known}, a {person} from {r.choice(PLACES)}."
    talk.say(host, greeting + (" Welcome to the show." if guests else ""))
    for guest in guests:
        talk.say(guest, r.choice((f"Thank you for having me, {host}.", f"Thank you, {host}. It is good to be here.")))


def _farewell(r: Random, host: str, guests: Sequence[str]) -> list[tuple[str, str]]:
    """Who says what; the host has the last word."""
    last = f"Next {r.choice(DAYS)} we will be back. Thank you for listening, and goodbye."
    if not guests:
        return [(host, f"That was our show for today. {last}")]
    replies = [(guest, r.choice((f"Thank you, {host}.", f"Goodbye, {host}, and thank you."))) for guest in guests]
    return [(host, f"That was our show. Thank you very much, {_listed(guests)}."), *replies, (host, last)]


def _discuss(talk: _Talk, topic: Topic, announcement: str, end_s: Seconds) -> None:
    """One chapter: questions and answers until `end_s`."""
    talk.begin(topic.title)
    _exchange(talk, topic, announcement, end_s)
    while talk.length_s < end_s - THINKING_PAUSE_S[1]:
        _exchange(talk, topic, "", end_s)


def _exchange(talk: _Talk, topic: Topic, announcement: str, end_s: Seconds) -> None:
    """A question, its answer, and what another guest has to say to it."""
    r, answerer = talk.r, talk.next_guest()
    askers = [guest for guest in talk.guests if guest not in (answerer, talk.last)]
    asker = r.choice(askers) if askers and not announcement and not talk.happens(HOST_ASKS) else talk.host
    question = filled(r, talk.pattern(topics.QUESTIONS), topic.kinds)
    if talk.guests[1:] and talk.happens(NAMES_GUEST):
        question = f"{answerer}, {_lower(question)}"
    if announcement:
        question = f"{announcement} {question}"
    elif talk.last not in (asker, "") and talk.happens(REMARKS_FIRST):
        question = f"{talk.pattern(topics.REMARKS).replace('{guest}', talk.last)} {question}"
    begins = r.choice(topics.BEGINNINGS) if talk.happens(BEGINS_SO) else ""
    rests = talk.max_rest_s is not None and not announcement and talk.happens(RESTS)
    if rests:
        talk.pause((MIN_REST_S, talk.max_rest_s or MIN_REST_S))
    if asker == answerer:
        begins = f"{question} {begins}"
    else:
        if not announcement and not rests and talk.happens(TALKS_OVER / 4):
            talk.overlap()
        talk.say(asker, question)
        if talk.happens(THINKS):
            talk.pause(THINKING_PAUSE_S)
    left_s = end_s - talk.length_s - TURN_PAUSE_S
    (span_s,) = r.choices(ANSWERS_S, ANSWER_WEIGHTS)
    wanted_s = r.uniform(*span_s)
    _answer(talk, topic, answerer, begins, wanted_s if left_s - wanted_s > FILL_S else left_s)
    if askers and end_s - talk.length_s > FILL_S and talk.happens(OBJECTS):
        begins = r.choice(topics.OBJECTIONS).replace("{guest}", answerer)
        other = r.choice([guest for guest in talk.guests if guest != answerer])
        talk.say(other, " ".join(_sentences(talk, topic, begins, r.uniform(*ANSWERS_S[0]))))


def _answer(talk: _Talk, topic: Topic, speaker: str, begins: str, wanted_s: Seconds) -> None:
    """An answer of about so many seconds; somebody may throw in a word half-way."""
    sentences = _sentences(talk, topic, begins, wanted_s)
    listeners = [name for name in (talk.host, *talk.guests) if name != speaker]
    half = len(sentences) // 2
    if listeners and half and talk.happens(THROWS_IN):
        talk.say(speaker, " ".join(sentences[:half]))
        if talk.happens(TALKS_OVER):
            talk.overlap()
        else:
            talk.pause(QUICK_PAUSE_S)
        talk.say(talk.r.choice(listeners), talk.pattern(topics.CONFIRMATIONS))
        sentences = sentences[half:]
    talk.say(speaker, " ".join(sentences))


def _sentences(talk: _Talk, topic: Topic, begins: str, wanted_s: Seconds) -> list[str]:
    """Statements on a topic that take about so long, one at least; `begins` opens the first."""
    sentences: list[str] = []
    while not sentences or spoken_s(" ".join(sentences)) + HALF_SENTENCE_S < wanted_s:
        if talk.happens(ASIDE):
            said = clause(talk.r, topic.nouns) + "."
            said = said[0].upper() + said[1:]
        else:
            said = filled(talk.r, talk.pattern(topics.STATEMENTS), topic.kinds)
        if not sentences and begins:
            said = begins + (said if begins.rstrip()[-1] in ".?" else _lower(said))
        sentences.append(said)
    return sentences


def _lower(sentence: str) -> str:
    """A sentence as it is written after a comma."""
    first = re.split(r"\W", sentence, maxsplit=1)[0]
    return sentence if first in _PROPER else sentence[0].lower() + sentence[1:]


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
