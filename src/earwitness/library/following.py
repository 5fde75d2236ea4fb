"""What follows from corrected segments: turns, speakers, chapters, and summaries that cite segments which are there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from earwitness import segments
from earwitness.text import plain
from earwitness.types import Segment, Speaker, Summary, SummarySentence, Transcript, Turn


@dataclass(frozen=True)
class Replaced:
    """A text in a segment (by its old id) that is another one now, and the words that are said before and after it."""

    origin: int
    before: str
    after: str
    left: str = ""
    right: str = ""

    def put(self, text: str, said: str) -> str:
        """The same in another text, where that quotes it.

        Args:
            text: what quotes it, or not.
            said: what is said now where the text quotes from. If the words are among it, as a "the" always is, they are
                this one's only between the same neighbours, or where the text begins or ends.
        """
        words = re.compile(rf"(?<!\w){re.escape(self.before)}(?!\w)")
        is_elsewhere = words.search(said) is not None

        def then(found: re.Match[str]) -> str:
            left, right = plain(text[: found.start()]).split()[-1:], plain(text[found.end() :]).split()[:1]
            agree = (not left or left == plain(self.left).split()[-1:]) and (
                not right or right == plain(self.right).split()[:1]
            )
            return self.after if agree or not is_elsewhere else found[0]

        return words.sub(then, text)


def followed(
    transcript: Transcript,
    lines: Sequence[Segment],
    became: Mapping[int, Sequence[int]],
    speakers: Mapping[str, Speaker],
    replaced: Sequence[Replaced],
) -> Transcript:
    """The transcript with other segments.

    Args:
        transcript: as it was.
        lines: the segments, with their numbers as ids.
        became: id of an old segment -> ids of those that have its words now.
        speakers: by label, with their names.
        replaced: what else is said in them.
    """
    follow = _Following(became, replaced, lines)
    chapters = []
    parts = follow.shared([chapter.segments for chapter in transcript.chapters])
    for chapter, ids in zip(transcript.chapters, parts, strict=True):
        title = follow.text(chapter.title, chapter.segments)
        chapters.append(replace(chapter, title=title, segments=ids, summary=follow.summary(chapter.summary)))
    line = transcript.description
    return replace(
        transcript,
        segments=tuple(lines),
        turns=follow.turns(transcript.turns, segments.turns(lines)),
        speakers=tuple(follow.speaker(one, speakers.get(one.id, one)) for one in segments.speakers(lines)),
        chapters=tuple(chapters),
        summary=follow.summary(transcript.summary),
        description=follow.sentence(line) if line else None,
    )


@dataclass(frozen=True)
class _Following:
    became: Mapping[int, Sequence[int]]
    replaced: Sequence[Replaced]
    lines: Sequence[Segment]

    def ids(self, old: Sequence[int]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(new for number in old for new in self.became.get(number, ())))

    def shared(self, parts: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """The segments of each part; one that two parts have a share in is the first one's."""
        taken: set[int] = set()
        found = []
        for part in parts:
            found.append(tuple(number for number in self.ids(part) if number not in taken))
            taken.update(found[-1])
        return found

    def text(self, text: str, old: Sequence[int]) -> str:
        replaced = [one for one in self.replaced if one.origin in old]
        said = " ".join(self.lines[number].text for number in self.ids(old)) if replaced else ""
        for one in replaced:
            text = one.put(text, said)
        return text

    def sentence(self, sentence: SummarySentence) -> SummarySentence:
        text = self.text(sentence.text, sentence.evidence)
        return replace(sentence, text=text, evidence=self.ids(sentence.evidence))

    def summary(self, summary: Summary | None) -> Summary | None:
        if summary is None:
            return None
        return replace(summary, sentences=tuple(map(self.sentence, summary.sentences)), unread=self.ids(summary.unread))

    def speaker(self, talk: Speaker, known: Speaker) -> Speaker:
        return replace(known, seconds=talk.seconds, summary=self.summary(known.summary))

    def turns(self, old: Sequence[Turn], new: Sequence[Turn]) -> tuple[Turn, ...]:
        """The new turns; those that are made of an old one's segments, and of no others, keep its summary."""
        known = {frozenset(self.ids(turn.segments)): turn.summary for turn in old}
        return tuple(replace(turn, summary=self.summary(known.get(frozenset(turn.segments)))) for turn in new)
