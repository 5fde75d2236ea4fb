"""An edited transcript as the corrections that make it of the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, pairwise

from earwitness.errors import OptionError, TranscriptError
from earwitness.library.corrections import CUT, JOINED, Correction, Span
from earwitness.library.overlay import Said, said, text_of
from earwitness.text import plain
from earwitness.types import Seconds, Transcript
from earwitness.units import rounded, short_clock

NEAR_S: Seconds = 5.0
"""How far a text may be from the time that is given for it."""
MOST_SPANS = 30
"""So many turns tell a voice in another transcript."""


def text_at(transcript: Transcript, at: Seconds, before: str, after: str) -> Correction:
    """The correction of words that are said near a time.

    Args:
        transcript: as it is read now, with earlier corrections.
        at: about when.
        before: the words, as the transcript has them; case and punctuation do not matter.
        after: what they shall be.

    Raises:
        OptionError: they are not said there.
    """
    near = [one for one in said(transcript) if abs(one.middle - at) <= NEAR_S + (one.word.end - one.word.start) / 2]
    sought = plain(before)
    found = [
        near[begin:end]
        for begin in range(len(near))
        for end in range(begin + 1, len(near) + 1)
        if sought and plain(text_of(near[begin:end])) == sought
    ]
    if not found:
        there = f"there it has {text_of(near)!r}" if near else "nothing is said there"
        raise OptionError(f"{before!r} is not said within {NEAR_S:.0f} s of {short_clock(at)}; {there}")
    best = min(found, key=lambda words: abs((words[0].word.start + words[-1].word.end) / 2 - at))
    return _text(best, after)


def differences(before: Transcript, edited: Transcript) -> tuple[Correction, ...]:
    """The corrections that make one transcript of another: of words, speakers, their names, and ends of segments.

    Args:
        before: as it is read now, with earlier corrections.
        edited: what somebody made of it; in a segment, `text` and `speaker` count, its words where they spell it.

    Raises:
        TranscriptError: it is a transcript of another recording.
    """
    if before.source.sha256 != edited.source.sha256:
        raise TranscriptError(f"{edited.source.name}: of another recording than {before.source.name}; give one of that")
    return (*_names(before, edited), *_Comparison(before, edited).corrections())


def _names(before: Transcript, edited: Transcript) -> Iterator[Correction]:
    names = {one.id: one.name for one in edited.speakers}
    for one in before.speakers:
        name = " ".join(names.get(one.id, one.name).split())
        if name and name != one.name:
            yield naming(before, one.id, name)


def naming(transcript: Transcript, label: str, name: str) -> Correction:
    """The correction that gives a speaker a name."""
    spans = _spans(transcript, label)
    return Correction("name", spans[0][0], spans[-1][1], transcript.name_of(label) or label, name, spans)


def giving(transcript: Transcript, start: Seconds, end: Seconds, who: str) -> Correction:
    """The correction that gives what is said in a span to somebody: a label of the transcript, a name in it, or a new
    one.

    Raises:
        OptionError: nothing is said there.
    """
    words = [one for one in said(transcript) if start <= one.middle <= end]
    if not words:
        raise OptionError(f"nothing is said between {short_clock(start)} and {short_clock(end)}")
    label = next((one.id for one in transcript.speakers if who in (one.id, one.name)), None)
    before = transcript.name_of(words[0].word.speaker) or ""
    after = (transcript.name_of(label) if label else None) or who
    spans = _spans(transcript, label) if label else ()
    first, last = rounded(words[0].word.start), rounded(max(one.word.end for one in words))
    return Correction("speaker", first, last, before, after, spans)


def _spans(transcript: Transcript, label: str) -> tuple[Span, ...]:
    """Where somebody talks, to the millisecond: the longest turns, in order."""
    turns = [turn for turn in transcript.turns if turn.speaker == label]
    longest = sorted(turns, key=lambda turn: turn.start - turn.end)[:MOST_SPANS]
    return tuple(sorted((rounded(turn.start), rounded(turn.end)) for turn in longest)) or ((0.0, 0.0),)


def _text(words: Sequence[Said], after: str) -> Correction:
    start, end = words[0].word.start, max(one.word.end for one in words)
    return Correction("text", rounded(start), rounded(end), text_of(words), " ".join(after.split()))


@dataclass(frozen=True)
class _Step:
    """Words of the old transcript and those of the new one that stand for them: one each where they are the same."""

    old: range
    new: range
    same: bool


class _Comparison:
    """Two transcripts, word by word."""

    def __init__(self, before: Transcript, edited: Transcript) -> None:
        self._before, self._edited = before, edited
        self._old, self._new = said(before), said(edited)
        self._steps = list(self._aligned())

    def corrections(self) -> list[Correction]:
        return [*self._speakers(), *self._texts(), *self._boundaries()]

    def _aligned(self) -> Iterator[_Step]:
        """Line by line first: comparing all words of a long recording with all others would take minutes."""
        old, new = _lines(self._old), _lines(self._new)
        for _, first, last, begin, end in _compared(
            [text_of(self._old[place] for place in line) for line in old],
            [text_of(self._new[place] for place in line) for line in new],
        ):
            if last - first == end - begin:
                for one, other in zip(old[first:last], new[begin:end], strict=True):
                    yield from self._words(one, other)
            else:
                yield from self._words(_joined(old[first:last]), _joined(new[begin:end]))

    def _words(self, old: range, new: range) -> Iterator[_Step]:
        for kind, i1, i2, j1, j2 in _compared(
            [self._old[place].word.word.strip() for place in old], [self._new[place].word.word.strip() for place in new]
        ):
            if kind == "equal":
                for i, j in zip(old[i1:i2], new[j1:j2], strict=True):
                    yield _Step(range(i, i + 1), range(j, j + 1), True)
            else:
                yield _Step(old[i1:i2], new[j1:j2], False)

    def _texts(self) -> Iterator[Correction]:
        """Words for words; where some came or went, with a neighbour, by which the place is found again."""
        for number, step in enumerate(self._steps):
            if step.same:
                continue
            old, new = list(step.old), list(step.new)
            if not old or not new:
                neighbour = self._neighbour(number)
                old, new = sorted((*neighbour.old, *old)), sorted((*neighbour.new, *new))
            if old:
                yield _text([self._old[place] for place in old], text_of(self._new[place] for place in new))

    def _neighbour(self, number: int) -> _Step:
        """The same word before a step, or after it where the step begins a line."""
        step = self._steps[number]
        words, first = (self._new, step.new.start) if step.new else (self._old, step.old.start)
        begins = not first or words[first - 1].line != words[first].line
        for place in (number + 1, number - 1) if begins else (number - 1, number + 1):
            if 0 <= place < len(self._steps) and self._steps[place].same:
                return self._steps[place]
        return _Step(range(0), range(0), True)

    def _speakers(self) -> Iterator[Correction]:
        """Runs of words that have another speaker now."""
        given = [
            (place, self._old[place].word.speaker, self._new[step.new[0]].word.speaker)
            for step in self._steps
            if step.new
            for place in step.old
        ]
        for (old, new), run in groupby(given, key=lambda one: one[1:]):
            if new is None or old == new:
                continue
            places = [place for place, *_ in run]
            words = [self._old[place].word for place in places]
            start, end = rounded(words[0].start), rounded(max(word.end for word in words))
            names = self._before.name_of(old) or "", self._edited.name_of(new) or new
            spans = _spans(self._before, new) if any(one.id == new for one in self._before.speakers) else ()
            yield Correction("speaker", start, end, *names, spans)

    def _boundaries(self) -> Iterator[Correction]:
        """Ends of segments that came or went between words that are the same."""
        for one, other in pairwise(self._steps):
            if not (one.same and other.same):
                continue
            before, after = self._old[one.old[0]], self._old[other.old[0]]
            now, next_ = self._new[one.new[0]], self._new[other.new[0]]
            cut = now.line != next_.line
            if cut == (before.line != after.line) or now.word.speaker != next_.word.speaker:
                continue
            if before.word.speaker != after.word.speaker:
                continue
            at = rounded((before.word.end + after.word.start) / 2)
            yield Correction("boundary", at, at, "", CUT if cut else JOINED)


def _lines(words: Sequence[Said]) -> list[range]:
    starts = [place for place in range(len(words)) if not place or words[place].line != words[place - 1].line]
    return [range(first, last) for first, last in pairwise([*starts, len(words)])]


def _joined(lines: Sequence[range]) -> range:
    return range(lines[0].start, lines[-1].stop) if lines else range(0)


def _compared(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
