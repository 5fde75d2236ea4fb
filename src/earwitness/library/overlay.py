"""Corrections laid over a transcript.

The words are taken out of their segments, corrected, and put back; turns, chapters and summaries follow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import count, groupby

from earwitness.exports.reading import clean, timed_words
from earwitness.library.corrections import CUT, NUMBERED, Correction, Span
from earwitness.library.following import Replaced, followed
from earwitness.text import plain
from earwitness.types import Seconds, Segment, Speaker, Transcript, Word

TOLERANCE_S: Seconds = 0.3
"""Two transcripts of one recording have the same word at times that differ by so much."""
ALIKE = 0.7
"""Of the letters of two texts, the share that is the same in the same order, from which on they were heard as one."""
LONGEST_WORD_S: Seconds = 30.0
"""No word lasts longer: a recogniser hears so much at a time."""
SPARE = 2
"""So many words more or fewer may be said for the same."""
SAME_VOICE = 0.5
"""Of what a voice said, the share that another transcript gives to the speaker who is taken for it."""


@dataclass(frozen=True)
class Said:
    """A word out of its segment: the segment it will be in, and the id of that which it was in."""

    word: Word
    line: int
    origin: int

    @property
    def middle(self) -> Seconds:
        return (self.word.start + self.word.end) / 2


def corrected(transcript: Transcript, corrections: Sequence[Correction]) -> tuple[Transcript, tuple[Correction, ...]]:
    """A transcript with corrections, and those that do not fit it: the recording does not say that there.

    Words keep their times; of several words for one, all share its time. What a summary quotes is corrected with it.
    """
    if not corrections:
        return transcript, ()
    draft = Draft(transcript)
    unfit = tuple(one for one in corrections if not draft.apply(one))
    return transcript if len(unfit) == len(corrections) else draft.transcript(), unfit


def said(transcript: Transcript) -> list[Said]:
    """The words of a transcript in order, each with its segment's speaker."""
    return [
        Said(word if word.speaker == segment.speaker else replace(word, speaker=segment.speaker), line, segment.id)
        for line, segment in enumerate(transcript.segments)
        for word in _words(segment, transcript.language)
    ]


def text_of(words: Iterable[Said]) -> str:
    return "".join(one.word.word for one in words).strip()


def _words(segment: Segment, language: str) -> tuple[Word, ...]:
    """The words of a segment; where its text has other blanks than they have, those of the text."""
    words = timed_words(segment, language)
    same = "".join(word.word for word in words).strip() == clean(segment.text)
    return words if same else timed_words(replace(segment, words=()), language)


