"""Segments to sentences that an engine writes about them, each with the ids of the segments it rests on.

Map and reduce: every part of every topic is read, in pieces that fit the engine, and what was written of the pieces is
read again until it is as short as was asked for. Nothing is ever cut off: what is too long is divided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from earwitness.checkpoints import Shelf, digest
from earwitness.engines.base import Line, Summarizer, Task, TaskKind, Written
from earwitness.errors import ModelError
from earwitness.support import SUPPORTED, Witness
from earwitness.types import SummarySentence

# Evidence that a listener would look up: so many segments at most.
_MOST_EVIDENCE = 4
# What a part that was read comes to, against it; above, reading again would not end.
_SHRINKS = 0.9
_MARK = re.compile(r"(?<=[.!?…؟។।])\s+|(?<=[。！？])")
# pysbd takes time that grows with the square of its text.
_LONGEST_CHARACTERS = 4000
# Of a shorter text there are no two halves to read.
_LEAST_CHARACTERS = 20


@dataclass(frozen=True)
class Fact:
    """Something said, or written about what was said: the segments it rests on, and who says it where one does."""

    text: str
    evidence: tuple[int, ...]
    speaker: str | None = None


@dataclass(frozen=True)
class Topic:
    """What is to be told in at most so many `sentences`; see `Task` for the kinds."""

    kind: TaskKind
    facts: tuple[Fact, ...]
    sentences: int
    speaker: str | None = None


@dataclass(frozen=True)
class _Part:
    """What one task reads of a topic."""

    topic: int
    facts: tuple[Fact, ...]
    task: Task


class Author:
    """An engine at work on one transcript.

    Args:
        witness: says what the sentences rest on.
        shelf: keeps every answer under what was read, so that nothing is asked twice.
        report: called with the characters that a task has read, once it is answered.

    `read` are the ids of all segments that some answered task rests on.
    """

    def __init__(
        self,
        engine: Summarizer,
        witness: Witness,
        *,
        shelf: Shelf | None = None,
        report: Callable[[int], None] | None = None,
    ) -> None:
        self._engine, self._witness = engine, witness
        self._shelf = shelf or Shelf(None)
        self._report = report
        self.read: set[int] = set()

    def write(self, topics: Sequence[Topic]) -> list[tuple[SummarySentence, ...]]:
        """The sentences on each topic; none where the engine had nothing to say.

        Raises:
            ModelError: the engine does not work, or cannot read even a single line.
        """
        written: list[tuple[SummarySentence, ...]] = [()] * len(topics)
        todo = dict(enumerate(topics))
        while todo:
            parts = [part for place, topic in todo.items() for part in self._parts(place, topic)]
            found = self._answers(parts)
            for place, topic in list(todo.items()):
                answers = found.get(place, [])
                written[place] = tuple(sentence for answer in answers for sentence in answer)
                again = _again(topic, written[place])
                if len(answers) > 1 and self._sum(again.facts) <= _SHRINKS * self._sum(topic.facts):
                    todo[place] = again
                else:
                    del todo[place]
        return written

    def _parts(self, place: int, topic: Topic) -> list[_Part]:
        """A topic in as many parts as the engine's budget makes necessary, about equally long."""
        facts = [piece for fact in topic.facts if fact.text.strip() for piece in self._pieces(fact)]
        sizes = [self._size(fact) for fact in facts]
        share = sum(sizes) / max(1, -(-sum(sizes) // self._engine.budget))
        groups: list[list[Fact]] = []
        filled = 0
        for fact, size in zip(facts, sizes, strict=True):
            if not groups or filled >= share or filled + size > self._engine.budget:
                groups.append([])
                filled = 0
            groups[-1].append(fact)
            filled += size
        # A part of several is told for what follows from all: only the last round makes one line of it.
        kind = "episode" if topic.kind == "description" and len(groups) > 1 else topic.kind
        return [self._part(place, replace(topic, kind=kind, facts=tuple(group))) for group in groups]

    def _part(self, place: int, topic: Topic) -> _Part:
        lines = tuple(Line(number, fact.text, fact.speaker) for number, fact in enumerate(topic.facts, 1))
        task = Task(topic.kind, lines, topic.sentences, self._witness.language, topic.speaker)
        return _Part(place, topic.facts, task)

    def _pieces(self, fact: Fact) -> list[Fact]:
        """A fact, in pieces where it alone is too much to read at once."""
        if self._size(fact) <= self._engine.budget:
            return [fact]
        return [piece for half in self._halves(fact) for piece in self._pieces(half)]

    def _halves(self, fact: Fact) -> list[Fact]:
        if len(fact.text) < _LEAST_CHARACTERS:
            raise ModelError(
                f"{self._engine.model}: not even {fact.text!r} fits what it can read at once; give it more context, "
                "or use another model"
            )
        middle = len(fact.text) // 2
        cut = fact.text.find(" ", middle) if " " in fact.text[middle:-1] else middle
        return [replace(fact, text=fact.text[:cut]), replace(fact, text=fact.text[cut:].lstrip())]

    def _size(self, fact: Fact) -> int:
        return self._engine.size(Line(0, fact.text, fact.speaker))

    def _sum(self, facts: Iterable[Fact]) -> int:
        return sum(map(self._size, facts))

    def _answers(self, parts: Sequence[_Part]) -> dict[int, list[tuple[SummarySentence, ...]]]:
        """The answers of each topic, in the order of its parts; a part that is too long after all has several."""
        answers = [self._known(part) for part in parts]
        if None in answers:
            with self._shelf.held(self._wait):
                self._ask(parts, answers)
        for place, part in enumerate(parts):
            if answers[place] is None:
                answers[place] = self._answers(self._divided(part))[part.topic]
        found: dict[int, list[tuple[SummarySentence, ...]]] = {}
        for part, answer in zip(parts, answers, strict=True):
            found.setdefault(part.topic, []).extend(answer or ())
        return found

    def _ask(self, parts: Sequence[_Part], answers: list[list[tuple[SummarySentence, ...]] | None]) -> None:
        """Fills in the answers that are missing, but for parts that are too long after all."""
        for place, part in enumerate(parts):
            if answers[place] is None:
                answers[place] = self._known(part)  # what another has asked meanwhile
        unknown = [place for place, answer in enumerate(answers) if answer is None]
        for number, written in self._engine.write([parts[place].task for place in unknown]):
            if written is not None:
                place = unknown[number]
                if written:
                    self._shelf.put(digest(parts[place].task), written)
                answers[place] = [self._taken(parts[place], written)]

    def _wait(self) -> None:
        if self._report:
            self._report(0)

    def _known(self, part: _Part) -> list[tuple[SummarySentence, ...]] | None:
        written = self._shelf.get(digest(part.task), tuple[Written, ...])
        return None if written is None else [self._taken(part, written)]

    def _divided(self, part: _Part) -> list[_Part]:
        facts = part.facts if len(part.facts) > 1 else tuple(self._halves(part.facts[0]))
        middle = len(facts) // 2
        topic = Topic(part.task.kind, facts, part.task.sentences, part.task.speaker)
        return [self._part(part.topic, replace(topic, facts=half)) for half in (facts[:middle], facts[middle:])]

    def _taken(self, part: _Part, written: Sequence[Written]) -> tuple[SummarySentence, ...]:
        """What an engine wrote of a part, sentence by sentence, with evidence and support of our own finding."""
        self.read.update(number for fact in part.facts for number in fact.evidence)
        if self._report:
            self._report(sum(len(fact.text) for fact in part.facts))
        found: dict[str, SummarySentence] = {}
        for item in written:
            known = [cite for cite in item.cites if 1 <= cite <= len(part.facts)]
            cited = [number for cite in known for number in part.facts[cite - 1].evidence]
            for sentence in sentences(item.text, self._witness.language):
                found.setdefault(sentence, self._cited(sentence, cited, part))
        return tuple(list(found.values())[: part.task.sentences])

    def _cited(self, sentence: str, cited: Sequence[int], part: _Part) -> SummarySentence:
        """A sentence with what it cites, if that supports it; else with what was read that supports it best."""
        evidence = tuple(sorted(set(cited)))
        if len(evidence) > _MOST_EVIDENCE:
            evidence = self._witness.evidence_of(sentence, evidence) or evidence[:_MOST_EVIDENCE]
        own = self._witness.sentence(sentence, evidence)
        if evidence and own.support >= SUPPORTED:
            return own
        among = {number for fact in part.facts for number in fact.evidence}
        return max(own, self._witness.cited(sentence, among), key=lambda item: item.support)


def facts_of(written: Sequence[SummarySentence]) -> tuple[Fact, ...]:
    """What may be read again: sentences that nobody said make no others, unless there are only such."""
    sound = [item for item in written if item.support >= SUPPORTED]
    return tuple(Fact(item.text, item.evidence) for item in sound or written)


def _again(topic: Topic, written: Sequence[SummarySentence]) -> Topic:
    kind: TaskKind = "episode" if topic.kind == "said" else topic.kind
    return replace(topic, kind=kind, facts=facts_of(written))


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text, each on one line, by pysbd where it knows the language, else by their marks.

    >>> sentences("Dr. Berg keeps bees. They live on a roof.", "en")
    ['Dr. Berg keeps bees.', 'They live on a roof.']
    """
    text = " ".join(text.split())
    found = _by_pysbd(text, language) if len(text) <= _LONGEST_CHARACTERS else []
    if "".join(found).replace(" ", "") != text.replace(" ", ""):  # it can skip or repeat text
        found = _MARK.split(text)
    return [piece for piece in found if any(character.isalnum() for character in piece)]


def _by_pysbd(text: str, language: str) -> list[str]:
    import pysbd
    from pysbd.languages import LANGUAGE_CODES

    if language not in LANGUAGE_CODES:
        return []
    # A new one each time: it keeps its text, and there may be several threads.
    return [piece.strip() for piece in pysbd.Segmenter(language=language, clean=False).segment(text)]
