"""Segments to summaries made of sentences that were said, each with the ids of the segments it rests on."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from earwitness.clauses import names_in
from earwitness.extracts import extracts
from earwitness.meanings import Meanings
from earwitness.options import SummaryOptions
from earwitness.phrases import keywords
from earwitness.ranking import Ranked, pick, rank
from earwitness.support import Witness, judged
from earwitness.text import Vocabulary
from earwitness.types import Chapter, Seconds, Segment, Speaker, Summary, SummarySentence, Transcript, Turn

Summed = TypeVar("Summed", Chapter, Turn, Speaker)

EPISODE_SENTENCES = (3, 6)
"""An episode's summary has a sentence for each chapter and for so much speech, but at least and at most so many."""
CHAPTER_SENTENCES = (1, 3)
TURN_SENTENCES = (1, 2)
SPEAKER_SENTENCES = (1, 4)
KEYWORDS = (5, 12)

# There is a sentence for so much speech, for so much of one speaker's, and a key phrase.
_SENTENCE_S = 30.0
_EPISODE_SENTENCE_S = 45.0
_SPEAKER_SENTENCE_S = 40.0
_KEYWORD_S = 20.0

# Who says nothing with so many content words has said nothing to sum up.
_LEAST_TERMS = 3
# A description is no longer, and has so many titles at most.
_LINE_CHARACTERS, _LINE_TITLES = 200, 4
# So many topics are too many for one sentence of one of them.
_MANY_TOPICS = 4
# A first or last chapter of less than this share of the average is an opening or a closing, not a topic.
_MINOR_SHARE = 0.7


@dataclass(frozen=True)
class Summarized:
    """An episode's summary, key phrases and line of description; its chapters, turns and speakers with summaries."""

    summary: Summary
    keywords: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    turns: tuple[Turn, ...]
    speakers: tuple[Speaker, ...] = ()
    description: SummarySentence | None = None

    def onto(self, transcript: Transcript, unsupported: str) -> Transcript:
        """The transcript with all of it; sentences that their evidence does not support as `unsupported` has it.

        Args:
            unsupported: mark, drop or keep, as in `SummaryOptions`.
        """

        def judge(span: Summed) -> Summed:
            return dataclasses.replace(span, summary=judged(span.summary, unsupported)) if span.summary else span

        line = judged(Summary((self.description,) if self.description else ()), unsupported).sentences
        return dataclasses.replace(
            transcript,
            summary=judged(self.summary, unsupported),
            description=line[0] if line else None,
            keywords=self.keywords,
            chapters=tuple(map(judge, self.chapters)),
            turns=tuple(map(judge, self.turns)),
            speakers=tuple(map(judge, self.speakers)) or transcript.speakers,
        )


def summarize(
    segments: Sequence[Segment],
    chapters: Sequence[Chapter],
    turns: Sequence[Turn],
    options: SummaryOptions,
    language: str,
    speakers: Sequence[Speaker] = (),
    meanings: Meanings | None = None,
) -> Summarized:
    """Picks the sentences that say most of the episode, of each chapter, of each speaker's part and each long turn.

    Sentences are ranked by centrality (continuous LexRank, Erkan and Radev 2004) over TF-IDF vectors, with `meanings`
    over these and embeddings, and picked for relevance and novelty (maximal marginal relevance, Carbonell and
    Goldstein 1998). Questions, courtesies and fragments are passed over; a sentence that leans on the one before it
    ("It was ...") is taken together with that. The episode's sentences come from as many chapters as there is room
    for. A sentence's text is the speaker's own, cleaned of fillers, without a name: the evidence tells who said it and
    when. Memory grows with the text only.

    Args:
        chapters: every segment in exactly one.
        turns: every segment in exactly one.
        options: turns of `long_turn_s` or less are their own summary and get none.
        language: ISO 639-1; what to pass over is known for English, the rest serves any language.
        speakers: those of the segments, with the names to show.

    Raises:
        ModelError: the engine of `meanings` cannot be loaded or run.
    """
    texts = [item.text for item in segments]
    vocabulary = Vocabulary.of(texts, language)
    witness = Witness(segments, language, {speaker.id: speaker.name for speaker in speakers}, vocabulary, meanings)
    ranked = rank(extracts(segments, vocabulary, witness.named), chapters, vocabulary, meanings)

    def told(span: Summed, items: Sequence[Ranked], count: int) -> Summed:
        return dataclasses.replace(span, summary=_summary(pick(items, count), witness))

    turn_of = {number: turn.id for turn in turns for number in turn.segments}
    speaker_of = {item.id: item.speaker for item in segments}
    in_turn, in_chapter, of_speaker = (defaultdict[Any, list[Ranked]](list) for _ in range(3))
    for item in ranked:
        begins = item.extract.evidence[0]
        in_turn[turn_of[begins]].append(item)
        in_chapter[item.chapter].append(item)
        if len(item.extract.terms) >= _LEAST_TERMS:
            of_speaker[speaker_of[begins]].append(item)
    duration = segments[-1].end - segments[0].start if segments else 0.0
    return Summarized(
        summary=_summary(_pick_for_episode(ranked, chapters), witness),
        keywords=tuple(keywords(texts, vocabulary, fitting(duration / _KEYWORD_S, KEYWORDS))),
        chapters=tuple(
            told(chapter, in_chapter[number], fitting(_length(chapter) / _SENTENCE_S, CHAPTER_SENTENCES))
            for number, chapter in enumerate(chapters)
        ),
        turns=tuple(
            told(turn, in_turn[turn.id], fitting(_length(turn) / _SENTENCE_S, TURN_SENTENCES))
            if _length(turn) > options.long_turn_s
            else turn
            for turn in turns
        ),
        speakers=tuple(
            told(speaker, of_speaker[speaker.id], fitting(speaker.seconds / _SPEAKER_SENTENCE_S, SPEAKER_SENTENCES))
            for speaker in speakers
        ),
        description=_description(ranked, chapters, witness, names_in(texts)),
    )