class Draft:
    """A transcript while it is corrected."""

    def __init__(self, transcript: Transcript) -> None:
        self._before = transcript
        self._said = said(transcript)
        parts = groupby(self._said, key=lambda one: one.origin)
        self._spoken = {origin: tuple(one.word for one in words) for origin, words in parts}
        self._speakers = {one.id: one for one in transcript.speakers}
        self._replaced: list[Replaced] = []
        self._lines = len(transcript.segments)

    def apply(self, correction: Correction) -> bool:
        """Makes one correction; false where it does not fit."""
        kinds = {"text": self._put_text, "speaker": self._give, "name": self._name, "boundary": self._bound}
        return kinds[correction.kind](correction)

    def transcript(self) -> Transcript:
        """What has become of it."""
        old = {segment.id: segment for segment in self._before.segments}
        lines: list[Segment] = []
        became: dict[int, list[int]] = {}
        for _, group in groupby(self._said, key=lambda one: (one.line, one.word.speaker)):
            words = list(group)
            for origin in dict.fromkeys(one.origin for one in words):
                became.setdefault(origin, []).append(len(lines))
            lines.append(self._segment(len(lines), words, old[words[0].origin]))
        return followed(self._before, lines, became, self._speakers, self._replaced)

    def _segment(self, number: int, words: Sequence[Said], old: Segment) -> Segment:
        spoken = tuple(one.word for one in words)
        if spoken == self._spoken[old.id]:
            return old if old.id == number else replace(old, id=number)
        end = max(word.end for word in spoken)
        return replace(
            old, id=number, start=spoken[0].start, end=end, text=text_of(words), speaker=spoken[0].speaker, words=spoken
        )  # fmt: skip

    def _put_text(self, wanted: Correction) -> bool:
        near = self._between(wanted.start - TOLERANCE_S, wanted.end + TOLERANCE_S)
        if not near:
            return False
        texts = wanted.before, wanted.after
        exact = [place for text in texts if (place := self._place(text, near, wanted, exactly=True))]
        # Where a word was left out, what is right begins with what was wrong: of two at one place, the longer.
        place = min(exact, key=lambda place: (self._away(place, wanted), place.start - place.stop), default=None)
        place = place or self._place(wanted.before, near, wanted) or self._place(wanted.after, near, wanted)
        if place and text_of(self._said[place.start : place.stop]) != wanted.after:
            self._replace(place.start, place.stop, wanted.after)
        return place is not None

    def _away(self, place: range, wanted: Correction) -> Seconds:
        """How far words are from where others were: by their beginning or their end, whichever is nearer."""
        start, end = self._said[place.start].word.start, self._said[place.stop - 1].word.end
        return round(min(abs(start - wanted.start), abs(end - wanted.end)), 2)

    def _between(self, start: Seconds, end: Seconds) -> list[int]:
        """The places of the words whose middle lies in a span."""
        first = bisect_left(self._said, start - LONGEST_WORD_S, key=lambda one: one.word.start)
        last = bisect_right(self._said, end, key=lambda one: one.word.start)
        return [place for place in range(first, last) if start <= self._said[place].middle <= end]

    def _place(self, text: str, near: Sequence[int], wanted: Correction, *, exactly: bool = False) -> range | None:
        """The words, among these, that are most like a text, and of several those nearest; none if none are like it."""
        sought, size = plain(text), len(timed_words(_line(text, 0.0, 1.0), self._before.language))
        best, found = (ALIKE, 0.0), None
        for begin in near:
            for end in range(begin + max(1, size - SPARE), min(near[-1] + 1, begin + size + SPARE) + 1):
                there = plain(text_of(self._said[begin:end]))
                like = float(there == sought) if exactly else SequenceMatcher(None, there, sought, False).ratio()
                score = like, -self._away(range(begin, end), wanted)
                if like > ALIKE and score > best:
                    best, found = score, range(begin, end)
        return found

    def _replace(self, begin: int, end: int, text: str) -> None:
        """Puts words in the place of others; those that are the same at either end stay as they are."""
        old = self._said[begin:end]
        left, right = text_of(self._said[begin - 1 : begin] if begin else []), text_of(self._said[end : end + 1])
        self._replaced += [
            Replaced(origin, text_of(old), text, left, right) for origin in dict.fromkeys(one.origin for one in old)
        ]
        shape = _line(text, old[0].word.start, max(one.word.end for one in old))
        new = [word.word for word in timed_words(shape, self._before.language)]
        if new:
            new[0] = old[0].word.word[: -len(old[0].word.word.lstrip())] + new[0].lstrip()
        while min(len(old), len(new)) > 1 and old[0].word.word == new[0]:
            begin, old, new = begin + 1, old[1:], new[1:]
        while min(len(old), len(new)) > 1 and old[-1].word.word == new[-1]:
            end, old, new = end - 1, old[:-1], new[:-1]
        self._said[begin:end] = list(_timed(new, old))

    def _give(self, wanted: Correction) -> bool:
        places = self._between(wanted.start, wanted.end)
        if not places:
            return False
        label = self._called(wanted.after) or self._heard_in(wanted.spans) or self._new_label()
        self._speakers.setdefault(label, Speaker(label, wanted.after, 0.0))
        self._said_by(label, places)
        return True

    def _said_by(self, label: str, places: Iterable[int]) -> None:
        for place in places:
            one = self._said[place]
            if one.word.speaker != label:
                self._said[place] = replace(one, word=replace(one.word, speaker=label, speaker_probability=1.0))

    def _name(self, wanted: Correction) -> bool:
        label = self._heard_in(wanted.spans)
        if label is None or label not in self._speakers:
            return False
        same = self._called(wanted.after)
        if same not in (None, label):  # one person, taken for two
            self._said_by(str(same), [place for place, one in enumerate(self._said) if one.word.speaker == label])
            return True
        named = replace(self._speakers[label], name=wanted.after, proposal=None, proposal_probability=None)
        self._speakers[label] = named
        return True

    def _bound(self, wanted: Correction) -> bool:
        """Segments end where they shall, or do not."""
        near = self._between(wanted.start - LONGEST_WORD_S, wanted.start + LONGEST_WORD_S)
        gaps = {
            place: abs((self._said[place - 1].word.end + self._said[place].word.start) / 2 - wanted.start)
            for place in near[1:]
        }
        place = min(gaps, key=lambda place: gaps[place], default=0)
        if not place or gaps[place] > TOLERANCE_S:
            return False
        before, after = self._said[place - 1], self._said[place]
        if (before.line != after.line) == (wanted.after == CUT):
            return True
        if wanted.after != CUT and before.word.speaker != after.word.speaker:
            return False
        self._lines += 1
        line = self._lines if wanted.after == CUT else before.line
        for later in range(place, len(self._said)):
            if self._said[later].line != after.line:
                break
            self._said[later] = replace(self._said[later], line=line)
        return True

    def _called(self, name: str) -> str | None:
        """The speaker of a name that somebody gave: the numbered ones are others in another transcript."""
        known = () if NUMBERED.fullmatch(name) else self._speakers.values()
        return next((one.id for one in known if one.name.casefold() == name.casefold()), None)

    def _heard_in(self, spans: Sequence[Span]) -> str | None:
        """The speaker to whom most is given of what is said in spans of time."""
        heard: dict[str | None, Seconds] = {}
        for label, run in groupby((one.word for one in self._said), key=lambda word: word.speaker):
            words = list(run)
            for start, end in spans:
                shared = max(0.0, min(end, words[-1].end) - max(start, words[0].start))
                heard[label] = heard.get(label, 0.0) + shared
        most = max(heard, key=lambda label: heard[label], default=None)
        return most if most and heard[most] > SAME_VOICE * sum(heard.values()) else None

    def _new_label(self) -> str:
        return next(label for number in count() if (label := f"SPEAKER_{number:02d}") not in self._speakers)


def _line(text: str, start: Seconds, end: Seconds) -> Segment:
    return Segment(0, start, end, text, None, ())


def _timed(texts: Sequence[str], old: Sequence[Said]) -> Iterator[Said]:
    """Words in the place of others: with their times where they are as many, else with shares of their time."""
    start, end = old[0].word.start, max(one.word.end for one in old)
    step_s, at = (end - start) / max(1, len("".join(texts))), start
    for number, text in enumerate(texts):
        one = old[number] if len(texts) == len(old) else old[0]
        till = min(end, at + step_s * len(text))
        if len(texts) == len(old) and one.word.word == text:
            yield one
        elif len(texts) == len(old):
            yield replace(one, word=replace(one.word, word=text, probability=1.0))
        else:
            yield replace(one, word=replace(one.word, word=text, start=at, end=till, probability=1.0))
        at = till