def _summary(chosen: Sequence[Ranked], witness: Witness) -> Summary:
    in_order = sorted(chosen, key=lambda item: item.place)
    return Summary(tuple(witness.sentence(item.extract.text, item.extract.evidence) for item in in_order))


def _description(
    ranked: Sequence[Ranked], chapters: Sequence[Chapter], witness: Witness, names: Collection[str]
) -> SummarySentence | None:
    """What fits in a line: what the show says of itself at its beginning, its main sentence, or titles of chapters."""
    previews = [item.extract for item in ranked if item.chapter == 0 and item.extract.usable and item.extract.previews]
    short = [item for item in previews if len(item.text) <= _LINE_CHARACTERS]
    if short:
        best = max(short, key=lambda item: len(item.terms))
        return witness.sentence(best.text, best.evidence)
    topics = [number for number in range(len(chapters)) if number not in _edges(chapters)]
    if len(topics) < _MANY_TOPICS:
        for item in sorted(_pick_for_episode(ranked, chapters), key=lambda item: item.place):
            if item.extract.usable and len(item.extract.text) <= _LINE_CHARACTERS:
                return witness.sentence(item.extract.text, item.extract.evidence)
    longest = sorted(topics, key=lambda number: -_length(chapters[number]))[:_LINE_TITLES]
    told = [chapters[number] for number in sorted(longest)]
    if not told:
        return None
    # Of "the bees and the hive" the first part says most.
    parts = [(chapter.title.split(" and ")[0], chapter.segments) for chapter in told]
    rests = {number for part, among in parts for number in witness.evidence_of(part, among)[:1]}
    return witness.sentence(_line([part for part, _ in parts], witness.language, names), tuple(sorted(rests)))


def _line(titles: Sequence[str], language: str, names: Collection[str]) -> str:
    """Titles in one sentence.

    >>> _line(["The bees", "Clocks", "Iceland"], "en", ["iceland"])
    'About the bees, clocks, and Iceland.'
    """
    if language != "en":
        return "; ".join(titles) + "."
    first, *rest = (title if title.split()[0].lower() in names else title[:1].lower() + title[1:] for title in titles)
    listed = ", ".join([first, *rest[:-1]]) + (f"{',' if len(rest) > 1 else ''} and {rest[-1]}" if rest else "")
    return f"About {listed}."


def _edges(chapters: Sequence[Chapter]) -> set[int]:
    """Openings and closings: the first and the last chapter, where they are short."""
    average = (chapters[-1].end - chapters[0].start) / len(chapters) if chapters else 0.0
    ends = {0, len(chapters) - 1} if chapters else set[int]()
    return {number for number in ends if _length(chapters[number]) < _MINOR_SHARE * average}


def _pick_for_episode(ranked: Sequence[Ranked], chapters: Sequence[Chapter]) -> list[Ranked]:
    """What the show says of itself at its beginning, the best of each chapter, the longest first, and of the rest."""
    usable = [item for item in ranked if item.extract.usable]
    if not usable:
        return pick(ranked, 1)
    chosen = pick([item for item in usable if item.chapter == 0 and item.extract.previews], 1)
    told = {item.chapter for item in chosen}
    topics = sorted({item.chapter for item in usable} - told, key=lambda number: -_length(chapters[number]))
    topics = [number for number in topics if number not in _edges(chapters)]
    spoken = chapters[-1].end - chapters[0].start
    count = fitting(max(len(chosen) + len(topics), spoken / _EPISODE_SENTENCE_S), EPISODE_SENTENCES)
    for number in topics[: count - len(chosen)]:
        chosen += pick([item for item in usable if item.chapter == number], 1, chosen)
    spent = {number for item in chosen for number in item.extract.evidence}
    rest = [item for item in usable if not spent & set(item.extract.evidence)]
    return chosen + pick(rest, count - len(chosen), chosen)


def _length(span: Chapter | Turn) -> Seconds:
    return span.end - span.start


def fitting(count: float, bounds: tuple[int, int]) -> int:
    """A number of sentences, at least the first bound and at most the second."""
    return min(max(round(count), bounds[0]), bounds[1])
